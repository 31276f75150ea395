/* test_model -- the transformer against goldens of independent programs, both checkpoint
 * layouts, what must not change a result, and files that do not fit. */
#include "tests.h"

#include <math.h>
#include <stdlib.h>

/* ---- goldens ---- */

static double worst_difference(const struct tensor *got, const struct tensor *want, const struct tap_info *i)
{
    double largest = 0, worst = 0;
    for (size_t j = 0; j < i->n; j++) {
        double a, b;
        if (!i->counts[j / i->row_length]) continue;
        widen_f64(&a, got->data, got->dtype, j, 1);
        widen_f64(&b, want->data, want->dtype, j, 1);
        largest = fmax(largest, fabs(b));
        if (!(fabs(a - b) <= worst)) worst = fabs(a - b);
    }
    return worst == 0 ? 0 : worst / largest;
}

static void test_goldens(struct check *c, struct subjects *all)
{
    for (size_t s = 0; s < all->count; s++) {
        struct subject *x = &all->item[s];
        struct how how = { .arithmetic = TRUTH };
        struct tap_list list;
        struct tap_values values;
        struct policy p;
        struct dump d;
        struct err e;
        size_t compared = 0;
        check_case(c, x->c.name);
        policy_find("f64", &p);
        if (!make_dump(&d, c, x, &how)) continue;
        CHECK_STATUS(taps_list(&list, &values, subject_runner(x, &p), &e), OK);
        for (size_t t = 0; t < x->golden.count; t++) {
            const struct tensor *got = dump_tensor(&d, x->golden.item[t].name);
            const struct tap_info *i = taps_find(&list, x->golden.item[t].name);
            CHECK(got && i && shape_equal(got, x->golden.item[t].rank, x->golden.item[t].shape));
            if (!got || !i) continue;
            if (!(worst_difference(got, &x->golden.item[t], i) <= 1e-12)) check_failed(c, __FILE__, __LINE__, i->name);
            compared++;
        }
        CHECK(compared == x->golden.count && compared == d.tensors.count);
        /* pipeline order is the golden's order, which is that of the public code's execution */
        for (size_t t = 0; t < compared; t++) CHECK_STR(d.item[t].name, x->golden.item[t].name);
        taps_free(&list);
        taps_free_values(&values);
        dump_free(&d);
    }
}

/* ---- layouts ---- */

/* A set of tensors in memory that owns nothing but its table. */
struct table { struct tensors set; struct tensor item[2000]; void *owned[2000]; size_t owns; };

static void *keep(struct table *t, size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    return p ? t->owned[t->owns++] = p : NULL;
}

static void add(struct table *t, const char *name, const struct tensor *like, size_t rows, void *data)
{
    struct tensor *x = &t->item[t->set.count++];
    char *copy = keep(t, strlen(name) + 1);
    *x = *like;
    x->name = strcpy(copy, name);
    x->shape[0] = rows;
    x->data = data;
}

/* Rows of several tensors on top of each other, as Tencent's layout has them. */
static void stack(struct table *t, const struct tensors *from, const char *name, const char *const part[], size_t parts)
{
    size_t rows = 0, bytes = 0;
    const struct tensor *x[4] = { NULL };
    for (size_t i = 0; i < parts; i++) {
        x[i] = tensors_find(from, part[i]);
        rows += x[i]->shape[0];
        bytes += tensor_bytes(x[i]);
    }
    unsigned char *data = keep(t, bytes), *at = data;
    for (size_t i = 0; i < parts; i++, at += tensor_bytes(x[i - 1])) memcpy(at, x[i]->data, tensor_bytes(x[i]));
    add(t, name, x[0], rows, data);
}

static void rename_one(struct table *t, const struct tensors *from, const char *name, const char *old)
{
    const struct tensor *x = tensors_find(from, old);
    add(t, name, x, x->shape[0], x->data);
}

