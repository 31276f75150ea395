/* subject -- what is to be judged: a golden case (or a user's own), loaded, with the runner
 * that the judge calls.  Binds golden/ (which knows no model) to ref/oracle (which knows no
 * judge). */
#ifndef GOLDREEL_SUBJECT_H
#define GOLDREEL_SUBJECT_H

#include "../golden/golden.h"
#include "../ref/oracle/oracle.h"

/* ---- progress.c: on stderr, when that is a terminal and the work is long ---- */

struct progress {
    struct trace trace, *inner;     /* sees every tap on its way to the trace of the run */
    char what[80];                  /* "reference device 3 of 16" */
};

/* oracle_run, and at most once a second a line "what: tap".  Whoever prints clears it first. */
enum status progress_run(struct progress *p, const struct oracle *o, const struct how *how, struct trace *trace,
                         struct tensor *result, struct err *e);
void progress_clear(void);

struct subject {
    struct golden_case c;
    struct oracle oracle;
    struct tensors golden;          /* empty when the case has none */
    int has_golden;
    struct policy policy;           /* of the runner; set by subject_runner */
    struct progress progress;
    enum run_kind last_kind;        /* of the runner, for the progress line */
    struct runner runner;
};

/* folder: of the case.  Checks the hashes of its files.  problems: see hunyuan_weights_bind. */
enum status subject_open(struct subject *s, const char *folder, struct text *problems, struct err *e);
void subject_close(struct subject *s);
struct runner *subject_runner(struct subject *s, const struct policy *p);

/* A dump in memory: every tap that is no alias, as the run shows it. */
struct dump { struct tensors tensors; struct tensor *item; size_t room; };
enum status subject_dump(struct dump *d, struct progress *p, const struct oracle *o, const struct how *how,
                         int aliases, struct err *e);
void dump_free(struct dump *d);

#endif
