/* border -- the picture inside dark bars: cropdetect.
 *
 * The value of a line is the integer mean of a whole row or column.  From each of the four
 * edges lines are scanned inwards; the side is put on the first line brighter than the limit
 * (line max_outliers + 1 of them, and then behind the last dark line before it).  Between
 * resets the box only grows.  At the end the box goes inwards to an even position, and its
 * size down to a multiple of `round`, half of what is lost on either side.
 *
 * A limited-range black is 16, so a limit of 24 leaves 8 levels for noise.
 * Source: libavfilter vf_cropdetect.c, 5.1, mode=black. */
#include "luma.h"

void cropdetect_init(struct cropdetect *c, size_t width, size_t height)
{
    *c = (struct cropdetect){ .limit = 24, .round = 2, .reset = 1, .width = (int)width, .height = (int)height };
    c->x1 = c->width - 1;
    c->y1 = c->height - 1;
}

/* Row i, or column i when `across` is set. */
static int line_mean(const struct plane *p, int across, int i)
{
    size_t n = across ? p->height : p->width, step = across ? p->stride : 1;
    const unsigned char *s = p->data + (size_t)i * (across ? 1 : p->stride);
    uint64_t sum = 0;
    for (size_t k = 0; k < n; k++) sum += s[k * step];
    return (int)(sum / n);
}

/* Lines from, from+step, ... while before `stop`; moves *side when enough of them are bright. */
static void scan(const struct cropdetect *c, const struct plane *p, int across, int from, int stop, int step, int *side)
{
    int last = from, outliers = 0;
    for (int i = from; step > 0 ? i < stop : i > stop; i += step) {
        if (line_mean(p, across, i) > c->limit) {
            if (++outliers > c->max_outliers) {
                *side = last;
                return;
            }
        } else {
            last = i + step;
        }
    }
}

int cropdetect_frame(struct cropdetect *c, const struct plane *y, struct crop *out)
{
    int64_t number = ++c->frame - c->skip;
    if (number <= 0) return 0;
    if (c->reset > 0 && number > c->reset) {
        c->x1 = c->width - 1;
        c->y1 = c->height - 1;
        c->x2 = c->y2 = 0;
        c->frame = c->skip + 1;
    }
    scan(c, y, 0, 0, c->y1, 1, &c->y1);
    scan(c, y, 0, c->height - 1, c->y2 > c->y1 ? c->y2 : c->y1, -1, &c->y2);
    scan(c, y, 1, 0, c->x1, 1, &c->x1);
    scan(c, y, 1, c->width - 1, c->x2 > c->x1 ? c->x2 : c->x1, -1, &c->x2);

    int round = c->round <= 1 ? 16 : c->round % 2 ? 2 * c->round : c->round;
    out->x = (c->x1 + 1) & ~1;
    out->y = (c->y1 + 1) & ~1;
    out->w = c->x2 - out->x + 1;
    out->h = c->y2 - out->y + 1;
    int lost = out->w % round;
    out->w -= lost;
    out->x += (lost / 2 + 1) & ~1;
    lost = out->h % round;
    out->h -= lost;
    out->y += (lost / 2 + 1) & ~1;
    return 1;
}
