/* test_avi -- one hostile clip per rule of the container, and every truncation.  The frames
 * themselves are tested in test_jpeg.c. */
#include "check.h"
#include "../ref/io/jpeg_private.h"

#include <stdlib.h>

void test_avi(struct check *c);

/* A clip in the making; `lists` holds where the size of each open list stands. */
struct maker { struct text out; size_t list[6]; int depth; };

static void put32(struct maker *m, uint32_t x)
{
    char s[4] = { (char)(x & 255), (char)(x >> 8 & 255), (char)(x >> 16 & 255), (char)(x >> 24) };
    text_add_bytes(&m->out, s, 4);
}

static void put_chunk(struct maker *m, const char *id, const void *data, size_t n)
{
    text_add_bytes(&m->out, id, 4);
    put32(m, (uint32_t)n);
    text_add_bytes(&m->out, data, n);
    if (n % 2) text_add_bytes(&m->out, "", 1);
}

static void begin_list(struct maker *m, const char *id, const char *type)
{
    text_add_bytes(&m->out, id, 4);
    m->list[m->depth++] = m->out.len;
    put32(m, 0);
    text_add_bytes(&m->out, type, 4);
}

/* Its size, and `lie` more. */
static void end_list(struct maker *m, int lie)
{
    size_t at = m->list[--m->depth];
    uint32_t n = (uint32_t)(m->out.len - at - 4 + (size_t)lie);
    for (int i = 0; i < 4 && m->out.s; i++) m->out.s[at + (size_t)i] = (char)(n >> 8 * i & 255);
}

enum fault {
    NO_FAULT, NOT_AVI, NO_STREAM, SHORT_STRH, SHORT_STRF, NO_STRF, OTHER_CODEC, ONLY_SOUND, NO_FRAMES, FIRST_EMPTY, WRONG_SIZE,
    FIELDS_TWO, FRAME_TOO_LONG, LIST_TOO_LONG, OTHER_LAYOUT, BROKEN_FRAME, RIFF_TOO_LONG, SECOND_AVI, NO_RATE, TOP_DOWN, FAULTS
};

/* JPEGs of 8x8 gray, 8x8 4:4:4 and 8x4 gray, with the standard Huffman tables */
#define ONES4 "\1\1\1\1"
#define ONES16 ONES4 ONES4 ONES4 ONES4
#define START "\xff\xd8\xff\xdb\0\x43\0" ONES16 ONES16 ONES16 ONES16
#define SCAN "\xff\xda\0\x08\1\1\0\0\x3f\0\x2b\xff\xd9"
static const unsigned char gray8[] = START "\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\0" SCAN;
static const unsigned char gray8_rows4[] = START "\xff\xc0\0\x0b\x08\0\x04\0\x08\1\1\x11\0" SCAN;
static const unsigned char colour8[] = START "\xff\xc0\0\x11\x08\0\x08\0\x08\3\1\x11\0\2\x11\0\3\x11\0"
    "\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0\x28\0\xff\xd9";

static void put_headers(struct maker *m, enum fault fault)
{
    static const unsigned char zero[56];
    unsigned char strh[56] = "vids", strf[40] = { 40, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 1, 0, 24, 0, 'M', 'J', 'P', 'G' };
    strh[20] = 2;
    strh[24] = fault == NO_RATE ? 0 : 50;
    if (fault == ONLY_SOUND) memcpy(strh, "auds", 4);
    if (fault == OTHER_CODEC) memcpy(strf + 16, "H2\t4", 4);
    if (fault == WRONG_SIZE) strf[4] = 16;
    if (fault == TOP_DOWN) memcpy(strf + 8, "\xf8\xff\xff\xff", 4);
    begin_list(m, "LIST", "hdrl");
    put_chunk(m, "avih", zero, sizeof zero);
    if (fault != NO_STREAM) {
        begin_list(m, "LIST", "strl");
        put_chunk(m, "strh", strh, fault == SHORT_STRH ? 27 : sizeof strh);
        if (fault != NO_STRF) put_chunk(m, "strf", strf, fault == SHORT_STRF ? 20 : sizeof strf);
        end_list(m, 0);
    }
    end_list(m, 0);
}

static void make_clip(struct maker *m, enum fault fault)
{
    memset(m, 0, sizeof *m);
    begin_list(m, "RIFF", fault == NOT_AVI ? "WAVE" : "AVI ");
    put_headers(m, fault);
    begin_list(m, "LIST", "movi");
    if (fault == FIRST_EMPTY) put_chunk(m, "00dc", "", 0);
    if (fault == FIELDS_TWO) put_chunk(m, "00dc", gray8_rows4, sizeof gray8_rows4 - 1);
    else if (fault != NO_FRAMES) put_chunk(m, "00dc", gray8, sizeof gray8 - 1);
    if (fault == OTHER_LAYOUT) put_chunk(m, "00dc", colour8, sizeof colour8 - 1);
    if (fault == BROKEN_FRAME) put_chunk(m, "00dc", gray8, sizeof gray8 - 4);
    if (fault == FRAME_TOO_LONG) {
        text_add_bytes(&m->out, "00dc", 4);
        put32(m, 0x7FFFFFFF);
        text_add_bytes(&m->out, "xxxxxxxx", 8);
    }
    end_list(m, fault == LIST_TOO_LONG ? 40 : 0);
    end_list(m, fault == LIST_TOO_LONG ? 60 : fault == RIFF_TOO_LONG ? 20 : 0);
    if (fault == SECOND_AVI) {
        begin_list(m, "RIFF", "AVI ");
        end_list(m, 0);
    }
}

