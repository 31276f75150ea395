/* islands -- the sinusoid and the rotary table as the published code computes them: in
 * float32 whatever the type of the model.  6000*f then rounds to 2e-4 rad, which alone moves
 * the output of the network by up to 3e-5.
 * Source: HunyuanVideo hyvideo/modules/embed_layers.py (timestep_embedding), posemb_layers.py
 * (get_1d_rotary_pos_embed): frequency, product, cosine and sine are float32 operations. */
#include "real.h"
#include "rounded.h"

#include <math.h>

static void sinusoid_islands(void *ctx, real *y, const real *t, size_t count, size_t width)
{
    const size_t half = width / 2;
    const float slope = (float)-log(10000.0);
    (void)ctx;
    for (size_t c = 0; c < count; c++)
        for (size_t j = 0; j < half; j++) {
            float exponent = slope * (float)j;      /* each assignment is one float32 rounding */
            exponent = exponent / (float)half;
            float frequency = (float)exp(exponent);
            float angle = (float)t[c] * frequency;
            y[c * width + j] = (float)cos(angle);
            y[c * width + half + j] = (float)sin(angle);
        }
}

static void rope_table_islands(void *ctx, real *cosine, real *sine, const size_t grid[3], const size_t dims[3],
                               double theta)
{
    (void)ctx;
    for (size_t n = 0; n < grid[0] * grid[1] * grid[2]; n++) {
        const size_t position[3] = { n / (grid[1] * grid[2]), n / grid[2] % grid[1], n % grid[2] };
        for (int a = 0; a < 3; a++)
            for (size_t j = 0; j < dims[a] / 2; j++) {
                float exponent = (float)(2 * j) / (float)dims[a];
                float frequency = 1 / (float)pow(theta, exponent);
                float angle = (float)position[a] * frequency;
                *cosine++ = (float)cos(angle);
                *sine++ = (float)sin(angle);
            }
    }
}

void R(islands_f32)(struct R(kernels) *k)
{
    k->sinusoid = sinusoid_islands;
    k->rope_table = rope_table_islands;
}
