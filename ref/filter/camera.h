/* camera -- how the camera moved: a similarity fitted to the optical flow of each frame, and a name
 * for the motion of a clip or of a part of it in two public vocabularies.
 *
 * Signs are those of the content on the screen: a > 0 right, b > 0 down, s > 0 grows, r > 0 turns clockwise.
 * Names are those of the camera, which moves the other way. */
#ifndef GOLDREEL_CAMERA_H
#define GOLDREEL_CAMERA_H

#include "flow.h"

enum {
    CAMERA_STEP = 8,            /* pixels of the grid between flow vectors that are used */
    CAMERA_MIN_VECTORS = 8,     /* fewer say nothing */
    CAMERA_HALF_WINDOW = 64     /* longest half of the 0.5 s moving average, frames */
};

/* Of one frame: from the one before to it.  Lengths are pixels of the grid. */
struct camera_motion {
    size_t vectors;             /* that had texture; below CAMERA_MIN_VECTORS the rest is NaN */
    double a_px, b_px, s, r;    /* u = a + s x - r y, v = b + r x + s y; x, y, u, v from the grid's centre */
    double inliers;             /* share of the vectors */
    double mad_px;              /* median absolute residual of u and v */
    double flow_px, residual_px;        /* medians of |flow| and |residual| over inliers */
    double upper_px, lower_px;          /* median u in the upper and lower third; NaN: no vector there */
    double centre_x_px, centre_y_px;    /* median u, v in the middle 40 % of width and height; NaN: none there */
};

/* ---- camera.c: the fit ---- */

struct camera_vector { double x, y, u, v, residual; };      /* in widths; residual squared */

struct camera {
    size_t w, h;                /* of the grid */
    size_t across, down;        /* vectors */
    unsigned char *textured;    /* of the frame given last: whether its flow is determined */
    struct camera_vector *vector;
    double *order;              /* for medians */
    struct arena arena;
};
enum status camera_init(struct camera *k, size_t w, size_t h, struct err *e);
/* flow (h,w,2): from the frame before to this one; NULL on frame 0, when m stays as it is.
 * luma: this frame on the grid. */
void camera_frame(struct camera *k, const float *flow, const struct plane *luma, struct camera_motion *m);
/* The same after flow_meter_frame(f, y, ...), whose grid k has. */
void camera_meter_frame(struct camera *k, const struct flow_meter *f, const struct plane *y, struct camera_motion *m);
void camera_free(struct camera *k);

/* ---- camera_class.c: a clip ---- */

struct camera_label { const char *name; double confidence; };       /* "none" below 0.5 */

/* Means over the frames that could be fitted.  a, b, upper, lower, centre: widths of the picture per
 * second; s: per second; r: radians per second.  NaN where no frame says anything. */
struct camera_summary {
    int64_t frames;
    double a, b, s, r, inliers, mad_px;
    double parallax;            /* sum of residual_px / sum of flow_px; 0 where nothing moves */
    double jitter;              /* J: RMS of (a,b) minus its moving average over 0.5 s, in widths a frame */
    double net;                 /* |sum (a,b)| / sum |(a,b)|, 0 to 1; 0 where nothing moves */
    double net_s, net_r;        /* the same of s and of r */
    double upper, lower, centre_x, centre_y;
    struct camera_label hunyuan, moviegen;
};

struct camera_track {
    size_t width;
    double rate;                /* frames a second */
    int half;                   /* of the moving average */
    double ring[2 * CAMERA_HALF_WINDOW + 1][2];
    int64_t frames, done;       /* taken; whose jitter is known */
    double sum[6], sway[2], flow, residual, path, squares;
    double part[4];             /* upper, lower, centre x and y */
    int64_t parts[3];
};
/* width: of the grid.  rate above 0. */
void camera_track_begin(struct camera_track *t, size_t width, double rate);
void camera_track_add(struct camera_track *t, const struct camera_motion *m);
void camera_track_end(struct camera_track *t, struct camera_summary *s);

/* The decision alone: fills both labels from the numbers above them. */
void camera_decide(struct camera_summary *s);
/* The labels that can be given, without "none". */
extern const char *const camera_hunyuan_labels[14], *const camera_moviegen_labels[16];

#endif