/* The same weights in Tencent's layout.  Written from the table of names in diffusers'
 * conversion script, apart from hunyuan_weights.c: two readings of one source. */
static void to_tencent(struct table *t, const struct tensors *from, const struct hunyuan_config *c)
{
    static const char *const ends[2] = { ".weight", ".bias" };
    static const char *const plain[][2] = {
        { "img_in.proj", "x_embedder.proj" },
        { "time_in.mlp.0", "time_text_embed.timestep_embedder.linear_1" },
        { "time_in.mlp.2", "time_text_embed.timestep_embedder.linear_2" },
        { "vector_in.in_layer", "time_text_embed.text_embedder.linear_1" },
        { "vector_in.out_layer", "time_text_embed.text_embedder.linear_2" },
        { "guidance_in.mlp.0", "time_text_embed.guidance_embedder.linear_1" },
        { "guidance_in.mlp.2", "time_text_embed.guidance_embedder.linear_2" },
        { "txt_in.input_embedder", "context_embedder.proj_in" },
        { "txt_in.t_embedder.mlp.0", "context_embedder.time_text_embed.timestep_embedder.linear_1" },
        { "txt_in.t_embedder.mlp.2", "context_embedder.time_text_embed.timestep_embedder.linear_2" },
        { "txt_in.c_embedder.linear_1", "context_embedder.time_text_embed.text_embedder.linear_1" },
        { "txt_in.c_embedder.linear_2", "context_embedder.time_text_embed.text_embedder.linear_2" },
        { "final_layer.linear", "proj_out" },
    };
    static const char *const refiner[][2] = {
        { "norm1", "norm1" }, { "norm2", "norm2" }, { "self_attn_proj", "attn.to_out.0" },
        { "mlp.fc1", "ff.net.0.proj" }, { "mlp.fc2", "ff.net.2" }, { "adaLN_modulation.1", "norm_out.linear" },
    };
    static const char *const twin[][2] = {
        { "img_mod.linear", "norm1.linear" }, { "img_attn_proj", "attn.to_out.0" },
        { "img_mlp.fc1", "ff.net.0.proj" }, { "img_mlp.fc2", "ff.net.2" },
        { "txt_mod.linear", "norm1_context.linear" }, { "txt_attn_proj", "attn.to_add_out" },
        { "txt_mlp.fc1", "ff_context.net.0.proj" }, { "txt_mlp.fc2", "ff_context.net.2" },
    };
    static const char *const norms[][2] = {
        { "img_attn_q_norm", "norm_q" }, { "img_attn_k_norm", "norm_k" },
        { "txt_attn_q_norm", "norm_added_q" }, { "txt_attn_k_norm", "norm_added_k" },
    };
    char a[MAX_NAME], b[4][MAX_NAME];
    const char *parts[4] = { b[0], b[1], b[2], b[3] };
    for (int e = 0; e < 2; e++) {
        for (size_t i = 0; i < LEN(plain); i++) {
            snprintf(a, sizeof a, "%s%s", plain[i][0], ends[e]);
            snprintf(b[0], sizeof b[0], "%s%s", plain[i][1], ends[e]);
            if (tensors_find(from, b[0])) rename_one(t, from, a, b[0]);
        }
        for (size_t n = 0; n < c->refiner_layers; n++) {
            const char *in = "txt_in.individual_token_refiner.blocks", *out = "context_embedder.token_refiner.refiner_blocks";
            for (size_t i = 0; i < LEN(refiner); i++) {
                snprintf(a, sizeof a, "%s.%zu.%s%s", in, n, refiner[i][0], ends[e]);
                snprintf(b[0], sizeof b[0], "%s.%zu.%s%s", out, n, refiner[i][1], ends[e]);
                rename_one(t, from, a, b[0]);
            }
            snprintf(a, sizeof a, "%s.%zu.self_attn_qkv%s", in, n, ends[e]);
            for (int i = 0; i < 3; i++) snprintf(b[i], sizeof b[i], "%s.%zu.attn.to_%c%s", out, n, "qkv"[i], ends[e]);
            stack(t, from, a, parts, 3);
        }
        for (size_t n = 0; n < c->layers; n++) {
            for (size_t i = 0; i < LEN(twin); i++) {
                snprintf(a, sizeof a, "double_blocks.%zu.%s%s", n, twin[i][0], ends[e]);
                snprintf(b[0], sizeof b[0], "transformer_blocks.%zu.%s%s", n, twin[i][1], ends[e]);
                rename_one(t, from, a, b[0]);
            }
            for (int s = 0; s < 2; s++) {
                snprintf(a, sizeof a, "double_blocks.%zu.%s_attn_qkv%s", n, s ? "txt" : "img", ends[e]);
                for (int i = 0; i < 3; i++)
                    snprintf(b[i], sizeof b[i], "transformer_blocks.%zu.attn.%s%c%s%s", n, s ? "add_" : "to_", "qkv"[i],
                             s ? "_proj" : "", ends[e]);
                stack(t, from, a, parts, 3);
            }
            for (size_t i = 0; i < LEN(norms) && e == 0; i++) {
                snprintf(a, sizeof a, "double_blocks.%zu.%s.weight", n, norms[i][0]);
                snprintf(b[0], sizeof b[0], "transformer_blocks.%zu.attn.%s.weight", n, norms[i][1]);
                rename_one(t, from, a, b[0]);
            }
        }
        for (size_t n = 0; n < c->single_layers; n++) {
            snprintf(a, sizeof a, "single_blocks.%zu.linear1%s", n, ends[e]);
            for (int i = 0; i < 3; i++)
                snprintf(b[i], sizeof b[i], "single_transformer_blocks.%zu.attn.to_%c%s", n, "qkv"[i], ends[e]);
            snprintf(b[3], sizeof b[3], "single_transformer_blocks.%zu.proj_mlp%s", n, ends[e]);
            stack(t, from, a, parts, 4);
            snprintf(a, sizeof a, "single_blocks.%zu.linear2%s", n, ends[e]);
            snprintf(b[0], sizeof b[0], "single_transformer_blocks.%zu.proj_out%s", n, ends[e]);
            rename_one(t, from, a, b[0]);
            snprintf(a, sizeof a, "single_blocks.%zu.modulation.linear%s", n, ends[e]);
            snprintf(b[0], sizeof b[0], "single_transformer_blocks.%zu.norm.linear%s", n, ends[e]);
            rename_one(t, from, a, b[0]);
            for (int i = 0; i < 2 && e == 0; i++) {
                snprintf(a, sizeof a, "single_blocks.%zu.%c_norm.weight", n, "qk"[i]);
                snprintf(b[0], sizeof b[0], "single_transformer_blocks.%zu.attn.norm_%c.weight", n, "qk"[i]);
                rename_one(t, from, a, b[0]);
            }
        }
        snprintf(b[0], sizeof b[0], "norm_out.linear%s", ends[e]);
        const struct tensor *x = tensors_find(from, b[0]);
        size_t half = tensor_bytes(x) / 2;
        unsigned char *data = keep(t, 2 * half);
        memcpy(data, (const unsigned char *)x->data + half, half);      /* shift, scale <- scale, shift */
        memcpy(data + half, x->data, half);
        snprintf(a, sizeof a, "final_layer.adaLN_modulation.1%s", ends[e]);
        add(t, a, x, x->shape[0], data);
    }
}