/* All frames of a clip in memory; how many came. */
static enum status read_clip(const void *bytes, size_t size, size_t *frames, struct rational *rate, struct err *e)
{
    struct video v;
    struct source s;
    struct picture p;
    int end = 0;
    *frames = 0;
    memset(&v, 0, sizeof v);
    enum status status = source_memory(&s, "x.avi", bytes, size, e);
    if (!status) status = avi_start(&v, &s, e);
    if (status) return status;
    *rate = v.format.rate;
    while (!(status = video_next(&v, &p, &end, e)) && !end) (*frames)++;
    v.close(&v);
    return status;
}

static void test_faults(struct check *c)
{
    static const struct { enum fault fault; const char *what; enum status status; size_t frames; const char *phrase; } cases[] = {
        { NO_FAULT, "avi: whole", OK, 1, "" },
        { NOT_AVI, "avi: other RIFF", E_DATA, 0, "byte 8: RIFF list is not of type 'AVI '" },
        { NO_STREAM, "avi: no stream", E_DATA, 0, "no video stream before the frames" },
        { SHORT_STRH, "avi: stream header short", E_DATA, 0, "byte 100: chunk 'strh' of 27 bytes, it has at least 28" },
        { SHORT_STRF, "avi: format short", E_DATA, 0, "chunk 'strf' of 20 bytes, it has at least 40" },
        { NO_STRF, "avi: no format", E_DATA, 0, "no format (strf) of the video stream" },
        { OTHER_CODEC, "avi: other codec", E_UNSUPPORTED, 0, "codec 'H2\\x094'" },
        { ONLY_SOUND, "avi: sound alone", E_DATA, 0, "no video stream" },
        { NO_FRAMES, "avi: no frames", E_DATA, 0, "no frames" },
        { FIRST_EMPTY, "avi: first frame empty", E_DATA, 0, "the first frame is empty" },
        { WRONG_SIZE, "avi: frame of another size", E_DATA, 0, "frame 0 is 8x8, the stream header has 16x8" },
        { FIELDS_TWO, "avi: two fields", E_UNSUPPORTED, 0, "frame 0 is coded as two fields of 8x4" },
        { FRAME_TOO_LONG, "avi: frame longer than its list", E_DATA, 1, "chunk '00dc' of 2147483647 bytes reaches behind" },
        { LIST_TOO_LONG, "avi: list longer than the file", E_DATA, 1, "file ends inside a list" },
        { OTHER_LAYOUT, "avi: sampling changes", E_DATA, 1, "frame 1 has another chroma sampling" },
        { BROKEN_FRAME, "avi: frame broken", E_DATA, 1, "x.avi: frame 1: byte " },
        { RIFF_TOO_LONG, "avi: RIFF longer than the file", E_DATA, 1, "file ends inside a list" },
        { SECOND_AVI, "avi: second RIFF is not AVIX", E_DATA, 1, "RIFF list is not of type 'AVIX'" },
        { NO_RATE, "avi: no rate", OK, 1, "" },
        { TOP_DOWN, "avi: height negative", OK, 1, "" },
    };
    CHECK(LEN(cases) == FAULTS);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct maker m;
        struct err e = { OK, "" };
        struct rational rate = { 0, 1 };
        size_t frames = 0;
        check_case(c, cases[i].what);
        make_clip(&m, cases[i].fault);
        CHECK(!m.out.failed);
        CHECK_STATUS(read_clip(m.out.s, m.out.len, &frames, &rate, &e), cases[i].status);
        CHECK(frames == cases[i].frames);
        CHECK_HAS(e.text, cases[i].phrase);
        if (cases[i].status) CHECK_HAS(e.text, "byte ");
        if (!cases[i].status) CHECK(rate.num == (cases[i].fault == NO_RATE ? 0 : 25) && rate.den == 1);
        text_free(&m.out);
    }
}

/* No truncation ends a clip in silence, except between its RIFF lists. */
static void test_truncated(struct check *c)
{
    struct file f;
    struct err opening = { OK, "" };
    char path[1000];
    check_case(c, "avi: every truncation");
    snprintf(path, sizeof path, "%s/filters/jpeg/mjpeg_opendml.avi", c->golden);
    CHECK_STATUS(file_map(&f, path, &opening), OK);
    if (opening.code) return;
    size_t first = 8 + (f.data[4] | (size_t)f.data[5] << 8), tail = strlen("behind the last list");
    for (size_t n = 0; n < f.size; n++) {
        struct err e = { OK, "" };
        struct rational rate;
        size_t frames;
        unsigned char *exact = malloc(n ? n : 1);
        if (!exact) break;
        memcpy(exact, f.data, n);
        enum status status = read_clip(exact, n, &frames, &rate, &e);
        int whole = n + tail >= f.size;
        CHECK_STATUS(status, whole || (n >= first && n < first + 8) ? OK : E_DATA);
        CHECK(frames <= 5 && (!whole || frames == 5) && (n < first || frames >= 3));
        free(exact);
    }
    file_unmap(&f);
}

void test_avi(struct check *c)
{
    test_faults(c);
    test_truncated(c);
}
