/* test_jpeg -- JPEG and Motion JPEG against libjpeg-turbo (golden/filters/jpeg.tsv), one hostile
 * JPEG per rule of the format, and every truncation; then the container (test_avi.c). */
#include "check.h"
#include "../ref/io/jpeg_private.h"

#include <math.h>
#include <stdlib.h>

void test_jpeg(struct check *c);
void test_avi(struct check *c);

enum { PATH = 1000, FIELDS = 10 };

static const char *const layouts[LAYOUTS] = {
    [LAYOUT_GRAY] = "gray", [LAYOUT_420] = "420", [LAYOUT_422] = "422", [LAYOUT_444] = "444", [LAYOUT_440] = "440",
    [LAYOUT_411] = "411", [LAYOUT_444A] = "444a", [LAYOUT_RGB] = "rgb",
};

/* ---- goldens ---- */

static void plane_hash(char out[65], const struct plane *p, size_t each)
{
    unsigned char *all = malloc(p->width * p->height * each);
    out[0] = 0;
    if (!all) return;
    for (size_t y = 0; y < p->height; y++) memcpy(all + y * p->width * each, p->data + y * p->stride, p->width * each);
    sha256_hex(out, all, p->width * p->height * each);
    free(all);
}

static int opened(struct check *c, struct video *v, const char *path)
{
    struct err e = { OK, "" };
    size_t n = strlen(path);
    enum status status = n > 4 && !strcmp(path + n - 4, ".avi") ? avi_open(v, path, &e) : jpeg_open(v, path, &e);
    CHECK_STR(e.text, "");
    CHECK_STATUS(status, OK);
    return status == OK;
}

/* field: file, frame, layout, width, height, rate, RGB, planes ... */
static void frame_agrees(struct check *c, const struct video *v, const struct picture *p, char *field[FIELDS], int fields)
{
    struct picture rgb;
    struct err e = { OK, "" };
    char hash[65], rate[50];
    const struct picture_format *f = &p->format;
    int is_rgb = f->layout == LAYOUT_RGB;
    CHECK(f->width == strtoul(field[3], NULL, 10) && f->height == strtoul(field[4], NULL, 10));
    CHECK_STR(layouts[f->layout], field[2]);
    CHECK(f->depth == 8 && f->range == RANGE_FULL && f->siting == SITING_CENTRE && f->interlace == 'p');
    snprintf(rate, sizeof rate, "%lld/%lld", (long long)f->rate.num, (long long)f->rate.den);
    CHECK_STR(rate, field[5]);
    CHECK(!memcmp(&v->format.width, &f->width, sizeof f->width) && v->format.layout == f->layout);
    for (int i = 0; !is_rgb && i < p->planes && 7 + i < fields; i++) {
        plane_hash(hash, &p->plane[i], 1);
        CHECK_STR(hash, field[7 + i]);
    }
    CHECK(fields == 7 + p->planes);
    CHECK_STATUS(jpeg_to_rgb(&rgb, p, &e), OK);
    if (e.code) return;
    CHECK(rgb.format.layout == LAYOUT_RGB && rgb.planes == 1);
    plane_hash(hash, &rgb.plane[0], 3);
    CHECK_STR(hash, field[6]);
    picture_free(&rgb);
}

static void at_end(struct check *c, struct video *v)
{
    struct picture p;
    struct err e = { OK, "" };
    int end = 0;
    CHECK_STATUS(video_next(v, &p, &end, &e), OK);
    CHECK(end);
    v->close(v);
}

static int find_golden(struct check *c, char path[PATH], const char *name)
{
    if (!strncmp(name, "shared/", 7)) {
        snprintf(path, PATH, "../shared/data/%s", name + 7);
        FILE *f = fopen(path, "rb");
        if (f) fclose(f);
        return f != NULL;
    }
    snprintf(path, PATH, "%s/filters/jpeg/%s", c->golden, name);
    return 1;
}

