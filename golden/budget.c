/* budget -- the error that correct devices make.
 *
 * A reference device is a run whose every operation is rounded at random to the declared
 * types.  Each is measured exactly as a dump will be: its free run against the truth, and
 * every tap against the declared arithmetic fed with the device's own earlier taps.
 * BUDGET_DEVICES of them give the RMS error of each tensor, row and element, and how much
 * one device differs from another. */
#include "golden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* RMS of one rounding to nearest, in units of the half spacing: 1/sqrt(3) at the lower end
 * of a binade, half of it at the upper end, 0.42 on average. */
static const double ONE_ROUNDING = 0.42;

struct measuring {
    struct budget *b;
    int device;
};

static void see_local(void *context, size_t tap, const double *computed, const double *given)
{
    struct measuring *m = context;
    const struct tap_info *i = &m->b->taps.item[tap];
    struct tap_budget *t = &m->b->item[tap];
    double sum = 0;
    for (size_t r = 0; r < i->rows; r++) {
        double row = 0;
        if (!i->counts[r]) continue;
        for (size_t j = r * i->row_length; j < (r + 1) * i->row_length; j++) {
            double error = fabs(given[j] - computed[j]), square = error * error;
            t->element[j] += square;
            if (error > t->most[j]) t->most[j] = error;
            row += square;
        }
        t->row[r] += row;
        sum += row;
    }
    t->device_local[m->device] = i->counted ? sum / (double)i->counted : 0;
}

static double mean_square(const struct tap_info *i, const double *a, const double *b)
{
    double sum = 0;
    for (size_t r = 0; r < i->rows; r++) {
        if (!i->counts[r]) continue;
        for (size_t j = r * i->row_length; j < (r + 1) * i->row_length; j++) sum += (a[j] - b[j]) * (a[j] - b[j]);
    }
    return i->counted ? sum / (double)i->counted : 0;
}

/* '*' in pattern stands for any text. */
static int glob(const char *pattern, size_t length, const char *name)
{
    while (length && *pattern != '*') {
        if (*pattern != *name) return 0;
        pattern++; length--; name++;
    }
    if (!length) return *name == 0;
    for (;; name++) {
        if (glob(pattern + 1, length - 1, name)) return 1;
        if (!*name) return 0;
    }
}

static int listed(const char *patterns, const char *name)
{
    for (const char *p = patterns; ; ) {
        size_t n = strcspn(p, ",");
        if (glob(p, n, name)) return 1;
        if (!p[n]) return 0;
        p += n + 1;
    }
}

static enum status choose(struct budget *b, const struct tensors *golden, const char *only, struct err *e)
{
    size_t chosen = 0;
    for (size_t t = 0; t < b->taps.count; t++) {
        const struct tap_info *i = &b->taps.item[t];
        const struct tensor *g = golden ? tensors_find(golden, i->name) : NULL;
        if (g && !shape_equal(g, i->rank, i->shape)) {
            char have[100], want[100];
            return fail(e, E_DATA, "%s: golden tap %s has shape %s, this run shows %s", golden->path, i->name,
                        shape_text(have, sizeof have, g->shape, g->rank),
                        shape_text(want, sizeof want, i->shape, i->rank));
        }
        if (g) widen_f64(b->truth.data[t], g->data, g->dtype, 0, i->n);
        b->judged[t] = !only || listed(only, i->name);
        b->required[t] = b->judged[t] && !i->alias && (!golden || g);
        chosen += b->required[t];
    }
    for (size_t t = 0; golden && t < golden->count; t++)
        if (!taps_find(&b->taps, golden->item[t].name))
            return fail(e, E_DATA, "%s: golden tap %s is unknown to this model", golden->path, golden->item[t].name);
    if (!chosen) return fail(e, E_ARG, "no tap matches \"%s\": nothing would be judged", only ? only : "");
    return OK;
}

static enum status allocate(struct budget *b, struct err *e)
{
    size_t n = b->taps.count;
    b->item = calloc(n, sizeof *b->item);
    b->judged = calloc(n, 1);
    b->required = calloc(n, 1);
    int all = b->item && b->judged && b->required;
    for (size_t t = 0; all && t < n; t++) {
        b->item[t].element = calloc(b->taps.item[t].n + 1, sizeof(double));
        b->item[t].row = calloc(b->taps.item[t].rows + 1, sizeof(double));
        b->item[t].most = calloc(b->taps.item[t].n + 1, sizeof(double));
        all = b->item[t].element && b->item[t].row && b->item[t].most;
    }
    return all ? OK : fail(e, E_MEMORY, "no memory for the budget of %zu taps", n);
}

