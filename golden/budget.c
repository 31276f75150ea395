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

struct measuring {
    struct budget *b;
    double *square;             /* per tap: sum of squared local errors of this device */
};

static void see_local(void *context, size_t tap, const double *computed, const double *given)
{
    struct measuring *m = context;
    const struct tap_info *i = &m->b->taps.item[tap];
    struct tap_budget *t = &m->b->item[tap];
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
        m->square[tap] += row;
    }
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

static enum status allocate(struct budget *b, double **square, double **free_most, double **local_most, struct err *e)
{
    size_t n = b->taps.count;
    b->item = calloc(n, sizeof *b->item);
    b->judged = calloc(n, 1);
    b->required = calloc(n, 1);
    *square = calloc(n, sizeof **square);
    *free_most = calloc(n, sizeof **free_most);
    *local_most = calloc(n, sizeof **local_most);
    int all = b->item && b->judged && b->required && *square && *free_most && *local_most;
    for (size_t t = 0; all && t < n; t++) {
        b->item[t].element = calloc(b->taps.item[t].n + 1, sizeof(double));
        b->item[t].row = calloc(b->taps.item[t].rows + 1, sizeof(double));
        b->item[t].most = calloc(b->taps.item[t].n + 1, sizeof(double));
        all = b->item[t].element && b->item[t].row && b->item[t].most;
    }
    return all ? OK : fail(e, E_MEMORY, "no memory for the budget of %zu taps", n);
}

double element_unit(const struct tap_info *i, const struct tap_budget *b, size_t element)
{
    double row = b->row[element / i->row_length];
    return b->element[element] > row ? b->element[element] : row;
}

/* The worst element of any device, in units that the other devices alone would have given. */
static double worst_element(const struct tap_info *i, const struct tap_budget *b)
{
    double worst = 0;
    for (size_t j = 0; j < i->n; j++) {
        double all = b->element[j] * b->element[j] * BUDGET_DEVICES, one = b->most[j] * b->most[j];
        double others = sqrt((all > one ? all - one : 0) / (BUDGET_DEVICES - 1)), row = b->row[j / i->row_length];
        double unit = others > row ? others : row;
        if (unit > 0 && b->most[j] / unit > worst) worst = b->most[j] / unit;
    }
    return worst;
}

/* Sums of squares become RMS values, and the largest of a device a ratio. */
static void finish(struct budget *b, const double *local_most, const double *free_most)
{
    for (size_t t = 0; t < b->taps.count; t++) {
        const struct tap_info *i = &b->taps.item[t];
        struct tap_budget *x = &b->item[t];
        for (size_t j = 0; j < i->n; j++) x->element[j] = sqrt(x->element[j] / BUDGET_DEVICES);
        for (size_t r = 0; r < i->rows; r++)
            x->row[r] = i->row_length ? sqrt(x->row[r] / BUDGET_DEVICES / (double)i->row_length) : 0;
        x->local = sqrt(x->local / BUDGET_DEVICES);
        x->free = sqrt(x->free / BUDGET_DEVICES);
        x->local_most = x->local > 0 ? sqrt(local_most[t]) / x->local : 1;
        x->free_most = x->free > 0 ? sqrt(free_most[t]) / x->free : 1;
        x->element_most = worst_element(i, x);
        free(x->most);
        x->most = NULL;
    }
}

enum status budget_make(struct budget *b, struct runner *r, const struct tensors *golden, const char *only,
                        struct err *e)
{
    double *square = NULL, *free_most = NULL, *local_most = NULL;
    struct tap_values device = { 0 }, given = { 0 };
    memset(b, 0, sizeof *b);
    enum status s = taps_list(&b->taps, &b->truth, r, e);
    if (!s) s = allocate(b, &square, &free_most, &local_most, e);
    if (!s) s = choose(b, golden, only, e);
    if (!s && !(given.data = calloc(b->taps.count, sizeof *given.data))) s = fail(e, E_MEMORY, "no memory for taps");
    for (uint64_t k = 1; k <= BUDGET_DEVICES && !s; k++) {
        struct measuring m = { b, square };
        s = taps_record(&device, &b->taps, r, RUN_DEVICE, k, e);
        if (s) break;
        memset(square, 0, b->taps.count * sizeof *square);
        for (size_t t = 0; t < b->taps.count; t++) given.data[t] = b->judged[t] ? device.data[t] : NULL;
        s = taps_replay(&b->taps, &given, r, see_local, &m, e);
        for (size_t t = 0; t < b->taps.count && !s; t++) {
            const struct tap_info *i = &b->taps.item[t];
            double local = i->counted ? square[t] / (double)i->counted : 0;
            double free_run = mean_square(i, device.data[t], b->truth.data[t]);
            b->item[t].local += local;
            b->item[t].free += free_run;
            if (local > local_most[t]) local_most[t] = local;
            if (free_run > free_most[t]) free_most[t] = free_run;
        }
    }
    if (!s) finish(b, local_most, free_most);
    free(given.data);
    taps_free_values(&device);
    free(square);
    free(free_most);
    free(local_most);
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
