/* npy -- one NumPy array per file, read and written.
 *
 *   6 bytes   0x93 "NUMPY"
 *   2 bytes   version: 1.0, 2.0 or 3.0
 *   2 or 4    N, length of the header, little-endian (2 bytes in version 1.0)
 *   N bytes   Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), },
 *             padded with spaces, ends with a newline
 *   the rest  the elements, nothing behind them
 *
 * The three keys stand in any order, each once, and no other.  Read are f8 f4 f2 i8 i4 u1
 * b1, little- ('<'), big- ('>') or native-endian ('=', or '|' for one byte); the element
 * types of NumPy that goldreel has no use for are E_UNSUPPORTED, as is rank > MAX_RANK.
 * Elements of another byte order, or in Fortran order, are copied; else they are used
 * where they lie.  The dictionary is read by the grammar of Python literals, but without
 * what no writer emits: escapes in strings, '_' in numbers, comments.
 * Written is version 1.0, little-endian, C order: a header of MAX_RANK dimensions cannot
 * outgrow it.  Source: numpy.lib.format, documentation of the module; NEP 1. */
#include "private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, ALIGN = 64 };

static const struct { const char *descr; enum dtype dtype; } types[] = {
    { "f8", F64 }, { "f4", F32 }, { "f2", F16 }, { "i8", I64 }, { "i4", I32 }, { "u1", U8 }, { "b1", BOOL },
};

struct header {
    const char *name, *s;       /* whole file */
    size_t at, end;             /* cursor, end of the header */
    struct err *e;
    int fortran, swapped;
    struct tensor *t;
};

static enum status bad(const struct header *h, size_t at, const char *rule)
{
    return fail(h->e, E_DATA, "%s: byte %zu: %s", h->name, at, rule);
}

static int peek(struct header *h)
{
    while (h->at < h->end && (h->s[h->at] == ' ' || h->s[h->at] == '\t' || h->s[h->at] == '\n' || h->s[h->at] == '\r'))
        h->at++;
    return h->at < h->end ? (unsigned char)h->s[h->at] : -1;
}

/* Takes the next character when it is c. */
static int accept(struct header *h, int c)
{
    if (peek(h) != c) return 0;
    h->at++;
    return 1;
}

static enum status read_string(struct header *h, const char **s, size_t *n)
{
    int quote = peek(h);
    if (quote != '\'' && quote != '"') return bad(h, h->at, "expected a string in the header");
    size_t start = ++h->at;
    while (h->at < h->end && h->s[h->at] != quote && h->s[h->at] != '\\' && h->s[h->at] != '\n') h->at++;
    if (h->at == h->end || h->s[h->at] != quote) return bad(h, start - 1, "string of the header has no end");
    *s = h->s + start;
    *n = h->at++ - start;
    return OK;
}

static int take_word(struct header *h, const char *word)
{
    size_t n = strlen(word);
    peek(h);
    if (h->end - h->at < n || memcmp(h->s + h->at, word, n)) return 0;
    h->at += n;
    return 1;
}

static enum status read_descr(struct header *h)
{
    const char *s;
    size_t n;
    char found[SHOWN];
    if (peek(h) == '[' || peek(h) == '(')
        return fail(h->e, E_UNSUPPORTED, "%s: byte %zu: descr is a structured type, which is not supported", h->name, h->at);
    size_t start = h->at;
    enum status status = read_string(h, &s, &n);
    if (status) return status;
    for (size_t i = 0; n == 3 && i < LEN(types); i++) {
        if (memcmp(s + 1, types[i].descr, 2)) continue;
        size_t each = dtype_size(types[i].dtype);
        if (!strchr(each == 1 ? "<>=|" : "<>=", s[0])) break;
        h->t->dtype = types[i].dtype;
        h->swapped = each > 1 && s[0] != '=' && (s[0] == '>') != host_is_big_endian();
        return OK;
    }
    return fail(h->e, E_UNSUPPORTED, "%s: byte %zu: descr '%s' is not supported", h->name, start, show(found, s, n));
}

