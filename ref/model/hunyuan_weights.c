/* hunyuan_weights -- finds the parameters of a HunyuanVideo transformer in a checkpoint.
 *
 * Two public layouts hold the same numbers.  Tencent stacks q, k, v (and the MLP of a
 * single block) as rows of one matrix; diffusers stores them apart.  The final layer's
 * modulation is (shift, scale) in Tencent's file and (scale, shift) in diffusers'.
 * Rows are contiguous, so every parameter is a view into the file.
 *
 * Source: names and shapes of HunyuanVideo hyvideo/modules/models.py and token_refiner.py;
 * correspondence from diffusers scripts/convert_hunyuan_video_to_diffusers.py. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SINUSOID = 256, MAX_PROBLEMS = 10000 };     /* the published model has 1264 tensors */

/* Where a parameter lies: the tensor's name in each layout, and which rows of Tencent's. */
struct place {
    const char *diffusers, *tencent;
    size_t t_first, t_rows;     /* rows of the Tencent matrix: where ours start, how many there are; 0: all ours */
    size_t d_first, d_rows;     /* the same for diffusers */
};

struct binder {
    const struct tensors *t;
    int tencent;
    enum dtype as;
    unsigned char *used;        /* per tensor of t */
    struct text *problems;
    size_t count;               /* of problems */
};

static void problem(struct binder *b, const char *kind, const char *name, const char *expected, const char *found)
{
    if (++b->count <= MAX_PROBLEMS)
        text_add(b->problems, "%s %s: expected %s, found %s\n", kind, name, expected, found);
    else if (b->count == MAX_PROBLEMS + 1)
        text_add(b->problems, "and more\n");
}

/* The tensor `name` with the given shape, from row `first` on; NULL data when there is none.
 * Several parameters may share a tensor: its problems are told once, for the one at row 0. */
static struct weight view(struct binder *b, const char *name, int rank, const size_t *shape, size_t first)
{
    struct weight w = { NULL, F32, b->as };
    char expected[100], found[120];
    const struct tensor *t = tensors_find(b->t, name);
    shape_text(expected, sizeof expected, shape, rank);
    if (!t) {
        if (first == 0) problem(b, "missing", name, expected, "nothing");
        return w;
    }
    b->used[t - b->t->item] = 1;
    if (!shape_equal(t, rank, shape)) {
        shape_text(found, sizeof found, t->shape, t->rank);
        if (first == 0) problem(b, "mis-shaped", name, expected, found);
    } else if (!dtype_is_float(t->dtype)) {
        if (first == 0) problem(b, "mistyped", name, "F64, F32, F16 or BF16", dtype_name(t->dtype));
    } else {
        size_t row = 1;
        for (int i = 1; i < rank; i++) row *= shape[i];
        w.data = (const unsigned char *)t->data + first * row * dtype_size(t->dtype);
        w.dtype = t->dtype;
    }
    return w;
}

/* prefix + the name of this layout + suffix */
static void full_name(char out[MAX_NAME], const char *prefix, const char *name, const char *suffix)
{
    snprintf(out, MAX_NAME, "%.80s%.120s%.40s", prefix, name, suffix);
}

static struct linear linear_at(struct binder *b, const char *prefix, struct place p, size_t in, size_t out)
{
    struct linear l = { .in = in, .out = out };
    char name[MAX_NAME];
    const char *base = b->tencent ? p.tencent : p.diffusers;
    size_t rows = b->tencent ? p.t_rows : p.d_rows, first = b->tencent ? p.t_first : p.d_first;
    const size_t shape[2] = { rows ? rows : out, in };
    full_name(name, prefix, base, ".weight");
    l.w = view(b, name, 2, shape, first);
    full_name(name, prefix, base, ".bias");
    l.b = view(b, name, 1, shape, first);
    return l;
}

