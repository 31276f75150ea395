/* y4m -- YUV4MPEG2, raw planes behind a line of text; read one frame at a time, and written.
 *
 *   YUV4MPEG2 W<int> H<int> [F<n>:<d>] [I<p|t|b|?>] [A<n>:<d>] [C<tag>] [X<comment>]... LF
 *   then per frame:  FRAME [I<...>] [X<comment>]... LF, planes Y, U, V (and alpha)
 *
 * Planes have no padding, chroma sizes round up, more than 8 bits are 16-bit little-endian
 * words.  W and H are required.  Without C the picture is 8-bit 4:2:0 of unknown siting,
 * unless the older spelling XYSCSS= says more.  XCOLORRANGE= is FULL or LIMITED.  F and A:
 * 0:0, or nothing, is "not known" and stays so: 0/1.
 * Stricter than libavformat, so that nothing is guessed: tags are matched whole, a token
 * may appear once, one that is neither known nor begins with X is refused, so are a carriage
 * return, mixed interlacing, and samples with more bits than the tag says.
 * Memory: one frame.  Errors: E_DATA with the byte (and the frame), E_UNSUPPORTED for tags and
 * sizes outside of the list, E_OPEN, E_MEMORY.
 * Source: mjpegtools, yuv4mpeg(5) (line length: Y4M_LINE_MAX of yuv4mpeg.h); tags and their
 * meaning: libavformat/yuv4mpegdec.c, yuv4mpegenc.c (filters.md 16.2). */
#include "private.h"
#include "source.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 256 };                    /* bytes of a line with its newline */

static const char magic[] = "YUV4MPEG2";