static enum status read_fortran_order(struct header *h)
{
    if (take_word(h, "True")) h->fortran = 1;
    else if (!take_word(h, "False")) return bad(h, h->at, "fortran_order is neither True nor False");
    return OK;
}

static enum status read_dimension(struct header *h, size_t *dimension)
{
    size_t n = 0, start;
    if (peek(h) < 0 || !isdigit(peek(h))) return bad(h, h->at, "shape holds something else than a non-negative integer");
    start = h->at;
    for (; h->at < h->end && isdigit((unsigned char)h->s[h->at]); h->at++) {
        size_t digit = (size_t)(h->s[h->at] - '0');
        if (h->at > start && n == 0) return bad(h, start, "dimension with a leading zero");
        if (n > (SIZE_MAX - digit) / 10) return bad(h, start, "dimension overflows");
        n = n * 10 + digit;
    }
    *dimension = n;
    return OK;
}

static enum status read_shape(struct header *h)
{
    size_t start, rank = 0, dimension = 0;
    int comma = 0;
    if (!accept(h, '(')) return bad(h, h->at, "shape is not a tuple");
    start = h->at - 1;
    while (!accept(h, ')')) {
        if (rank && !comma) return bad(h, h->at, "shape: expected ',' or ')'");
        enum status status = read_dimension(h, &dimension);
        if (status) return status;
        if (rank < MAX_RANK) h->t->shape[rank] = dimension;
        rank++;
        comma = accept(h, ',');
    }
    if (rank == 1 && !comma) return bad(h, start, "shape is not a tuple: one dimension needs a comma behind it");
    if (rank > MAX_RANK)
        return fail(h->e, E_UNSUPPORTED, "%s: byte %zu: rank %zu, at most %d is supported", h->name, start, rank, MAX_RANK);
    h->t->rank = (int)rank;
    return OK;
}

static enum status read_dictionary(struct header *h)
{
    static const struct { const char *key; enum status (*read)(struct header *); } keys[] = {
        { "descr", read_descr }, { "fortran_order", read_fortran_order }, { "shape", read_shape },
    };
    int seen[LEN(keys)] = { 0 }, first = 1, comma = 0;
    char found[SHOWN];
    if (!accept(h, '{')) return bad(h, h->at, "header is not a dictionary");
    for (; !accept(h, '}'); first = 0) {
        const char *key;
        size_t n, k = 0;
        if (!first && !comma) return bad(h, h->at, "expected ',' or '}' in the header");
        enum status status = read_string(h, &key, &n);
        if (status) return status;
        size_t start = (size_t)(key - h->s) - 1;
        while (k < LEN(keys) && !(strlen(keys[k].key) == n && !memcmp(keys[k].key, key, n))) k++;
        if (k == LEN(keys))
            return fail(h->e, E_DATA, "%s: byte %zu: unknown key '%s'", h->name, start, show(found, key, n));
        if (seen[k]++) return fail(h->e, E_DATA, "%s: byte %zu: key '%s' appears twice", h->name, start, keys[k].key);
        if (!accept(h, ':')) return bad(h, h->at, "expected ':' in the header");
        if ((status = keys[k].read(h))) return status;
        comma = accept(h, ',');
    }
    for (size_t k = 0; k < LEN(keys); k++)
        if (!seen[k]) return fail(h->e, E_DATA, "%s: byte %zu: header has no key '%s'", h->name, h->at, keys[k].key);
    if (peek(h) >= 0) return bad(h, h->at, "header goes on behind its dictionary");
    return OK;
}

