/* black -- stretches of black frames, and of frames that do not change.
 *
 * blackdetect: a sample is black at or below a threshold (10 % of the range above its foot: 37
 * when limited, 25 when full), a frame is black when 98 % of its samples are.  A stretch that is
 * at least 2 s long counts; the length is compared in whole frames, 2 s being cut down to them.
 *
 * freezedetect: d = sum |frame - reference| over all planes / samples / 256, and a frame is frozen
 * when d <= 0.001.  The reference is the last frame that was not frozen, so slow drift ends a
 * freeze.  Once now - reference reaches 2 s (compared in microseconds) the freeze counts, from
 * the reference on; the first frame that is not frozen ends it - also when that very frame is
 * the one that reaches 2 s, so a single long gap in time is a freeze too.
 *
 * Frame n is shown at n * rate.den / rate.num seconds; when the rate is not known (num 0) one frame
 * counts as one second.  Source: libavfilter vf_blackdetect.c, vf_freezedetect.c. */
#include "luma.h"

#include <stdlib.h>
#include <string.h>

static void spans_add(struct spans *s, struct span add)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 8;
        struct span *more = room > SIZE_MAX / sizeof *more ? NULL : realloc(s->item, room * sizeof *more);
        if (!more) {
            s->failed = 1;
            return;
        }
        s->item = more;
        s->room = room;
    }
    s->item[s->count++] = add;
}

void spans_free(struct spans *s)
{
    free(s->item);
    memset(s, 0, sizeof *s);
}

/* Cut down to an integer; rates from a file may be absurd, and then the largest one will do. */
static int64_t whole(double v)
{
    return v < 9e18 ? (int64_t)v : INT64_MAX;
}

static struct rational known_rate(struct rational rate)
{
    struct rational one = { 1, 1 };
    return rate.num > 0 && rate.den > 0 ? rate : one;
}

/* ---- blackdetect ---- */

void black_init(struct black *b, enum range range, struct rational rate)
{
    memset(b, 0, sizeof *b);
    b->threshold = range == RANGE_FULL ? 25 : 37;       /* trunc(0.10 * 255), trunc(16 + 0.10 * 219) */
    b->ratio = 0.98;
    b->shortest_s = 2;
    b->rate = known_rate(rate);
    b->start = -1;
}

static void end_black(struct black *b, int64_t end, int open)
{
    int64_t shortest = whole(b->shortest_s / ((double)b->rate.den / (double)b->rate.num));
    struct span s = { b->start, end, open };
    if (end - b->start >= shortest) spans_add(&b->spans, s);
    b->start = -1;
}

double black_frame(struct black *b, const struct plane *y)
{
    uint64_t count = 0;
    for (size_t i = 0; i < y->height; i++)
        for (size_t x = 0; x < y->width; x++) count += y->data[i * y->stride + x] <= b->threshold;
    double share = (double)count / ((double)y->width * (double)y->height);
    if (share >= b->ratio) {
        if (b->start < 0) b->start = b->frames;
    } else if (b->start >= 0) {
        end_black(b, b->frames, 0);
    }
    b->frames++;
    return share;
}

void black_finish(struct black *b)
{
    if (b->start >= 0) end_black(b, b->frames - 1, 1);
}

void black_free(struct black *b)
{
    spans_free(&b->spans);
}

/* ---- freezedetect ---- */

enum status freeze_init(struct freeze *z, const struct picture_format *f, struct err *e)
{
    memset(z, 0, sizeof *z);
    if (f->depth != 8) return fail(e, E_ARG, "freeze: samples of %d bits (8 needed)", f->depth);
    z->noise = 0.001;
    z->shortest_s = 2;
    z->rate = known_rate(f->rate);
    return picture_create(&z->reference, f, e);
}

/* Bytes of a row: an RGB plane counts triples. */
static size_t row_bytes(const struct picture *p, int c)
{
    return p->plane[c].width * (p->format.layout == LAYOUT_RGB ? 3 : 1);
}

static double difference(const struct picture *a, const struct picture *b)
{
    uint64_t sad = 0, count = 0;
    for (int c = 0; c < a->planes; c++) {
        struct plane p = a->plane[c], q = b->plane[c];
        p.width = q.width = row_bytes(a, c);
        sad += plane_sad(&p, &q);
        count += (uint64_t)p.width * p.height;
    }
    return (double)sad / (double)count / 256.;
}

static int64_t microseconds(int64_t frames, struct rational rate)
{
    return whole((double)frames * 1e6 * (double)rate.den / (double)rate.num + 0.5);
}

double freeze_frame(struct freeze *z, const struct picture *p)
{
    double d = 0;
    int frozen = 0;
    if (z->frames > 0) {
        d = difference(p, &z->reference);
        frozen = d <= z->noise;
        if (microseconds(z->frames - z->reference_at, z->rate) >= whole(z->shortest_s * 1e6 + 0.5)) {
            struct span s = { z->reference_at, z->frames, 1 };
            if (!z->frozen) spans_add(&z->spans, s);
            struct span *last = z->spans.count ? &z->spans.item[z->spans.count - 1] : NULL;
            if (!frozen && last && last->open) {
                last->end = z->frames;
                last->open = 0;
            }
            z->frozen = frozen;
        }
    }
    if (!frozen) {
        for (int c = 0; c < p->planes; c++)
            for (size_t y = 0; y < p->plane[c].height; y++)
                memcpy(z->reference.plane[c].data + y * z->reference.plane[c].stride,
                       p->plane[c].data + y * p->plane[c].stride, row_bytes(p, c));
        z->reference_at = z->frames;
    }
    z->frames++;
    return d;
}

void freeze_finish(struct freeze *z)
{
    for (size_t i = 0; i < z->spans.count; i++)
        if (z->spans.item[i].open) z->spans.item[i].end = z->frames;
}

void freeze_free(struct freeze *z)
{
    picture_free(&z->reference);
    spans_free(&z->spans);
}
