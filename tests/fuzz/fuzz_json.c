/* fuzz_json -- any bytes as a JSON document; what is accepted is walked, written again,
 * and must come back the same. */
#include "../../ref/io/io.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes v; returns 0 when the writer has no means for it (a NUL inside a string). */
static int copy(struct json_writer *w, const struct json *v)
{
    size_t n = 0;
    if (v->key && strlen(v->key) != v->key_length) return 0;
    switch (v->type) {
    case JSON_NULL: json_null(w, v->key); return 1;
    case JSON_FALSE: json_bool(w, v->key, 0); return 1;
    case JSON_TRUE: json_bool(w, v->key, 1); return 1;
    case JSON_NUMBER: json_number(w, v->key, v->number); return 1;
    case JSON_STRING:
        if (strlen(v->string) != v->length) return 0;
        json_string(w, v->key, v->string);
        return 1;
    case JSON_ARRAY:
    case JSON_OBJECT:
        json_begin(w, v->key, v->type == JSON_ARRAY ? '[' : '{');
        for (const struct json *m = v->first; m; m = m->next, n++)
            if (!copy(w, m)) return 0;
        assert(n == v->count);
        json_end(w, v->type == JSON_ARRAY ? ']' : '}');
    }
    return 1;
}

static int same(const struct json *a, const struct json *b)
{
    if (a->type != b->type || a->count != b->count || a->number != b->number || a->length != b->length) return 0;
    if (!a->key != !b->key || (a->key && strcmp(a->key, b->key))) return 0;
    if (a->type == JSON_STRING && strcmp(a->string, b->string)) return 0;
    for (a = a->first, b = b->first; a && b; a = a->next, b = b->next)
        if (!same(a, b)) return 0;
    return !a && !b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_document d, again;
    struct text out = { NULL, 0, 0, 0 };
    struct json_writer w = { &out, 0, 0, { 0 } };
    struct err e = { OK, "" };
    enum status status = json_parse(&d, "fuzz.json", (const char *)data, size, 0, &e);
    if (status) {
        assert(status == E_DATA && e.code == E_DATA && !strncmp(e.text, "fuzz.json: byte ", 16) && !strchr(e.text, '\n'));
        return 0;
    }
    w.indent = (int)(size % 3);
    if (copy(&w, d.root)) {
        assert(!out.failed && json_parse(&again, "again", out.s, out.len, 0, &e) == OK && same(d.root, again.root));
        json_free(&again);
    }
    text_free(&out);
    json_free(&d);
    return 0;
}
