/* test_mutants -- every known-wrong variant is caught at float32, in at least one case, and
 * the first tap that diverges is the one where the mistake was made. */
#include "tests.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_MUTANTS = 200 };

/* What one mutant does to one case. */
struct effect {
    int applies;                /* it can run here */
    const char *place;          /* first tap that it changes, in double; NULL: none */
    int caught, right_place;    /* by the judge at float32; its first wrong tap is `place` */
    double output;              /* relative L2 change of the last tap, in double */
};

static double relative_change(const struct tensor *a, const struct tensor *b)
{
    double error = 0, size = 0;
    for (size_t i = 0; i < tensor_elements(a); i++) {
        double x, y;
        widen_f64(&x, a->data, a->dtype, i, 1);
        widen_f64(&y, b->data, b->dtype, i, 1);
        error += (x - y) * (x - y);
        size += y * y;
    }
    return sqrt(error / size);
}

/* The first tap that differs in double: where the mistake is made, whatever it does later. */
static const char *first_change(const struct dump *a, const struct dump *b)
{
    for (size_t i = 0; i < a->tensors.count; i++)
        if (memcmp(a->item[i].data, b->item[i].data, tensor_bytes(&a->item[i]))) return b->item[i].name;
    return NULL;
}

static int applies(const struct mutant *m, const struct subject *s)
{
    return m->sampler == (s->oracle.model == HUNYUAN_SAMPLER);
}

static struct effect measure(struct check *c, const struct mutant *m, struct subject *s, const struct budget *b,
                             const struct policy *p, const struct dump *right)
{
    struct effect x = { .applies = applies(m, s) };
    struct how exact = { .arithmetic = TRUTH, .mutant = m };
    /* at float32 our own build; at other policies a reference device, which shows doubles */
    struct how real = { .arithmetic = FLOAT, .backend = &kernels_c, .mutant = m, .policy = *p, .seed = 99 };
    struct policy shown = *p;
    if (strcmp(p->name, "f32")) { real.arithmetic = ROUNDED; shown.storage = F64; }
    struct dump d;
    struct verdict v;
    if (!x.applies || !make_dump(&d, c, s, &exact)) return x;
    x.place = first_change(&d, right);
    x.output = relative_change(&d.item[d.tensors.count - 1], &right->item[right->tensors.count - 1]);
    dump_free(&d);
    if (!make_dump(&d, c, s, &real)) return x;
    if (judge_dump(&v, c, s, b, &d, &shown)) {
        x.caught = !v.passed;
        x.right_place = v.first && x.place && !strcmp(v.first->tap->name, x.place);
        verdict_free(&v);
    }
    dump_free(&d);
    return x;
}

typedef void see_effect(struct check *c, const struct mutant *m, const struct subject *s, const struct effect *x,
                        void *context);

/* Every mutant on every case; see is called for each pair in the order case, mutant. */
static void for_each_effect(struct check *c, const char *policy, see_effect *see, void *context)
{
    struct subjects all;
    struct policy p;
    policy_find(policy, &p);
    if (!strcmp(policy, "f32")) p.islands = F64;        /* our float build computes them in double */
    if (!subjects_open(&all, c)) return;
    for (size_t i = 0; i < all.count; i++) {
        struct subject *s = &all.item[i];
        struct how exact = { .arithmetic = TRUTH };
        struct budget b;
        struct dump right;
        if (!make_budget(&b, c, s, &p)) continue;
        if (make_dump(&right, c, s, &exact)) {
            for (size_t m = 0; m < mutant_count; m++) {
                struct effect x = measure(c, &mutants[m], s, &b, &p, &right);
                see(c, &mutants[m], s, &x, context);
            }
            dump_free(&right);
        }
        budget_free(&b);
    }
    subjects_close(&all);
}

/* ---- the test ---- */

struct tally { int caught, misplaced, unseen, as_listed; };

