/* hunyuan_config -- the sizes of a HunyuanVideo transformer, from a diffusers config.json.
 * Source: diffusers src/diffusers/models/transformers/transformer_hunyuan_video.py,
 * HunyuanVideoTransformer3DModel.__init__ (keys, defaults). */
#include "model.h"

#include <string.h>

enum { MAX_SIZE = 1 << 20 };    /* of any single count: keeps every product inside 64 bits */

static void derive(struct hunyuan_config *c)
{
    c->width = c->heads * c->head_dim;
    c->mlp_width = (size_t)((double)c->width * c->mlp_ratio);
    c->refiner_mlp_width = 4 * c->width;
    c->patch_elements = c->patch[0] * c->patch[1] * c->patch[2];
}

void hunyuan_config_default(struct hunyuan_config *c)
{
    *c = (struct hunyuan_config){
        .in_channels = 16, .out_channels = 16, .heads = 24, .head_dim = 128,
        .layers = 20, .single_layers = 40, .refiner_layers = 2, .mlp_ratio = 4,
        .patch = { 1, 2, 2 }, .guidance = 1, .text_dim = 4096, .pooled_dim = 768,
        .rope_theta = 256, .rope_dims = { 16, 56, 56 },
    };
    derive(c);
}

struct reader { const char *path; struct err *e; };

static enum status wrong(struct reader *r, const struct json *v, const char *rule)
{
    return fail(r->e, E_DATA, "%s: byte %zu: \"%s\" must be %s", r->path, v->offset, v->key ? v->key : "", rule);
}

static enum status size_field(struct reader *r, const struct json *v, size_t least, size_t *out)
{
    size_t n;
    if (!json_size(v, MAX_SIZE, &n) || n < least)
        return wrong(r, v, least ? "an integer from 1 to 1048576" : "an integer from 0 to 1048576");
    *out = n;
    return OK;
}

static enum status number_field(struct reader *r, const struct json *v, double *out)
{
    if (v->type != JSON_NUMBER || !(v->number > 0) || v->number > MAX_SIZE)
        return wrong(r, v, "a number above 0 and at most 1048576");
    *out = v->number;
    return OK;
}

static enum status rope_field(struct reader *r, const struct json *v, size_t out[3])
{
    const struct json *item = v->type == JSON_ARRAY && v->count == 3 ? v->first : NULL;
    for (int i = 0; i < 3; i++, item = item->next)
        if (!item || !json_size(item, MAX_SIZE, &out[i]) || out[i] == 0 || out[i] % 2)
            return wrong(r, v, "three even integers above 0 (frames, rows, columns)");
    return OK;
}

static enum status field(struct reader *r, struct hunyuan_config *c, const struct json *v)
{
    const struct { const char *key; size_t least; size_t *at; } sizes[] = {
        { "in_channels", 1, &c->in_channels }, { "out_channels", 1, &c->out_channels },
        { "num_attention_heads", 1, &c->heads }, { "attention_head_dim", 1, &c->head_dim },
        { "num_layers", 0, &c->layers }, { "num_single_layers", 0, &c->single_layers },
        { "num_refiner_layers", 0, &c->refiner_layers }, { "patch_size", 1, &c->patch[1] },
        { "patch_size_t", 1, &c->patch[0] }, { "text_embed_dim", 1, &c->text_dim },
        { "pooled_projection_dim", 1, &c->pooled_dim },
    };
    if (v->key[0] == '_') return OK;
    if (!strcmp(v->key, "out_channels") && v->type == JSON_NULL) { c->out_channels = 0; return OK; }
    for (size_t i = 0; i < LEN(sizes); i++)
        if (!strcmp(v->key, sizes[i].key)) return size_field(r, v, sizes[i].least, sizes[i].at);
    if (!strcmp(v->key, "mlp_ratio")) return number_field(r, v, &c->mlp_ratio);
    if (!strcmp(v->key, "rope_theta")) return number_field(r, v, &c->rope_theta);
    if (!strcmp(v->key, "rope_axes_dim")) return rope_field(r, v, c->rope_dims);
    if (!strcmp(v->key, "guidance_embeds")) {
        if (v->type != JSON_TRUE && v->type != JSON_FALSE) return wrong(r, v, "true or false");
        c->guidance = v->type == JSON_TRUE;
        return OK;
    }
    if (!strcmp(v->key, "qk_norm")) {
        if (v->type != JSON_STRING || strcmp(v->string, "rms_norm"))
            return fail(r->e, E_UNSUPPORTED, "%s: byte %zu: \"qk_norm\": only \"rms_norm\" is implemented",
                        r->path, v->offset);
        return OK;
    }
    if (!strcmp(v->key, "image_condition_type")) {
        if (v->type != JSON_NULL)
            return fail(r->e, E_UNSUPPORTED, "%s: byte %zu: \"image_condition_type\": only null (text to video) "
                        "is implemented", r->path, v->offset);
        return OK;
    }
    return fail(r->e, E_DATA, "%s: byte %zu: unknown key \"%.100s\"", r->path, v->offset, v->key);
}