static struct linear linear(struct binder *b, const char *prefix, const char *diffusers, const char *tencent,
                            size_t in, size_t out)
{
    return linear_at(b, prefix, (struct place){ diffusers, tencent, 0, 0, 0, 0 }, in, out);
}

static struct weight vector(struct binder *b, const char *prefix, const char *diffusers, const char *tencent, size_t n)
{
    char name[MAX_NAME];
    full_name(name, prefix, b->tencent ? tencent : diffusers, "");
    return view(b, name, 1, &n, 0);
}

/* q, k, v: three matrices, or thirds of the first 3*width of `rows` rows. */
static void qkv(struct binder *b, const char *prefix, const char *const diffusers[3], const char *tencent,
                size_t width, size_t rows, struct linear *q, struct linear *k, struct linear *v)
{
    struct linear *out[3] = { q, k, v };
    for (size_t i = 0; i < 3; i++)
        *out[i] = linear_at(b, prefix, (struct place){ diffusers[i], tencent, i * width, rows, 0, 0 }, width, width);
}

static struct mlp_embedder embedder(struct binder *b, const char *diffusers, const char *tencent_first,
                                    const char *tencent_second, size_t in, size_t width)
{
    struct mlp_embedder m;
    char first[MAX_NAME], second[MAX_NAME];
    full_name(first, diffusers, ".linear_1", "");
    full_name(second, diffusers, ".linear_2", "");
    m.first = linear(b, "", first, tencent_first, in, width);
    m.second = linear(b, "", second, tencent_second, width, width);
    return m;
}

static void bind_refiner_block(struct binder *b, struct refiner_block *r, const struct hunyuan_config *c, size_t i)
{
    static const char *const names[3] = { "attn.to_q", "attn.to_k", "attn.to_v" };
    const size_t d = c->width;
    char p[MAX_NAME];
    snprintf(p, sizeof p, b->tencent ? "txt_in.individual_token_refiner.blocks.%zu."
                                     : "context_embedder.token_refiner.refiner_blocks.%zu.", i);
    r->norm1_g = vector(b, p, "norm1.weight", "norm1.weight", d);
    r->norm1_b = vector(b, p, "norm1.bias", "norm1.bias", d);
    qkv(b, p, names, "self_attn_qkv", d, 3 * d, &r->q, &r->k, &r->v);
    r->proj = linear(b, p, "attn.to_out.0", "self_attn_proj", d, d);
    r->norm2_g = vector(b, p, "norm2.weight", "norm2.weight", d);
    r->norm2_b = vector(b, p, "norm2.bias", "norm2.bias", d);
    r->fc1 = linear(b, p, "ff.net.0.proj", "mlp.fc1", d, c->refiner_mlp_width);
    r->fc2 = linear(b, p, "ff.net.2", "mlp.fc2", c->refiner_mlp_width, d);
    r->gates = linear(b, p, "norm_out.linear", "adaLN_modulation.1", d, 2 * d);
}

