/* judge -- a dump against its budget.
 *
 * First what no tolerance excuses (L0): a tap missing, twice, of another shape or type, not
 * finite, or never written.  Then how large its error is (L1), three questions joined by AND:
 *   tensor    RMS error <= 1.5 budgets (more where single reference devices stray further)
 *   row       L2 error of the worst row of at least 64 elements <= 3 budgets of that row
 *   element   |error| <= 2 (sqrt(2 ln n) + 2) budgets of that element, which are at least
 *             those of its row: the largest of n normal errors lies near sqrt(2 ln n).  The 2
 *             is for sums: a build's own order may have larger partial sums at an element than
 *             the random orders of the reference devices (seen in correct builds: 1.1 times).
 *             Where a reference device strays further than that, 1.5 times it is allowed
 * A tap whose budget is 0 only moves numbers about and must agree bit for bit.
 *
 * Source of the limits: measured false-alarm and detection rates on 27 planted bugs in four
 * precisions; the error of the largest of n: extreme value theory (Cramer 1946, 28.6). */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const finding_names[FINDINGS] = {
    "agrees", "inherits", "drifts", "diverges", "missing", "duplicate", "shape", "dtype", "not finite", "poison",
};

static const double SIGMA_LIMIT = 1.5;
static const double ORDER_FACTOR = 2;       /* see above: an unlucky order of a sum */

struct judging {
    struct verdict *v;
    const struct budget *b;
    struct tap_values dump;     /* as double; NULL: not there or not fit to be compared */
};

/* ---- L0 ---- */

/* 16-bit tensors may arrive widened: npy has no bf16, and dump tools like float32.  The
 * published code's islands are float32 even in a double model. */
static int dtype_fits(const struct declaration *d, const struct tap_info *i, enum dtype found)
{
    if (found == d->storage) return 1;
    return found == F32 && (d->storage == F16 || d->storage == BF16 || (i->island && d->islands_f32));
}

static int poison_element(const unsigned char *p, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (p[i] != 0xAA) return 0;
    return 1;
}

/* Memory filled with 0xAA before the run and not written: at least four elements in a row,
 * or all there are; a single -3.03e-13 (or -0.0521 in f16) may be a number. */
static size_t find_poison(const struct tensor *t, const struct tap_info *i)
{
    const size_t size = dtype_size(t->dtype), need = i->n < 4 ? i->n : 4;
    size_t run = 0;
    for (size_t j = 0; j < i->n; j++) {
        run = i->counts[j / i->row_length] && poison_element((const unsigned char *)t->data + j * size, size) ? run + 1 : 0;
        if (run >= need) return j + 1 - run;
    }
    return SIZE_MAX;
}

/* Everything that can be wrong with a tensor before its numbers are compared. */
static enum finding look(struct tap_verdict *x, const struct tensor *t, double *values, const struct declaration *d)
{
    const struct tap_info *i = x->tap;
    char want[100], have[100];
    x->dtype = t->dtype;
    if (!shape_equal(t, i->rank, i->shape)) {
        snprintf(x->detail, sizeof x->detail, "shape %s, expected %s", shape_text(have, sizeof have, t->shape, t->rank),
                 shape_text(want, sizeof want, i->shape, i->rank));
        return WRONG_SHAPE;
    }
    if (!dtype_fits(d, i, t->dtype) && !(dtype_is_float(t->dtype) && x->tap->n == 0)) {
        snprintf(x->detail, sizeof x->detail, "type %s, the declared policy stores %s", dtype_name(t->dtype),
                 dtype_name(d->storage));
        return WRONG_DTYPE;
    }
    size_t at = i->n ? find_poison(t, i) : SIZE_MAX;
    if (at != SIZE_MAX) {
        snprintf(x->detail, sizeof x->detail, "never written: 0xAA from %s on", tap_index_text(want, i, at));
        return POISON;
    }
    widen_f64(values, t->data, t->dtype, 0, i->n);
    for (size_t j = 0; j < i->n; j++)
        if (i->counts[j / i->row_length] && !isfinite(values[j])) {
            snprintf(x->detail, sizeof x->detail, "%g at %s", values[j], tap_index_text(want, i, j));
            return NOT_FINITE;
        }
    return AGREES;
}

