/* safetensors -- named tensors, read in place.
 *
 *   8 bytes   N, length of the header, little-endian
 *   N bytes   JSON object, starts with '{', may end in spaces:
 *             { "__metadata__": {string: string, ...},
 *               NAME: { "dtype": "F32", "shape": [2,3], "data_offsets": [begin,end] }, ... }
 *   the rest  data: little-endian, row-major; offsets count from its first byte
 *
 * The tensors, sorted by offset, tile the data exactly: no overlap, no hole, nothing
 * behind the last.  N is at most 100,000,000.  Empty tensors are legal; the bytes of a
 * BOOL are not checked, any but 0 counts as true.
 *
 * Stricter than the official reader, because what it lets pass is ambiguous or lost: a
 * name that appears twice, members of an entry beside the three, "__metadata__": null.
 * Well formed but not read here (E_UNSUPPORTED): rank above MAX_RANK, names that are
 * empty, have MAX_NAME bytes or more or hold a NUL, number types goldreel has no use for.
 *
 * Source: huggingface/safetensors, README "Format" and safetensors/src/tensor.rs. */
#include "private.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, MAX_HEADER = 100000000 };

/* The types of the official format that are not ours. */
static const char *const foreign[] = {
    "F4", "F6_E2M3", "F6_E3M2", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
    "I16", "U16", "U32", "U64", "C64",
};

struct reader {
    struct tensors *t;
    struct tensors_owner *owner;
    const char *name;           /* for messages */
    const unsigned char *data;  /* the data section */
    size_t start, size;         /* where it starts in the file, its bytes */
    struct err *e;
};

/* Length of the header in *n, checked against everything that is known of it. */
static enum status header_length(const char *name, const unsigned char *s, size_t size, size_t *n, struct err *e)
{
    uint64_t length = 0;
    if (size < LENGTH_BYTES)
        return fail(e, E_DATA, "%s: byte 0: a file of %zu bytes is shorter than the header length (8 bytes)", name, size);
    for (int i = LENGTH_BYTES - 1; i >= 0; i--) length = length << 8 | s[i];
    if (length > MAX_HEADER)
        return fail(e, E_DATA, "%s: byte 0: header length %llu is larger than %d", name, (unsigned long long)length,
                    (int)MAX_HEADER);
    if (length > size - LENGTH_BYTES)
        return fail(e, E_DATA, "%s: byte 0: header length %llu reaches behind the file (%zu bytes)", name,
                    (unsigned long long)length, size);
    if (length == 0 || s[LENGTH_BYTES] != '{')
        return fail(e, E_DATA, "%s: byte 8: header does not start with '{'", name);
    *n = (size_t)length;
    return OK;
}

static enum status read_metadata(struct reader *r, const struct json *m)
{
    if (m->type != JSON_OBJECT)
        return fail(r->e, E_DATA, "%s: byte %zu: __metadata__ is not an object", r->name, m->offset);
    r->owner->meta = malloc((m->count + 1) * sizeof *r->owner->meta);
    if (!r->owner->meta) return fail(r->e, E_MEMORY, "%s: no memory for its metadata", r->name);
    for (const struct json *v = m->first; v; v = v->next) {
        char key[SHOWN];
        show(key, v->key, v->key_length);
        if (v->type != JSON_STRING)
            return fail(r->e, E_DATA, "%s: byte %zu: __metadata__ \"%s\" is not a string", r->name, v->offset, key);
        if (strlen(v->key) != v->key_length || strlen(v->string) != v->length)
            return fail(r->e, E_UNSUPPORTED, "%s: byte %zu: __metadata__ \"%s\" holds a NUL", r->name, v->offset, key);
        r->owner->meta[r->t->meta_count].key = v->key;
        r->owner->meta[r->t->meta_count++].value = v->string;
    }
    r->t->meta = r->owner->meta;
    return OK;
}

