/* levels -- minimum, 10 % and 90 % points, maximum and mean of a plane.
 *
 *   low  = first value v with count(samples <= v) >= rne(n / 10), high the same with rne(9 n / 10)
 *
 * (n samples; rne: to the nearest integer, ties to even).  Source: libavfilter's signalstats
 * (YMIN YLOW YAVG YHIGH YMAX), documented in FFmpeg's filter manual. */
#include "luma.h"

#include <math.h>

void levels_of(struct levels *l, const struct plane *p)
{
    uint64_t count[256] = { 0 }, n = (uint64_t)p->width * p->height, below = 0, sum = 0;
    double tenth = nearbyint((double)n / 10), nine = nearbyint((double)n * 9 / 10);
    for (size_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++) count[p->data[y * p->stride + x]]++;
    l->min = l->low = l->high = l->max = -1;
    for (int v = 0; v < 256; v++) {
        if (!count[v]) continue;
        below += count[v];
        sum += count[v] * (uint64_t)v;
        if (l->min < 0) l->min = v;
        if (l->low < 0 && (double)below >= tenth) l->low = v;
        if (l->high < 0 && (double)below >= nine) l->high = v;
        l->max = v;
    }
    l->mean = (double)sum / (double)n;
}
