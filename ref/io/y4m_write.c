/* y4m_write -- YUV4MPEG2 as FFmpeg writes it, byte for byte: tokens W H F I A C, then the
 * older spelling XYSCSS= and XCOLORRANGE= when the range is known.
 *
 * 4:2:0 of unknown siting becomes 420jpeg; a rate or aspect that is not known is 0:0; words
 * are little-endian.  Written to a temporary name until y4m_commit.
 * Errors: E_UNSUPPORTED for formats that have no tag (RGB, 4:4:0, deep 4:1:1, mixed fields),
 * E_ARG for a picture of another format, E_OPEN.
 * Source: libavformat/yuv4mpegenc.c (filters.md 16.2). */
#include "private.h"
#include "video.h"

#include <stdio.h>
#include <string.h>

/* The C tag and XYSCSS of a format; 0 when it has none. */
static int find_tag(const struct picture_format *f, char c[16], char old[16])
{
    static const struct { enum layout layout; const char *c, *old; } byte[] = {
        { LAYOUT_411, "411", "411" }, { LAYOUT_422, "422", "422" }, { LAYOUT_444, "444", "444" },
        { LAYOUT_444A, "444alpha", "444" }, { LAYOUT_GRAY, "mono", "" },
    };
    static const char *const sited[][2] = {
        [SITING_UNKNOWN] = { "420jpeg", "420JPEG" }, [SITING_CENTRE] = { "420jpeg", "420JPEG" },
        [SITING_LEFT] = { "420mpeg2", "420MPEG2" }, [SITING_TOP_LEFT] = { "420paldv", "420PALDV" },
    };
    const char *deep = f->layout == LAYOUT_420 ? "420" : f->layout == LAYOUT_422 ? "422" : f->layout == LAYOUT_444 ? "444" : NULL;
    c[0] = old[0] = 0;
    if (f->depth == 8 && f->layout == LAYOUT_420) {
        strcpy(c, sited[f->siting][0]);
        strcpy(old, sited[f->siting][1]);
    } else if (f->depth == 8) {
        for (size_t i = 0; i < LEN(byte); i++) {
            if (byte[i].layout != f->layout) continue;
            strcpy(c, byte[i].c);
            strcpy(old, byte[i].old);
        }
    } else if (f->depth == 9 || f->depth == 10 || f->depth == 12 || f->depth == 14 || f->depth == 16) {
        if (deep) {
            snprintf(c, 16, "%sp%d", deep, f->depth);
            snprintf(old, 16, "%sP%d", deep, f->depth);
        } else if (f->layout == LAYOUT_GRAY && f->depth != 14) {
            snprintf(c, 16, "mono%d", f->depth);
        }
    }
    return c[0] != 0;
}

enum status y4m_create(struct y4m_writer *w, const char *path, const struct picture_format *f, struct err *e)
{
    char header[256], c[16], old[16];
    memset(w, 0, sizeof *w);
    if (!find_tag(f, c, old))
        return fail(e, E_UNSUPPORTED, "%s: cannot write: Y4M has no tag for %s with %d bits", path_tail(path),
                    f->layout == LAYOUT_RGB ? "RGB" : f->layout == LAYOUT_440 ? "4:4:0" : "this layout", f->depth);
    if (f->interlace == 'm')
        return fail(e, E_UNSUPPORTED, "%s: cannot write: mixed interlacing is not supported", path_tail(path));
    struct rational none = { 0, 0 }, rate = f->rate.num ? f->rate : none, aspect = f->aspect.num ? f->aspect : none;
    snprintf(header, sizeof header, "YUV4MPEG2 W%zu H%zu F%jd:%jd I%c A%jd:%jd C%s%s%s%s\n", f->width, f->height,
             (intmax_t)rate.num, (intmax_t)rate.den, f->interlace ? f->interlace : '?', (intmax_t)aspect.num,
             (intmax_t)aspect.den, c, old[0] ? " XYSCSS=" : "", old,
             f->range == RANGE_FULL ? " XCOLORRANGE=FULL" : f->range == RANGE_LIMITED ? " XCOLORRANGE=LIMITED" : "");
    w->format = *f;
    enum status status = file_writer_open(&w->file, path, e);
    if (status) return status;
    status = file_writer_add(&w->file, header, strlen(header), e);
    if (status) file_writer_discard(&w->file);
    return status;
}

enum status y4m_write(struct y4m_writer *w, const struct picture *p, struct err *e)
{
    const struct picture_format *f = &w->format;
    if (p->format.width != f->width || p->format.height != f->height || p->format.layout != f->layout ||
        p->format.depth != f->depth)
        return fail(e, E_ARG, "%s: cannot write: a frame of another format than the first", path_tail(w->file.path));
    enum status status = file_writer_add(&w->file, "FRAME\n", 6, e);
    for (int i = 0; i < p->planes && !status; i++)
        for (size_t y = 0; y < p->plane[i].height && !status; y++)
            status = write_little_endian(&w->file, p->plane[i].data + y * p->plane[i].stride, f->depth > 8 ? 2 : 1,
                                         p->plane[i].width, e);
    return status;
}

enum status y4m_commit(struct y4m_writer *w, struct err *e) { return file_writer_commit(&w->file, e); }

void y4m_discard(struct y4m_writer *w) { file_writer_discard(&w->file); }
