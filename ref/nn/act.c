/* act -- the two activations.
 *
 *   silu        y = x / (1 + exp(-x))
 *   gelu_tanh   y = x/2 * (1 + tanh( sqrt(2/pi) * (x + 0.044715 x^3) ))
 *
 * y may be x.  gelu_tanh is not the erf form: they differ by up to 4.7e-4.
 * Source: Hendrycks & Gimpel, arXiv 1606.08415, section 2; HunyuanVideo
 * hyvideo/modules/activation_layers.py ("gelu_tanh", "silu"). */
#include "../real.h"

#include <math.h>

void R(silu)(void *ctx, real *y, const real *x, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) y[i] = (real)(x[i] / (1 + exp(-(double)x[i])));
}

void R(gelu_tanh)(void *ctx, real *y, const real *x, size_t n)
{
    const double root = 0.79788456080286535588;     /* sqrt(2/pi) */
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        double u = x[i];
        y[i] = (real)(u / 2 * (1 + tanh(root * (u + 0.044715 * u * u * u))));
    }
}
