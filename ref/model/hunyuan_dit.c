/* hunyuan_dit -- HunyuanVideo's transformer: noisy latent, time and text in, velocity out.
 *
 *   vec = time MLP + pooled-text MLP [+ guidance MLP]          conditioning of every block
 *   txt = refiner(text states)                                 2 blocks, own conditioning
 *   img = patches of the latent                                a token is 1x2x2 latent pixels
 *   double blocks: img and txt keep separate weights, attend jointly
 *   single blocks: one set of weights for the sequence [img; txt]
 *   final layer on img only, patches back to a latent
 *
 * Every intermediate is shown to the trace under the module path of the diffusers code, in
 * the order in which that code computes it (rules of naming: golden/README.md).
 * Padding text is computed as diffusers does; no output depends on it.
 *
 * Letters: B batch, N image tokens, L text tokens, S = N + L, D width, H heads, E head_dim.
 *
 * Source: HunyuanVideo paper (arXiv 2412.03603) section 4.2 and figure 8; Tencent-Hunyuan/HunyuanVideo
 * hyvideo/modules/models.py, token_refiner.py; diffusers transformer_hunyuan_video.py. */
#include "hunyuan_pass.h"

/* ---- conditioning and embeddings ---- */

static void condition(struct pass *p)
{
    const struct hunyuan_weights *w = p->w;
    const size_t n = p->in->shape.batch * p->c->width;
    enter(p, "time_text_embed.");
    sinusoid(p, "time_proj", p->in->timestep);
    embed(p, "timestep_embedder", "act", p->vec, p->small, &w->time);
    embed(p, "text_embedder", "act_1", p->cond, p->in->pooled, &w->pooled);
    if (p->c->guidance) {
        sinusoid(p, "time_proj#2", p->in->guidance);
        embed(p, "guidance_embedder", "act", p->term, p->small, &w->guidance);
        p->kernels->add(p->ctx, p->vec, p->term, n);
    }
    p->kernels->add(p->ctx, p->vec, p->cond, n);
    enter(p, "%s", "");
    tap_vector(p, "time_text_embed", p->vec, p->c->width);
}

static void embed_image(struct pass *p)
{
    const struct hunyuan_config *c = p->c;
    const struct linear *l = &p->w->patch;
    const size_t *g = p->in->shape.grid, n = p->image.tokens, d = c->width, latent = n * l->in;
    const size_t conv[5] = { p->in->shape.batch, d, g[0], g[1], g[2] };
    real *channels_first = p->image.y;      /* (B,D,N): what the published convolution puts out */
    for (size_t b = 0; b < p->in->shape.batch; b++)
        p->kernels->patchify(p->ctx, p->patches + b * latent, p->in->hidden_states + b * latent, c->in_channels,
                             g, c->patch);
    p->kernels->matmul(p->ctx, p->image.x, p->patches, &l->w, &l->b, rows(p, &p->image), l->in, l->out);
    for (size_t b = 0; b < p->in->shape.batch; b++)
        for (size_t t = 0; t < n; t++)
            for (size_t i = 0; i < d; i++) channels_first[(b * d + i) * n + t] = p->image.x[(b * n + t) * d + i];
    tap_any(p, "x_embedder.proj", channels_first, NULL, MODULE, 5, conv);
    for (size_t b = 0; b < p->in->shape.batch; b++)
        for (size_t t = 0; t < n; t++)
            for (size_t i = 0; i < d; i++) p->image.x[(b * n + t) * d + i] = channels_first[(b * d + i) * n + t];
    tap_tokens(p, "x_embedder", p->image.x, &p->image, d);
}

/* Query i sees key j when both are text; column 0 is then opened to all, so that a padding
 * row has something to see. */
static void make_pair_mask(struct pass *p, const unsigned char *mask)
{
    const size_t l = p->text.tokens;
    for (size_t i = 0; i < l; i++)
        for (size_t j = 0; j < l; j++) p->pair_mask[i * l + j] = j == 0 || (mask[i] && mask[j]);
}

static void refiner_attention(struct pass *p, const struct refiner_block *w)
{
    struct stream *s = &p->text;
    const size_t one = s->tokens * p->c->width;
    project(p, "attn.to_q", s->q, p->norm, &w->q, s);
    project(p, "attn.to_k", s->k, p->norm, &w->k, s);
    project(p, "attn.to_v", s->v, p->norm, &w->v, s);
    for (size_t b = 0; b < p->in->shape.batch; b++) {
        make_pair_mask(p, p->in->mask + b * s->tokens);
        p->kernels->attention(p->ctx, s->attended + b * one, s->q + b * one, s->k + b * one, s->v + b * one,
                              p->pair_mask, s->tokens, s->tokens, p->c->heads, p->c->head_dim, p->row);
    }
    tap_heads(p, "attn.sdpa", s->attended, s);
    project(p, "attn.to_out.0", s->y, s->attended, &w->proj, s);
    alias_tokens(p, "attn", s->y, s);
}

