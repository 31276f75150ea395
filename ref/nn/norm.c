/* norm -- layer norm, RMS norm, and the adaptive scale, shift and gate around them.
 *
 *   layernorm   y = (x - mean) / sqrt(var + eps) * g + b     var = mean of (x - mean)^2 (biased)
 *   rmsnorm     y = x / sqrt(mean of x^2 + eps) * g
 *   modulate    y = x * (1 + scale) + shift
 *   gated_add   y = y + gate * x
 *   add         y = y + x
 *
 *   x, y (rows,width)    g, b, scale, shift, gate (width); g and b may be NULL: 1 and 0
 *   y may be x in the first three.  Statistics in double in both builds: they are memory-bound anyway.
 *
 * Source: torch.nn.LayerNorm (docs); diffusers src/diffusers/models/normalization.py, classes
 * RMSNorm, AdaLayerNormZero, AdaLayerNormContinuous; HunyuanVideo hyvideo/modules/modulate_layers.py. */
#include "../real.h"

#include <math.h>

enum { BLOCK = 512 };       /* parameters read at a time */

/* y = y*g + b in place; columns outermost, so that each parameter is read once. */
static void affine(real *y, const struct weight *g, const struct weight *b, size_t rows, size_t width)
{
    for (size_t first = 0; first < width; first += BLOCK) {
        size_t n = width - first < BLOCK ? width - first : BLOCK;
        real gain[BLOCK], offset[BLOCK];
        if (g) R(weight_read)(gain, g, first, n);
        if (b) R(weight_read)(offset, b, first, n);
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < n; i++) {
                real *at = &y[r * width + first + i];
                if (g) *at *= gain[i];
                if (b) *at += offset[i];
            }
    }
}

void R(layernorm)(void *ctx, real *y, const real *x, const struct weight *g, const struct weight *b,
                  size_t rows, size_t width, double eps)
{
    (void)ctx;
    for (size_t r = 0; r < rows; r++) {
        const real *xr = x + r * width;
        double mean = 0, var = 0;
        for (size_t i = 0; i < width; i++) mean += xr[i];
        mean /= (double)width;
        for (size_t i = 0; i < width; i++) var += (xr[i] - mean) * (xr[i] - mean);
        var /= (double)width;
        double scale = 1 / sqrt(var + eps);
        for (size_t i = 0; i < width; i++) y[r * width + i] = (real)((xr[i] - mean) * scale);
    }
    affine(y, g, b, rows, width);
}

void R(rmsnorm)(void *ctx, real *y, const real *x, const struct weight *g,
                size_t rows, size_t width, double eps)
{
    (void)ctx;
    for (size_t r = 0; r < rows; r++) {
        const real *xr = x + r * width;
        double square = 0;
        for (size_t i = 0; i < width; i++) square += (double)xr[i] * xr[i];
        double scale = 1 / sqrt(square / (double)width + eps);
        for (size_t i = 0; i < width; i++) y[r * width + i] = (real)(xr[i] * scale);
    }
    affine(y, g, NULL, rows, width);
}

void R(modulate)(void *ctx, real *y, const real *x, const real *shift, const real *scale,
                 size_t rows, size_t width)
{
    (void)ctx;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < width; i++)
            y[r * width + i] = x[r * width + i] * (1 + scale[i]) + shift[i];
}

void R(gated_add)(void *ctx, real *y, const real *x, const real *gate, size_t rows, size_t width)
{
    (void)ctx;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < width; i++)
            y[r * width + i] += gate[i] * x[r * width + i];
}

void R(add)(void *ctx, real *y, const real *x, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}
