/* resize_pil -- 8-bit resize as Pillow's Image.resize does it: every output pixel is a weighted
 * mean of all input pixels under a kernel that grows with the reduction (antialias).
 *
 *   scale = n / dst_n, stretch = max(scale, 1), reach = support * stretch
 *   output i: centre c = (i + 1/2) scale, inputs int(c - reach + 1/2) <= j < int(c + reach + 1/2)
 *   weight = K((j - c + 1/2) / stretch), normalised to sum 1, then in units of 2^-22
 *   K: box 1/2; bilinear 1; bicubic a = -1/2, 2; Lanczos sinc(x) sinc(x/3), 3   (name, support)
 *
 * Rows first, then columns; each pass rounds half up to bytes.  A pass that keeps its size is left
 * out.  (Pillow up to 11.3; 13.0 takes columns first for some sizes.  The order shows, as bytes are
 * rounded and clamped in between: on noise by 1 for bilinear, up to 14 for Lanczos.)
 *
 * Weights are computed in double; sin is the C library's, whose last digit is far below 2^-22.
 * Source: Pillow src/libImaging/Resample.c. */
#include "image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHT_BITS = 22 };

struct window { size_t first, count; };     /* inputs of one output */
struct axis {
    struct window *window;                  /* dst_n */
    int32_t *weight;                        /* dst_n x most */
    size_t most;
};

static double support_of(enum resampling r)
{
    return r == PIL_BOX ? 0.5 : r == PIL_BILINEAR ? 1 : r == PIL_BICUBIC ? 2 : 3;
}

static double sinc(double x)
{
    const double pi = 3.14159265358979323846;
    return x == 0 ? 1 : sin(x * pi) / (x * pi);
}

static double kernel(enum resampling r, double x)
{
    if (r == PIL_BOX) return x > -0.5 && x <= 0.5;
    if (r == PIL_LANCZOS) return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    x = fabs(x);
    if (r == PIL_BILINEAR) return x < 1 ? 1 - x : 0;
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? -0.5 * (((x - 5) * x + 8) * x - 4) : 0;
}

/* The weights of output i; w has room for a->most. */
static void axis_output(struct axis *a, double *w, size_t i, size_t n, double scale, enum resampling r)
{
    double stretch = scale > 1 ? scale : 1, reach = support_of(r) * stretch, centre = ((double)i + 0.5) * scale;
    double low = centre - reach + 0.5, high = centre + reach + 0.5, sum = 0, shrink = 1 / stretch;
    size_t first = low > 0 ? (size_t)low : 0, end = high < (double)n ? (size_t)high : n;
    size_t count = end - first;
    for (size_t k = 0; k < count; k++) {
        w[k] = kernel(r, ((double)(k + first) - centre + 0.5) * shrink);
        sum += w[k];
    }
    a->window[i] = (struct window){ first, count };
    for (size_t k = 0; k < count; k++) {
        double units = (sum != 0 ? w[k] / sum : w[k]) * (1 << WEIGHT_BITS);
        a->weight[i * a->most + k] = (int32_t)(units < 0 ? units - 0.5 : units + 0.5);
    }
}

static void axis_free(struct axis *a)
{
    free(a->window);
    free(a->weight);
}

/* Returns 1, or 0 without memory (a is then still to be freed). */
static int axis_create(struct axis *a, size_t n, size_t dst_n, enum resampling r)
{
    double scale = (double)n / (double)dst_n, *w;
    a->most = (size_t)ceil(support_of(r) * (scale > 1 ? scale : 1)) * 2 + 1;
    a->window = resize_memory(dst_n, sizeof *a->window);
    a->weight = a->most > SIZE_MAX / dst_n ? NULL : resize_memory(dst_n * a->most, sizeof *a->weight);
    w = resize_memory(a->most, sizeof *w);
    if (a->window && a->weight && w)
        for (size_t i = 0; i < dst_n; i++) axis_output(a, w, i, n, scale, r);
    free(w);
    return a->window && a->weight && w;
}

static unsigned char to_byte(int32_t sum)
{
    if (sum < 0) return 0;
    sum >>= WEIGHT_BITS;
    return (unsigned char)(sum > 255 ? 255 : sum);
}

/* One pass along x: h rows of w pixels -> h rows of dst_w. */
static void pass_rows(unsigned char *dst, const unsigned char *src, const struct axis *a, size_t dst_w, size_t w,
                      size_t h, size_t channels)
{
    for (size_t y = 0; y < h; y++, src += w * channels)
        for (size_t x = 0; x < dst_w; x++) {
            const int32_t *weight = a->weight + x * a->most;
            const unsigned char *in = src + a->window[x].first * channels;
            for (size_t ch = 0; ch < channels; ch++) {
                int32_t sum = 1 << (WEIGHT_BITS - 1);
                for (size_t k = 0; k < a->window[x].count; k++) sum += in[k * channels + ch] * weight[k];
                *dst++ = to_byte(sum);
            }
        }
}

/* One pass along y, on rows of `row` bytes. */
static void pass_columns(unsigned char *dst, const unsigned char *src, const struct axis *a, size_t dst_h, size_t row)
{
    for (size_t y = 0; y < dst_h; y++) {
        const int32_t *weight = a->weight + y * a->most;
        const unsigned char *in = src + a->window[y].first * row;
        for (size_t i = 0; i < row; i++) {
            int32_t sum = 1 << (WEIGHT_BITS - 1);
            for (size_t k = 0; k < a->window[y].count; k++) sum += in[k * row + i] * weight[k];
            *dst++ = to_byte(sum);
        }
    }
}

enum status resize_pil(const struct resize *z, struct err *e)
{
    struct axis ax = { 0 }, ay = { 0 };
    unsigned char *between = NULL;
    const unsigned char *rows = z->src;
    size_t row = z->dst_w * z->channels;
    enum status s = OK;
    int wide = z->dst_w != z->w, high = z->dst_h != z->h;

    if (wide && high) {
        between = resize_memory(z->h, row);
        if (!between) goto no_memory;
    }
    if (wide) {
        unsigned char *out = high ? between : z->dst;
        if (!axis_create(&ax, z->w, z->dst_w, z->how)) goto no_memory;
        pass_rows(out, z->src, &ax, z->dst_w, z->w, z->h, z->channels);
        rows = out;
    }
    if (high) {
        if (!axis_create(&ay, z->h, z->dst_h, z->how)) goto no_memory;
        pass_columns(z->dst, rows, &ay, z->dst_h, row);
    }
    if (!wide && !high) memcpy(z->dst, z->src, z->h * row);
    goto out;
no_memory:
    s = fail(e, E_MEMORY, "resize: no memory for %zu x %zu to %zu x %zu", z->w, z->h, z->dst_w, z->dst_h);
out:
    free(between);
    axis_free(&ax);
    axis_free(&ay);
    return s;
}
