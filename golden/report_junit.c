/* report_junit -- a verdict for CI systems: JUnit XML, one test suite with a test a tap.
 *
 * Elements and attributes: those that Jenkins, GitLab and GitHub's actions read
 * (testsuites, testsuite, properties, testcase, failure, skipped, system-out).
 * Taps that only inherit an error are skipped, not failed: what is red is what to look at. */
#include "golden.h"

static void attribute(struct text *out, const char *name, const char *value)
{
    text_add(out, " %s=\"", name);
    add_markup(out, value);
    text_add(out, "\"");
}

static void property(struct text *out, const char *name, const char *value)
{
    text_add(out, "      <property");
    attribute(out, "name", name);
    attribute(out, "value", value);
    text_add(out, "/>\n");
}

static void failure(struct text *out, const struct verdict *v, const struct tap_verdict *x)
{
    struct text why = { 0 }, body = { 0 };
    if (x == v->first) text_add(&why, "FIRST WRONG TAP: ");
    else text_add(&why, "wrong by itself, after %s: ", v->first->tap->name);
    report_why(&why, x);
    text_add(&body, "%s\n", why.s ? why.s : "");
    report_numbers(&body, x, "");
    text_add(out, "      <failure");
    attribute(out, "type", finding_names[x->finding]);
    attribute(out, "message", why.s ? why.s : "");
    text_add(out, ">");
    add_markup(out, body.s ? body.s : "");
    text_add(out, "</failure>\n");
    out->failed |= why.failed | body.failed;
    text_free(&why);
    text_free(&body);
}

static void testcase(struct text *out, const struct verdict *v, const struct report_head *h, const struct tap_verdict *x)
{
    text_add(out, "    <testcase");
    attribute(out, "classname", h->subject);
    attribute(out, "name", x->tap->name);
    text_add(out, " time=\"0\"");
    if (x->finding == AGREES) {
        text_add(out, "/>\n");
        return;
    }
    text_add(out, ">\n");
    if (x->finding == INHERITS) {
        text_add(out, "      <skipped message=\"follows from ");
        add_markup(out, v->first ? v->first->tap->name : "an earlier tap");
        text_add(out, "\"/>\n");
    } else {
        failure(out, v, x);
    }
    text_add(out, "    </testcase>\n");
}

/* What fails without a tap being wrong. */
static void mistrusted(struct text *out, const struct verdict *v, const struct report_head *h)
{
    text_add(out, "    <testcase");
    attribute(out, "classname", h->subject);
    text_add(out, " name=\"origin of the dump\" time=\"0\">\n      <failure type=\"mistrusted\" message=\""
             "made from other weights or inputs than the case\">");
    add_markup(out, v->mistrust.s);
    text_add(out, "</failure>\n    </testcase>\n");
}

void report_junit(struct text *out, const struct verdict *v, const struct report_head *h)
{
    size_t tests = v->mistrust.len > 0, failures = tests;
    struct text all = { 0 };
    for (size_t f = 0; f < FINDINGS; f++) {
        tests += v->by_finding[f];
        if (f >= DRIFTS) failures += v->by_finding[f];
    }
    text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
    attribute(out, "name", h->subject);
    text_add(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"0\">\n    <properties>\n", tests,
             failures, v->by_finding[INHERITS]);
    property(out, "dump", h->dump);
    property(out, "policy", h->policy);
    property(out, "islands", h->islands);
    property(out, "verdict", v->passed ? "pass" : "fail");
    text_add(out, "    </properties>\n");
    if (v->mistrust.len) mistrusted(out, v, h);
    for (size_t t = 0; t < v->count; t++)
        if (v->item[t].judged || v->item[t].finding != AGREES) testcase(out, v, h, &v->item[t]);
    report_text(&all, v, h, 0);
    text_add(out, "    <system-out>");
    add_markup(out, all.s ? all.s : "");
    text_add(out, "</system-out>\n  </testsuite>\n</testsuites>\n");
    out->failed |= all.failed;
    text_free(&all);
}