static const struct tag { const char *c, *xyscss; enum layout layout; int depth; enum siting siting; } tags[] = {
    { "420jpeg", "420JPEG", LAYOUT_420, 8, SITING_CENTRE },
    { "420mpeg2", "420MPEG2", LAYOUT_420, 8, SITING_LEFT },
    { "420paldv", "420PALDV", LAYOUT_420, 8, SITING_TOP_LEFT },
    { "420", "420", LAYOUT_420, 8, SITING_CENTRE },
    { "411", "411", LAYOUT_411, 8, SITING_UNKNOWN },
    { "422", "422", LAYOUT_422, 8, SITING_UNKNOWN },
    { "444", "444", LAYOUT_444, 8, SITING_UNKNOWN },
    { "444alpha", NULL, LAYOUT_444A, 8, SITING_UNKNOWN },
    { "mono", NULL, LAYOUT_GRAY, 8, SITING_UNKNOWN },
#define DEEP(bits) \
    { "420p" #bits, "420P" #bits, LAYOUT_420, bits, SITING_UNKNOWN }, \
    { "422p" #bits, "422P" #bits, LAYOUT_422, bits, SITING_UNKNOWN }, \
    { "444p" #bits, "444P" #bits, LAYOUT_444, bits, SITING_UNKNOWN }
    DEEP(9), DEEP(10), DEEP(12), DEEP(14), DEEP(16),
#undef DEEP
    { "mono9", NULL, LAYOUT_GRAY, 9, SITING_UNKNOWN },
    { "mono10", NULL, LAYOUT_GRAY, 10, SITING_UNKNOWN },
    { "mono12", NULL, LAYOUT_GRAY, 12, SITING_UNKNOWN },
    { "mono16", NULL, LAYOUT_GRAY, 16, SITING_UNKNOWN },
};

struct y4m {
    struct source source;
    unsigned char *memory;              /* the frame, grown while the first one is read */
    size_t room;
};

/* ---- lines and tokens ---- */

struct line { char s[LINE + 1]; size_t n; uint64_t start; };

/* A line of text without its line feed; `what` names it in messages. */
static enum status read_line(struct source *s, struct line *line, const char *what, struct err *e)
{
    line->n = 0;
    line->start = s->offset;
    for (;;) {
        int c;
        enum status status = source_byte(s, &c, e);
        if (status) return status;
        if (c == '\n') break;
        if (c < 0)
            return fail(e, E_DATA, "%s: byte %ju: file ends inside the %s", s->name, (uintmax_t)s->offset, what);
        if (c == '\r')
            return fail(e, E_DATA, "%s: byte %ju: carriage return in the %s, lines end with a line feed alone", s->name,
                        (uintmax_t)s->offset - 1, what);
        if (c < ' ')
            return fail(e, E_DATA, "%s: byte %ju: control character 0x%02x in the %s", s->name,
                        (uintmax_t)s->offset - 1, (unsigned)c, what);
        if (line->n == LINE - 1)
            return fail(e, E_DATA, "%s: byte %ju: no line feed within the %d bytes that a %s may have", s->name,
                        (uintmax_t)line->start, LINE, what);
        line->s[line->n++] = (char)c;
    }
    line->s[line->n] = 0;
    return OK;
}

/* Where a token of the header stands, for messages. */
struct token { const struct source *source; uint64_t at; const char *s; size_t n; struct err *e; };

static enum status bad_token(const struct token *t, enum status status, const char *rule)
{
    char found[SHOWN];
    return fail(t->e, status, "%s: byte %ju: %s, found \"%s\"", t->source->name, (uintmax_t)t->at, rule,
                show(found, t->s, t->n));
}

/* The decimal number from s[*i] on, at most 2^31-1; 0 when there is none. */
static int number(const struct token *t, size_t *i, int64_t *out)
{
    size_t first = *i;
    int64_t v = 0;
    for (; *i < t->n && t->s[*i] >= '0' && t->s[*i] <= '9'; ++*i) {
        v = v * 10 + (t->s[*i] - '0');
        if (v > INT32_MAX) return 0;
    }
    *out = v;
    return *i > first;
}

static enum status read_side(const struct token *t, size_t *side)
{
    size_t i = 1;
    int64_t v;
    if (!number(t, &i, &v) || i != t->n || v == 0)
        return bad_token(t, E_DATA, "width and height are whole numbers from 1 to 32768");
    if (v > MAX_SIDE) return bad_token(t, E_UNSUPPORTED, "a side of more than 32768 samples is not supported");
    *side = (size_t)v;
    return OK;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) { int64_t r = a % b; a = b; b = r; }
    return a;
}

static enum status read_ratio(const struct token *t, struct rational *out)
{
    size_t i = 1;
    int64_t n, d;
    if (!number(t, &i, &n) || i == t->n || t->s[i++] != ':' || !number(t, &i, &d) || i != t->n)
        return bad_token(t, E_DATA, "a ratio is two whole numbers up to 2147483647 with a colon between");
    if (!n != !d) return bad_token(t, E_DATA, "a ratio has two positive numbers, or is 0:0");
    int64_t g = n ? gcd(n, d) : 1;
    *out = (struct rational) { n / g, n ? d / g : 1 };
    return OK;
}

static enum status read_interlace(const struct token *t, char *interlace)
{
    if (t->n != 2 || !strchr("ptbm?", t->s[1])) return bad_token(t, E_DATA, "interlacing is one of p t b m ?");
    if (t->s[1] == 'm') return bad_token(t, E_UNSUPPORTED, "mixed interlacing is not supported");
    *interlace = t->s[1];
    return OK;
}

static int same(const char *name, const char *s, size_t n) { return name && strlen(name) == n && !memcmp(name, s, n); }

static enum status set_tag(const struct token *t, size_t skip, int older, struct picture_format *f)
{
    for (size_t i = 0; i < LEN(tags); i++) {
        if (!same(older ? tags[i].xyscss : tags[i].c, t->s + skip, t->n - skip)) continue;
        f->layout = tags[i].layout;
        f->depth = tags[i].depth;
        f->siting = older ? SITING_UNKNOWN : tags[i].siting;      /* as FFmpeg takes it */
        return OK;
    }
    return bad_token(t, E_UNSUPPORTED, "this colour space is not supported");
}

/* ---- stream header ---- */

static const char xyscss[] = "XYSCSS=", range[] = "XCOLORRANGE=";

static int begins(const struct token *t, const char *word)
{
    size_t n = strlen(word);
    return t->n >= n && !memcmp(t->s, word, n);
}

/* One token; `older` keeps XYSCSS= for when C is known to be absent. */
static enum status read_token(const struct token *t, struct picture_format *f, struct token *older)
{
    switch (t->s[0]) {
    case 'W': return read_side(t, &f->width);
    case 'H': return read_side(t, &f->height);
    case 'F': return read_ratio(t, &f->rate);
    case 'A': return read_ratio(t, &f->aspect);
    case 'I': return read_interlace(t, &f->interlace);
    case 'C': return set_tag(t, 1, 0, f);
    case 'X':
        if (begins(t, xyscss)) {
            *older = *t;
        } else if (begins(t, range)) {
            const char *value = t->s + strlen(range);
            size_t n = t->n - strlen(range);
            if (same("FULL", value, n)) f->range = RANGE_FULL;
            else if (same("LIMITED", value, n)) f->range = RANGE_LIMITED;
            else return bad_token(t, E_DATA, "XCOLORRANGE is FULL or LIMITED");
        }
        return OK;
    default: return bad_token(t, E_DATA, "a token begins with W H F I A C or X");
    }
}

static enum status read_header(struct source *s, struct picture_format *f, struct err *e)
{
    static const char letters[] = "WHFIACX";
    int seen[sizeof letters] = { 0 };
    struct line line;
    struct token older = { 0 };
    enum status status = read_line(s, &line, "stream header", e);
    size_t m = strlen(magic);
    if (status) return status;
    if (line.n < m || memcmp(line.s, magic, m) || (line.n > m && line.s[m] != ' '))
        return fail(e, E_DATA, "%s: byte 0: does not start with %s", s->name, magic);
    *f = (struct picture_format) { .layout = LAYOUT_420, .depth = 8, .interlace = '?', .rate = { 0, 1 }, .aspect = { 0, 1 } };
    for (size_t i = m, n; i < line.n; i += n) {
        for (; line.s[i] == ' '; i++) {}
        n = strcspn(line.s + i, " ");
        if (!n) break;
        struct token t = { s, line.start + i, line.s + i, n, e };
        const char *letter = strchr(letters, t.s[0]);
        int comment = t.s[0] == 'X';
        if (letter && !comment && seen[letter - letters]++) return bad_token(&t, E_DATA, "a token appears twice");
        status = read_token(&t, f, &older);
        if (status) return status;
    }
    if (!f->width || !f->height)
        return fail(e, E_DATA, "%s: byte 0: stream header has no %s", s->name, f->width ? "height (H)" : "width (W)");
    if (!seen[strchr(letters, 'C') - letters] && older.s) return set_tag(&older, strlen(xyscss), 1, f);
    return OK;
}

/* ---- frames ---- */

/* Words of this machine, none above the depth: what follows may index tables by them. */
static enum status finish_words(struct y4m *y, const struct picture_format *f, size_t bytes, size_t frame, struct err *e)
{
    const uint32_t most = ((uint32_t)1 << f->depth) - 1;
    for (size_t i = 0; i < bytes; i += 2) {
        const uint16_t v = (uint16_t)(y->memory[i] | y->memory[i + 1] << 8);
        if (v > most)
            return fail(e, E_DATA, "%s: byte %ju: frame %zu: sample %u has more than %d bits", y->source.name,
                        (uintmax_t)(y->source.offset - bytes + i), frame, (unsigned)v, f->depth);
        memcpy(y->memory + i, &v, 2);
    }
    return OK;
}

static enum status read_frame_line(struct y4m *y, size_t frame, struct err *e)
{
    struct line line;
    enum status status = read_line(&y->source, &line, "FRAME line", e);
    if (status) return status;
    if (line.n < 5 || memcmp(line.s, "FRAME", 5) || (line.n > 5 && line.s[5] != ' ')) {
        char found[SHOWN];
        return fail(e, E_DATA, "%s: byte %ju: frame %zu does not begin with FRAME, found \"%s\"", y->source.name,
                    (uintmax_t)line.start, frame, show(found, line.s, line.n < 16 ? line.n : 16));
    }
    for (size_t i = 5, n; i < line.n; i += n) {
        for (; line.s[i] == ' '; i++) {}
        n = strcspn(line.s + i, " ");
        struct token t = { &y->source, line.start + i, line.s + i, n, e };
        if (n && t.s[0] != 'X' && t.s[0] != 'I')
            return bad_token(&t, E_DATA, "a parameter of FRAME begins with I or X");
    }
    return OK;
}

static enum status y4m_read(struct video *v, struct picture *p, int *end, struct err *e)
{
    struct y4m *y = v->owner;
    const unsigned char *next;
    size_t n, bytes = picture_bytes(&v->format), frame = v->frames;
    enum status status = source_peek(&y->source, 1, &next, &n, e);
    if (status) return status;
    if (!n) {
        *end = 1;
        return y->source.ended ? y->source.ended(&y->source, e) : OK;
    }
    status = read_frame_line(y, frame, e);
    if (status) return status;
    status = source_grow(&y->source, &y->memory, &y->room, bytes, &n, e);
    if (status) return status;
    if (n < bytes) {
        /* a program that broke off knows better why */
        status = y->source.ended ? y->source.ended(&y->source, e) : OK;
        return status ? status : fail(e, E_DATA, "%s: byte %ju: frame %zu ends early (%zu of %zu bytes)", y->source.name,
                                      (uintmax_t)y->source.offset, frame, n, bytes);
    }
    if (v->format.depth > 8) {
        status = finish_words(y, &v->format, bytes, frame, e);
        if (status) return status;
    }
    picture_layout(p, &v->format, y->memory);
    return OK;
}

static void y4m_close(struct video *v)
{
    struct y4m *y = v->owner;
    source_close(&y->source);
    free(y->memory);
    free(y);
    v->owner = NULL;
}

enum status y4m_start(struct video *v, struct source *s, struct err *e)
{
    struct y4m *y = calloc(1, sizeof *y);
    enum status status = y ? read_header(s, &v->format, e)
                           : fail(e, E_MEMORY, "%s: byte 0: no memory to read it", s->name);
    if (!status && picture_bytes(&v->format) == SIZE_MAX)
        status = fail(e, E_MEMORY, "%s: byte 0: a frame does not fit the memory of this machine", s->name);
    if (status) {
        free(y);
        source_close(s);
        return status;
    }
    y->source = *s;
    memset(s, 0, sizeof *s);
    v->owner = y;
    v->read = y4m_read;
    v->close = y4m_close;
    return OK;
}

enum status y4m_open(struct video *v, const char *path, struct err *e)
{
    struct source s;
    memset(v, 0, sizeof *v);
    v->path = path;
    enum status status = source_file(&s, path, e);
    return status ? status : y4m_start(v, &s, e);
}
