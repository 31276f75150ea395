/* report_json -- a verdict for programs: one JSON object in one line. */
#include "golden.h"

#include <string.h>

static void lines(struct json_writer *w, const char *key, const struct text *t)
{
    json_begin(w, key, '[');
    for (const char *s = t->s; s && *s; ) {
        size_t n = strcspn(s, "\n");
        struct text one = { 0 };
        text_add_bytes(&one, s, n);
        json_string(w, NULL, one.s ? one.s : "");
        text_free(&one);
        s += n + (s[n] == '\n');
    }
    json_end(w, ']');
}

static void tap(struct json_writer *w, const struct tap_verdict *x)
{
    json_begin(w, NULL, '{');
    json_string(w, "tap", x->tap->name);
    json_string(w, "finding", finding_names[x->finding]);
    if (x->judged) {
        json_string(w, "dtype", dtype_name(x->dtype));
        json_number(w, "local", x->sigma);
        json_number(w, "local_limit", x->sigma_limit);
        json_number(w, "row", x->row_ratio);
        json_number(w, "element", x->element_ratio);
        json_number(w, "element_limit", x->element_limit);
        json_number(w, "free", x->free_ratio);
        json_number(w, "free_limit", x->free_limit);
        json_number(w, "error_rms", x->error_rms);
        json_number(w, "value_rms", x->value_rms);
        json_integer(w, "outside", (int64_t)x->outside);
        if (x->finding == DIVERGES) {
            json_integer(w, "worst_index", (int64_t)x->worst);
            json_number(w, "got", x->got);
            json_number(w, "want", x->want);
        }
    } else {
        json_string(w, "detail", x->detail);
    }
    json_end(w, '}');
}

void report_json(struct text *out, const struct verdict *v, const struct report_head *h)
{
    struct json_writer w = { .out = out };
    json_begin(&w, NULL, '{');
    json_string(&w, "case", h->subject);
    json_string(&w, "dump", h->dump);
    json_string(&w, "policy", h->policy);
    json_string(&w, "islands", h->islands);
    json_string(&w, "verdict", v->passed ? "pass" : "fail");
    json_integer(&w, "judged", (int64_t)v->judged);
    json_integer(&w, "required", (int64_t)v->required);
    if (v->first) {
        json_string(&w, "first", v->first->tap->name);
        json_string(&w, "first_finding", finding_names[v->first->finding]);
    } else {
        json_null(&w, "first");
        json_null(&w, "first_finding");
    }
    json_integer(&w, "inherited", (int64_t)v->by_finding[INHERITS]);
    lines(&w, "mistrust", &v->mistrust);
    lines(&w, "notes", &v->notes);
    json_begin(&w, "taps", '[');
    for (size_t t = 0; t < v->count; t++)
        if (v->item[t].judged || v->item[t].finding != AGREES) tap(&w, &v->item[t]);
    json_end(&w, ']');
    json_end(&w, '}');
    text_add(out, "\n");
}
