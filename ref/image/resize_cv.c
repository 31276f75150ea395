/* resize_cv -- 8-bit resize as OpenCV's cv::resize does it (scalar forms, no IPP).
 *
 * LINEAR, CUBIC (a = -3/4): output i looks at x = (i + 1/2) scale - 1/2 and mixes 2 or 4 neighbours,
 *   whatever the scale (no antialias); weights in float, then in units of 2^-11; rows first,
 *   exact, then columns.  LINEAR drops 4 + 16 bits on the way and rounds the last two; CUBIC
 *   rounds once (22 bits).  Builds of OpenCV with IPP or older vector code sum the columns of CUBIC
 *   in float and differ by 1 in up to a few percent of samples.
 * AREA, both sides not enlarged: mean of the input pixels under an output pixel, parts of
 *   pixels by their share; whole ratios by integer sums.  Weights and sums are float, in this
 *   order, never fused.  Where a side is enlarged: LINEAR with other positions.
 * LINEAR by exactly 2 in both directions is AREA.
 *
 * scale is 1 / (dst / src) in double, which is not always src / dst; rounding is half to even
 * unless said otherwise.  Source: OpenCV modules/imgproc/src/resize.cpp. */
#include "image.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { WEIGHT_BITS = 11, ONE = 1 << WEIGHT_BITS, MOST_TAPS = 4 };

/* Output i mixes inputs first .. first+count-1, which are clamped to the image. */
struct taps { int32_t first; int16_t weight[MOST_TAPS]; };

static double scale_of(size_t n, size_t dst_n)
{
    double inverse = (double)dst_n / (double)n;
    return 1 / inverse;
}

/* One float operation with one rounding: C99 lets a machine compute in a wider type (i386, s390)
 * until the value is stored. */
static float product(float a, float b)
{
    float x = a * b;
    return x;
}

static float sum_of(float a, float b)
{
    float x = a + b;
    return x;
}

static unsigned char byte_of(float x)
{
    long v = lrintf(x);
    return (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* ---- LINEAR and CUBIC ---- */

/* The inner neighbour at distance x: ((a+2) x - (a+3)) x x + 1. */
static float cubic_inner(float x)
{
    const float a = -0.75f;
    return sum_of(product(product(sum_of(product(a + 2, x), -(a + 3)), x), x), 1);
}

static void cubic_weights(int16_t *w, float f)
{
    const float a = -0.75f, g = sum_of(f, 1);
    float c[MOST_TAPS];
    /* The outer neighbour at distance g: ((a g - 5a) g + 8a) g - 4a. */
    c[0] = sum_of(product(sum_of(product(sum_of(product(a, g), -5 * a), g), 8 * a), g), -4 * a);
    c[1] = cubic_inner(f);
    c[2] = cubic_inner(sum_of(1, -f));
    c[3] = sum_of(sum_of(sum_of(1, -c[0]), -c[1]), -c[2]);
    for (int k = 0; k < MOST_TAPS; k++) w[k] = (int16_t)lrintf(c[k] * ONE);
}

/* ends: the outermost pixels are not mixed with anything (LINEAR, along rows). */
static void axis_taps(struct taps *t, size_t n, size_t dst_n, enum resampling how, int ends)
{
    const double inverse = (double)dst_n / (double)n, scale = scale_of(n, dst_n);
    for (size_t i = 0; i < dst_n; i++) {
        int32_t s;
        float f;
        if (how == CV_AREA) {
            double start = (double)i * scale, end;
            s = (int32_t)floor(start);
            end = (s + 1) * inverse;
            f = (float)((double)(i + 1) - end);
            f = f <= 0 ? 0 : f - floorf(f);
        } else {
            double centre = ((double)i + 0.5) * scale;
            f = (float)(centre - 0.5);
            s = (int32_t)floorf(f);
            f -= (float)s;
        }
        if (ends && s < 0) { s = 0; f = 0; }
        if (ends && s >= (int32_t)n - 1) { s = (int32_t)n - 1; f = 0; }
        if (how == CV_CUBIC) {
            t[i].first = s - 1;
            cubic_weights(t[i].weight, f);
        } else {
            t[i].first = s;
            t[i].weight[0] = (int16_t)lrintf(sum_of(1, -f) * ONE);
            t[i].weight[1] = (int16_t)lrintf(f * ONE);
        }
    }
}

static size_t clamp_index(int32_t i, size_t n)
{
    return i < 0 ? 0 : (size_t)i >= n ? n - 1 : (size_t)i;
}

static void mix_row(int32_t *out, const unsigned char *row, const struct taps *t, const struct resize *z, int count)
{
    for (size_t x = 0; x < z->dst_w; x++, t++) {
        const unsigned char *in[MOST_TAPS];
        for (int k = 0; k < count; k++) in[k] = row + clamp_index(t->first + k, z->w) * z->channels;
        for (size_t ch = 0; ch < z->channels; ch++) {
            int32_t sum = 0;
            for (int k = 0; k < count; k++) sum += in[k][ch] * t->weight[k];
            *out++ = sum;
        }
    }
}

static void mix_columns_linear(unsigned char *out, int32_t *const *row, const int16_t *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)(((w[0] * (row[0][i] >> 4) >> 16) + (w[1] * (row[1][i] >> 4) >> 16) + 2) >> 2);
}

static void mix_columns_cubic(unsigned char *out, int32_t *const *row, const int16_t *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* Positive weights sum to at most 1.1875 per axis: below 1.55e9, it fits. */
        int32_t sum = 1 << (2 * WEIGHT_BITS - 1);
        for (int k = 0; k < MOST_TAPS; k++) sum += row[k][i] * w[k];
        sum = sum < 0 ? 0 : sum >> (2 * WEIGHT_BITS);
        out[i] = (unsigned char)(sum > 255 ? 255 : sum);
    }
}

