#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char help_check[] =
    "usage: goldreel check [--backend NAME|all] [./plugin.so] [CASE...] [--json FILE] [--cases DIR]\n\n"
    "Runs golden cases on a backend of this machine and judges every tap.  The double build\n"
    "(ref) must agree with goldens of independent programs to 1e-12 of the largest value of a\n"
    "tap; float backends and plug-ins are judged like any dump, as f32.  Without CASE all of\n"
    "them, without --backend every backend.\n\n"
    "Exit status: 0 everything agrees, 1 something does not, 2 trouble.\n";

/* Independent implementations agree with each other to 1.1e-14 in double; no wrong variant
 * hides below 1e-12. */
static const double REF_LIMIT = 1e-12;

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

static int check_ref(struct subject *s, struct err *e)
{
    struct comparer c = { .trace = { compare }, .golden = &s->golden };
    struct how how = { .arithmetic = TRUTH };
    struct tensor result;
    if (!s->has_golden) {
        printf("skip  %-20s %-10s no golden\n", s->c.name, "ref");
        return AGREED;
    }
    if (oracle_run(&s->oracle, &how, &c.trace, &result, e)) return trouble(e);
    free(result.data);
    int passed = c.judged == s->golden.count && c.judged > 0 && !c.first[0];
    printf("%s  %-20s %-10s %zu of %zu taps, worst %.2g of the largest value (allowed %.0e)\n", passed ? "PASS" : "FAIL",
           s->c.name, "ref", c.judged, s->golden.count, c.worst, REF_LIMIT);
    if (c.first[0]) printf("  first wrong: %s\n", c.first);
    return passed ? AGREED : DIFFERED;
}

/* ---- float backends: as a dump ---- */

static int check_float(struct subject *s, const struct backend *b, struct err *e)
{
    struct how how = { .arithmetic = FLOAT, .backend = b->kernels, .ctx = b->ctx };
    struct policy p;
    struct dump d;
    struct budget budget;
    struct verdict v;
    struct text t = { 0 };
    policy_find("f32", &p);
    p.islands = F64;            /* our float build computes them in double */
    struct runner *r = subject_runner(s, &p);
    if (budget_make(&budget, r, s->has_golden ? &s->golden : NULL, NULL, e)) return trouble(e);
    int status = TROUBLE;
    if (subject_dump(&d, &s->oracle, &how, 0, e)) {
        trouble(e);
    } else {
        const struct declaration claims = { p.storage, NULL, NULL, NULL };
        if (judge(&v, &budget, r, &d.tensors, 1, &claims, e)) {
            trouble(e);
        } else {
            double worst = 0;
            for (size_t i = 0; i < v.count; i++)
                if (v.item[i].judged && v.item[i].sigma > worst) worst = v.item[i].sigma;
            printf("%s  %-20s %-10s %zu of %zu taps, worst %.2g budgets\n", v.passed ? "PASS" : "FAIL", s->c.name, b->name,
                   v.judged - v.by_finding[DIVERGES] - v.by_finding[DRIFTS], v.required, worst);
            if (!v.passed) {
                const struct report_head head = { s->c.name, b->name, p.name, "f64" };
                report_text(&t, &v, &head, 0);
                if (t.s) fputs(t.s, stdout);
            }
            status = v.passed ? AGREED : DIFFERED;
            verdict_free(&v);
        }
        dump_free(&d);
    }
    text_free(&t);
    budget_free(&budget);
    return status;
}

/* ---- the command ---- */

static int check_case(const char *folder, const char *backend)
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
        const char *name = strcmp(backend, "all") ? (i ? NULL : backend) : backend_names[i];
        if (!name) break;
        if (!backend_open(&b, name, &e)) { status = trouble(&e); break; }
        int one = b.kernels ? check_float(&s, &b, &e) : check_ref(&s, &e);
        if (one > status) status = one;
        backend_close(&b);
    }
    fflush(stdout);
    subject_close(&s);
    return status;
}

static int check_cases(const char *cases, char **names, size_t count, const char *backend)
{
    int status = AGREED;
    size_t passed = 0, failed = 0;
    for (size_t i = 0; i < count && status != TROUBLE; i++) {
        char *folder = case_folder(cases, names[i]);
        int one = folder ? check_case(folder, backend) : trouble_text("check: no golden cases found: set --cases");
        free(folder);
        passed += one == AGREED;
        failed += one != AGREED;
        if (one > status) status = one;
    }
    printf("%zu case%s agree%s, %zu %s not\n", passed, passed == 1 ? "" : "s", passed == 1 ? "s" : "", failed,
           failed == 1 ? "does" : "do");
    return status;
}

int cmd_check(int argc, char **argv)
{
    const char *backend = "all", *wanted = NULL;
    const struct option options[] = { { "--backend", &backend, NULL }, { "--cases", &wanted, NULL } };
    int operands = options_parse(argc, argv, options, LEN(options), "check"), status;
    struct backend b;
    struct err e;
    if (operands < 0) return TROUBLE;
    size_t n = strlen(operands ? argv[0] : "");
    if (n > 3 && !strcmp(argv[0] + n - 3, ".so")) { backend = argv[0]; argv++; operands--; }
    if (strcmp(backend, "all")) {           /* told before the first case runs */
        if (!backend_open(&b, backend, &e)) return trouble(&e);
        backend_close(&b);
    }
    char *cases = cases_folder(wanted), **names = argv;
    size_t count = (size_t)operands;
    if (!operands) {
        if (!cases) return trouble_text("no golden cases found: set --cases or GOLDREEL_CASES to golden/cases");
        if (case_index(&names, &count, cases, &e)) { free(cases); return trouble(&e); }
    }
    status = check_cases(cases, names, count, backend);
    for (size_t i = 0; !operands && i < count; i++) free(names[i]);
    if (!operands) free(names);
    free(cases);
    return status;
}