static void free_table(struct table *t)
{
    for (size_t i = 0; i < t->owns; i++) free(t->owned[i]);
    free(t);
}

static void test_layouts(struct check *c, struct subjects *all)
{
    for (size_t s = 0; s < all->count; s++) {
        struct subject *x = &all->item[s];
        struct tensors original = x->oracle.weights;
        struct how how = { .arithmetic = TRUTH };
        struct tensor a, b;
        struct err e;
        if (strcmp(oracle_layout(&x->oracle), "diffusers")) continue;
        check_case(c, "model: the same weights in the other layout give the same bits");
        struct table *t = calloc(1, sizeof *t);
        if (!t) return;
        to_tencent(t, &original, &x->oracle.config);
        CHECK_STATUS(oracle_run(&x->oracle, &how, NULL, &a, &e), OK);
        x->oracle.weights = t->set;
        x->oracle.weights.item = t->item;
        x->oracle.weights.path = "(in memory)";
        int status = oracle_run(&x->oracle, &how, NULL, &b, &e);
        CHECK_STR(oracle_layout(&x->oracle), "tencent");
        CHECK_STATUS(status, OK);
        if (status) fprintf(stderr, "    %s\n", e.text);
        else CHECK(!memcmp(a.data, b.data, tensor_bytes(&a)));
        x->oracle.weights = original;
        free(a.data);
        if (!status) free(b.data);
        free_table(t);
    }
}

