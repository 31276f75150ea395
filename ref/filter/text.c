/* text -- share of the frame under letters that somebody put there: titles, subtitles, captions.
 *
 * 1. The frame's gray is reduced (OpenCV's INTER_AREA) to a long side of 640; smaller frames stay as they
 *    are.  It is searched at twice (INTER_LINEAR), once and half (pyrDown: 1 4 6 4 1 each way, (sum + 128)
 *    >> 8) its size, at each for letters lighter and letters darker than their surroundings.
 * 2. Mask: +-(I - M) > 20, M the mean of 31x31 rounded to a byte, edges mirrored without repeating; its
 *    8-connected components.
 * 3. A component is a letter when
 *    - 7 <= h <= H/4, w <= 3h, h <= 12w, pixels >= 0.08 w h, away from the picture's border;
 *    - stroke = 2 mean(D) - 1 <= h/2 with deviation(D) <= 0.6 mean(D).  D: Euclidean distance to the
 *      background, exact, at the ridge, the pixels where it is the largest of its 3x3;
 *    - 3x3 maximum - 3x3 minimum of I along the contour (pixels with background among their 8
 *      neighbours): mean >= 40, deviation <= 0.6 mean;
 *    - deviation of I inside <= 28, or 48 when h < 24.
 * 4.-6. Letters make lines: text_chain.c.
 * 7. text_area = pixels of the searched picture under a box / all its pixels.  Persistence is kept on
 *    a grid of square cells, at most 160 along the long side; a cell counts when its middle is
 *    covered, and weighs as many pixels as it has.
 * Deviations are of the population.  Sums are whole numbers, except those of the strokes.
 *
 * Measured: one line of 18 letters and spaces (DejaVu Sans Bold, light) in the lower part of 38 to 40 stills,
 * 640 long, of the footage's originals (at most 8 of a film, 3 s apart, so many look alike); share of
 * stills where the boxes cover more than 40 % of the line / where one box has IoU >= 0.5:
 *     font / frame height     3.9 %        6.5 %        10.4 %
 *     plain                 .68 / .50    .66 / .58    .61 / .45
 *     outlined              .95 / .80    .92 / .87    .95 / .89
 * Of the stills as they are, the one with a title gets boxes on it, and 2 of the 39 others get
 * some, of at most 0.7 % of the frame, on leaves and grass.  Clip "text": IoU >= 0.65 in all 30 frames.  White
 * subtitle 13 px high at 256x144: boxes on it in 22 of 22 frames, and 7 boxes elsewhere in 40 frames.
 * Title of letters 6 px high that touch: 0 of 27 frames at 256x144; both of its lines at 640x360.  To
 * enlarge small frames to 640 as well finds part of that title in 27 of 27 frames, but boxes in noise
 * too, and takes 4 to 18 times as long.
 *
 * Source: letters by stroke width after Epshtein, Ofek, Wexler (CVPR 2010); components by union-find
 * (Rosenfeld and Pfaltz, 1966); distance by rows and columns (Meijster et al., 2000).  The rules are
 * our own, filters.md 14.4. */
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RADIUS = 15, WINDOW = (2 * RADIUS + 1) * (2 * RADIUS + 1), CONTRAST = 20, LEAST_HEIGHT = 7 };

/* A component, and sums over it; ridge and contour only of those whose box may be a letter's. */
struct text_piece {
    int32_t x0, y0, x1, y1, pixels;
    int32_t ridge, contour;             /* how many */
    int64_t gray, gray2, steep, steep2, ridge2;
    double ridge1;
};

/* ---- size and memory ---- */

/* No two components touch, so each with 2x2 pixels put in place of every pixel still stands alone: it
 * takes 4 pixels, or 2 a row and 2 more when it is a letter. */
static size_t most_pieces(size_t w, size_t h) { return (w + 1) * (h + 1) / 4 + 1; }
static size_t most_letters(size_t w, size_t h) { return (w + 1) * (h + 1) / (2 * LEAST_HEIGHT + 2) + 1; }

