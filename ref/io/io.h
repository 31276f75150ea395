/* io -- bytes <-> tensors and records.  Every reader is bounded, every error names the
 * file, the byte (or the field) and the rule; every writer writes to a temporary name
 * in the same folder and renames it, so an interrupted run loses nothing. */
#ifndef GOLDREEL_IO_H
#define GOLDREEL_IO_H

#include "../base/base.h"

/* ---- file.c ---- */

/* A whole regular file, read only; anything else is E_OPEN.  An empty file has size 0 and
 * data that must not be read. */
struct file {
    const unsigned char *data;
    size_t size;
    void *owner;        /* how to give it back: private to file.c; NULL for an empty file */
};

enum status file_map(struct file *f, const char *path, struct err *e);
void file_unmap(struct file *f);
/* Write n bytes as the whole content of path. */
enum status file_write(const char *path, const void *data, size_t n, struct err *e);

/* A file in the making: written beside path, renamed by commit, removed by discard (or by
 * a commit that fails).  path must not be a folder, device or pipe; a symbolic link is
 * replaced, not followed.  After a failed add, discard.  Discarding twice is harmless. */
struct file_writer { void *stream; char *path, *temporary; };
enum status file_writer_open(struct file_writer *w, const char *path, struct err *e);
enum status file_writer_add(struct file_writer *w, const void *data, size_t n, struct err *e);
enum status file_writer_commit(struct file_writer *w, struct err *e);   /* on failure: discards */
void file_writer_discard(struct file_writer *w);

/* folder/name, or name itself when it is absolute; malloc'ed, NULL without memory. */
char *path_join(const char *folder, const char *name);
/* The folder of a path ("." when it has none); malloc'ed. */
char *path_folder(const char *path);

/* ---- common.c: text from files that may mean harm ---- */

enum { SHOWN = 84 };

/* n bytes at s made fit for one line of a message: control characters and broken UTF-8
 * become \xNN, what is long is cut.  Returns out. */
char *show(char out[SHOWN], const char *s, size_t n);
/* Length of the valid UTF-8 sequence at s (n bytes left), 0 when there is none. */
size_t utf8_step(const char *s, size_t n);

/* ---- json.c ---- */

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One value of a parsed document.  RFC 8259: UTF-8 only, no comments, no trailing
 * commas, duplicate keys refused, nesting at most JSON_MAX_DEPTH. */
struct json {
    enum json_type type;
    size_t offset;              /* byte of the document where this value starts */
    const char *key;            /* member name when inside an object, else NULL; NUL-terminated */
    size_t key_length;          /* a key or a string may hold NUL bytes (\u0000) */
    const char *string;         /* JSON_STRING: decoded UTF-8, NUL-terminated */
    size_t length;              /* its bytes */
    double number;              /* JSON_NUMBER: nearest double */
    const char *digits;         /* JSON_NUMBER: as written, NUL-terminated */
    size_t count;               /* members or items */
    struct json *first, *next;  /* children in document order */
};

enum { JSON_MAX_DEPTH = 64 };

struct json_document { struct json *root; const char *name; void *owner; };

/* Parse `size` bytes; `name` is used in messages ("NAME: byte N: ...") and must outlive
 * the document.  The document keeps no pointer into `text`.  base_offset is added to
 * every reported byte (a header inside a larger file).  E_DATA or E_MEMORY; memory is at
 * most a constant (about 60) times size.  After a failure json_free is harmless. */
enum status json_parse(struct json_document *d, const char *name, const char *text, size_t size,
                       size_t base_offset, struct err *e);
void json_free(struct json_document *d);

const struct json *json_get(const struct json *object, const char *key);     /* NULL: not there */
/* A non-negative integer written without fraction or exponent, at most max. */
int json_size(const struct json *v, size_t max, size_t *out);

/* Writer: values are appended to a struct text; commas and quoting are its business.
 * key is NULL inside arrays and at the top. Numbers round-trip: the shortest of
 * %.15g %.16g %.17g that reads back the same; NaN and infinities become strings
 * "nan", "inf", "-inf", which JSON has no numbers for.  Bytes that are not UTF-8 become
 * U+FFFD; a string that is NULL becomes null.  indent: spaces per level, 0 for one line.
 * Nesting beyond JSON_MAX_DEPTH, as memory that runs out, sets out->failed. */
struct json_writer { struct text *out; int depth; int indent; unsigned char used[JSON_MAX_DEPTH]; };
void json_begin(struct json_writer *w, const char *key, char bracket);   /* '{' or '[' */
void json_end(struct json_writer *w, char bracket);                      /* '}' or ']' */
void json_string(struct json_writer *w, const char *key, const char *value);
void json_number(struct json_writer *w, const char *key, double value);
void json_integer(struct json_writer *w, const char *key, int64_t value);
void json_bool(struct json_writer *w, const char *key, int value);
void json_null(struct json_writer *w, const char *key);

/* ---- tensors.c: a set of named tensors, whatever file it comes from ---- */

struct pair { const char *key, *value; };

struct tensors {
    struct tensor *item;        /* in the order of the header, or of weight_map; names unique */
    size_t count;
    const struct pair *meta;    /* __metadata__, in file order; none for .npy and for an index */
    size_t meta_count;
    const char *path;           /* as given to tensors_open (a copy) */
    void *owner;                /* private: maps, documents, index */
};

/* By the end of the name: .safetensors, .safetensors.index.json (a sharded checkpoint,
 * shards beside the index), .npy (one tensor, named by the file without folder and
 * suffix).  Tensor data stays in the mapped file (on big-endian machines it is a
 * converted copy), so data is only as aligned as the file made it, and must not be written.
 * E_ARG: no such suffix; E_OPEN, E_DATA, E_UNSUPPORTED, E_MEMORY: see each reader.  After a
 * failure t is empty, and tensors_close harmless.  tensors_find is a binary search. */
enum status tensors_open(struct tensors *t, const char *path, struct err *e);
void tensors_close(struct tensors *t);
const struct tensor *tensors_find(const struct tensors *t, const char *name);   /* NULL: not there */
const char *tensors_meta(const struct tensors *t, const char *key);             /* NULL: not there */

/* The same readers on bytes in memory (fuzzing, tests); `bytes` must outlive t. */
enum status safetensors_parse(struct tensors *t, const char *name, const void *bytes, size_t size, struct err *e);
enum status npy_parse(struct tensors *t, const char *name, const void *bytes, size_t size, struct err *e);

/* Writes tensors in the given order, data in that order too, aligned so that the
 * header ends on a multiple of 8 bytes and every tensor starts on a multiple of its
 * element size whenever larger types come first.  E_ARG before any file is made: names
 * that are not unique, empty, MAX_NAME bytes or more, "__metadata__" or not UTF-8 (likewise
 * metadata), rank above MAX_RANK, sizes that overflow. */
enum status safetensors_write(const char *path, const struct tensor *item, size_t count,
                              const struct pair *meta, size_t meta_count, struct err *e);
/* .npy version 1.0, which any shape of MAX_RANK fits; BF16 has no npy type: E_UNSUPPORTED. */
enum status npy_write(const char *path, const struct tensor *t, struct err *e);

#endif
