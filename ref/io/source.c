#define _POSIX_C_SOURCE 200809L
/* source -- a buffer before read(2), before memory, or before whatever `fill` is.
 *
 * Errors: E_OPEN for what the system refuses, E_MEMORY.  Every message begins with the
 * name of the source and, once bytes have come, the offset of the byte.
 * Source: POSIX.1-2008, open(), read(). */
#include "private.h"
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 16 };

enum status source_begin(struct source *s, const char *name, struct err *e)
{
    memset(s, 0, sizeof *s);
    s->name = path_tail(name);
    s->buffer = malloc(BUFFER);
    return s->buffer ? OK : fail(e, E_MEMORY, "%s: byte 0: no memory to read it", s->name);
}

void source_close(struct source *s)
{
    if (s->close) s->close(s);
    free(s->buffer);
    memset(s, 0, sizeof *s);
}

/* ---- from a descriptor ---- */

/* The descriptor itself is the context, so that there is nothing to allocate. */
static int descriptor(const struct source *s) { return (int)(intptr_t)s->context; }

static enum status descriptor_fill(struct source *s, unsigned char *to, size_t n, size_t *got, struct err *e)
{
    const size_t most = (size_t)1 << 30;        /* more is undefined for some systems */
    ssize_t r;
    do r = read(descriptor(s), to, n < most ? n : most); while (r < 0 && errno == EINTR);
    if (r < 0)
        return fail(e, E_OPEN, "%s: byte %ju: cannot read: %s", s->name, (uintmax_t)s->offset, strerror(errno));
    *got = (size_t)r;
    return OK;
}

static void descriptor_close(struct source *s) { close(descriptor(s)); }

enum status source_file(struct source *s, const char *path, struct err *e)
{
    struct stat st;
    enum status status = source_begin(s, path, e);
    if (status) return status;
    int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        status = fail(e, E_OPEN, "%s: cannot open: %s", s->name, strerror(errno));
    } else if (fstat(fd, &st) || S_ISDIR(st.st_mode)) {
        status = fail(e, E_OPEN, "%s: is a folder, not a clip", s->name);
        close(fd);
    } else {
        s->fill = descriptor_fill;
        s->close = descriptor_close;
        s->context = (void *)(intptr_t)fd;
        s->regular = S_ISREG(st.st_mode);
    }
    if (status) source_close(s);
    return status;
}

/* ---- from memory ---- */

/* What is left of the bytes. */
struct rest { const unsigned char *bytes; size_t size; };

static enum status memory_fill(struct source *s, unsigned char *to, size_t n, size_t *got, struct err *e)
{
    struct rest *rest = s->context;
    (void)e;
    *got = n < rest->size ? n : rest->size;
    if (!*got) return OK;
    memcpy(to, rest->bytes, *got);
    rest->bytes += *got;
    rest->size -= *got;
    return OK;
}

static void memory_close(struct source *s) { free(s->context); }

enum status source_memory(struct source *s, const char *name, const void *bytes, size_t size, struct err *e)
{
    enum status status = source_begin(s, name, e);
    if (status) return status;
    struct rest *rest = malloc(sizeof *rest);
    if (!rest) {
        fail(e, E_MEMORY, "%s: byte 0: no memory to read it", s->name);
        source_close(s);
        return E_MEMORY;
    }
    *rest = (struct rest) { bytes, size };
    s->fill = memory_fill;
    s->close = memory_close;
    s->context = rest;
    return OK;
}

/* ---- taking bytes ---- */

/* More bytes behind those that are held; held stays as it is only at the end. */
static enum status refill(struct source *s, struct err *e)
{
    size_t got = 0;
    if (s->at) memmove(s->buffer, s->buffer + s->at, s->held - s->at);
    s->held -= s->at;
    s->at = 0;
    enum status status = s->fill(s, s->buffer + s->held, BUFFER - s->held, &got, e);
    s->held += status ? 0 : got;
    return status;
}

enum status source_peek(struct source *s, size_t want, const unsigned char **bytes, size_t *n, struct err *e)
{
    enum status status = OK;
    for (size_t before = SIZE_MAX; !status && s->held - s->at < want && s->held - s->at != before; ) {
        before = s->held - s->at;
        status = refill(s, e);
    }
    *bytes = s->buffer + s->at;
    *n = s->held - s->at < want ? s->held - s->at : want;
    return status;
}

enum status source_byte(struct source *s, int *byte, struct err *e)
{
    if (s->at == s->held) {
        enum status status = refill(s, e);
        if (status) return status;
    }
    *byte = s->at < s->held ? s->buffer[s->at++] : -1;
    s->offset += *byte >= 0;
    return OK;
}

enum status source_read(struct source *s, unsigned char *to, size_t n, size_t *got, struct err *e)
{
    size_t now = s->held - s->at < n ? s->held - s->at : n;
    enum status status = OK;
    if (now) memcpy(to, s->buffer + s->at, now);
    s->at += now;
    s->offset += now;
    *got = now;
    while (*got < n && !status) {               /* past the buffer: no second copy */
        status = s->fill(s, to + *got, n - *got, &now, e);
        if (status || !now) break;
        *got += now;
        s->offset += now;
    }
    return status;
}

enum status source_grow(struct source *s, unsigned char **to, size_t *room, size_t n, size_t *got, struct err *e)
{
    size_t have = 0, now;
    *got = 0;
    for (;;) {
        if (have == *room && have < n) {
            size_t more = *room < BUFFER ? BUFFER : *room;
            size_t size = more < n - *room ? *room + more : n;
            unsigned char *larger = realloc(*to, size);
            if (!larger)
                return fail(e, E_MEMORY, "%s: byte %ju: no memory for a picture of %zu bytes", s->name,
                            (uintmax_t)s->offset, n);
            *to = larger;
            *room = size;
        }
        size_t want = (*room < n ? *room : n) - have;
        enum status status = source_read(s, *to + have, want, &now, e);
        have += now;
        *got = have;
        if (status || now < want || have == n) return status;
    }
}