/* Cursor and end of the header, from the fixed bytes before it. */
static enum status read_prefix(struct header *h, size_t size)
{
    const unsigned char *s = (const unsigned char *)h->s;
    if (size < MAGIC || memcmp(s, magic, MAGIC)) return bad(h, 0, "does not start with \\x93NUMPY");
    if (size < MAGIC + 2) return bad(h, MAGIC, "file ends inside the version");
    if (s[6] < 1 || s[6] > 3 || s[7] != 0)
        return fail(h->e, E_UNSUPPORTED, "%s: byte %d: version %d.%d, supported are 1.0, 2.0 and 3.0", h->name, MAGIC, s[6], s[7]);
    size_t width = s[6] == 1 ? 2 : 4, n = 0;
    h->at = MAGIC + 2 + width;
    if (size < h->at) return bad(h, MAGIC + 2, "file ends inside the header length");
    for (size_t i = width; i-- > 0; ) n = n << 8 | s[MAGIC + 2 + i];
    if (n > size - h->at)
        return fail(h->e, E_DATA, "%s: byte %d: header length %zu reaches behind the file (%zu bytes)", h->name, MAGIC + 2,
                    n, size);
    h->end = h->at + n;
    if (n == 0 || h->s[h->end - 1] != '\n') return bad(h, h->end, "header does not end with a newline");
    if (s[6] == 3 && !utf8_valid(h->s + h->at, n)) return bad(h, h->at, "header is not UTF-8");
    return OK;
}

/* C order from Fortran order: walk the output, the last index running fastest. */
static void transpose(unsigned char *to, const unsigned char *from, const struct tensor *t)
{
    size_t index[MAX_RANK] = { 0 }, stride[MAX_RANK], each = dtype_size(t->dtype), at = 0, n = tensor_elements(t);
    for (int i = 0; i < t->rank; i++) stride[i] = i ? stride[i - 1] * t->shape[i - 1] : each;
    for (size_t k = 0; k < n; k++) {
        memcpy(to + k * each, from + at, each);
        for (int i = t->rank - 1; i >= 0; i--) {
            at += stride[i];
            if (++index[i] < t->shape[i]) break;
            at -= index[i] * stride[i];
            index[i] = 0;
        }
    }
}

/* Sets t->data: where it lies in the file, or a copy that is in our order. */
static enum status take_data(struct header *h, size_t size)
{
    struct tensor *t = h->t;
    size_t bytes, have = size - h->end;
    char shape[200];
    shape_text(shape, sizeof shape, t->shape, t->rank);
    if (!shape_bytes(t->shape, t->rank, dtype_size(t->dtype), &bytes))
        return fail(h->e, E_DATA, "%s: byte %zu: size of %s %s overflows", h->name, h->end, dtype_name(t->dtype), shape);
    if (have < bytes)
        return fail(h->e, E_DATA, "%s: byte %zu: %s %s needs %zu bytes, the file ends after %zu", h->name, h->end,
                    dtype_name(t->dtype), shape, bytes, have);
    if (have > bytes)
        return fail(h->e, E_DATA, "%s: byte %zu: %zu bytes behind the data", h->name, h->end + bytes, have - bytes);
    t->data = (void *)(h->s + h->end);      /* read-only memory: nobody writes to a tensor of a file */
    return OK;
}

static enum status convert_data(struct header *h, struct tensors_owner *o)
{
    struct tensor *t = h->t;
    size_t bytes = tensor_bytes(t);
    int turn = h->fortran && t->rank > 1;
    if ((!turn && !h->swapped) || bytes == 0) return OK;
    unsigned char *copy = malloc(bytes), *second = NULL;
    if (turn && h->swapped) second = malloc(bytes);
    if (!copy || (turn && h->swapped && !second)) {
        free(copy);
        free(second);
        return fail(h->e, E_MEMORY, "%s: no memory for %zu bytes of data", h->name, bytes);
    }
    if (turn) transpose(second ? second : copy, t->data, t);
    if (h->swapped) copy_swapped(copy, second ? second : t->data, dtype_size(t->dtype), tensor_elements(t));
    free(second);
    o->copy = copy;
    t->data = copy;
    return OK;
}