/* ---- what must not change a result ---- */

/* The tensors of a set with one of them replaced. */
static struct tensors with(const struct tensors *set, struct tensor *items, const char *name, void *data)
{
    struct tensors copy = *set;
    memcpy(items, set->item, set->count * sizeof *items);
    for (size_t i = 0; i < set->count; i++)
        if (!strcmp(items[i].name, name)) items[i].data = data;
    copy.item = items;
    copy.owner = NULL;
    return copy;
}

static void test_padding(struct check *c, struct subject *x)
{
    struct how how = { .arithmetic = TRUTH };
    struct tensors original = x->oracle.inputs;
    struct tensor items[32], a, b;
    struct err e;
    check_case(c, "model: what stands in the padding of the text changes no bit");
    const struct tensor *text = tensors_find(&original, "encoder_hidden_states");
    const struct tensor *mask = tensors_find(&original, "encoder_attention_mask");
    float *other = malloc(tensor_bytes(text));
    size_t width = text->shape[2], changed = 0;
    memcpy(other, text->data, tensor_bytes(text));
    for (size_t i = 0; i < tensor_elements(mask); i++)
        if (!((const int64_t *)mask->data)[i]) {
            for (size_t j = 0; j < width; j++) other[i * width + j] = 1e6f * (float)(j + i);
            changed++;
        }
    CHECK(changed > 0);
    CHECK_STATUS(oracle_run(&x->oracle, &how, NULL, &a, &e), OK);
    x->oracle.inputs = with(&original, items, "encoder_hidden_states", other);
    CHECK_STATUS(oracle_run(&x->oracle, &how, NULL, &b, &e), OK);
    CHECK(!memcmp(a.data, b.data, tensor_bytes(&a)));
    x->oracle.inputs = original;
    free(a.data);
    free(b.data);
    free(other);
}

/* The second sample of a batch alone gives the bits it had in the batch. */
static void test_batch(struct check *c, struct subject *x)
{
    struct how how = { .arithmetic = TRUTH };
    struct tensors original = x->oracle.inputs, one = original;
    struct tensor items[32], a, b;
    struct err e;
    check_case(c, "model: a sample does not depend on its batch");
    CHECK_STATUS(oracle_run(&x->oracle, &how, NULL, &a, &e), OK);
    for (size_t i = 0; i < original.count; i++) {
        items[i] = original.item[i];
        items[i].shape[0] = 1;
        items[i].data = (unsigned char *)original.item[i].data + tensor_bytes(&items[i]);
    }
    one.item = items;
    one.owner = NULL;
    x->oracle.inputs = one;
    CHECK_STATUS(oracle_run(&x->oracle, &how, NULL, &b, &e), OK);
    CHECK(b.shape[0] == 1 && !memcmp((unsigned char *)a.data + tensor_bytes(&b), b.data, tensor_bytes(&b)));
    x->oracle.inputs = original;
    free(a.data);
    free(b.data);
}

