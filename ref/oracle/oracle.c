/* oracle -- opens a subject and sends it through the right build of the model files. */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

const char *const model_names[MODELS] = { "hunyuan-dit", "hunyuan-sampler" };

static enum status check_sampler(const struct oracle *o, const struct sampler_settings *s, struct err *e)
{
    if (s->steps < 1 || s->steps > MAX_STEPS)
        return fail(e, E_ARG, "steps must be 1 to %d, found %zu", MAX_STEPS, s->steps);
    if (!(s->shift > 0) || s->shift > 1e6) return fail(e, E_ARG, "shift must be above 0 and at most 1e6, found %g", s->shift);
    if (!(s->cfg_scale >= -1e6 && s->cfg_scale <= 1e6)) return fail(e, E_ARG, "guidance scale %g is out of range", s->cfg_scale);
    if (!(s->embedded_guidance >= 0 && s->embedded_guidance <= 1e6))
        return fail(e, E_ARG, "embedded guidance must be 0 to 1e6, found %g", s->embedded_guidance);
    if (o->config.in_channels != o->config.out_channels)
        return fail(e, E_ARG, "a sampler needs as many channels out (%zu) as in (%zu)", o->config.out_channels,
                    o->config.in_channels);
    return OK;
}

enum status oracle_open(struct oracle *o, enum model model, struct oracle_files files,
                        const struct sampler_settings *sampler, struct text *problems, struct err *e)
{
    struct hunyuan_weights w;
    memset(o, 0, sizeof *o);
    o->model = model;
    enum status s = OK;
    hunyuan_config_default(&o->config);
    if (files.config) s = hunyuan_config_read(&o->config, files.config, e);
    if (!s && model == HUNYUAN_SAMPLER) s = check_sampler(o, sampler, e);
    if (!s) s = tensors_open(&o->weights, files.weights, e);
    if (!s) s = tensors_open(&o->inputs, files.inputs, e);
    if (!s && sampler) o->sampler = *sampler;
    /* bind once, so that a wrong file is told before anything is computed */
    if (!s) s = hunyuan_weights_bind(&w, &o->config, &o->weights, F64, problems, e);
    if (!s) hunyuan_weights_free(&w);
    if (s) oracle_close(o);
    return s;
}

void oracle_close(struct oracle *o)
{
    tensors_close(&o->weights);
    tensors_close(&o->inputs);
    memset(o, 0, sizeof *o);
}

const char *oracle_layout(const struct oracle *o)
{
    return tensors_find(&o->weights, "img_in.proj.weight") ? "tencent" : "diffusers";
}

enum status oracle_run(const struct oracle *o, const struct how *how, struct trace *trace, struct tensor *result,
                       struct err *e)
{
    if (how->arithmetic == FLOAT) {
        struct kernels_f32 k = *how->backend;
        if (how->islands_f32) islands_f32_f32(&k);
        if (how->mutant && how->mutant->kernels_f32) how->mutant->kernels_f32(&k);
        return oracle_run_f32(o, how, &k, how->ctx, trace, result, e);
    }
    struct rounding rounding;
    struct kernels_f64 k = kernels_ref;
    if (how->arithmetic == ROUNDED) k = kernels_rounded;
    if (how->arithmetic == DECLARED) kernels_declared(&k);
    if (how->arithmetic == TRUTH && how->islands_f32) islands_f32_f64(&k);
    if (how->mutant && how->mutant->kernels_f64) how->mutant->kernels_f64(&k);
    rounding_seed(&rounding, &how->policy, how->seed);
    return oracle_run_f64(o, how, &k, &rounding, trace, result, e);
}
