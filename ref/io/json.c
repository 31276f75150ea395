/* json -- RFC 8259, read strictly.
 *
 * UTF-8 only, and checked; no byte order mark, comments, trailing commas or bytes after
 * the value; control characters inside strings must be escaped; a \u escape must not
 * name half a surrogate pair; a member name appears once; containers nest at most
 * JSON_MAX_DEPTH deep (which bounds the recursion here).  A number is the nearest double
 * of its digits; one beyond the largest double is an error, since inf is not what the
 * file says.  strtod is used in the "C" locale: goldreel never calls setlocale.
 *
 * Memory: one node per value and a copy of each string, so at most a constant (about 60)
 * times the input, whatever the input claims.  Source: RFC 8259, sections 2 to 8. */
#include "private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Nodes and strings come from blocks that never move. */
struct block {
    struct block *next;
    size_t used, size;
    double bytes[];             /* double: aligned for every member of struct json */
};

struct parser {
    const char *name, *s;
    size_t at, size, base;
    struct block *pool;
    struct err *e;
};

static enum status bad(const struct parser *p, size_t at, const char *rule)
{
    return fail(p->e, E_DATA, "%s: byte %zu: %s", path_tail(p->name), p->base + at, rule);
}

static enum status no_memory(const struct parser *p)
{
    return fail(p->e, E_MEMORY, "%s: no memory for a JSON document of %zu bytes", path_tail(p->name), p->size);
}

static void *take(struct parser *p, size_t n)
{
    enum { SMALLEST = 1024, LARGEST = 1 << 20 };
    n = (n + sizeof(double) - 1) / sizeof(double) * sizeof(double);     /* n <= input + 1: cannot overflow */
    struct block *b = p->pool;
    if (!b || b->size - b->used < n) {
        size_t size = !b ? SMALLEST : b->size < LARGEST / 2 ? 2 * b->size : LARGEST;
        if (size < n) size = n;
        struct block *fresh = malloc(sizeof *fresh + size);
        if (!fresh) return NULL;
        fresh->next = b;
        fresh->used = 0;
        fresh->size = size;
        p->pool = b = fresh;
    }
    void *out = (char *)b->bytes + b->used;
    b->used += n;
    return out;
}

static void release(struct block *b)
{
    while (b) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
}

static void skip_space(struct parser *p)
{
    while (p->at < p->size) {
        char c = p->s[p->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
        p->at++;
    }
}

/* The byte at the cursor, or -1 at the end. */
static int peek(const struct parser *p)
{
    return p->at < p->size ? (unsigned char)p->s[p->at] : -1;
}

static enum status unexpected(const struct parser *p, const char *wanted)
{
    char shown[SHOWN];
    const char *here = p->s + p->at;
    if (p->at >= p->size)
        return fail(p->e, E_DATA, "%s: byte %zu: ends where %s should be", path_tail(p->name), p->base + p->at, wanted);
    size_t step = utf8_step(here, p->size - p->at);
    return fail(p->e, E_DATA, "%s: byte %zu: expected %s, found '%s'", path_tail(p->name), p->base + p->at, wanted,
                show(shown, here, step ? step : 1));
}

/* Four hex digits at `at`; -1 when they are not. */
static long hex4(const struct parser *p, size_t at)
{
    long value = 0;
    if (p->size - at < 4) return -1;
    for (size_t i = at; i < at + 4; i++) {
        char c = p->s[i];
        if (c >= '0' && c <= '9') value = value * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f') value = value * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F') value = value * 16 + (c - 'A' + 10);
        else return -1;
    }
    return value;
}

static size_t put_utf8(char *out, unsigned long u)
{
    if (u < 0x80) { out[0] = (char)u; return 1; }
    size_t n = u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, u >>= 6) out[i] = (char)(0x80 | (u & 0x3F));
    out[0] = (char)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | u);
    return n;
}

