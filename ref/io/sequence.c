/* sequence -- numbered pictures as one video: "frames/%05d.ppm".
 *
 * The path holds one %d or %0Nd, N from 1 to 9.  The first picture is number 0, or 1 when
 * there is no 0; then every number follows without a gap, and the first one that is missing
 * ends the video, unless the next but one is there: then a picture was lost, and that is an
 * error.  Each picture is read by its content; all have one size.  The rate is not known.
 * Errors: E_OPEN when there is no first picture, E_DATA for a gap and for a file that holds
 * more than one picture, and those of the picture's reader.
 * Source: the numbering of FFmpeg's image2 demuxer, documentation "image2". */
#define _POSIX_C_SOURCE 200809L
#include "private.h"
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sequence {
    struct video picture;               /* the one whose samples are lent out; read == NULL: none */
    char *path;
    size_t number;                      /* of the picture that comes next */
};

/* Length of the %d or %0Nd at s, with its width; 0 when it is none. */
static size_t conversion(const char *s, int *width)
{
    *width = 0;
    if (s[0] != '%') return 0;
    if (s[1] == 'd') return 2;
    if (s[1] != '0' || s[2] < '1' || s[2] > '9' || s[3] != 'd') return 0;
    *width = s[2] - '0';
    return 4;
}

int sequence_pattern(const char *path)
{
    const char *percent = strchr(path, '%');
    int width;
    return percent && conversion(percent, &width) && !strchr(percent + 1, '%');
}

char *sequence_path(const char *pattern, size_t number)
{
    const char *percent = strchr(pattern, '%');
    int width;
    size_t n = conversion(percent, &width), size = strlen(pattern) + 24;
    char *path = malloc(size);
    if (path) snprintf(path, size, "%.*s%0*zu%s", (int)(percent - pattern), pattern, width, number, percent + n);
    return path;
}

/* 1 when the picture is there, 0 when it is not, -1 without memory. */
static int exists(const char *pattern, size_t number)
{
    char *path = sequence_path(pattern, number);
    int there = path ? !access(path, F_OK) : -1;
    free(path);
    return there;
}

static void close_picture(struct sequence *s)
{
    video_close(&s->picture);
    free(s->path);
    s->path = NULL;
}

static enum status open_picture(struct sequence *s, const char *pattern, struct err *e)
{
    s->path = sequence_path(pattern, s->number);
    if (!s->path) return fail(e, E_MEMORY, "%s: no memory for a file name", path_tail(pattern));
    return video_open(&s->picture, s->path, e);
}

/* The picture lent out before must have been the only one of its file. */
static enum status finish_picture(struct sequence *s, struct err *e)
{
    struct picture p;
    int end = 1;
    enum status status = s->picture.read ? video_next(&s->picture, &p, &end, e) : OK;
    if (!status && !end)
        status = fail(e, E_DATA, "%s: holds more than one picture, which a numbered sequence cannot", path_tail(s->path));
    close_picture(s);
    return status;
}

static enum status sequence_read(struct video *v, struct picture *p, int *end, struct err *e)
{
    struct sequence *s = v->owner;
    enum status status = OK;
    if (v->frames) {                    /* the first picture is open since sequence_open */
        status = finish_picture(s, e);
        if (status) return status;
        int there = exists(v->path, s->number), beyond = there ? 0 : exists(v->path, s->number + 1);
        if (there < 0 || beyond < 0) return fail(e, E_MEMORY, "%s: no memory for a file name", path_tail(v->path));
        if (beyond)
            return fail(e, E_DATA, "%s: picture %zu is missing, and %zu is there", path_tail(v->path), s->number,
                        s->number + 1);
        if (!there) { *end = 1; return OK; }
        status = open_picture(s, v->path, e);
    }
    if (!status) status = video_next(&s->picture, p, end, e);
    if (!status && *end) status = fail(e, E_DATA, "%s: holds no picture", path_tail(s->path));
    s->number++;
    return status;
}

static void sequence_close(struct video *v)
{
    struct sequence *s = v->owner;
    close_picture(s);
    free(s);
    v->owner = NULL;
}

enum status sequence_open(struct video *v, const char *pattern, struct err *e)
{
    memset(v, 0, sizeof *v);
    v->path = pattern;
    struct sequence *s = calloc(1, sizeof *s);
    if (!s) return fail(e, E_MEMORY, "%s: no memory to read it", path_tail(pattern));
    v->owner = s;
    int zero = exists(pattern, 0), one = exists(pattern, 1);
    enum status status = OK;
    if (zero < 1 && one < 1) {
        status = fail(e, E_OPEN, "%s: cannot open: there is no picture number 0 or 1", path_tail(pattern));
    } else {
        s->number = zero == 1 ? 0 : 1;
        status = open_picture(s, pattern, e);
    }
    if (status) {
        sequence_close(v);
        return status;
    }
    v->format = s->picture.format;
    v->format.rate = (struct rational) { 0, 1 };
    v->read = sequence_read;
    v->close = sequence_close;
    return OK;
}
