/* flow -- dense optical flow: where every pixel of a frame went in the next one, in pixels.
 * Positive dx: the content moved to the right; positive dy: down.  Images are luma, 8 bits, rows
 * without padding unless a struct plane says otherwise. */
#ifndef GOLDREEL_FLOW_H
#define GOLDREEL_FLOW_H

#include "filter.h"

enum {
    FLOW_LEVELS = 16,           /* most levels above the full size */
    FLOW_RADIUS = 16,           /* largest poly_n */
    FLOW_WINDOW = 1023,         /* largest winsize */
    FLOW_MIN_SIDE = 32,         /* no level gets smaller; the full size may be */
    FLOW_METER_SIDE = 384       /* long side of the grid that flow_mean_px is measured on */
};

/* The arguments of OpenCV's calcOpticalFlowFarneback, flags 0 (box window). */
struct farneback_settings {
    double pyr_scale;           /* size of a level / size of the next finer one; 0 < pyr_scale < 1 */
    int levels;                 /* 0 to FLOW_LEVELS above the full size, fewer where they would be small */
    int winsize;                /* side of the averaging window, 2 to FLOW_WINDOW; even: see flow_solve.c */
    int iterations;             /* on each level, at least 1 */
    int poly_n;                 /* radius of the expansion's neighbourhood, 1 to FLOW_RADIUS */
    double poly_sigma;          /* of its Gaussian weight: 0 for 0.3 poly_n, or 0.25 to 100 */
};
extern const struct farneback_settings farneback_defaults;     /* 0.5 3 15 3 5 1.2 */

/* flow (h,w,2): dx, dy of every pixel of `before`.  s NULL: the defaults.  E_ARG: a size or a
 * setting outside of what is said above, sides 1 to MAX_SIDE; E_MEMORY.  flow is written on OK only.
 * Memory: about 80 bytes a pixel. */
enum status farneback(float *flow, const unsigned char *before, const unsigned char *after, size_t w, size_t h,
                      const struct farneback_settings *s, struct err *e);

/* ---- flow.c: the parts of it, for whoever has more than two frames ---- */

struct flow_level { size_t w, h; double scale; };

/* A sample that lies between samples a and b of another grid, `part` of the way. */
struct between { size_t a, b; float part; };

/* Everything that depends on the size only, and working memory. */
struct flow_plan {
    struct farneback_settings settings;
    int levels;                                 /* above the full size */
    struct flow_level level[FLOW_LEVELS + 1];   /* 0: full size */
    /* Gaussian weights of the expansion times 1, x, x^2; entries of the inverse of its moments */
    float g[FLOW_RADIUS + 1], xg[FLOW_RADIUS + 1], xxg[FLOW_RADIUS + 1];
    double ig11, ig03, ig33, ig55;
    struct arena arena;
    float *work, *rows, *kernel, *coarse[2];
    struct between *across;
    double *sums;
};
/* A frame's polynomial expansion on every level: (h,w,5) y, x, yy, xx, xy. */
struct flow_frame { float *poly[FLOW_LEVELS + 1]; };

/* As farneback.  flow_plan_free accepts a plan that failed. */
enum status flow_plan_create(struct flow_plan *p, struct flow_frame *frame, int frames, size_t w, size_t h,
                             const struct farneback_settings *s, struct err *e);
void flow_expand(struct flow_plan *p, struct flow_frame *f, const unsigned char *gray);
void flow_between(struct flow_plan *p, float *flow, const struct flow_frame *before, const struct flow_frame *after);
void flow_plan_free(struct flow_plan *p);
double flow_mean(const float *flow, size_t pixels);             /* of sqrt(dx^2 + dy^2), px */

/* ---- flow_solve.c: one level ---- */

/* flow (h,w,2) is the first guess, and the result.  matrices: h*w*5; sums: (w + winsize + 2) * 5. */
void flow_solve(float *flow, const float *before, const float *after, size_t w, size_t h, int winsize, int iterations,
                float *matrices, double *sums);

/* ---- flow_mean_px of a clip ---- */

struct flow_meter {
    size_t width, height;       /* of the frames */
    size_t w, h;                /* of the grid: what the pixels of flow_mean_px are */
    struct flow_plan plan;
    struct flow_frame frame[2]; /* expansions: of this frame, and of the one before, in turn */
    unsigned char *packed, *reduced;
    float *flow;                /* (h,w,2), from the frame before to the one given last */
    int64_t frames;
};
/* The grid: frames whose long side is above long_side are reduced (OpenCV's INTER_AREA) to it, the short
 * side by the same factor, rounded to nearest (half up), at least 1; others are left alone.
 * long_side 0: never reduced. */
enum status flow_meter_init(struct flow_meter *m, size_t width, size_t height, size_t long_side, struct err *e);
/* *flow_mean_px: mean length of the flow from the frame before, in pixels of the grid; NaN on frame 0.
 * y is of the size given to init.  E_MEMORY: from the reduction. */
enum status flow_meter_frame(struct flow_meter *m, const struct plane *y, double *flow_mean_px, struct err *e);
void flow_meter_free(struct flow_meter *m);

#endif
