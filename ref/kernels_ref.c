/* kernels_ref -- the table of the functions in nn/ and sample/.  As double it is the
 * truth.  As float it is the portable single-precision backend "c": the same formulas,
 * sums over k in one float accumulator in ascending order, norm statistics in double. */
#include "real.h"

#ifdef REAL_IS_FLOAT
#define TABLE kernels_c
#define ISA "c"
#else
#define TABLE kernels_ref
#define ISA "ref"
#endif

const struct R(kernels) TABLE = {
    ISA,
#define KERNEL(name, contract, args) R(name),
#include "kernels.def"
#undef KERNEL
};