static void tally(struct check *c, const struct mutant *m, const struct subject *s, const struct effect *x, void *context)
{
    struct tally *t = (struct tally *)context + (m - mutants);
    (void)c;
    if (!x->applies) return;
    t->caught += x->caught && x->right_place;
    t->as_listed += x->place && !strcmp(x->place, m->first);
    if (x->caught && !x->right_place) {
        t->misplaced++;
        fprintf(stderr, "mutant %s on %s: first wrong tap is not %s\n", m->name, s->c.name, x->place ? x->place : "any");
    }
    if (x->place && !x->caught) {
        t->unseen++;
        fprintf(stderr, "mutant %s on %s: changes numbers (output by %.2g) but is not caught\n", m->name, s->c.name, x->output);
    }
}

void test_mutants(struct check *c)
{
    struct tally *t = calloc(mutant_count, sizeof *t);
    if (!t) { check_failed(c, __FILE__, __LINE__, "no memory"); return; }
    for_each_effect(c, "f32", tally, t);
    for (size_t m = 0; m < mutant_count; m++) {
        check_case(c, mutants[m].name);
        CHECK(t[m].caught > 0);
        CHECK(t[m].as_listed > 0);
        CHECK(t[m].misplaced == 0);
        CHECK(t[m].unseen == 0);
    }
    free(t);
}

/* ---- the table ---- */

static void row(struct check *c, const struct mutant *m, const struct subject *s, const struct effect *x, void *context)
{
    struct text *cell = (struct text *)context + (m - mutants);
    (void)c; (void)s;
    if (!x->applies) return;
    if (!x->place) text_add(cell, " - |");
    else text_add(cell, " %.1e%s |", x->output, x->caught ? "" : " missed");
}

static void note_caught(struct check *c, const struct mutant *m, const struct subject *s, const struct effect *x,
                        void *context)
{
    unsigned char *caught = (unsigned char *)context + (m - mutants);
    (void)c; (void)s;
    *caught |= x->applies && x->caught && x->right_place;
}

int write_mutant_table(struct check *c, const char *path)
{
    static const char *const policies[] = { "tf32", "f16", "bf16" };
    unsigned char caught[LEN(policies)][MAX_MUTANTS] = { { 0 } };
    struct text *cell = calloc(mutant_count, sizeof *cell), out = { 0 };
    struct subjects all;
    struct err e;
    int status = 2;
    if (mutant_count > MAX_MUTANTS || !cell || !subjects_open(&all, c)) { free(cell); return 2; }
    for_each_effect(c, "f32", row, cell);
    for (size_t i = 0; i < LEN(policies); i++) for_each_effect(c, policies[i], note_caught, caught[i]);
    text_add(&out, "# Known-wrong variants and the cases that show them\n\n"
             "Made by `make mutants`; do not edit.  A number is the relative L2 change of the case's last tap, in\n"
             "double.  \"-\": the mistake changes nothing in this case.  Every number is caught by the judge at\n"
             "float32, and the first diverging tap is the one where the numbers first change: the one named,\n"
             "or in a case that does not show it there (time 1000 is exact in bfloat16) the next.\n"
             "tf32, f16, bf16: a reference device of that arithmetic with the mistake is caught, at that place,\n"
             "in at least one case.\n");
    for (int sampler = 0; sampler < 2; sampler++) {
        text_add(&out, "\n| mutant | first tap | tf32 | f16 | bf16 |");
        for (size_t i = 0; i < all.count; i++)
            if ((all.item[i].oracle.model == HUNYUAN_SAMPLER) == sampler) text_add(&out, " %s |", all.item[i].c.name);
        text_add(&out, "\n|---|---|---|---|---|");
        for (size_t i = 0; i < all.count; i++)
            if ((all.item[i].oracle.model == HUNYUAN_SAMPLER) == sampler) text_add(&out, "---|");
        text_add(&out, "\n");
        for (size_t m = 0; m < mutant_count; m++)
            if (mutants[m].sampler == sampler)
                text_add(&out, "| %s | `%s` | %s | %s | %s |%s\n", mutants[m].name, mutants[m].first,
                         caught[0][m] ? "yes" : "no", caught[1][m] ? "yes" : "no", caught[2][m] ? "yes" : "no",
                         cell[m].s ? cell[m].s : "");
    }
    if (c->failures == 0 && !out.failed && !file_write(path, out.s, out.len, &e)) status = 0;
    for (size_t m = 0; m < mutant_count; m++) text_free(&cell[m]);
    free(cell);
    text_free(&out);
    subjects_close(&all);
    return status;
}
