/* kernels -- one table of functions per backend, made from kernels.def.
 *
 * struct kernels_f64: the truth (kernels_ref) and the stochastically rounded truth from
 * which the judge computes its budgets.  struct kernels_f32: backends and plug-ins.
 * Model files call through the table alone, so one forward pass runs on any of them. */
#ifndef GOLDREEL_KERNELS_H
#define GOLDREEL_KERNELS_H

#include "nn/nn.h"

#define KERNEL(name, contract, args) void (*name) args;

#define real double
struct kernels_f64 {
    const char *isa;
#include "kernels.def"
};
#undef real

#define real float
struct kernels_f32 {
    const char *isa;
#include "kernels.def"
};
#undef real

#undef KERNEL

extern const struct kernels_f64 kernels_ref;    /* kernels_ref.c: the truth */
extern const struct kernels_f32 kernels_c;      /* kernels_ref.c built as float: portable, one thread */

#endif