/* Two gates and no shift or scale; SiLU and not GELU; norms with weights. */
static void refiner_block(struct pass *p, const struct refiner_block *w, size_t index)
{
    const struct hunyuan_config *c = p->c;
    struct stream *s = &p->text;
    char name[MAX_NAME];
    enter(p, "context_embedder.token_refiner.refiner_blocks.%zu.", index);
    layernorm(p, "norm1", p->norm, &w->norm1_g, &w->norm1_b, s);
    refiner_attention(p, w);

    p->kernels->silu(p->ctx, p->silu, p->cond, p->in->shape.batch * c->width);
    tap_vector(p, "norm_out.nonlinearity", p->silu, c->width);
    project_vector(p, "norm_out.linear", s->mod, p->silu, &w->gates);
    alias_chunk(p, "norm_out", s->mod, 2, 0, 0, 3);
    alias_chunk(p, "norm_out", s->mod, 2, 1, 1, 3);
    gated_add(p, s, 2, 0);

    layernorm(p, "norm2", p->norm, &w->norm2_g, &w->norm2_b, s);
    project(p, "ff.net.0.proj", p->hidden, p->norm, &w->fc1, s);
    p->kernels->silu(p->ctx, p->hidden, p->hidden, rows(p, s) * c->refiner_mlp_width);
    tap_tokens(p, "ff.net.0", p->hidden, s, c->refiner_mlp_width);
    project(p, "ff.net.2", s->y, p->hidden, &w->fc2, s);
    alias_tokens(p, "ff", s->y, s);
    gated_add(p, s, 2, 1);
    enter(p, "context_embedder.token_refiner.refiner_blocks.");
    snprintf(name, sizeof name, "%zu", index);
    tap_tokens(p, name, s->x, s, c->width);
}

/* Text states -> text tokens, conditioned on time and on their own mean. */
static void refine_text(struct pass *p)
{
    const struct hunyuan_config *c = p->c;
    const struct hunyuan_weights *w = p->w;
    const size_t l = p->text.tokens;
    enter(p, "context_embedder.time_text_embed.");
    sinusoid(p, "time_proj", p->in->timestep);
    embed(p, "timestep_embedder", "act", p->cond, p->small, &w->text_time);
    for (size_t b = 0; b < p->in->shape.batch; b++)       /* of the raw states, padding excluded */
        p->kernels->masked_mean(p->ctx, p->small + b * c->text_dim, p->in->text + b * l * c->text_dim,
                                p->in->mask + b * l, l, c->text_dim);
    embed(p, "text_embedder", "act_1", p->term, p->small, &w->text_pool);
    p->kernels->add(p->ctx, p->cond, p->term, p->in->shape.batch * c->width);
    enter(p, "context_embedder.");
    tap_vector(p, "time_text_embed", p->cond, c->width);
    project(p, "proj_in", p->text.x, p->in->text, &w->text_in, &p->text);
    for (size_t i = 0; i < c->refiner_layers && !p->status; i++) refiner_block(p, &w->refiner[i], i);
    enter(p, "%s", "");
    alias_tokens(p, "context_embedder.token_refiner", p->text.x, &p->text);
    alias_tokens(p, "context_embedder", p->text.x, &p->text);
}

/* ---- blocks ---- */

/* The chunks of a modulation, in this order; a single block has the first three. */
enum { SHIFT1, SCALE1, GATE1, SHIFT2, SCALE2, GATE2 };

/* s->mod = linear(silu(vec)), s->modulated = LN(s->x)*(1 + scale) + shift */
static void adaptive_norm(struct pass *p, const char *name, struct stream *s, const struct linear *l, size_t chunks)
{
    char part[MAX_NAME];
    p->kernels->silu(p->ctx, p->silu, p->vec, p->in->shape.batch * p->c->width);
    snprintf(part, sizeof part, "%.100s.silu", name);
    tap_vector(p, part, p->silu, p->c->width);
    snprintf(part, sizeof part, "%.100s.linear", name);
    project_vector(p, part, s->mod, p->silu, l);
    snprintf(part, sizeof part, "%.100s.norm", name);
    layernorm(p, part, p->norm, NULL, NULL, s);
    modulate(p, s, chunks, SHIFT1, SCALE1);
    tap_tokens(p, name, s->modulated, s, p->c->width);
    for (size_t i = GATE1; i < chunks; i++) alias_chunk(p, name, s->mod, chunks, i, (int)i - GATE1 + 1, 2);
}

