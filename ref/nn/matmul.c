/* matmul -- a linear layer, and how a parameter is read.
 *
 *   y[r,o] = b[o] + sum over i of x[r,i] * w[o,i]
 *
 *   x (rows,in)    w (out,in)    b (out), or NULL    y (rows,out)
 *
 * One accumulator per output, i ascending.  Rows of w are widened in blocks, outermost,
 * so that a 16-bit checkpoint is converted once per call and never copied whole.
 * Source: torch.nn.Linear (docs), weight layout (out_features, in_features). */
#include "../real.h"

enum { BLOCK = 512 };       /* weights widened at a time: 4 KiB of stack */

void R(weight_read)(real *dst, const struct weight *w, size_t first, size_t n)
{
    R(widen)(dst, w->data, w->dtype, first, n);
    if (w->as != F64)
        for (size_t i = 0; i < n; i++) dst[i] = (real)round_to(w->as, dst[i]);
}

void R(matmul)(void *ctx, real *y, const real *x, const struct weight *w, const struct weight *b,
               size_t rows, size_t in, size_t out)
{
    (void)ctx;
    for (size_t o = 0; o < out; o++) {
        real bias = 0, block[BLOCK];
        if (b) R(weight_read)(&bias, b, o, 1);
        for (size_t r = 0; r < rows; r++) y[r * out + o] = bias;
        for (size_t first = 0; first < in; first += BLOCK) {
            size_t n = in - first < BLOCK ? in - first : BLOCK;
            R(weight_read)(block, w, o * in + first, n);
            for (size_t r = 0; r < rows; r++) {
                const real *xr = x + r * in + first;
                real sum = y[r * out + o];      /* goes on from the block before */
                for (size_t i = 0; i < n; i++) sum += xr[i] * block[i];
                y[r * out + o] = sum;
            }
        }
    }
}
