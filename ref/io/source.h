/* source -- bytes that come one after the other, from a file, a pipe, a program or memory;
 * private to the readers of io/, their tests and their fuzzers.
 *
 * Nothing here trusts a size that a header claims: source_grow makes room as bytes arrive,
 * so that a lying header costs no more memory than twice what was really there. */
#ifndef GOLDREEL_IO_SOURCE_H
#define GOLDREEL_IO_SOURCE_H

#include "video.h"

struct source {
    const char *name;               /* for messages; must outlive the source */
    uint64_t offset;                /* of the next byte to be taken */
    /* Up to n bytes; *got = 0 at the end. */
    enum status (*fill)(struct source *s, unsigned char *to, size_t n, size_t *got, struct err *e);
    /* After the last byte: whether this was a good end (NULL: always). */
    enum status (*ended)(struct source *s, struct err *e);
    void (*close)(struct source *s);
    void *context;
    unsigned char *buffer;          /* bytes at..held-1 are fetched and not yet taken */
    size_t at, held;
    int regular;                    /* a regular file: it can be opened once more from its start */
};

/* A zeroed source is closed: source_close is then harmless. */
enum status source_begin(struct source *s, const char *name, struct err *e);
/* Regular files, pipes and devices; a folder is E_OPEN.  Opening a pipe waits for its writer. */
enum status source_file(struct source *s, const char *path, struct err *e);
enum status source_memory(struct source *s, const char *name, const void *bytes, size_t size, struct err *e);
void source_close(struct source *s);

/* The next bytes without taking them: *n of them, fewer than `want` (at most 4096) only at the
 * end.  Waits for no more than that: a live stream may be slow. */
enum status source_peek(struct source *s, size_t want, const unsigned char **bytes, size_t *n, struct err *e);
/* The next byte, -1 at the end. */
enum status source_byte(struct source *s, int *byte, struct err *e);
/* n bytes, or fewer when the end comes before: *got of them. */
enum status source_read(struct source *s, unsigned char *to, size_t n, size_t *got, struct err *e);
/* The same into memory that grows up to n bytes: *room is what *to (NULL or malloc'ed) has. */
enum status source_grow(struct source *s, unsigned char **to, size_t *room, size_t n, size_t *got, struct err *e);

/* The readers on a source of any kind.  They take it over, and close it when they fail. */
enum status y4m_start(struct video *v, struct source *s, struct err *e);
enum status pnm_start(struct video *v, struct source *s, struct err *e);

/* A path with one %d or %0Nd (N from 1 to 9): 1 when it is one. */
int sequence_pattern(const char *path);
/* The path of picture `number`; malloc'ed, NULL without memory. */
char *sequence_path(const char *pattern, size_t number);
enum status sequence_open(struct video *v, const char *pattern, struct err *e);

#endif
