/* check -- assertions.  A test file exports `void test_NAME(struct check *c)`; inside it,
 * and in any function that has such a `c`, the CHECK macros count a failure and say where
 * it was; they never end the run. */
#ifndef GOLDREEL_CHECK_H
#define GOLDREEL_CHECK_H

#include "../ref/base/base.h"

#include <stdio.h>
#include <string.h>

struct check {
    const char *name;           /* of the case that runs */
    int cases, failures;        /* cases begun, assertions that failed */
    int failed, failed_at;      /* cases with a failure, and the last of them */
    const char *data, *golden; /* folders of data/ and golden/ */
    const char *scratch;        /* a writable temporary folder */
};

/* Names the case that starts here; prints nothing.  name must outlive the case. */
static inline void check_case(struct check *c, const char *name)
{
    c->name = name;
    c->cases++;
}

static inline void check_failed(struct check *c, const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: [%s] %s\n", file, line, c->name ? c->name : "", what);
    c->failures++;
    if (c->failed_at != c->cases) c->failed++;
    c->failed_at = c->cases;
}

static inline void check_str(struct check *c, const char *file, int line, const char *what, const char *a, const char *b)
{
    if (a && b && !strcmp(a, b)) return;
    check_failed(c, file, line, what);
    fprintf(stderr, "    found    \"%s\"\n    expected \"%s\"\n", a ? a : "(null)", b ? b : "(null)");
}

static inline void check_status(struct check *c, const char *file, int line, const char *what, int found, int expected)
{
    if (found == expected) return;
    check_failed(c, file, line, what);
    fprintf(stderr, "    found status %d, expected %d\n", found, expected);
}

static inline void check_has(struct check *c, const char *file, int line, const char *text, const char *part)
{
    if (text && strstr(text, part)) return;
    check_failed(c, file, line, "text lacks a part");
    fprintf(stderr, "    text \"%s\"\n    part \"%s\"\n", text ? text : "(null)", part);
}

#define CHECK(cond) ((cond) ? (void)0 : check_failed(c, __FILE__, __LINE__, #cond))
#define CHECK_STR(a, b) check_str(c, __FILE__, __LINE__, #a, a, b)
#define CHECK_STATUS(expr, status) check_status(c, __FILE__, __LINE__, #expr, (int)(expr), (int)(status))
/* text contains part: for messages */
#define CHECK_HAS(text, part) check_has(c, __FILE__, __LINE__, text, part)

#endif
