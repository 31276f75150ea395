/* pnm -- the portable graymaps and pixmaps of Netpbm: P2 P3 (text), P5 P6 (binary); read one
 * picture at a time, and written.
 *
 *   magic, white space, width, height, maxval, one white space, samples row by row
 *
 * '#' begins a comment up to the end of its line, before maxval anywhere, and between the
 * samples of text.  Binary samples have one byte up to maxval 255 and two above, big-endian.
 * Pictures that follow each other in one file are the frames of a video.
 * Samples stay as stored: maxval must be 2^k - 1 with k from 8 to 16, and k is the depth;
 * other maxvals would need a scale, and are refused by name.  Range is full.
 * Memory: one picture.  Errors: E_DATA with the byte and the frame, E_UNSUPPORTED for P1 P4 P7,
 * other maxvals and sizes, E_OPEN, E_MEMORY.
 * Source: netpbm.sourceforge.net/doc/pgm.html, ppm.html. */
#include "private.h"
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_READ = 100000000 };

struct pnm {
    struct source source;
    struct picture_format format;       /* of the picture whose samples come next */
    int text;                           /* P2 or P3 */
    int begun;                          /* format is that of a header already taken */
    unsigned char *memory;
    size_t room;
};

static enum status bad(const struct pnm *m, enum status status, size_t frame, const char *rule, struct err *e)
{
    return fail(e, status, "%s: byte %ju: frame %zu: %s", m->source.name, (uintmax_t)m->source.offset, frame, rule);
}

static int is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Takes white space and comments; *c is the byte behind them, taken too. */
static enum status skip_space(struct source *s, int *c, struct err *e)
{
    int comment = 0;
    enum status status;
    do {
        status = source_byte(s, c, e);
        if (*c == '#') comment = 1;
        else if (*c == '\n' || *c == '\r') comment = 0;
    } while (!status && *c >= 0 && (comment || is_space(*c)));
    return status;
}

/* A decimal number up to `most` (at most SIDE_READ: ten times that must fit) and the one byte behind it. */
static enum status read_number(struct pnm *m, size_t frame, const char *what, uint32_t most, uint32_t *out, int *after,
                               struct err *e)
{
    int c;
    uint32_t v = 0;
    enum status status = skip_space(&m->source, &c, e);
    if (status) return status;
    uint64_t at = m->source.offset - (c >= 0);
    if (c < '0' || c > '9')
        return fail(e, E_DATA, "%s: byte %ju: frame %zu: %s %s", m->source.name, (uintmax_t)at, frame,
                    c < 0 ? "file ends before the" : "there is no number for the", what);
    while (!status && c >= '0' && c <= '9') {
        v = v * 10 + (uint32_t)(c - '0');
        if (v > most)
            return fail(e, E_DATA, "%s: byte %ju: frame %zu: %s is larger than %u", m->source.name, (uintmax_t)at, frame,
                        what, (unsigned)most);
        status = source_byte(&m->source, &c, e);
    }
    if (!status && c >= 0 && c != '#' && !is_space(c))
        return fail(e, E_DATA, "%s: byte %ju: frame %zu: %s is not followed by white space", m->source.name,
                    (uintmax_t)m->source.offset - 1, frame, what);
    *out = v;
    *after = c;
    return status;
}

/* A comment right behind a number ends it, and has to be skipped whole. */
static enum status end_comment(struct source *s, int after, struct err *e)
{
    enum status status = OK;
    for (int c = after; !status && after == '#' && c >= 0 && c != '\n' && c != '\r'; ) status = source_byte(s, &c, e);
    return status;
}

