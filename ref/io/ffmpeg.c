/* ffmpeg -- every other format, decoded by an `ffmpeg` program on PATH and read as Y4M.
 *
 *   ffmpeg -nostdin -v error -protocol_whitelist file -i file:CLIP -map 0:v:0
 *          -fps_mode passthrough -f yuv4mpegpipe -strict -1 -
 *
 * No shell: the name of a clip is one argument whatever it holds, "file:" before it keeps it
 * from being taken for an address, and the whitelist keeps a playlist from naming others.
 * passthrough: each decoded frame once, none repeated or dropped to please a clock.  Releases
 * before 5.1 know that option as -vsync, those from 9 on only as -fps_mode, so a refusal of
 * the one is answered with the other.
 * What the program says on its stderr is taken in beside the frames, so that neither pipe can
 * fill up and stop it; the first KEPT bytes go into the message when it fails.  It is killed and reaped by
 * video_close if it still runs then.
 * Errors: E_UNSUPPORTED without such a program (the message names the command to run by
 * hand), E_DATA when it fails or gives no picture, E_OPEN for pipes, E_MEMORY.
 * Source: ffmpeg(1); POSIX.1-2008 posix_spawn(), poll(). */
#define _POSIX_C_SOURCE 200809L
#include "private.h"
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { KEPT = 1000, NOT_FOUND = 127 };

struct program {
    char name[240];                     /* of the clip, for messages about the piped Y4M */
    char clip[204];
    pid_t pid;                          /* 0: reaped */
    int status;                         /* of waitpid */
    int out, err;                       /* our ends of its pipes; -1: closed */
    char said[KEPT + 1];
    size_t said_n;
};

/* ---- pipes ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* A pipe whose ends no other program inherits, and none of which is 0, 1 or 2: a caller may
 * have closed those.  (Between pipe() and fcntl() another thread may start a program that
 * inherits them; our reader then waits for that one too, and no longer.) */
static int open_pipe(int fd[2])
{
    int raw[2];
    fd[0] = fd[1] = -1;
    if (pipe(raw)) return 0;
    for (int i = 0; i < 2; i++) fd[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
    close(raw[0]);
    close(raw[1]);
    if (fd[0] >= 0 && fd[1] >= 0) return 1;
    close_fd(&fd[0]);
    close_fd(&fd[1]);
    return 0;
}

/* ---- the program's life ---- */

/* Starts it with these arguments; an error number. */
static int spawn(pid_t *pid, char *const argv[], int out, int err)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    if (!error) error = posix_spawnp(pid, "ffmpeg", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void reap(struct program *p)
{
    while (p->pid && waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR) {}
    p->pid = 0;
}

static void hear(struct program *p)
{
    char part[4096];
    ssize_t n = read(p->err, part, sizeof part);
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) { close_fd(&p->err); return; }
    size_t keep = (size_t)n < KEPT - p->said_n ? (size_t)n : KEPT - p->said_n;
    memcpy(p->said + p->said_n, part, keep);
    p->said_n += keep;
}

/* What it said, on one line and harmless. */
static void show_said(const struct program *p, char *out, size_t size)
{
    size_t at = 0, n = p->said_n;
    while (n && (p->said[n - 1] == '\n' || p->said[n - 1] == ' ')) n--;
    for (size_t i = 0, step; i < n && at + 6 < size; i += step) {
        const unsigned char *c = (const unsigned char *)p->said + i;
        step = utf8_step(p->said + i, n - i);
        int obeyed = step == 0 || *c < ' ' || *c == 0x7F || (*c == 0xC2 && c[1] < 0xA0);
        if (!obeyed) memcpy(out + at, c, step);
        else if (*c == '\n') memcpy(out + at, "; ", 2);
        else out[at] = '?';
        at += !obeyed ? step : *c == '\n' ? 2 : 1;
        if (!step) step = 1;
    }
    out[at] = 0;
}

static enum status no_program(const char *clip, struct err *e)
{
    return fail(e, E_UNSUPPORTED, "%s: is not Y4M, PNM, JPEG or AVI, and there is no ffmpeg program on PATH to decode it; where "
                "there is one, run: ffmpeg -i \"%s\" -f yuv4mpegpipe -strict -1 clip.y4m", clip, clip);
}

/* ---- as a source ---- */

static enum status program_fill(struct source *s, unsigned char *to, size_t n, size_t *got, struct err *e)
{
    const size_t most = (size_t)1 << 30;
    struct program *p = s->context;
    for (;;) {
        struct pollfd fds[2] = { { .fd = p->out, .events = POLLIN }, { .fd = p->err, .events = POLLIN } };
        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR || errno == EAGAIN) continue;
            return fail(e, E_OPEN, "%s: byte %ju: cannot read: %s", s->name, (uintmax_t)s->offset, strerror(errno));
        }
        if (p->err >= 0 && fds[1].revents) hear(p);
        if (!fds[0].revents) continue;
        ssize_t r = read(p->out, to, n < most ? n : most);
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) return fail(e, E_OPEN, "%s: byte %ju: cannot read: %s", s->name, (uintmax_t)s->offset, strerror(errno));
        *got = (size_t)r;
        return OK;
    }
}

