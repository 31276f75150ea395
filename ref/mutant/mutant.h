/* mutant -- known-wrong variants: the mistakes that builds of these models really contain.
 *
 * The model files do not know of them.  A mutant changes a run from outside, in one of
 * three places: a kernel in the table is replaced by a wrong one (wrong_kernels.c), a view
 * into the weights is exchanged, or a tap is written over with numbers computed wrongly
 * from earlier taps.  Each proves that the judge would catch that mistake, and where. */
#ifndef GOLDREEL_MUTANT_H
#define GOLDREEL_MUTANT_H

#include "../model/model.h"

/* The last tap that the rewrite of a mutant reads. */
struct source {
    double *data;
    size_t size;                /* numbers that data has room for */
    size_t shape[MAX_RANK];
    int known;
};

struct mutant {
    const char *name, *about;
    int sampler;                /* 1: of the sampler; 0: of the transformer */
    const char *first;          /* the tap that must be the first to diverge */
    void (*kernels_f64)(struct kernels_f64 *k);
    void (*kernels_f32)(struct kernels_f32 *k);
    void (*weights)(struct hunyuan_weights *w);
    const char *rewrites;       /* taps written over: a path in which '*' stands for a block number */
    const char *from;           /* the tap it is computed from, '*' as above; '-' before it: of the block before */
    /* y: the tap t as it is, in double; what is left there replaces it */
    void (*rewrite)(double *y, const struct source *s, const struct tap *t, const struct hunyuan_config *c);
};

extern const struct mutant mutants[];
extern const size_t mutant_count;
const struct mutant *mutant_find(const char *name);     /* NULL: there is none */

/* A trace that writes over the taps of m and hands every tap on to `next` (may be NULL). */
struct mutant_trace {
    struct trace trace;
    const struct mutant *mutant;
    const struct hunyuan_config *config;
    struct trace *next;
    struct source source;
};
void mutant_trace_init(struct mutant_trace *m, const struct mutant *mutant, const struct hunyuan_config *c,
                       struct trace *next);
void mutant_trace_free(struct mutant_trace *m);

#endif
