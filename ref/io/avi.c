/* avi -- Motion JPEG in an AVI file, frame by frame in the order of the file.
 *
 *   chunk      4 bytes name, 4 bytes size (little-endian), the bytes, one more when the size is odd
 *   list       a chunk "LIST" or "RIFF": 4 bytes type, then chunks
 *   file       RIFF "AVI " { LIST hdrl { avih, LIST strl { strh, strf, ... } ... }, LIST movi { frames }, idx1 }
 *              and for OpenDML files any number of RIFF "AVIX" { LIST movi { frames } }
 *   frames     chunks "NNdc" or "NNdb" of stream NN, also inside of LIST "rec "
 *
 * The stream is the first one of type "vids"; its frames are JPEGs as jpeg.c reads them, mostly
 * without Huffman tables.  strh: rate / scale is frames a second; strf: a BITMAPINFOHEADER with
 * size and codec.  An empty frame chunk stands for "as before", so the frame is given once more.
 * Sound, indexes (idx1, indx, ix##), palettes and unknown chunks and lists are passed over: frames
 * of Motion JPEG lie in the order of their times, so no index is needed.  Bytes behind the last RIFF
 * list that are no further one are not looked at.
 *
 * Read forwards, with no more memory than one frame.  A chunk that reaches behind its list and a
 * file that ends inside a list are E_DATA, after the frames before it have been given; so are frames of
 * another size than the first or the header.  Two fields in a chunk, and any other codec, are
 * E_UNSUPPORTED.
 * Source: Microsoft, "AVI RIFF File Reference"; OpenDML AVI File Format Extensions 1.02. */
#include "jpeg_private.h"
#include "private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { ROOT, RIFF, HDRL, STRL, MOVI, REC };
enum { DEPTH = 5, NAME = 300 };

struct chunk { char id[5]; uint32_t size; uint64_t at; };   /* at: of its name */

struct avi {
    struct source source;
    struct { enum kind kind; uint64_t end; int odd; } level[DEPTH];
    int depth;                      /* level[depth] is the list that reading stands in */
    int riffs, streams;             /* lists begun */
    int video;                      /* number of the video stream; -1: not found yet */
    int has_format;                 /* its strf is read */
    uint32_t scale, rate;
    uint32_t width, height;         /* of strf */
    unsigned char *bytes;           /* of a frame chunk */
    size_t room;
    struct picture picture;         /* the frame decoded last */
    int waiting;                    /* it is the first one, and not given yet */
};

static uint32_t le32(const unsigned char *s)
{
    return s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;
}

static unsigned long long here(const struct avi *a) { return a->source.offset; }

/* A chunk's name for messages. */
static const char *named(char out[SHOWN], const struct chunk *c) { return show(out, c->id, 4); }

static enum status need(struct avi *a, const struct chunk *c, unsigned char *to, size_t n, struct err *e)
{
    char id[SHOWN];
    size_t got = 0;
    if (c->size < n)
        return fail(e, E_DATA, "%s: byte %llu: chunk '%s' of %lu bytes, it has at least %zu", a->source.name,
                    (unsigned long long)c->at, named(id, c), (unsigned long)c->size, n);
    enum status status = source_read(&a->source, to, n, &got, e);
    if (status || got == n) return status;
    return fail(e, E_DATA, "%s: byte %llu: file ends inside chunk '%s'", a->source.name, here(a), named(id, c));
}

static enum status skip_to(struct avi *a, uint64_t end, const char *what, struct err *e)
{
    unsigned char waste[4096];
    while (a->source.offset < end) {
        size_t n = end - a->source.offset < sizeof waste ? (size_t)(end - a->source.offset) : sizeof waste, got = 0;
        enum status status = source_read(&a->source, waste, n, &got, e);
        if (status) return status;
        if (got < n) return fail(e, E_DATA, "%s: byte %llu: file ends inside %s", a->source.name, here(a), what);
    }
    return OK;
}

/* Behind a chunk that began at c->at, and its odd byte when the list has one. */
static enum status skip_chunk(struct avi *a, const struct chunk *c, struct err *e)
{
    char id[SHOWN], what[SHOWN + 10] = "chunk ";
    uint64_t end = c->at + 8 + c->size, list = a->level[a->depth].end;
    memcpy(what + 6, named(id, c), strlen(named(id, c)) + 1);
    return skip_to(a, end + (c->size % 2 && end < list), what, e);
}

/* Leaves every list that ends here. */
static enum status leave_lists(struct avi *a, struct err *e)
{
    while (a->depth > 0) {
        uint64_t end = a->level[a->depth].end;
        if (a->source.offset + 8 <= end) return OK;         /* room for one more chunk */
        enum status status = skip_to(a, end, "a list", e);
        if (status) return status;
        int odd = a->level[a->depth--].odd;
        if (odd && a->depth > 0 && end < a->level[a->depth].end && (status = skip_to(a, end + 1, "a list", e))) return status;
    }
    return OK;
}

