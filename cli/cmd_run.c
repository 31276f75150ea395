#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char help_run[] =
    "usage: goldreel run MODEL --weights W --inputs I [--config C] -o OUT [OPTION...]\n\n"
    "MODEL is hunyuan-dit (one forward pass) or hunyuan-sampler (noise to latent).\n\n"
    "  --weights FILE    .safetensors, or .safetensors.index.json of a sharded checkpoint, in\n"
    "                    diffusers' or Tencent's layout (found out), F64, F32, F16 or BF16\n"
    "  --config FILE     diffusers-style config.json; without it, the published sizes\n"
    "  --inputs FILE     .safetensors with hidden_states [B,C,T,H,W], timestep [B],\n"
    "                    encoder_hidden_states [B,L,D], encoder_attention_mask [B,L],\n"
    "                    pooled_projections [B,P], guidance [B] (1000 x scale; distilled model only);\n"
    "                    for the sampler latents [B,C,T,H,W] in place of hidden_states, timestep and\n"
    "                    guidance, and with --cfg-scale also negative_encoder_hidden_states,\n"
    "                    negative_encoder_attention_mask, negative_pooled_projections\n"
    "  -o FILE           sample (or latents) as .safetensors or .npy: F64 from ref, F32 otherwise\n"
    "  --backend NAME    ref (double, the default), c (float), or a plug-in ./NAME.so\n"
    "  --taps            write every intermediate too, under its module path, in pipeline order\n"
    "  --islands f32     sinusoid and rotary angles in float32, as the published code computes them\n"
    "  --mutant NAME     with a known mistake (goldreel list mutants)\n"
    "  --steps N         sampler: number of steps\n"
    "  --shift S         sampler: schedule shift (7)\n"
    "  --guidance G      sampler: embedded guidance scale (6), for a model with guidance embedding\n"
    "  --cfg-scale S     sampler: two-pass guidance scale (1: one pass)\n";

struct request {
    const char *weights, *config, *inputs, *out, *backend, *islands, *mutant, *steps, *shift, *guidance, *cfg;
    int taps;
};

/* 0 and a message when a value is none. */
static int sampler_settings(struct sampler_settings *s, const struct request *q, enum model model)
{
    const char *given = q->steps ? "--steps" : q->shift ? "--shift" : q->guidance ? "--guidance" : q->cfg ? "--cfg-scale" : NULL;
    *s = (struct sampler_settings){ .shift = 7, .embedded_guidance = 6, .cfg_scale = 1 };
    if (model != HUNYUAN_SAMPLER) {
        if (given) trouble_text("run: %s is for hunyuan-sampler", given);
        return !given;
    }
    if (!q->steps) { trouble_text("run: hunyuan-sampler needs --steps"); return 0; }
    return parse_size("--steps", q->steps, 1, MAX_STEPS, &s->steps)
        && (!q->shift || parse_number("--shift", q->shift, 1e-6, 1e6, &s->shift))
        && (!q->guidance || parse_number("--guidance", q->guidance, 0, 1e6, &s->embedded_guidance))
        && (!q->cfg || parse_number("--cfg-scale", q->cfg, -1e6, 1e6, &s->cfg_scale));
}

/* The SHA-256 of a file, or "" when it cannot be read or is too large to be read twice. */
static void hash_file(char out[65], const char *path)
{
    struct file f;
    out[0] = 0;
    if (file_map(&f, path, NULL)) return;
    if (f.size <= (size_t)1 << 30) sha256_hex(out, f.data, f.size);
    file_unmap(&f);
}

static int ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n > m && !strcmp(s + n - m, end);
}

/* Found out before the run, which may take hours; 0 and a message when it cannot be written. */
static int check_out(const struct request *q)
{
    char *folder = path_folder(q->out);
    int exists = folder_exists(folder);
    free(folder);
    if (!exists) trouble_text("run: %s: the folder does not exist", q->out);
    else if (folder_exists(q->out)) trouble_text("run: %s: is a folder", q->out);
    else if (!ends_with(q->out, ".safetensors") && !ends_with(q->out, ".npy"))
        trouble_text("run: %s: OUT must end in .safetensors or .npy", q->out);
    else if (q->taps && ends_with(q->out, ".npy")) trouble_text("run: --taps needs an OUT that ends in .safetensors");
    else return 1;
    return 0;
}

static enum status write_out(const struct request *q, const struct tensor *item, size_t count, const char *model,
                             const char *layout, struct err *e)
{
    char weights[65], inputs[65];
    if (ends_with(q->out, ".npy")) return npy_write(q->out, &item[count - 1], e);
    hash_file(weights, q->weights);
    hash_file(inputs, q->inputs);
    const struct pair meta[] = {
        { "made_by", "goldreel " GOLDREEL_VERSION }, { "model", model }, { "backend", q->backend },
        { "policy", strcmp(q->backend, "ref") ? "f32" : "f64" }, { "islands", q->islands }, { "layout", layout },
        { "mutant", q->mutant ? q->mutant : "none" }, { "weights_sha256", weights }, { "inputs_sha256", inputs },
    };
    return safetensors_write(q->out, item, count, meta, weights[0] && inputs[0] ? LEN(meta) : LEN(meta) - 2, e);
}

