#include "tests.h"

#include <stdlib.h>

int subjects_open(struct subjects *s, struct check *c)
{
    struct err e;
    struct text problems = { 0 };
    memset(s, 0, sizeof *s);
    char *cases = path_join(c->golden, "cases");
    int fine = cases && !case_index(&s->name, &s->count, cases, &e);
    s->item = fine ? calloc(s->count, sizeof *s->item) : NULL;
    for (size_t i = 0; fine && i < s->count; i++) {
        char *folder = path_join(cases, s->name[i]);
        fine = folder && !subject_open(&s->item[i], folder, &problems, &e);
        free(folder);
    }
    if (!fine) check_failed(c, __FILE__, __LINE__, e.text);
    text_free(&problems);
    free(cases);
    return fine;
}

void subjects_close(struct subjects *s)
{
    for (size_t i = 0; i < s->count; i++) {
        subject_close(&s->item[i]);
        free(s->name[i]);
    }
    free(s->item);
    free(s->name);
    memset(s, 0, sizeof *s);
}

struct subject *subjects_find(struct subjects *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->name[i], name)) return &s->item[i];
    return NULL;
}

int make_dump(struct dump *d, struct check *c, const struct subject *s, const struct how *how)
{
    struct err e;
    if (!subject_dump(d, NULL, &s->oracle, how, 0, &e)) return 1;
    check_failed(c, __FILE__, __LINE__, e.text);
    return 0;
}

struct tensor *dump_tensor(struct dump *d, const char *name)
{
    for (size_t i = 0; i < d->tensors.count; i++)
        if (!strcmp(d->item[i].name, name)) return &d->item[i];
    return NULL;
}

int make_budget(struct budget *b, struct check *c, struct subject *s, const struct policy *p)
{
    struct err e;
    if (!budget_make(b, subject_runner(s, p), p->storage, s->has_golden ? &s->golden : NULL, NULL, &e)) return 1;
    check_failed(c, __FILE__, __LINE__, e.text);
    return 0;
}

int judge_dump(struct verdict *v, struct check *c, struct subject *s, const struct budget *b, const struct dump *d,
               const struct policy *p)
{
    struct err e;
    const struct declaration claims = { p->storage, p->islands == F32, s->c.name, s->c.weights_sha256,
                                         s->c.inputs_sha256 };
    if (!judge(v, b, subject_runner(s, p), &d->tensors, 1, &claims, &e)) return 1;
    check_failed(c, __FILE__, __LINE__, e.text);
    return 0;
}