/* The list whose type comes now: entered, or passed over when it is of no use here. */
static enum status enter_list(struct avi *a, const struct chunk *c, struct err *e)
{
    static const struct { char type[5]; enum kind in, kind; } lists[] = {
        { "AVI ", ROOT, RIFF }, { "AVIX", ROOT, RIFF }, { "hdrl", RIFF, HDRL }, { "strl", HDRL, STRL },
        { "movi", RIFF, MOVI }, { "rec ", MOVI, REC },
    };
    unsigned char type[4];
    enum kind in = a->level[a->depth].kind;
    enum status status = need(a, c, type, 4, e);
    if (status) return status;
    const char *due = a->riffs ? "AVIX" : "AVI ";
    if (in == ROOT && memcmp(type, due, 4))
        return fail(e, E_DATA, "%s: byte %llu: RIFF list is not of type '%s'", a->source.name, here(a) - 4, due);
    for (size_t i = 0; i < LEN(lists); i++) {
        if (in != lists[i].in || memcmp(type, lists[i].type, 4)) continue;
        a->riffs += lists[i].kind == RIFF;
        a->streams += lists[i].kind == STRL;
        a->depth++;
        a->level[a->depth].kind = lists[i].kind;
        a->level[a->depth].end = c->at + 8 + c->size;
        a->level[a->depth].odd = c->size % 2;
        return OK;
    }
    return skip_chunk(a, c, e);
}

/* The next chunk that is not a list; *end behind the last one. */
static enum status next_chunk(struct avi *a, struct chunk *c, int *end, struct err *e)
{
    char id[SHOWN];
    for (;;) {
        unsigned char head[8];
        size_t got = 0;
        enum status status = leave_lists(a, e);
        if (status) return status;
        memset(c, 0, sizeof *c);
        c->at = a->source.offset;
        if ((status = source_read(&a->source, head, sizeof head, &got, e))) return status;
        int root = a->depth == 0, riff = got == sizeof head && !memcmp(head, "RIFF", 4);
        if (root && !riff && !a->riffs) return fail(e, E_DATA, "%s: byte 0: does not start with a RIFF list", a->source.name);
        *end = root && !riff;
        if (*end) return a->source.ended && got == 0 ? a->source.ended(&a->source, e) : OK;
        if (got < sizeof head) return fail(e, E_DATA, "%s: byte %llu: file ends inside a list", a->source.name, here(a));
        memcpy(c->id, head, 4);
        c->size = le32(head + 4);
        uint64_t list = a->level[a->depth].end;
        if (!root && c->size > list - a->source.offset)
            return fail(e, E_DATA, "%s: byte %llu: chunk '%s' of %lu bytes reaches behind its list", a->source.name,
                        (unsigned long long)c->at, named(id, c), (unsigned long)c->size);
        if (!root && memcmp(c->id, "LIST", 4)) return OK;
        if ((status = enter_list(a, c, e))) return status;
    }
}

/* ---- headers ---- */

static enum status stream_header(struct avi *a, const struct chunk *c, struct err *e)
{
    unsigned char h[28];
    enum status status = need(a, c, h, sizeof h, e);
    if (status || a->video >= 0 || memcmp(h, "vids", 4)) return status;
    a->video = a->streams - 1;
    a->scale = le32(h + 20);
    a->rate = le32(h + 24);
    return OK;
}

static enum status stream_format(struct avi *a, const struct chunk *c, struct err *e)
{
    unsigned char h[40];
    char codec[SHOWN];
    if (a->has_format || a->video < 0 || a->video != a->streams - 1) return OK;
    enum status status = need(a, c, h, sizeof h, e);
    if (status) return status;
    const char *found = (const char *)h + 16;
    if (memcmp(found, "MJPG", 4) && memcmp(found, "mjpg", 4))
        return fail(e, E_UNSUPPORTED, "%s: byte %llu: codec '%s', read is Motion JPEG ('MJPG')", a->source.name,
                    (unsigned long long)c->at + 24, show(codec, found, 4));
    a->width = le32(h + 4);
    a->height = le32(h + 8);
    if (a->height >> 31) a->height = ~a->height + 1;        /* negative: rows from the top, as in a JPEG anyway */
    a->has_format = 1;
    return OK;
}

static int is_frame(const struct avi *a, const struct chunk *c)
{
    enum kind in = a->level[a->depth].kind;
    return (in == MOVI || in == REC) && c->id[0] == '0' + a->video / 10 && c->id[1] == '0' + a->video % 10 && c->id[2] == 'd' &&
           (c->id[3] == 'c' || c->id[3] == 'b');
}

/* Up to the next frame chunk, reading the headers on the way. */
static enum status next_frame_chunk(struct avi *a, struct chunk *c, int *end, struct err *e)
{
    for (;;) {
        enum status status = next_chunk(a, c, end, e);
        if (status || *end) return status;
        enum kind in = a->level[a->depth].kind;
        if ((in == MOVI || in == REC) && !a->has_format)
            return fail(e, E_DATA, "%s: byte %llu: no %s before the frames", a->source.name, (unsigned long long)c->at,
                        a->video < 0 ? "video stream" : "format (strf) of the video stream");
        if (is_frame(a, c)) return OK;
        if (in == STRL && !memcmp(c->id, "strh", 4)) status = stream_header(a, c, e);
        if (in == STRL && !memcmp(c->id, "strf", 4)) status = stream_format(a, c, e);
        if (!status) status = skip_chunk(a, c, e);
        if (status) return status;
    }
}