static enum status collect(struct judging *g, const struct tensors *dumps, size_t dump_count,
                           const struct declaration *d, struct err *e)
{
    for (size_t t = 0; t < g->v->count; t++) {
        struct tap_verdict *x = &g->v->item[t];
        const struct tensor *found = NULL;
        size_t times = 0;
        for (size_t f = 0; f < dump_count; f++) {
            const struct tensor *one = tensors_find(&dumps[f], x->tap->name);
            if (one) { found = one; times++; }
        }
        if (!g->b->judged[t]) continue;
        if (times == 0) {
            if (!g->b->required[t]) continue;
            x->finding = MISSING;
            snprintf(x->detail, sizeof x->detail, "not in the dump");
        } else if (times > 1) {
            x->finding = DUPLICATE;
            snprintf(x->detail, sizeof x->detail, "in %zu of the files", times);
        } else {
            double *values = malloc((x->tap->n ? x->tap->n : 1) * sizeof *values);
            if (!values) return fail(e, E_MEMORY, "no memory for the tap %s", x->tap->name);
            x->finding = look(x, found, values, d);
            if (x->finding == AGREES) g->dump.data[t] = values;
            else free(values);
        }
    }
    return OK;
}

/* ---- L1 ---- */

/* error in budgets; a budget of 0 allows none */
static double ratio(double error, double budget)
{
    if (error == 0) return 0;
    return budget > 0 ? error / budget : (double)INFINITY;
}

static void judge_local(void *context, size_t tap, const double *computed, const double *given)
{
    struct judging *g = context;
    struct tap_verdict *x = &g->v->item[tap];
    const struct tap_info *i = x->tap;
    const struct tap_budget *b = &g->b->item[tap];
    double sum = 0, values = 0;
    x->judged = 1;
    x->element_limit = ORDER_FACTOR * (sqrt(2 * log(i->counted > 1 ? (double)i->counted : 1)) + 2);
    if (x->element_limit < SIGMA_LIMIT * b->element_most) x->element_limit = SIGMA_LIMIT * b->element_most;
    x->sigma_limit = SIGMA_LIMIT * (b->local_most > 1 ? b->local_most : 1);
    for (size_t r = 0; r < i->rows; r++) {
        double row = 0;
        if (!i->counts[r]) continue;
        for (size_t j = r * i->row_length; j < (r + 1) * i->row_length; j++) {
            double error = fabs(given[j] - computed[j]);
            double here = ratio(error, element_unit(i, b, g->b->roundoff, j, computed[j]));
            row += error * error;
            values += computed[j] * computed[j];
            if (here > x->element_limit) x->outside++;
            if (here > x->element_ratio || j == 0) {
                x->element_ratio = here;
                x->worst = j;
                x->got = given[j];
                x->want = computed[j];
            }
        }
        sum += row;
        double here = i->row_length >= ROW_LEAST ? ratio(sqrt(row / (double)i->row_length), b->row[r]) : 0;
        if (here > x->row_ratio) x->row_ratio = here;
    }
    x->error_rms = i->counted ? sqrt(sum / (double)i->counted) : 0;
    x->value_rms = i->counted ? sqrt(values / (double)i->counted) : 0;
    x->sigma = ratio(x->error_rms, b->local);
    /* written so that a NaN, which compares false with everything, fails */
    int fine = x->sigma <= x->sigma_limit && x->row_ratio <= ROW_LIMIT && x->element_ratio <= x->element_limit;
    if (!fine) x->finding = DIVERGES;
}

static void judge_free(struct judging *g, size_t tap)
{
    struct tap_verdict *x = &g->v->item[tap];
    const struct tap_info *i = x->tap;
    const struct tap_budget *b = &g->b->item[tap];
    const double *got = g->dump.data[tap], *truth = g->b->truth.data[tap];
    double sum = 0;
    for (size_t r = 0; r < i->rows; r++) {
        if (!i->counts[r]) continue;
        for (size_t j = r * i->row_length; j < (r + 1) * i->row_length; j++) sum += (got[j] - truth[j]) * (got[j] - truth[j]);
    }
    x->free_ratio = ratio(i->counted ? sqrt(sum / (double)i->counted) : 0, b->free);
    x->free_limit = SIGMA_LIMIT * (b->free_most > 1 ? b->free_most : 1);
}

/* ---- the whole ---- */

static int is_wrong(enum finding f) { return f != AGREES && f != INHERITS; }

/* Far from the truth while right given its inputs: somebody before is to blame, if there is
 * such a one; if there is none, correct steps add up to what they must not. */
static void sort_out(struct judging *g)
{
    int blamed = 0;
    for (size_t t = 0; t < g->v->count; t++) {
        struct tap_verdict *x = &g->v->item[t];
        if (x->judged) {
            judge_free(g, t);
            int far = !(x->free_ratio <= x->free_limit);
            if (x->finding == AGREES && far) x->finding = blamed ? INHERITS : DRIFTS;
        }
        blamed |= is_wrong(x->finding);
    }
    /* errors of single steps are judged locally; their sum is judged where it ends */
    for (size_t t = 0; t < g->v->count; t++) {
        struct tap_verdict *x = &g->v->item[t];
        const struct tap_verdict *last = &g->v->item[g->v->count - 1];
        if (x->finding == DRIFTS && x != last && last->judged && last->free_ratio <= last->free_limit) x->finding = AGREES;
    }
}

