#define _POSIX_C_SOURCE 200809L
/* test_video -- planes, and the readers and writers of Y4M, PNM, numbered pictures and `ffmpeg`.
 *
 * golden/filters/video.json (golden/make/video.py) holds what FFmpeg and Pillow write and read;
 * the samples follow the formula of that script, so that files can be made here. */
#include "check.h"
#include "../ref/io/source.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void test_video(struct check *c);

enum { PATH_SIZE = 1000 };

static const char *scratch(struct check *c, char out[PATH_SIZE], const char *name)
{
    snprintf(out, PATH_SIZE, "%s/%s", c->scratch, name);
    return out;
}

/* ---- samples by formula ---- */

static uint16_t sample(size_t frame, int plane, size_t x, size_t y, int depth)
{
    uint32_t v = (uint32_t)(7919 * x + 104729 * y + 1299709 * (size_t)plane + 15485863 * frame) * 2654435761u;
    return (uint16_t)(v >> (32 - depth));
}

static void fill(struct picture *p, size_t frame)
{
    const size_t each = p->format.depth > 8 ? 2 : 1, wide = p->format.layout == LAYOUT_RGB ? 3 : 1;
    for (int i = 0; i < p->planes; i++)
        for (size_t y = 0; y < p->plane[i].height; y++)
            for (size_t x = 0; x < p->plane[i].width * wide; x++) {
                uint16_t v = sample(frame, i, x, y, p->format.depth);
                unsigned char byte = (unsigned char)v, *to = p->plane[i].data + y * p->plane[i].stride + x * each;
                if (each == 1) *to = byte;
                else memcpy(to, &v, 2);
            }
}

/* The planes as bytes of a file: words with the low byte first, or the high one. */
static void add_planes(struct text *out, const struct picture *p, int high_first)
{
    const unsigned char *s = p->plane[0].data;
    size_t n = picture_bytes(&p->format);
    if (p->format.depth == 8) { text_add_bytes(out, (const char *)s, n); return; }
    for (size_t i = 0; i < n; i += 2) {
        uint16_t v;
        memcpy(&v, s + i, 2);
        char pair[2] = { (char)(high_first ? v >> 8 : v & 255), (char)(high_first ? v & 255 : v >> 8) };
        text_add_bytes(out, pair, 2);
    }
}

static int same_planes(const struct picture *a, const struct picture *b)
{
    size_t n = picture_bytes(&a->format);
    return n == picture_bytes(&b->format) && !memcmp(a->plane[0].data, b->plane[0].data, n);
}

/* ---- rows of the golden file ---- */

static const char *word(const struct json *row, const char *key)
{
    const struct json *v = json_get(row, key);
    return v && v->type == JSON_STRING ? v->string : "";
}

static size_t whole(const struct json *row, const char *key)
{
    size_t n = 0;
    const struct json *v = json_get(row, key);
    return v && json_size(v, 1 << 20, &n) ? n : 0;
}

static int find(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(names[i], name)) return i;
    return 0;
}

static struct rational ratio(const char *s)
{
    struct rational r = { 0, 1 };
    char *end;
    int64_t num = strtol(s, &end, 10), den = *end ? strtol(end + 1, NULL, 10) : 0;
    if (num > 0 && den > 0) r = (struct rational) { num, den };
    return r;
}

static int same_ratio(struct rational a, struct rational b) { return a.num == b.num && a.den == b.den; }

/* The format that a row describes, in FFmpeg's words. */
static struct picture_format format_of(const struct json *row)
{
    static const char *const layout[LAYOUTS] = { "gray", "420", "422", "444", "440", "411", "444a", "rgb" };
    static const char *const siting[] = { "", "center", "left", "topleft" }, *const range[] = { "", "tv", "pc" };
    const char *field = word(row, "field");
    return (struct picture_format) {
        .width = whole(row, "w"), .height = whole(row, "h"), .depth = (int)whole(row, "depth"),
        .layout = (enum layout)find(layout, LAYOUTS, word(row, "layout")),
        .siting = (enum siting)find(siting, LEN(siting), word(row, "siting")),
        .range = (enum range)find(range, LEN(range), word(row, "range")),
        .interlace = field[0] == 'p' ? 'p' : field[0] == 't' ? 't' : field[0] == 'b' ? 'b' : '?',
        .rate = ratio(word(row, "rate")), .aspect = ratio(word(row, "sar")),
    };
}

