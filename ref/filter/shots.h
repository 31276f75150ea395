/* shots -- where one shot ends and the next begins: the detectors of PySceneDetect 0.7.1.
 *
 * Each detector is a small state that is fed with one frame after the other.  The costly half
 * (pixels -> one number) and the decision (numbers -> cuts) are apart where two detectors share
 * the numbers.  Values that need a frame before them are NaN on the first frame.
 *
 * A cut is the number of the first frame of the new shot.  Scene lengths are in frames except in
 * struct flash, which can also compare presentation times, as the published code does.
 * Defaults: content_threshold and the *_init functions below give those of release 0.7.1. */
#ifndef GOLDREEL_SHOTS_H
#define GOLDREEL_SHOTS_H

#include "filter.h"

/* ---- cuts.c: lists of cuts and shots; the size frames are reduced to ---- */

struct shot { int64_t start, end; };            /* frames start..end-1 */

/* Puts the cuts of `from` into c, leaving out those less than `apart` frames after a cut that is
 * kept: the detectors rarely agree on the very frame.  apart <= 1: the plain union. */
void cuts_merge(struct cuts *c, const struct cuts *from, int64_t apart);
/* Number of shots of a clip of `frames` frames, and shot k of it.  Cuts outside 1..frames-1 make
 * no shot; without cuts the clip is one shot; without frames there is none. */
size_t shots_count(const struct cuts *c, int64_t frames);
struct shot shots_get(const struct cuts *c, int64_t frames, size_t k);
/* The size PySceneDetect's automatic downscaling gives (image_resize with CV_LINEAR): the longer
 * side becomes 256, or stays when it is not longer. */
void shots_downscale(size_t width, size_t height, size_t *to_width, size_t *to_height);

/* ---- flash.c: FlashFilter, a minimum length for shots ---- */

enum flash_mode {
    FLASH_MERGE,        /* a burst of cuts becomes one, at its last */
    FLASH_SUPPRESS      /* after a cut, none for the length */
};
enum flash_clock {
    CLOCK_TIME,         /* presentation times as given */
    CLOCK_MICROSECONDS, /* rounded to microseconds first, as the OpenCV backend reports them */
    CLOCK_FRAMES        /* frame numbers */
};

struct moment { int64_t frame; struct rational time; };

struct flash {
    enum flash_mode mode;
    enum flash_clock clock;
    double seconds;             /* the minimum length; 0 or less: every frame above is a cut */
    int64_t frames;             /* the same in frames, for CLOCK_FRAMES */
    /* private */
    int started, merge_enabled, merging;
    struct moment last_above, merge_start;
};

/* Length in frames (the default is 15) or in seconds; rate: frames a second.  Without a rate
 * (0/1) a length in frames makes the clock CLOCK_FRAMES. */
void flash_init(struct flash *f, enum flash_mode mode, enum flash_clock clock, int64_t frames, struct rational rate);
void flash_init_seconds(struct flash *f, enum flash_mode mode, enum flash_clock clock, double seconds, struct rational rate);
/* Frame `frame`, shown at `time` seconds, is above the threshold or not.  A cut may be at an
 * earlier frame (FLASH_MERGE). */
void flash_frame(struct flash *f, int64_t frame, struct rational time, int above, struct cuts *cuts);

/* ---- edges.c: ContentDetector's edge picture ---- */

struct edges { size_t width, height; int box; uint16_t *magnitude; uint32_t *stack; unsigned char *line; };

/* box: side of the box that widens an edge, odd and at least 3; 0: the default by size. */
enum status edges_create(struct edges *g, size_t width, size_t height, int box, struct err *e);
void edges_free(struct edges *g);
void edges_find(struct edges *g, unsigned char *map, const unsigned char *plane);      /* map: 0 or 255 */

/* ---- content.c: ContentDetector and AdaptiveDetector ---- */

/* Mean |difference| on scales 0..179 (hue) and 0..255; edges is NaN unless asked for. */
struct content_score { double val, hue, sat, lum, edges; };

struct content {
    double weight[4];           /* of hue, saturation, value and edges in val; 0,0,1,0 is "luma only" */
    size_t width, height;
    /* private */
    unsigned char *hsv, *part;
    unsigned char *map[2], *value;      /* of edges: before and now */
    struct edges edges;
    int started, with_edges;
};