static void note_strangers(struct judging *g, const struct tensors *dumps, size_t dump_count)
{
    size_t strangers = 0;
    const char *example = "";
    for (size_t f = 0; f < dump_count; f++)
        for (size_t i = 0; i < dumps[f].count; i++)
            if (!taps_find(&g->b->taps, dumps[f].item[i].name)) { strangers++; example = dumps[f].item[i].name; }
    if (!strangers) return;
    text_add(&g->v->notes, "%zu tensor%s in the dump %s no tap of this model and not judged, for example ", strangers,
             strangers == 1 ? "" : "s", strangers == 1 ? "is" : "are");
    add_shown(&g->v->notes, example, MAX_NAME);
    text_add(&g->v->notes, "\n");
}

/* Half of the taps far better than the declared precision: is this the dump it is said to be? */
static void note_precision(struct judging *g, enum dtype storage)
{
    size_t compared = 0, better = 0;
    for (size_t t = 0; t < g->v->count; t++) {
        const struct tap_verdict *x = &g->v->item[t];
        if (!x->judged || x->tap->alias || g->b->item[t].local == 0) continue;
        compared++;
        better += x->sigma < 0.2;
    }
    if ((storage == F16 || storage == BF16) && compared && better > compared / 2)
        text_add(&g->v->notes, "suspicious: %zu of %zu taps are more precise than %s can be; was another precision, "
                 "or the reference itself, dumped?\n", better, compared, dtype_name(storage));
}

enum { ORIGIN_SHOWN = 20 };     /* enough of a hash */

static void check_origin(struct verdict *v, const struct tensors *dump, const char *key, const char *want)
{
    const char *have = tensors_meta(dump, key);
    if (!want || !have || !strcmp(want, have)) return;
    text_add(&v->mistrust, "%s: made from something else: the dump says %s ", dump->path, key);
    add_shown(&v->mistrust, have, ORIGIN_SHOWN);
    text_add(&v->mistrust, ", the case has ");
    add_shown(&v->mistrust, want, ORIGIN_SHOWN);
    text_add(&v->mistrust, "\n");
}

static void conclude(struct judging *g)
{
    struct verdict *v = g->v;
    for (size_t t = 0; t < v->count; t++) {
        const struct tap_verdict *x = &v->item[t];
        if (x->judged || is_wrong(x->finding)) v->by_finding[x->finding]++;
        v->judged += x->judged;
        v->required += g->b->required[t];
        v->part += x->judged || g->b->required[t];
        if (!v->first && is_wrong(x->finding)) {
            v->first = x;
            v->first_part = v->part;
        }
    }
    v->passed = !v->first && v->judged > 0 && v->mistrust.len == 0;
}

enum status judge(struct verdict *v, const struct budget *b, struct runner *r, const struct tensors *dumps,
                  size_t dump_count, const struct declaration *d, struct err *e)
{
    struct judging g = { .v = v, .b = b };
    enum status s = OK;
    memset(v, 0, sizeof *v);
    v->item = calloc(b->taps.count, sizeof *v->item);
    g.dump.data = calloc(b->taps.count, sizeof *g.dump.data);
    g.dump.count = g.dump.data ? b->taps.count : 0;
    v->count = v->item ? b->taps.count : 0;
    if (!v->item || !g.dump.data) s = fail(e, E_MEMORY, "no memory for %zu taps", b->taps.count);
    for (size_t t = 0; t < v->count; t++) v->item[t].tap = &b->taps.item[t];
    if (!s) s = collect(&g, dumps, dump_count, d, e);
    if (!s) s = taps_replay(&b->taps, &g.dump, r, judge_local, &g, e);
    if (!s) {
        sort_out(&g);
        note_strangers(&g, dumps, dump_count);
        note_precision(&g, d->storage);
        for (size_t f = 0; f < dump_count; f++) {
            check_origin(v, &dumps[f], "weights_sha256", d->weights_sha256);
            check_origin(v, &dumps[f], "inputs_sha256", d->inputs_sha256);
            check_origin(v, &dumps[f], "case", d->case_name);
        }
        conclude(&g);
    }
    taps_free_values(&g.dump);
    if (s) verdict_free(v);
    return s;
}

double verdict_worst(const struct verdict *v)
{
    double worst = 0;
    for (size_t t = 0; t < v->count; t++)
        if (v->item[t].judged && v->item[t].sigma > worst) worst = v->item[t].sigma;
    return worst;
}

void verdict_free(struct verdict *v)
{
    free(v->item);
    text_free(&v->notes);
    text_free(&v->mistrust);
    memset(v, 0, sizeof *v);
}
