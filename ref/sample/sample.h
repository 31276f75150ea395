/* sample -- noise -> latent: the flow-matching sampler around a transformer.
 * Schedule, guidance and Euler step are kernels (schedule.c); this is their order. */
#ifndef GOLDREEL_SAMPLE_H
#define GOLDREEL_SAMPLE_H

#include "../model/model.h"

enum { MAX_STEPS = 100000 };

struct sampler_settings {
    size_t steps;
    double shift;                   /* 7 at 50 steps, 17 below 20 steps in the paper */
    double embedded_guidance;       /* scale for a model with guidance embedding; 6 published */
    double cfg_scale;               /* 1: one pass; otherwise two passes, uncond + scale*(cond-uncond) */
};

size_t hunyuan_sample_memory_f64(const struct hunyuan_config *c, const struct hunyuan_inputs_f64 *in, size_t steps);
size_t hunyuan_sample_memory_f32(const struct hunyuan_config *c, const struct hunyuan_inputs_f32 *in, size_t steps);

/* latents (batch, channels, latent...): noise in cond->hidden_states, result here.
 * cond and uncond bring the text; uncond is read for two passes only.
 * Taps, in order: sampler.sigmas, sampler.timesteps, sampler.guidance (embedded guidance only),
 * per step i: [steps.i.noise_pred_cond, steps.i.noise_pred_uncond,] steps.i.noise_pred,
 * steps.i.latents; at the end latents. */
enum status hunyuan_sample_f64(double *latents, const struct hunyuan_config *c, const struct hunyuan_weights *w,
                               const struct hunyuan_inputs_f64 *cond, const struct hunyuan_inputs_f64 *uncond,
                               const struct sampler_settings *settings, const struct kernels_f64 *k, void *ctx,
                               struct trace *trace, struct arena *a, struct err *e);
enum status hunyuan_sample_f32(float *latents, const struct hunyuan_config *c, const struct hunyuan_weights *w,
                               const struct hunyuan_inputs_f32 *cond, const struct hunyuan_inputs_f32 *uncond,
                               const struct sampler_settings *settings, const struct kernels_f32 *k, void *ctx,
                               struct trace *trace, struct arena *a, struct err *e);

#endif
