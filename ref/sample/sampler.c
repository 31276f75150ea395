/* sampler -- Euler steps from noise to data.
 *
 *   for each step i:  v = network(x, t[i]);   x = x + v*(sigma[i+1] - sigma[i])
 *
 * With two-pass guidance the network runs twice a step, on the prompt and on the negative
 * prompt.  Source: HunyuanVideo hyvideo/diffusion/pipelines/pipeline_hunyuan_video.py. */
#include "../real.h"
#include "sample.h"

#include <stdio.h>
#include <string.h>

struct run {
    const struct hunyuan_config *c;
    const struct hunyuan_weights *w;
    const struct R(kernels) *k;
    void *ctx;
    struct trace *trace;
    struct arena *a;
    struct err *e;
    enum status status;             /* sticky */
    const struct hunyuan_shape *shape;
    size_t n;                       /* numbers in a latent */
    real *sigma, *time;             /* (steps+1), (steps) */
    real *guidance, *now;           /* (batch) */
    real *input, *v, *uncond;       /* latents */
};

/* island: the published schedulers keep schedule and latents in float32 whatever the model's type */
static void tap(struct run *r, const char *name, real *x, int island, int rank, const size_t *shape)
{
    struct tap t = { .name = name, .dtype = REAL_DTYPE, .rank = rank, .data = x, .island = island };
    if (!r->trace || r->status) return;
    memcpy(t.shape, shape, (size_t)rank * sizeof *shape);
    r->status = r->trace->tap(r->trace, &t, r->e);
}

static void tap_latent(struct run *r, const char *name, real *x, int island)
{
    const size_t *l = r->shape->latent, shape[5] = { r->shape->batch, r->c->out_channels, l[0], l[1], l[2] };
    tap(r, name, x, island, 5, shape);
}

static void tap_step(struct run *r, size_t step, const char *what, real *x, int island)
{
    char name[MAX_NAME];
    snprintf(name, sizeof name, "steps.%zu.%s", step, what);
    tap_latent(r, name, x, island);
}

/* velocity = network(x, t, text of `from`) */
static void predict(struct run *r, real *velocity, const real *x, real t, const struct R(hunyuan_inputs) *from)
{
    struct R(hunyuan_inputs) in = *from;
    if (r->status) return;
    memcpy(r->input, x, r->n * sizeof *x);
    r->k->store(r->ctx, r->input, r->n);        /* the network reads the latent in its own type */
    for (size_t b = 0; b < r->shape->batch; b++) r->now[b] = t;
    in.hidden_states = r->input;
    in.timestep = r->now;
    in.guidance = r->c->guidance ? r->guidance : NULL;
    r->status = R(hunyuan_forward)(velocity, r->c, r->w, &in, r->k, r->ctx, NULL, r->a, r->e);
}

static void allocate(struct run *r, size_t steps, struct arena *a)
{
    r->sigma = arena_alloc(a, steps + 1, sizeof(real));
    r->time = arena_alloc(a, steps, sizeof(real));
    r->guidance = arena_alloc(a, r->shape->batch, sizeof(real));
    r->now = arena_alloc(a, r->shape->batch, sizeof(real));
    r->input = arena_alloc(a, r->n, sizeof(real));
    r->v = arena_alloc(a, r->n, sizeof(real));
    r->uncond = arena_alloc(a, r->n, sizeof(real));
}

static size_t latent_numbers(const struct hunyuan_config *c, const struct hunyuan_shape *s)
{
    return s->batch * c->in_channels * s->latent[0] * s->latent[1] * s->latent[2];
}

size_t R(hunyuan_sample_memory)(const struct hunyuan_config *c, const struct R(hunyuan_inputs) *in, size_t steps)
{
    struct run r = { .shape = &in->shape, .n = latent_numbers(c, &in->shape) };
    struct arena counting = { 0 };
    size_t network = R(hunyuan_memory)(c, in);
    allocate(&r, steps, &counting);
    return counting.overflow || network > SIZE_MAX - counting.peak ? SIZE_MAX : counting.peak + network;
}

enum status R(hunyuan_sample)(real *latents, const struct hunyuan_config *c, const struct hunyuan_weights *w,
                              const struct R(hunyuan_inputs) *cond, const struct R(hunyuan_inputs) *uncond,
                              const struct sampler_settings *settings, const struct R(kernels) *k, void *ctx,
                              struct trace *trace, struct arena *a, struct err *e)
{
    struct run r = { .c = c, .w = w, .k = k, .ctx = ctx, .trace = trace, .a = a, .e = e, .shape = &cond->shape,
                     .n = latent_numbers(c, &cond->shape) };
    const size_t before = a->used, steps = settings->steps, points = steps + 1;
    const int two_passes = settings->cfg_scale != 1;
    allocate(&r, steps, a);
    memcpy(latents, cond->hidden_states, r.n * sizeof *latents);
    k->flow_sigmas(ctx, r.sigma, steps, settings->shift);
    tap(&r, "sampler.sigmas", r.sigma, 1, 1, &points);
    k->flow_times(ctx, r.time, r.sigma, steps);
    tap(&r, "sampler.timesteps", r.time, 1, 1, &steps);
    if (c->guidance) {
        k->guidance_input(ctx, r.guidance, settings->embedded_guidance, r.shape->batch);
        tap(&r, "sampler.guidance", r.guidance, 1, 1, &r.shape->batch);
    }
    for (size_t i = 0; i < steps && !r.status; i++) {
        predict(&r, r.v, latents, r.time[i], cond);
        if (two_passes) {
            tap_step(&r, i, "noise_pred_cond", r.v, 0);
            predict(&r, r.uncond, latents, r.time[i], uncond);
            tap_step(&r, i, "noise_pred_uncond", r.uncond, 0);
            k->guide(ctx, r.v, r.v, r.uncond, settings->cfg_scale, r.n);
        }
        tap_step(&r, i, "noise_pred", r.v, 0);
        k->euler(ctx, latents, r.v, r.sigma, i, r.n);
        tap_step(&r, i, "latents", latents, 1);
    }
    tap_latent(&r, "latents", latents, 1);
    a->used = before;
    return r.status;
}
