#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char help_check[] =
    "usage: goldreel check [./plugin.so] [CASE...] [OPTION...]\n\n"
    "Runs golden cases on a backend of this machine and judges every tap.  The double build\n"
    "(ref) must agree with goldens of independent programs to 1e-12 of the largest value of a\n"
    "tap; float backends and plug-ins are judged like any dump, as f32.  Without CASE all of\n"
    "them, without --backend every backend.\n\n"
    "  --backend NAME    ref, c, all (the default), or a plug-in (ref/plugin.h)\n"
    "  --json FILE       one JSON object for programs (- for stdout, and nothing else there)\n"
    "  --cases DIR       where the cases are\n\n"
    "Exit status: 0 everything agrees, 1 something does not, 2 trouble.\n";

/* Independent implementations agree with each other to 1.1e-14 in double; no wrong variant
 * hides below 1e-12. */
static const double REF_LIMIT = 1e-12;

/* What goes on, and where it is told. */
struct session {
    const char *cases, *backend;
    int quiet;                  /* stdout is for JSON */
    struct json_writer w;
};

struct result {
    const char *c, *backend, *verdict, *unit, *first;
    size_t judged, required;
    double worst, limit;        /* limit 0: every tap has its own */
};

static void add_result(struct session *x, const struct result *r)
{
    struct json_writer *w = &x->w;
    json_begin(w, NULL, '{');
    json_string(w, "case", r->c);
    json_string(w, "backend", r->backend);
    json_string(w, "verdict", r->verdict);
    json_integer(w, "judged", (int64_t)r->judged);
    json_integer(w, "required", (int64_t)r->required);
    json_number(w, "worst", r->worst);
    json_string(w, "unit", r->unit);
    if (r->limit > 0) json_number(w, "limit", r->limit);
    json_string(w, "first", r->first);
    json_end(w, '}');
}

/* ---- ref: tap by tap against the golden tensors ---- */

struct comparer {
    struct trace trace;
    const struct tensors *golden;
    size_t judged;
    double worst;               /* largest |difference| / largest |golden| of a tap */
    char first[MAX_NAME];       /* first tap outside; "" for none */
};

static enum status compare(struct trace *trace, const struct tap *t, struct err *e)
{
    struct comparer *c = (struct comparer *)trace;
    const struct tensor *g = tensors_find(c->golden, t->name);
    if (!g || t->alias) return OK;
    if (!shape_equal(g, t->rank, t->shape))
        return fail(e, E_DATA, "%s: golden tap %s has another shape", c->golden->path, t->name);
    size_t n = tensor_elements(g), sample = t->rank > 1 ? n / t->shape[0] : n;
    size_t token = t->rank > 1 ? sample / t->shape[1] : sample;
    double largest = 0, difference = 0;
    for (size_t i = 0; i < n; i++) {
        double want;
        if (t->valid && i % sample / token >= t->valid[i / sample]) continue;
        widen_f64(&want, g->data, g->dtype, i, 1);
        double d = fabs(((const double *)t->data)[i] - want);
        if (!(d <= difference)) difference = d;         /* so that a NaN stays */
        if (fabs(want) > largest) largest = fabs(want);
    }
    double relative = difference == 0 ? 0 : difference / largest;
    if (!(relative <= c->worst)) c->worst = relative;
    if (!(relative <= REF_LIMIT) && !c->first[0]) snprintf(c->first, sizeof c->first, "%s", t->name);
    c->judged++;
    return OK;
}

static int check_ref(struct session *x, struct subject *s, struct err *e)
{
    struct comparer c = { .trace = { compare }, .golden = &s->golden };
    struct how how = { .arithmetic = TRUTH };
    struct result r = { .c = s->c.name, .backend = "ref", .unit = "of the largest value", .limit = REF_LIMIT };
    struct tensor result;
    if (!s->has_golden) {
        if (!x->quiet) printf("skip  %-20s %-10s no golden\n", r.c, r.backend);
        r.verdict = "skip";
        add_result(x, &r);
        return AGREED;
    }
    snprintf(s->progress.what, sizeof s->progress.what, "%s: ref", r.c);
    if (progress_run(&s->progress, &s->oracle, &how, &c.trace, &result, e)) return trouble(e);
    free(result.data);
    int passed = c.judged == s->golden.count && c.judged > 0 && !c.first[0];
    r.verdict = passed ? "pass" : "fail";
    r.judged = c.judged;
    r.required = s->golden.count;
    r.worst = c.worst;
    r.first = c.first[0] ? c.first : NULL;
    add_result(x, &r);
    if (x->quiet) return passed ? AGREED : DIFFERED;
    progress_clear();
    printf("%s  %-20s %-10s %zu of %zu taps, worst %.2g of the largest value (allowed %.0e)\n", passed ? "PASS" : "FAIL",
           r.c, r.backend, c.judged, s->golden.count, c.worst, REF_LIMIT);
    if (r.first) printf("  first wrong: %s\n", r.first);
    return passed ? AGREED : DIFFERED;
}

/* ---- float backends: as a dump ---- */