static double at_least(double x, double y) { return x > y ? x : y; }

double element_unit(const struct tap_info *i, const struct tap_budget *b, double roundoff, size_t element, double value)
{
    if (b->local == 0) return 0;
    return at_least(at_least(b->element[element], b->row[element / i->row_length]), ONE_ROUNDING * roundoff * fabs(value));
}

/* The worst element of any device, in units that the other devices alone would have given. */
static double worst_element(const struct tap_info *i, const struct tap_budget *b, double roundoff, const double *truth)
{
    double worst = 0;
    for (size_t j = 0; j < i->n; j++) {
        double all = b->element[j] * b->element[j] * BUDGET_DEVICES, one = b->most[j] * b->most[j];
        double others = sqrt((all > one ? all - one : 0) / (BUDGET_DEVICES - 1));
        double unit = at_least(at_least(others, b->row[j / i->row_length]), ONE_ROUNDING * roundoff * fabs(truth[j]));
        if (unit > 0 && b->most[j] / unit > worst) worst = b->most[j] / unit;
    }
    return worst;
}

/* RMS and spread of the errors of single devices, given as mean squares. */
static void spread(const double square[BUDGET_DEVICES], double *rms, double *most)
{
    double sum = 0, first = 0, largest = 0;
    for (int k = 0; k < BUDGET_DEVICES; k++) {
        sum += square[k];
        first += sqrt(square[k]);
        if (square[k] > largest) largest = square[k];
    }
    *rms = sqrt(sum / BUDGET_DEVICES);
    *most = 1;
    if (*rms == 0) return;
    double mean = first / BUDGET_DEVICES / *rms, variance = 1 - mean * mean;
    *most = at_least(sqrt(largest) / *rms, mean + 3 * sqrt(variance > 0 ? variance : 0));
}

/* Sums of squares become RMS values. */
static void finish(struct budget *b)
{
    for (size_t t = 0; t < b->taps.count; t++) {
        const struct tap_info *i = &b->taps.item[t];
        struct tap_budget *x = &b->item[t];
        for (size_t j = 0; j < i->n; j++) x->element[j] = sqrt(x->element[j] / BUDGET_DEVICES);
        for (size_t r = 0; r < i->rows; r++)
            x->row[r] = i->row_length ? sqrt(x->row[r] / BUDGET_DEVICES / (double)i->row_length) : 0;
        spread(x->device_local, &x->local, &x->local_most);
        spread(x->device_free, &x->free, &x->free_most);
        x->element_most = worst_element(i, x, b->roundoff, b->truth.data[t]);
        free(x->most);
        x->most = NULL;
    }
}

enum status budget_make(struct budget *b, struct runner *r, enum dtype storage, const struct tensors *golden,
                        const char *only, struct err *e)
{
    struct tap_values device = { 0 }, given = { 0 };
    memset(b, 0, sizeof *b);
    b->roundoff = storage == F64 ? 0x1p-53 : storage == F16 ? 0x1p-11 : storage == BF16 ? 0x1p-8 : 0x1p-24;
    enum status s = taps_list(&b->taps, &b->truth, r, e);
    if (!s) s = allocate(b, e);
    if (!s) s = choose(b, golden, only, e);
    if (!s && !(given.data = calloc(b->taps.count, sizeof *given.data))) s = fail(e, E_MEMORY, "no memory for taps");
    for (int k = 0; k < BUDGET_DEVICES && !s; k++) {
        struct measuring m = { b, k };
        s = taps_record(&device, &b->taps, r, RUN_DEVICE, (uint64_t)k + 1, e);
        if (s) break;
        for (size_t t = 0; t < b->taps.count; t++) given.data[t] = b->judged[t] ? device.data[t] : NULL;
        s = taps_replay(&b->taps, &given, r, see_local, &m, e);
        for (size_t t = 0; t < b->taps.count && !s; t++)
            b->item[t].device_free[k] = mean_square(&b->taps.item[t], device.data[t], b->truth.data[t]);
    }
    if (!s) finish(b);
    free(given.data);
    taps_free_values(&device);
    if (s) budget_free(b);
    return s;
}

void budget_free(struct budget *b)
{
    for (size_t t = 0; b->item && t < b->taps.count; t++) {
        free(b->item[t].element);
        free(b->item[t].row);
        free(b->item[t].most);
    }
    free(b->item);
    free(b->judged);
    free(b->required);
    taps_free_values(&b->truth);
    taps_free(&b->taps);
    memset(b, 0, sizeof *b);
}