static void hash_is(struct check *c, const struct json *row, const void *data, size_t n)
{
    char hex[65];
    sha256_hex(hex, data, n);
    CHECK_STR(hex, word(row, "sha256"));
}

/* ---- planes ---- */

static void test_planes(struct check *c)
{
    static const struct { enum layout layout; int planes; size_t w, h, bytes; } want[] = {     /* chroma of 9 x 7 */
        { LAYOUT_GRAY, 1, 0, 0, 63 }, { LAYOUT_420, 3, 5, 4, 103 }, { LAYOUT_422, 3, 5, 7, 133 }, { LAYOUT_444, 3, 9, 7, 189 },
        { LAYOUT_440, 3, 9, 4, 135 }, { LAYOUT_411, 3, 3, 7, 105 }, { LAYOUT_444A, 4, 9, 7, 252 }, { LAYOUT_RGB, 1, 0, 0, 189 },
    };
    check_case(c, "video: sizes of planes");
    for (size_t i = 0; i < LEN(want); i++) {
        struct picture_format f = { .width = 9, .height = 7, .layout = want[i].layout, .depth = 8 };
        size_t w = 0, h = 0;
        CHECK(picture_planes(f.layout) == want[i].planes && picture_bytes(&f) == want[i].bytes);
        if (want[i].w) picture_plane_size(&f, 2, &w, &h);
        CHECK(w == want[i].w && h == want[i].h);
        f.depth = 10;
        CHECK(picture_bytes(&f) == 2 * want[i].bytes);
        struct picture p;
        struct err e;
        CHECK_STATUS(picture_create(&p, &f, &e), OK);
        const struct plane *last = &p.plane[p.planes - 1];
        CHECK(p.plane[0].stride == 2 * 9 * (f.layout == LAYOUT_RGB ? 3 : 1));
        CHECK(last->data + last->stride * last->height == p.plane[0].data + picture_bytes(&f));
        picture_free(&p);
        picture_free(&p);
    }
    struct picture_format f = { .width = 0, .height = 7, .depth = 8 };
    struct picture p;
    struct err e;
    CHECK_STATUS(picture_create(&p, &f, &e), E_ARG);
    f.width = SIZE_MAX / 2;
    f.height = 5;
    CHECK(picture_bytes(&f) == SIZE_MAX);
    CHECK_STATUS(picture_create(&p, &f, &e), E_ARG);
}

/* ---- Y4M ---- */

/* FFmpeg's own file, byte for byte, from our writer; and read back. */
static void test_written(struct check *c, const struct json *rows)
{
    check_case(c, "video: Y4M is written as FFmpeg writes it");
    CHECK(rows && rows->count >= 30);
    for (const struct json *row = rows ? rows->first : NULL; row; row = row->next) {
        struct picture_format f = format_of(row);
        struct picture p, q;
        struct y4m_writer w;
        struct file file;
        struct video v;
        struct err e = { OK, "" };
        char path[PATH_SIZE];
        int end = 0;
        CHECK_STATUS(picture_create(&p, &f, &e), OK);
        CHECK_STATUS(y4m_create(&w, scratch(c, path, "w.y4m"), &f, &e), OK);
        for (size_t i = 0; i < 2; i++) {
            fill(&p, i);
            CHECK_STATUS(y4m_write(&w, &p, &e), OK);
        }
        CHECK_STATUS(y4m_commit(&w, &e), OK);
        if (!file_map(&file, path, &e)) {
            const char *header = word(row, "header");
            CHECK(file.size > strlen(header) && !memcmp(file.data, header, strlen(header)));
            hash_is(c, row, file.data, file.size);
            file_unmap(&file);
        }
        CHECK_STATUS(video_open(&v, path, &e), OK);
        for (size_t i = 0; i < 2; i++) {
            fill(&p, i);
            CHECK_STATUS(video_next(&v, &q, &end, &e), OK);
            CHECK(!end && v.frames == i + 1 && same_planes(&p, &q));
        }
        CHECK_STATUS(video_next(&v, &q, &end, &e), OK);
        CHECK(end && v.frames == 2);
        CHECK_STATUS(video_next(&v, &q, &end, &e), OK);             /* and stays there */
        CHECK(end && v.format.range == f.range && v.format.interlace == f.interlace && same_ratio(v.format.rate, f.rate));
        video_close(&v);
        picture_free(&p);
    }
}