extern const double content_threshold;          /* a frame is above when val >= 27 */

/* Weights 1,1,1,0; E_MEMORY, or E_ARG without pixels or with more than MAX_SIDE on a side. */
enum status content_init(struct content *c, size_t width, size_t height, struct err *e);
/* Before the first frame: also compare edges (their weight stays 0 until it is set). */
enum status content_with_edges(struct content *c, int box, struct err *e);
void content_free(struct content *c);
struct content_score content_frame(struct content *c, const unsigned char *rgb);
/* 1 when val counts as a cut (the first frame's NaN as 0): what goes into flash_frame. */
int content_above(double val, double threshold);

enum { ADAPTIVE_MAX_WINDOW = 64 };

struct adaptive {
    double threshold;           /* of the ratio: 3 */
    double min_content_val;     /* 15 */
    int window;                 /* frames before and after: 2; 1 to ADAPTIVE_MAX_WINDOW */
    int64_t min_scene_len;      /* 15 */
    /* private */
    double score[2 * ADAPTIVE_MAX_WINDOW + 1];
    int64_t frame[2 * ADAPTIVE_MAX_WINDOW + 1];
    int held, started;
    int64_t last_cut;
};

void adaptive_init(struct adaptive *a);
/* Takes frame's val; returns adaptive_ratio of the frame `window` frames earlier, NaN while there
 * is none (the first and last `window` frames of a clip never get one). */
double adaptive_frame(struct adaptive *a, int64_t frame, double val, struct cuts *cuts);

/* ---- fade.c: ThresholdDetector ---- */

enum fade_method { FADE_FLOOR, FADE_CEILING };  /* fading out is going below, or reaching, the threshold */

struct fade {
    int threshold;              /* 12 */
    double bias;                /* -1: cut where the fade-out began, 0: middle, 1: where the fade-in ended */
    int64_t min_scene_len;      /* 15 */
    enum fade_method method;
    int add_final_scene;        /* a clip that ends faded out has a cut there */
    /* private */
    int started, out;
    int64_t fade_frame, last_cut;
};

void fade_init(struct fade *f);
double average_rgb(const unsigned char *rgb, size_t pixels);
void fade_frame(struct fade *f, int64_t frame, double average, struct cuts *cuts);
void fade_end(const struct fade *f, int64_t last_frame, struct cuts *cuts);

/* ---- histogram.c: HistogramDetector ---- */

enum { HISTOGRAM_MAX_BINS = 256 };

struct histogram {
    double threshold;           /* cut when the correlation is at most 1 - threshold: 0.05 */
    int bins;                   /* 256; 1 to HISTOGRAM_MAX_BINS */
    int64_t min_scene_len;      /* 15 */
    /* private */
    float before[HISTOGRAM_MAX_BINS];
    int started;
    int64_t last_cut;
};

void histogram_init(struct histogram *h);
/* Returns hist_diff: the correlation (1: equal) with the frame before. */
double histogram_frame(struct histogram *h, int64_t frame, const unsigned char *rgb, size_t pixels, struct cuts *cuts);

/* ---- dct_hash.c: HashDetector ---- */

enum { DCT_HASH_MAX_SIZE = 32, DCT_HASH_MAX_SIDE = 128 };

struct dct_hash {
    double threshold;           /* cut when the distance is at least this: 0.395 */
    int size, lowpass;          /* size^2 bits from a picture of side size*lowpass: 16 and 2 */
    int64_t min_scene_len;      /* 15 */
    /* private */
    unsigned char before[DCT_HASH_MAX_SIZE * DCT_HASH_MAX_SIZE];
    int started;
    int64_t last_cut;
};

void dct_hash_init(struct dct_hash *h);
/* The size^2 bits (one a byte, row by row, lowest frequency first) of a picture. */
enum status dct_hash_bits(unsigned char *bits, int size, int lowpass, const unsigned char *rgb, size_t width,
                          size_t height, struct err *e);
/* *distance: the share of bits that differ from the frame before.  E_ARG: size or lowpass too
 * large; or what image_resize says. */
enum status dct_hash_frame(struct dct_hash *h, int64_t frame, const unsigned char *rgb, size_t width, size_t height,
                           double *distance, struct cuts *cuts, struct err *e);

#endif
