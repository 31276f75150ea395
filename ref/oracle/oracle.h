/* oracle -- one subject, loaded and ready to run: a model or a sampler, its configuration,
 * weights and inputs, on any backend, in any arithmetic, with any known mistake. */
#ifndef GOLDREEL_ORACLE_H
#define GOLDREEL_ORACLE_H

#include "../mutant/mutant.h"
#include "../rounded.h"
#include "../sample/sample.h"

enum model { HUNYUAN_DIT, HUNYUAN_SAMPLER, MODELS };
extern const char *const model_names[MODELS];       /* "hunyuan-dit", "hunyuan-sampler" */

struct oracle {
    enum model model;
    struct hunyuan_config config;
    struct sampler_settings sampler;
    struct tensors weights, inputs;
};

struct oracle_files { const char *weights, *config, *inputs; };     /* config NULL: the published sizes */

/* Opens and checks everything once.  problems: see hunyuan_weights_bind. */
enum status oracle_open(struct oracle *o, enum model model, struct oracle_files files,
                        const struct sampler_settings *sampler, struct text *problems, struct err *e);
void oracle_close(struct oracle *o);
const char *oracle_layout(const struct oracle *o);      /* of the weights: "diffusers" or "tencent" */

/* How to compute. */
enum arithmetic {
    TRUTH,              /* double */
    DECLARED,           /* double, with the casts that `policy` declares */
    ROUNDED,            /* a reference device of `policy`, number `seed` */
    FLOAT               /* `backend` */
};
struct how {
    enum arithmetic arithmetic;
    struct policy policy;                   /* DECLARED, ROUNDED */
    uint64_t seed;                          /* ROUNDED */
    const struct kernels_f32 *backend;      /* FLOAT */
    void *ctx;                              /* of backend */
    int islands_f32;                        /* TRUTH, FLOAT: sinusoid and rotary angles in float32 */
    const struct mutant *mutant;            /* TRUTH, FLOAT; NULL: none */
};

/* Runs; the trace sees every intermediate.  The result is allocated for the caller (free
 * result->data): "sample" or "latents", F64, or F32 from a float backend. */
enum status oracle_run(const struct oracle *o, const struct how *how, struct trace *trace, struct tensor *result,
                       struct err *e);

/* run.c, built as double and as float: what oracle_run calls. */
enum status oracle_run_f64(const struct oracle *o, const struct how *how, const struct kernels_f64 *k, void *ctx,
                           struct trace *trace, struct tensor *result, struct err *e);
enum status oracle_run_f32(const struct oracle *o, const struct how *how, const struct kernels_f32 *k, void *ctx,
                           struct trace *trace, struct tensor *result, struct err *e);

#endif