/* A stream header with two frames by formula, in memory. */
static void make_clip(struct text *t, const char *header, const struct picture_format *f, const char *line)
{
    struct picture p;
    if (picture_create(&p, f, NULL)) return;
    text_add(t, "%s\n", header);
    for (size_t i = 0; i < 2; i++) {
        fill(&p, i);
        text_add(t, "%s\n", line);
        add_planes(t, &p, 0);
    }
    picture_free(&p);
}

static void read_one(struct check *c, const struct json *row, const char *line)
{
    const char *header = word(row, "header");
    struct picture_format f = format_of(row);
    struct text clip = { 0 }, planes = { 0 };
    struct video v = { .path = "clip" };
    struct source s;
    struct picture p;
    struct err e = { OK, "" };
    int end = 0;
    make_clip(&clip, header, &f, line);
    CHECK_STATUS(source_memory(&s, "clip", clip.s, clip.len, &e), OK);
    CHECK_STATUS(y4m_start(&v, &s, &e), OK);
    while (v.read && !video_next(&v, &p, &end, &e) && !end) add_planes(&planes, &p, 0);
    CHECK(v.frames == 2 && v.format.width == f.width && v.format.height == f.height && v.format.depth == f.depth);
    CHECK(v.format.layout == f.layout && v.format.siting == f.siting && v.format.range == f.range);
    CHECK(v.format.interlace == f.interlace && same_ratio(v.format.aspect, f.aspect));
    /* where the file does not say, FFmpeg says 25, and goldreel that it is not known */
    struct rational unknown = { 0, 1 };
    CHECK(same_ratio(v.format.rate, strstr(header, " F") && !strstr(header, " F0:0") ? f.rate : unknown));
    hash_is(c, row, planes.s ? planes.s : "", planes.len);
    video_close(&v);
    text_free(&clip);
    text_free(&planes);
}

static void test_read(struct check *c, const struct json *rows)
{
    check_case(c, "video: Y4M is read as FFmpeg reads it");
    CHECK(rows && rows->count >= 50);
    for (const struct json *row = rows ? rows->first : NULL; row; row = row->next) read_one(c, row, "FRAME");
    check_case(c, "video: FRAME lines with parameters");
    if (rows && rows->first) {
        read_one(c, rows->first, "FRAME Ip Xanything");
        read_one(c, rows->first, "FRAME ");
        read_one(c, rows->first, "FRAME  X");
    }
}

static void test_y4m_refused(struct check *c)
{
    struct picture_format f = { .width = 2, .height = 2, .layout = LAYOUT_RGB, .depth = 8, .interlace = 'p' };
    struct y4m_writer w;
    struct picture p;
    struct err e;
    char path[PATH_SIZE];
    check_case(c, "video: what Y4M cannot hold is not written");
    CHECK_STATUS(y4m_create(&w, scratch(c, path, "no.y4m"), &f, &e), E_UNSUPPORTED);
    CHECK_HAS(e.text, "no.y4m: cannot write: Y4M has no tag for RGB with 8 bits");
    f.layout = LAYOUT_420;
    f.depth = 11;
    CHECK_STATUS(y4m_create(&w, path, &f, &e), E_UNSUPPORTED);
    f.depth = 8;
    f.interlace = 'm';
    CHECK_STATUS(y4m_create(&w, path, &f, &e), E_UNSUPPORTED);
    f.interlace = '?';
    CHECK_STATUS(y4m_create(&w, path, &f, &e), OK);
    f.width = 4;
    CHECK_STATUS(picture_create(&p, &f, &e), OK);
    CHECK_STATUS(y4m_write(&w, &p, &e), E_ARG);
    y4m_discard(&w);
    picture_free(&p);
    CHECK(access(path, F_OK) != 0);
}

