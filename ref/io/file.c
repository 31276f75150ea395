#define _POSIX_C_SOURCE 200809L
/* file -- whole files in, whole files out.
 *
 * Reading maps the file; only regular files can be mapped, so folders, devices and pipes
 * are refused by name.  (A file that another program shortens while it is mapped raises
 * SIGBUS: POSIX gives a reader no way to see that first.)
 *
 * Writing goes to a new name in the same folder and is renamed when it is complete:
 * rename() replaces a name in one step, so a reader sees the old file or the new one.
 * Source: POSIX.1-2008, open(), mmap(), rename(). */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    return "not a regular file";
}

enum status file_map(struct file *f, const char *path, struct err *e)
{
    static const unsigned char nothing[1];
    struct stat st;
    enum status status = OK;
    memset(f, 0, sizeof *f);
    /* O_NONBLOCK: opening a pipe without a writer would wait for ever */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return fail(e, E_OPEN, "%s: cannot open: %s", path_tail(path), strerror(errno));
    if (fstat(fd, &st)) {
        status = fail(e, E_OPEN, "%s: cannot read: %s", path_tail(path), strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        status = fail(e, E_OPEN, "%s: is %s, only regular files are read", path_tail(path), kind_of(st.st_mode));
    } else if ((uintmax_t)st.st_size > SIZE_MAX) {
        status = fail(e, E_MEMORY, "%s: %ju bytes do not fit the memory of this machine", path_tail(path),
                      (uintmax_t)st.st_size);
    } else if (st.st_size == 0) {
        f->data = nothing;      /* mmap refuses a length of 0 */
    } else {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            status = fail(e, E_OPEN, "%s: cannot map: %s", path_tail(path), strerror(errno));
        } else {
            f->data = f->owner = map;
            f->size = (size_t)st.st_size;
        }
    }
    close(fd);                  /* the mapping stays */
    return status;
}

void file_unmap(struct file *f)
{
    if (f->owner) munmap(f->owner, f->size);
    memset(f, 0, sizeof *f);
}

static void writer_free(struct file_writer *w)
{
    free(w->path);
    free(w->temporary);
    memset(w, 0, sizeof *w);
}

/* A new file beside path.  Not mkstemp: that makes it unreadable for others, and what the
 * user's umask allows could only be asked by changing it. */
static int create_beside(struct file_writer *w, const char *folder)
{
    enum { NAME = 64, TRIES = 10000 };
    size_t size = strlen(folder) + NAME;
    w->temporary = malloc(size);
    if (!w->temporary) { errno = ENOMEM; return -1; }
    for (int i = 0; i < TRIES; i++) {
        snprintf(w->temporary, size, "%s/.goldreel-%ld-%d.tmp", folder, (long)getpid(), i);
        int fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

enum status file_writer_open(struct file_writer *w, const char *path, struct err *e)
{
    struct stat st;
    memset(w, 0, sizeof *w);
    /* renaming over /dev/null or a pipe would destroy it */
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return fail(e, E_OPEN, "%s: is %s, only regular files are written", path_tail(path), kind_of(st.st_mode));
    size_t n = strlen(path);
    if (n == 0 || path[n - 1] == '/')
        return fail(e, E_OPEN, "%s: cannot write: no file name", path_tail(path));
    char *folder = path_folder(path);
    w->path = malloc(n + 1);
    if (!folder || !w->path) {
        free(folder);
        writer_free(w);
        return fail(e, E_MEMORY, "%s: no memory to write it", path_tail(path));
    }
    memcpy(w->path, path, n + 1);
    int fd = create_beside(w, folder);
    free(folder);
    if (fd < 0) {
        enum status status = errno == ENOMEM ? E_MEMORY : E_OPEN;
        fail(e, status, "%s: cannot write: %s", path_tail(path), strerror(errno));
        writer_free(w);
        return status;
    }
    w->stream = fdopen(fd, "wb");
    if (!w->stream) {
        close(fd);
        unlink(w->temporary);
        writer_free(w);
        return fail(e, E_MEMORY, "%s: no memory to write it", path_tail(path));
    }
    return OK;
}

enum status file_writer_add(struct file_writer *w, const void *data, size_t n, struct err *e)
{
    if (n && fwrite(data, 1, n, w->stream) != n)
        return fail(e, E_OPEN, "%s: cannot write: %s", path_tail(w->path), strerror(errno));
    return OK;
}

enum status file_writer_commit(struct file_writer *w, struct err *e)
{
    enum status status = OK;
    int failed = ferror((FILE *)w->stream);
    errno = failed ? EIO : 0;
    /* a full disk may show only when the last buffer goes out */
    if (fclose(w->stream) || failed)
        status = fail(e, E_OPEN, "%s: cannot write: %s", path_tail(w->path), strerror(errno));
    else if (rename(w->temporary, w->path))
        status = fail(e, E_OPEN, "%s: cannot write: %s", path_tail(w->path), strerror(errno));
    if (status) unlink(w->temporary);
    writer_free(w);
    return status;
}

void file_writer_discard(struct file_writer *w)
{
    if (!w->stream) return;
    fclose(w->stream);
    unlink(w->temporary);
    writer_free(w);
}

enum status file_write(const char *path, const void *data, size_t n, struct err *e)
{
    struct file_writer w;
    enum status status = file_writer_open(&w, path, e);
    if (status) return status;
    status = file_writer_add(&w, data, n, e);
    if (status) { file_writer_discard(&w); return status; }
    return file_writer_commit(&w, e);
}

char *path_join(const char *folder, const char *name)
{
    size_t a = name[0] == '/' ? 0 : strlen(folder), b = strlen(name);
    char *path = malloc(a + b + 2);
    if (!path) return NULL;
    memcpy(path, folder, a);
    if (a && folder[a - 1] != '/') path[a++] = '/';
    memcpy(path + a, name, b + 1);
    return path;
}

char *path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 1;
    while (n > 1 && slash && path[n - 1] == '/') n--;           /* "a//b" */
    char *folder = malloc(n + 2);
    if (!folder) return NULL;
    if (slash && n) memcpy(folder, path, n);
    else { folder[0] = slash ? '/' : '.'; n = 1; }
    folder[n] = 0;
    return folder;
}
