#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status subject_open(struct subject *s, const char *folder, struct text *problems, struct err *e)
{
    memset(s, 0, sizeof *s);
    enum status status = case_open(&s->c, folder, e);
    int model = -1;
    for (int i = 0; i < MODELS && !status; i++)
        if (!strcmp(s->c.model, model_names[i])) model = i;
    if (!status && model < 0)
        status = fail(e, E_DATA, "%s/case.json: \"model\": there is no model \"%s\"", folder, s->c.model);
    if (!status) status = case_check_hashes(&s->c, e);
    if (!status) {
        struct sampler_settings sampler = { s->c.steps, s->c.shift, s->c.embedded_guidance, s->c.cfg_scale };
        status = oracle_open(&s->oracle, (enum model)model,
                             (struct oracle_files){ s->c.weights, s->c.config, s->c.inputs }, &sampler, problems, e);
    }
    if (!status && s->c.golden) {
        status = tensors_open(&s->golden, s->c.golden, e);
        s->has_golden = !status;
    }
    if (status) subject_close(s);
    return status;
}

void subject_close(struct subject *s)
{
    if (s->has_golden) tensors_close(&s->golden);
    oracle_close(&s->oracle);
    case_close(&s->c);
    memset(s, 0, sizeof *s);
}

/* Each device is run twice: by itself, and against the declared arithmetic. */
static void say_what(struct subject *s, enum run_kind kind, uint64_t seed)
{
    struct progress *p = &s->progress;
    if (kind == RUN_TRUTH)
        snprintf(p->what, sizeof p->what, "%s: truth", s->c.name);
    else if (kind == RUN_DEVICE)
        snprintf(p->what, sizeof p->what, "%s: reference device %u of %d", s->c.name, (unsigned)seed, BUDGET_DEVICES);
    else if (s->last_kind == RUN_DECLARED)
        snprintf(p->what, sizeof p->what, "%s: the dump", s->c.name);
    s->last_kind = kind;
}

static enum status run(struct runner *r, enum run_kind kind, uint64_t seed, struct trace *trace, struct err *e)
{
    struct subject *s = (struct subject *)((char *)r - offsetof(struct subject, runner));
    struct how how = { .policy = s->policy, .seed = seed };
    struct tensor result;
    how.arithmetic = kind == RUN_TRUTH ? TRUTH : kind == RUN_DECLARED ? DECLARED : ROUNDED;
    say_what(s, kind, seed);
    enum status status = progress_run(&s->progress, &s->oracle, &how, trace, &result, e);
    if (!status) free(result.data);
    return status;
}

struct runner *subject_runner(struct subject *s, const struct policy *p)
{
    s->policy = *p;
    s->runner.run = run;
    s->last_kind = RUN_DECLARED;
    return &s->runner;
}

/* ---- dumps in memory ---- */

struct dumper { struct trace trace; struct dump *d; int aliases; };

static enum status keep(struct trace *trace, const struct tap *t, struct err *e)
{
    struct dumper *u = (struct dumper *)trace;
    struct dump *d = u->d;
    if (t->alias && !u->aliases) return OK;
    if (d->tensors.count == d->room) {
        size_t room = d->room ? 2 * d->room : 256;
        struct tensor *more = realloc(d->item, room * sizeof *more);
        if (!more) return fail(e, E_MEMORY, "no memory for %zu taps", room);
        d->item = d->tensors.item = more;
        d->room = room;
    }
    struct tensor *x = &d->item[d->tensors.count];
    *x = (struct tensor){ .dtype = t->dtype, .rank = t->rank };
    memcpy(x->shape, t->shape, sizeof x->shape);
    size_t bytes = tensor_bytes(x);
    char *name = malloc(strlen(t->name) + 1);
    x->data = malloc(bytes ? bytes : 1);
    if (!name || !x->data) {
        free(name);
        free(x->data);
        return fail(e, E_MEMORY, "no memory for the tap %s", t->name);
    }
    memcpy(x->data, t->data, bytes);
    x->name = strcpy(name, t->name);
    d->tensors.count++;
    return OK;
}

enum status subject_dump(struct dump *d, struct progress *p, const struct oracle *o, const struct how *how,
                         int aliases, struct err *e)
{
    struct dumper u = { { keep }, d, aliases };
    struct tensor result;
    memset(d, 0, sizeof *d);
    d->tensors.path = "(in memory)";
    enum status s = progress_run(p, o, how, &u.trace, &result, e);
    if (!s) free(result.data);
    else dump_free(d);
    return s;
}

void dump_free(struct dump *d)
{
    for (size_t i = 0; i < d->tensors.count; i++) {
        free((char *)d->item[i].name);
        free(d->item[i].data);
    }
    free(d->item);
    memset(d, 0, sizeof *d);
}
