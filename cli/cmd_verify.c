#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char help_verify[] =
    "usage: goldreel verify CASE DUMP... [OPTION...]\n\n"
    "Judges a dump: tensors of somebody's build on the weights and inputs of a case, under the\n"
    "module paths of the diffusers code (golden/README.md).  Several files are one dump.\n"
    "CASE is a name (goldreel list cases) or a folder with a case.json.\n\n"
    "  --dtype P         f64, f32, tf32, f16 or bf16: what the build computes with; without it,\n"
    "                    what the dump's metadata says, or the type of its last tensor\n"
    "  --islands f64     the build computes sinusoid and rotary angles in double; without it, what\n"
    "                    the dump's metadata says, or what is usual: f32, and f64 in a build in f64\n"
    "  --only PATTERNS   judge only these taps ('*' for anything, comma-separated): for a build\n"
    "                    that cannot show the rest.  Without it a missing tap fails\n"
    "  --all             a line for every tap, not only the first wrong one\n"
    "  --json FILE, --junit FILE, --html FILE    the verdict for programs (- for stdout)\n"
    "  --cases DIR       where the cases are\n\n"
    "Exit status: 0 every tap agrees within the error budget of that arithmetic, 1 one does not,\n"
    "2 the dump or the case could not be read.\n";

struct request { const char *dtype, *islands, *only, *json, *junit, *html, *cases; int all; };

struct dumps { struct tensors *item; size_t count; };

static void close_dumps(struct dumps *d)
{
    for (size_t i = 0; i < d->count; i++) tensors_close(&d->item[i]);
    free(d->item);
}

static int open_dumps(struct dumps *d, char **paths, int count)
{
    struct err e;
    d->count = 0;
    d->item = calloc((size_t)count, sizeof *d->item);
    if (!d->item) { trouble_text("verify: no memory"); return 0; }
    for (; d->count < (size_t)count; d->count++)
        if (tensors_open(&d->item[d->count], paths[d->count], &e)) {
            trouble(&e);
            close_dumps(d);
            return 0;
        }
    return 1;
}

/* What the dump says of itself. */
static const char *said(const struct dumps *d, const char *key)
{
    const char *value = NULL;
    for (size_t f = 0; f < d->count && !value; f++) value = tensors_meta(&d->item[f], key);
    return value;
}

/* That, or else what its last float tensor is stored in. */
static const char *guess_policy(const struct dumps *d)
{
    static const char *const of_type[DTYPES] = { [F64] = "f64", [F32] = "f32", [F16] = "f16", [BF16] = "bf16" };
    const char *guess = NULL;
    for (size_t f = 0; f < d->count; f++)
        for (size_t i = 0; i < d->item[f].count; i++)
            if (of_type[d->item[f].item[i].dtype]) guess = of_type[d->item[f].item[i].dtype];
    return said(d, "policy") ? said(d, "policy") : guess;
}

static int choose_policy(struct policy *p, const struct request *q, const struct dumps *d)
{
    const char *name = q->dtype ? q->dtype : guess_policy(d);
    if (!name) { trouble_text("verify: the dump holds no float tensor: say --dtype"); return 0; }
    if (!policy_find(name, p)) {
        if (q->dtype) trouble_text("verify: there is no policy \"%s\": %s", name, policy_names);
        else trouble_text("verify: the dump's metadata names a policy that there is not: say --dtype %s", policy_names);
        return 0;
    }
    const char *islands = q->islands ? q->islands : said(d, "islands");
    return !islands || parse_islands(islands, &p->islands);
}

static int is_stdout(const char *path) { return path && !strcmp(path, "-"); }

static int write_reports(const struct verdict *v, const struct report_head *h, const struct request *q)
{
    const struct {
        const char *path;
        void (*write)(struct text *, const struct verdict *, const struct report_head *);
    } reports[] = { { q->json, report_json }, { q->junit, report_junit }, { q->html, report_html } };
    int written = 1, to_stdout = 0;
    for (size_t i = 0; i < LEN(reports); i++) {
        struct text t = { 0 };
        if (!reports[i].path) continue;
        reports[i].write(&t, v, h);
        written &= write_report(reports[i].path, &t);
        to_stdout |= is_stdout(reports[i].path);
        text_free(&t);
    }
    struct text t = { 0 };
    report_text(&t, v, h, q->all);
    if (!to_stdout) written &= write_report("-", &t);
    text_free(&t);
    return written;
}

static int judge_dumps(struct subject *s, const struct dumps *d, const struct policy *p, const struct request *q,
                       const char *dump_name)
{
    struct budget b;
    struct verdict v;
    struct err e;
    const struct declaration claims = { p->storage, p->islands == F32, s->c.name, s->c.weights_sha256,
                                         s->c.inputs_sha256 };
    const struct report_head head = { s->c.name, dump_name, p->name, p->islands == F32 ? "f32" : "f64" };
    struct runner *r = subject_runner(s, p);
    if (budget_make(&b, r, p->storage, s->has_golden ? &s->golden : NULL, q->only, &e)) return trouble(&e);
    int status = TROUBLE;
    if (judge(&v, &b, r, d->item, d->count, &claims, &e)) {
        trouble(&e);
    } else {
        status = v.passed ? AGREED : DIFFERED;
        if (!write_reports(&v, &head, q)) status = TROUBLE;
        verdict_free(&v);
    }
    budget_free(&b);
    return status;
}

int cmd_verify(int argc, char **argv)
{
    struct request q = { 0 };
    const struct option options[] = {
        { "--dtype", &q.dtype, NULL }, { "--islands", &q.islands, NULL }, { "--only", &q.only, NULL },
        { "--json", &q.json, NULL }, { "--junit", &q.junit, NULL }, { "--html", &q.html, NULL },
        { "--cases", &q.cases, NULL }, { "--all", NULL, &q.all },
    };
    struct subject s;
    struct dumps d;
    struct policy p;
    struct text problems = { 0 };
    struct err e;
    int operands = options_parse(argc, argv, options, LEN(options), "verify"), status = TROUBLE;
    if (operands < 0) return TROUBLE;
    if (operands < 2) return trouble_text("verify: name a case and a dump (see goldreel verify --help)");
    if (is_stdout(q.json) + is_stdout(q.junit) + is_stdout(q.html) > 1)
        return trouble_text("verify: only one report can go to stdout");
    if (!open_dumps(&d, argv + 1, operands - 1)) return TROUBLE;
    char *cases = cases_folder(q.cases), *folder = case_folder(cases, argv[0]);
    if (!choose_policy(&p, &q, &d)) {
        /* said what is wrong */
    } else if (!folder) {
        trouble_text("no golden cases found: set --cases or GOLDREEL_CASES to golden/cases");
    } else if (subject_open(&s, folder, &problems, &e)) {
        trouble(&e);
        print_problems(&problems);
    } else {
        status = judge_dumps(&s, &d, &p, &q, argv[1]);
        subject_close(&s);
    }
    text_free(&problems);
    close_dumps(&d);
    free(folder);
    free(cases);
    return status;
}
