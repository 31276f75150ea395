/* image -- frames -> frames: colour, size, shape.  Integer work on bytes is exact: the same
 * bits as the public program named at each function.  All images are rows without padding:
 * gray (height,width), colour (height,width,3) in the order R,G,B unless said otherwise. */
#ifndef GOLDREEL_IMAGE_H
#define GOLDREEL_IMAGE_H

#include "../io/video.h"

/* ---- colour.c ---- */

enum matrix { BT601, BT709, BT2020 };       /* BT2020: non-constant luminance */
enum yuv_variant {
    YUV_EXACT,          /* the formula in real numbers, rounded half up, clamped */
    YUV_SWSCALE         /* libswscale's plain C tables, same size, no accurate_rnd */
};
enum upsampling { CHROMA_NEAREST, CHROMA_LINEAR };      /* linear: by the siting of the picture */

/* 8-bit RGB (height,width,3) of a picture of any layout.
 *  - Range: RANGE_UNKNOWN is limited.  RGB pictures pass through; alpha is ignored; gray is a
 *    picture whose chroma is neutral (128), so a limited gray picture is expanded.
 *  - Samples deeper than 8 bits become bytes first, rounded half up: limited range v / 2^(depth-8);
 *    full range and RGB v * 255 / (2^depth - 1), chroma so about its centre; at most 255.
 *  - Linear chroma is rounded half up to a byte before the matrix.
 *  - YUV_SWSCALE with CHROMA_NEAREST equals libswscale to the bit for 8-bit 4:2:0 of even width and
 *    height (FFmpeg 5.1 leaves the last column of an odd width black, and of 4:2:2 it reads every
 *    other chroma row); libswscale converts the rest by a scaler, here it uses the same tables. */
void yuv_to_rgb(unsigned char *rgb, const struct picture *p, enum matrix m, enum yuv_variant v, enum upsampling u);

/* ---- hsv.c: n pixels R,G,B to n bytes, or to n triples ---- */

void rgb_to_gray(unsigned char *gray, const unsigned char *rgb, size_t n);      /* OpenCV RGB2GRAY: 15-bit weights */
void rgb_to_luma14(unsigned char *y, const unsigned char *rgb, size_t n);       /* Y of OpenCV RGB2YCrCb: 14-bit */
void rgb_to_pillow_l(unsigned char *l, const unsigned char *rgb, size_t n);     /* Pillow convert("L"): 16-bit */
void rgb_to_hsv(unsigned char *hsv, const unsigned char *rgb, size_t n);        /* OpenCV RGB2HSV: H 0..179 */

/* ---- resize.c ---- */

enum resampling {
    CV_LINEAR, CV_AREA, CV_CUBIC,                               /* OpenCV, 8 bit */
    PIL_BOX, PIL_BILINEAR, PIL_BICUBIC, PIL_LANCZOS             /* Pillow, antialiased */
};
/* src (h,w,channels) -> dst (dst_h,dst_w,channels), 1 to 4 channels, sides 1 to MAX_SIDE, no
 * overlap.  Channels are independent (alpha is not premultiplied).  E_ARG: a size or a
 * channel count outside of that, which leaves dst alone; E_MEMORY: dst is unspecified.
 * Memory: tables of the two axes and a few rows; Pillow's two passes, h * dst_w * channels. */
enum status image_resize(unsigned char *dst, size_t dst_w, size_t dst_h, const unsigned char *src, size_t w, size_t h,
                         size_t channels, enum resampling r, struct err *e);

/* A resize whose sizes image_resize has checked. */
struct resize {
    unsigned char *dst;
    const unsigned char *src;
    size_t dst_w, dst_h, w, h, channels;
    enum resampling how;
};
enum status resize_cv(const struct resize *z, struct err *e);       /* resize_cv.c */
enum status resize_pil(const struct resize *z, struct err *e);      /* resize_pil.c */
/* malloc of count * each bytes; NULL without memory or when that does not fit size_t. */
void *resize_memory(size_t count, size_t each);

/* ---- shape.c ---- */

/* The crop_w x crop_h part of src (rows of w pixels) whose first pixel is (x,y); it must lie inside. */
void image_crop(unsigned char *dst, const unsigned char *src, size_t w, size_t channels, size_t x, size_t y,
                size_t crop_w, size_t crop_h);
/* Clockwise by 90, 180 or 270 degrees; 90 and 270 exchange the sides.  0 copies. */
void image_rotate(unsigned char *dst, const unsigned char *src, size_t w, size_t h, size_t channels, int degrees);

#endif