static void test_goldens(struct check *c)
{
    char path[PATH], line[2000], before[200] = "", name[210] = "", *field[FIELDS];
    struct video v;
    struct picture p;
    int open = 0, skipped = 0, rows = 0;
    check_case(c, "jpeg: pixels of libjpeg-turbo");
    snprintf(path, sizeof path, "%s/filters/jpeg.tsv", c->golden);
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        int n = 0;
        line[strcspn(line, "\n")] = 0;
        for (char *s = strtok(line, "\t"); s && n < FIELDS; s = strtok(NULL, "\t")) field[n++] = s;
        CHECK(n >= 8);
        if (n < 8) continue;
        if (strcmp(before, field[0])) {
            if (open) at_end(c, &v);
            snprintf(before, sizeof before, "%s", field[0]);
            snprintf(name, sizeof name, "jpeg: %s", before);
            check_case(c, name);
            open = find_golden(c, path, before);
            skipped += !open;
            open = open && opened(c, &v, path);
        }
        struct err e = { OK, "" };
        int end = 0;
        if (!open) continue;
        CHECK_STATUS(video_next(&v, &p, &end, &e), OK);
        CHECK(!end);
        if (!e.code && !end) frame_agrees(c, &v, &p, field, n);
        rows++;
    }
    if (open) at_end(c, &v);
    fclose(f);
    check_case(c, "jpeg: the table was read");
    CHECK(rows >= 42);
    if (skipped) printf("skip jpeg: %d files of ../shared/data are not here\n", skipped);
}

/* The integer transform against the cosines themselves: the two roundings leave it within 1. */
static void test_idct(struct check *c)
{
    uint32_t state = 7;
    int worst = 0;
    check_case(c, "jpeg: idct against cosines");
    for (int trial = 0; trial < 200; trial++) {
        int32_t in[BLOCK];
        unsigned char out[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            state = state * 1664525 + 1013904223;
            in[i] = state >> 28 ? 0 : (int32_t)(state >> 8 & 1023) - 512;
        }
        jpeg_idct(out, in);
        for (int i = 0; i < BLOCK; i++) {
            double sum = 0;
            for (int k = 0; k < BLOCK; k++) {
                double scale = (k % 8 ? 1 : sqrt(0.5)) * (k / 8 ? 1 : sqrt(0.5)) / 4, turn = acos(-1.0) / 16;
                sum += scale * in[k] * cos((2 * (i % 8) + 1) * (k % 8) * turn) * cos((2 * (i / 8) + 1) * (k / 8) * turn);
            }
            double want = sum + 128 < 0 ? 0 : sum + 128 > 255 ? 255 : floor(sum + 128.5);
            if (fabs(out[i] - want) > worst) worst = (int)fabs(out[i] - want);
        }
    }
    CHECK(worst <= 1);
}

/* ---- hostile JPEGs ---- */

#define START "\xff\xd8"
#define ONES4 "\1\1\1\1"
#define ONES16 ONES4 ONES4 ONES4 ONES4
#define QUANTISER "\xff\xdb\0\x43\0" ONES16 ONES16 ONES16 ONES16
#define FRAME(marker, depth, h, w) "\xff" marker "\0\x0b" depth h w "\1\1\x11\0"
#define GRAY8 FRAME("\xc0", "\x08", "\0\x08", "\0\x08")
#define TWO8 FRAME("\xc0", "\x08", "\0\x08", "\0\x10")       /* two blocks */
#define RESTART1 "\xff\xdd\0\4\0\1"                          /* every MCU */
#define SCAN "\xff\xda\0\x08\1\1\0\0\x3f\0"
#define DATA "\x2b"         /* standard tables: DC 0 (00), end of block (1010), two bits to fill */
#define END "\xff\xd9"
#define THREE(a, b, d) "\xff\xc0\0\x11\x08\0\x08\0\x08\3\1" a "\0\2" b "\0\3" d "\0"
#define SCAN3 "\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0"
#define AC_TABLE(symbol) "\xff\xc4\0\x14\x10\1" ZEROES ZEROES "\0" symbol     /* one code: 0 */
#define ZEROES "\0\0\0\0\0\0\0"
#define DC_TABLE(counts, symbols) "\xff\xc4\0\x15\0" counts symbols     /* 2 symbols */