static void allocate(struct text_area *t)
{
    struct arena *a = &t->arena;
    const size_t w = (size_t)t->level[0].w, h = (size_t)t->level[0].h, n = w * h, letters = most_letters(w, h);
    size_t boxes = 0;
    for (int k = 0; k < TEXT_LEVELS; k++) {
        struct text_level *l = &t->level[k];
        l->gray = arena_alloc(a, (size_t)l->w * (size_t)l->h, 1);
        boxes += 2 * (most_letters((size_t)l->w, (size_t)l->h) / 5 + 1);
    }
    t->box = arena_alloc(a, boxes, sizeof *t->box);
    t->seen = arena_alloc(a, (size_t)t->grid_w * (size_t)t->grid_h, sizeof *t->seen);
    t->packed = arena_alloc(a, t->width * t->height, 1);
    t->covered = arena_alloc(a, (size_t)t->level[1].w * (size_t)t->level[1].h, 1);
    t->label = arena_alloc(a, n, sizeof *t->label);
    t->distance = arena_alloc(a, n, sizeof *t->distance);
    t->column = arena_alloc(a, w, sizeof *t->column);
    t->parent = arena_alloc(a, most_pieces(w, h) + 1, sizeof *t->parent);
    t->piece = arena_alloc(a, most_pieces(w, h) + 1, sizeof *t->piece);
    t->letter = arena_alloc(a, letters, sizeof *t->letter);
    t->scratch.root = arena_alloc(a, letters, sizeof *t->scratch.root);
    t->scratch.start = arena_alloc(a, letters, sizeof *t->scratch.start);
    t->scratch.member = arena_alloc(a, letters, sizeof *t->scratch.member);
    t->scratch.residual = arena_alloc(a, letters, sizeof *t->scratch.residual);
}

enum status text_area_init(struct text_area *t, size_t width, size_t height, struct err *e)
{
    memset(t, 0, sizeof *t);
    if (!width || !height || width > MAX_SIDE || height > MAX_SIDE)
        return fail(e, E_ARG, "text: a frame of %zux%zu pixels (1 to %d each way)", width, height, MAX_SIDE);
    size_t w = width, h = height, side = w > h ? w : h;
    if (side > TEXT_SIDE) {
        w = (2 * width * TEXT_SIDE + side) / (2 * side);
        h = (2 * height * TEXT_SIDE + side) / (2 * side);
        w += !w;
        h += !h;
        side = TEXT_SIDE;
    }
    t->width = width;
    t->height = height;
    t->level[0] = (struct text_level){ 2 * (int)w, 2 * (int)h, NULL };
    t->level[1] = (struct text_level){ (int)w, (int)h, NULL };
    t->level[2] = (struct text_level){ ((int)w + 1) / 2, ((int)h + 1) / 2, NULL };
    t->cell = (int)((side + TEXT_GRID - 1) / TEXT_GRID);
    t->grid_w = ((int)w + t->cell - 1) / t->cell;
    t->grid_h = ((int)h + t->cell - 1) / t->cell;
    allocate(t);
    size_t bytes = t->arena.peak;
    enum status s = t->arena.overflow ? fail(e, E_MEMORY, "text: no memory for %zux%zu", width, height)
                                      : arena_create(&t->arena, bytes, e);
    if (s != OK) return s;
    allocate(t);
    memset(t->seen, 0, (size_t)t->grid_w * (size_t)t->grid_h * sizeof *t->seen);
    return OK;
}

void text_area_free(struct text_area *t)
{
    arena_free(&t->arena);
    memset(t, 0, sizeof *t);
}

/* ---- steps 1 and 2: levels, mask, components ---- */