/* The escape at the cursor (on its backslash) decoded to out; *n bytes. */
static enum status parse_escape(struct parser *p, char *out, size_t *n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    size_t start = p->at++;
    int c = peek(p);
    if (c < 0) return bad(p, start, "escape is cut off");
    p->at++;
    if (c != 'u') {
        const char *which = c ? strchr(from, c) : NULL;
        if (!which) return bad(p, start, "unknown escape in a string");
        *out = to[which - from];
        *n = 1;
        return OK;
    }
    long u = hex4(p, p->at);
    if (u < 0) return bad(p, start, "\\u needs four hex digits");
    p->at += 4;
    if (u >= 0xDC00 && u <= 0xDFFF) return bad(p, start, "low surrogate without a high one before it");
    if (u >= 0xD800 && u <= 0xDBFF) {
        long low = -1;
        if (p->size - p->at >= 6 && p->s[p->at] == '\\' && p->s[p->at + 1] == 'u') low = hex4(p, p->at + 2);
        if (low < 0xDC00 || low > 0xDFFF) return bad(p, start, "high surrogate without a low one after it");
        p->at += 6;
        u = 0x10000 + (u - 0xD800) * 0x400 + (low - 0xDC00);
    }
    *n = put_utf8(out, (unsigned long)u);
    return OK;
}

/* A string at the cursor (on its opening quote). */
static enum status parse_string(struct parser *p, const char **string, size_t *length)
{
    size_t open = p->at++, close = p->at;
    while (close < p->size && p->s[close] != '"') close += p->s[close] == '\\' ? 2 : 1;
    if (close >= p->size) return bad(p, open, "string has no end");
    char *out = take(p, close - p->at + 1);     /* an escape is never shorter than what it stands for */
    if (!out) return no_memory(p);
    size_t n = 0;
    while (p->at < close) {
        unsigned char c = (unsigned char)p->s[p->at];
        size_t step = 0;
        if (c == '\\') {
            enum status status = parse_escape(p, out + n, &step);
            if (status) return status;
            n += step;
            continue;
        }
        if (c < 0x20) return bad(p, p->at, "control character in a string");
        step = utf8_step(p->s + p->at, close - p->at);
        if (!step) return bad(p, p->at, "not UTF-8");
        memcpy(out + n, p->s + p->at, step);
        n += step;
        p->at += step;
    }
    out[n] = 0;
    p->at = close + 1;
    *string = out;
    *length = n;
    return OK;
}

static size_t skip_digits(struct parser *p)
{
    size_t start = p->at;
    while (peek(p) >= '0' && peek(p) <= '9') p->at++;
    return p->at - start;
}

static enum status parse_number(struct parser *p, struct json *v)
{
    size_t start = p->at;
    if (peek(p) == '-') p->at++;
    if (peek(p) == '0') {
        p->at++;
        if (peek(p) >= '0' && peek(p) <= '9') return bad(p, start, "number with a leading zero");
    } else if (!skip_digits(p)) {
        return unexpected(p, "a digit");
    }
    if (peek(p) == '.') {
        p->at++;
        if (!skip_digits(p)) return unexpected(p, "a digit after the point");
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        p->at++;
        if (peek(p) == '+' || peek(p) == '-') p->at++;
        if (!skip_digits(p)) return unexpected(p, "a digit in the exponent");
    }
    char *digits = take(p, p->at - start + 1);
    if (!digits) return no_memory(p);
    memcpy(digits, p->s + start, p->at - start);
    digits[p->at - start] = 0;
    v->type = JSON_NUMBER;
    v->digits = digits;
    v->number = strtod(digits, NULL);
    if (isinf(v->number)) return bad(p, start, "number too large for a double");
    return OK;
}

static enum status parse_word(struct parser *p, struct json *v)
{
    static const struct { const char *word; enum json_type type; } words[] = {
        { "null", JSON_NULL }, { "false", JSON_FALSE }, { "true", JSON_TRUE },
    };
    for (size_t i = 0; i < LEN(words); i++) {
        size_t n = strlen(words[i].word);
        if (p->size - p->at >= n && !memcmp(p->s + p->at, words[i].word, n)) {
            p->at += n;
            v->type = words[i].type;
            return OK;
        }
    }
    return unexpected(p, "a value");
}

