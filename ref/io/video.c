/* video -- which reader a file needs, and what all of them promise.
 *
 *   "YUV4MPEG2"                  y4m.c      "P1".."P7" and white space     pnm.c
 *   FF D8 FF                     jpeg.c     "RIFF" <4 bytes> "AVI "        avi.c
 *   a path with one %05d         sequence.c    anything else               ffmpeg.c
 *
 * A pipe can be Y4M or PNM only: the other readers would have to open it a second time.
 * path must outlive the video.
 * Errors: those of the readers; E_UNSUPPORTED when a frame has another format than the first;
 * E_DATA for an empty file.
 * Source: yuv4mpeg(5); Netpbm; ITU T.81 B.1.1.3; Microsoft RIFF. */
#include "private.h"
#include "source.h"

#include <string.h>

enum kind { KIND_Y4M, KIND_PNM, KIND_JPEG, KIND_AVI, KIND_OTHER };

static enum kind sniff(const unsigned char *s, size_t n)
{
    if (n >= 9 && !memcmp(s, "YUV4MPEG2", 9)) return KIND_Y4M;
    if (n >= 3 && s[0] == 'P' && s[1] >= '1' && s[1] <= '7' && (s[2] == ' ' || s[2] == '#' || (s[2] >= '\t' && s[2] <= '\r')))
        return KIND_PNM;
    if (n >= 3 && s[0] == 0xFF && s[1] == 0xD8 && s[2] == 0xFF) return KIND_JPEG;
    if (n >= 12 && !memcmp(s, "RIFF", 4) && !memcmp(s + 8, "AVI ", 4)) return KIND_AVI;
    return KIND_OTHER;
}

enum status video_open(struct video *v, const char *path, struct err *e)
{
    struct source s;
    const unsigned char *first;
    size_t n;
    memset(v, 0, sizeof *v);
    v->path = path;
    if (sequence_pattern(path)) return sequence_open(v, path, e);
    enum status status = source_file(&s, path, e);
    if (status) return status;
    status = source_peek(&s, 12, &first, &n, e);
    enum kind kind = sniff(first, n);
    if (status || n == 0 || (!s.regular && kind > KIND_PNM)) {
        if (!status && n == 0) status = fail(e, E_DATA, "%s: byte 0: the file is empty", path_tail(path));
        else if (!status) status = fail(e, E_UNSUPPORTED, "%s: byte 0: a pipe must bring Y4M or PNM", path_tail(path));
        source_close(&s);
        return status;
    }
    if (kind == KIND_Y4M) return y4m_start(v, &s, e);
    if (kind == KIND_PNM) return pnm_start(v, &s, e);
    source_close(&s);
    if (kind == KIND_JPEG) return jpeg_open(v, path, e);
    return kind == KIND_AVI ? avi_open(v, path, e) : ffmpeg_open(v, path, e);
}

static const char *const layouts[LAYOUTS] = { "gray", "4:2:0", "4:2:2", "4:4:4", "4:4:0", "4:1:1", "4:4:4 with alpha", "RGB" };

enum status video_next(struct video *v, struct picture *p, int *end, struct err *e)
{
    const struct picture_format *a = &v->format, *b = &p->format;
    const size_t frame = v->frames;
    *end = 0;
    enum status status = v->read(v, p, end, e);
    v->frames = frame;
    if (status || *end) return status;
    if (a->width != b->width || a->height != b->height || a->layout != b->layout || a->depth != b->depth)
        return fail(e, E_UNSUPPORTED, "%s: frame %zu has another size or layout (%zux%zu %s, %d bits) than the first (%zux%zu %s, "
                    "%d bits)", v->path ? path_tail(v->path) : "clip", frame, b->width, b->height, layouts[b->layout], b->depth,
                    a->width, a->height, layouts[a->layout], a->depth);
    v->frames = frame + 1;
    return OK;
}

struct rational video_time(const struct video *v)
{
    if (!v->frames || v->format.rate.num <= 0) return (struct rational) { 0, 1 };
    /* frame * den / num; what divides frame or den is taken out before it can overflow */
    int64_t frame = (int64_t)(v->frames - 1), den = v->format.rate.den, num = v->format.rate.num;
    int64_t factors[] = { frame, den };
    for (size_t i = 0; i < LEN(factors); i++) {
        int64_t a = factors[i], b = num;
        while (b) { int64_t r = a % b; a = b; b = r; }
        factors[i] /= a;
        num /= a;
    }
    return (struct rational) { factors[0] * factors[1], num };
}

void video_close(struct video *v)
{
    if (v->close) v->close(v);
    memset(v, 0, sizeof *v);
}
