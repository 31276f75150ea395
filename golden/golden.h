/* golden -- the judge: holds a dump of somebody's build against the reference.
 *
 * It needs only ref/base and ref/io.  Whoever calls it brings a runner, which can run the
 * subject as the truth, as the declared arithmetic, and as one of many correct reference
 * devices (random rounding); everything reaches the judge through traces.
 *
 * Two questions per tap (an intermediate tensor with a name):
 *   local   Is this tensor right, given the tensors before it?  The declared arithmetic is
 *           run with every earlier tap replaced by the dump's own, so an error is seen only
 *           where it is made: here is the verdict, and the place.
 *   free    How far has the dump come from the truth by now?
 * No tolerance is typed: the same two measurements on K reference devices are the budget. */
#ifndef GOLDREEL_GOLDEN_H
#define GOLDREEL_GOLDEN_H

#include "../ref/io/io.h"

/* ---- taps.c: what a run shows, in pipeline order ---- */

enum run_kind { RUN_TRUTH, RUN_DECLARED, RUN_DEVICE };

struct runner {
    /* F64 taps only.  seed: which reference device. */
    enum status (*run)(struct runner *self, enum run_kind kind, uint64_t seed, struct trace *trace, struct err *e);
};

struct tap_info {
    char *name;
    int rank;
    size_t shape[MAX_RANK];
    size_t n;                   /* elements */
    size_t rows, row_length;    /* rows are tokens, channels or samples: the unit errors are measured in */
    unsigned char *counts;      /* per row: 0 for padding */
    size_t counted;             /* elements in rows that count */
    int island;                 /* see struct tap */
    int alias;                  /* repeats another tap: judged when the dump has it, never required */
};

struct tap_list {
    struct tap_info *item;
    size_t count;
    size_t *by_name;            /* indices in the order of names */
};

/* One array per tap of a list. */
struct tap_values { double **data; size_t count; };

/* Runs and keeps what it sees. */
enum status taps_list(struct tap_list *l, struct tap_values *v, struct runner *r, struct err *e);
enum status taps_record(struct tap_values *v, const struct tap_list *l, struct runner *r, enum run_kind kind,
                        uint64_t seed, struct err *e);
const struct tap_info *taps_find(const struct tap_list *l, const char *name);   /* NULL: not there */
/* "[0,3,17]", where element `flat` of a tap lies; returns out. */
char *tap_index_text(char out[100], const struct tap_info *i, size_t flat);
void taps_free(struct tap_list *l);
void taps_free_values(struct tap_values *v);

/* Runs the declared arithmetic with each tap that `given` has (data != NULL, not an alias)
 * put in the place of the computed one, after `see` has been shown both. */
typedef void taps_see(void *context, size_t tap, const double *computed, const double *given);
enum status taps_replay(const struct tap_list *l, const struct tap_values *given, struct runner *r,
                        taps_see *see, void *context, struct err *e);

/* ---- budget.c: how far correct devices stray ---- */

enum { BUDGET_DEVICES = 16 };

struct tap_budget {
    double local, free;         /* RMS error over all devices */
    double *row, *element;      /* (rows), (n): RMS local error of each */
    /* How far a single device may be beyond that, in budgets: the worst of them, and the mean
     * plus three standard deviations.  Small tensors vary much, large ones hardly.  Elements
     * are measured against the other devices. */
    double local_most, free_most, element_most;
    double device_local[BUDGET_DEVICES], device_free[BUDGET_DEVICES];      /* mean squares of each device */
    double *most;               /* (n): largest |local error| of each element; working memory */
};

struct budget {
    struct tap_list taps;
    struct tap_values truth;
    struct tap_budget *item;
    double roundoff;            /* half the spacing of the storage type at 1 */
    unsigned char *judged;      /* per tap: it takes part when the dump has it */
    unsigned char *required;    /* per tap: the dump must have it */
};

/* only: comma-separated patterns ('*' for anything) of the taps to judge; NULL: all.
 * golden: independent truth, replacing our own where it has the tap; NULL: none.
 * With golden, the required taps are those of golden. */
enum status budget_make(struct budget *b, struct runner *r, enum dtype storage, const struct tensors *golden,
                        const char *only, struct err *e);
void budget_free(struct budget *b);

/* ---- judge.c ---- */

enum finding {
    AGREES,
    INHERITS,           /* right given its inputs, but far from the truth: an earlier tap is to blame */
    DRIFTS,             /* every tap is right given its inputs, yet errors add up as in no reference device */
    DIVERGES,           /* wrong given its inputs */
    MISSING, DUPLICATE, WRONG_SHAPE, WRONG_DTYPE, NOT_FINITE, POISON,
    FINDINGS
};
extern const char *const finding_names[FINDINGS];

