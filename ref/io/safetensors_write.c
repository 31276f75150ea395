/* safetensors_write -- named tensors into one file.
 *
 * The header lists __metadata__ first (when there is any) and the tensors in the given
 * order, which is also the order of their data, without gaps; it is padded with spaces so
 * that the data starts on a multiple of 8 bytes.  Little-endian on every machine.  What
 * no reader could take back is refused as E_ARG before a file is made.
 * Source: huggingface/safetensors, README "Format"; the padding is the official writer's. */
#include "private.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 100000000 };

/* Sizes up to SIZE_MAX / 2 fit the writer's int64_t, and no object is larger. */
static enum status check_tensor(const char *path, const struct tensor *t, size_t *bytes, struct err *e)
{
    char name[SHOWN];
    size_t n = t->name ? strlen(t->name) : 0;
    show(name, t->name, n);
    if (n == 0 || n >= MAX_NAME || !utf8_valid(t->name, n) || !strcmp(t->name, "__metadata__"))
        return fail(e, E_ARG, "%s: \"%s\" cannot be the name of a tensor", path, name);
    if (t->rank < 0 || t->rank > MAX_RANK)
        return fail(e, E_ARG, "%s: tensor \"%s\": rank %d, at most %d is supported", path, name, t->rank, MAX_RANK);
    for (int i = 0; i < t->rank; i++)
        if (t->shape[i] > SIZE_MAX / 2) return fail(e, E_ARG, "%s: tensor \"%s\": shape overflows", path, name);
    if (!shape_bytes(t->shape, t->rank, dtype_size(t->dtype), bytes))
        return fail(e, E_ARG, "%s: tensor \"%s\": shape overflows", path, name);
    if (*bytes && !t->data) return fail(e, E_ARG, "%s: tensor \"%s\" has no data", path, name);
    return OK;
}

static int order_strings(const void *left, const void *right)
{
    return strcmp(left, right);
}

/* `what` in the message; names are the n pointers, reordered. */
static enum status check_unique(const char *path, const char *what, const void **names, size_t n, struct err *e)
{
    char name[SHOWN];
    sort_pointers(names, n, order_strings);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(names[i - 1], names[i]))
            return fail(e, E_ARG, "%s: two %s \"%s\"", path, what, show(name, names[i], strlen(names[i])));
    return OK;
}

static enum status check_all(const char *path, const struct tensor *item, size_t count, const struct pair *meta,
                             size_t meta_count, struct err *e)
{
    size_t total = 0, bytes = 0, n = count > meta_count ? count : meta_count;
    enum status status = OK;
    const void **names = n < SIZE_MAX / sizeof *names ? malloc((n + 1) * sizeof *names) : NULL;
    if (!names) return fail(e, E_MEMORY, "%s: no memory to write %zu tensors", path, count);
    for (size_t i = 0; i < count && !status; i++) {
        status = check_tensor(path, &item[i], &bytes, e);
        if (!status && bytes > SIZE_MAX / 2 - total) status = fail(e, E_ARG, "%s: the sum of the sizes overflows", path);
        total += bytes;
        names[i] = item[i].name;
    }
    if (!status) status = check_unique(path, "tensors named", names, count, e);
    for (size_t i = 0; i < meta_count && !status; i++) {
        const char *key = meta[i].key, *value = meta[i].value;
        if (!key || !value || !utf8_valid(key, strlen(key)) || !utf8_valid(value, strlen(value)))
            status = fail(e, E_ARG, "%s: metadata %zu is not UTF-8 text", path, i);
        names[i] = key;
    }
    if (!status) status = check_unique(path, "metadata keys", names, meta_count, e);
    free(names);
    return status;
}

static void add_header(struct text *out, const struct tensor *item, size_t count, const struct pair *meta, size_t meta_count)
{
    struct json_writer w = { out, 0, 0, { 0 } };
    int64_t at = 0;
    json_begin(&w, NULL, '{');
    if (meta_count) {
        json_begin(&w, "__metadata__", '{');
        for (size_t i = 0; i < meta_count; i++) json_string(&w, meta[i].key, meta[i].value);
        json_end(&w, '}');
    }
    for (size_t i = 0; i < count; i++) {
        const struct tensor *t = &item[i];
        json_begin(&w, t->name, '{');
        json_string(&w, "dtype", dtype_name(t->dtype));
        json_begin(&w, "shape", '[');
        for (int k = 0; k < t->rank; k++) json_integer(&w, NULL, (int64_t)t->shape[k]);
        json_end(&w, ']');
        json_begin(&w, "data_offsets", '[');
        json_integer(&w, NULL, at);
        at += (int64_t)tensor_bytes(t);
        json_integer(&w, NULL, at);
        json_end(&w, ']');
        json_end(&w, '}');
    }
    json_end(&w, '}');
    while (out->len % 8 && !out->failed) text_add_bytes(out, " ", 1);
}

enum status safetensors_write(const char *path, const struct tensor *item, size_t count,
                              const struct pair *meta, size_t meta_count, struct err *e)
{
    struct text header = { NULL, 0, 0, 0 };
    struct file_writer w;
    unsigned char length[8];
    const char *name = path_tail(path);
    enum status status = check_all(name, item, count, meta, meta_count, e);
    if (status) return status;
    add_header(&header, item, count, meta, meta_count);
    if (header.failed) status = fail(e, E_MEMORY, "%s: no memory for the header", name);
    else if (header.len > MAX_HEADER)
        status = fail(e, E_ARG, "%s: header of %zu bytes, at most %d are allowed", name, header.len, (int)MAX_HEADER);
    if (status || (status = file_writer_open(&w, path, e))) { text_free(&header); return status; }
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header.len >> 8 * i);
    status = file_writer_add(&w, length, sizeof length, e);
    if (!status) status = file_writer_add(&w, header.s, header.len, e);
    for (size_t i = 0; i < count && !status; i++)
        status = write_little_endian(&w, item[i].data, dtype_size(item[i].dtype), tensor_elements(&item[i]), e);
    text_free(&header);
    if (status) { file_writer_discard(&w); return status; }
    return file_writer_commit(&w, e);
}
