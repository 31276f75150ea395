/* taps -- the list of intermediates of a run, their values, and runs on foreign values. */
#include "golden.h"

#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

static void set_rows(struct tap_info *i)
{
    i->n = 1;
    for (int a = 0; a < i->rank; a++) i->n *= i->shape[a];
    i->rows = i->rank == 0 || i->rank == 1 ? 1 : i->rank == 2 ? i->shape[0] : i->shape[0] * i->shape[1];
    i->row_length = i->rows ? i->n / i->rows : 0;
}

/* Without this a failed allocation would have to be told apart from an empty tap everywhere. */
static void *some(size_t count, size_t each) { return calloc(count ? count : 1, each); }

static enum status info_fill(struct tap_info *i, const struct tap *t, struct err *e)
{
    i->rank = t->rank;
    i->alias = t->alias;
    i->island = t->island;
    memcpy(i->shape, t->shape, sizeof i->shape);
    set_rows(i);
    i->name = some(strlen(t->name) + 1, 1);
    i->counts = some(i->rows, 1);
    if (!i->name || !i->counts) return fail(e, E_MEMORY, "no memory for the tap %s", t->name);
    strcpy(i->name, t->name);
    for (size_t r = 0; r < i->rows; r++) {
        i->counts[r] = !t->valid || i->rank < 3 || r % i->shape[1] < t->valid[r / i->shape[1]];
        i->counted += i->counts[r] * i->row_length;
    }
    return OK;
}

/* ---- recording ---- */

struct recorder {
    struct trace trace;
    struct tap_list *building;          /* first run: the list grows; else NULL */
    const struct tap_list *list;
    struct tap_values *values;
    size_t next, room;
};

static enum status grow(struct recorder *rec, struct err *e)
{
    if (rec->next < rec->room) return OK;
    size_t room = rec->room ? 2 * rec->room : 256;
    struct tap_info *item = realloc(rec->building->item, room * sizeof *item);
    if (item) rec->building->item = item;
    double **data = realloc(rec->values->data, room * sizeof *data);
    if (data) rec->values->data = data;
    if (!item || !data) return fail(e, E_MEMORY, "no memory for %zu taps", room);
    rec->room = room;
    return OK;
}

static enum status record(struct trace *trace, const struct tap *t, struct err *e)
{
    struct recorder *rec = (struct recorder *)trace;
    if (rec->building) {
        enum status s = grow(rec, e);
        if (s) return s;
        memset(&rec->building->item[rec->next], 0, sizeof *rec->building->item);
        rec->values->data[rec->next] = NULL;
        rec->building->count = rec->values->count = rec->next + 1;
        s = info_fill(&rec->building->item[rec->next], t, e);
        if (s) return s;
    }
    if (t->dtype != F64 || rec->next >= rec->list->count || strcmp(t->name, rec->list->item[rec->next].name))
        return fail(e, E_ARG, "tap %s is not what this run showed at first", t->name);
    const struct tap_info *i = &rec->list->item[rec->next];
    double **at = &rec->values->data[rec->next++];
    if (!*at && !(*at = some(i->n, sizeof **at))) return fail(e, E_MEMORY, "no memory for the tap %s", t->name);
    memcpy(*at, t->data, i->n * sizeof **at);
    return OK;
}

static enum status sort_names(struct tap_list *l, struct err *e)
{
    l->by_name = some(l->count, sizeof *l->by_name);
    if (!l->by_name) return fail(e, E_MEMORY, "no memory for %zu taps", l->count);
    /* Shell's sort: qsort would need the list behind a global, and a list has some thousand taps */
    for (size_t i = 0; i < l->count; i++) l->by_name[i] = i;
    for (size_t gap = l->count / 2; gap; gap /= 2)
        for (size_t i = gap; i < l->count; i++) {
            size_t keep = l->by_name[i], j = i;
            for (; j >= gap && strcmp(l->item[l->by_name[j - gap]].name, l->item[keep].name) > 0; j -= gap)
                l->by_name[j] = l->by_name[j - gap];
            l->by_name[j] = keep;
        }
    return OK;
}

enum status taps_list(struct tap_list *l, struct tap_values *v, struct runner *r, struct err *e)
{
    struct recorder rec = { .trace = { record }, .building = l, .list = l, .values = v };
    memset(l, 0, sizeof *l);
    memset(v, 0, sizeof *v);
    enum status s = r->run(r, RUN_TRUTH, 0, &rec.trace, e);
    if (!s && l->count == 0) s = fail(e, E_ARG, "the run showed nothing");
    if (!s) s = sort_names(l, e);
    return s;
}

enum status taps_record(struct tap_values *v, const struct tap_list *l, struct runner *r, enum run_kind kind,
                        uint64_t seed, struct err *e)
{
    struct recorder rec = { .trace = { record }, .list = l, .values = v };
    if (!v->data) {
        v->data = some(l->count, sizeof *v->data);
        if (!v->data) return fail(e, E_MEMORY, "no memory for %zu taps", l->count);
        v->count = l->count;
    }
    return r->run(r, kind, seed, &rec.trace, e);
}

const struct tap_info *taps_find(const struct tap_list *l, const char *name)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, l->item[l->by_name[middle]].name);
        if (order == 0) return &l->item[l->by_name[middle]];
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}

char *tap_index_text(char out[100], const struct tap_info *i, size_t flat)
{
    size_t index[MAX_RANK];
    for (int a = i->rank - 1; a >= 0; a--) {
        index[a] = flat % i->shape[a];
        flat /= i->shape[a];
    }
    return shape_text(out, 100, index, i->rank);
}

void taps_free_values(struct tap_values *v)
{
    for (size_t i = 0; i < v->count; i++) free(v->data[i]);
    free(v->data);
    memset(v, 0, sizeof *v);
}

void taps_free(struct tap_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->item[i].name);
        free(l->item[i].counts);
    }
    free(l->item);
    free(l->by_name);
    memset(l, 0, sizeof *l);
}

/* ---- replaying ---- */

struct replay {
    struct trace trace;
    const struct tap_list *list;
    const struct tap_values *given;
    taps_see *see;
    void *context;
    size_t next;
};

static enum status replay_tap(struct trace *trace, const struct tap *t, struct err *e)
{
    struct replay *rep = (struct replay *)trace;
    size_t index = rep->next++;
    if (t->dtype != F64 || index >= rep->list->count || strcmp(t->name, rep->list->item[index].name))
        return fail(e, E_ARG, "tap %s is not what this run showed at first", t->name);
    const struct tap_info *i = &rep->list->item[index];
    const double *given = rep->given->data[index];
    double *computed = t->data;
    if (!given) return OK;
    rep->see(rep->context, index, computed, given);
    if (i->alias) return OK;
    for (size_t r = 0; r < i->rows; r++)        /* padding may hold anything, even NaN: ours stays */
        if (i->counts[r])
            memcpy(computed + r * i->row_length, given + r * i->row_length, i->row_length * sizeof *computed);
    return OK;
}

enum status taps_replay(const struct tap_list *l, const struct tap_values *given, struct runner *r,
                        taps_see *see, void *context, struct err *e)
{
    struct replay rep = { { replay_tap }, l, given, see, context, 0 };
    return r->run(r, RUN_DECLARED, 0, &rep.trace, e);
}