static enum status read_dtype(const struct reader *r, const struct json *v, const char *name, enum dtype *d)
{
    char found[SHOWN];
    if (v->type != JSON_STRING)
        return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\": dtype is not a string", r->name, v->offset, name);
    show(found, v->string, v->length);
    if (strlen(v->string) == v->length) {
        if (dtype_find(v->string, d)) return OK;
        for (size_t i = 0; i < LEN(foreign); i++)
            if (!strcmp(v->string, foreign[i]))
                return fail(r->e, E_UNSUPPORTED, "%s: byte %zu: tensor \"%s\": dtype %s is not supported", r->name,
                            v->offset, name, found);
    }
    return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\": unknown dtype \"%s\"", r->name, v->offset, name, found);
}

static enum status read_shape(const struct reader *r, const struct json *v, const char *name, struct tensor *t)
{
    if (v->type != JSON_ARRAY)
        return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\": shape is not an array", r->name, v->offset, name);
    if (v->count > MAX_RANK)
        return fail(r->e, E_UNSUPPORTED, "%s: byte %zu: tensor \"%s\": rank %zu, at most %d is supported", r->name,
                    v->offset, name, v->count, MAX_RANK);
    for (const struct json *d = v->first; d; d = d->next)
        if (!json_size(d, SIZE_MAX, &t->shape[t->rank++]))
            return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\": shape holds something else than a non-negative integer",
                        r->name, d->offset, name);
    return OK;
}

/* data_offsets against the shape and the data section; sets t->data. */
static enum status read_offsets(const struct reader *r, const struct json *v, const char *name, struct tensor *t)
{
    size_t bytes, begin, end;
    char shape[200];
    shape_text(shape, sizeof shape, t->shape, t->rank);
    if (v->type != JSON_ARRAY || v->count != 2 || !json_size(v->first, SIZE_MAX, &begin) ||
        !json_size(v->first->next, SIZE_MAX, &end))
        return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\": data_offsets is not an array of two non-negative integers",
                    r->name, v->offset, name);
    if (begin > end)
        return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\": data_offsets [%zu,%zu] end before they begin", r->name,
                    v->offset, name, begin, end);
    if (end > r->size)
        return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\": data_offsets [%zu,%zu] reach behind the data (%zu bytes)",
                    r->name, v->offset, name, begin, end, r->size);
    if (!shape_bytes(t->shape, t->rank, dtype_size(t->dtype), &bytes))
        return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\": size of %s %s overflows", r->name, v->offset, name,
                    dtype_name(t->dtype), shape);
    if (end - begin != bytes)
        return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\": %s %s needs %zu bytes, data_offsets [%zu,%zu] have %zu",
                    r->name, v->offset, name, dtype_name(t->dtype), shape, bytes, begin, end, end - begin);
    t->data = (void *)(r->data + begin);    /* read-only memory: nobody writes to a tensor of a file */
    return OK;
}

static enum status read_tensor(struct reader *r, const struct json *m)
{
    static const char *const keys[] = { "dtype", "shape", "data_offsets" };
    const struct json *part[LEN(keys)];
    struct tensor *t = &r->t->item[r->t->count];
    char name[SHOWN];
    enum status status;
    show(name, m->key, m->key_length);
    if (m->key_length == 0 || m->key_length >= MAX_NAME || strlen(m->key) != m->key_length)
        return fail(r->e, E_UNSUPPORTED, "%s: byte %zu: tensor name \"%s\" has %zu bytes, supported are 1 to %d without NUL",
                    r->name, m->offset, name, m->key_length, MAX_NAME - 1);
    if (m->type != JSON_OBJECT)
        return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\" is not an object", r->name, m->offset, name);
    for (size_t i = 0; i < LEN(keys); i++)
        if (!(part[i] = json_get(m, keys[i])))
            return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\" has no %s", r->name, m->offset, name, keys[i]);
    for (const struct json *k = m->first; k; k = k->next) {
        char key[SHOWN];
        if (k != part[0] && k != part[1] && k != part[2])
            return fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\" has an unknown member \"%s\"", r->name, k->offset, name,
                        show(key, k->key, k->key_length));
    }
    t->name = m->key;
    if ((status = read_dtype(r, part[0], name, &t->dtype))) return status;
    if ((status = read_shape(r, part[1], name, t))) return status;
    if ((status = read_offsets(r, part[2], name, t))) return status;
    r->t->count++;
    return OK;
}