static int order_keys(const void *left, const void *right)
{
    const struct json *a = left, *b = right;
    if (a->key_length != b->key_length) return a->key_length < b->key_length ? -1 : 1;
    int order = memcmp(a->key, b->key, a->key_length);
    if (order) return order;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static enum status refuse_duplicates(struct parser *p, const struct json *object)
{
    const void *few[16], **all = few;
    const struct json *again = NULL;
    size_t n = 0;
    if (object->count > LEN(few)) all = malloc(object->count * sizeof *all);
    if (!all) return no_memory(p);
    for (const struct json *m = object->first; m; m = m->next) all[n++] = m;
    sort_pointers(all, n, order_keys);
    for (size_t i = 1; i < n && !again; i++) {
        const struct json *a = all[i - 1], *b = all[i];
        if (a->key_length == b->key_length && !memcmp(a->key, b->key, a->key_length)) again = b;
    }
    if (all != few) free(all);
    if (!again) return OK;
    char shown[SHOWN];
    return fail(p->e, E_DATA, "%s: byte %zu: duplicate key \"%s\" (its second value is here)", path_tail(p->name),
                again->offset, show(shown, again->key, again->key_length));
}

static enum status parse_value(struct parser *p, int depth, struct json **out, const char *wanted);

/* Members or items, the cursor behind the opening bracket. */
static enum status parse_children(struct parser *p, int depth, struct json *v, int close)
{
    struct json **last = &v->first;
    enum status status;
    skip_space(p);
    if (peek(p) == close) { p->at++; return OK; }
    for (;;) {
        const char *key = NULL;
        size_t key_length = 0;
        skip_space(p);
        if (close == '}') {
            if (peek(p) != '"') return unexpected(p, "a key in quotes");
            if ((status = parse_string(p, &key, &key_length))) return status;
            skip_space(p);
            if (peek(p) != ':') return unexpected(p, "':'");
            p->at++;
        }
        if ((status = parse_value(p, depth, last, "a value"))) return status;
        (*last)->key = key;
        (*last)->key_length = key_length;
        last = &(*last)->next;
        v->count++;
        skip_space(p);
        int c = peek(p);
        if (c != ',' && c != close) return unexpected(p, close == '}' ? "',' or '}'" : "',' or ']'");
        p->at++;
        if (c == close) return close == '}' ? refuse_duplicates(p, v) : OK;
    }
}

static enum status parse_value(struct parser *p, int depth, struct json **out, const char *wanted)
{
    skip_space(p);
    int c = peek(p);
    if (c < 0) return unexpected(p, wanted);
    struct json *v = take(p, sizeof *v);
    if (!v) return no_memory(p);
    memset(v, 0, sizeof *v);
    v->offset = p->base + p->at;
    *out = v;
    if (c == '{' || c == '[') {
        if (depth == JSON_MAX_DEPTH) return bad(p, p->at, "nested too deep");
        p->at++;
        v->type = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        return parse_children(p, depth + 1, v, c == '{' ? '}' : ']');
    }
    if (c == '"') {
        v->type = JSON_STRING;
        return parse_string(p, &v->string, &v->length);
    }
    if (c == '-' || (c >= '0' && c <= '9')) return parse_number(p, v);
    return parse_word(p, v);
}

enum status json_parse(struct json_document *d, const char *name, const char *text, size_t size,
                       size_t base_offset, struct err *e)
{
    struct parser p = { name, text, 0, size, base_offset, NULL, e };
    struct json *root = NULL;
    memset(d, 0, sizeof *d);
    enum status status = parse_value(&p, 0, &root, "a JSON value");
    skip_space(&p);
    if (!status && p.at < size) status = unexpected(&p, "nothing after the JSON value");
    if (status) { release(p.pool); return status; }
    d->root = root;
    d->name = name;
    d->owner = p.pool;
    return OK;
}

void json_free(struct json_document *d)
{
    release(d->owner);
    memset(d, 0, sizeof *d);
}

const struct json *json_get(const struct json *object, const char *key)
{
    size_t n = strlen(key);
    if (object->type != JSON_OBJECT) return NULL;
    for (const struct json *m = object->first; m; m = m->next)
        if (m->key_length == n && !memcmp(m->key, key, n)) return m;
    return NULL;
}

int json_size(const struct json *v, size_t max, size_t *out)
{
    size_t n = 0;
    if (v->type != JSON_NUMBER) return 0;
    for (const char *d = v->digits; *d; d++) {
        if (*d < '0' || *d > '9') return 0;
        size_t digit = (size_t)(*d - '0');
        if (digit > max || n > (max - digit) / 10) return 0;
        n = n * 10 + digit;
    }
    *out = n;
    return 1;
}
