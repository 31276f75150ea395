/* wrong_kernels -- kernels with one mistake each.  Every function is the right formula of
 * nn/ or sample/ with a single thing done the other way; where the mistake is in an
 * argument, the right kernel is called with the wrong argument. */
#include "../real.h"
#include "mutant.h"

#include <math.h>
#include <string.h>

/* ---- conditioning ---- */

static void add_activated(void *ctx, real *y, const real *x, size_t n)
{
    R(add)(ctx, y, x, n);
    R(silu)(ctx, y, y, n);
}

static void sinusoid_sine_first(void *ctx, real *y, const real *t, size_t count, size_t width)
{
    R(sinusoid)(ctx, y, t, count, width);
    for (size_t c = 0; c < count; c++)
        for (size_t j = 0; j < width / 2; j++) {
            real *at = y + c * width + j, cosine = *at;
            *at = at[width / 2];
            at[width / 2] = cosine;
        }
}

static void sinusoid_127(void *ctx, real *y, const real *t, size_t count, size_t width)
{
    const size_t half = width / 2;
    (void)ctx;
    for (size_t c = 0; c < count; c++)
        for (size_t j = 0; j < half; j++) {
            double angle = t[c] * exp(-log(10000.0) * (double)j / (double)(half - 1));
            y[c * width + j] = (real)cos(angle);
            y[c * width + half + j] = (real)sin(angle);
        }
}

static void sinusoid_unscaled(void *ctx, real *y, const real *t, size_t count, size_t width)
{
    for (size_t c = 0; c < count; c++) {
        real in_one = t[c] / 1000;
        R(sinusoid)(ctx, y + c * width, &in_one, 1, width);
    }
}

static void sinusoid_bf16(void *ctx, real *y, const real *t, size_t count, size_t width)
{
    for (size_t c = 0; c < count; c++) {
        real rounded = (real)round_to(BF16, t[c]);
        R(sinusoid)(ctx, y + c * width, &rounded, 1, width);
    }
}

/* ---- norms, modulation, activations ---- */

static void modulate_swapped(void *ctx, real *y, const real *x, const real *shift, const real *scale, size_t rows,
                             size_t width)
{
    R(modulate)(ctx, y, x, scale, shift, rows, width);
}

static void modulate_plain(void *ctx, real *y, const real *x, const real *shift, const real *scale, size_t rows,
                           size_t width)
{
    (void)ctx;
    for (size_t n = 0; n < rows * width; n++) y[n] = x[n] * scale[n % width] + shift[n % width];
}

static void add_ungated(void *ctx, real *y, const real *x, const real *gate, size_t rows, size_t width)
{
    (void)gate;
    R(add)(ctx, y, x, rows * width);
}

static void layernorm_1e5(void *ctx, real *y, const real *x, const struct weight *g, const struct weight *b,
                          size_t rows, size_t width, double eps)
{
    (void)eps;
    R(layernorm)(ctx, y, x, g, b, rows, width, 1e-5);
}

/* 1/sqrt(v*n/(n-1) + eps) = sqrt((n-1)/n) / sqrt(v + eps*(n-1)/n) */
static void layernorm_n_minus_1(void *ctx, real *y, const real *x, const struct weight *g, const struct weight *b,
                                size_t rows, size_t width, double eps)
{
    double ratio = (double)(width - 1) / (double)width;
    R(layernorm)(ctx, y, x, NULL, NULL, rows, width, eps * ratio);
    for (size_t n = 0; n < rows * width; n++) {
        real gain = 1, offset = 0;
        if (g) R(weight_read)(&gain, g, n % width, 1);
        if (b) R(weight_read)(&offset, b, n % width, 1);
        y[n] = (real)(y[n] * sqrt(ratio)) * gain + offset;
    }
}

static void rmsnorm_1e5(void *ctx, real *y, const real *x, const struct weight *g, size_t rows, size_t width,
                        double eps)
{
    (void)eps;
    R(rmsnorm)(ctx, y, x, g, rows, width, 1e-5);
}

static void rmsnorm_omitted(void *ctx, real *y, const real *x, const struct weight *g, size_t rows, size_t width,
                            double eps)
{
    (void)ctx; (void)g; (void)eps;
    memmove(y, x, rows * width * sizeof *y);
}

static void rmsnorm_unweighted(void *ctx, real *y, const real *x, const struct weight *g, size_t rows, size_t width,
                               double eps)
{
    (void)g;
    R(rmsnorm)(ctx, y, x, NULL, rows, width, eps);
}

static void gelu_erf(void *ctx, real *y, const real *x, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) y[i] = (real)(x[i] / 2.0 * (1 + erf(x[i] * 0.70710678118654752440)));
}