/* ---- PNM ---- */

static void test_pnm(struct check *c, const struct json *pictures, const struct json *texts)
{
    struct err e = { OK, "" };
    struct picture p, q;
    struct video v;
    char path[PATH_SIZE];
    int end = 0;
    check_case(c, "video: PNM is written as FFmpeg writes it");
    CHECK(pictures && pictures->count >= 12);
    for (const struct json *row = pictures ? pictures->first : NULL; row; row = row->next) {
        struct picture_format f = format_of(row);
        struct file file;
        CHECK_STATUS(picture_create(&p, &f, &e), OK);
        fill(&p, 0);
        CHECK_STATUS(pnm_write(scratch(c, path, "w.ppm"), &p, &e), OK);
        if (!file_map(&file, path, &e)) {
            hash_is(c, row, file.data, file.size);
            file_unmap(&file);
        }
        CHECK_STATUS(video_open(&v, path, &e), OK);
        CHECK_STATUS(video_next(&v, &q, &end, &e), OK);
        CHECK(!end && same_planes(&p, &q) && v.format.range == RANGE_FULL && v.format.depth == f.depth);
        video_close(&v);
        picture_free(&p);
    }
    check_case(c, "video: PNM is read as Pillow reads it");
    CHECK(texts && texts->count >= 9);
    for (const struct json *row = texts ? texts->first : NULL; row; row = row->next) {
        struct picture_format f = format_of(row);
        const struct json *content = json_get(row, "content"), *samples = json_get(row, "samples");
        CHECK_STATUS(file_write(scratch(c, path, "text.pnm"), content->string, content->length, &e), OK);
        CHECK_STATUS(video_open(&v, path, &e), OK);
        CHECK(v.format.width == f.width && v.format.height == f.height && v.format.layout == f.layout && v.format.depth == 8);
        CHECK_STATUS(video_next(&v, &p, &end, &e), OK);
        CHECK(samples->count == picture_bytes(&v.format));
        const unsigned char *s = p.plane[0].data;
        for (const struct json *one = samples->first; one; one = one->next, s++) CHECK(*s == one->number);
        CHECK_STATUS(video_next(&v, &p, &end, &e), OK);
        CHECK(end);
        video_close(&v);
    }
    check_case(c, "video: what PNM cannot hold is not written");
    struct picture_format f = { .width = 2, .height = 2, .layout = LAYOUT_420, .depth = 8 };
    CHECK_STATUS(picture_create(&p, &f, &e), OK);
    CHECK_STATUS(pnm_write(scratch(c, path, "no.ppm"), &p, &e), E_UNSUPPORTED);
    picture_free(&p);
}

/* The first byte of every frame of a file, as digits; "-" and the message on failure. */
static const char *frames_of(struct check *c, const char *name, const char *content, size_t n, char out[700])
{
    struct video v;
    struct picture p;
    struct err e = { OK, "" };
    char path[PATH_SIZE];
    int end = 0, at = 0;
    scratch(c, path, name);
    if (content) CHECK_STATUS(file_write(path, content, n, &e), OK);
    enum status status = video_open(&v, path, &e);
    out[0] = 0;
    while (!status && !(status = video_next(&v, &p, &end, &e)) && !end && at < 600)
        at += snprintf(out + at, 700 - (size_t)at, "%d ", p.plane[0].data[0]);
    if (status) snprintf(out + at, 700 - (size_t)at, "-%s", e.text);
    video_close(&v);
    return out;
}

#define FRAMES_OF(name, content) frames_of(c, name, content, sizeof(content) - 1, out)

