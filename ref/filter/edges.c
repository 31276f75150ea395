/* edges -- the widened edge picture that ContentDetector compares as its fourth component.
 *
 *   m        = median of the plane (even count: mean of the middle two)
 *   low, high = trunc(2/3 m), trunc(min(255, 4/3 m))
 *   edges    = Canny(plane, low, high): 3x3 Sobel with replicated borders, |gx| + |gy|, magnitude 0
 *              outside; thinning along the gradient; weak points stay when they are joined to a strong one (8 neighbours)
 *   output   = 255 where an edge is within a k x k box, else 0; by default
 *              k = 4 + rne(sqrt(w h) / 192), and one more when that is even
 *
 * The direction of the gradient is one of four sectors cut at tan 22.5 and tan 67.5 degrees, as
 * 15-bit integers; equal magnitudes along a line keep the right or lower one in the first two
 * sectors and neither in the diagonal ones.
 * Source: PySceneDetect 0.7.1, detectors/content_detector.py; OpenCV 4, Canny and dilate. */
#include "shots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TAN_22_5 = 13573 };          /* tan(22.5 degrees) 2^15; tan(67.5 degrees) is 2 more */
enum { NONE, WEAK, STRONG = 255 };

enum status edges_create(struct edges *g, size_t width, size_t height, int box, struct err *e)
{
    memset(g, 0, sizeof *g);
    if (!width || !height || width > MAX_SIDE || height > MAX_SIDE || box < 0 || (box && (box < 3 || box % 2 == 0)))
        return fail(e, E_ARG, "edges of %zu x %zu pixels, box %d: sides 1 to %d, box odd and at least 3, or 0", width,
                    height, box, MAX_SIDE);
    int size = 4 + (int)rint(sqrt((double)(width * height)) / 192);
    g->box = box ? box : size + (size % 2 == 0);
    g->width = width;
    g->height = height;
    g->magnitude = calloc((width + 2) * (height + 2), sizeof *g->magnitude);
    g->stack = malloc(width * height * sizeof *g->stack);
    g->line = malloc(width > height ? width : height);
    if (g->magnitude && g->stack && g->line) return OK;
    edges_free(g);
    return fail(e, E_MEMORY, "edges: no memory for %zu x %zu pixels", width, height);
}

void edges_free(struct edges *g)
{
    free(g->magnitude);
    free(g->stack);
    free(g->line);
    g->magnitude = NULL;
    g->stack = NULL;
    g->line = NULL;
}

static double median(const unsigned char *plane, size_t n)
{
    size_t count[256] = { 0 }, below = 0;
    int low = -1, high = 0;
    for (size_t i = 0; i < n; i++) count[plane[i]]++;
    for (int v = 0; v < 256; v++) {         /* values of ranks (n-1)/2 and n/2 */
        below += count[v];
        if (low < 0 && below > (n - 1) / 2) low = v;
        if (below > n / 2) {
            high = v;
            break;
        }
    }
    return (low + high) / 2.0;
}

static void sobel(const struct edges *g, const unsigned char *plane, size_t x, size_t y, int *gx, int *gy)
{
    size_t left = x ? x - 1 : 0, right = x + 1 < g->width ? x + 1 : x;
    const unsigned char *row = plane + y * g->width;
    const unsigned char *up = y ? row - g->width : row, *down = y + 1 < g->height ? row + g->width : row;
    *gx = up[right] - up[left] + 2 * (row[right] - row[left]) + down[right] - down[left];
    *gy = down[left] - up[left] + 2 * (down[x] - up[x]) + down[right] - up[right];
}

/* Whether the magnitude at m is the largest along its gradient; row: values from row to row. */
static int is_ridge(const uint16_t *m, size_t row, int gx, int gy)
{
    int x = abs(gx), y = abs(gy) << 15, t = x * TAN_22_5;
    if (y < t) return m[0] > *(m - 1) && m[0] >= m[1];
    if (y > t + (x << 16)) return m[0] > *(m - row) && m[0] >= m[row];
    if ((gx ^ gy) < 0) return m[0] > *(m - row + 1) && m[0] > *(m + row - 1);
    return m[0] > *(m - row - 1) && m[0] > *(m + row + 1);
}

/* Marks ridges as WEAK or STRONG in map; the strong ones go on the stack, whose size is returned. */
static size_t thin(struct edges *g, unsigned char *map, const unsigned char *plane, int low, int high)
{
    size_t row = g->width + 2, held = 0;
    int gx, gy;
    for (size_t y = 0; y < g->height; y++)
        for (size_t x = 0; x < g->width; x++) {
            sobel(g, plane, x, y, &gx, &gy);
            g->magnitude[(y + 1) * row + x + 1] = (uint16_t)(abs(gx) + abs(gy));
        }
    for (size_t y = 0; y < g->height; y++)
        for (size_t x = 0; x < g->width; x++) {
            const uint16_t *m = g->magnitude + (y + 1) * row + x + 1;
            size_t at = y * g->width + x;
            map[at] = NONE;
            if (*m <= low) continue;
            sobel(g, plane, x, y, &gx, &gy);
            if (!is_ridge(m, row, gx, gy)) continue;
            map[at] = *m > high ? STRONG : WEAK;
            if (*m > high) g->stack[held++] = (uint32_t)at;
        }
    return held;
}

/* Every weak point that touches a strong one becomes strong; the others vanish. */
static void join(struct edges *g, unsigned char *map, size_t held)
{
    while (held) {
        size_t at = g->stack[--held], x = at % g->width, y = at / g->width;
        for (size_t v = y ? y - 1 : 0; v <= y + 1 && v < g->height; v++)
            for (size_t u = x ? x - 1 : 0; u <= x + 1 && u < g->width; u++)
                if (map[v * g->width + u] == WEAK) {
                    map[v * g->width + u] = STRONG;
                    g->stack[held++] = (uint32_t)(v * g->width + u);
                }
    }
    for (size_t i = 0; i < g->width * g->height; i++)
        if (map[i] == WEAK) map[i] = NONE;
}

/* n values, `step` apart: each becomes 255 when one within `reach` is. */
static void widen(unsigned char *v, size_t n, size_t step, size_t reach, unsigned char *line)
{
    size_t until = 0;                   /* line[0..until) is settled */
    memset(line, 0, n);
    for (size_t i = 0; i < n; i++) {
        if (!v[i * step]) continue;
        size_t first = i > reach ? i - reach : 0, end = i + reach + 1 < n ? i + reach + 1 : n;
        for (size_t k = first > until ? first : until; k < end; k++) line[k] = 255;
        until = end;
    }
    for (size_t i = 0; i < n; i++) v[i * step] = line[i];
}

void edges_find(struct edges *g, unsigned char *map, const unsigned char *plane)
{
    const double sigma = 1.0 / 3.0;
    double m = median(plane, g->width * g->height), upper = (1.0 + sigma) * m;
    int low = (int)((1.0 - sigma) * m), high = (int)(upper < 255 ? upper : 255);
    size_t reach = (size_t)g->box / 2;
    join(g, map, thin(g, map, plane, low, high));
    for (size_t y = 0; y < g->height; y++) widen(map + y * g->width, g->width, 1, reach, g->line);
    for (size_t x = 0; x < g->width; x++) widen(map + x, g->height, g->width, reach, g->line);
}