static enum status resize_taps(const struct resize *z)
{
    const int count = z->how == CV_CUBIC ? 4 : 2;
    const size_t n = z->dst_w * z->channels;
    struct taps *tx = resize_memory(z->dst_w, sizeof *tx), *ty = resize_memory(z->dst_h, sizeof *ty);
    int32_t *memory = resize_memory(MOST_TAPS * n, sizeof *memory);
    size_t held[MOST_TAPS] = { SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX };    /* which input row a slot has */
    enum status s = tx && ty && memory ? OK : E_MEMORY;
    if (s == OK) {
        axis_taps(tx, z->w, z->dst_w, z->how, count == 2);
        axis_taps(ty, z->h, z->dst_h, z->how, 0);
        for (size_t y = 0; y < z->dst_h; y++) {
            int32_t *row[MOST_TAPS];
            for (int k = 0; k < count; k++) {       /* neighbouring rows fall into different slots */
                size_t from = clamp_index(ty[y].first + k, z->h), slot = from % MOST_TAPS;
                row[k] = memory + slot * n;
                if (held[slot] != from) mix_row(row[k], z->src + from * z->w * z->channels, tx, z, count);
                held[slot] = from;
            }
            if (count == 2) mix_columns_linear(z->dst + y * n, row, ty[y].weight, n);
            else mix_columns_cubic(z->dst + y * n, row, ty[y].weight, n);
        }
    }
    free(tx);
    free(ty);
    free(memory);
    return s;
}

/* ---- AREA ---- */

/* Whole ratios: sx x sy pixels to one. */
static void area_whole(const struct resize *z, size_t sx, size_t sy)
{
    /* Two by two is rounded half up, except for two channels, for which OpenCV has no fast form. */
    const int half_up = sx == 2 && sy == 2 && z->channels != 2;
    const float share = 1.0f / (float)(sx * sy);
    unsigned char *out = z->dst;
    for (size_t y = 0; y < z->dst_h; y++)
        for (size_t x = 0; x < z->dst_w; x++)
            for (size_t ch = 0; ch < z->channels; ch++) {
                int64_t sum = 0;
                for (size_t j = 0; j < sy; j++) {
                    const unsigned char *in = z->src + ((y * sy + j) * z->w + x * sx) * z->channels + ch;
                    for (size_t i = 0; i < sx; i++) sum += in[i * z->channels];
                }
                *out++ = half_up ? (unsigned char)((sum + 2) >> 2) : byte_of(product((float)sum, share));
            }
}