/* ... 2 1 0 1 2 ... n-2 n-1 n-2 ...; more than once where the side is short. */
static int mirror(int i, int n)
{
    if (n == 1) return 0;
    while (i < 0 || i >= n) i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

static void halve(const struct text_level *to, const struct text_level *from)
{
    static const int tap[5] = { 1, 4, 6, 4, 1 };
    for (int y = 0; y < to->h; y++)
        for (int x = 0; x < to->w; x++) {
            int sum = 128;
            for (int j = 0; j < 5; j++) {
                const unsigned char *row = from->gray + (size_t)mirror(2 * y + j - 2, from->h) * (size_t)from->w;
                for (int i = 0; i < 5; i++) sum += tap[j] * tap[i] * row[mirror(2 * x + i - 2, from->w)];
            }
            to->gray[(size_t)y * (size_t)to->w + (size_t)x] = (unsigned char)(sum >> 8);
        }
}

/* label = 1 in the mask, 0 outside; column holds the sums of 31 rows. */
static void make_mask(struct text_area *t, const struct text_level *l, int polarity)
{
    for (int x = 0; x < l->w; x++) {
        t->column[x] = 0;
        for (int j = -RADIUS; j <= RADIUS; j++) t->column[x] += l->gray[(size_t)mirror(j, l->h) * (size_t)l->w + (size_t)x];
    }
    for (int y = 0; y < l->h; y++) {
        const unsigned char *row = l->gray + (size_t)y * (size_t)l->w;
        const unsigned char *in = l->gray + (size_t)mirror(y + RADIUS + 1, l->h) * (size_t)l->w;
        const unsigned char *out = l->gray + (size_t)mirror(y - RADIUS, l->h) * (size_t)l->w;
        int sum = 0;
        for (int i = -RADIUS; i <= RADIUS; i++) sum += t->column[mirror(i, l->w)];
        for (int x = 0; x < l->w; x++) {
            int mean = (sum + WINDOW / 2) / WINDOW;
            t->label[(size_t)y * (size_t)l->w + (size_t)x] = polarity * (row[x] - mean) > CONTRAST;
            sum += t->column[mirror(x + RADIUS + 1, l->w)] - t->column[mirror(x - RADIUS, l->w)];
        }
        for (int x = 0; x < l->w; x++) t->column[x] += in[x] - out[x];
    }
}

static int32_t find(int32_t *parent, int32_t i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

static int32_t join(int32_t *parent, int32_t a, int32_t b)
{
    a = find(parent, a);
    b = find(parent, b);
    if (a < b) return parent[b] = a;
    return parent[a] = b;
}

/* Mask -> component numbers from 1, and boxes and sizes in piece; returns how many. */
static int32_t label_pieces(struct text_area *t, const struct text_level *l)
{
    const int w = l->w;
    int32_t count = 0, pieces = 0;
    for (int y = 0; y < l->h; y++)
        for (int x = 0; x < w; x++) {
            int32_t *here = t->label + (size_t)y * (size_t)w + x, *up = here - w, best = 0;
            if (!*here) continue;
            if (x && here[-1]) best = here[-1];
            for (int i = x ? -1 : 0; y && i <= (x + 1 < w); i++)
                if (up[i]) best = best ? join(t->parent, best, up[i]) : up[i];
            if (!best) {
                best = ++count;
                t->parent[best] = best;
            }
            *here = best;
        }
    /* Roots are the smallest of their set, so numbers are given in order; negative: given. */
    for (int32_t i = 1; i <= count; i++) t->parent[i] = find(t->parent, i);
    for (int32_t i = 1; i <= count; i++) t->parent[i] = t->parent[i] == i ? -++pieces : t->parent[t->parent[i]];
    memset(t->piece, 0, ((size_t)pieces + 1) * sizeof *t->piece);
    for (int y = 0; y < l->h; y++)
        for (int x = 0; x < w; x++) {
            int32_t *here = t->label + (size_t)y * (size_t)w + x;
            if (!*here) continue;
            struct text_piece *p = &t->piece[*here = -t->parent[*here]];
            if (!p->pixels++) *p = (struct text_piece){ .x0 = x, .y0 = y, .x1 = x, .y1 = y, .pixels = 1 };
            if (x < p->x0) p->x0 = x;
            if (x > p->x1) p->x1 = x;
            p->y1 = y;
        }
    return pieces;
}

/* ---- step 3: letters ---- */

/* Squared distance of every pixel to the nearest one outside of the mask.  First along columns, then the
 * best of (x - k)^2 + column(k)^2, for which no k further off than the best so far is worth a look. */
static void measure_distance(struct text_area *t, const struct text_level *l)
{
    const int w = l->w, h = l->h, far = w + h;
    for (int x = 0; x < w; x++) {
        for (int y = 0, d = far; y < h; y++) {
            size_t at = (size_t)y * (size_t)w + (size_t)x;
            d = t->label[at] ? d + (d < far) : 0;
            t->distance[at] = d;
        }
        for (int y = h - 1, d = far; y >= 0; y--) {
            size_t at = (size_t)y * (size_t)w + (size_t)x;
            d = t->label[at] ? d + (d < far) : 0;
            if (d < t->distance[at]) t->distance[at] = d;
        }
    }
    for (int y = 0; y < h; y++) {
        int32_t *row = t->distance + (size_t)y * (size_t)w;
        memcpy(t->column, row, (size_t)w * sizeof *row);
        for (int x = 0; x < w; x++) {
            int32_t best = t->column[x] * t->column[x];
            for (int k = 1; k < w && k * k < best; k++) {
                int32_t a = x >= k ? t->column[x - k] : far, b = x + k < w ? t->column[x + k] : far;
                if (b < a) a = b;
                if (k * k + a * a < best) best = k * k + a * a;
            }
            row[x] = best;
        }
    }
}

static int has_letter_box(const struct text_piece *p, const struct text_level *l)
{
    int w = p->x1 - p->x0 + 1, h = p->y1 - p->y0 + 1;
    return h >= LEAST_HEIGHT && 4 * h <= l->h && w <= 3 * h && h <= 12 * w && 100 * (int64_t)p->pixels >= 8 * (int64_t)w * h
           && p->x0 > 0 && p->y0 > 0 && p->x1 < l->w - 1 && p->y1 < l->h - 1;
}

/* Adds the pixel at (x,y), which is not on the picture's border. */
static void add_pixel(const struct text_area *t, struct text_piece *p, const struct text_level *l, int x, int y)
{
    const size_t at = (size_t)y * (size_t)l->w + (size_t)x;
    int high = 0, low = 255, inside = 1, gray = l->gray[at];
    int32_t furthest = 0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            size_t k = (size_t)(y + j) * (size_t)l->w + (size_t)(x + i);
            if (l->gray[k] > high) high = l->gray[k];
            if (l->gray[k] < low) low = l->gray[k];
            if (t->distance[k] > furthest) furthest = t->distance[k];
            inside &= t->label[k] != 0;
        }
    p->gray += gray;
    p->gray2 += gray * gray;
    if (!inside) {
        p->contour++;
        p->steep += high - low;
        p->steep2 += (high - low) * (high - low);
    }
    if (t->distance[at] == furthest) {
        p->ridge++;
        p->ridge1 += sqrt(furthest);
        p->ridge2 += furthest;
    }
}

/* Pieces have at most 320 x 960 pixels, so products of sums stay below 2^58. */
static int is_letter(const struct text_piece *p)
{
    const int64_t n = p->pixels, c = p->contour, h = p->y1 - p->y0 + 1, most = h < 24 ? 48 : 28;
    const double mean = p->ridge1 / p->ridge, spread = (double)p->ridge2 / p->ridge - mean * mean;
    return 2 * mean - 1 >= 1 && 2 * mean - 1 <= (double)h / 2 && spread <= 0.36 * mean * mean
           && p->steep >= 40 * c && 25 * (c * p->steep2 - p->steep * p->steep) <= 9 * p->steep * p->steep
           && n * p->gray2 - p->gray * p->gray <= most * most * n * n;
}

static size_t find_letters(struct text_area *t, const struct text_level *l, int polarity)
{
    size_t letters = 0;
    make_mask(t, l, polarity);
    int32_t pieces = label_pieces(t, l);
    measure_distance(t, l);
    for (int y = 1; y < l->h - 1; y++)
        for (int x = 1; x < l->w - 1; x++) {
            struct text_piece *p = &t->piece[t->label[(size_t)y * (size_t)l->w + (size_t)x]];
            if (p->pixels && has_letter_box(p, l)) add_pixel(t, p, l, x, y);
        }
    for (int32_t i = 1; i <= pieces; i++) {
        const struct text_piece *p = &t->piece[i];
        if (!has_letter_box(p, l) || !is_letter(p)) continue;
        t->letter[letters++] = (struct text_letter){ p->x0, p->y0, p->x1 - p->x0 + 1, p->y1 - p->y0 + 1,
                                                     2 * p->ridge1 / p->ridge - 1, (double)p->gray / p->pixels };
    }
    return letters;
}

/* ---- step 7: frames ---- */

/* A box of a level in pixels of a w x h picture, rounded outward. */
static struct text_box scaled(const struct text_box *b, const struct text_level *l, int64_t w, int64_t h)
{
    int64_t x0 = b->x * w / l->w, x1 = ((b->x + b->w) * w + l->w - 1) / l->w;
    int64_t y0 = b->y * h / l->h, y1 = ((b->y + b->h) * h + l->h - 1) / l->h;
    return (struct text_box){ (int)x0, (int)y0, (int)(x1 - x0), (int)(y1 - y0), b->letters };
}

static void search_level(struct text_area *t, const struct text_level *l)
{
    for (int polarity = 1; polarity >= -1; polarity -= 2) {
        struct text_box *found = t->box + t->boxes;
        size_t n = text_chains(found, t->letter, find_letters(t, l, polarity), &t->scratch);
        for (size_t i = 0; i < n; i++) {
            struct text_box b = scaled(&found[i], l, t->level[1].w, t->level[1].h);
            for (int y = b.y; y < b.y + b.h; y++)
                memset(t->covered + (size_t)y * (size_t)t->level[1].w + (size_t)b.x, 1, (size_t)b.w);
            found[i] = scaled(&found[i], l, (int64_t)t->width, (int64_t)t->height);
            t->lower_boxes += 20 * (int64_t)found[i].y + 10 * found[i].h >= 14 * (int64_t)t->height;
        }
        t->boxes += n;
    }
}

static void count_cells(struct text_area *t)
{
    const int w = t->level[1].w, h = t->level[1].h;
    for (int j = 0; j < t->grid_h; j++)
        for (int i = 0; i < t->grid_w; i++) {
            int x = i * t->cell + t->cell / 2, y = j * t->cell + t->cell / 2;
            if (x >= w) x = w - 1;
            if (y >= h) y = h - 1;
            t->seen[(size_t)j * (size_t)t->grid_w + (size_t)i] += t->covered[(size_t)y * (size_t)w + (size_t)x];
        }
}

enum status text_area_frame(struct text_area *t, const struct plane *y, double *area, struct err *e)
{
    const struct text_level *l = t->level;
    const size_t w = (size_t)l[1].w, h = (size_t)l[1].h;
    size_t covered = 0;
    for (size_t i = 0; i < t->height; i++) memcpy(t->packed + i * t->width, y->data + i * y->stride, t->width);
    enum status s = OK;
    if (w == t->width && h == t->height) memcpy(l[1].gray, t->packed, w * h);
    else s = image_resize(l[1].gray, w, h, t->packed, t->width, t->height, 1, CV_AREA, e);
    if (s == OK) s = image_resize(l[0].gray, 2 * w, 2 * h, l[1].gray, w, h, 1, CV_LINEAR, e);
    if (s != OK) return s;
    halve(&l[2], &l[1]);
    t->boxes = 0;
    memset(t->covered, 0, w * h);
    for (int k = 0; k < TEXT_LEVELS; k++) search_level(t, &l[k]);
    for (size_t i = 0; i < w * h; i++) covered += t->covered[i];
    count_cells(t);
    *area = (double)covered / (double)(w * h);
    t->all_boxes += (int64_t)t->boxes;
    t->sum += *area;
    if (*area > t->max) t->max = *area;
    t->frames++;
    return OK;
}

struct text_summary text_area_finish(const struct text_area *t)
{
    const int w = t->level[1].w, h = t->level[1].h;
    struct text_summary s = { NAN, NAN, NAN, NAN };
    int64_t persistent = 0;
    for (int j = 0; j < t->grid_h; j++)
        for (int i = 0; i < t->grid_w; i++) {
            int cw = w - i * t->cell, ch = h - j * t->cell;         /* the last cells may be cut off */
            if (cw > t->cell) cw = t->cell;
            if (ch > t->cell) ch = t->cell;
            if (5 * t->seen[(size_t)j * (size_t)t->grid_w + (size_t)i] >= 4 * t->frames) persistent += cw * ch;
        }
    if (t->frames) {
        s.mean = t->sum / (double)t->frames;
        s.max = t->max;
        s.persistent = (double)persistent / ((double)w * h);
    }
    if (t->all_boxes) s.lower = (double)t->lower_boxes / (double)t->all_boxes;
    return s;
}
