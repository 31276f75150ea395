/* real -- the number type of a file that is built twice: double (the truth) and, with
 * -DREAL_IS_FLOAT, float.  R(name) is name_f64 or name_f32, so both can be linked. */
#ifndef GOLDREEL_REAL_H
#define GOLDREEL_REAL_H

#include "kernels.h"

#ifdef REAL_IS_FLOAT
typedef float real;
#define R(name) name##_f32
#define REAL_DTYPE F32
#else
typedef double real;
#define R(name) name##_f64
#define REAL_DTYPE F64
#endif

/* Every kernel of the list under its own name: matmul_f64, matmul_f32, ... */
#define KERNEL(name, contract, args) void R(name) args;
#include "kernels.def"
#undef KERNEL

#endif
