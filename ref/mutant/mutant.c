/* mutant -- the list of known-wrong variants, and those that rewrite taps.
 *
 * Where a mistake is seen first follows from the order of the published code's modules.
 * Which case shows which mistake, and how strongly, is measured: golden/MUTANTS.md.
 * Evidence that builds make them: the differences between HunyuanVideo's two public codes,
 * and bug reports of public projects (diffusers #13243 shift applied twice; #12538 rope split;
 * transformers #39687 half-split pairs; candle PR #271 norm epsilon; stable-diffusion.cpp
 * PR #1707 final modulation order). */
#include "mutant.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRONG(name) void wrong_##name##_f64(struct kernels_f64 *k); void wrong_##name##_f32(struct kernels_f32 *k);
#include "wrong_kernels.h"
#undef WRONG

/* ---- mistakes in the checkpoint ---- */

static void swap_final_halves(struct hunyuan_weights *w)
{
    struct linear scale = w->final_scale;
    w->final_scale = w->final_shift;
    w->final_shift = scale;
}

static size_t elements(const struct tap *t)
{
    size_t n = 1;
    for (int i = 0; i < t->rank; i++) n *= t->shape[i];
    return n;
}

/* ---- mistakes in the wiring: y (the tap, right so far) from an earlier tap ---- */

static void rewrite_gelu(double *y, const struct source *s, const struct tap *t, const struct hunyuan_config *c)
{
    (void)c;
    kernels_ref.gelu_tanh(NULL, y, s->data, elements(t));
}

static void rewrite_layernorm(double *y, const struct source *s, const struct tap *t, const struct hunyuan_config *c)
{
    kernels_ref.layernorm(NULL, y, s->data, NULL, NULL, t->shape[0] * t->shape[1], c->width, 1e-6);
}

static void rewrite_copy(double *y, const struct source *s, const struct tap *t, const struct hunyuan_config *c)
{
    (void)c;
    memcpy(y, s->data, elements(t) * sizeof *y);
}

/* (B,2D): the second half first */
static void rewrite_halves(double *y, const struct source *s, const struct tap *t, const struct hunyuan_config *c)
{
    const size_t d = c->width;
    const double *from = s->data;
    for (size_t b = 0; b < t->shape[0]; b++, y += 2 * d, from += 2 * d) {
        memcpy(y, from + d, d * sizeof *y);
        memcpy(y + d, from, d * sizeof *y);
    }
}

/* (B,6D) read as gate, shift, scale */
static void rewrite_gate_first(double *y, const struct source *s, const struct tap *t, const struct hunyuan_config *c)
{
    static const size_t order[6] = { 2, 0, 1, 5, 3, 4 };
    const size_t d = c->width;
    for (size_t b = 0; b < t->shape[0]; b++)
        for (size_t i = 0; i < 6; i++)
            memcpy(y + (b * 6 + i) * d, s->data + (b * 6 + order[i]) * d, d * sizeof *y);
}

static void reverse_rows(double *y, size_t rows, size_t width)
{
    for (size_t a = 0, b = rows; a + 1 < b--; a++)
        for (size_t i = 0; i < width; i++) {
            double keep = y[a * width + i];
            y[a * width + i] = y[b * width + i];
            y[b * width + i] = keep;
        }
}

/* (B,S,H,E): the rows of [text; image] read as [image; text]; the source is an image tap
 * (B,N,H,E), so S - N rows are text. */
static void rewrite_text_first(double *y, const struct source *s, const struct tap *t, const struct hunyuan_config *c)
{
    const size_t rows = t->shape[1], text = rows - s->shape[1];
    for (size_t b = 0; b < t->shape[0]; b++, y += rows * c->width) {
        reverse_rows(y, rows - text, c->width);         /* three reversals move the last `text` rows to the front */
        reverse_rows(y + (rows - text) * c->width, text, c->width);
        reverse_rows(y, rows, c->width);
    }
}

