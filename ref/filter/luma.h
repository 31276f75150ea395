/* luma -- filters that read the Y plane as stored (8 bits a sample, no range expansion), and
 * the picture hash.  Each is a small state: init once per clip, frame once per frame in order,
 * free.  init fails with E_ARG (sizes) or E_MEMORY and leaves a state that free accepts; frame
 * cannot fail: its plane has the size given to init.  Sums over pixels are exact integers.
 *
 * "FFmpeg" means libavfilter 5.1; values are what that filter computes before it prints. */
#ifndef GOLDREEL_LUMA_H
#define GOLDREEL_LUMA_H

#include "filter.h"

/* ---- levels.c: where the values of a plane lie, as signalstats ---- */

struct levels {
    int min, low, high, max;    /* low, high: the first values with 10 %, 90 % of the samples at or below */
    double mean;
};
void levels_of(struct levels *l, const struct plane *p);

/* ---- scene.c: difference of neighbouring frames, as scdet and select's scene ---- */

/* Sum of |a - b| over two planes of one size. */
uint64_t plane_sad(const struct plane *a, const struct plane *b);

struct scene {
    struct plane previous;      /* copy of the frame before */
    double mafd_percent, mafd_grey;     /* of the frame before, on scdet's and on select's scale */
    int64_t frames;
};
struct scene_values {
    double mafd;                /* scdet: mean absolute difference, per cent of 256; 0 on frame 0 */
    double score;               /* scdet: min(mafd, |mafd - mafd before|), 0..100 */
    double scene_score;         /* select: the same in grey levels / 100, 0..1 */
    double mean_difference;     /* grey levels; signalstats' YDIF */
    int cut;                    /* score > 10, scdet's default: first frame of a new shot */
};
enum status scene_init(struct scene *s, size_t width, size_t height, struct err *e);
void scene_frame(struct scene *s, const struct plane *y, struct scene_values *out);
void scene_free(struct scene *s);

/* ---- motion.c: difference of blurred frames, as vmafmotion and libvmaf ---- */

enum motion_kind {
    MOTION_FFMPEG,              /* vmafmotion: 15-bit taps, truncating shifts */
    MOTION_VMAF_BLUR,           /* libvmaf up to 3.1.0: blur each frame, 16-bit taps, rounding */
    MOTION_VMAF_DIFFERENCE      /* libvmaf from 3.2.0: blur the difference of the frames */
};
struct motion {
    enum motion_kind kind;
    size_t width, height;
    uint16_t *previous, *current;           /* blurred frames (DIFFERENCE: previous is the frame itself) */
    int32_t *row;
    int64_t frames;
    double last, sum, sum2;     /* score of the frame before; sums of score and of motion2 */
};
struct motion_values {
    uint64_t sad;               /* exact: sum of |difference| in the filter's own fixed point */
    double score;               /* grey levels; 0 on frame 0 */
    double motion2_before;      /* motion2 of the frame before = min(its score, this score); NaN on frame 0 */
};
/* At least 3 samples each way. */
enum status motion_init(struct motion *m, enum motion_kind kind, size_t width, size_t height, struct err *e);
void motion_frame(struct motion *m, const struct plane *y, struct motion_values *out);
/* After the last frame: motion2 of the last frame, and means over all frames, the first one's 0
 * included; NaN when there was none. */
struct motion_summary { double motion2_last, mean, mean2; };
struct motion_summary motion_finish(struct motion *m);
void motion_free(struct motion *m);

/* ---- sharpness.c: variance of the Laplacian, as OpenCV ---- */

/* cv2.Laplacian(Y, CV_64F).var(): kernel 0 1 0, 1 -4 1, 0 1 0, edges mirrored without repeating. */
double laplacian_variance(const struct plane *y);

struct sharpness { int64_t frames, clearest; double best; };       /* start with all zero */
/* Returns the variance; afterwards `clearest` is the first frame with the largest one so far. */
double sharpness_frame(struct sharpness *s, const struct plane *y);