struct tap_verdict {
    const struct tap_info *tap;
    enum finding finding;
    int judged;                         /* it was in the dump and compared */
    enum dtype dtype;                   /* as found */
    double sigma, sigma_limit;          /* local RMS error in budgets */
    double row_ratio;                   /* worst row of at least ROW_LEAST elements, in budgets; limit ROW_LIMIT */
    double element_ratio, element_limit;
    double free_ratio, free_limit;
    double error_rms, value_rms;
    size_t outside;                     /* elements beyond the element limit */
    size_t worst;                       /* flat index of the worst element */
    double got, want;                   /* there; want: given the dump's own inputs */
    char detail[200];                   /* of findings from MISSING on: what was expected and found */
};

enum { ROW_LIMIT = 3, ROW_LEAST = 64 };

/* The unit of an element's error: its own budget, but not less than its row's, nor than the
 * RMS of one rounding of its value to the storage type. */
double element_unit(const struct tap_info *i, const struct tap_budget *b, double roundoff, size_t element, double value);

struct verdict {
    int passed;
    struct tap_verdict *item;           /* one per tap of the budget, in pipeline order */
    size_t count;
    size_t judged, required;
    size_t part, first_part;            /* taps that are judged or had to be; which of them is `first`, from 1 */
    size_t by_finding[FINDINGS];
    const struct tap_verdict *first;    /* first in pipeline order that is neither AGREES nor INHERITS; or NULL */
    struct text notes;                  /* lines: taps nobody knows, precision beyond the declared one, ... */
    struct text mistrust;               /* lines: the dump was made from other weights or inputs; fails */
};

/* What the dump claims to be computed with, and from. */
struct declaration {
    enum dtype storage;                 /* of tensors */
    int islands_f32;                    /* island taps may be float32 whatever the storage type */
    const char *case_name, *weights_sha256, *inputs_sha256;     /* NULL: not checked */
};

enum status judge(struct verdict *v, const struct budget *b, struct runner *r, const struct tensors *dumps,
                  size_t dump_count, const struct declaration *d, struct err *e);
double verdict_worst(const struct verdict *v);         /* largest local error, in budgets */
void verdict_free(struct verdict *v);

/* ---- report_text.c, report_json.c, report_junit.c, report_html.c ---- */

struct report_head { const char *subject, *dump, *policy, *islands; };
void report_text(struct text *out, const struct verdict *v, const struct report_head *h, int all_taps);
void report_json(struct text *out, const struct verdict *v, const struct report_head *h);
void report_junit(struct text *out, const struct verdict *v, const struct report_head *h);
void report_html(struct text *out, const struct verdict *v, const struct report_head *h);
/* What they share.  headline: "diverges at tap 84 of 155", no newline.  why: the finding of
 * a wrong tap in numbers, one line without newline.  numbers: how large the error is and the
 * worst element, lines that start with `indent`; nothing for a tap that was not compared. */
void report_headline(struct text *out, const struct verdict *v);
void report_why(struct text *out, const struct tap_verdict *x);
void report_numbers(struct text *out, const struct tap_verdict *x, const char *indent);

/* ---- foreign.c: text out of files that may mean harm ---- */

/* Fit for one line on a terminal: control characters and broken UTF-8 as \xNN, and "..." for
 * what goes beyond `most` bytes (or some 80 columns). */
void add_shown(struct text *out, const char *s, size_t most);
/* Fit for XML and HTML, as content or in an attribute in double quotes: markup escaped,
 * everything that XML 1.0 has no character for becomes U+FFFD. */
void add_markup(struct text *out, const char *s);

/* ---- case.c: a golden case on disk ---- */

struct golden_case {
    char *name, *about, *model;
    char *folder, *weights, *config, *inputs, *golden;      /* paths; golden NULL: truth is our own */
    size_t steps;
    double shift, embedded_guidance, cfg_scale;
    char *weights_sha256, *inputs_sha256, *golden_sha256, *config_sha256;   /* NULL where the case names none */
};

/* folder: of the case, with case.json in it. */
enum status case_open(struct golden_case *c, const char *folder, struct err *e);
/* The files still are what the case was made with. */
enum status case_check_hashes(const struct golden_case *c, struct err *e);
void case_close(struct golden_case *c);
/* Names in cases/INDEX.jsonl, in order; malloc'ed array of malloc'ed names. */
enum status case_index(char ***names, size_t *count, const char *cases_folder, struct err *e);

#endif
