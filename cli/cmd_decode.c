#include "cli.h"
#include "../ref/image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char help_decode[] =
    "usage: goldreel decode CLIP -o OUT [OPTION...]\n\n"
    "CLIP is Y4M, PNM (P2 P3 P5 P6), JPEG, AVI with MJPEG, numbered pictures (frames/%05d.ppm),\n"
    "or whatever an ffmpeg program on PATH decodes.\n\n"
    "  -o FILE.y4m          planes as stored, every frame; RGB has no place in Y4M\n"
    "  -o FILE.ppm          one frame as 8-bit RGB: the exact formula, rounded, nearest chroma\n"
    "  -o FILE.pgm          one frame's luma plane as stored\n"
    "  -o NAME%05d.ppm      every frame, numbered from 0 (.pgm too); the folder must exist\n"
    "  --frame N            which one, for FILE.ppm and FILE.pgm (0)\n"
    "  --matrix NAME        bt601 (the default) or bt709\n";

enum kind { OUT_Y4M, OUT_PPM, OUT_PGM, OUT_UNKNOWN };

struct request {
    const char *clip, *out, *matrix_name, *frame_text;
    enum kind kind;
    enum matrix matrix;
    int numbered;           /* out is a pattern */
    size_t frame;
};

static enum kind kind_of(const char *out)
{
    static const char *const ends[] = { ".y4m", ".ppm", ".pgm" };
    size_t n = strlen(out);
    for (size_t i = 0; i < LEN(ends); i++)
        if (n > 4 && !strcmp(out + n - 4, ends[i])) return (enum kind)i;
    return OUT_UNKNOWN;
}

/* The length of the one %d or %0Nd at s, and its width; 0: it is none. */
static int conversion(const char *s, int *width)
{
    *width = s[1] == '0' && s[2] >= '1' && s[2] <= '9' ? s[2] - '0' : 0;
    if (strchr(s + 1, '%')) return 0;
    return *width ? (s[3] == 'd' ? 4 : 0) : s[1] == 'd' ? 2 : 0;
}

/* The path of one frame; malloc'ed, NULL without memory. */
static char *frame_path(const struct request *q, size_t frame)
{
    size_t size = strlen(q->out) + 24;
    char *path = malloc(size);
    if (!path) return NULL;
    const char *percent = strchr(q->out, '%');
    int width, n = q->numbered ? conversion(percent, &width) : 0;
    if (n) snprintf(path, size, "%.*s%0*zu%s", (int)(percent - q->out), q->out, width, frame, percent + n);
    else snprintf(path, size, "%s", q->out);
    return path;
}

/* A picture made of p: its luma plane, or RGB in memory that lasts from frame to frame. */
static enum status make_picture(struct picture *out, struct picture *rgb, const struct request *q, const struct picture *p,
                                struct err *e)
{
    struct picture_format f = p->format;
    if (q->kind == OUT_PGM) {
        if (f.layout == LAYOUT_RGB) return fail(e, E_UNSUPPORTED, "%s: RGB has no luma plane, write .ppm", q->clip);
        *out = *p;
        out->format.layout = LAYOUT_GRAY;
        out->planes = 1;
        return OK;
    }
    if (!rgb->planes) {
        f.layout = LAYOUT_RGB;
        f.depth = 8;
        enum status status = picture_create(rgb, &f, e);
        if (status) return status;
    }
    yuv_to_rgb(rgb->plane[0].data, p, q->matrix, YUV_EXACT, CHROMA_NEAREST);
    *out = *rgb;
    return OK;
}

static enum status write_pictures(struct video *v, const struct request *q, struct err *e)
{
    struct picture p, rgb = { .planes = 0 }, out;
    int end = 0, written = 0;
    enum status status = OK;
    while (!status && !(written && !q->numbered) && !(status = video_next(v, &p, &end, e)) && !end) {
        if (!q->numbered && v->frames - 1 < q->frame) continue;
        status = make_picture(&out, &rgb, q, &p, e);
        char *path = frame_path(q, v->frames - 1);
        if (!status) status = path ? pnm_write(path, &out, e) : fail(e, E_MEMORY, "%s: no memory for a file name", q->clip);
        free(path);
        written = 1;
    }
    picture_free(&rgb);
    if (!status && !written)
        return v->frames ? fail(e, E_ARG, "%s: has %zu frames, there is no frame %zu", q->clip, v->frames, q->frame)
                         : fail(e, E_DATA, "%s: has no frames", q->clip);
    return status;
}

static enum status write_y4m(struct video *v, const struct request *q, struct err *e)
{
    struct y4m_writer w;
    struct picture p;
    int end = 0;
    enum status status = y4m_create(&w, q->out, &v->format, e);
    if (status) return status;
    while (!status && !(status = video_next(v, &p, &end, e)) && !end) status = y4m_write(&w, &p, e);
    if (!status) return y4m_commit(&w, e);
    y4m_discard(&w);
    return status;
}

/* 0 and a message when the request makes no sense. */
static int check_request(struct request *q)
{
    int width;
    const char *percent = strchr(q->out, '%');
    char *folder = path_folder(q->out);
    int exists = folder && folder_exists(folder);
    free(folder);
    q->kind = kind_of(q->out);
    if (q->kind == OUT_UNKNOWN) { trouble_text("decode: %s: OUT must end in .y4m, .ppm or .pgm", q->out); return 0; }
    q->numbered = q->kind != OUT_Y4M && percent && conversion(percent, &width);
    if (!exists) { trouble_text("decode: %s: the folder does not exist", q->out); return 0; }
    if (!strcmp(q->matrix_name, "bt601")) q->matrix = BT601;
    else if (!strcmp(q->matrix_name, "bt709")) q->matrix = BT709;
    else { trouble_text("decode: --matrix must be bt601 or bt709, found \"%s\"", q->matrix_name); return 0; }
    if (!q->frame_text) return 1;
    if (q->kind == OUT_Y4M || q->numbered) { trouble_text("decode: --frame is for one picture: -o FILE.ppm or FILE.pgm"); return 0; }
    return parse_size("--frame", q->frame_text, 0, (size_t)1 << 30, &q->frame);
}

int cmd_decode(int argc, char **argv)
{
    struct request q = { .matrix_name = "bt601" };
    const struct option options[] = {
        { "-o", &q.out, NULL }, { "--matrix", &q.matrix_name, NULL }, { "--frame", &q.frame_text, NULL },
    };
    struct video v;
    struct err e;
    int operands = options_parse(argc, argv, options, LEN(options), "decode");
    if (operands < 0) return TROUBLE;
    if (operands != 1) return trouble_text("decode: name one clip (see goldreel decode --help)");
    if (!q.out) return trouble_text("decode: -o OUT is missing");
    q.clip = argv[0];
    if (!check_request(&q)) return TROUBLE;
    if (video_open(&v, q.clip, &e)) return trouble(&e);
    enum status status = q.kind == OUT_Y4M ? write_y4m(&v, &q, &e) : write_pictures(&v, &q, &e);
    video_close(&v);
    return status ? trouble(&e) : AGREED;
}