static void silu_omitted(void *ctx, real *y, const real *x, size_t n)
{
    (void)ctx;
    memmove(y, x, n * sizeof *y);
}

/* ---- attention and positions ---- */

static void attention_all_pairs(void *ctx, real *y, const real *q, const real *k, const real *v,
                                const unsigned char *allow, size_t tokens, size_t keys, size_t heads, size_t width,
                                real *row)
{
    (void)allow;
    R(attention)(ctx, y, q, k, v, NULL, tokens, keys, heads, width, row);
}

static void attention_all_keys(void *ctx, real *y, const real *q, const real *k, const real *v,
                               const unsigned char *allow, size_t tokens, size_t keys, size_t heads, size_t width,
                               real *row)
{
    (void)keys;
    R(attention)(ctx, y, q, k, v, allow, tokens, tokens, heads, width, row);
}

/* Without the division by sqrt(width). */
static void attention_unscaled(void *ctx, real *y, const real *q, const real *k, const real *v,
                               const unsigned char *allow, size_t tokens, size_t keys, size_t heads, size_t width,
                               real *row)
{
    const size_t stride = heads * width;
    (void)ctx;
    for (size_t n = 0; n < tokens; n++)
        for (size_t h = 0; h < heads; h++) {
            real largest = -(real)INFINITY, total = 0, *yn = y + n * stride + h * width;
            for (size_t m = 0; m < keys; m++) {
                row[m] = 0;
                for (size_t i = 0; i < width; i++)
                    row[m] += q[n * stride + h * width + i] * k[m * stride + h * width + i];
                if (allow && !allow[n * tokens + m]) row[m] = -(real)INFINITY;
                if (row[m] > largest) largest = row[m];
            }
            for (size_t i = 0; i < width; i++) yn[i] = 0;
            for (size_t m = 0; m < keys; m++) {
                real p = (real)exp(row[m] - largest);
                total += p;
                for (size_t i = 0; i < width; i++) yn[i] += p * v[m * stride + h * width + i];
            }
            for (size_t i = 0; i < width; i++) yn[i] /= total;
        }
}

static void masked_mean_all(void *ctx, real *y, const real *x, const unsigned char *mask, size_t tokens, size_t width)
{
    (void)ctx; (void)mask;
    for (size_t i = 0; i < width; i++) {
        double sum = 0;
        for (size_t n = 0; n < tokens; n++) sum += x[n * width + i];
        y[i] = (real)(sum / (double)tokens);
    }
}

static void rope_table_10000(void *ctx, real *cosine, real *sine, const size_t grid[3], const size_t dims[3],
                             double theta)
{
    (void)theta;
    R(rope_table)(ctx, cosine, sine, grid, dims, 10000);
}

/* Axis a of the angles follows position axis order[a]. */
static void permuted_table(real *cosine, real *sine, const size_t grid[3], const size_t dims[3], double theta,
                           const int order[3])
{
    for (size_t n = 0; n < grid[0] * grid[1] * grid[2]; n++) {
        const size_t position[3] = { n / (grid[1] * grid[2]), n / grid[2] % grid[1], n % grid[2] };
        for (int a = 0; a < 3; a++)
            for (size_t j = 0; j < dims[a] / 2; j++) {
                double angle = (double)position[order[a]] * pow(theta, -2.0 * (double)j / (double)dims[a]);
                *cosine++ = (real)cos(angle);
                *sine++ = (real)sin(angle);
            }
    }
}

static void rope_table_reversed(void *ctx, real *cosine, real *sine, const size_t grid[3], const size_t dims[3],
                                double theta)
{
    (void)ctx;
    permuted_table(cosine, sine, grid, dims, theta, (const int[3]){ 2, 1, 0 });
}

static void rope_table_h_w(void *ctx, real *cosine, real *sine, const size_t grid[3], const size_t dims[3],
                           double theta)
{
    (void)ctx;
    permuted_table(cosine, sine, grid, dims, theta, (const int[3]){ 0, 2, 1 });
}

/* Pairs (j, j + width/2) instead of (2j, 2j+1). */
static void rope_halves(void *ctx, real *y, const real *x, const real *cosine, const real *sine, size_t tokens,
                        size_t heads, size_t width)
{
    const size_t half = width / 2;
    (void)ctx;
    for (size_t n = 0; n < tokens; n++, cosine += half, sine += half)
        for (size_t h = 0; h < heads; h++, x += width, y += width)
            for (size_t j = 0; j < half; j++) {
                real u = x[j], v = x[j + half];
                y[j] = u * cosine[j] - v * sine[j];
                y[j + half] = v * cosine[j] + u * sine[j];
            }
}