/* After the last byte: how it ended. */
static enum status program_ended(struct source *s, struct err *e)
{
    struct program *p = s->context;
    char said[420];
    while (p->err >= 0) hear(p);
    reap(p);
    if (WIFEXITED(p->status) && WEXITSTATUS(p->status) == 0) return OK;
    if (WIFEXITED(p->status) && WEXITSTATUS(p->status) == NOT_FOUND && !s->offset) return no_program(p->clip, e);
    show_said(p, said, sizeof said);
    if (said[0]) return fail(e, E_DATA, "%s: ffmpeg: %s", p->clip, said);
    return fail(e, E_DATA, "%s: ffmpeg ended with %s %d", p->clip, WIFEXITED(p->status) ? "exit status" : "signal",
                WIFEXITED(p->status) ? WEXITSTATUS(p->status) : WTERMSIG(p->status));
}

static void program_close(struct source *s)
{
    struct program *p = s->context;
    if (p->pid > 0) kill(p->pid, SIGKILL);
    reap(p);
    close_fd(&p->out);
    close_fd(&p->err);
    free(p);
}

/* The started program as a source; on failure p is freed. */
static enum status start(struct source *s, struct program *p, const char *mode, const char *path, struct err *e)
{
    int out[2], err[2], error = 0;
    char *input = malloc(strlen(path) + sizeof "file:");
    p->out = p->err = -1;
    if (!input) {
        free(p);
        return fail(e, E_MEMORY, "%s: no memory to read it", path_tail(path));
    }
    strcat(strcpy(input, "file:"), path);
    /* posix_spawnp takes char *const[] and changes none of them */
    const char *const argv[] = { "ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", input, "-map", "0:v:0",
                                 mode, "passthrough", "-f", "yuv4mpegpipe", "-strict", "-1", "-", NULL };
    char *args[LEN(argv)];
    memcpy(args, argv, sizeof argv);
    if (!open_pipe(out)) {
        error = errno;
        err[0] = err[1] = -1;
    } else if (!open_pipe(err) || (error = spawn(&p->pid, args, out[1], err[1]))) {
        if (!error) error = errno;
        close_fd(&out[0]);
        close_fd(&err[0]);
        p->pid = 0;
    }
    close_fd(&out[1]);
    close_fd(&err[1]);
    free(input);
    enum status status = OK;
    if (error == ENOENT || error == EACCES || error == ENOTDIR) status = no_program(p->clip, e);
    else if (error) status = fail(e, E_OPEN, "%s: cannot start ffmpeg: %s", p->clip, strerror(error));
    if (status) { free(p); return status; }
    p->out = out[0];
    p->err = err[0];
    s->context = p;
    s->fill = program_fill;
    s->ended = program_ended;
    s->close = program_close;
    return OK;
}

/* The program under way, its first bytes there; *refused: it did not know the option. */
static enum status attempt(struct source *s, const char *mode, const char *path, int *refused, struct err *e)
{
    const unsigned char *first;
    size_t n;
    struct program *p = calloc(1, sizeof *p);
    *refused = 0;
    if (!p) return fail(e, E_MEMORY, "%s: no memory to read it", path_tail(path));
    snprintf(p->clip, sizeof p->clip, "%s", path_tail(path));
    snprintf(p->name, sizeof p->name, "%s (through ffmpeg)", p->clip);
    enum status status = source_begin(s, p->name, e);
    if (status) { free(p); return status; }
    s->name = p->name;                  /* all of it, not its tail */
    status = start(s, p, mode, path, e);
    if (!status) status = source_peek(s, 1, &first, &n, e);
    if (!status && n == 0) {
        status = program_ended(s, e);
        *refused = status && strstr(p->said, mode + 1) != NULL;
        if (!status) status = fail(e, E_DATA, "%s: ffmpeg finds no picture in it", p->clip);
    }
    if (status) source_close(s);
    return status;
}

enum status ffmpeg_open(struct video *v, const char *path, struct err *e)
{
    struct source s;
    int refused;
    memset(v, 0, sizeof *v);
    v->path = path;
    enum status status = attempt(&s, "-fps_mode", path, &refused, e);
    if (status && refused) status = attempt(&s, "-vsync", path, &refused, e);
    return status ? status : y4m_start(v, &s, e);
}
