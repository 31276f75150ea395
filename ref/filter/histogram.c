/* histogram -- HistogramDetector: correlation of the brightness histograms of two frames.
 *
 *   Y     = 14-bit luma (rgb_to_luma14)            bin = floor(Y bins / 256)
 *   a     = counts scaled to a Euclidean norm of 1, each rounded to float
 *   corr  = (sum ab - sum a sum b / bins) / sqrt((sum aa - (sum a)^2 / bins)(sum bb - (sum b)^2 / bins))
 *           1 when the product under the root is at most 2^-52, as for two flat histograms
 *   cut when corr <= clamp(1 - threshold, 0, 1) and min_scene_len frames have passed since the
 *   last cut (at first: since the first frame)
 * Source: PySceneDetect 0.7.1, detectors/histogram_detector.py; OpenCV 4, normalize (NORM_L2) and
 * compareHist (HISTCMP_CORREL). */
#include "shots.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { PIXELS_AT_ONCE = 1024 };

void histogram_init(struct histogram *h)
{
    memset(h, 0, sizeof *h);
    h->threshold = 0.05;
    h->bins = 256;
    h->min_scene_len = 15;
}

static void count(float *counts, int bins, const unsigned char *rgb, size_t pixels)
{
    unsigned char luma[PIXELS_AT_ONCE];
    size_t total[HISTOGRAM_MAX_BINS] = { 0 };
    for (size_t first = 0; first < pixels; first += PIXELS_AT_ONCE) {
        size_t n = pixels - first < PIXELS_AT_ONCE ? pixels - first : PIXELS_AT_ONCE;
        rgb_to_luma14(luma, rgb + 3 * first, n);
        for (size_t i = 0; i < n; i++) total[luma[i] * bins / 256]++;
    }
    for (int i = 0; i < bins; i++) counts[i] = (float)total[i];
}

/* The scale is rounded to float before it multiplies: the last bits of the correlation show it. */
static void normalize(float *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)v[i] * v[i];
    float scale = sum > 0 ? (float)(1.0 / sqrt(sum)) : 0;
    for (int i = 0; i < n; i++) v[i] *= scale;
}

static double correlation(const float *a, const float *b, int n)
{
    double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int i = 0; i < n; i++) {
        sa += a[i];
        sb += b[i];
        saa += (double)a[i] * a[i];
        sbb += (double)b[i] * b[i];
        sab += (double)a[i] * b[i];
    }
    double share = 1.0 / n;
    double top = sab - sa * sb * share;
    double under = (saa - sa * sa * share) * (sbb - sb * sb * share);
    return fabs(under) > DBL_EPSILON ? top / sqrt(under) : 1.0;
}

double histogram_frame(struct histogram *h, int64_t frame, const unsigned char *rgb, size_t pixels, struct cuts *cuts)
{
    float now[HISTOGRAM_MAX_BINS];
    double corr = NAN, level = 1.0 - h->threshold;
    level = level < 0 ? 0 : level > 1 ? 1 : level;
    count(now, h->bins, rgb, pixels);
    normalize(now, h->bins);
    if (!h->started) {
        h->last_cut = frame;
    } else {
        corr = correlation(h->before, now, h->bins);
        if (corr <= level && frame - h->last_cut >= h->min_scene_len) {
            cuts_add(cuts, frame);
            h->last_cut = frame;
        }
    }
    memcpy(h->before, now, (size_t)h->bins * sizeof *now);
    h->started = 1;
    return corr;
}
