/* cuts -- lists of cuts, the shots between them, and the size frames are reduced to.
 *
 *   shots of cuts c1 < c2 < ... < cn in a clip of F frames:  [0,c1) [c1,c2) ... [cn,F)
 *   downscale: m = max(w,h), f = m / 256; f <= 1: unchanged, else max(1, rne(w / f)) likewise h
 *   (rne: to nearest, ties to even; both quotients in double)
 *
 * Memory that runs out sets cuts.failed; the list then holds what fitted.
 * Source: PySceneDetect 0.7.1, scene_manager.py: get_scenes_from_cuts, compute_downscale_factor. */
#include "shots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first cut at or after frame. */
static size_t cuts_find(const struct cuts *c, int64_t frame)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->frame[middle] < frame) low = middle + 1;
        else high = middle;
    }
    return low;
}

void cuts_add(struct cuts *c, int64_t frame)
{
    size_t at = cuts_find(c, frame);
    if (at < c->count && c->frame[at] == frame) return;
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 16;
        int64_t *grown = room <= SIZE_MAX / sizeof *grown ? realloc(c->frame, room * sizeof *grown) : NULL;
        if (!grown) {
            c->failed = 1;
            return;
        }
        c->frame = grown;
        c->room = room;
    }
    memmove(c->frame + at + 1, c->frame + at, (c->count - at) * sizeof *c->frame);
    c->frame[at] = frame;
    c->count++;
}

void cuts_free(struct cuts *c)
{
    free(c->frame);
    memset(c, 0, sizeof *c);
}

void cuts_merge(struct cuts *c, const struct cuts *from, int64_t apart)
{
    for (size_t i = 0; i < from->count; i++) cuts_add(c, from->frame[i]);
    if (from->failed) c->failed = 1;
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (!kept || c->frame[i] - c->frame[kept - 1] >= apart) c->frame[kept++] = c->frame[i];
    c->count = kept;
}

size_t shots_count(const struct cuts *c, int64_t frames)
{
    if (frames <= 0) return 0;
    return 1 + cuts_find(c, frames) - cuts_find(c, 1);
}

struct shot shots_get(const struct cuts *c, int64_t frames, size_t k)
{
    size_t first = cuts_find(c, 1), count = shots_count(c, frames);
    struct shot s;
    s.start = k ? c->frame[first + k - 1] : 0;
    s.end = k + 1 < count ? c->frame[first + k] : frames;
    return s;
}

void shots_downscale(size_t width, size_t height, size_t *to_width, size_t *to_height)
{
    double factor = (double)(width > height ? width : height) / 256.0;
    *to_width = width;
    *to_height = height;
    if (factor <= 1.0) return;
    double w = rint((double)width / factor), h = rint((double)height / factor);
    *to_width = w > 1 ? (size_t)w : 1;
    *to_height = h > 1 ? (size_t)h : 1;
}