static const struct { const char *what, *bytes; size_t size; enum status status; const char *phrase; } broken[] = {
#define CASE(what, bytes, status, phrase) { what, bytes, sizeof bytes - 1, status, phrase },
    CASE("empty", "", E_DATA, "byte 0: does not start with FF D8")
    CASE("other magic", "\x89PNG", E_DATA, "byte 0: does not start with FF D8")
    CASE("nothing else", START, E_DATA, "byte 2: file ends before all components")
    CASE("end at once", START END, E_DATA, "byte 2: end of image before all components")
    CASE("text behind the start", START "abc", E_DATA, "byte 2: 61 where a marker is due")
    CASE("second start", START START, E_DATA, "byte 2: second start")
    CASE("no length", START "\xff\xdb\0", E_DATA, "byte 4: file ends inside the length")
    CASE("length 1", START "\xff\xdb\0\1", E_DATA, "byte 4: length 1 of segment FFDB")
    CASE("length lies", START "\xff\xdb\xff\xff\0", E_DATA, "byte 4: length 65535 of segment FFDB, only 3")
    CASE("quantisers cut", START "\xff\xdb\0\x12\0" ONES4 ONES4 ONES4 "\1\1\1", E_DATA, "byte 6: DQT: segment ends inside table 0")
    CASE("quantiser table 4", START "\xff\xdb\0\x03\4", E_DATA, "byte 6: DQT: table 4")
    CASE("quantiser precision", START "\xff\xdb\0\x03\x20", E_DATA, "byte 6: DQT: table 0 of precision 2")
    CASE("quantiser 0", START "\xff\xdb\0\x43\0\0" ONES16 ONES16 ONES16 ONES4 ONES4 ONES4 "\1\1\1", E_DATA,
         "byte 7: DQT: a quantiser of 0")
    CASE("DHT too short", START "\xff\xc4\0\x05\0\0\0", E_DATA, "byte 6: DHT: segment ends inside the counts")
    CASE("DHT class", START "\xff\xc4\0\x03\x20", E_DATA, "byte 6: DHT: table 0 of class 2")
    CASE("DHT table", START "\xff\xc4\0\x03\x14", E_DATA, "byte 6: DHT: table 4 of class 1")
    CASE("DHT symbols lie", START DC_TABLE("\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0\0", "\0\1"), E_DATA, "byte 7: DHT: 7 symbols")
    CASE("DHT 257 symbols", START "\xff\xc4\0\x13\0\0\0\0\0\0\0\0\xff\0\0\0\0\0\0\0\2", E_DATA, "byte 7: DHT: 257 symbols")
    CASE("DHT oversubscribed", START "\xff\xc4\0\x16\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2", E_DATA, "byte 7: DHT: more codes")
    CASE("DHT oversubscribed later", START "\xff\xc4\0\x18\0\1\1\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4",
         E_DATA, "byte 7: DHT: more codes")
    CASE("DHT prefix of itself", START "\xff\xc4\0\x16\0\2\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2", E_DATA, "byte 7: DHT: more codes")
    CASE("DRI length", START "\xff\xdd\0\5\0\1\0", E_DATA, "byte 4: DRI: length 5")
    CASE("progressive", START FRAME("\xc2", "\x08", "\0\x08", "\0\x08"), E_UNSUPPORTED, "byte 2: progressive JPEG (SOF2)")
    CASE("lossless", START FRAME("\xc3", "\x08", "\0\x08", "\0\x08"), E_UNSUPPORTED, "byte 2: lossless JPEG (SOF3)")
    CASE("hierarchical", START FRAME("\xc5", "\x08", "\0\x08", "\0\x08"), E_UNSUPPORTED, "byte 2: hierarchical")
    CASE("arithmetic", START FRAME("\xc9", "\x08", "\0\x08", "\0\x08"), E_UNSUPPORTED, "byte 2: arithmetic coding")
    CASE("arithmetic, progressive", START FRAME("\xca", "\x08", "\0\x08", "\0\x08"), E_UNSUPPORTED, "(SOF10)")
    CASE("arithmetic conditioning", START "\xff\xcc\0\2", E_UNSUPPORTED, "byte 2: segment FFCC")
    CASE("hierarchical progression", START "\xff\xde\0\2", E_UNSUPPORTED, "byte 2: hierarchical JPEG")
    CASE("JPEG-LS", START "\xff\xf7\0\2", E_UNSUPPORTED, "byte 2: JPEG-LS")
    CASE("unknown marker", START "\xff\x02\0\2", E_DATA, "byte 2: unknown marker FF02")
    CASE("12 bits", START FRAME("\xc1", "\x0c", "\0\x08", "\0\x08"), E_UNSUPPORTED, "byte 6: frame header: 12 bits")
    CASE("7 bits", START FRAME("\xc0", "\x07", "\0\x08", "\0\x08"), E_DATA, "byte 6: frame header: 7 bits")
    CASE("width 0", START FRAME("\xc0", "\x08", "\0\x08", "\0\0"), E_DATA, "byte 9: frame header: width 0")
    CASE("height by DNL", START FRAME("\xc0", "\x08", "\0\0", "\0\x08"), E_UNSUPPORTED, "DNL")
    CASE("too wide", START FRAME("\xc0", "\x08", "\0\x08", "\xff\xff"), E_UNSUPPORTED, "65535x8, at most 32768")
    CASE("frame header cut", START "\xff\xc0\0\7\x08\0\x08\0\x08", E_DATA, "byte 6: frame header: segment ends")
    CASE("frame length", START "\xff\xc0\0\x0b\x08\0\x08\0\x08\3\1\x11\0", E_DATA, "length does not fit 3 components")
    CASE("no components", START "\xff\xc0\0\x08\x08\0\x08\0\x08\0", E_DATA, "byte 11: frame header: no components")
    CASE("two components", START "\xff\xc0\0\x0e\x08\0\x08\0\x08\2\1\x11\0\2\x11\0", E_UNSUPPORTED, "2 components")
    CASE("CMYK", START "\xff\xc0\0\x14\x08\0\x08\0\x08\4\1\x11\0\2\x11\0\3\x11\0\4\x11\0", E_UNSUPPORTED, "CMYK")
    CASE("sampling 0", START "\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x01\0", E_DATA, "byte 13: frame header: sampling factors 0x1")
    CASE("sampling 5", START "\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x15\0", E_DATA, "byte 13: frame header: sampling factors 1x5")
    CASE("quantiser selector", START "\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\4", E_DATA, "byte 14: frame header: quantiser table 4")
    CASE("ids repeat", START "\xff\xc0\0\x11\x08\0\x08\0\x08\3\1\x11\0\2\x11\0\1\x11\0", E_DATA, "two components of id 1")
    CASE("second frame", START GRAY8 GRAY8, E_DATA, "byte 19: second frame header")
    CASE("scan without frame", START SCAN, E_DATA, "byte 6: scan before any frame")
    CASE("empty scan header", START GRAY8 "\xff\xda\0\2", E_DATA, "scan header: empty")
    CASE("scan of 2 of 1", START GRAY8 "\xff\xda\0\x0a\2\1\0\1\0\0\x3f\0", E_DATA, "scan header: 2 components")
    CASE("scan length", START QUANTISER GRAY8 "\xff\xda\0\x09\1\1\0\0\x3f\0\0", E_DATA, "scan header: length")
    CASE("scan of nobody", START QUANTISER GRAY8 "\xff\xda\0\x08\1\7\0\0\x3f\0", E_DATA, "no component of id 7")
    CASE("no quantiser", START GRAY8 SCAN DATA END, E_DATA, "quantiser table 0, which is not defined")
    CASE("no Huffman table", START QUANTISER GRAY8 "\xff\xda\0\x08\1\1\x20\0\x3f\0" DATA END, E_DATA, "Huffman tables 2 and 0")
    CASE("Huffman selector", START QUANTISER GRAY8 "\xff\xda\0\x08\1\1\x0f\0\x3f\0" DATA END, E_DATA, "Huffman tables 0 and 15")
    CASE("spectral selection", START QUANTISER GRAY8 "\xff\xda\0\x08\1\1\0\1\x05\0" DATA END, E_DATA, "spectral selection 1..5")
    CASE("coded twice", START QUANTISER GRAY8 SCAN DATA SCAN DATA END, E_DATA, "component 1 is coded twice")
    CASE("twice in a scan", START QUANTISER THREE("\x11", "\x11", "\x11") "\xff\xda\0\x0a\2\1\0\1\0\0\x3f\0", E_DATA, "coded twice")
    CASE("4:1:0", START QUANTISER THREE("\x42", "\x11", "\x11") SCAN3 ZEROES, E_UNSUPPORTED, "4x2 1x1 1x1 of Y, Cb, Cr")
    CASE("chroma above luma", START QUANTISER THREE("\x11", "\x21", "\x21") SCAN3 ZEROES, E_UNSUPPORTED, "1x1 2x1 2x1")
    CASE("fractions", START QUANTISER THREE("\x31", "\x21", "\x21") SCAN3 ZEROES, E_UNSUPPORTED, "3x1 2x1 2x1")
    CASE("chroma differs", START QUANTISER THREE("\x22", "\x11", "\x12") SCAN3 ZEROES, E_UNSUPPORTED, "2x2 1x1 1x2")
    CASE("subsampled RGB", START "\xff\xee\0\x0e" "Adobe\0\x64\0\0\0\0\0" QUANTISER THREE("\x22", "\x11", "\x11") SCAN3 ZEROES,
         E_UNSUPPORTED, "of R, G, B are not 4:4:4")
    CASE("11 blocks in an MCU", START QUANTISER THREE("\x41", "\x41", "\x31") SCAN3 ZEROES, E_DATA, "11 blocks in an MCU")
    CASE("huge and empty", START QUANTISER FRAME("\xc0", "\x08", "\x80\0", "\x80\0") SCAN DATA END, E_DATA,
         "32768x32768 takes at least 4194304 bytes, 3 are left")
    CASE("no data", START QUANTISER GRAY8 SCAN END, E_DATA, "marker FFD9 inside the entropy-coded data, at MCU 0 of 1")
    CASE("data cut", START QUANTISER TWO8 SCAN DATA, E_DATA, "file ends inside the entropy-coded data")
    CASE("no such code", START QUANTISER GRAY8 SCAN "\xff\0\xff\0\xff\0" END, E_DATA, "no such Huffman code")
    CASE("data too long", START QUANTISER GRAY8 SCAN DATA DATA END, E_DATA, "bytes are left behind the last MCU")
    CASE("DC category 12", START QUANTISER DC_TABLE("\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "\x0c\0") GRAY8 SCAN "\0\0" END, E_DATA,
         "DC difference of a category above 11")
    CASE("AC category 11", START QUANTISER AC_TABLE("\x0b") GRAY8 SCAN "\0\0\0" END, E_DATA,
         "AC coefficient of a category above 10")
    CASE("AC without meaning", START QUANTISER AC_TABLE("\x20") GRAY8 SCAN "\0\0\0" END, E_DATA,
         "neither end of block nor 16 zeros")
    CASE("65 coefficients", START QUANTISER AC_TABLE("\xf0") GRAY8 SCAN "\0\0\0" END, E_DATA,
         "more than 64 coefficients")
    CASE("zeros up to the last coefficient", START QUANTISER "\xff\xc4\0\x15\x10\2" ZEROES ZEROES "\0\xf0\xe1" GRAY8 SCAN "\x31" END,
         E_DATA, "more than 64 coefficients")
    CASE("coefficient overflows", START "\xff\xdb\0\x83\x10\xff\xff" ONES16 ONES16 ONES16 ONES16 ONES16 ONES16 ONES16
         ONES4 ONES4 ONES4 "\1\1" GRAY8 SCAN "\x4a\x80" END, E_DATA, "does not fit 16 bits")
    CASE("no restart marker", START QUANTISER RESTART1 TWO8 SCAN "\x28" END, E_DATA,
         "marker FFD9 where restart marker FFD0 is due, at MCU 1 of 2")
    CASE("restart out of order", START QUANTISER RESTART1 TWO8 SCAN DATA "\xff\xd1" DATA END,
         E_DATA, "marker FFD1 where restart marker FFD0 is due")
    CASE("restart too late", START QUANTISER RESTART1 TWO8 SCAN DATA DATA "\xff\xd0" DATA END,
         E_DATA, "bytes are left")
    CASE("restart unannounced", START QUANTISER TWO8 SCAN DATA "\xff\xd0" DATA END, E_DATA,
         "marker FFD0 inside the entropy-coded data")
    CASE("ends at restart", START QUANTISER RESTART1 TWO8 SCAN DATA DATA, E_DATA, "bytes are left")
    CASE("file ends at restart", START QUANTISER RESTART1 TWO8 SCAN DATA "\xff", E_DATA,
         "file ends where a restart marker is due")
    CASE("component missing", START QUANTISER THREE("\x11", "\x11", "\x11") SCAN DATA END,
         E_DATA, "end of image before all components")
    CASE("DNL differs", START QUANTISER GRAY8 SCAN DATA "\xff\xdc\0\4\0\x09" END, E_DATA, "DNL: 9 lines, the frame header has 8")
    CASE("comment cut", START QUANTISER GRAY8 SCAN DATA "\xff\xfe\0\x09" "abc", E_DATA, "length 9 of segment FFFE, only 5")
#undef CASE
};

/* In a block of exactly that size, so that a sanitizer sees one byte too many. */
static enum status decode(struct picture *p, const void *bytes, size_t size, struct err *e)
{
    unsigned char *exact = malloc(size ? size : 1);
    if (!exact) return E_MEMORY;
    memcpy(exact, bytes, size);
    enum status status = jpeg_decode(p, "x.jpg", exact, size, e);
    free(exact);
    return status;
}

static void test_broken(struct check *c)
{
    for (size_t i = 0; i < LEN(broken); i++) {
        struct picture p;
        struct err e = { OK, "" };
        check_case(c, broken[i].what);
        enum status status = decode(&p, broken[i].bytes, broken[i].size, &e);
        CHECK_STATUS(status, broken[i].status);
        CHECK_STATUS(e.code, broken[i].status);
        CHECK_HAS(e.text, "x.jpg: byte ");
        CHECK_HAS(e.text, broken[i].phrase);
        CHECK(!p.planes && !p.plane[0].data);
        if (!status) picture_free(&p);
    }
}

/* What is unusual and yet whole: an 8x8 gray picture of 128. */
static void test_accepted(struct check *c)
{
    static const struct { const char *what, *bytes; size_t size; } whole[] = {
#define CASE(what, bytes) { what, bytes, sizeof bytes - 1 },
        CASE("jpeg: smallest", START QUANTISER GRAY8 SCAN DATA END)
        CASE("jpeg: no end marker", START QUANTISER GRAY8 SCAN DATA)
        CASE("jpeg: half an end marker", START QUANTISER GRAY8 SCAN DATA "\xff")
        CASE("jpeg: bytes behind the end", START QUANTISER GRAY8 SCAN DATA END "rest")
        CASE("jpeg: restart marker behind the scan", START QUANTISER GRAY8 SCAN DATA "\xff\xd0" END)
        CASE("jpeg: DNL that agrees", START QUANTISER GRAY8 SCAN DATA "\xff\xdc\0\4\0\x08" END)
        CASE("jpeg: comment behind the scan", START QUANTISER GRAY8 SCAN DATA "\xff\xfe\0\4ab" END)
        CASE("jpeg: restart interval never reached", START QUANTISER RESTART1 GRAY8 SCAN DATA END)
        CASE("jpeg: bits that fill the byte are 0", START QUANTISER GRAY8 SCAN "\x28" END)
#undef CASE
    };
    for (size_t i = 0; i < LEN(whole); i++) {
        struct picture p;
        struct err e = { OK, "" };
        check_case(c, whole[i].what);
        enum status status = decode(&p, whole[i].bytes, whole[i].size, &e);
        CHECK_STR(e.text, "");
        if (status) continue;
        CHECK(p.format.width == 8 && p.format.height == 8 && p.format.layout == LAYOUT_GRAY);
        for (size_t k = 0; k < BLOCK; k++) CHECK(p.plane[0].data[k / 8 * p.plane[0].stride + k % 8] == 128);
        picture_free(&p);
    }
}

/* Every prefix of a file is refused, but the ones that lack only the end marker. */
static void test_truncated(struct check *c)
{
    static const char *const names[] = { "420_restart_block_50x34.jpg", "420_three_scans_39x29.jpg", "rgb_ids_26x19.jpg" };
    struct file f;
    char path[PATH];
    check_case(c, "jpeg: every truncation");
    for (size_t i = 0; i < LEN(names); i++) {
        struct err opening = { OK, "" };
        snprintf(path, sizeof path, "%s/filters/jpeg/%s", c->golden, names[i]);
        CHECK_STATUS(file_map(&f, path, &opening), OK);
        if (opening.code) continue;
        for (size_t n = 0; n < f.size; n++) {
            struct picture p;
            struct err e = { OK, "" };
            enum status status = decode(&p, f.data, n, &e);
            CHECK_STATUS(status, n + 2 >= f.size ? OK : E_DATA);
            if (!status) picture_free(&p);
            else CHECK(strtoul(e.text + strlen("x.jpg: byte "), NULL, 10) <= n);
        }
        file_unmap(&f);
    }
}

static void test_arguments(struct check *c)
{
    struct picture p, rgb;
    struct picture_format f = { .width = 2, .height = 2, .layout = LAYOUT_444A, .depth = 8, .rate = { 0, 1 }, .aspect = { 0, 1 } };
    struct video v;
    struct err e = { OK, "" };
    check_case(c, "jpeg: what has no RGB, and no such file");
    CHECK_STATUS(picture_create(&p, &f, &e), OK);
    CHECK_STATUS(jpeg_to_rgb(&rgb, &p, &e), E_ARG);
    picture_free(&p);
    f.layout = LAYOUT_420;
    f.depth = 10;
    CHECK_STATUS(picture_create(&p, &f, &e), OK);
    CHECK_STATUS(jpeg_to_rgb(&rgb, &p, &e), E_ARG);
    picture_free(&p);
    CHECK_STATUS(jpeg_open(&v, "no/such.jpg", &e), E_OPEN);
    CHECK_STATUS(avi_open(&v, "no/such.avi", &e), E_OPEN);
    CHECK_HAS(e.text, "such.avi");
}

void test_jpeg(struct check *c)
{
    test_goldens(c);
    test_idct(c);
    test_broken(c);
    test_accepted(c);
    test_truncated(c);
    test_arguments(c);
    test_avi(c);
}