static void bind_double_block(struct binder *b, struct stream_weights s[2], const struct hunyuan_config *c, size_t i)
{
    static const struct {
        const char *mod, *qkv[3], *norm_q, *norm_k, *proj, *fc1, *fc2;      /* diffusers */
        const char *t_mod, *t_qkv, *t_norm_q, *t_norm_k, *t_proj, *t_fc1, *t_fc2;
    } names[2] = {
        { "norm1.linear", { "attn.to_q", "attn.to_k", "attn.to_v" }, "attn.norm_q.weight", "attn.norm_k.weight",
          "attn.to_out.0", "ff.net.0.proj", "ff.net.2",
          "img_mod.linear", "img_attn_qkv", "img_attn_q_norm.weight", "img_attn_k_norm.weight",
          "img_attn_proj", "img_mlp.fc1", "img_mlp.fc2" },
        { "norm1_context.linear", { "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj" },
          "attn.norm_added_q.weight", "attn.norm_added_k.weight",
          "attn.to_add_out", "ff_context.net.0.proj", "ff_context.net.2",
          "txt_mod.linear", "txt_attn_qkv", "txt_attn_q_norm.weight", "txt_attn_k_norm.weight",
          "txt_attn_proj", "txt_mlp.fc1", "txt_mlp.fc2" },
    };
    const size_t d = c->width;
    char p[MAX_NAME];
    snprintf(p, sizeof p, b->tencent ? "double_blocks.%zu." : "transformer_blocks.%zu.", i);
    for (int n = 0; n < 2; n++) {
        s[n].mod = linear(b, p, names[n].mod, names[n].t_mod, d, 6 * d);
        qkv(b, p, names[n].qkv, names[n].t_qkv, d, 3 * d, &s[n].q, &s[n].k, &s[n].v);
        s[n].norm_q = vector(b, p, names[n].norm_q, names[n].t_norm_q, c->head_dim);
        s[n].norm_k = vector(b, p, names[n].norm_k, names[n].t_norm_k, c->head_dim);
        s[n].proj = linear(b, p, names[n].proj, names[n].t_proj, d, d);
        s[n].fc1 = linear(b, p, names[n].fc1, names[n].t_fc1, d, c->mlp_width);
        s[n].fc2 = linear(b, p, names[n].fc2, names[n].t_fc2, c->mlp_width, d);
    }
}

static void bind_single_block(struct binder *b, struct single_block *s, const struct hunyuan_config *c, size_t i)
{
    static const char *const names[3] = { "attn.to_q", "attn.to_k", "attn.to_v" };
    const size_t d = c->width, rows = 3 * d + c->mlp_width;
    char p[MAX_NAME];
    snprintf(p, sizeof p, b->tencent ? "single_blocks.%zu." : "single_transformer_blocks.%zu.", i);
    s->mod = linear(b, p, "norm.linear", "modulation.linear", d, 3 * d);
    qkv(b, p, names, "linear1", d, rows, &s->q, &s->k, &s->v);
    s->mlp = linear_at(b, p, (struct place){ "proj_mlp", "linear1", 3 * d, rows, 0, 0 }, d, c->mlp_width);
    s->norm_q = vector(b, p, "attn.norm_q.weight", "q_norm.weight", c->head_dim);
    s->norm_k = vector(b, p, "attn.norm_k.weight", "k_norm.weight", c->head_dim);
    s->out = linear(b, p, "proj_out", "linear2", d + c->mlp_width, d);
}

static void bind_ends(struct binder *b, struct hunyuan_weights *w, const struct hunyuan_config *c)
{
    const size_t d = c->width;
    const size_t conv[5] = { d, c->in_channels, c->patch[0], c->patch[1], c->patch[2] };
    const char *conv_w = b->tencent ? "img_in.proj.weight" : "x_embedder.proj.weight";
    const char *conv_b = b->tencent ? "img_in.proj.bias" : "x_embedder.proj.bias";
    w->time = embedder(b, "time_text_embed.timestep_embedder", "time_in.mlp.0", "time_in.mlp.2", SINUSOID, d);
    w->pooled = embedder(b, "time_text_embed.text_embedder", "vector_in.in_layer", "vector_in.out_layer",
                         c->pooled_dim, d);
    if (c->guidance)
        w->guidance = embedder(b, "time_text_embed.guidance_embedder", "guidance_in.mlp.0", "guidance_in.mlp.2",
                               SINUSOID, d);
    w->patch = (struct linear){ view(b, conv_w, 5, conv, 0), view(b, conv_b, 1, conv, 0),
                                c->in_channels * c->patch_elements, d };
    w->text_time = embedder(b, "context_embedder.time_text_embed.timestep_embedder",
                            "txt_in.t_embedder.mlp.0", "txt_in.t_embedder.mlp.2", SINUSOID, d);
    w->text_pool = embedder(b, "context_embedder.time_text_embed.text_embedder",
                            "txt_in.c_embedder.linear_1", "txt_in.c_embedder.linear_2", c->text_dim, d);
    w->text_in = linear(b, "", "context_embedder.proj_in", "txt_in.input_embedder", c->text_dim, d);
    w->final_shift = linear_at(b, "", (struct place){ "norm_out.linear", "final_layer.adaLN_modulation.1",
                                                      0, 2 * d, d, 2 * d }, d, d);
    w->final_scale = linear_at(b, "", (struct place){ "norm_out.linear", "final_layer.adaLN_modulation.1",
                                                      d, 2 * d, 0, 2 * d }, d, d);
    w->final = linear(b, "", "proj_out", "final_layer.linear", d, c->out_channels * c->patch_elements);
}