/* names: of the modules that make q, k, v and of the two norms */
static void stream_qkv(struct pass *p, struct stream *s, const struct stream_weights *w, const char *const names[5])
{
    project(p, names[0], s->q, s->modulated, &w->q, s);
    project(p, names[1], s->k, s->modulated, &w->k, s);
    project(p, names[2], s->v, s->modulated, &w->v, s);
    rmsnorm(p, names[3], s->q, &w->norm_q, s);
    rmsnorm(p, names[4], s->k, &w->norm_k, s);
}

/* s->y = fc2(gelu(fc1(s->modulated))) */
static void feed_forward(struct pass *p, const char *name, struct stream *s, const struct stream_weights *w)
{
    char part[MAX_NAME];
    snprintf(part, sizeof part, "%.100s.net.0.proj", name);
    project(p, part, p->hidden, s->modulated, &w->fc1, s);
    p->kernels->gelu_tanh(p->ctx, p->hidden, p->hidden, rows(p, s) * p->c->mlp_width);
    snprintf(part, sizeof part, "%.100s.net.0", name);
    tap_tokens(p, part, p->hidden, s, p->c->mlp_width);
    snprintf(part, sizeof part, "%.100s.net.2", name);
    project(p, part, s->y, p->hidden, &w->fc2, s);
    alias_tokens(p, name, s->y, s);
}

/* The outputs of a block: image tokens, and text tokens as element 1. */
static void tap_block(struct pass *p, const char *blocks, size_t index)
{
    char name[MAX_NAME];
    enter(p, "%s", "");
    snprintf(name, sizeof name, "%.100s.%zu", blocks, index);
    tap_tokens(p, name, p->image.x, &p->image, p->c->width);
    snprintf(name, sizeof name, "%.100s.%zu[1]", blocks, index);
    tap_tokens(p, name, p->text.x, &p->text, p->c->width);
}

static void double_block(struct pass *p, const struct stream_weights w[2], size_t index)
{
    static const char *const of_image[5] = { "attn.to_q", "attn.to_k", "attn.to_v", "attn.norm_q", "attn.norm_k" };
    static const char *const of_text[5] = { "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj",
                                            "attn.norm_added_q", "attn.norm_added_k" };
    struct stream *image = &p->image, *text = &p->text, *joint = &p->joint;
    enter(p, "transformer_blocks.%zu.", index);
    adaptive_norm(p, "norm1", image, &w[0].mod, 6);
    adaptive_norm(p, "norm1_context", text, &w[1].mod, 6);

    stream_qkv(p, image, &w[0], of_image);
    rotate(p, "attn.rope_q", image->q);
    rotate(p, "attn.rope_k", image->k);
    stream_qkv(p, text, &w[1], of_text);            /* text has no position */
    join(p, joint->q, image->q, text->q);
    join(p, joint->k, image->k, text->k);
    join(p, joint->v, image->v, text->v);
    attend_jointly(p);
    project(p, "attn.to_out.0", image->y, image->attended, &w[0].proj, image);
    project(p, "attn.to_add_out", text->y, text->attended, &w[1].proj, text);
    alias_tokens(p, "attn", image->y, image);
    alias_tokens(p, "attn[1]", text->y, text);
    gated_add(p, image, 6, GATE1);
    gated_add(p, text, 6, GATE1);

    layernorm(p, "norm2", p->norm, NULL, NULL, image);
    modulate(p, image, 6, SHIFT2, SCALE2);
    layernorm(p, "norm2_context", p->norm, NULL, NULL, text);
    modulate(p, text, 6, SHIFT2, SCALE2);
    feed_forward(p, "ff", image, &w[0]);
    feed_forward(p, "ff_context", text, &w[1]);
    gated_add(p, image, 6, GATE2);
    gated_add(p, text, 6, GATE2);
    tap_block(p, "transformer_blocks", index);
}

/* Rotates the image tokens inside the joint sequence x (B,S,H,E). */
static void rotate_joint(struct pass *p, const char *name, real *x)
{
    split(p, p->image.q, p->text.q, x);
    rotate(p, name, p->image.q);
    join(p, x, p->image.q, p->text.q);
}