/* Runs and writes; e says why not. */
static enum status run_and_write(const struct request *q, const struct oracle *o, const struct how *how, struct err *e)
{
    const char *model = model_names[o->model], *layout = oracle_layout(o);
    struct progress progress = { .what = "forward" };
    struct tensor result;
    struct dump d;
    enum status s;
    if (o->model == HUNYUAN_SAMPLER) strcpy(progress.what, "sampling");
    if (q->taps) {
        s = subject_dump(&d, &progress, o, how, 1, e);
        if (s) return s;
        s = write_out(q, d.item, d.tensors.count, model, layout, e);
        dump_free(&d);
        return s;
    }
    s = progress_run(&progress, o, how, NULL, &result, e);
    if (s) return s;
    s = write_out(q, &result, 1, model, layout, e);
    free(result.data);
    return s;
}

/* Padding in the middle of the text means two things: the refiner reads the mask itself, the
 * joint attention only counts it.  Both published codes do that; the user should know. */
static void warn_about_holes(const struct oracle *o)
{
    const struct tensor *m = tensors_find(&o->inputs, "encoder_attention_mask");
    for (size_t b = 0; m && m->rank == 2 && b < m->shape[0]; b++) {
        double before = 1, v;
        for (size_t i = 0; i < m->shape[1]; i++, before = v) {
            widen_f64(&v, m->data, m->dtype, b * m->shape[1] + i, 1);
            if (v > before) {
                fprintf(stderr, "goldreel: warning: the text mask of sample %zu has a hole: the refiner honours it, the "
                        "joint attention only counts valid tokens, as in the published code\n", b);
                return;
            }
        }
    }
}

/* A tensor that nobody reads may be a misspelt one that was meant to be read. */
static void warn_about_strangers(const struct oracle *o)
{
    static const char *const text[] = { "encoder_hidden_states", "encoder_attention_mask", "pooled_projections" };
    const int sampler = o->model == HUNYUAN_SAMPLER, two_passes = sampler && o->sampler.cfg_scale != 1;
    for (size_t t = 0; t < o->inputs.count; t++) {
        const char *name = o->inputs.item[t].name;
        const int negative = !strncmp(name, "negative_", 9);
        int read = sampler ? !strcmp(name, "latents")
                           : !strcmp(name, "hidden_states") || !strcmp(name, "timestep")
                                 || (o->config.guidance && !strcmp(name, "guidance"));
        for (size_t i = 0; i < LEN(text); i++)
            read |= !strcmp(negative ? name + 9 : name, text[i]) && (!negative || two_passes);
        char shown[SHOWN];
        if (!read) fprintf(stderr, "goldreel: warning: input \"%s\" is not read by this run\n", show(shown, name, strlen(name)));
    }
}

static int execute(const struct request *q, enum model model, const struct sampler_settings *sampler)
{
    struct how how = { 0 };
    struct backend b;
    struct oracle o;
    struct text problems = { 0 };
    struct err e;
    enum dtype islands;
    if (!parse_islands(q->islands, &islands)) return TROUBLE;
    if (q->mutant && !(how.mutant = mutant_find(q->mutant)))
        return trouble_text("run: there is no mutant \"%s\" (see goldreel list mutants)", q->mutant);
    if (how.mutant && how.mutant->sampler && model != HUNYUAN_SAMPLER)
        return trouble_text("run: mutant \"%s\" is one of hunyuan-sampler", q->mutant);
    if (!backend_open(&b, q->backend, &e)) return trouble(&e);
    how.arithmetic = b.kernels ? FLOAT : TRUTH;
    how.backend = b.kernels;
    how.ctx = b.ctx;
    how.islands_f32 = islands == F32;
    int status = TROUBLE;
    if (oracle_open(&o, model, (struct oracle_files){ q->weights, q->config, q->inputs }, sampler, &problems, &e)) {
        trouble(&e);
        print_problems(&problems);
    } else {
        warn_about_holes(&o);
        warn_about_strangers(&o);
        status = run_and_write(q, &o, &how, &e) ? trouble(&e) : AGREED;
        oracle_close(&o);
    }
    text_free(&problems);
    backend_close(&b);
    return status;
}

int cmd_run(int argc, char **argv)
{
    struct request q = { .backend = "ref", .islands = "f64" };
    const struct option options[] = {
        { "--weights", &q.weights, NULL }, { "--config", &q.config, NULL }, { "--inputs", &q.inputs, NULL },
        { "-o", &q.out, NULL }, { "--backend", &q.backend, NULL }, { "--taps", NULL, &q.taps },
        { "--islands", &q.islands, NULL }, { "--mutant", &q.mutant, NULL }, { "--steps", &q.steps, NULL },
        { "--shift", &q.shift, NULL }, { "--guidance", &q.guidance, NULL }, { "--cfg-scale", &q.cfg, NULL },
    };
    struct sampler_settings sampler;
    int operands = options_parse(argc, argv, options, LEN(options), "run"), model = -1;
    if (operands < 0) return TROUBLE;
    if (operands != 1) return trouble_text("run: name one model (see goldreel run --help)");
    for (int i = 0; i < MODELS; i++)
        if (!strcmp(argv[0], model_names[i])) model = i;
    if (model < 0) return trouble_text("run: there is no model \"%s\" (see goldreel list models)", argv[0]);
    if (!q.weights || !q.inputs || !q.out)
        return trouble_text("run: %s is missing", !q.weights ? "--weights" : !q.inputs ? "--inputs" : "-o OUT");
    if (!check_out(&q) || !sampler_settings(&sampler, &q, (enum model)model)) return TROUBLE;
    return execute(&q, (enum model)model, &sampler);
}