static enum status detect_layout(struct binder *b, struct hunyuan_weights *w, struct err *e)
{
    const char *d = "x_embedder.proj.weight", *t = "img_in.proj.weight";
    int has_d = tensors_find(b->t, d) != NULL, has_t = tensors_find(b->t, t) != NULL;
    if (has_d == has_t)
        return fail(e, E_DATA, "%s: %s \"%s\" (diffusers layout) %s \"%s\" (Tencent layout): this is not a "
                    "HunyuanVideo transformer in either public layout", b->t->path,
                    has_d ? "has both" : "has neither", d, has_d ? "and" : "nor", t);
    b->tencent = has_t;
    w->layout = has_t ? "tencent" : "diffusers";
    return OK;
}

static enum status allocate(struct hunyuan_weights *w, const struct hunyuan_config *c, struct err *e)
{
    for (int pass = 0; pass < 2; pass++) {
        if (pass) {
            enum status s = arena_create(&w->memory, w->memory.peak, e);
            if (s) return s;
        }
        w->refiner = arena_alloc(&w->memory, c->refiner_layers, sizeof *w->refiner);
        w->blocks = arena_alloc(&w->memory, c->layers, sizeof *w->blocks);
        w->singles = arena_alloc(&w->memory, c->single_layers, sizeof *w->singles);
    }
    return OK;
}

enum status hunyuan_weights_bind(struct hunyuan_weights *w, const struct hunyuan_config *c,
                                 const struct tensors *t, enum dtype as, struct text *problems, struct err *e)
{
    struct binder b = { .t = t, .as = as, .problems = problems };
    memset(w, 0, sizeof *w);
    enum status s = detect_layout(&b, w, e);
    if (!s) s = allocate(w, c, e);
    if (!s && !(b.used = calloc(t->count + 1, 1))) s = fail(e, E_MEMORY, "%s: no memory for %zu names", t->path, t->count);
    if (s) goto out;
    bind_ends(&b, w, c);
    for (size_t i = 0; i < c->refiner_layers; i++) bind_refiner_block(&b, &w->refiner[i], c, i);
    for (size_t i = 0; i < c->layers; i++) bind_double_block(&b, w->blocks[i], c, i);
    for (size_t i = 0; i < c->single_layers; i++) bind_single_block(&b, &w->singles[i], c, i);
    for (size_t i = 0; i < t->count; i++)
        if (!b.used[i]) {
            char found[100];
            problem(&b, "unexpected", t->item[i].name, "nothing",
                    shape_text(found, sizeof found, t->item[i].shape, t->item[i].rank));
        }
    if (b.count) {
        size_t first = problems->s ? strcspn(problems->s, "\n") : 0;
        s = fail(e, E_DATA, "%s: %zu tensor%s not fit the configuration (%s layout); first: %.*s", t->path, b.count,
                 b.count == 1 ? " does" : "s do", w->layout, (int)(first < 300 ? first : 300),
                 problems->s ? problems->s : "");
    }
out:
    free(b.used);
    if (s) hunyuan_weights_free(w);
    return s;
}

void hunyuan_weights_free(struct hunyuan_weights *w)
{
    arena_free(&w->memory);
    memset(w, 0, sizeof *w);
}
