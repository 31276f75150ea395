/* attention -- softmax attention over one sequence.
 *
 *   s[m] = q[n,h,:] . k[m,h,:] / sqrt(width)      for every key m that query n may see
 *   y[n,h,:] = sum over m of exp(s[m]) v[m,h,:] / sum over m of exp(s[m])
 *
 *   q, k, v, y (tokens,heads,width)    row (tokens): scratch
 *   Query n sees key m when m < keys and (allow == NULL or allow[n*tokens + m]).
 *   A query must see at least one key.
 *
 * Source: Vaswani et al., arXiv 1706.03762, equation 1; masks: HunyuanVideo
 * hyvideo/modules/attenion.py (cu_seqlens), token_refiner.py (pair mask). */
#include "../real.h"

#include <math.h>

void R(attention)(void *ctx, real *y, const real *q, const real *k, const real *v,
                  const unsigned char *allow, size_t tokens, size_t keys, size_t heads, size_t width,
                  real *row)
{
    const size_t stride = heads * width;
    const real scale = (real)(1 / sqrt((double)width));
    (void)ctx;
    for (size_t n = 0; n < tokens; n++)
        for (size_t h = 0; h < heads; h++) {
            const real *qn = q + n * stride + h * width;
            real *yn = y + n * stride + h * width;
            real largest = -(real)INFINITY, total = 0;
            for (size_t m = 0; m < keys; m++) {
                const real *km = k + m * stride + h * width;
                real s = 0;
                for (size_t i = 0; i < width; i++) s += qn[i] * km[i];
                row[m] = !allow || allow[n * tokens + m] ? s * scale : -(real)INFINITY;
                if (row[m] > largest) largest = row[m];
            }
            for (size_t i = 0; i < width; i++) yn[i] = 0;
            for (size_t m = 0; m < keys; m++) {
                real p = (real)exp(row[m] - largest);       /* largest first: exp must not overflow */
                const real *vm = v + m * stride + h * width;
                total += p;
                for (size_t i = 0; i < width; i++) yn[i] += p * vm[i];
            }
            for (size_t i = 0; i < width; i++) yn[i] /= total;
        }
}
