/* hunyuan_inputs -- the tensors of one forward pass, checked before anything is computed.
 * Source of names and shapes: diffusers transformer_hunyuan_video.py,
 * HunyuanVideoTransformer3DModel.forward. */
#include "../real.h"
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source {
    const struct tensors *t;
    enum dtype as;
    struct err *e;
    enum status status;         /* sticky */
};

/* The tensor `name` of the given shape; a 0 in shape takes any size above 0 and is filled in. */
static const struct tensor *find(struct source *s, const char *name, int rank, size_t *shape)
{
    char want[100] = "", have[100];
    if (s->status) return NULL;
    const struct tensor *t = tensors_find(s->t, name);
    if (!t) {
        s->status = fail(s->e, E_DATA, "%s: input \"%s\" is missing", s->t->path, name);
        return NULL;
    }
    int fits = t->rank == rank;
    for (int i = 0; i < rank; i++) {
        size_t at = strlen(want);
        if (shape[i]) snprintf(want + at, sizeof want - at, "%s%zu", i ? "," : "", shape[i]);
        else snprintf(want + at, sizeof want - at, "%sany", i ? "," : "");
        if (fits && (shape[i] ? t->shape[i] != shape[i] : t->shape[i] == 0)) fits = 0;
    }
    if (!fits) {
        s->status = fail(s->e, E_DATA, "%s: input \"%s\" must have shape [%s], found %s", s->t->path, name, want,
                         shape_text(have, sizeof have, t->shape, t->rank));
        return NULL;
    }
    memcpy(shape, t->shape, (size_t)rank * sizeof *shape);
    return t;
}

/* Elements of t as real at *at, which moves on. */
static const real *convert(struct source *s, const struct tensor *t, enum dtype as, real **at)
{
    if (s->status) return NULL;
    real *out = *at;
    size_t n = tensor_elements(t);
    *at += n;
    R(widen)(out, t->data, t->dtype, 0, n);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(out[i])) {
            s->status = fail(s->e, E_DATA, "%s: input \"%s\" holds a number that is not finite (element %zu)",
                             s->t->path, t->name, i);
            return NULL;
        }
        if (as != F64) out[i] = (real)round_to(as, out[i]);
    }
    return out;
}

static void convert_mask(struct source *s, const struct tensor *t, unsigned char *mask, size_t batch, size_t tokens)
{
    for (size_t b = 0; b < batch && !s->status; b++) {
        size_t valid = 0;
        for (size_t i = 0; i < tokens; i++) {
            double v;
            widen_f64(&v, t->data, t->dtype, b * tokens + i, 1);
            if (v != 0 && v != 1) {
                s->status = fail(s->e, E_DATA, "%s: input \"%s\" must hold 0 and 1 only, found %g at [%zu,%zu]",
                                 s->t->path, t->name, v, b, i);
                return;
            }
            mask[b * tokens + i] = v != 0;
            valid += v != 0;
        }
        if (valid == 0)
            s->status = fail(s->e, E_DATA, "%s: input \"%s\": sample %zu has no text token at all: its mean does "
                             "not exist", s->t->path, t->name, b);
    }
}

static void measure(struct source *s, struct hunyuan_shape *shape, const struct hunyuan_config *c, const char *name,
                    const size_t latent[5])
{
    static const char *const axis[3] = { "frames", "rows", "columns" };
    shape->batch = latent[0];
    for (int i = 0; i < 3 && !s->status; i++) {
        shape->latent[i] = latent[2 + i];
        shape->grid[i] = latent[2 + i] / c->patch[i];
        if (latent[2 + i] % c->patch[i])
            s->status = fail(s->e, E_DATA, "%s: input \"%s\" has %zu %s, which is not a multiple of the patch size %zu",
                             s->t->path, name, latent[2 + i], axis[i], c->patch[i]);
    }
    shape->image_tokens = shape->grid[0] * shape->grid[1] * shape->grid[2];
}

enum status R(hunyuan_inputs_read)(struct R(hunyuan_inputs) *in, const struct hunyuan_config *c,
                                   const struct tensors *t, struct input_names names, enum dtype as, struct err *e)
{
    struct source s = { .t = t, .as = as, .e = e };
    char text_name[64], mask_name[64], pooled_name[64];
    const struct tensor *time = NULL, *guidance = NULL;
    size_t latent[5] = { 0, c->in_channels, 0, 0, 0 };
    memset(in, 0, sizeof *in);
    snprintf(text_name, sizeof text_name, "%sencoder_hidden_states", names.prefix);
    snprintf(mask_name, sizeof mask_name, "%sencoder_attention_mask", names.prefix);
    snprintf(pooled_name, sizeof pooled_name, "%spooled_projections", names.prefix);

    const struct tensor *hidden = find(&s, names.latent, 5, latent);
    if (s.status) return s.status;
    measure(&s, &in->shape, c, names.latent, latent);
    size_t vector[1] = { latent[0] }, states[3] = { latent[0], 0, c->text_dim };
    size_t pools[2] = { latent[0], c->pooled_dim };
    if (names.single_step) time = find(&s, "timestep", 1, vector);
    const struct tensor *text = find(&s, text_name, 3, states);
    size_t masks[2] = { latent[0], states[1] };
    const struct tensor *mask = find(&s, mask_name, 2, masks);
    const struct tensor *pooled = find(&s, pooled_name, 2, pools);
    if (names.single_step && c->guidance) guidance = find(&s, "guidance", 1, vector);
    if (s.status) return s.status;
    in->shape.text_tokens = states[1];

    /* every term is at most the size of the file times 8, so the sum fits */
    size_t mask_bytes = tensor_elements(mask);
    size_t reals = tensor_elements(hidden) + tensor_elements(text) + tensor_elements(pooled) + 2 * latent[0];
    if (reals > (SIZE_MAX - mask_bytes) / sizeof(real) || !(in->memory = malloc(reals * sizeof(real) + mask_bytes)))
        return fail(e, E_MEMORY, "%s: no memory for %zu input numbers", t->path, reals);
    real *at = in->memory;
    unsigned char *mask_at = (unsigned char *)(at + reals);
    /* a sampler keeps its latent as it is and casts what the network reads, step by step */
    in->hidden_states = convert(&s, hidden, names.single_step ? as : F64, &at);
    in->text = convert(&s, text, as, &at);
    in->pooled = convert(&s, pooled, as, &at);
    if (time) in->timestep = convert(&s, time, F64, &at);
    if (guidance) in->guidance = convert(&s, guidance, F64, &at);
    convert_mask(&s, mask, mask_at, latent[0], states[1]);
    in->mask = mask_at;
    if (s.status) R(hunyuan_inputs_free)(in);
    return s.status;
}

void R(hunyuan_inputs_free)(struct R(hunyuan_inputs) *in)
{
    free(in->memory);
    memset(in, 0, sizeof *in);
}
