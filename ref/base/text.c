/* text -- a string that grows; it remembers a failure instead of reporting each one. */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reserve(struct text *t, size_t more)
{
    if (t->failed) return 0;
    if (more < t->cap - t->len) return 1;           /* strictly: one byte stays for the NUL */
    size_t cap = t->cap ? t->cap : 256;
    while (cap - t->len <= more) {
        if (cap > SIZE_MAX / 2) { t->failed = 1; return 0; }
        cap *= 2;
    }
    char *s = realloc(t->s, cap);
    if (!s) { t->failed = 1; return 0; }
    t->s = s;
    t->cap = cap;
    return 1;
}

void text_add_bytes(struct text *t, const char *s, size_t n)
{
    if (!reserve(t, n)) return;
    memcpy(t->s + t->len, s, n);
    t->len += n;
    t->s[t->len] = 0;
}

void text_add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) { t->failed = 1; return; }
    if (!reserve(t, (size_t)n)) return;
    va_start(ap, fmt);
    vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    t->len += (size_t)n;
}

void text_free(struct text *t)
{
    free(t->s);
    memset(t, 0, sizeof *t);
}
