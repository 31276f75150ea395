/* dct_hash -- HashDetector: a perceptual hash from the low frequencies of a small gray picture.
 *
 *   gray (15-bit) -> CV_AREA to n x n, n = size lowpass -> x = float(gray) / max(largest, 1), rounded to float
 *   C[u,v] = s(u) s(v) sum over y,x of x[y,x] cos(pi (2y+1) u / 2n) cos(pi (2x+1) v / 2n),
 *            s(0) = sqrt(1/n), s = sqrt(2/n) otherwise
 *   bit[u,v] = C[u,v] > median over u,v < size (even count: the mean of the middle two)
 *   distance = share of bits that differ
 *   cut when distance >= threshold and min_scene_len frames have passed since the last cut
 *
 * The published code computes C in float with whichever transform its OpenCV was built with; these
 * differ among each other by a few 1e-7.  Here C is computed in double and rounded to float once.  The
 * transform adds and subtracts mirrored samples before it multiplies, so that what symmetry makes
 * zero is exactly zero (a flat picture has one coefficient), where the median would otherwise
 * compare rounding noise.
 * Source: PySceneDetect 0.7.1, detectors/hash_detector.py; OpenCV 4, dct. */
#include "shots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

void dct_hash_init(struct dct_hash *h)
{
    memset(h, 0, sizeof *h);
    h->threshold = 0.395;
    h->size = 16;
    h->lowpass = 2;
    h->min_scene_len = 15;
}

/* out[u] = sum of x[i] cos(pi (2i+1) u / 2n), u = 0..n-1; x is overwritten.  For even n the even
 * u are the same transform of the n/2 sums x[i] + x[n-1-i].  wave[k] = cos(pi k / 2n), k < 4n. */
static void dct(double *out, double *x, size_t n, const double *wave)
{
    size_t step = 1, turn = 4 * n;
    while (n % 2 == 0) {
        double difference[DCT_HASH_MAX_SIDE / 2];
        size_t half = n / 2;
        for (size_t i = 0; i < half; i++) {
            difference[i] = x[i] - x[n - 1 - i];
            x[i] += x[n - 1 - i];
        }
        for (size_t u = 1; u < n; u += 2) {
            double sum = 0;
            for (size_t i = 0; i < half; i++) sum += difference[i] * wave[(2 * i + 1) * u * step % turn];
            out[u * step] = sum;
        }
        n = half;
        step *= 2;
    }
    for (size_t u = 0; u < n; u++) {
        double sum = u ? 0 : (double)n * x[0];
        for (size_t i = 1; i < n; i++)      /* cosines of u > 0 add up to 0: a constant may be left out */
            sum += (x[i] - x[0]) * wave[(2 * i + 1) * u * step % turn];
        out[u * step] = sum;
    }
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Coefficients u,v < size of the n x n picture x, as floats, into c. */
static void low_frequencies(float *c, size_t size, double *x, size_t n)
{
    double line[DCT_HASH_MAX_SIDE], column[DCT_HASH_MAX_SIDE], wave[4 * DCT_HASH_MAX_SIDE];
    for (size_t k = 0; k < 4 * n; k++) wave[k] = cos(PI * (double)k / (double)(2 * n));
    for (size_t y = 0; y < n; y++) {
        memcpy(line, x + y * n, n * sizeof *line);
        dct(x + y * n, line, n, wave);
    }
    for (size_t v = 0; v < size; v++) {
        for (size_t y = 0; y < n; y++) line[y] = x[y * n + v];
        dct(column, line, n, wave);
        for (size_t u = 0; u < size; u++) {
            double scale = sqrt((u ? 2.0 : 1.0) * (v ? 2.0 : 1.0)) / (double)n;
            c[u * size + v] = (float)(column[u] * scale);
        }
    }
}

static void above_median(unsigned char *bits, const float *c, size_t count)
{
    float sorted[DCT_HASH_MAX_SIZE * DCT_HASH_MAX_SIZE];
    memcpy(sorted, c, count * sizeof *c);
    qsort(sorted, count, sizeof *sorted, compare_floats);
    float median = sorted[count / 2];
    if (count % 2 == 0) median = (sorted[count / 2 - 1] + median) / 2;
    for (size_t i = 0; i < count; i++) bits[i] = c[i] > median;
}

enum status dct_hash_bits(unsigned char *bits, int size, int lowpass, const unsigned char *rgb, size_t width,
                          size_t height, struct err *e)
{
    unsigned char small[DCT_HASH_MAX_SIDE * DCT_HASH_MAX_SIDE];
    float c[DCT_HASH_MAX_SIZE * DCT_HASH_MAX_SIZE];
    if (size < 2 || size > DCT_HASH_MAX_SIZE || lowpass < 1 || lowpass > DCT_HASH_MAX_SIDE / size)
        return fail(e, E_ARG, "hash of size %d, lowpass %d: size must be 2 to %d, size x lowpass at most %d", size,
                    lowpass, DCT_HASH_MAX_SIZE, DCT_HASH_MAX_SIDE);
    size_t n = (size_t)size * (size_t)lowpass, pixels = width * height;
    unsigned char *gray = malloc(pixels ? pixels : 1);
    double *x = malloc(n * n * sizeof *x);
    enum status s = gray && x ? OK : fail(e, E_MEMORY, "hash: no memory for %zu x %zu pixels", width, height);
    if (!s) {
        rgb_to_gray(gray, rgb, pixels);
        s = image_resize(small, n, n, gray, width, height, 1, CV_AREA, e);
    }
    if (!s) {
        float largest = 1;
        for (size_t i = 0; i < n * n; i++)
            if (small[i] > largest) largest = small[i];
        for (size_t i = 0; i < n * n; i++) x[i] = (float)((float)small[i] / largest);
        low_frequencies(c, (size_t)size, x, n);
        above_median(bits, c, (size_t)size * (size_t)size);
    }
    free(gray);
    free(x);
    return s;
}

enum status dct_hash_frame(struct dct_hash *h, int64_t frame, const unsigned char *rgb, size_t width, size_t height,
                           double *distance, struct cuts *cuts, struct err *e)
{
    unsigned char now[DCT_HASH_MAX_SIZE * DCT_HASH_MAX_SIZE];
    enum status s = dct_hash_bits(now, h->size, h->lowpass, rgb, width, height, e);
    if (s) return s;
    size_t count = (size_t)h->size * (size_t)h->size, differ = 0;
    *distance = NAN;
    if (!h->started) {
        h->last_cut = frame;
    } else {
        for (size_t i = 0; i < count; i++) differ += now[i] != h->before[i];
        *distance = (double)differ / (double)count;
        if (*distance >= h->threshold && frame - h->last_cut >= h->min_scene_len) {
            cuts_add(cuts, frame);
            h->last_cut = frame;
        }
    }
    memcpy(h->before, now, count);
    h->started = 1;
    return OK;
}