static void single_block(struct pass *p, const struct single_block *w, size_t index)
{
    const struct hunyuan_config *c = p->c;
    struct stream *s = &p->joint;
    enter(p, "single_transformer_blocks.%zu.", index);
    join(p, s->x, p->image.x, p->text.x);
    adaptive_norm(p, "norm", s, &w->mod, 3);
    project(p, "proj_mlp", p->hidden, s->modulated, &w->mlp, s);
    p->kernels->gelu_tanh(p->ctx, p->hidden, p->hidden, rows(p, s) * c->mlp_width);
    tap_tokens(p, "act_mlp", p->hidden, s, c->mlp_width);

    project(p, "attn.to_q", s->q, s->modulated, &w->q, s);
    project(p, "attn.to_k", s->k, s->modulated, &w->k, s);
    project(p, "attn.to_v", s->v, s->modulated, &w->v, s);
    rmsnorm(p, "attn.norm_q", s->q, &w->norm_q, s);
    rmsnorm(p, "attn.norm_k", s->k, &w->norm_k, s);
    rotate_joint(p, "attn.rope_q", s->q);
    rotate_joint(p, "attn.rope_k", s->k);
    attend_jointly(p);
    alias_tokens(p, "attn", p->image.attended, &p->image);
    alias_tokens(p, "attn[1]", p->text.attended, &p->text);

    p->kernels->concat(p->ctx, p->wide, s->attended, c->width, p->hidden, c->mlp_width, rows(p, s));
    project(p, "proj_out", s->y, p->wide, &w->out, s);
    gated_add(p, s, 3, GATE1);
    split(p, p->image.x, p->text.x, s->x);
    tap_block(p, "single_transformer_blocks", index);
}

/* ---- the whole ---- */

/* The final modulation is shown as diffusers stores it: scale, then shift. */
static void final_layer(struct pass *p, real *sample)
{
    const struct hunyuan_config *c = p->c;
    const struct hunyuan_weights *w = p->w;
    struct stream *s = &p->image;
    const size_t d = c->width, batch = p->in->shape.batch, *l = p->in->shape.latent;
    const size_t out = c->out_channels * c->patch_elements, one = s->tokens * out;
    const size_t shape[5] = { batch, c->out_channels, l[0], l[1], l[2] };
    enter(p, "norm_out.");
    p->kernels->silu(p->ctx, p->silu, p->vec, batch * d);
    tap_vector(p, "silu", p->silu, d);
    for (size_t b = 0; b < batch; b++) {
        const real *x = p->silu + b * d;
        p->kernels->matmul(p->ctx, s->mod + 2 * b * d, x, &w->final_scale.w, &w->final_scale.b, 1, d, d);
        p->kernels->matmul(p->ctx, s->mod + (2 * b + 1) * d, x, &w->final_shift.w, &w->final_shift.b, 1, d, d);
    }
    tap_vector(p, "linear", s->mod, 2 * d);
    layernorm(p, "norm", p->norm, NULL, NULL, s);
    modulate(p, s, 2, 1, 0);
    enter(p, "%s", "");
    tap_tokens(p, "norm_out", s->modulated, s, d);
    project(p, "proj_out", p->patches, s->modulated, &w->final, s);
    for (size_t b = 0; b < batch; b++)
        p->kernels->unpatchify(p->ctx, sample + b * one, p->patches + b * one, c->out_channels, p->in->shape.grid, c->patch);
    tap_any(p, "sample", sample, NULL, MODULE, 5, shape);
}

size_t R(hunyuan_memory)(const struct hunyuan_config *c, const struct R(hunyuan_inputs) *in)
{
    struct pass p = { .c = c, .in = in };
    struct arena counting = { 0 };
    allocate(&p, &counting);
    return counting.overflow ? SIZE_MAX : counting.peak;
}

enum status R(hunyuan_forward)(real *sample, const struct hunyuan_config *c, const struct hunyuan_weights *w,
                               const struct R(hunyuan_inputs) *in, const struct R(kernels) *k, void *ctx,
                               struct trace *trace, struct arena *a, struct err *e)
{
    struct pass p = { .kernels = k, .ctx = ctx, .c = c, .w = w, .in = in, .trace = trace, .e = e };
    const size_t before = a->used;
    allocate(&p, a);
    for (size_t b = 0; b < in->shape.batch; b++) {
        p.text_valid[b] = 0;
        for (size_t i = 0; i < in->shape.text_tokens; i++) p.text_valid[b] += in->mask[b * in->shape.text_tokens + i];
        p.joint_valid[b] = in->shape.image_tokens + p.text_valid[b];
    }
    p.text.valid = p.text_valid;
    p.joint.valid = p.joint_valid;

    k->rope_table(ctx, p.cosine, p.sine, in->shape.grid, c->rope_dims, c->rope_theta);
    condition(&p);
    embed_image(&p);
    refine_text(&p);
    for (size_t i = 0; i < c->layers && !p.status; i++) double_block(&p, w->blocks[i], i);
    for (size_t i = 0; i < c->single_layers && !p.status; i++) single_block(&p, &w->singles[i], i);
    if (!p.status) final_layer(&p, sample);
    a->used = before;
    return p.status;
}