/* By first byte, then by length: an empty tensor comes before the one it touches. */
static int order_data(const void *left, const void *right)
{
    const struct tensor *a = left, *b = right;
    if (a->data != b->data) return (const char *)a->data < (const char *)b->data ? -1 : 1;
    size_t m = tensor_bytes(a), n = tensor_bytes(b);
    return m < n ? -1 : m > n;
}

static enum status check_tiling(const struct reader *r)
{
    const void **sorted = malloc((r->t->count + 1) * sizeof *sorted);
    enum status status = OK;
    size_t end = 0;
    char name[SHOWN], before[SHOWN];
    if (!sorted) return fail(r->e, E_MEMORY, "%s: no memory for %zu tensors", r->name, r->t->count);
    for (size_t i = 0; i < r->t->count; i++) sorted[i] = &r->t->item[i];
    sort_pointers(sorted, r->t->count, order_data);
    for (size_t i = 0; i < r->t->count && !status; i++) {
        const struct tensor *t = sorted[i], *last = i ? sorted[i - 1] : t;
        size_t begin = (size_t)((const unsigned char *)t->data - r->data);
        show(name, t->name, strlen(t->name));
        show(before, last->name, strlen(last->name));
        if (begin < end)
            status = fail(r->e, E_DATA, "%s: byte %zu: tensor \"%s\" at offset %zu overlaps tensor \"%s\", which ends at %zu",
                          r->name, r->start + begin, name, begin, before, end);
        else if (begin > end)
            status = fail(r->e, E_DATA, "%s: byte %zu: hole of %zu bytes before tensor \"%s\" at offset %zu", r->name,
                          r->start + end, begin - end, name, begin);
        end = begin + tensor_bytes(t);
    }
    if (!status && end != r->size)
        status = fail(r->e, E_DATA, "%s: byte %zu: %zu bytes behind the last tensor", r->name, r->start + end, r->size - end);
    free(sorted);
    return status;
}

/* On a big-endian machine the data cannot be used where it lies. */
static enum status to_host_order(struct reader *r)
{
    if (!host_is_big_endian() || r->size == 0) return OK;
    unsigned char *copy = r->owner->copy = malloc(r->size);
    if (!copy) return fail(r->e, E_MEMORY, "%s: no memory for %zu bytes of data", r->name, r->size);
    for (size_t i = 0; i < r->t->count; i++) {
        struct tensor *t = &r->t->item[i];
        unsigned char *to = copy + ((const unsigned char *)t->data - r->data);
        copy_swapped(to, t->data, dtype_size(t->dtype), tensor_elements(t));
        t->data = to;
    }
    return OK;
}

enum status safetensors_parse(struct tensors *t, const char *name, const void *bytes, size_t size, struct err *e)
{
    const unsigned char *s = bytes;
    size_t n = 0;
    memset(t, 0, sizeof *t);
    enum status status = header_length(path_tail(name), s, size, &n, e);
    if (status) return status;
    if ((status = tensors_begin(t, name, e))) return status;
    struct tensors_owner *o = t->owner;
    struct reader r = { t, o, path_tail(o->path), s + LENGTH_BYTES + n, LENGTH_BYTES + n, size - LENGTH_BYTES - n, e };
    if ((status = json_parse(&o->doc, o->path, (const char *)s + LENGTH_BYTES, n, LENGTH_BYTES, e))) goto out;
    const struct json *root = o->doc.root;
    t->item = calloc(root->count + 1, sizeof *t->item);
    if (!t->item) { status = fail(e, E_MEMORY, "%s: no memory for %zu tensors", r.name, root->count); goto out; }
    for (const struct json *m = root->first; m && !status; m = m->next)
        status = m->key_length == 12 && !strcmp(m->key, "__metadata__") ? read_metadata(&r, m) : read_tensor(&r, m);
    if (!status) status = check_tiling(&r);
    if (!status) status = to_host_order(&r);
    if (!status) status = tensors_finish(t, e);
out:
    if (status) tensors_close(t);
    return status;
}
