/* embed -- scalars, texts and latents on their way into and out of the token stream.
 *
 *   sinusoid      y[c, j] = cos(t[c] f_j),  y[c, width/2 + j] = sin(t[c] f_j),
 *                 f_j = 10000^(-j / (width/2)),  j < width/2.    t (count)   y (count,width)
 *   masked_mean   y = sum over tokens of mask * x / sum of mask.   x (tokens,width)   y (width)
 *                 At least one token must be unmasked.
 *   patchify      y[token, ((c*pt + dt)*ph + dy)*pw + dx] = x[c, f*pt + dt, h*ph + dy, w*pw + dx],
 *                 token = (f*grid[1] + h)*grid[2] + w.   x (channels, frames, rows, columns)
 *   unpatchify    the inverse
 *   concat        y[r] = a[r] followed by b[r].   a (rows,width_a)   b (rows,width_b)
 *   store         rounds x to the storage type of the arithmetic: nothing to do here.  It
 *                 stands where the published code casts a float32 island to the model's type.
 *
 * Source: HunyuanVideo hyvideo/modules/embed_layers.py (timestep_embedding, PatchEmbed),
 * token_refiner.py (mean), models.py (unpatchify). */
#include "../real.h"

#include <math.h>
#include <string.h>

void R(sinusoid)(void *ctx, real *y, const real *t, size_t count, size_t width)
{
    const size_t half = width / 2;
    (void)ctx;
    for (size_t c = 0; c < count; c++)
        for (size_t j = 0; j < half; j++) {
            double angle = t[c] * exp(-log(10000.0) * (double)j / (double)half);
            y[c * width + j] = (real)cos(angle);
            y[c * width + half + j] = (real)sin(angle);
        }
}

void R(masked_mean)(void *ctx, real *y, const real *x, const unsigned char *mask,
                    size_t tokens, size_t width)
{
    (void)ctx;
    for (size_t i = 0; i < width; i++) {
        double sum = 0, count = 0;
        for (size_t n = 0; n < tokens; n++)
            if (mask[n]) { sum += x[n * width + i]; count++; }
        y[i] = (real)(sum / count);
    }
}

/* Walks a latent in the order of its patches: calls for every (latent index, patch index). */
#define FOR_EACH_PATCH_ELEMENT(at_latent, at_patch, body)                                        \
    for (size_t f = 0, at_patch = 0; f < grid[0]; f++)                                           \
        for (size_t h = 0; h < grid[1]; h++)                                                     \
            for (size_t w = 0; w < grid[2]; w++)                                                 \
                for (size_t c = 0; c < channels; c++)                                            \
                    for (size_t dt = 0; dt < patch[0]; dt++)                                     \
                        for (size_t dy = 0; dy < patch[1]; dy++)                                 \
                            for (size_t dx = 0; dx < patch[2]; dx++, at_patch++) {               \
                                size_t at_latent = ((c * grid[0] * patch[0] + f * patch[0] + dt) \
                                    * grid[1] * patch[1] + h * patch[1] + dy)                    \
                                    * grid[2] * patch[2] + w * patch[2] + dx;                    \
                                body;                                                            \
                            }

void R(patchify)(void *ctx, real *y, const real *x, size_t channels, const size_t grid[3],
                 const size_t patch[3])
{
    (void)ctx;
    FOR_EACH_PATCH_ELEMENT(l, p, y[p] = x[l])
}

void R(unpatchify)(void *ctx, real *y, const real *x, size_t channels, const size_t grid[3],
                   const size_t patch[3])
{
    (void)ctx;
    FOR_EACH_PATCH_ELEMENT(l, p, y[l] = x[p])
}

void R(concat)(void *ctx, real *y, const real *a, size_t width_a, const real *b, size_t width_b,
               size_t rows)
{
    (void)ctx;
    for (size_t r = 0; r < rows; r++, y += width_a + width_b) {
        memcpy(y, a + r * width_a, width_a * sizeof *y);
        memcpy(y + width_a, b + r * width_b, width_b * sizeof *y);
    }
}

void R(store)(void *ctx, real *x, size_t n)
{
    (void)ctx; (void)x; (void)n;
}