static enum status consistent(const struct hunyuan_config *c, const char *path, struct err *e)
{
    size_t sum = c->rope_dims[0] + c->rope_dims[1] + c->rope_dims[2];
    if (sum != c->head_dim)
        return fail(e, E_DATA, "%s: \"rope_axes_dim\" [%zu,%zu,%zu] sums to %zu, \"attention_head_dim\" is %zu",
                    path, c->rope_dims[0], c->rope_dims[1], c->rope_dims[2], sum, c->head_dim);
    /* sizes below 2^24 keep (5 * width) * width * 8 bytes, the largest matrix, inside 64 bits */
    if ((double)c->heads * (double)c->head_dim > 1 << 24
        || (double)c->heads * (double)c->head_dim * c->mlp_ratio > 1 << 26)
        return fail(e, E_DATA, "%s: %zu heads of %zu channels (MLP ratio %g) are more than this program takes",
                    path, c->heads, c->head_dim, c->mlp_ratio);
    if (c->mlp_width == 0)
        return fail(e, E_DATA, "%s: \"mlp_ratio\" %g leaves no channel in the MLP", path, c->mlp_ratio);
    if ((double)c->patch[0] * (double)c->patch[1] * (double)c->patch[2] * (double)c->in_channels > 1 << 24
        || (double)c->patch[0] * (double)c->patch[1] * (double)c->patch[2] * (double)c->out_channels > 1 << 24)
        return fail(e, E_DATA, "%s: patches of %zux%zux%zu are more than this program takes", path,
                    c->patch[0], c->patch[1], c->patch[2]);
    if (c->layers + c->single_layers + c->refiner_layers > 100000)
        return fail(e, E_DATA, "%s: more than 100000 blocks", path);
    return OK;
}

enum status hunyuan_config_read(struct hunyuan_config *c, const char *path, struct err *e)
{
    struct file f;
    struct json_document d = { 0 };
    struct reader r = { path, e };
    hunyuan_config_default(c);
    enum status s = file_map(&f, path, e);
    if (s) return s;
    s = json_parse(&d, path, (const char *)f.data, f.size, 0, e);
    if (!s && d.root->type != JSON_OBJECT)
        s = fail(e, E_DATA, "%s: byte %zu: a configuration must be a JSON object", path, d.root->offset);
    for (const struct json *v = s ? NULL : d.root->first; v && !s; v = v->next) s = field(&r, c, v);
    if (!s) {
        c->patch[2] = c->patch[1];
        if (c->out_channels == 0) c->out_channels = c->in_channels;
        derive(c);
        s = consistent(c, path, e);
    }
    json_free(&d);
    file_unmap(&f);
    return s;
}