static void rope_backwards(void *ctx, real *y, const real *x, const real *cosine, const real *sine, size_t tokens,
                           size_t heads, size_t width)
{
    (void)ctx;
    for (size_t n = 0; n < tokens; n++, cosine += width / 2, sine += width / 2)
        for (size_t h = 0; h < heads; h++, x += width, y += width)
            for (size_t j = 0; j < width / 2; j++) {
                real u = x[2 * j], v = x[2 * j + 1];
                y[2 * j] = u * cosine[j] + v * sine[j];
                y[2 * j + 1] = v * cosine[j] - u * sine[j];
            }
}

/* ---- patches and joins ---- */

/* Where element (channel, place) of a token lies when the channel is the fastest index. */
static void patchify_channels_fastest(void *ctx, real *y, const real *x, size_t channels, const size_t grid[3],
                                      const size_t patch[3])
{
    const size_t places = patch[0] * patch[1] * patch[2], n = grid[0] * grid[1] * grid[2] * channels * places;
    for (size_t token = 0; token < n / (channels * places); token++) {
        const size_t f = token / (grid[1] * grid[2]), h = token / grid[2] % grid[1], w = token % grid[2];
        for (size_t c = 0; c < channels; c++)
            for (size_t place = 0; place < places; place++) {
                const size_t dt = place / (patch[1] * patch[2]), dy = place / patch[2] % patch[1], dx = place % patch[2];
                y[(token * places + place) * channels + c] =
                    x[((c * grid[0] * patch[0] + f * patch[0] + dt) * grid[1] * patch[1] + h * patch[1] + dy)
                      * grid[2] * patch[2] + w * patch[2] + dx];
            }
    }
    (void)ctx;
}

/* swap: rows and columns of a patch change places; otherwise the channel is the fastest index */
static void unpatchify_wrong(real *y, const real *x, size_t channels, const size_t grid[3], const size_t patch[3],
                             int swap)
{
    const size_t places = patch[0] * patch[1] * patch[2];
    for (size_t token = 0; token < grid[0] * grid[1] * grid[2]; token++) {
        const size_t f = token / (grid[1] * grid[2]), h = token / grid[2] % grid[1], w = token % grid[2];
        for (size_t c = 0; c < channels; c++)
            for (size_t place = 0; place < places; place++) {
                const size_t dt = place / (patch[1] * patch[2]), dy = place / patch[2] % patch[1], dx = place % patch[2];
                const size_t from = swap ? c * places + (dt * patch[2] + dx) * patch[1] + dy : place * channels + c;
                y[((c * grid[0] * patch[0] + f * patch[0] + dt) * grid[1] * patch[1] + h * patch[1] + dy)
                  * grid[2] * patch[2] + w * patch[2] + dx] = x[token * channels * places + from];
            }
    }
}

static void unpatchify_channels_fastest(void *ctx, real *y, const real *x, size_t channels, const size_t grid[3],
                                        const size_t patch[3])
{
    (void)ctx;
    unpatchify_wrong(y, x, channels, grid, patch, 0);
}

static void unpatchify_swapped(void *ctx, real *y, const real *x, size_t channels, const size_t grid[3],
                               const size_t patch[3])
{
    (void)ctx;
    unpatchify_wrong(y, x, channels, grid, patch, 1);
}

static void concat_b_first(void *ctx, real *y, const real *a, size_t width_a, const real *b, size_t width_b,
                           size_t rows)
{
    R(concat)(ctx, y, b, width_b, a, width_a, rows);
}

/* ---- sampler ---- */

static void sigmas_unshifted(void *ctx, real *sigma, size_t steps, double shift)
{
    (void)shift;
    R(flow_sigmas)(ctx, sigma, steps, 1);
}

static double shifted(double s, double shift) { return shift * s / (1 + (shift - 1) * s); }

static void sigmas_shifted_twice(void *ctx, real *sigma, size_t steps, double shift)
{
    R(flow_sigmas)(ctx, sigma, steps, shift);
    for (size_t i = 0; i <= steps; i++) sigma[i] = (real)shifted(sigma[i], shift);
}

/* N points from 1 to 1/1000, a 0 after them: what a scheduler called without sigmas makes. */
static void sigmas_to_one_thousandth(void *ctx, real *sigma, size_t steps, double shift)
{
    (void)ctx;
    for (size_t i = 0; i < steps; i++) {
        double part = steps > 1 ? (double)i / (double)(steps - 1) : 0;
        sigma[i] = (real)shifted(1 + part * (0.001 - 1), shift);
    }
    sigma[steps] = 0;
}