static void tell_float(struct session *x, const struct subject *s, const struct backend *b, const struct verdict *v)
{
    const struct report_head head = { s->c.name, b->name, "f32", "f64" };
    const struct result r = {
        .c = s->c.name, .backend = b->name, .verdict = v->passed ? "pass" : "fail", .unit = "budgets",
        .first = v->first ? v->first->tap->name : NULL, .judged = v->judged, .required = v->required,
        .worst = verdict_worst(v),
    };
    struct text t = { 0 };
    add_result(x, &r);
    if (x->quiet) return;
    progress_clear();
    printf("%s  %-20s %-10s %zu of %zu taps, worst %.2g budgets\n", v->passed ? "PASS" : "FAIL", r.c, r.backend,
           v->by_finding[AGREES] + v->by_finding[INHERITS], r.required, r.worst);
    if (!v->passed) report_text(&t, v, &head, 0);
    if (t.s) fputs(t.s, stdout);
    text_free(&t);
}

static int check_float(struct session *x, struct subject *s, const struct backend *b, struct err *e)
{
    struct how how = { .arithmetic = FLOAT, .backend = b->kernels, .ctx = b->ctx };
    struct policy p;
    struct dump d;
    struct budget budget;
    struct verdict v;
    policy_find("f32", &p);
    p.islands = F64;            /* our float build computes them in double */
    struct runner *r = subject_runner(s, &p);
    if (budget_make(&budget, r, p.storage, s->has_golden ? &s->golden : NULL, NULL, e)) return trouble(e);
    int status = TROUBLE;
    if (subject_dump(&d, &s->progress, &s->oracle, &how, 0, e)) {
        trouble(e);
    } else {
        const struct declaration claims = { .storage = p.storage };
        if (judge(&v, &budget, r, &d.tensors, 1, &claims, e)) {
            trouble(e);
        } else {
            tell_float(x, s, b, &v);
            status = v.passed ? AGREED : DIFFERED;
            verdict_free(&v);
        }
        dump_free(&d);
    }
    budget_free(&budget);
    return status;
}

/* ---- the command ---- */

static int check_case(struct session *x, const char *folder)
{
    struct subject s;
    struct text problems = { 0 };
    struct err e;
    int status = AGREED;
    if (subject_open(&s, folder, &problems, &e)) {
        trouble(&e);
        print_problems(&problems);
        return TROUBLE;
    }
    for (size_t i = 0; status != TROUBLE; i++) {
        struct backend b;
        const char *name = strcmp(x->backend, "all") ? (i ? NULL : x->backend) : backend_names[i];
        if (!name) break;
        if (!backend_open(&b, name, &e)) { status = trouble(&e); break; }
        int one = b.kernels ? check_float(x, &s, &b, &e) : check_ref(x, &s, &e);
        if (one > status) status = one;
        backend_close(&b);
    }
    fflush(stdout);
    subject_close(&s);
    return status;
}

/* Trouble ends it: what comes after would hide the message. */
static int check_cases(struct session *x, char **names, size_t count)
{
    int status = AGREED;
    size_t passed = 0, failed = 0;
    json_begin(&x->w, NULL, '{');
    json_begin(&x->w, "cases", '[');
    for (size_t i = 0; i < count; i++) {
        char *folder = case_folder(x->cases, names[i]);
        int one = folder ? check_case(x, folder) : trouble_text("no golden cases found: set --cases or GOLDREEL_CASES");
        free(folder);
        if (one == TROUBLE) return TROUBLE;
        passed += one == AGREED;
        failed += one != AGREED;
        if (one > status) status = one;
    }
    json_end(&x->w, ']');
    json_integer(&x->w, "passed", (int64_t)passed);
    json_integer(&x->w, "failed", (int64_t)failed);
    json_end(&x->w, '}');
    text_add(x->w.out, "\n");
    if (!x->quiet)
        printf("%zu case%s agree%s, %zu %s not\n", passed, passed == 1 ? "" : "s", passed == 1 ? "s" : "", failed,
               failed == 1 ? "does" : "do");
    return status;
}

int cmd_check(int argc, char **argv)
{
    const char *json = NULL, *wanted = NULL;
    struct text report = { 0 };
    struct session x = { .w = { .out = &report } };
    const struct option options[] = { { "--backend", &x.backend, NULL }, { "--cases", &wanted, NULL }, { "--json", &json, NULL } };
    int operands = options_parse(argc, argv, options, LEN(options), "check"), status;
    struct backend b;
    struct err e;
    if (operands < 0) return TROUBLE;
    size_t n = strlen(operands ? argv[0] : "");
    if (n > 3 && !strcmp(argv[0] + n - 3, ".so")) {
        if (x.backend) return trouble_text("check: either --backend %s or %s", x.backend, argv[0]);
        x.backend = argv[0];
        argv++;
        operands--;
    }
    if (!x.backend) x.backend = "all";
    if (strcmp(x.backend, "all")) {         /* told before the first case runs */
        if (!backend_open(&b, x.backend, &e)) return trouble(&e);
        backend_close(&b);
    }
    x.quiet = json && !strcmp(json, "-");
    char *cases = cases_folder(wanted), **names = argv;
    size_t count = (size_t)operands;
    x.cases = cases;
    if (!operands) {
        if (!cases) return trouble_text("no golden cases found: set --cases or GOLDREEL_CASES to golden/cases");
        if (case_index(&names, &count, cases, &e)) { free(cases); return trouble(&e); }
    }
    status = check_cases(&x, names, count);
    if (json && status != TROUBLE && !write_report(json, &report)) status = TROUBLE;
    for (size_t i = 0; !operands && i < count; i++) free(names[i]);
    if (!operands) free(names);
    free(cases);
    text_free(&report);
    return status;
}
