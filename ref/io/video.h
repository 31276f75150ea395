/* video -- moving and still pictures: planes of samples, and readers that give one frame at
 * a time, so that a long clip needs no more memory than a short one. */
#ifndef GOLDREEL_VIDEO_H
#define GOLDREEL_VIDEO_H

#include "io.h"

/* RGB: one plane of R,G,B triples.  The others: planes Y, U, V (and alpha), U and V smaller. */
enum layout { LAYOUT_GRAY, LAYOUT_420, LAYOUT_422, LAYOUT_444, LAYOUT_440, LAYOUT_411, LAYOUT_444A, LAYOUT_RGB, LAYOUTS };
enum siting { SITING_UNKNOWN, SITING_CENTRE, SITING_LEFT, SITING_TOP_LEFT };     /* of 4:2:0 chroma */
enum range { RANGE_UNKNOWN, RANGE_LIMITED, RANGE_FULL };

struct rational { int64_t num, den; };      /* den > 0; 0/1 is "not known" for rates and aspects */

struct picture_format {
    size_t width, height;                   /* luma samples */
    enum layout layout;
    int depth;                              /* bits a sample, 8 to 16; above 8: 16-bit words of this machine */
    enum siting siting;
    enum range range;
    char interlace;                         /* 'p' progressive, 't' top first, 'b' bottom first, 'm' mixed, '?' */
    struct rational rate, aspect;           /* frames a second; sample aspect ratio */
};

enum { MAX_PLANES = 4, MAX_SIDE = 1 << 15 };        /* 32768: what one side of a picture may have */

struct plane {
    unsigned char *data;
    size_t width, height;                   /* samples (RGB: triples) */
    size_t stride;                          /* bytes from row to row */
};

struct picture {
    struct picture_format format;
    int planes;
    struct plane plane[MAX_PLANES];
};

/* ---- picture.c ---- */

/* Number of planes, and size of plane p: chroma sizes round up. */
int picture_planes(enum layout l);
void picture_plane_size(const struct picture_format *f, int p, size_t *width, size_t *height);
size_t picture_bytes(const struct picture_format *f);       /* of all planes without padding; SIZE_MAX: too large */
/* Fills p's planes to lie one after another in memory (picture_bytes of it). */
void picture_layout(struct picture *p, const struct picture_format *f, unsigned char *memory);
/* Allocates the planes; free with picture_free. */
enum status picture_create(struct picture *p, const struct picture_format *f, struct err *e);
void picture_free(struct picture *p);

/* ---- video.c ---- */

struct video {
    struct picture_format format;           /* of every frame */
    const char *path;
    size_t frames;                          /* read so far */
    /* private: the reader */
    enum status (*read)(struct video *v, struct picture *p, int *end, struct err *e);
    void (*close)(struct video *v);
    void *owner;
};

/* By content, not by name: Y4M, PNM (P2 P3 P5 P6), JPEG, AVI with MJPEG; "name%05d.ppm" is a
 * sequence of pictures; anything else is read through an `ffmpeg` program on PATH as Y4M.
 * Pictures are videos of one frame. */
enum status video_open(struct video *v, const char *path, struct err *e);
/* The next frame; its planes belong to the reader and last until the next call.  *end is set
 * to 1, and p left alone, after the last one.  A frame cut short is E_DATA with its number. */
enum status video_next(struct video *v, struct picture *p, int *end, struct err *e);
/* Time of the frame read last: frame * rate.den / rate.num seconds, reduced; 0/1 when the rate
 * is not known. */
struct rational video_time(const struct video *v);
void video_close(struct video *v);

/* ---- the readers behind it (y4m.c, pnm.c, jpeg.c, avi.c, ffmpeg.c) ---- */

/* `first`: the first bytes of the file, at most `n`.  Each takes over v on OK. */
enum status y4m_open(struct video *v, const char *path, struct err *e);
enum status pnm_open(struct video *v, const char *path, struct err *e);
enum status jpeg_open(struct video *v, const char *path, struct err *e);
enum status avi_open(struct video *v, const char *path, struct err *e);
enum status ffmpeg_open(struct video *v, const char *path, struct err *e);

/* Y4M writer: header from f, then frames; to a temporary name until commit. */
struct y4m_writer { struct file_writer file; struct picture_format format; };
enum status y4m_create(struct y4m_writer *w, const char *path, const struct picture_format *f, struct err *e);
enum status y4m_write(struct y4m_writer *w, const struct picture *p, struct err *e);
enum status y4m_commit(struct y4m_writer *w, struct err *e);
void y4m_discard(struct y4m_writer *w);

/* P5 for gray, P6 for RGB; depth above 8 as 16-bit big-endian words. */
enum status pnm_write(const char *path, const struct picture *p, struct err *e);

/* One baseline JPEG in memory, bit-exact with libjpeg-turbo's default decoder (islow IDCT).
 * jpeg_decode gives the component planes as coded (YCbCr is full range, centre sited, BT.601);
 * jpeg_to_rgb upsamples ("fancy") and converts them as that decoder does. */
enum status jpeg_decode(struct picture *p, const char *name, const unsigned char *data, size_t size, struct err *e);
enum status jpeg_to_rgb(struct picture *rgb, const struct picture *p, struct err *e);

#endif