static void test_streams(struct check *c)
{
    char out[700], path[PATH_SIZE];
    check_case(c, "video: pictures in one file are frames");
    CHECK_STR(FRAMES_OF("m.pnm", "P5 1 1 255\n\1P5 1 1 255\n\2P2\n1 1\n255\n3\nP5 1 1 255\n\4"), "1 2 3 4 ");
    CHECK_HAS(FRAMES_OF("m.pnm", "P6 1 1 255\n\1\1\1P5 1 1 255\n\2"),
              "m.pnm: frame 1 has another size or layout (1x1 gray, 8 bits) than the first (1x1 RGB, 8 bits)");
    CHECK_HAS(FRAMES_OF("m.pnm", "P5 1 1 255\n\1P5 1 1 255\n"), "1 -");
    CHECK_HAS(out, "m.pnm: byte 23: frame 1 ends early (0 of 1 bytes)");

    /* a comment right behind a number ends it, as in Netpbm (Pillow loses the number) */
    CHECK_STR(FRAMES_OF("m.pnm", "P2\n1 1#\n255\n1# 9 9\nP2 1 1 255 2# 9\n"), "1 2 ");
    CHECK_HAS(FRAMES_OF("m.pnm", "P6 1 1 255\n\1\1\1P3 1 1 1023 1 2 3\n"), "frame 1 has another size or layout");

    check_case(c, "video: frames larger than a buffer");
    for (int depth = 8; depth <= 16; depth += 8) {
        struct picture_format f = { .width = 301, .height = 211, .layout = LAYOUT_RGB, .depth = depth };
        struct picture p, q;
        struct text all = { 0 };
        struct video v = { .path = "large" };
        struct source s;
        struct err e = { OK, "" };
        int end = 0;
        CHECK_STATUS(picture_create(&p, &f, &e), OK);
        for (size_t i = 0; i < 3; i++) {                            /* the second as text */
            fill(&p, i);
            text_add(&all, "P%d 301 211 %d\n", i == 1 ? 3 : 6, (1 << depth) - 1);
            if (i != 1) { add_planes(&all, &p, 1); continue; }
            for (size_t k = 0; k < 301 * 211 * 3; k++)
                text_add(&all, "%u\n", (unsigned)sample(i, 0, k % 903, k / 903, depth));
        }
        CHECK_STATUS(source_memory(&s, "large", all.s, all.len, &e), OK);
        CHECK_STATUS(pnm_start(&v, &s, &e), OK);
        for (size_t i = 0; i < 3; i++) {
            fill(&p, i);
            CHECK_STATUS(video_next(&v, &q, &end, &e), OK);
            CHECK(!end && same_planes(&p, &q));
        }
        video_close(&v);
        picture_free(&p);
        text_free(&all);
    }

    check_case(c, "video: Y4M without frames, and cut");
    CHECK_STR(FRAMES_OF("z.y4m", "YUV4MPEG2 W1 H1 Cmono\n"), "");
    CHECK_HAS(FRAMES_OF("z.y4m", "YUV4MPEG2 W1 H1 Cmono\nFRAME\n\7FRAME\n"), "7 -");
    CHECK_HAS(out, "z.y4m: byte 35: frame 1 ends early (0 of 1 bytes)");
    CHECK_HAS(FRAMES_OF("z.y4m", ""), "z.y4m: byte 0: the file is empty");
    CHECK_HAS(frames_of(c, "absent.y4m", NULL, 0, out), "absent.y4m: cannot open: ");
    CHECK_HAS(frames_of(c, ".", NULL, 0, out), "is a folder");

    check_case(c, "video: numbered pictures");
    for (int i = 0; i < 5; i++) {                                   /* of an earlier run */
        char name[20];
        snprintf(name, sizeof name, "seq/%03d.ppm", i);
        unlink(scratch(c, path, name));
    }
    mkdir(scratch(c, path, "seq"), 0777);
    FRAMES_OF("seq/1.ppm", "P5 1 1 255\n\21");
    CHECK_STR(frames_of(c, "seq/%d.ppm", NULL, 0, out), "17 ");
    FRAMES_OF("seq/002.ppm", "P5 1 1 255\n\22");
    CHECK_HAS(frames_of(c, "seq/%03d.ppm", NULL, 0, out), "there is no picture number 0 or 1");
    FRAMES_OF("seq/001.ppm", "P5 1 1 255\n\21");
    CHECK_STR(frames_of(c, "seq/%03d.ppm", NULL, 0, out), "17 18 ");
    FRAMES_OF("seq/000.ppm", "P5 1 1 255\n\20");
    CHECK_STR(frames_of(c, "seq/%03d.ppm", NULL, 0, out), "16 17 18 ");
    FRAMES_OF("seq/004.ppm", "P5 1 1 255\n\24");
    CHECK_HAS(frames_of(c, "seq/%03d.ppm", NULL, 0, out), "picture 3 is missing, and 4 is there");
    FRAMES_OF("seq/003.ppm", "P5 1 1 255\n\23P5 1 1 255\n\23");
    CHECK_HAS(frames_of(c, "seq/%03d.ppm", NULL, 0, out), "003.ppm: holds more than one picture");
    FRAMES_OF("seq/003.ppm", "P5 2 1 255\n\23\23");
    CHECK_HAS(frames_of(c, "seq/%03d.ppm", NULL, 0, out), "16 17 18 -");
    CHECK_HAS(out, "frame 3 has another size");
    CHECK(!sequence_pattern("%05x") && !sequence_pattern("%d%d") && !sequence_pattern("%") && !sequence_pattern("a%10d") &&
          sequence_pattern("%09d"));

    check_case(c, "video: a pipe brings Y4M");
    scratch(c, path, "fifo");
    unlink(path);
    if (mkfifo(path, 0600)) { CHECK(!"mkfifo"); return; }
    pid_t child = fork();
    if (child == 0) {
        FILE *f = fopen(path, "wb");
        int bad = !f || fputs("YUV4MPEG2 W1 H1 Cmono\nFRAME\n\5", f) < 0 || fflush(f) || fputs("FRAME\n\6", f) < 0;
        _exit(bad || (f && fclose(f)));
    }
    CHECK_STR(frames_of(c, "fifo", NULL, 0, out), "5 6 ");
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    unlink(path);
}

