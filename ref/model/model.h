/* model -- HunyuanVideo's transformer: configuration, parameters, inputs, forward pass.
 *
 * hunyuan_dit.c reads like the paper's figure; it is written over `real` and a kernel
 * table and built twice, as double (the truth) and as float. */
#ifndef GOLDREEL_MODEL_H
#define GOLDREEL_MODEL_H

#include "../io/io.h"
#include "../kernels.h"

/* ---- hunyuan_config.c ---- */

/* Names as in diffusers' HunyuanVideoTransformer3DModel; defaults are the published model. */
struct hunyuan_config {
    size_t in_channels, out_channels;
    size_t heads, head_dim;             /* hidden width = heads * head_dim */
    size_t layers, single_layers, refiner_layers;
    double mlp_ratio;
    size_t patch[3];                    /* frames, rows, columns of a token */
    int guidance;                       /* embedded guidance: the distilled model */
    size_t text_dim, pooled_dim;
    double rope_theta;
    size_t rope_dims[3];                /* even, sum = head_dim */
    size_t width, mlp_width, refiner_mlp_width, patch_elements;     /* derived */
};

void hunyuan_config_default(struct hunyuan_config *c);
/* A diffusers-style config.json.  Keys that are missing keep the published default, keys
 * that start with '_' are skipped, any other unknown key is an error: a key silently
 * ignored is a wrong model. */
enum status hunyuan_config_read(struct hunyuan_config *c, const char *path, struct err *e);

/* ---- hunyuan_weights.c ---- */

struct mlp_embedder { struct linear first, second; };       /* second(silu(first(x))) */

struct refiner_block {
    struct weight norm1_g, norm1_b, norm2_g, norm2_b;
    struct linear q, k, v, proj, fc1, fc2, gates;
};

/* One stream (image or text) of a double block. */
struct stream_weights {
    struct linear mod, q, k, v, proj, fc1, fc2;
    struct weight norm_q, norm_k;
};

struct single_block {
    struct linear mod, q, k, v, mlp, out;
    struct weight norm_q, norm_k;
};

struct hunyuan_weights {
    struct mlp_embedder time, pooled, guidance;
    struct linear patch;
    struct mlp_embedder text_time, text_pool;
    struct linear text_in;
    struct refiner_block *refiner;              /* [refiner_layers] */
    struct stream_weights (*blocks)[2];         /* [layers][image, text] */
    struct single_block *singles;               /* [single_layers] */
    struct linear final_scale, final_shift, final;
    const char *layout;                         /* "diffusers" or "tencent": what the file turned out to be */
    struct arena memory;                        /* of the three arrays above */
};

/* Finds every parameter in t, in either public layout, without copying it.  All that is
 * missing, mis-shaped or unexpected is written to `problems`, a line each, with expected
 * and found shape; then E_DATA.  `as`: see struct weight.  t must outlive w. */
enum status hunyuan_weights_bind(struct hunyuan_weights *w, const struct hunyuan_config *c,
                                 const struct tensors *t, enum dtype as, struct text *problems, struct err *e);
void hunyuan_weights_free(struct hunyuan_weights *w);

/* ---- hunyuan_inputs.c ---- */

/* Sizes of one forward pass: latent frames, rows, columns; the same in tokens. */
struct hunyuan_shape {
    size_t batch, latent[3], grid[3];
    size_t image_tokens, text_tokens;
};

/* What one forward pass reads, as the diffusers forward names it.
 *   hidden_states (batch, in_channels, latent...)    timestep (batch), 0..1000
 *   text (batch, text_tokens, text_dim)              mask (batch, text_tokens), 0 or 1
 *   pooled (batch, pooled_dim)                       guidance (batch), 1000*scale, or NULL */
struct hunyuan_inputs_f64 {
    struct hunyuan_shape shape;
    const double *hidden_states, *timestep, *text;
    const unsigned char *mask;
    const double *pooled, *guidance;
    void *memory;                               /* of all of them: one block */
};
struct hunyuan_inputs_f32 {
    struct hunyuan_shape shape;
    const float *hidden_states, *timestep, *text;
    const unsigned char *mask;
    const float *pooled, *guidance;
    void *memory;
};

/* Which tensors a set of inputs holds: a single step names its latent hidden_states and
 * brings timestep and guidance; a sampler run names its noise latents and brings neither.
 * prefix: "" or "negative_", of the three text tensors. */
struct input_names { const char *latent, *prefix; int single_step; };

/* Reads, checks (shapes, 0/1 mask, at least one text token a sample, whole patches, finite
 * numbers) and converts.  as: the type that text, pooled text and the latent of a single
 * step are rounded to; F64: as stored.  Every message names file and tensor. */
enum status hunyuan_inputs_read_f64(struct hunyuan_inputs_f64 *in, const struct hunyuan_config *c,
                                    const struct tensors *t, struct input_names names, enum dtype as, struct err *e);
enum status hunyuan_inputs_read_f32(struct hunyuan_inputs_f32 *in, const struct hunyuan_config *c,
                                    const struct tensors *t, struct input_names names, enum dtype as, struct err *e);
void hunyuan_inputs_free_f64(struct hunyuan_inputs_f64 *in);
void hunyuan_inputs_free_f32(struct hunyuan_inputs_f32 *in);

/* ---- hunyuan_dit.c ---- */

/* Bytes of intermediates that a forward pass on inputs of this size needs. */
size_t hunyuan_memory_f64(const struct hunyuan_config *c, const struct hunyuan_inputs_f64 *in);
size_t hunyuan_memory_f32(const struct hunyuan_config *c, const struct hunyuan_inputs_f32 *in);

/* sample (batch, out_channels, latent...).  a: at least hunyuan_memory bytes free; given
 * back on return.  trace may be NULL.  Fails only when the trace does. */
enum status hunyuan_forward_f64(double *sample, const struct hunyuan_config *c, const struct hunyuan_weights *w,
                                const struct hunyuan_inputs_f64 *in, const struct kernels_f64 *k, void *ctx,
                                struct trace *trace, struct arena *a, struct err *e);
enum status hunyuan_forward_f32(float *sample, const struct hunyuan_config *c, const struct hunyuan_weights *w,
                                const struct hunyuan_inputs_f32 *in, const struct kernels_f32 *k, void *ctx,
                                struct trace *trace, struct arena *a, struct err *e);

#endif