static enum status read_magic(struct pnm *m, size_t frame, int *end, struct err *e)
{
    int p, digit = -1;
    enum status status = source_byte(&m->source, &p, e);
    /* text pictures end with a newline, or with what their writer put there */
    while (!status && frame && m->text && is_space(p)) status = source_byte(&m->source, &p, e);
    if (!status && p < 0 && frame) { *end = 1; return OK; }
    if (!status && p == 'P') status = source_byte(&m->source, &digit, e);
    if (status) return status;
    if (digit == '1' || digit == '4' || digit == '7')
        return fail(e, E_UNSUPPORTED, "%s: byte %ju: frame %zu: P%c pictures are not supported, only P2 P3 P5 P6",
                    m->source.name, (uintmax_t)m->source.offset - 2, frame, digit);
    if (p != 'P' || digit < '2' || digit > '6')
        return bad(m, E_DATA, frame, frame ? "bytes behind the picture are no further picture" : "no P2, P3, P5 or P6", e);
    m->text = digit <= '3';
    m->format = (struct picture_format) {
        .layout = digit == '2' || digit == '5' ? LAYOUT_GRAY : LAYOUT_RGB,
        .range = RANGE_FULL, .interlace = 'p', .rate = { 0, 1 }, .aspect = { 0, 1 },
    };
    return OK;
}

static enum status read_header(struct pnm *m, size_t frame, int *end, struct err *e)
{
    static const char *const names[] = { "width", "height", "maxval" };
    uint32_t v[3];
    int after = 0;
    enum status status = read_magic(m, frame, end, e);
    if (status || *end) return status;
    status = source_byte(&m->source, &after, e);
    if (!status && !is_space(after) && after != '#') return bad(m, E_DATA, frame, "no white space behind the magic", e);
    for (int i = 0; i < 3 && !status; i++) {
        status = end_comment(&m->source, after, e);
        if (!status) status = read_number(m, frame, names[i], i < 2 ? SIDE_READ : 65535, &v[i], &after, e);
        if (!status && v[i] == 0) return fail(e, E_DATA, "%s: byte %ju: frame %zu: %s is 0", m->source.name,
                                              (uintmax_t)m->source.offset - 1, frame, names[i]);
    }
    if (status) return status;
    if (after < 0 || after == '#')
        return bad(m, E_DATA, frame, "one white space stands between maxval and the samples", e);
    if (v[0] > MAX_SIDE || v[1] > MAX_SIDE)
        return bad(m, E_UNSUPPORTED, frame, "a side of more than 32768 samples is not supported", e);
    for (m->format.depth = 8; m->format.depth < 16 && v[2] >> m->format.depth; m->format.depth++) {}
    if (v[2] != ((uint32_t)1 << m->format.depth) - 1)
        return fail(e, E_UNSUPPORTED, "%s: byte %ju: frame %zu: maxval %u is not supported, only 2^k - 1 from 255 to 65535",
                    m->source.name, (uintmax_t)m->source.offset - 1, frame, (unsigned)v[2]);
    m->format.width = v[0];
    m->format.height = v[1];
    if (picture_bytes(&m->format) == SIZE_MAX)
        return bad(m, E_MEMORY, frame, "a picture does not fit the memory of this machine", e);
    m->begun = 1;
    return OK;
}

static enum status read_binary(struct pnm *m, size_t bytes, size_t frame, struct err *e)
{
    size_t got;
    const uint32_t most = ((uint32_t)1 << m->format.depth) - 1;
    enum status status = source_grow(&m->source, &m->memory, &m->room, bytes, &got, e);
    if (status) return status;
    if (got < bytes)
        return fail(e, E_DATA, "%s: byte %ju: frame %zu ends early (%zu of %zu bytes)", m->source.name,
                    (uintmax_t)m->source.offset, frame, got, bytes);
    for (size_t i = 0; m->format.depth > 8 && i < bytes; i += 2) {
        const uint16_t v = (uint16_t)(m->memory[i] << 8 | m->memory[i + 1]);
        if (v > most)
            return fail(e, E_DATA, "%s: byte %ju: frame %zu: sample %u is larger than maxval %u", m->source.name,
                        (uintmax_t)(m->source.offset - bytes + i), frame, (unsigned)v, (unsigned)most);
        memcpy(m->memory + i, &v, 2);
    }
    return OK;
}