/* ---- float32 islands ---- */

/* The published code's own sinusoid, from a dump of it: ours with islands=f32 follows it far
 * closer than the double one.  A library's float exp and cos differ in the last bit, which a
 * guidance of 6000 turns into 4e-4 rad, so single elements may still be off. */
static void test_islands(struct check *c, struct subject *x)
{
    static const char *const taps[] = { "time_text_embed.time_proj", "time_text_embed.time_proj#2" };
    struct how how = { .arithmetic = TRUTH };
    struct dump right, islands;
    struct tensors published;
    struct err e;
    check_case(c, "model: islands=f32 follow the published float32 sinusoid");
    char *path = path_join(c->golden, "dumps/padded-batch.f32.safetensors");
    CHECK_STATUS(tensors_open(&published, path, &e), OK);
    free(path);
    if (!make_dump(&right, c, x, &how)) return;
    how.islands_f32 = 1;
    if (!make_dump(&islands, c, x, &how)) { dump_free(&right); return; }
    for (size_t t = 0; t < LEN(taps); t++) {
        const struct tensor *p = tensors_find(&published, taps[t]);
        const double *a = dump_tensor(&right, taps[t])->data, *b = dump_tensor(&islands, taps[t])->data;
        size_t n = tensor_elements(p), same = 0, same_in_double = 0;
        for (size_t i = 0; i < n; i++) {
            float f;
            widen_f32(&f, p->data, p->dtype, i, 1);
            same += fabs(f - b[i]) <= 0x1p-23;
            same_in_double += fabs(f - a[i]) <= 0x1p-23;
        }
        CHECK(same > n * 8 / 10);
        CHECK(same_in_double < n * 8 / 10);
    }
    const double *a = dump_tensor(&right, "sample")->data, *b = dump_tensor(&islands, "sample")->data;
    double moved = 0, largest = 0;
    for (size_t i = 0; i < tensor_elements(dump_tensor(&right, "sample")); i++) {
        moved = fmax(moved, fabs(a[i] - b[i]));
        largest = fmax(largest, fabs(a[i]));
    }
    CHECK(moved > 1e-7 * largest && moved < 1e-3 * largest);
    dump_free(&right);
    dump_free(&islands);
    tensors_close(&published);
}

/* ---- files that do not fit ---- */

static void write_text(struct check *c, char path[1000], const char *name, const char *text)
{
    struct err e;
    snprintf(path, 1000, "%s/%s", c->scratch, name);
    CHECK_STATUS(file_write(path, text, strlen(text), &e), OK);
}