/* ---- border.c: the box inside dark borders, as cropdetect ---- */

struct crop { int x, y, w, h; };
struct cropdetect {
    int limit, round, skip, reset, max_outliers;    /* limit in grey levels; reset 0: never */
    int width, height, x1, y1, x2, y2;
    int64_t frame;
};
/* limit 24, round 2, skip 0, reset 1: every frame on its own. */
void cropdetect_init(struct cropdetect *c, size_t width, size_t height);
/* 1, or 0 while frames are skipped (out is left alone).  A frame that is dark all over has no
 * inside: then w or h is not positive, as FFmpeg prints it. */
int cropdetect_frame(struct cropdetect *c, const struct plane *y, struct crop *out);

/* ---- black.c: black and frozen stretches, as blackdetect and freezedetect ---- */

/* Frame numbers: the first inside, and the first after (open: still going at the end). */
struct span { int64_t start, end; int open; };
struct spans { struct span *item; size_t count, room; int failed; };       /* failed: out of memory */
void spans_free(struct spans *s);

struct black {
    int threshold;              /* luma at or below is black */
    double ratio, shortest_s;   /* share of such pixels that makes a frame black; shortest stretch */
    struct rational rate;
    int64_t frames, start;      /* start -1: not black now */
    struct spans spans;
};
/* Defaults 0.10 of the range, 0.98 of the pixels, 2 s. */
void black_init(struct black *b, enum range range, struct rational rate);
/* Returns the share of black pixels. */
double black_frame(struct black *b, const struct plane *y);
/* After the last frame, which ends an open stretch as blackdetect does: end = last frame. */
void black_finish(struct black *b);
void black_free(struct black *b);

struct freeze {
    struct picture reference;   /* the last frame that was not frozen */
    double noise, shortest_s;   /* share of the range; shortest freeze */
    struct rational rate;
    int64_t frames, reference_at;
    int frozen;
    struct spans spans;
};
/* Defaults 0.001 (-60 dB), 2 s.  All planes count; 8 bits. */
enum status freeze_init(struct freeze *z, const struct picture_format *f, struct err *e);
/* Returns the mean absolute difference from the reference, share of the range; 0 on frame 0. */
double freeze_frame(struct freeze *z, const struct picture *p);
void freeze_finish(struct freeze *z);
void freeze_free(struct freeze *z);

/* ---- phash.c: PDQ ---- */

struct pdq {
    uint16_t word[16];          /* bit k of the hash is bit k%16 of word[k/16] */
    int quality;                /* 0..100; below 50 a match means little */
    float dct[16][16];          /* what the bits were cut from */
};
/* In the public code's order and by its names: quarter turns, upside down (X), left-right (Y),
 * and over the diagonals. */
enum pdq_turn {
    PDQ_SAME, PDQ_ROT90, PDQ_ROT180, PDQ_ROT270, PDQ_FLIP_X, PDQ_FLIP_Y, PDQ_FLIP_PLUS, PDQ_FLIP_MINUS, PDQ_TURNS
};

/* Of a gray plane, or of RGB (h,w,3).  Pictures with a side below 5: zero hash, quality 0.
 * Memory: two floats a pixel while it works (E_MEMORY). */
enum status pdq_gray(struct pdq *q, const struct plane *gray, struct err *e);
enum status pdq_rgb(struct pdq *q, const unsigned char *rgb, size_t width, size_t height, struct err *e);
/* The hash that the turned picture has, from the same 256 numbers. */
void pdq_turned(uint16_t word[16], const struct pdq *q, enum pdq_turn turn);
int pdq_distance(const uint16_t a[16], const uint16_t b[16]);       /* bits that differ, 0..256 */
char *pdq_hex(char out[65], const uint16_t word[16]);
/* vPDQ hashes every so manieth frame: trunc(seconds * rate), at least 1; 1 when the rate is not known. */
int64_t vpdq_interval(double seconds, struct rational rate);

#endif
