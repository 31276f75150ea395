/* text_chain -- letters that stand side by side are a line of text.
 *
 * Link: every letter i to the nearest letter j on its right (smallest gap = left edge of j - right edge
 *   of i) among those with
 *     -0.3 * smaller width <= gap <= larger height + 2,   rows in common >= half the smaller height,
 *     heights within a factor 2, strokes within 1.6, mean gray within 30.
 *   A chain is what the links hold together.
 * Accept: at least 5 letters; least-squares line y = a + b x through the centres with |b| <= 0.3 and
 *   median |residual| <= 0.25 * median height; strokes with deviation / mean <= 0.35; the box at least
 *   1.5 times as wide as high.
 * Guard: letters of the chain >= half of all letters whose centres lie in the box grown by its height
 *   on every side.  Texture is full of short chains, but they lie among pieces that belong to none.
 *
 * Medians of an even count are the mean of the middle two; deviations are of the population.
 * Source: after B. Epshtein, E. Ofek, Y. Wexler, Detecting Text in Natural Scenes with Stroke Width
 * Transform (CVPR 2010), sections 3.2 and 3.3; the thresholds are ours (filters.md 14.4). */
#include "text.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_LETTERS = 5 };

static int smaller(int a, int b) { return a < b ? a : b; }
static int larger(int a, int b) { return a > b ? a : b; }

/* From left to right; the rest only makes the order definite. */
static int by_place(const void *left, const void *right)
{
    const struct text_letter *a = left, *b = right;
    if (a->x != b->x) return a->x < b->x ? -1 : 1;
    if (a->y != b->y) return a->y < b->y ? -1 : 1;
    if (a->w != b->w) return a->w < b->w ? -1 : 1;
    if (a->h != b->h) return a->h < b->h ? -1 : 1;
    return (a->stroke > b->stroke) - (a->stroke < b->stroke);
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static int linkable(const struct text_letter *a, const struct text_letter *b)
{
    int gap = b->x - (a->x + a->w);
    int common = smaller(a->y + a->h, b->y + b->h) - larger(a->y, b->y);
    int low = smaller(a->h, b->h), high = larger(a->h, b->h);
    return 10 * gap >= -3 * smaller(a->w, b->w) && gap <= high + 2 && 2 * common >= low && high <= 2 * low
           && fmax(a->stroke, b->stroke) <= 1.6 * fmin(a->stroke, b->stroke) && fabs(a->gray - b->gray) <= 30;
}

static int32_t find(int32_t *root, int32_t i)
{
    while (root[i] != i) i = root[i] = root[root[i]];
    return i;
}

/* Letters are sorted by left edge, so the first that fits is the nearest, and a gap too wide ends the search. */
static void link_letters(int32_t *root, const struct text_letter *letter, size_t n)
{
    for (size_t i = 0; i < n; i++) root[i] = (int32_t)i;
    for (size_t i = 0; i < n; i++) {
        const struct text_letter *a = &letter[i];
        for (size_t j = i + 1; j < n && letter[j].x - (a->x + a->w) <= 2 * a->h + 2; j++) {
            if (!linkable(a, &letter[j])) continue;
            int32_t p = find(root, (int32_t)i), q = find(root, (int32_t)j);
            if (p < q) root[q] = p;
            else root[p] = q;
            break;
        }
    }
}

static void bound(struct text_box *b, const struct text_letter *letter, const int32_t *member, size_t n)
{
    int x0 = letter[*member].x, y0 = letter[*member].y, x1 = x0, y1 = y0;
    for (size_t k = 0; k < n; k++) {
        const struct text_letter *a = &letter[member[k]];
        x0 = smaller(x0, a->x);
        y0 = smaller(y0, a->y);
        x1 = larger(x1, a->x + a->w);
        y1 = larger(y1, a->y + a->h);
    }
    *b = (struct text_box){ x0, y0, x1 - x0, y1 - y0, (int)n };
}

/* Centres are doubled to stay whole: sums below 2^13 * n, products below 2^26 * n^2. */
static int straight(const struct text_letter *letter, const int32_t *member, size_t n, double *residual)
{
    int64_t sx = 0, sy = 0, sxx = 0, sxy = 0, count = (int64_t)n;
    for (size_t k = 0; k < n; k++) {
        const struct text_letter *a = &letter[member[k]];
        int64_t x = 2 * a->x + a->w, y = 2 * a->y + a->h;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
        residual[k] = a->h;
    }
    double high = median(residual, n);
    int64_t across = count * sxx - sx * sx, slope = count * sxy - sx * sy;
    if (across <= 0 || 10 * llabs(slope) > 3 * across) return 0;
    double b = (double)slope / (double)across, a0 = ((double)sy - b * (double)sx) / (double)n;
    for (size_t k = 0; k < n; k++) {
        const struct text_letter *a = &letter[member[k]];
        residual[k] = fabs(2 * a->y + a->h - a0 - b * (2 * a->x + a->w)) / 2;
    }
    return median(residual, n) <= 0.25 * high;
}

static int even_strokes(const struct text_letter *letter, const int32_t *member, size_t n)
{
    double mean = 0, spread = 0;
    for (size_t k = 0; k < n; k++) mean += letter[member[k]].stroke;
    mean /= (double)n;
    for (size_t k = 0; k < n; k++) spread += (letter[member[k]].stroke - mean) * (letter[member[k]].stroke - mean);
    return sqrt(spread / (double)n) <= 0.35 * mean;
}

static int alone(const struct text_box *b, const struct text_letter *letter, size_t n)
{
    int64_t inside = 0;
    for (size_t k = 0; k < n && letter[k].x <= b->x + b->w + b->h; k++) {
        int cx = 2 * letter[k].x + letter[k].w, cy = 2 * letter[k].y + letter[k].h;
        inside += cx >= 2 * (b->x - b->h) && cx <= 2 * (b->x + b->w + b->h)
                  && cy >= 2 * (b->y - b->h) && cy <= 2 * (b->y + 2 * b->h);
    }
    return 2 * (int64_t)b->letters >= inside;
}

static int is_line(const struct text_box *b, const struct text_letter *letter, size_t n, const int32_t *member,
                   double *residual)
{
    size_t count = (size_t)b->letters;
    return 2 * b->w >= 3 * b->h && straight(letter, member, count, residual) && even_strokes(letter, member, count)
           && alone(b, letter, n);
}

size_t text_chains(struct text_box *box, struct text_letter *letter, size_t n, const struct text_scratch *s)
{
    size_t found = 0;
    if (n < LEAST_LETTERS) return 0;
    qsort(letter, n, sizeof *letter, by_place);
    link_letters(s->root, letter, n);
    /* The members of a chain side by side: counts, then where each chain begins, then places filled
     * from the last letter down, which leaves start[] at the beginnings again. */
    for (size_t i = 0; i < n; i++) s->start[i] = 0;
    for (size_t i = 0; i < n; i++) s->start[find(s->root, (int32_t)i)]++;
    for (size_t i = 1; i < n; i++) s->start[i] += s->start[i - 1];
    for (size_t i = n; i-- > 0;) s->member[--s->start[find(s->root, (int32_t)i)]] = (int32_t)i;
    for (size_t i = 0; i < n; i++) {
        size_t begin = (size_t)s->start[i], end = i + 1 < n ? (size_t)s->start[i + 1] : n;
        if (end - begin < LEAST_LETTERS) continue;
        bound(&box[found], letter, s->member + begin, end - begin);
        found += (size_t)is_line(&box[found], letter, n, s->member + begin, s->residual);
    }
    return found;
}