static void test_time(struct check *c)
{
    static const struct { int64_t num, den; size_t frames; struct rational want; } rows[] = {
        { 30000, 1001, 0, { 0, 1 } }, { 30000, 1001, 1, { 0, 1 } }, { 30000, 1001, 2, { 1001, 30000 } },
        { 30000, 1001, 30001, { 1001, 1 } }, { 24000, 1001, 4, { 1001, 8000 } }, { 25, 1, 26, { 1, 1 } },
        { 50, 2, 26, { 1, 1 } }, { 0, 1, 9, { 0, 1 } }, { 2147483647, 2147483647, 3, { 2, 1 } },
    };
    check_case(c, "video: time of a frame is a ratio");
    for (size_t i = 0; i < LEN(rows); i++) {
        struct video v = { .frames = rows[i].frames, .format.rate = { rows[i].num, rows[i].den } };
        CHECK(same_ratio(video_time(&v), rows[i].want));
    }
}

/* ---- through a program ---- */

/* Puts an `ffmpeg` of our own in scratch/bin, the only folder on PATH. */
static void play(struct check *c, const char *script)
{
    char path[PATH_SIZE];
    struct err e;
    mkdir(scratch(c, path, "bin"), 0777);
    scratch(c, path, "bin/ffmpeg");
    unlink(path);
    if (!script) return;
    CHECK_STATUS(file_write(path, script, strlen(script), &e), OK);
    CHECK(!chmod(path, 0777));
}

#define MONO "printf 'YUV4MPEG2 W1 H1 F25:1 Cmono\\nFRAME\\na'\n"

