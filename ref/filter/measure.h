/* measure -- every filter on one clip: one decode, one frame at a time.
 *
 * Luma filters read the Y plane as stored at full size, colour filters RGB made by the exact
 * rounded formula with nearest chroma.  A picture deeper than 8 bits is reduced to 8 by
 * rounding first; of an RGB picture the luma is OpenCV's gray, of a gray one RGB is gray. */
#ifndef GOLDREEL_MEASURE_H
#define GOLDREEL_MEASURE_H

#include "camera.h"
#include "flow.h"
#include "luma.h"
#include "shots.h"
#include "text.h"

/* What can be chosen; measure_groups[] has their names. */
enum { MEASURE_SHOTS = 1, MEASURE_SCENE = 2, MEASURE_MOTION = 4, MEASURE_FLOW = 8, MEASURE_SHARPNESS = 16,
       MEASURE_BORDER = 32, MEASURE_BLACK = 64, MEASURE_FREEZE = 128, MEASURE_PDQ = 256, MEASURE_CAMERA = 512,
       MEASURE_TEXT = 1024, MEASURE_ALL = 2047 };
extern const struct measure_group { const char *name; unsigned bit; } measure_groups[];
extern const size_t measure_group_count;

struct measure_options {
    unsigned groups;
    enum matrix matrix;         /* of the clip: no container of ours says */
    int downscale;              /* shot detectors at the size of PySceneDetect's automatic downscaling */
    int flow_full;              /* optical flow at full size */
};

/* Of HistogramDetector and HashDetector, see measure.c. */
enum { HIST_BINS = 128, HASH_SIZE = 8, HASH_LOWPASS = 2 };
#define HIST_THRESHOLD 0.20
#define HASH_THRESHOLD 0.35

/* Of one frame; NaN: undefined (no frame before it, or the filter was not chosen). */
struct frame_values {
    int64_t frame;
    struct rational time;
    double content_val, delta_hue, delta_sat, delta_lum, adaptive_ratio, hist_diff, hash_dist, average_rgb;
    double scdet_mafd, scdet_score, scene_score, vmaf_motion, laplacian_var, flow_mean_px, luma_mean;
    double text_area;           /* on every text_every-th frame */
    int has_crop;
    struct crop crop;
};

/* Frames start..end-1, between two cuts: where content_val or scdet says that one is. */
struct camera_segment { int64_t start, end; struct camera_summary camera; };

struct hashed_frame { int64_t frame; struct pdq pdq; };

struct measure {
    struct measure_options options;
    struct picture_format format;
    size_t shot_width, shot_height;         /* of the frames that the shot detectors see */
    size_t flow_width, flow_height;
    int64_t frames;
    struct content content;
    struct flash flash;
    struct adaptive adaptive;
    struct fade fade;
    struct histogram histogram;
    struct dct_hash hash;
    struct cuts cuts_content, cuts_adaptive, cuts_threshold, cuts_hist, cuts_hash, cuts_scdet;
    struct scene scene;
    struct motion motion;
    struct motion_summary motion_mean;
    struct flow_meter flow;
    double flow_sum;
    struct camera camera;                   /* needs the flow, and a frame rate */
    struct camera_track track;
    struct camera_segment *segment;
    size_t segments, segment_room;
    int64_t segment_start;
    struct sharpness sharpness;
    struct cropdetect crop;
    struct crop inside;                     /* the smallest box around every frame's box; w 0: none */
    struct black black;
    struct freeze freeze;
    struct text_area text;
    int64_t text_every;                     /* letters stay: two frames a second are searched */
    struct hashed_frame *hashed;            /* one a second */
    size_t hashed_count, hashed_room;
    /* adaptive_ratio is known `window` frames late, so that many frames wait here */
    struct frame_values late[ADAPTIVE_MAX_WINDOW + 1];
    int waiting;
    struct picture narrow;                  /* 8-bit copy of a deeper picture */
    unsigned char *rgb, *small, *gray;
};

/* Called for every frame in order, some frames after it was fed. */
typedef void measure_see(void *context, const struct frame_values *v);

enum status measure_init(struct measure *m, const struct picture_format *f, const struct measure_options *o, struct err *e);
enum status measure_frame(struct measure *m, const struct picture *p, struct rational time, measure_see *see,
                          void *context, struct err *e);
/* After the last frame: the frames that wait, and what needs to know the end. */
enum status measure_finish(struct measure *m, measure_see *see, void *context, struct err *e);
void measure_free(struct measure *m);

#endif