/* ---- frames ---- */

static enum status check_size(const struct avi *a, const struct picture *p, const struct chunk *c, size_t frame, struct err *e)
{
    const struct picture_format *f = &p->format, *before = &a->picture.format;
    unsigned long long at = c->at + 8;
    if (f->width == a->width && a->height > 1 && f->height == (a->height + 1) / 2)
        return fail(e, E_UNSUPPORTED, "%s: byte %llu: frame %zu is coded as two fields of %zux%zu", a->source.name, at, frame,
                    f->width, f->height);
    if (f->width != a->width || f->height != a->height)
        return fail(e, E_DATA, "%s: byte %llu: frame %zu is %zux%zu, the stream header has %lux%lu", a->source.name, at, frame,
                    f->width, f->height, (unsigned long)a->width, (unsigned long)a->height);
    if (a->picture.planes && f->layout != before->layout)
        return fail(e, E_DATA, "%s: byte %llu: frame %zu has another chroma sampling than the first", a->source.name, at, frame);
    return OK;
}

/* The JPEG of a frame chunk into a->picture. */
static enum status decode_frame(struct avi *a, const struct chunk *c, size_t frame, struct err *e)
{
    char name[NAME];
    size_t got = 0;
    struct picture p;
    enum status status = source_grow(&a->source, &a->bytes, &a->room, c->size, &got, e);
    if (status) return status;
    if (got < c->size)
        return fail(e, E_DATA, "%s: byte %llu: frame %zu ends early (%zu of %lu bytes)", a->source.name, here(a), frame, got,
                    (unsigned long)c->size);
    snprintf(name, sizeof name, "%s: frame %zu", a->source.name, frame);
    if ((status = jpeg_decode_at(&p, name, a->bytes, got, c->at + 8, e))) return status;
    if ((status = check_size(a, &p, c, frame, e))) {
        picture_free(&p);
        return status;
    }
    if (a->picture.planes) picture_free(&a->picture);
    a->picture = p;
    return skip_chunk(a, c, e);
}

static enum status next_frame(struct avi *a, size_t frame, int *end, struct err *e)
{
    struct chunk c;
    enum status status = next_frame_chunk(a, &c, end, e);
    if (status || *end) return status;
    if (c.size == 0 && a->picture.planes) return OK;        /* the frame before, once more */
    if (c.size == 0) return fail(e, E_DATA, "%s: byte %llu: the first frame is empty", a->source.name, (unsigned long long)c.at);
    return decode_frame(a, &c, frame, e);
}

static enum status avi_read(struct video *v, struct picture *p, int *end, struct err *e)
{
    struct avi *a = v->owner;
    *end = 0;
    if (!a->waiting) {
        enum status status = next_frame(a, v->frames, end, e);
        if (status || *end) return status;
    }
    a->waiting = 0;
    *p = a->picture;
    p->format = v->format;
    return OK;
}

static void avi_free(struct avi *a)
{
    source_close(&a->source);
    if (a->picture.planes) picture_free(&a->picture);
    free(a->bytes);
    free(a);
}

static void avi_close(struct video *v)
{
    avi_free(v->owner);
    v->owner = NULL;
}

static struct rational frame_rate(const struct avi *a)
{
    uint32_t x = a->rate, y = a->scale;
    if (x == 0 || y == 0) return (struct rational){ 0, 1 };
    while (y) {
        uint32_t rest = x % y;
        x = y;
        y = rest;
    }
    return (struct rational){ a->rate / x, a->scale / x };
}

enum status avi_start(struct video *v, struct source *s, struct err *e)
{
    int end = 0;
    struct avi *a = calloc(1, sizeof *a);
    if (!a) {
        fail(e, E_MEMORY, "%s: byte 0: no memory to read it", s->name);
        source_close(s);
        return E_MEMORY;
    }
    a->source = *s;
    memset(s, 0, sizeof *s);
    a->level[0].end = UINT64_MAX;
    a->video = -1;
    /* the first frame tells how chroma is sampled */
    enum status status = next_frame(a, 0, &end, e);
    if (!status && end) status = fail(e, E_DATA, "%s: byte %llu: no frames", a->source.name, here(a));
    if (status) {
        avi_free(a);
        return status;
    }
    a->waiting = 1;
    v->format = a->picture.format;
    v->format.rate = frame_rate(a);
    v->read = avi_read;
    v->close = avi_close;
    v->owner = a;
    return OK;
}

enum status avi_open(struct video *v, const char *path, struct err *e)
{
    struct source s;
    memset(v, 0, sizeof *v);
    v->path = path;
    enum status status = source_file(&s, path, e);
    return status ? status : avi_start(v, &s, e);
}
