/* json_write -- RFC 8259, written: what comes out can always be read back by json.c.
 *
 * Strings are taken as UTF-8; a byte that is not becomes U+FFFD, since a document with
 * it would be refused by every reader.  indent 0 gives one line (JSON Lines), anything
 * else that many spaces per level.  Memory that runs out is remembered in out->failed. */
#include "private.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void add_quoted(struct text *t, const char *s)
{
    size_t n = 0;
    while (s[n]) n++;
    text_add_bytes(t, "\"", 1);
    for (size_t i = 0, step; i < n; i += step) {
        unsigned char c = (unsigned char)s[i];
        step = utf8_step(s + i, n - i);
        if (!step) { text_add_bytes(t, "\xEF\xBF\xBD", 3); step = 1; }
        else if (c == '"' || c == '\\') text_add(t, "\\%c", c);
        else if (c == '\n') text_add_bytes(t, "\\n", 2);
        else if (c == '\t') text_add_bytes(t, "\\t", 2);
        else if (c < 0x20) text_add(t, "\\u%04x", (unsigned)c);
        else text_add_bytes(t, s + i, step);
    }
    text_add_bytes(t, "\"", 1);
}

static void add_line(struct json_writer *w)
{
    if (w->indent) text_add(w->out, "\n%*s", w->indent * w->depth, "");
}

/* Comma, new line and key: what comes before any value. */
static void before_value(struct json_writer *w, const char *key)
{
    if (w->depth) {
        if (w->used[w->depth - 1]) text_add_bytes(w->out, ",", 1);
        w->used[w->depth - 1] = 1;
        add_line(w);
    }
    if (key) {
        add_quoted(w->out, key);
        text_add_bytes(w->out, ": ", w->indent ? 2 : 1);
    }
}

void json_begin(struct json_writer *w, const char *key, char bracket)
{
    before_value(w, key);
    text_add_bytes(w->out, &bracket, 1);
    if (w->depth == JSON_MAX_DEPTH) { w->out->failed = 1; return; }    /* no reader would take it */
    w->used[w->depth++] = 0;
}

void json_end(struct json_writer *w, char bracket)
{
    if (w->depth == 0) { w->out->failed = 1; return; }
    int used = w->used[--w->depth];
    if (used) add_line(w);
    text_add_bytes(w->out, &bracket, 1);
}

void json_string(struct json_writer *w, const char *key, const char *value)
{
    if (!value) { json_null(w, key); return; }
    before_value(w, key);
    add_quoted(w->out, value);
}

void json_number(struct json_writer *w, const char *key, double value)
{
    char digits[40];
    if (!isfinite(value)) {
        json_string(w, key, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    before_value(w, key);
    text_add(w->out, "%s", digits);
}

void json_integer(struct json_writer *w, const char *key, int64_t value)
{
    before_value(w, key);
    text_add(w->out, "%" PRId64, value);
}

void json_bool(struct json_writer *w, const char *key, int value)
{
    before_value(w, key);
    text_add(w->out, "%s", value ? "true" : "false");
}

void json_null(struct json_writer *w, const char *key)
{
    before_value(w, key);
    text_add(w->out, "null");
}