static enum status read_text(struct pnm *m, size_t bytes, size_t frame, struct err *e)
{
    const size_t each = m->format.depth > 8 ? 2 : 1;
    enum { FIRST = 1 << 16 };
    for (size_t at = 0; at < bytes; at += each) {
        uint32_t v;
        int after;
        enum status status = read_number(m, frame, "sample", ((uint32_t)1 << m->format.depth) - 1, &v, &after, e);
        if (!status) status = end_comment(&m->source, after, e);
        if (status) return status;
        if (m->room - at < each) {                    /* a sample takes two bytes of the file: no room is made for lies */
            size_t size = m->room < FIRST ? FIRST : m->room < bytes / 2 ? m->room * 2 : bytes;
            unsigned char *larger = realloc(m->memory, size);
            if (!larger) return bad(m, E_MEMORY, frame, "no memory for the picture", e);
            m->memory = larger;
            m->room = size;
        }
        const unsigned char byte = (unsigned char)v;
        const uint16_t word = (uint16_t)v;
        if (each == 1) m->memory[at] = byte;
        else memcpy(m->memory + at, &word, 2);
    }
    return OK;
}

static enum status pnm_read(struct video *v, struct picture *p, int *end, struct err *e)
{
    struct pnm *m = v->owner;
    const size_t frame = v->frames;
    enum status status = OK;
    if (!m->begun) status = read_header(m, frame, end, e);
    if (status || *end) return status;
    size_t bytes = picture_bytes(&m->format);
    status = m->text ? read_text(m, bytes, frame, e) : read_binary(m, bytes, frame, e);
    if (status) return status;
    m->begun = 0;
    picture_layout(p, &m->format, m->memory);
    return OK;
}

static void pnm_close(struct video *v)
{
    struct pnm *m = v->owner;
    source_close(&m->source);
    free(m->memory);
    free(m);
    v->owner = NULL;
}

enum status pnm_start(struct video *v, struct source *s, struct err *e)
{
    int end = 0;
    struct pnm *m = calloc(1, sizeof *m);
    if (!m) {
        fail(e, E_MEMORY, "%s: byte 0: no memory to read it", s->name);
        source_close(s);
        return E_MEMORY;
    }
    m->source = *s;
    memset(s, 0, sizeof *s);
    v->owner = m;
    enum status status = read_header(m, 0, &end, e);
    if (status) {
        pnm_close(v);
        return status;
    }
    v->format = m->format;
    v->read = pnm_read;
    v->close = pnm_close;
    return OK;
}

enum status pnm_open(struct video *v, const char *path, struct err *e)
{
    struct source s;
    memset(v, 0, sizeof *v);
    v->path = path;
    enum status status = source_file(&s, path, e);
    return status ? status : pnm_start(v, &s, e);
}

/* ---- writing ---- */

enum status pnm_write(const char *path, const struct picture *p, struct err *e)
{
    struct file_writer w;
    char header[80];
    const struct picture_format *f = &p->format;
    const size_t each = f->depth > 8 ? 2 : 1, row = f->width * (f->layout == LAYOUT_RGB ? 3 : 1);
    if (f->layout != LAYOUT_GRAY && f->layout != LAYOUT_RGB)
        return fail(e, E_UNSUPPORTED, "%s: cannot write: PNM holds gray or RGB", path_tail(path));
    snprintf(header, sizeof header, "P%c\n%zu %zu\n%u\n", f->layout == LAYOUT_RGB ? '6' : '5', f->width, f->height,
             (unsigned)(((uint32_t)1 << f->depth) - 1));
    enum status status = file_writer_open(&w, path, e);
    if (status) return status;
    status = file_writer_add(&w, header, strlen(header), e);
    for (size_t y = 0; y < f->height && !status; y++) {
        const unsigned char *from = p->plane[0].data + y * p->plane[0].stride;
        unsigned char part[4096];
        if (each == 1) { status = file_writer_add(&w, from, row, e); continue; }
        for (size_t x = 0, n; x < row && !status; x += n) {
            n = row - x < sizeof part / 2 ? row - x : sizeof part / 2;
            for (size_t i = 0; i < n; i++) {
                uint16_t v;
                memcpy(&v, from + (x + i) * 2, 2);
                part[2 * i] = (unsigned char)(v >> 8);
                part[2 * i + 1] = (unsigned char)v;
            }
            status = file_writer_add(&w, part, 2 * n, e);
        }
    }
    if (status) { file_writer_discard(&w); return status; }
    return file_writer_commit(&w, e);
}