static void test_config(struct check *c)
{
    static const struct { const char *text, *phrase; enum status status; } bad[] = {
        { "[]", "must be a JSON object", E_DATA },
        { "{\"in_channels\": 0}", "\"in_channels\" must be", E_DATA },
        { "{\"in_channels\": 16.5}", "\"in_channels\" must be", E_DATA },
        { "{\"in_channels\": \"16\"}", "\"in_channels\" must be", E_DATA },
        { "{\"num_layers\": -1}", "\"num_layers\" must be", E_DATA },
        { "{\"num_layers\": 99999999999999999999}", "\"num_layers\" must be", E_DATA },
        { "{\"mlp_ratio\": 0}", "\"mlp_ratio\" must be", E_DATA },
        { "{\"mlp_ratio\": 1e300}", "\"mlp_ratio\" must be", E_DATA },
        { "{\"rope_theta\": -1}", "\"rope_theta\" must be", E_DATA },
        { "{\"rope_axes_dim\": [16, 56]}", "\"rope_axes_dim\" must be", E_DATA },
        { "{\"rope_axes_dim\": [15, 57, 56]}", "\"rope_axes_dim\" must be", E_DATA },
        { "{\"rope_axes_dim\": [16, 56, 58]}", "sums to 130", E_DATA },
        { "{\"guidance_embeds\": 1}", "true or false", E_DATA },
        { "{\"qk_norm\": \"layer_norm\"}", "\"qk_norm\"", E_UNSUPPORTED },
        { "{\"image_condition_type\": \"latent_concat\"}", "\"image_condition_type\"", E_UNSUPPORTED },
        { "{\"rope_teta\": 256}", "unknown key \"rope_teta\"", E_DATA },
        { "{\"num_attention_heads\": 1048576, \"attention_head_dim\": 1048576, \"rope_axes_dim\": [2, 2, 1048572]}",
          "more than this program takes", E_DATA },
        { "{\"num_layers\": 24,}", "byte", E_DATA },
    };
    struct hunyuan_config config;
    struct err e;
    char path[1000];
    for (size_t i = 0; i < LEN(bad); i++) {
        check_case(c, "model: a configuration that breaks a rule is refused by name");
        write_text(c, path, "config.json", bad[i].text);
        CHECK_STATUS(hunyuan_config_read(&config, path, &e), bad[i].status);
        CHECK_HAS(e.text, "config.json");
        CHECK_HAS(e.text, bad[i].phrase);
    }
    check_case(c, "model: an empty configuration is the published model");
    write_text(c, path, "config.json", "{\"_class_name\": \"anything\", \"image_condition_type\": null}");
    CHECK_STATUS(hunyuan_config_read(&config, path, &e), OK);
    CHECK(config.width == 3072 && config.layers == 20 && config.single_layers == 40 && config.mlp_width == 12288);
    check_case(c, "model: out_channels null means as many as in");
    write_text(c, path, "config.json", "{\"in_channels\": 5, \"out_channels\": null, \"patch_size\": 3}");
    CHECK_STATUS(hunyuan_config_read(&config, path, &e), OK);
    CHECK(config.out_channels == 5 && config.patch[1] == 3 && config.patch[2] == 3 && config.patch[0] == 1);
}

static void test_weights(struct check *c, struct subject *x)
{
    struct tensors set = x->oracle.weights;
    struct tensor *items = malloc((set.count + 1) * sizeof *items);
    struct hunyuan_weights w;
    struct text problems = { 0 };
    struct err e;
    if (!items) return;
    memcpy(items, set.item, set.count * sizeof *items);
    set.item = items;
    set.owner = NULL;
    check_case(c, "model: every tensor that does not fit is named, with expected and found shape");
    items[3].shape[0]++;
    items[5].name = "stranger";
    CHECK_STATUS(hunyuan_weights_bind(&w, &x->oracle.config, &set, F64, &problems, &e), E_DATA);
    char shape[100], line[400];
    shape_text(shape, sizeof shape, x->oracle.weights.item[3].shape, items[3].rank);
    snprintf(line, sizeof line, "mis-shaped %s: expected %s, found [", items[3].name, shape);
    CHECK_HAS(problems.s, line);
    snprintf(line, sizeof line, "missing %s: expected ", x->oracle.weights.item[5].name);
    CHECK_HAS(problems.s, line);
    CHECK_HAS(problems.s, "unexpected stranger: expected nothing, found [");
    CHECK_HAS(e.text, "3 tensors do not fit");
    CHECK_HAS(e.text, set.path);
    text_free(&problems);
    check_case(c, "model: weights of integers are refused");
    memcpy(items, x->oracle.weights.item, set.count * sizeof *items);
    items[2].dtype = I32;
    CHECK_STATUS(hunyuan_weights_bind(&w, &x->oracle.config, &set, F64, &problems, &e), E_DATA);
    CHECK_HAS(problems.s, "mistyped");
    text_free(&problems);
    check_case(c, "model: a file in neither layout is told so");
    set.count = 0;
    CHECK_STATUS(hunyuan_weights_bind(&w, &x->oracle.config, &set, F64, &problems, &e), E_DATA);
    CHECK_HAS(e.text, "neither");
    text_free(&problems);
    free(items);
}

