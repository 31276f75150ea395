/* case -- a golden case: a folder with case.json, and files it names. */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_text(const char *s)
{
    char *c = malloc(strlen(s) + 1);
    return c ? strcpy(c, s) : NULL;
}

struct fields { const struct json *object; const char *path, *folder; struct err *e; enum status status; };

static const struct json *field(struct fields *f, const char *key, enum json_type type, int required)
{
    if (f->status) return NULL;
    const struct json *v = json_get(f->object, key);
    if ((!v || v->type == JSON_NULL) && !required) return NULL;
    if (!v) f->status = fail(f->e, E_DATA, "%s: \"%s\" is missing", f->path, key);
    else if (v->type != type)
        f->status = fail(f->e, E_DATA, "%s: byte %zu: \"%s\" must be a %s", f->path, v->offset, key,
                         type == JSON_STRING ? "string" : type == JSON_NUMBER ? "number" : "object");
    return f->status ? NULL : v;
}

static char *string_field(struct fields *f, const char *key, int required)
{
    const struct json *v = field(f, key, JSON_STRING, required);
    char *c = v ? copy_text(v->string) : NULL;
    if (v && !c) f->status = fail(f->e, E_MEMORY, "%s: no memory", f->path);
    return c;
}

static char *path_field(struct fields *f, const char *key, int required)
{
    const struct json *v = field(f, key, JSON_STRING, required);
    char *c = v ? path_join(f->folder, v->string) : NULL;
    if (v && !c) f->status = fail(f->e, E_MEMORY, "%s: no memory", f->path);
    return c;
}

static double number_field(struct fields *f, const char *key, double otherwise)
{
    const struct json *v = field(f, key, JSON_NUMBER, 0);
    return v ? v->number : otherwise;
}

static void read_sampler(struct golden_case *c, struct fields *f)
{
    const struct json *s = field(f, "sampler", JSON_OBJECT, 0), *steps;
    c->cfg_scale = 1;
    if (!s) return;
    struct fields inner = { s, f->path, f->folder, f->e, f->status };
    steps = field(&inner, "steps", JSON_NUMBER, 1);
    if (steps && !json_size(steps, 1000000, &c->steps))
        inner.status = fail(f->e, E_DATA, "%s: byte %zu: \"steps\" must be a whole number", f->path, steps->offset);
    c->shift = number_field(&inner, "shift", 1);
    c->embedded_guidance = number_field(&inner, "embedded_guidance", 0);
    c->cfg_scale = number_field(&inner, "cfg_scale", 1);
    f->status = inner.status;
}

static void read_hashes(struct golden_case *c, struct fields *f)
{
    const struct json *s = field(f, "sha256", JSON_OBJECT, 0);
    if (!s) return;
    struct fields inner = { s, f->path, f->folder, f->e, f->status };
    c->config_sha256 = string_field(&inner, "config", 0);
    c->weights_sha256 = string_field(&inner, "weights", 0);
    c->inputs_sha256 = string_field(&inner, "inputs", 0);
    c->golden_sha256 = string_field(&inner, "golden", 0);
    f->status = inner.status;
}

enum status case_open(struct golden_case *c, const char *folder, struct err *e)
{
    struct file file = { 0 };
    struct json_document d = { 0 };
    memset(c, 0, sizeof *c);
    char *path = path_join(folder, "case.json");
    if (!path) return fail(e, E_MEMORY, "%s: no memory", folder);
    enum status s = file_map(&file, path, e);
    if (!s) s = json_parse(&d, path, (const char *)file.data, file.size, 0, e);
    if (!s && d.root->type != JSON_OBJECT) s = fail(e, E_DATA, "%s: byte %zu: a case must be a JSON object", path, d.root->offset);
    if (!s) {
        struct fields f = { d.root, path, folder, e, OK };
        c->folder = copy_text(folder);
        c->name = string_field(&f, "case", 1);
        c->about = string_field(&f, "about", 0);
        c->model = string_field(&f, "model", 1);
        c->config = path_field(&f, "config", 1);
        c->weights = path_field(&f, "weights", 1);
        c->inputs = path_field(&f, "inputs", 1);
        c->golden = path_field(&f, "golden", 0);
        read_sampler(c, &f);
        read_hashes(c, &f);
        s = f.status;
        if (!s && !c->folder) s = fail(e, E_MEMORY, "%s: no memory", path);
    }
    json_free(&d);
    file_unmap(&file);
    free(path);
    if (s) case_close(c);
    return s;
}

static enum status check_hash(const char *path, const char *want, struct err *e)
{
    struct file f;
    char have[65];
    if (!path || !want) return OK;
    enum status s = file_map(&f, path, e);
    if (s) return s;
    sha256_hex(have, f.data, f.size);
    file_unmap(&f);
    return strcmp(have, want) ? fail(e, E_DATA, "%s: SHA-256 is %s, the case was made with %s", path, have, want) : OK;
}

enum status case_check_hashes(const struct golden_case *c, struct err *e)
{
    enum status s = check_hash(c->config, c->config_sha256, e);
    if (!s) s = check_hash(c->weights, c->weights_sha256, e);
    if (!s) s = check_hash(c->inputs, c->inputs_sha256, e);
    if (!s) s = check_hash(c->golden, c->golden_sha256, e);
    return s;
}

void case_close(struct golden_case *c)
{
    char *all[] = { c->name, c->about, c->model, c->folder, c->weights, c->config, c->inputs, c->golden,
                    c->weights_sha256, c->inputs_sha256, c->golden_sha256, c->config_sha256 };
    for (size_t i = 0; i < LEN(all); i++) free(all[i]);
    memset(c, 0, sizeof *c);
}

/* One name of the index: a line of JSON with a "case". */
static enum status index_line(char ***names, size_t *count, const char *path, const char *line, size_t size,
                              size_t offset, struct err *e)
{
    struct json_document d;
    enum status s = json_parse(&d, path, line, size, offset, e);
    if (s) return s;
    struct fields f = { d.root, path, "", e, OK };
    if (d.root->type != JSON_OBJECT) f.status = fail(e, E_DATA, "%s: byte %zu: a line must be a JSON object", path, offset);
    char *name = string_field(&f, "case", 1), **more = NULL;
    json_free(&d);
    if (f.status) return f.status;
    more = realloc(*names, (*count + 1) * sizeof *more);
    if (!more) { free(name); return fail(e, E_MEMORY, "%s: no memory", path); }
    *names = more;
    more[(*count)++] = name;
    return OK;
}

enum status case_index(char ***names, size_t *count, const char *cases_folder, struct err *e)
{
    struct file f = { 0 };
    *names = NULL;
    *count = 0;
    char *path = path_join(cases_folder, "INDEX.jsonl");
    if (!path) return fail(e, E_MEMORY, "%s: no memory", cases_folder);
    enum status s = file_map(&f, path, e);
    for (size_t at = 0; !s && at < f.size; ) {
        const unsigned char *end = memchr(f.data + at, '\n', f.size - at);
        size_t n = end ? (size_t)(end - f.data) - at : f.size - at;
        if (n) s = index_line(names, count, path, (const char *)f.data + at, n, at, e);
        at += n + 1;
    }
    if (!s && *count == 0) s = fail(e, E_DATA, "%s: names no case", path);
    if (s) {
        for (size_t i = 0; i < *count; i++) free((*names)[i]);
        free(*names);
        *names = NULL;
        *count = 0;
    }
    file_unmap(&f);
    free(path);
    return s;
}
