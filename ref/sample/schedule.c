/* schedule -- flow matching along a straight line from noise (sigma 1) to data (sigma 0).
 *
 *   flow_sigmas      s = 1 - i/steps,  sigma[i] = shift*s / (1 + (shift-1)*s),  i = 0..steps
 *                    (steps+1 values; the first is 1, the last 0)
 *   flow_times       t[i] = 1000*sigma[i],  i < steps: what the network is told
 *   guidance_input   g = 1000*scale for each of n samples: embedded guidance
 *   guide            v = uncond + scale*(cond - uncond): two-pass guidance; v may be cond
 *   euler            x = x + v*(sigma[step+1] - sigma[step]);  v predicts noise - data
 *
 * Source: HunyuanVideo hyvideo/diffusion/schedulers/scheduling_flow_match_discrete.py with
 * reverse=True (every published command passes it), pipeline_hunyuan_video.py (guidance). */
#include "../real.h"

void R(flow_sigmas)(void *ctx, real *sigma, size_t steps, double shift)
{
    (void)ctx;
    for (size_t i = 0; i <= steps; i++) {
        double s = (double)(steps - i) / (double)steps;
        sigma[i] = (real)(shift * s / (1 + (shift - 1) * s));
    }
}

void R(flow_times)(void *ctx, real *t, const real *sigma, size_t steps)
{
    (void)ctx;
    for (size_t i = 0; i < steps; i++) t[i] = 1000 * sigma[i];
}

void R(guidance_input)(void *ctx, real *g, double scale, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) g[i] = (real)(1000 * scale);
}

void R(guide)(void *ctx, real *v, const real *cond, const real *uncond, double scale, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) v[i] = uncond[i] + (real)scale * (cond[i] - uncond[i]);
}

void R(euler)(void *ctx, real *x, const real *v, const real *sigma, size_t step, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) x[i] += v[i] * (sigma[step + 1] - sigma[step]);
}
