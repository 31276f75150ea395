/* rounded -- arithmetics: what a build says it computes with, and kernels that imitate it.
 *
 * A policy is a declaration: which type tensors are stored in, what the inputs of products
 * are rounded to, what sums are kept in.  Two double tables serve the judge:
 *
 *   kernels_declared   the truth, with only those roundings that a declaration fixes exactly:
 *                      casts to the storage type (weights and inputs are rounded on reading).
 *   kernels_rounded    a reference device: every elementary operation is rounded, up or down
 *                      at random with the probabilities that make the error zero on average
 *                      (stochastic rounding), and sums are added in a random order.
 *
 * Runs of kernels_rounded with different seeds are an ensemble of correct devices; how far
 * they stray is the error budget.  Source of the idea: stochastic rounding as an error
 * estimator (Parker, Monte Carlo Arithmetic, 1997); judging against the error of a trusted
 * low-precision run: FlashAttention tests/test_flash_attn.py, PyTorch torch/_dynamo/utils.py. */
#ifndef GOLDREEL_ROUNDED_H
#define GOLDREEL_ROUNDED_H

#include "kernels.h"

struct policy {
    const char *name;           /* f64 f32 tf32 f16 bf16 */
    enum dtype storage;         /* of tensors between operations; F64 is the double truth itself */
    int tf32;                   /* inputs of matrix products are rounded to 11 bits */
    enum dtype islands;         /* F32: sinusoid and rotary angles in float32, as the published code; F64 */
};

/* By name; islands F32 but for f64.  0 when there is no such policy. */
int policy_find(const char *name, struct policy *p);
/* "f64, f32, tf32, f16 or bf16", for messages. */
extern const char *const policy_names;

/* The ctx of both tables. */
struct rounding {
    struct policy policy;
    uint64_t state;             /* of the random numbers; kernels_declared does not use it */
};

void rounding_seed(struct rounding *r, const struct policy *p, uint64_t seed);

extern const struct kernels_f64 kernels_rounded;
void kernels_declared(struct kernels_f64 *k);

/* Replaces the kernels of the published float32 islands (sinusoid and rotary table) by ones
 * that compute them in float, each operation rounded to nearest. */
void islands_f32_f64(struct kernels_f64 *k);
void islands_f32_f32(struct kernels_f32 *k);

#endif
