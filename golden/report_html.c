/* report_html -- a verdict as one page that needs nothing else: no script, no font, no
 * picture from anywhere.  Every tap in pipeline order with a bar on a logarithmic scale. */
#include "golden.h"

#include <math.h>
#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--card:#f5f6f8;--fg:#1c2128;--dim:#646c78;--line:#d9dde3;"
    "--agrees:#1a7f4b;--inherits:#8b6a00;--wrong:#c2242f;--limit:#646c78}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171c;--card:#1d2229;--fg:#e3e7ec;--dim:#98a1ad;--line:#333a44;"
    "--agrees:#4cc38a;--inherits:#d6ad3c;--wrong:#ff6b70;--limit:#98a1ad}}\n"
    "body{margin:0 auto;padding:24px;max-width:1400px;background:var(--bg);color:var(--fg);"
    "font:15px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:0 0 6px}p{margin:4px 0}\n"
    "code,.number,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:13px}\n"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0 0}\n"
    ".badge{padding:1px 10px;border-radius:4px;color:var(--bg)}\n"
    ".pass .badge{background:var(--agrees)}.fail .badge{background:var(--wrong)}\n"
    ".dim{color:var(--dim)}\n"
    ".card{background:var(--card);border-left:4px solid var(--line);border-radius:4px;padding:12px 16px;margin:16px 0}\n"
    ".card.bad{border-color:var(--wrong)}.card.warn{border-color:var(--inherits)}\n"
    ".counts{display:flex;flex-wrap:wrap;gap:4px 20px;margin:12px 0}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px}\n"
    "th{text-align:left;font-weight:600;border-bottom:2px solid var(--line);padding:4px 8px;white-space:nowrap}\n"
    "td{border-bottom:1px solid var(--line);padding:2px 8px}\n"
    ".number{text-align:right;white-space:nowrap}td code{font-size:12.5px}\n"
    ".agrees{color:var(--agrees)}.inherits{color:var(--inherits)}.wrong{color:var(--wrong);font-weight:600}\n"
    "tr.first td{border-top:2px solid var(--wrong);border-bottom:2px solid var(--wrong)}\n"
    "tr:target td{background:var(--card)}\n"
    "svg{display:block;margin-top:4px}svg .agrees{fill:var(--agrees)}svg .inherits{fill:var(--inherits)}\n"
    "svg .wrong{fill:var(--wrong)}svg .base{fill:var(--line)}svg .limit{fill:var(--limit)}\n"
    "a{color:inherit}\n";

static const char legend[] =
    "<p class=\"dim\">A <b>budget</b> is the error that correct devices make in this arithmetic, measured at the same tap. "
    "<b>local</b>: RMS error of the tensor given the dump's own earlier tensors, in budgets (limit in brackets); "
    "<b>row</b> (of at least 64 elements) and <b>element</b>: the worst one, in its own budgets; <b>free</b>: distance from the truth. "
    "The bar shows local on a logarithmic scale, from a tenth of the limit to 1000 times the limit; the tick is the limit.</p>\n";

static const char *colour(enum finding f)
{
    return f == AGREES ? "agrees" : f == INHERITS ? "inherits" : "wrong";
}

/* A number of a table; without budget no error is allowed, and the ratio is infinite. */
static void cell(struct text *out, double x)
{
    if (isinf(x)) text_add(out, "<td class=\"number\">&infin;</td>");
    else text_add(out, "<td class=\"number\">%.3g</td>", x);
}

enum { BAR_WIDTH = 120, BAR_HEIGHT = 10, DECADES = 4, BELOW_LIMIT = 1 };

static void bar(struct text *out, const struct tap_verdict *x)
{
    const double unit = (double)BAR_WIDTH / DECADES, beyond = x->sigma / x->sigma_limit;
    double width = 0;
    if (beyond > 0) width = (log10(beyond) + BELOW_LIMIT) * unit;
    if (!(width <= BAR_WIDTH)) width = BAR_WIDTH;
    if (width < 1) width = 1;
    text_add(out, "<td><svg width=\"%d\" height=\"%d\" aria-hidden=\"true\"><rect class=\"base\" y=\"4\" width=\"%d\" "
             "height=\"2\"/><rect class=\"%s\" y=\"1\" width=\"%.1f\" height=\"8\"/><rect class=\"limit\" x=\"%g\" "
             "width=\"1\" height=\"%d\"/></svg></td>", BAR_WIDTH, BAR_HEIGHT, BAR_WIDTH, colour(x->finding), width,
             BELOW_LIMIT * unit, BAR_HEIGHT);
}

/* A long name may break after its dots, and nowhere else. */
static void name(struct text *out, const char *s)
{
    struct text escaped = { 0 };
    add_markup(&escaped, s);
    for (const char *part = escaped.s; part && *part; ) {
        size_t n = strcspn(part, ".");
        n += part[n] == '.';
        text_add_bytes(out, part, n);
        part += n;
        if (*part) text_add(out, "<wbr>");
    }
    out->failed |= escaped.failed;
    text_free(&escaped);
}

