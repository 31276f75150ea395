/* clips -- small test clips made by rule: 8-bit 4:2:0, integer arithmetic only, so that every
 * machine makes the same bytes.  What is known of a clip (cuts, camera, borders, text) is
 * written beside its row in clips.c and, for programs, in struct clip_spec. */
#ifndef GOLDREEL_CLIPS_H
#define GOLDREEL_CLIPS_H

#include "../ref/io/video.h"

enum { CLIP_MAX_CUTS = 4 };

/* Camera truth, content as seen on the screen, from one frame to the next: it moves by (dx,dy)
 * hundredths of a pixel, right and down positive; grows about the centre ((w-1)/2,(h-1)/2) by
 * zoom ten-thousandths; turns clockwise by roll hundredths of a degree.  One of the three. */
struct clip_camera { int dx, dy, zoom, roll; };

struct clip_box { int x, y, w, h; };        /* pixels; w 0: none */

struct clip_spec {
    const char *name;
    int width, height, frames;
    int rate_num, rate_den;
    unsigned seed;                          /* of the first shot's texture; the next shots count up */
    struct clip_camera camera;              /* 0,0,0,0: the camera stands still */
    int cuts[CLIP_MAX_CUTS];                /* first frames of new shots, ascending; 0 ends the list */
    struct clip_box active;                 /* the picture inside borders */
    struct clip_box text;                   /* tight box of burned-in letters */
    const char *truth;                      /* one line for a person */
};

/* The table, *count rows. */
const struct clip_spec *clip_specs(int *count);
const struct clip_spec *clip_find(const char *name);        /* NULL: there is none */

/* Bytes of one frame: planes Y, U, V one after another, chroma sizes rounded up. */
size_t clip_bytes(const struct clip_spec *s);
/* Frame n (0 <= n < frames) into memory (clip_bytes of it); p's planes point there.  Needs no
 * frame before it. */
void clip_frame(const struct clip_spec *s, int n, struct picture *p, unsigned char *memory);

#endif