static void test_inputs(struct check *c, struct subject *x)
{
    static const struct { const char *name, *phrase; int axis; int by; } bad[] = {
        { "hidden_states", "must have shape [any,4,any,any,any], found", 1, 1 },
        { "hidden_states", "not a multiple of the patch size 2", 4, -1 },
        { "timestep", "\"timestep\" must have shape [2], found [1]", 0, -1 },
        { "encoder_hidden_states", "\"encoder_hidden_states\" must have shape [2,any,20]", 2, -1 },
        { "encoder_attention_mask", "\"encoder_attention_mask\" must have shape [2,7], found [2,6]", 1, -1 },
        { "pooled_projections", "\"pooled_projections\" must have shape [2,12]", 1, -1 },
        { "guidance", "\"guidance\" must have shape [2]", 0, -1 },
    };
    struct tensors set = x->oracle.inputs;
    struct tensor items[32];
    struct hunyuan_inputs_f64 in;
    struct err e;
    const struct input_names names = { "hidden_states", "", 1 };
    set.item = items;
    set.owner = NULL;
    for (size_t i = 0; i < LEN(bad); i++) {
        check_case(c, "model: an input of another shape is refused by name");
        memcpy(items, x->oracle.inputs.item, set.count * sizeof *items);
        for (size_t t = 0; t < set.count; t++)
            if (!strcmp(items[t].name, bad[i].name)) items[t].shape[bad[i].axis] += (size_t)bad[i].by;
        CHECK_STATUS(hunyuan_inputs_read_f64(&in, &x->oracle.config, &set, names, F64, &e), E_DATA);
        CHECK_HAS(e.text, bad[i].phrase);
        check_case(c, "model: a missing input is refused by name");
        memcpy(items, x->oracle.inputs.item, set.count * sizeof *items);
        for (size_t t = 0; t < set.count; t++)
            if (!strcmp(items[t].name, bad[i].name)) items[t].name = "other";
        CHECK_STATUS(hunyuan_inputs_read_f64(&in, &x->oracle.config, &set, names, F64, &e), E_DATA);
        CHECK_HAS(e.text, "is missing");
        CHECK_HAS(e.text, bad[i].name);
    }
    check_case(c, "model: a mask of other numbers, an empty mask and a NaN are refused");
    int64_t mask[14] = { 1, 1, 2 };
    set = with(&x->oracle.inputs, items, "encoder_attention_mask", mask);
    CHECK_STATUS(hunyuan_inputs_read_f64(&in, &x->oracle.config, &set, names, F64, &e), E_DATA);
    CHECK_HAS(e.text, "0 and 1 only");
    mask[2] = 1;
    CHECK_STATUS(hunyuan_inputs_read_f64(&in, &x->oracle.config, &set, names, F64, &e), E_DATA);
    CHECK_HAS(e.text, "sample 1 has no text token");
    float time[2] = { 1, NAN };
    set = with(&x->oracle.inputs, items, "timestep", time);
    CHECK_STATUS(hunyuan_inputs_read_f64(&in, &x->oracle.config, &set, names, F64, &e), E_DATA);
    CHECK_HAS(e.text, "\"timestep\" holds a number that is not finite");
}

void test_model(struct check *c)
{
    struct subjects all;
    if (!subjects_open(&all, c)) return;
    test_goldens(c, &all);
    test_layouts(c, &all);
    struct subject *x = subjects_find(&all, "padded-batch");
    CHECK(x != NULL);
    if (x) {
        test_padding(c, x);
        test_batch(c, x);
        test_islands(c, x);
        test_weights(c, x);
        test_inputs(c, x);
    }
    test_config(c);
    subjects_close(&all);
}