static void sigmas_reversed(void *ctx, real *sigma, size_t steps, double shift)
{
    R(flow_sigmas)(ctx, sigma, steps, shift);
    for (size_t i = 0; i <= steps; i++) sigma[i] = 1 - sigma[i];
}

static void times_next(void *ctx, real *t, const real *sigma, size_t steps)
{
    R(flow_times)(ctx, t, sigma + 1, steps);
}

static void times_in_one(void *ctx, real *t, const real *sigma, size_t steps)
{
    (void)ctx;
    memcpy(t, sigma, steps * sizeof *t);
}

static void guidance_in_one(void *ctx, real *g, double scale, size_t n)
{
    R(guidance_input)(ctx, g, scale / 1000, n);
}

static void guide_on_cond(void *ctx, real *v, const real *cond, const real *uncond, double scale, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) v[i] = cond[i] + (real)scale * (cond[i] - uncond[i]);
}

static void guide_swapped(void *ctx, real *v, const real *cond, const real *uncond, double scale, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) v[i] = cond[i] + (real)scale * (uncond[i] - cond[i]);
}

static void euler_backwards(void *ctx, real *x, const real *v, const real *sigma, size_t step, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) x[i] -= v[i] * (sigma[step + 1] - sigma[step]);
}

/* ---- which kernel each one replaces ---- */

#define REPLACE(name, kernel, wrong) void R(wrong_##name)(struct R(kernels) *k) { k->kernel = wrong; }
#define WRONG(name) void R(wrong_##name)(struct R(kernels) *k);
#include "wrong_kernels.h"
#undef WRONG

REPLACE(conditioning_activated, add, add_activated)
REPLACE(sinusoid_sine_first, sinusoid, sinusoid_sine_first)
REPLACE(sinusoid_divisor_127, sinusoid, sinusoid_127)
REPLACE(time_unscaled, sinusoid, sinusoid_unscaled)
REPLACE(time_bf16, sinusoid, sinusoid_bf16)
REPLACE(modulation_shift_scale_swapped, modulate, modulate_swapped)
REPLACE(modulation_plain_scale, modulate, modulate_plain)
REPLACE(gate_omitted, gated_add, add_ungated)
REPLACE(layernorm_eps_1e5, layernorm, layernorm_1e5)
REPLACE(layernorm_unbiased, layernorm, layernorm_n_minus_1)
REPLACE(qk_norm_eps_1e5, rmsnorm, rmsnorm_1e5)
REPLACE(qk_norm_omitted, rmsnorm, rmsnorm_omitted)
REPLACE(qk_norm_unweighted, rmsnorm, rmsnorm_unweighted)
REPLACE(gelu_erf, gelu_tanh, gelu_erf)
REPLACE(silu_omitted, silu, silu_omitted)
REPLACE(refiner_mask_ignored, attention, attention_all_pairs)
REPLACE(refiner_mean_unmasked, masked_mean, masked_mean_all)
REPLACE(joint_mask_ignored, attention, attention_all_keys)
REPLACE(attention_unscaled, attention, attention_unscaled)
REPLACE(rope_theta_10000, rope_table, rope_table_10000)
REPLACE(rope_axes_reversed, rope_table, rope_table_reversed)
REPLACE(rope_rows_columns_swapped, rope_table, rope_table_h_w)
REPLACE(rope_half_split, rope, rope_halves)
REPLACE(rope_sign, rope, rope_backwards)
REPLACE(patch_channels_fastest, patchify, patchify_channels_fastest)
REPLACE(unpatch_channels_fastest, unpatchify, unpatchify_channels_fastest)
REPLACE(unpatch_rows_columns_swapped, unpatchify, unpatchify_swapped)
REPLACE(single_concat_mlp_first, concat, concat_b_first)
REPLACE(shift_omitted, flow_sigmas, sigmas_unshifted)
REPLACE(shift_twice, flow_sigmas, sigmas_shifted_twice)
REPLACE(schedule_ends_at_one_thousandth, flow_sigmas, sigmas_to_one_thousandth)
REPLACE(schedule_reversed, flow_sigmas, sigmas_reversed)
REPLACE(times_of_next_step, flow_times, times_next)
REPLACE(times_unscaled, flow_times, times_in_one)
REPLACE(guidance_unscaled, guidance_input, guidance_in_one)
REPLACE(guidance_on_cond, guide, guide_on_cond)
REPLACE(guidance_swapped, guide, guide_swapped)
REPLACE(velocity_sign, euler, euler_backwards)