static void row(struct text *out, const struct verdict *v, const struct tap_verdict *x)
{
    char shape[100];
    size_t number = (size_t)(x - v->item) + 1;
    text_add(out, "<tr id=\"tap%zu\"%s><td class=\"number dim\">%zu</td><td class=\"name\"><code>", number,
             x == v->first ? " class=\"first\"" : "", number);
    name(out, x->tap->name);
    text_add(out, "</code></td><td class=\"number\">%s</td><td>%s</td><td class=\"%s\">%s</td>",
             shape_text(shape, sizeof shape, x->tap->shape, x->tap->rank), x->judged ? dtype_name(x->dtype) : "",
             colour(x->finding), finding_names[x->finding]);
    if (x->judged) {
        bar(out, x);
        if (isinf(x->sigma)) text_add(out, "<td class=\"number\">&infin; (0)</td>");
        else text_add(out, "<td class=\"number\">%.3g (%.2g)</td>", x->sigma, x->sigma_limit);
        if (x->tap->row_length < ROW_LEAST) text_add(out, "<td class=\"number dim\">&ndash;</td>");
        else cell(out, x->row_ratio);
        cell(out, x->element_ratio);
        cell(out, x->free_ratio);
    } else {
        text_add(out, "<td colspan=\"5\">");
        add_markup(out, x->detail);
        text_add(out, "</td>");
    }
    text_add(out, "</tr>\n");
}

static void first_wrong(struct text *out, const struct verdict *v)
{
    const struct tap_verdict *x = v->first;
    struct text why = { 0 }, numbers = { 0 };
    char shape[100];
    const size_t before = v->first_part - 1;
    report_why(&why, x);
    report_numbers(&numbers, x, "");
    text_add(out, "<section class=\"card bad\"><h2>First wrong tap: <a href=\"#tap%zu\"><code>", (size_t)(x - v->item) + 1);
    add_markup(out, x->tap->name);
    text_add(out, "</code></a></h2>\n<p>");
    add_markup(out, why.s ? why.s : "");
    text_add(out, "</p>\n<p class=\"dim\">tap %zu of %zu, shape %s%s%s; %zu tap%s before it agree%s; ", v->first_part, v->part,
             shape_text(shape, sizeof shape, x->tap->shape, x->tap->rank), x->judged ? ", " : "",
             x->judged ? dtype_name(x->dtype) : "", before, before == 1 ? "" : "s", before == 1 ? "s" : "");
    text_add(out, "%zu later only follow from it</p>\n", v->by_finding[INHERITS]);
    if (numbers.s) {
        text_add(out, "<pre>");
        add_markup(out, numbers.s);
        text_add(out, "</pre>");
    }
    text_add(out, "</section>\n");
    out->failed |= why.failed | numbers.failed;
    text_free(&why);
    text_free(&numbers);
}

static void card(struct text *out, const char *kind, const char *title, const struct text *lines)
{
    if (!lines->len) return;
    text_add(out, "<section class=\"card %s\"><h2>%s</h2><pre>", kind, title);
    add_markup(out, lines->s);
    text_add(out, "</pre></section>\n");
}

static void counts(struct text *out, const struct verdict *v)
{
    text_add(out, "<div class=\"counts\">");
    for (int f = 0; f < FINDINGS; f++)
        if (v->by_finding[f])
            text_add(out, "<span class=\"%s\">%s: %zu</span>", colour((enum finding)f), finding_names[f], v->by_finding[f]);
    text_add(out, "<span class=\"dim\">%zu required, %zu compared", v->required, v->judged);
    if (v->judged) text_add(out, ", worst local error %.3g budgets", verdict_worst(v));
    text_add(out, "</span></div>\n");
}

void report_html(struct text *out, const struct verdict *v, const struct report_head *h)
{
    const char *word = v->passed ? "PASS" : "FAIL";
    text_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s ", word);
    add_markup(out, h->subject);
    text_add(out, " - goldreel</title>\n<style>\n%s</style></head>\n<body class=\"%s\">\n<h1><span class=\"badge\">%s</span> ",
             style, v->passed ? "pass" : "fail", word);
    add_markup(out, h->subject);
    text_add(out, ": ");
    report_headline(out, v);
    text_add(out, "</h1>\n<p class=\"dim\"><code>");
    add_markup(out, h->dump);
    text_add(out, "</code> judged as ");
    add_markup(out, h->policy);
    text_add(out, ", islands ");
    add_markup(out, h->islands);
    text_add(out, "</p>\n");
    counts(out, v);
    card(out, "bad", "Not to be trusted: not made from the case's files", &v->mistrust);
    if (v->first) first_wrong(out, v);
    card(out, "warn", "Notes", &v->notes);
    text_add(out, "<div class=\"wide\"><table>\n<thead><tr><th class=\"number\">#</th><th>tap</th><th class=\"number\">shape</th>"
             "<th>type</th><th>finding</th><th>local, log scale</th><th class=\"number\">local</th><th class=\"number\">row</th>"
             "<th class=\"number\">element</th><th class=\"number\">free</th></tr></thead>\n<tbody>\n");
    for (size_t t = 0; t < v->count; t++)
        if (v->item[t].judged || v->item[t].finding != AGREES) row(out, v, &v->item[t]);
    text_add(out, "</tbody></table></div>\n%s</body></html>\n", legend);
}
