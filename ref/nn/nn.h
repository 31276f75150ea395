/* nn -- tensors -> tensors.  The kernels are listed in ../kernels.def; here is what they share. */
#ifndef GOLDREEL_NN_H
#define GOLDREEL_NN_H

#include "../base/base.h"

/* A parameter, read where it lies in the checkpoint: 12.8 billion of them are not copied.
 * `as` is the type its values are rounded to before use; F64 means as stored. */
struct weight {
    const void *data;
    enum dtype dtype;
    enum dtype as;
};

/* y = x w^T + b;  w (out,in), b (out) */
struct linear {
    struct weight w, b;
    size_t in, out;
};

/* Elements first..first+n-1 of w. */
void weight_read_f64(double *dst, const struct weight *w, size_t first, size_t n);
void weight_read_f32(float *dst, const struct weight *w, size_t first, size_t n);

#endif