static void test_program(struct check *c)
{
    char out[700], bin[PATH_SIZE], *before = getenv("PATH");
    char *saved = before ? malloc(strlen(before) + 1) : NULL;
    if (saved) strcpy(saved, before);
    setenv("PATH", scratch(c, bin, "bin"), 1);
    check_case(c, "video: no ffmpeg on PATH");
    play(c, NULL);
    CHECK_HAS(FRAMES_OF("-x.mov", "other"), "x.mov: is not Y4M, PNM, JPEG or AVI, and there is no ffmpeg program on PATH");
    CHECK_HAS(out, "run: ffmpeg -i ");
    CHECK_HAS(out, "-f yuv4mpegpipe -strict -1");

    check_case(c, "video: frames from ffmpeg");
    play(c, "#!/bin/sh\n" MONO "printf 'FRAME\\nb'\n");
    CHECK_STR(FRAMES_OF("x.mov", "other"), "97 98 ");
    play(c, "#!/bin/sh\nfor a in \"$@\"; do case $a in file:*x\\ \\'y.mov) " MONO " exit;; esac; done; exit 3\n");
    CHECK_STR(FRAMES_OF("x 'y.mov", "other"), "97 ");
    play(c, "#!/bin/sh\ncase $* in *fps_mode*) echo \"Unrecognized option 'fps_mode'.\" >&2; exit 1;; esac\n" MONO);
    CHECK_STR(FRAMES_OF("x.mov", "other"), "97 ");

    check_case(c, "video: ffmpeg that fails");
    play(c, "#!/bin/sh\necho 'moov atom\tnot found' >&2\necho second >&2\nexit 1\n");
    CHECK_HAS(FRAMES_OF("x.mov", "other"), "x.mov: ffmpeg: moov atom?not found; second");
    play(c, "#!/bin/sh\n" MONO "echo 'broke off' >&2\nexit 69\n");
    CHECK_HAS(FRAMES_OF("x.mov", "other"), "97 -");
    CHECK_HAS(out, "x.mov: ffmpeg: broke off");
    play(c, "#!/bin/sh\n" MONO "printf 'FRAME\\n'\necho 'inside a frame' >&2\nexit 69\n");
    CHECK_HAS(FRAMES_OF("x.mov", "other"), "x.mov: ffmpeg: inside a frame");
    play(c, "#!/bin/sh\n" MONO "kill -9 $$\n");
    CHECK_HAS(FRAMES_OF("x.mov", "other"), "x.mov: ffmpeg ended with signal 9");
    play(c, "#!/bin/sh\nexit 0\n");
    CHECK_HAS(FRAMES_OF("x.mov", "other"), "x.mov: ffmpeg finds no picture in it");
    play(c, "#!/bin/sh\necho hello\n");
    CHECK_HAS(FRAMES_OF("x.mov", "other"), "x.mov (through ffmpeg): byte 0: does not start with YUV4MPEG2");

    check_case(c, "video: ffmpeg that says more than a pipe holds");
    play(c, "#!/bin/sh\ni=0\nwhile [ $i -lt 3000 ]; do echo 'a line of some fifty bytes, again and again and ag' >&2; i=$((i+1)); done\n" MONO);
    CHECK_STR(FRAMES_OF("x.mov", "other"), "97 ");

    check_case(c, "video: ffmpeg is killed when the clip is closed");
    struct video v;
    struct picture p;
    struct err e;
    char path[PATH_SIZE];
    int end;
    play(c, "#!/bin/sh\n" MONO "exec /bin/sleep 1000\n");
    CHECK_STATUS(video_open(&v, scratch(c, path, "x.mov"), &e), OK);
    CHECK_STATUS(video_next(&v, &p, &end, &e), OK);
    video_close(&v);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0);                          /* no child is left */
    play(c, NULL);
    if (saved) setenv("PATH", saved, 1);
    else unsetenv("PATH");
    free(saved);
}

void test_video(struct check *c)
{
    char path[PATH_SIZE];
    struct file f;
    struct json_document d;
    struct err e;
    test_planes(c);
    snprintf(path, sizeof path, "%s/filters/video.json", c->golden);
    if (file_map(&f, path, &e) || json_parse(&d, path, (const char *)f.data, f.size, 0, &e)) {
        check_failed(c, __FILE__, __LINE__, e.text);
        file_unmap(&f);
        return;
    }
    test_written(c, json_get(d.root, "written"));
    test_read(c, json_get(d.root, "read"));
    test_pnm(c, json_get(d.root, "pictures"), json_get(d.root, "text"));
    json_free(&d);
    file_unmap(&f);
    test_y4m_refused(c);
    test_streams(c);
    test_time(c);
    test_program(c);
}