/* Input `from` gives `weight` of itself to output `to`. */
struct part { size_t from, to; float weight; };

/* Returns the number of parts, at most n + 2 dst_n, ordered by output, then input. */
static size_t axis_parts(struct part *p, size_t n, size_t dst_n)
{
    const double scale = scale_of(n, dst_n);
    size_t count = 0;
    for (size_t i = 0; i < dst_n; i++) {
        double low = (double)i * scale, high = low + scale;
        double cell = scale < (double)n - low ? scale : (double)n - low;
        size_t first = (size_t)ceil(low), last = (size_t)floor(high);
        if (last > n - 1) last = n - 1;
        if (first > last) first = last;
        if ((double)first - low > 1e-3)
            p[count++] = (struct part){ first - 1, i, (float)(((double)first - low) / cell) };
        for (size_t s = first; s < last; s++) p[count++] = (struct part){ s, i, (float)(1 / cell) };
        if (high - (double)last > 1e-3) {
            double rest = high - (double)last < 1 ? high - (double)last : 1;
            p[count++] = (struct part){ last, i, (float)((rest < cell ? rest : cell) / cell) };
        }
    }
    return count;
}

static enum status area_parts(const struct resize *z)
{
    const size_t n = z->dst_w * z->channels;
    struct part *px = resize_memory(z->w + 2 * z->dst_w, sizeof *px);
    struct part *py = resize_memory(z->h + 2 * z->dst_h, sizeof *py);
    float *row = resize_memory(n, sizeof *row), *sum = resize_memory(n, sizeof *sum);
    enum status s = px && py && row && sum ? OK : E_MEMORY;
    if (s == OK) {
        size_t nx = axis_parts(px, z->w, z->dst_w), ny = axis_parts(py, z->h, z->dst_h);
        for (size_t j = 0; j < ny; j++) {
            const unsigned char *in = z->src + py[j].from * z->w * z->channels;
            const float weight = py[j].weight;
            int first = j == 0 || py[j - 1].to != py[j].to, last = j + 1 == ny || py[j + 1].to != py[j].to;
            for (size_t i = 0; i < n; i++) row[i] = 0;
            for (size_t k = 0; k < nx; k++)
                for (size_t ch = 0; ch < z->channels; ch++)
                    row[px[k].to * z->channels + ch] += product(in[px[k].from * z->channels + ch], px[k].weight);
            for (size_t i = 0; i < n; i++) sum[i] = first ? product(weight, row[i]) : sum[i] + product(weight, row[i]);
            for (size_t i = 0; last && i < n; i++) z->dst[py[j].to * n + i] = byte_of(sum[i]);
        }
    }
    free(px);
    free(py);
    free(row);
    free(sum);
    return s;
}

enum status resize_cv(const struct resize *z, struct err *e)
{
    const double x = scale_of(z->w, z->dst_w), y = scale_of(z->h, z->dst_h);
    const double whole_x = rint(x), whole_y = rint(y);
    const int whole = fabs(x - whole_x) < DBL_EPSILON && fabs(y - whole_y) < DBL_EPSILON;
    const int shrinks = x >= 1 && y >= 1, halves = whole && whole_x == 2 && whole_y == 2;
    enum status s = OK;
    if ((z->how == CV_AREA && shrinks) || (z->how == CV_LINEAR && halves)) {
        if (whole) area_whole(z, (size_t)whole_x, (size_t)whole_y);
        else s = area_parts(z);
    } else {
        s = resize_taps(z);
    }
    if (s != OK) fail(e, s, "resize: no memory for %zu x %zu to %zu x %zu", z->w, z->h, z->dst_w, z->dst_h);
    return s;
}