/* The one tensor is called as the file, without folder and suffix. */
static enum status name_tensor(struct header *h, struct tensors_owner *o)
{
    const char *slash = strrchr(o->path, '/'), *base = slash ? slash + 1 : o->path;
    size_t n = strlen(base);
    if (n > 4 && !strcmp(base + n - 4, ".npy")) n -= 4;
    if (n == 0 || n >= MAX_NAME)
        return fail(h->e, E_UNSUPPORTED, "%s: file name cannot be the name of a tensor (1 to %d bytes)", h->name, MAX_NAME - 1);
    if (!(o->name = malloc(n + 1))) return fail(h->e, E_MEMORY, "%s: no memory to read it", h->name);
    memcpy(o->name, base, n);
    o->name[n] = 0;
    h->t->name = o->name;
    return OK;
}

enum status npy_parse(struct tensors *t, const char *name, const void *bytes, size_t size, struct err *e)
{
    enum status status = tensors_begin(t, name, e);
    if (status) return status;
    struct tensors_owner *o = t->owner;
    struct header h = { path_tail(o->path), bytes, 0, 0, e, 0, 0, NULL };
    h.t = t->item = calloc(1, sizeof *t->item);
    if (!h.t) status = fail(e, E_MEMORY, "%s: no memory to read it", h.name);
    else t->count = 1;
    if (!status) status = name_tensor(&h, o);
    if (!status) status = read_prefix(&h, size);
    if (!status) status = read_dictionary(&h);
    if (!status) status = take_data(&h, size);
    if (!status) status = convert_data(&h, o);
    if (!status) status = tensors_finish(t, e);
    if (status) tensors_close(t);
    return status;
}

static const char *descr_of(enum dtype d)
{
    for (size_t i = 0; i < LEN(types); i++)
        if (types[i].dtype == d) return types[i].descr;
    return NULL;
}

enum status npy_write(const char *path, const struct tensor *t, struct err *e)
{
    const char *name = path_tail(path), *descr = descr_of(t->dtype);
    size_t each = dtype_size(t->dtype), bytes;
    struct text out = { NULL, 0, 0, 0 };
    struct file_writer w;
    if (!descr) return fail(e, E_UNSUPPORTED, "%s: .npy has no element type for %s", name, dtype_name(t->dtype));
    if (t->rank < 0 || t->rank > MAX_RANK || !shape_bytes(t->shape, t->rank, each, &bytes) || (bytes && !t->data))
        return fail(e, E_ARG, "%s: tensor has no data, or a shape that overflows", name);
    text_add_bytes(&out, magic, MAGIC);
    text_add_bytes(&out, "\1\0\0\0", 4);            /* version; the length is filled in below */
    text_add(&out, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", each == 1 ? '|' : '<', descr);
    for (int i = 0; i < t->rank; i++) text_add(&out, "%s%zu", i ? ", " : "", t->shape[i]);
    text_add(&out, "%s), }", t->rank == 1 ? "," : "");
    while ((out.len + 1) % ALIGN && !out.failed) text_add_bytes(&out, " ", 1);
    text_add_bytes(&out, "\n", 1);
    enum status status = out.failed ? fail(e, E_MEMORY, "%s: no memory for the header", name) : file_writer_open(&w, path, e);
    if (status) { text_free(&out); return status; }
    size_t n = out.len - (MAGIC + 4);               /* at most 250 */
    out.s[MAGIC + 2] = (char)(n & 255);
    out.s[MAGIC + 3] = (char)(n >> 8);
    status = file_writer_add(&w, out.s, out.len, e);
    if (!status) status = write_little_endian(&w, t->data, each, bytes / each, e);
    text_free(&out);
    if (status) { file_writer_discard(&w); return status; }
    return file_writer_commit(&w, e);
}
