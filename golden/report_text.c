/* report_text -- a verdict for a person: the first wrong tap, how wrong, and what follows. */
#include "golden.h"

#include <math.h>
#include <string.h>

/* "error 184 budgets (allowed 1.5)" or, where the budget is 0, "no error is allowed" */
static void budgets(struct text *out, const struct tap_verdict *x)
{
    if (isinf(x->sigma)) text_add(out, "this tap only moves numbers: no error is allowed");
    else text_add(out, "error %.3g budgets (allowed %.3g)", x->sigma, x->sigma_limit);
    if (x->row_ratio > ROW_LIMIT) text_add(out, ", worst row %.3g (allowed %d)", x->row_ratio, ROW_LIMIT);
    if (x->element_ratio > x->element_limit)
        text_add(out, ", worst element %.3g (allowed %.3g)", x->element_ratio, x->element_limit);
}

void report_why(struct text *out, const struct tap_verdict *x)
{
    if (x->finding >= MISSING)
        text_add(out, "%s: %s", finding_names[x->finding], x->detail);
    else if (x->finding == DRIFTS)
        text_add(out, "right given its inputs, but %.3g times further from the truth than reference devices "
                 "(allowed %.3g): small errors of the same sign add up", x->free_ratio, x->free_limit);
    else
        budgets(out, x);
}

void report_numbers(struct text *out, const struct tap_verdict *x, const char *indent)
{
    char where[100];
    if (!x->judged) return;
    text_add(out, "%srms error %.3g, rms value %.3g, %zu of %zu elements outside\n", indent, x->error_rms, x->value_rms,
             x->outside, x->tap->counted);
    text_add(out, "%sworst at %s: got %.9g want %.9g (given the dump's own inputs)\n", indent,
             tap_index_text(where, x->tap, x->worst), x->got, x->want);
}

void report_headline(struct text *out, const struct verdict *v)
{
    if (v->passed)
        text_add(out, "%zu taps agree, worst at %.2g budgets", v->judged, verdict_worst(v));
    else if (v->first)
        text_add(out, "%s at tap %zu of %zu", finding_names[v->first->finding], v->first_part, v->part);
    else
        text_add(out, v->judged ? "mistrusted" : "nothing was judged");
}

static void first_wrong(struct text *out, const struct verdict *v)
{
    const struct tap_verdict *x = v->first;
    char shape[100];
    const size_t before = v->first_part - 1;
    text_add(out, "  first wrong: %s  %s", x->tap->name, shape_text(shape, sizeof shape, x->tap->shape, x->tap->rank));
    if (x->judged) text_add(out, "  %s", dtype_name(x->dtype));
    text_add(out, "\n    ");
    report_why(out, x);
    text_add(out, "\n");
    report_numbers(out, x, "    ");
    text_add(out, "    %s%zu tap%s before it agree%s\n", before > 1 ? "all " : "", before, before == 1 ? "" : "s",
             before == 1 ? "s" : "");
}

/* What comes after the first wrong tap: consequences, and further mistakes of their own. */
static void later(struct text *out, const struct verdict *v)
{
    size_t own = 0, listed = 0;
    for (const struct tap_verdict *x = v->first + 1; x < v->item + v->count; x++)
        own += x->finding >= DRIFTS;
    if (v->by_finding[INHERITS])
        text_add(out, "  %zu later tap%s only follow%s from it: right given %s inputs\n", v->by_finding[INHERITS],
                 v->by_finding[INHERITS] == 1 ? "" : "s", v->by_finding[INHERITS] == 1 ? "s" : "",
                 v->by_finding[INHERITS] == 1 ? "its" : "their");
    if (!own) return;
    text_add(out, "  %zu later tap%s wrong by %s:\n", own, own == 1 ? " is" : "s are", own == 1 ? "itself" : "themselves");
    for (const struct tap_verdict *x = v->first + 1; x < v->item + v->count && listed < 8; x++)
        if (x->finding >= DRIFTS) {
            text_add(out, "    %s: ", x->tap->name);
            report_why(out, x);
            text_add(out, "\n");
            listed++;
        }
    if (own > listed) text_add(out, "    and %zu more\n", own - listed);
}

static void table(struct text *out, const struct verdict *v)
{
    text_add(out, "  %-64s %-10s %9s %9s %9s %9s\n", "tap", "finding", "local", "row", "element", "free");
    for (size_t t = 0; t < v->count; t++) {
        const struct tap_verdict *x = &v->item[t];
        if (x->judged)
            text_add(out, "  %-64s %-10s %9.3g %9.3g %9.3g %9.3g\n", x->tap->name, finding_names[x->finding], x->sigma,
                     x->row_ratio, x->element_ratio, x->free_ratio);
        else if (x->finding >= MISSING)
            text_add(out, "  %-64s %-10s %s\n", x->tap->name, finding_names[x->finding], x->detail);
    }
}

static void indented(struct text *out, const char *lines)
{
    while (lines && *lines) {
        size_t n = strcspn(lines, "\n");
        text_add(out, "  %.*s\n", (int)n, lines);
        lines += n + (lines[n] == '\n');
    }
}

void report_text(struct text *out, const struct verdict *v, const struct report_head *h, int all_taps)
{
    text_add(out, "%s  %s  %s as %s, islands %s: ", v->passed ? "PASS" : "FAIL", h->subject, h->dump, h->policy, h->islands);
    report_headline(out, v);
    text_add(out, "\n");
    indented(out, v->mistrust.s);
    if (v->first) {
        first_wrong(out, v);
        later(out, v);
    }
    indented(out, v->notes.s);
    if (all_taps) table(out, v);
}
