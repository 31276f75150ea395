/* text -- letters burned into a picture: boxes around lines of text, found by rules and without
 * weights, and the share of the frame that they cover.  Gray is 8 bits. */
#ifndef GOLDREEL_TEXT_H
#define GOLDREEL_TEXT_H

#include "filter.h"

enum {
    TEXT_SIDE = 640,            /* long side of the picture that is searched */
    TEXT_GRID = 160,            /* most cells along the long side of the grid of persistence */
    TEXT_LEVELS = 3             /* twice, once and half the searched picture */
};

struct text_box { int x, y, w, h, letters; };

/* A connected piece of one level that may be a letter. */
struct text_letter {
    int x, y, w, h;
    double stroke, gray;        /* width of its stroke, px; mean level */
};

/* Working memory of text_chains, an entry a letter. */
struct text_scratch { int32_t *root, *start, *member; double *residual; };

struct text_level { int w, h; unsigned char *gray; };

struct text_area {
    size_t width, height;               /* of the frames */
    struct text_level level[TEXT_LEVELS];       /* [1]: the searched picture */
    /* Of the frame given last, in its pixels.  A line may be found on more than one level, and then
     * has more than one box. */
    struct text_box *box;
    size_t boxes;
    int64_t frames, all_boxes, lower_boxes;
    double sum, max;
    int cell, grid_w, grid_h;           /* pixels of the searched picture along a cell */
    int64_t *seen;                      /* frames in which a cell was covered */
    /* working memory */
    struct arena arena;
    unsigned char *packed, *covered;
    int32_t *label, *distance, *parent, *owner, *column;
    struct text_piece *piece;
    struct text_letter *letter;
    struct text_scratch scratch;
};

struct text_summary {
    double mean, max;           /* of text_area over the frames; NaN when there was none */
    double persistent;          /* share of the frame that is covered in at least 80 % of the frames; NaN: none */
    double lower;               /* share of the boxes, of all frames, whose centre lies in the lower 30 %; NaN: no box */
};

/* Sides 1 to MAX_SIDE (E_ARG), or E_MEMORY: about 37 bytes a pixel of twice the searched picture, and
 * one a pixel of the frame.  text_area_free accepts a state that failed. */
enum status text_area_init(struct text_area *t, size_t width, size_t height, struct err *e);
/* *area: the union of the boxes / the searched picture.  y is of the size given to init.  E_MEMORY: from
 * a resize, whose tables are a few rows. */
enum status text_area_frame(struct text_area *t, const struct plane *y, double *area, struct err *e);
struct text_summary text_area_finish(const struct text_area *t);
void text_area_free(struct text_area *t);

/* ---- text_chain.c: letters -> lines ---- */

/* Boxes of the lines among n letters, which get sorted; returns how many, at most n / 5. */
size_t text_chains(struct text_box *box, struct text_letter *letter, size_t n, const struct text_scratch *s);

#endif