/* (B,L,H,E): text tokens turned as if they stood in a row after one another */
static void rewrite_rotate_text(double *y, const struct source *s, const struct tap *t, const struct hunyuan_config *c)
{
    const double *from = s->data;
    for (size_t n = 0; n < t->shape[0] * t->shape[1] * c->heads; n++, y += c->head_dim, from += c->head_dim)
        for (size_t j = 0; j < c->head_dim / 2; j++) {
            double position = (double)(n / c->heads % t->shape[1]);
            double angle = position * pow(c->rope_theta, -2.0 * (double)j / (double)c->head_dim);
            double u = from[2 * j], v = from[2 * j + 1];
            y[2 * j] = u * cos(angle) - v * sin(angle);
            y[2 * j + 1] = v * cos(angle) + u * sin(angle);
        }
}

/* ---- the list ---- */

#define T "transformer_blocks.0."
#define REFINER "context_embedder.token_refiner.refiner_blocks."
#define KERNEL_MUTANT(name, id, about, sampler, first) \
    { name, about, sampler, first, wrong_##id##_f64, wrong_##id##_f32, NULL, NULL, NULL, NULL }
#define WIRING(name, about, first, rewrites, from, rewrite) \
    { name, about, 0, first, NULL, NULL, NULL, rewrites, from, rewrite }

const struct mutant mutants[] = {
    KERNEL_MUTANT("sinusoid-sine-first", sinusoid_sine_first, "sines before cosines", 0, "time_text_embed.time_proj"),
    KERNEL_MUTANT("sinusoid-divisor-127", sinusoid_divisor_127, "frequency exponent j/127 instead of j/128", 0,
                  "time_text_embed.time_proj"),
    KERNEL_MUTANT("time-unscaled", time_unscaled, "time and guidance in [0,1] instead of times 1000", 0,
                  "time_text_embed.time_proj"),
    KERNEL_MUTANT("time-bf16", time_bf16, "time and guidance rounded to bfloat16", 0, "time_text_embed.time_proj"),
    KERNEL_MUTANT("silu-omitted", silu_omitted, "no SiLU in embedders and modulation", 0,
                  "time_text_embed.timestep_embedder.act"),
    KERNEL_MUTANT("conditioning-activated", conditioning_activated, "SiLU after each sum of the conditioning", 0,
                  "time_text_embed"),
    KERNEL_MUTANT("patch-channels-fastest", patch_channels_fastest, "patches flattened with the channel fastest", 0,
                  "x_embedder.proj"),
    KERNEL_MUTANT("refiner-mean-unmasked", refiner_mean_unmasked, "padding counted in the mean of the text", 0,
                  "context_embedder.time_text_embed.text_embedder.linear_1"),
    KERNEL_MUTANT("layernorm-eps-1e-5", layernorm_eps_1e5, "layer norm epsilon 1e-5", 0, REFINER "0.norm1"),
    KERNEL_MUTANT("layernorm-unbiased", layernorm_unbiased, "variance divided by n-1", 0, REFINER "0.norm1"),
    KERNEL_MUTANT("refiner-mask-ignored", refiner_mask_ignored, "refiner attends to padding", 0,
                  REFINER "0.attn.sdpa"),
    KERNEL_MUTANT("attention-unscaled", attention_unscaled, "logits not divided by sqrt(head_dim)", 0,
                  REFINER "0.attn.sdpa"),
    WIRING("refiner-gates-swapped", "MLP gate before attention gate in the refiner", REFINER "0.norm_out.linear",
           REFINER "*.norm_out.linear", REFINER "*.norm_out.linear", rewrite_halves),
    KERNEL_MUTANT("gate-omitted", gate_omitted, "residual branches added without their gate", 0, REFINER "0.norm2"),
    WIRING("refiner-gelu", "GELU instead of SiLU in the refiner", REFINER "0.ff.net.0", REFINER "*.ff.net.0",
           REFINER "*.ff.net.0.proj", rewrite_gelu),
    WIRING("modulation-gate-first", "chunks read as gate, shift, scale", T "norm1.linear",
           "transformer_blocks.*.norm1.linear", "transformer_blocks.*.norm1.linear", rewrite_gate_first),
    KERNEL_MUTANT("modulation-shift-scale-swapped", modulation_shift_scale_swapped, "shift and scale exchanged", 0,
                  T "norm1"),
    KERNEL_MUTANT("modulation-plain-scale", modulation_plain_scale, "scale instead of 1 + scale", 0, T "norm1"),
    KERNEL_MUTANT("qk-norm-eps-1e-5", qk_norm_eps_1e5, "query and key norm epsilon 1e-5", 0, T "attn.norm_q"),
    KERNEL_MUTANT("qk-norm-omitted", qk_norm_omitted, "queries and keys not normed", 0, T "attn.norm_q"),
    KERNEL_MUTANT("qk-norm-unweighted", qk_norm_unweighted, "learned weight of the query and key norm left out", 0,
                  T "attn.norm_q"),
    KERNEL_MUTANT("rope-theta-10000", rope_theta_10000, "theta 10000 instead of the configured one", 0,
                  T "attn.rope_q"),
    KERNEL_MUTANT("rope-axes-reversed", rope_axes_reversed, "axes in order columns, rows, frames", 0, T "attn.rope_q"),
    KERNEL_MUTANT("rope-rows-columns-swapped", rope_rows_columns_swapped, "rows and columns exchanged", 0,
                  T "attn.rope_q"),
    KERNEL_MUTANT("rope-half-split", rope_half_split, "pairs (j, j + E/2) instead of neighbours", 0, T "attn.rope_q"),
    KERNEL_MUTANT("rope-sign", rope_sign, "rotation the other way", 0, T "attn.rope_q"),
    WIRING("rope-queries-only", "keys not rotated", T "attn.rope_k", "transformer_blocks.*.attn.rope_k",
           "transformer_blocks.*.attn.norm_k", rewrite_copy),
    WIRING("rope-on-text", "text queries rotated too", T "attn.norm_added_q",
           "transformer_blocks.*.attn.norm_added_q", "transformer_blocks.*.attn.norm_added_q", rewrite_rotate_text),
    KERNEL_MUTANT("joint-mask-ignored", joint_mask_ignored, "padding text is a key for everybody", 0, T "attn.sdpa"),
    WIRING("joint-order-text-first", "rows of [text; image] read as [image; text]", T "attn.sdpa",
           "transformer_blocks.*.attn.sdpa", "transformer_blocks.*.attn.rope_q", rewrite_text_first),
    WIRING("second-norm-too-early", "the MLP reads the stream before attention was added", T "norm2",
           "transformer_blocks.*.norm2", "transformer_blocks.*-", rewrite_layernorm),
    KERNEL_MUTANT("gelu-erf", gelu_erf, "erf GELU instead of tanh GELU", 0, T "ff.net.0"),
    KERNEL_MUTANT("single-concat-mlp-first", single_concat_mlp_first, "MLP before attention in the single blocks", 0,
                  "single_transformer_blocks.0.proj_out"),
    { "final-halves-swapped", "the other public layout's order of the final shift and scale", 0, "norm_out.linear",
      NULL, NULL, swap_final_halves, NULL, NULL, NULL },
    KERNEL_MUTANT("unpatch-channels-fastest", unpatch_channels_fastest, "output patches with the channel fastest", 0,
                  "sample"),
    KERNEL_MUTANT("unpatch-rows-columns-swapped", unpatch_rows_columns_swapped,
                  "rows and columns of an output patch exchanged", 0, "sample"),

    KERNEL_MUTANT("shift-omitted", shift_omitted, "schedule not shifted", 1, "sampler.sigmas"),
    KERNEL_MUTANT("shift-twice", shift_twice, "schedule shifted twice", 1, "sampler.sigmas"),
    KERNEL_MUTANT("schedule-ends-at-1/1000", schedule_ends_at_one_thousandth, "N points from 1 to 1/1000, then 0", 1,
                  "sampler.sigmas"),
    KERNEL_MUTANT("schedule-reversed", schedule_reversed, "time runs from data to noise", 1, "sampler.sigmas"),
    KERNEL_MUTANT("times-of-next-step", times_of_next_step, "network told the time after the step", 1,
                  "sampler.timesteps"),
    KERNEL_MUTANT("times-unscaled", times_unscaled, "network told sigma instead of 1000 sigma", 1,
                  "sampler.timesteps"),
    KERNEL_MUTANT("guidance-unscaled", guidance_unscaled, "embedded guidance not times 1000", 1, "sampler.guidance"),
    KERNEL_MUTANT("guidance-on-cond", guidance_on_cond, "cond + s (cond - uncond)", 1, "steps.0.noise_pred"),
    KERNEL_MUTANT("guidance-swapped", guidance_swapped, "prompt and negative prompt exchanged", 1,
                  "steps.0.noise_pred"),
    KERNEL_MUTANT("velocity-sign", velocity_sign, "step taken against the velocity", 1, "steps.0.latents"),
};
const size_t mutant_count = LEN(mutants);

const struct mutant *mutant_find(const char *name)
{
    for (size_t i = 0; i < mutant_count; i++)
        if (!strcmp(name, mutants[i].name)) return &mutants[i];
    return NULL;
}

/* ---- rewriting ---- */

/* 1 when name is pattern with a number for its '*'; the number goes to *block. */
static int matches(const char *pattern, const char *name, size_t *block)
{
    const char *star = strchr(pattern, '*');
    *block = 0;
    if (!star) return !strcmp(pattern, name);
    size_t n = (size_t)(star - pattern);
    if (strncmp(pattern, name, n) || name[n] < '0' || name[n] > '9') return 0;
    for (name += n; *name >= '0' && *name <= '9'; name++) *block = *block * 10 + (size_t)(*name - '0');
    return !strcmp(star + 1, name);
}

/* Is `name` what the next rewrite reads?  A pattern that ends in '-' means the output of the
 * block before; before the first block that is the embedded image. */
static int is_source(const struct mutant *m, const char *name)
{
    size_t block, n = strlen(m->from);
    char pattern[MAX_NAME];
    if (m->from[n - 1] != '-') return matches(m->from, name, &block);
    snprintf(pattern, sizeof pattern, "%.*s", (int)(n - 1), m->from);
    return matches(pattern, name, &block) || !strcmp(name, "x_embedder");
}

static enum status remember(struct source *s, const struct tap *t, struct err *e)
{
    size_t n = elements(t);
    if (n > s->size) {
        double *more = realloc(s->data, n * sizeof *more);
        if (!more) return fail(e, E_MEMORY, "no memory for the tap %s", t->name);
        s->data = more;
        s->size = n;
    }
    widen_f64(s->data, t->data, t->dtype, 0, n);
    memcpy(s->shape, t->shape, sizeof s->shape);
    s->known = 1;
    return OK;
}

static enum status rewrite(struct mutant_trace *m, const struct tap *t, struct err *e)
{
    size_t n = elements(t);
    double *y = malloc((n ? n : 1) * sizeof *y);
    if (!y) return fail(e, E_MEMORY, "no memory for the tap %s", t->name);
    widen_f64(y, t->data, t->dtype, 0, n);
    m->mutant->rewrite(y, &m->source, t, m->config);
    narrow_f64(t->data, t->dtype, y, n);
    free(y);
    return OK;
}

static enum status mutant_tap(struct trace *trace, const struct tap *t, struct err *e)
{
    struct mutant_trace *m = (struct mutant_trace *)trace;
    enum status s = OK;
    size_t block;
    if (m->mutant->rewrite && !t->alias) {
        if (is_source(m->mutant, t->name)) s = remember(&m->source, t, e);
        if (!s && m->source.known && matches(m->mutant->rewrites, t->name, &block)) s = rewrite(m, t, e);
    }
    return s || !m->next ? s : m->next->tap(m->next, t, e);
}

void mutant_trace_init(struct mutant_trace *m, const struct mutant *mutant, const struct hunyuan_config *c,
                       struct trace *next)
{
    memset(m, 0, sizeof *m);
    m->trace.tap = mutant_tap;
    m->mutant = mutant;
    m->config = c;
    m->next = next;
}

void mutant_trace_free(struct mutant_trace *m)
{
    free(m->source.data);
    memset(m, 0, sizeof *m);
}
