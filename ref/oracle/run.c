/* run -- one run of a subject in one number type: inputs, weights, memory, then the model. */
#include "../real.h"
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

/* The type that weights and inputs are rounded to when they are read. */
static enum dtype cast_type(const struct how *how)
{
    return how->arithmetic == DECLARED || how->arithmetic == ROUNDED ? how->policy.storage : F64;
}

static enum status allocate(const struct oracle *o, const struct R(hunyuan_inputs) *in, struct arena *a,
                            struct tensor *result, struct err *e)
{
    const struct hunyuan_config *c = &o->config;
    const struct hunyuan_shape *s = &in->shape;
    *result = (struct tensor){ .name = o->model == HUNYUAN_DIT ? "sample" : "latents", .dtype = REAL_DTYPE, .rank = 5,
                               .shape = { s->batch, c->out_channels, s->latent[0], s->latent[1], s->latent[2] } };
    size_t bytes = tensor_bytes(result);
    size_t memory = o->model == HUNYUAN_DIT ? R(hunyuan_memory)(c, in)
                                              : R(hunyuan_sample_memory)(c, in, o->sampler.steps);
    if (memory == SIZE_MAX || bytes == SIZE_MAX)
        return fail(e, E_MEMORY, "%s: intermediates of this size do not fit into memory", o->inputs.path);
    enum status status = arena_create(a, memory, e);
    if (status) return status;
    result->data = malloc(bytes);
    return result->data ? OK : fail(e, E_MEMORY, "no memory for a result of %zu bytes", bytes);
}

enum status R(oracle_run)(const struct oracle *o, const struct how *how, const struct R(kernels) *k, void *ctx,
                          struct trace *trace, struct tensor *result, struct err *e)
{
    const struct hunyuan_config *c = &o->config;
    const int sampler = o->model == HUNYUAN_SAMPLER, two_passes = sampler && o->sampler.cfg_scale != 1;
    const enum dtype as = cast_type(how);
    struct hunyuan_weights w = { 0 };
    struct R(hunyuan_inputs) in = { 0 }, uncond = { 0 };
    struct arena a = { 0 };
    struct text problems = { 0 };
    struct mutant_trace wrong = { 0 };
    enum status s;
    memset(result, 0, sizeof *result);
    s = hunyuan_weights_bind(&w, c, &o->weights, as, &problems, e);
    if (!s && how->mutant && how->mutant->weights) how->mutant->weights(&w);
    if (!s && how->mutant && how->mutant->rewrite) {
        mutant_trace_init(&wrong, how->mutant, c, trace);
        trace = &wrong.trace;
    }
    if (!s)
        s = R(hunyuan_inputs_read)(&in, c, &o->inputs,
                                   (struct input_names){ sampler ? "latents" : "hidden_states", "", !sampler }, as, e);
    if (!s && two_passes)
        s = R(hunyuan_inputs_read)(&uncond, c, &o->inputs, (struct input_names){ "latents", "negative_", 0 }, as, e);
    /* the longer of the two texts decides how much memory a pass needs */
    const struct R(hunyuan_inputs) *longer = two_passes && uncond.shape.text_tokens > in.shape.text_tokens ? &uncond : &in;
    if (!s) s = allocate(o, longer, &a, result, e);
    if (!s)
        s = sampler ? R(hunyuan_sample)(result->data, c, &w, &in, &uncond, &o->sampler, k, ctx, trace, &a, e)
                    : R(hunyuan_forward)(result->data, c, &w, &in, k, ctx, trace, &a, e);
    if (s) { free(result->data); result->data = NULL; }
    arena_free(&a);
    R(hunyuan_inputs_free)(&in);
    R(hunyuan_inputs_free)(&uncond);
    hunyuan_weights_free(&w);
    mutant_trace_free(&wrong);
    text_free(&problems);
    return s;
}
