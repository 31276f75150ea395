#define _POSIX_C_SOURCE 200809L
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what a file to go on with holds ---- */

static enum status remember(struct line_set *s, const char *name, struct err *e)
{
    char **more = realloc(s->name, (s->count + 1) * sizeof *more), *copy = malloc(strlen(name) + 1);
    if (more) s->name = more;
    if (!more || !copy) { free(copy); return fail(e, E_MEMORY, "no memory for %zu clips", s->count); }
    s->name[s->count++] = strcpy(copy, name);
    return OK;
}

/* One line; *keep: it stays in the file (a clip that failed is measured again). */
static enum status read_line(struct line_set *s, const char *path, const char *line, size_t n, size_t at, int *keep,
                             struct err *e)
{
    struct json_document d;
    enum status status = json_parse(&d, path, line, n, at, e);
    if (status) return status;
    const struct json *clip = d.root->type == JSON_OBJECT ? json_get(d.root, "clip") : NULL;
    if (!clip || clip->type != JSON_STRING)
        status = fail(e, E_DATA, "%s: byte %zu: a line of features must be an object with a \"clip\"", path, at);
    *keep = !status && !json_get(d.root, "error");
    if (*keep) status = remember(s, clip->string, e);
    json_free(&d);
    return status;
}

/* Reads the whole lines of path; what is kept of it goes back there. */
static enum status read_known(struct line_set *s, const char *path, struct err *e)
{
    struct file f;
    struct text kept = { 0 };
    enum status status = file_map(&f, path, e);
    if (status) return status;
    int changed = f.size && f.data[f.size - 1] != '\n';
    for (size_t at = 0; at < f.size && !status; ) {
        const unsigned char *end = memchr(f.data + at, '\n', f.size - at);
        int keep = 0;
        if (!end) break;                            /* half a line: the clip is measured again */
        size_t n = (size_t)(end - f.data) - at;
        status = read_line(s, path, (const char *)f.data + at, n, at, &keep, e);
        if (keep) text_add_bytes(&kept, (const char *)f.data + at, n + 1);
        changed |= !keep;
        at += n + 1;
    }
    file_unmap(&f);
    if (!status && kept.failed) status = fail(e, E_MEMORY, "%s: no memory for its lines", path);
    if (!status && changed) status = file_write(path, kept.s ? kept.s : "", kept.len, e);
    text_free(&kept);
    return status;
}

int line_set_has(const struct line_set *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->name[i], name)) return 1;
    return 0;
}

void line_set_free(struct line_set *s)
{
    for (size_t i = 0; i < s->count; i++) free(s->name[i]);
    free(s->name);
    memset(s, 0, sizeof *s);
}

/* ---- writing ---- */

enum status lines_open(struct lines *l, const char *path, int resume, struct line_set *known, struct err *e)
{
    memset(l, 0, sizeof *l);
    l->path = path;
    l->fd = STDOUT_FILENO;
    if (path) {
        if (resume && !access(path, F_OK)) {
            enum status s = read_known(known, path, e);
            if (s) return s;
            l->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        } else {
            l->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (l->fd < 0 && errno == EEXIST)
                return fail(e, E_ARG, "%s: exists already: remove it, or say --resume to go on in it", path);
        }
        if (l->fd < 0) return fail(e, E_OPEN, "%s: cannot open for writing: %s", path, strerror(errno));
    }
    l->open = 1;
    return OK;
}

void lines_add(struct lines *l, const struct text *t)
{
    if (l->error.code) return;
    if (t->failed) { fail(&l->error, E_MEMORY, "no memory for a line"); return; }
    off_t before = l->path ? lseek(l->fd, 0, SEEK_END) : -1;
    for (size_t at = 0; at < t->len; ) {
        ssize_t n = write(l->fd, t->s + at, t->len - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            fail(&l->error, E_OPEN, "%s: cannot write: %s", l->path ? l->path : "standard output", strerror(errno));
            if (before >= 0 && ftruncate(l->fd, before)) return;        /* half a line stays: nothing more can be done */
            return;
        }
        at += (size_t)n;
    }
}

enum status lines_close(struct lines *l, struct err *e)
{
    if (l->open && l->path && close(l->fd) && !l->error.code)
        fail(&l->error, E_OPEN, "%s: cannot write: %s", l->path, strerror(errno));
    l->open = 0;
    if (l->error.code && e) *e = l->error;
    return l->error.code;
}

void lines_progress(const char *what, size_t done, size_t count)
{
    if (count > 1 && isatty(STDERR_FILENO)) fprintf(stderr, "\r%s: %zu of %zu%s", what, done, count, done == count ? "\n" : "");
}
