/* rope -- rotary positions over frames, rows and columns.
 *
 *   rope_table   token n = (f*grid[1] + h)*grid[2] + w; axis a has dims[a] channels, of which
 *                pair j turns by  angle = p_a * theta^(-2j/dims[a]),  p = (f,h,w), j < dims[a]/2.
 *                The axes follow one another: cosine, sine (tokens, sum of dims / 2).
 *   rope         neighbours form a pair:  (u,v) = (x[2j], x[2j+1])  ->
 *                y[2j] = u cos - v sin,  y[2j+1] = v cos + u sin
 *
 *   x, y (tokens,heads,width), width = sum of dims; every head turns alike.
 *   dims even, may differ.  y may be x.
 *
 * Source: HunyuanVideo hyvideo/modules/posemb_layers.py (get_nd_rotary_pos_embed,
 * apply_rotary_emb); diffusers transformer_hunyuan_video.py (HunyuanVideoRotaryPosEmbed). */
#include "../real.h"

#include <math.h>

void R(rope_table)(void *ctx, real *cosine, real *sine, const size_t grid[3], const size_t dims[3],
                   double theta)
{
    (void)ctx;
    for (size_t f = 0; f < grid[0]; f++)
        for (size_t h = 0; h < grid[1]; h++)
            for (size_t w = 0; w < grid[2]; w++) {
                const size_t position[3] = { f, h, w };
                for (int a = 0; a < 3; a++)
                    for (size_t j = 0; j < dims[a] / 2; j++) {
                        double angle = (double)position[a] * pow(theta, -2.0 * (double)j / (double)dims[a]);
                        *cosine++ = (real)cos(angle);
                        *sine++ = (real)sin(angle);
                    }
            }
}

void R(rope)(void *ctx, real *y, const real *x, const real *cosine, const real *sine,
             size_t tokens, size_t heads, size_t width)
{
    (void)ctx;
    for (size_t n = 0; n < tokens; n++, cosine += width / 2, sine += width / 2)
        for (size_t h = 0; h < heads; h++, x += width, y += width)
            for (size_t j = 0; j < width / 2; j++) {
                real u = x[2 * j], v = x[2 * j + 1];
                y[2 * j] = u * cosine[j] - v * sine[j];
                y[2 * j + 1] = v * cosine[j] + u * sine[j];
            }
}
