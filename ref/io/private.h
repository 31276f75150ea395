/* private -- what the readers and writers of io/ share, and nobody else needs. */
#ifndef GOLDREEL_IO_PRIVATE_H
#define GOLDREEL_IO_PRIVATE_H

#include "io.h"

/* ---- common.c ---- */

/* The last part of a path, so that a very long one leaves room for the rule in err.text. */
const char *path_tail(const char *path);

int utf8_valid(const char *s, size_t n);

/* Sorts n pointers; n log n whatever the input (libc's qsort promises no bound). */
void sort_pointers(const void **a, size_t n, int (*order)(const void *, const void *));

/* Bytes of an array, multiplied from the left; 0 when that overflows on the way. */
int shape_bytes(const size_t *shape, int rank, size_t each, size_t *bytes);

int host_is_big_endian(void);
/* n elements of `each` bytes, each reversed; dst and src must not overlap. */
void copy_swapped(void *dst, const void *src, size_t each, size_t n);
/* file_writer_add for numbers of this host: little-endian in the file. */
enum status write_little_endian(struct file_writer *w, const void *data, size_t each, size_t n, struct err *e);

/* ---- tensors.c ---- */

struct tensors_owner {
    char *path;                     /* copy: the caller's may go away */
    struct file file;               /* the mapped file, or nothing for bytes in memory */
    struct json_document doc;       /* names and metadata point into it */
    char *name;                     /* .npy: the one name */
    struct pair *meta;
    const void **sorted;            /* tensors by name */
    unsigned char *copy;            /* data that could not be used as it lies in the file */
    struct tensors *shard;
    size_t shards;
};

/* An empty t with room for no tensor yet; on any later failure tensors_close(t). */
enum status tensors_begin(struct tensors *t, const char *path, struct err *e);
/* Makes tensors_find work; call when item and count are final. */
enum status tensors_finish(struct tensors *t, struct err *e);

#endif
