/* content -- ContentDetector's score and AdaptiveDetector.
 *
 *   d_p = sum over pixels |p now - p before| / (W H)     p: hue (0..179), saturation, value
 *                                                        or edges (0 or 255, edges.c)
 *   val = sum of w_p d_p / sum of |w_p|
 * Planes are OpenCV's 8-bit HSV (rgb_to_hsv); hue is not treated as a circle.  The sum is an
 * integer, divided once in double.
 *
 * Adaptive, over the last 2w+1 values, of which the middle one is the target:
 *   avg   = sum of the 2w others / 2w
 *   ratio = min(target / avg, 255);  |avg| < 1e-5: 255 if target >= min_content_val, else 0
 *   cut at the target when ratio >= threshold, target >= min_content_val and the newest frame is
 *   at least min_scene_len after the last cut (at first: after the first frame)
 * The length is measured from the newest frame, not from the target, as in the published code.
 * Source: PySceneDetect 0.7.1, detectors/content_detector.py and adaptive_detector.py. */
#include "shots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS_AT_ONCE = 1 << 14 };

const double content_threshold = 27.0;

enum status content_init(struct content *c, size_t width, size_t height, struct err *e)
{
    memset(c, 0, sizeof *c);
    if (!width || !height || width > MAX_SIDE || height > MAX_SIDE)
        return fail(e, E_ARG, "content score: %zu x %zu pixels (1 to %d on a side)", width, height, MAX_SIDE);
    for (int i = 0; i < 3; i++) c->weight[i] = 1;
    c->width = width;
    c->height = height;
    c->hsv = malloc(3 * width * height);
    c->part = malloc(3 * PIXELS_AT_ONCE);
    if (c->hsv && c->part) return OK;
    content_free(c);
    return fail(e, E_MEMORY, "content score: no memory for %zu x %zu pixels", width, height);
}

enum status content_with_edges(struct content *c, int box, struct err *e)
{
    size_t pixels = c->width * c->height;
    enum status s = edges_create(&c->edges, c->width, c->height, box, e);
    if (s) return s;
    c->map[0] = malloc(pixels);
    c->map[1] = malloc(pixels);
    c->value = malloc(pixels);
    if (!c->map[0] || !c->map[1] || !c->value)
        return fail(e, E_MEMORY, "content score: no memory for the edges of %zu x %zu pixels", c->width, c->height);
    c->with_edges = 1;
    return OK;
}

void content_free(struct content *c)
{
    free(c->hsv);
    free(c->part);
    free(c->map[0]);
    free(c->map[1]);
    free(c->value);
    edges_free(&c->edges);
    memset(c, 0, sizeof *c);
}

/* Sum of |difference| of the edge pictures of this frame, whose HSV is c->hsv, and the last. */
static int64_t edge_difference(struct content *c)
{
    size_t pixels = c->width * c->height;
    unsigned char *before = c->map[1];
    int64_t sum = 0;
    for (size_t i = 0; i < pixels; i++) c->value[i] = c->hsv[3 * i + 2];
    c->map[1] = c->map[0];
    c->map[0] = before;
    edges_find(&c->edges, c->map[1], c->value);
    if (c->started)
        for (size_t i = 0; i < pixels; i++) sum += abs(c->map[1][i] - c->map[0][i]);
    return sum;
}

struct content_score content_frame(struct content *c, const unsigned char *rgb)
{
    size_t pixels = c->width * c->height;
    int64_t sum[4] = { 0, 0, 0, 0 };
    for (size_t first = 0; first < pixels; first += PIXELS_AT_ONCE) {
        size_t n = pixels - first < PIXELS_AT_ONCE ? pixels - first : PIXELS_AT_ONCE;
        unsigned char *before = c->hsv + 3 * first;
        rgb_to_hsv(c->part, rgb + 3 * first, n);
        if (c->started)
            for (size_t i = 0; i < 3 * n; i += 3)
                for (size_t p = 0; p < 3; p++) sum[p] += abs(c->part[i + p] - before[i + p]);
        memcpy(before, c->part, 3 * n);
    }
    if (c->with_edges) sum[3] = edge_difference(c);
    struct content_score s = { NAN, NAN, NAN, NAN, NAN };
    if (c->started) {
        double d[4], top = 0, under = 0;
        for (int p = 0; p < 4; p++) {
            d[p] = (double)sum[p] / (double)pixels;
            top += d[p] * c->weight[p];
            under += fabs(c->weight[p]);
        }
        s.val = top / under;
        s.hue = d[0];
        s.sat = d[1];
        s.lum = d[2];
        if (c->with_edges) s.edges = d[3];
    }
    c->started = 1;
    return s;
}

int content_above(double val, double threshold)
{
    return (isnan(val) ? 0.0 : val) >= threshold;
}

void adaptive_init(struct adaptive *a)
{
    memset(a, 0, sizeof *a);
    a->threshold = 3.0;
    a->min_content_val = 15.0;
    a->window = 2;
    a->min_scene_len = 15;
}

static double adaptive_ratio(const struct adaptive *a, double target)
{
    double sum = 0;
    for (int i = 0; i < a->held; i++)
        if (i != a->window) sum += a->score[i];
    double average = sum / (2.0 * a->window);
    if (fabs(average) < 0.00001) return target >= a->min_content_val ? 255.0 : 0.0;
    double ratio = target / average;
    return ratio < 255.0 ? ratio : 255.0;
}

double adaptive_frame(struct adaptive *a, int64_t frame, double val, struct cuts *cuts)
{
    int room = 2 * a->window + 1;
    if (!a->started) a->last_cut = frame;
    a->started = 1;
    if (a->held == room) {
        memmove(a->score, a->score + 1, (size_t)(room - 1) * sizeof *a->score);
        memmove(a->frame, a->frame + 1, (size_t)(room - 1) * sizeof *a->frame);
        a->held--;
    }
    a->score[a->held] = isnan(val) ? 0.0 : val;
    a->frame[a->held++] = frame;
    if (a->held < room) return NAN;
    double target = a->score[a->window], ratio = adaptive_ratio(a, target);
    if (ratio >= a->threshold && target >= a->min_content_val && frame - a->last_cut >= a->min_scene_len) {
        a->last_cut = a->frame[a->window];
        cuts_add(cuts, a->last_cut);
    }
    return ratio;
}
