/* test_image -- colour, resize and shape against golden/filters/image.tsv and image.cubic.tsv, which
 * golden/make/image.py wrote with OpenCV, Pillow, FFmpeg and rational arithmetic.  Inputs are made
 * here by the generator that the script describes.  Of the rows with all 2^24 colours only one runs,
 * unless the environment has IMAGE_ALL: the others take seconds, and sets of 52^3 stand for them. */
#include "check.h"
#include "../ref/image/image.h"

#include <stdlib.h>

void test_image(struct check *c);       /* also declared in tests.h */

enum { FIELDS = 16, GUARD = 64, LINE_MOST = 40000 };

/* ---- rows of a golden file ---- */

struct golden { struct file file; size_t at, number; char line[LINE_MOST]; char *field[FIELDS]; int fields; };

static int golden_open(struct golden *g, struct check *c, const char *name)
{
    struct err e = { OK, "" };
    char *path = NULL, *folder = path_join(c->golden, "filters");
    memset(g, 0, sizeof *g);
    if (folder) path = path_join(folder, name);
    if (!path || file_map(&g->file, path, &e) != OK) {
        check_failed(c, __FILE__, __LINE__, e.text);
        free(path);
        free(folder);
        return 0;
    }
    free(path);
    free(folder);
    return 1;
}

/* The next row, split at tabs; 0 at the end.  Fields that a row lacks are "". */
static int golden_next(struct golden *g)
{
    size_t n = 0;
    if (g->at >= g->file.size) return 0;
    while (g->at < g->file.size && g->file.data[g->at] != '\n' && n + 1 < sizeof g->line)
        g->line[n++] = (char)g->file.data[g->at++];
    g->at++;
    g->line[n] = 0;
    g->number++;
    g->fields = 0;
    for (int i = 0; i < FIELDS; i++) g->field[i] = g->line + n;
    for (char *s = g->line; s && g->fields < FIELDS; g->fields++) {
        g->field[g->fields] = s;
        s = strchr(s, '\t');
        if (s) *s++ = 0;
    }
    return 1;
}

static size_t number(const struct golden *g, int i) { return (size_t)strtoul(g->field[i], NULL, 10); }

static int lookup(struct check *c, const char *word, const char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(word, words[i])) return i;
    check_failed(c, __FILE__, __LINE__, word);
    return 0;
}

/* ---- inputs, and outputs with guards ---- */

static uint64_t noise(void *out, size_t count, int depth, uint64_t state)
{
    for (size_t i = 0; i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        if (depth == 8) ((unsigned char *)out)[i] = (unsigned char)(state >> 56);
        else ((uint16_t *)out)[i] = (uint16_t)(state >> (64 - depth));
    }
    return state;
}

static unsigned char *guarded(size_t n)
{
    unsigned char *p = malloc(n + 2 * GUARD);
    if (!p) abort();
    memset(p, 0xAA, n + 2 * GUARD);
    return p + GUARD;
}

static void guarded_free(struct check *c, unsigned char *p, size_t n)
{
    int whole = 1;
    for (int i = 1; i <= GUARD; i++) whole = whole && p[-i] == 0xAA && p[n + (size_t)i - 1] == 0xAA;
    CHECK(whole);
    free(p - GUARD);
}

/* Compares the hash, gives the output back, and names the row when it is another. */
static void check_row(struct check *c, const struct golden *g, int at, unsigned char *out, size_t n)
{
    char hex[65];
    int before = c->failures;
    sha256_hex(hex, out, n);
    CHECK_STR(hex, g->field[at]);
    guarded_free(c, out, n);
    if (c->failures == before) return;
    fprintf(stderr, "    row %zu of the golden:", g->number);
    for (int i = 0; i < at; i++) fprintf(stderr, " %s", g->field[i]);
    fprintf(stderr, "\n");
}

/* ---- resize ---- */

static const char *const resamplings[] = { "CV_LINEAR", "CV_AREA", "CV_CUBIC",
                                           "PIL_BOX", "PIL_BILINEAR", "PIL_BICUBIC", "PIL_LANCZOS" };

/* Of the row whose field `at` begins "w h channels dst_w dst_h seed". */
static unsigned char *resized(struct check *c, const struct golden *g, int at, enum resampling r)
{
    size_t w = number(g, at), h = number(g, at + 1), channels = number(g, at + 2);
    size_t dst_w = number(g, at + 3), dst_h = number(g, at + 4);
    struct err e = { OK, "" };
    unsigned char *src = guarded(w * h * channels), *dst = guarded(dst_w * dst_h * channels);
    noise(src, w * h * channels, 8, number(g, at + 5));
    CHECK_STATUS(image_resize(dst, dst_w, dst_h, src, w, h, channels, r, &e), OK);
    guarded_free(c, src, w * h * channels);
    return dst;
}

static void row_resize(struct check *c, const struct golden *g)
{
    enum resampling r = (enum resampling)lookup(c, g->field[1], resamplings, LEN(resamplings));
    unsigned char *dst = resized(c, g, 2, r);
    check_row(c, g, 8, dst, number(g, 4) * number(g, 5) * number(g, 6));
}

static int hex_digit(char d) { return d >= 'a' ? d - 'a' + 10 : d - '0'; }

/* OpenCV computes the columns of CUBIC in float, eight values or more at a time, and what is left of a
 * row in integers, as resize_cv.c does everywhere; its package as it comes hands all of it to IPP.  So
 * rows of less than eight values must be equal without IPP, and nothing may differ by more than 1. */
static void test_cubic(struct check *c)
{
    static const char *const codes[] = { "plain", "ipp" };
    struct golden *g = malloc(sizeof *g);
    size_t values[2] = { 0, 0 }, differ[2] = { 0, 0 }, equal_rows = 0;
    check_case(c, "image: CV_CUBIC within 1 of OpenCV");
    if (!g || !golden_open(g, c, "image.cubic.tsv")) { free(g); return; }
    while (golden_next(g)) {
        int code = lookup(c, g->field[0], codes, 2), most = 0;
        size_t row = number(g, 3) * number(g, 4), n = row * number(g, 5), others = 0;
        unsigned char *dst = resized(c, g, 1, CV_CUBIC);
        const char *hex = g->field[7];
        CHECK(strlen(hex) == 2 * n);
        for (size_t i = 0; i < n && strlen(hex) == 2 * n; i++) {
            int d = abs(dst[i] - (16 * hex_digit(hex[2 * i]) + hex_digit(hex[2 * i + 1])));
            if (d > most) most = d;
            others += d != 0;
        }
        CHECK(most <= 1);
        if (code == 0 && row < 8) {
            CHECK(others == 0);
            equal_rows++;
        }
        values[code] += n;
        differ[code] += others;
        guarded_free(c, dst, n);
    }
    CHECK(equal_rows > 0);
    for (int code = 0; code < 2; code++) {
        CHECK(values[code] > 20000);
        CHECK(differ[code] * 20 < values[code]);        /* below 5 % */
        if (getenv("IMAGE_ALL"))
            printf("CV_CUBIC: %zu of %zu values are not those of OpenCV (%s)\n", differ[code], values[code],
                   codes[code]);
    }
    file_unmap(&g->file);
    free(g);
}

/* ---- cubes of colours ---- */

static unsigned char level_of(size_t i, size_t step) { return (unsigned char)(i * step); }

static void row_rgb(struct check *c, const struct golden *g)
{
    static const struct {
        const char *name;
        void (*convert)(unsigned char *out, const unsigned char *rgb, size_t n);
        size_t channels;
    } conversions[] = {
        { "gray", rgb_to_gray, 1 }, { "luma14", rgb_to_luma14, 1 },
        { "pillow_l", rgb_to_pillow_l, 1 }, { "hsv", rgb_to_hsv, 3 },
    };
    const size_t step = number(g, 2);
    if (step == 0) { CHECK(step > 0); return; }
    const size_t n = 255 / step + 1, pixels = n * n * n;
    if (step == 1 && !getenv("IMAGE_ALL")) return;
    for (size_t k = 0; k < LEN(conversions); k++) {
        unsigned char *rgb, *out;
        if (strcmp(g->field[1], conversions[k].name)) continue;
        rgb = guarded(3 * pixels);
        out = guarded(conversions[k].channels * pixels);
        for (size_t i = 0; i < pixels; i++) {
            rgb[3 * i] = level_of(i / (n * n), step);
            rgb[3 * i + 1] = level_of(i / n % n, step);
            rgb[3 * i + 2] = level_of(i % n, step);
        }
        conversions[k].convert(out, rgb, pixels);
        guarded_free(c, rgb, 3 * pixels);
        check_row(c, g, 3, out, conversions[k].channels * pixels);
        return;
    }
    check_failed(c, __FILE__, __LINE__, "unknown conversion in the golden");
}

static const char *const matrices[] = { "BT601", "BT709", "BT2020" };
static const char *const ranges[] = { "UNKNOWN", "LIMITED", "FULL" };
static const char *const layouts[] = { "GRAY", "420", "422", "444", "440", "411", "444A", "RGB" };
static const char *const sitings[] = { "UNKNOWN", "CENTRE", "LEFT", "TOP_LEFT" };

static enum yuv_variant variant_of(const char *name) { return strcmp(name, "exact") ? YUV_SWSCALE : YUV_EXACT; }

static void row_cube(struct check *c, const struct golden *g)
{
    const size_t step = number(g, 4);
    struct picture_format f = { .layout = LAYOUT_420, .depth = 8 };
    struct picture p;
    unsigned char *memory, *rgb;
    int one = !strcmp(g->field[1], "exact") && !strcmp(g->field[2], "BT601") && !strcmp(g->field[3], "LIMITED");
    if (step == 0) { CHECK(step > 0); return; }
    if (step == 1 && !one && !getenv("IMAGE_ALL")) return;
    const size_t n = 255 / step + 1, bytes = 3 * n * n * n;
    f.width = 8 * n;
    f.height = n * n / 8;
    f.range = (enum range)lookup(c, g->field[3], ranges, LEN(ranges));
    memory = guarded(picture_bytes(&f));
    picture_layout(&p, &f, memory);
    for (size_t k = 0; k < n * n * n / 4; k++) {
        size_t row = k / (4 * n), column = k % (4 * n), pair = k / (n / 4), four = k % (n / 4);
        p.plane[1].data[k] = level_of(pair / n, step);
        p.plane[2].data[k] = level_of(pair % n, step);
        for (size_t j = 0; j < 4; j++)
            p.plane[0].data[(2 * row + j / 2) * f.width + 2 * column + j % 2] = level_of(4 * four + j, step);
    }
    rgb = guarded(bytes);
    yuv_to_rgb(rgb, &p, (enum matrix)lookup(c, g->field[2], matrices, LEN(matrices)), variant_of(g->field[1]),
               CHROMA_NEAREST);
    guarded_free(c, memory, picture_bytes(&f));
    check_row(c, g, 5, rgb, bytes);
}

/* ---- pictures of every layout ---- */

/* Fills the planes with noise and moves them to rows with padding, in which 0xAA stays. */
static void fill_padded(struct picture *p, uint64_t seed)
{
    const size_t pad = 6;               /* even: rows of words stay aligned */
    for (int k = 0; k < p->planes; k++) {
        struct plane *q = &p->plane[k];
        size_t samples = q->width * (p->format.layout == LAYOUT_RGB ? 3 : 1);
        size_t bytes = samples * (p->format.depth > 8 ? 2 : 1);
        unsigned char *padded = malloc((bytes + pad) * q->height);
        if (!padded) abort();
        memset(padded, 0xAA, (bytes + pad) * q->height);
        for (size_t y = 0; y < q->height; y++) seed = noise(padded + y * (bytes + pad), samples, p->format.depth, seed);
        q->data = padded;
        q->stride = bytes + pad;
    }
}

static void row_yuv(struct check *c, const struct golden *g)
{
    struct picture_format f = { .width = number(g, 8), .height = number(g, 9), .depth = (int)number(g, 5) };
    struct picture p;
    unsigned char *rgb = guarded(3 * f.width * f.height), *unused = malloc(4 * 2 * 3 * (f.width + 4) * (f.height + 4));
    if (!unused) abort();
    f.layout = (enum layout)lookup(c, g->field[4], layouts, LEN(layouts));
    f.range = (enum range)lookup(c, g->field[3], ranges, LEN(ranges));
    f.siting = (enum siting)lookup(c, g->field[6], sitings, LEN(sitings));
    picture_layout(&p, &f, unused);
    fill_padded(&p, number(g, 10));
    free(unused);
    yuv_to_rgb(rgb, &p, (enum matrix)lookup(c, g->field[2], matrices, LEN(matrices)), variant_of(g->field[1]),
               strcmp(g->field[7], "LINEAR") ? CHROMA_NEAREST : CHROMA_LINEAR);
    for (int k = 0; k < p.planes; k++) free(p.plane[k].data);
    check_row(c, g, 11, rgb, 3 * f.width * f.height);
}

static void test_rows(struct check *c)
{
    static const struct {
        const char *kind, *name;
        void (*run)(struct check *, const struct golden *);
        int fields;
    } kinds[] = {
        { "resize", "image: resize equals OpenCV and Pillow", row_resize, 9 },
        { "rgb", "image: gray and HSV of all colours", row_rgb, 4 },
        { "cube", "image: RGB of all Y, U, V", row_cube, 6 },
        { "yuv", "image: RGB of pictures of every layout", row_yuv, 12 },
    };
    for (size_t k = 0; k < LEN(kinds); k++) {
        struct golden *g = malloc(sizeof *g);
        size_t rows = 0;
        check_case(c, kinds[k].name);
        if (!g || !golden_open(g, c, "image.tsv")) { free(g); return; }
        while (golden_next(g)) {
            if (strcmp(g->field[0], kinds[k].kind)) continue;
            CHECK(g->fields == kinds[k].fields);
            if (g->fields == kinds[k].fields) kinds[k].run(c, g);
            rows++;
        }
        CHECK(rows > 0);
        file_unmap(&g->file);
        free(g);
    }
}

/* ---- values a person can check ---- */

static void test_known_colours(struct check *c)
{
    /* Colour bars of BT.709 in limited range (75 %): Y, U, V and the level that a channel has. */
    static const struct { unsigned char yuv[3], rgb[3]; } bars[] = {
        { { 16, 128, 128 }, { 0, 0, 0 } }, { { 235, 128, 128 }, { 255, 255, 255 } },
        { { 180, 128, 128 }, { 191, 191, 191 } },
        { { 254, 128, 128 }, { 255, 255, 255 } }, { { 1, 128, 128 }, { 0, 0, 0 } },
        { { 63, 102, 240 }, { 255, 1, 0 } }, { { 32, 240, 118 }, { 1, 0, 255 } },
    };
    check_case(c, "image: known colours");
    for (size_t i = 0; i < LEN(bars); i++) {
        struct picture_format f = { .width = 1, .height = 1, .layout = LAYOUT_444, .depth = 8, .range = RANGE_LIMITED };
        struct picture p;
        unsigned char planes[3], rgb[3];
        memcpy(planes, bars[i].yuv, 3);
        picture_layout(&p, &f, planes);
        yuv_to_rgb(rgb, &p, BT709, YUV_EXACT, CHROMA_LINEAR);
        CHECK(!memcmp(rgb, bars[i].rgb, 3));
    }
    /* Pure colours, the pair of equal maxima, and black, as R,G,B and H,S,V. */
    static const unsigned char rgb[][3] = { { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 }, { 255, 255, 0 },
                                            { 255, 0, 1 }, { 0, 0, 0 }, { 7, 7, 7 } };
    static const unsigned char hsv[][3] = { { 0, 255, 255 }, { 60, 255, 255 }, { 120, 255, 255 }, { 30, 255, 255 },
                                            { 0, 255, 255 }, { 0, 0, 0 }, { 0, 0, 7 } };
    unsigned char found[LEN(rgb)][3];
    rgb_to_hsv(found[0], rgb[0], LEN(rgb));
    CHECK(!memcmp(found, hsv, sizeof hsv));
}

static void test_resize_errors(struct check *c)
{
    struct err e = { OK, "" };
    unsigned char src[16] = { 0 }, dst[16];
    check_case(c, "image: sizes that are refused");
    memset(dst, 0xAA, sizeof dst);
    CHECK_STATUS(image_resize(dst, 0, 1, src, 2, 2, 1, CV_LINEAR, &e), E_ARG);
    CHECK_HAS(e.text, "2 x 2 to 0 x 1");
    CHECK_STATUS(image_resize(dst, 1, 1, src, 2, 0, 1, PIL_BOX, &e), E_ARG);
    CHECK_STATUS(image_resize(dst, (size_t)MAX_SIDE + 1, 1, src, 2, 2, 1, CV_AREA, &e), E_ARG);
    CHECK_STATUS(image_resize(dst, 1, 1, src, 1, (size_t)MAX_SIDE + 1, 1, CV_AREA, &e), E_ARG);
    CHECK_STATUS(image_resize(dst, 1, 1, src, 1, 1, 0, CV_AREA, &e), E_ARG);
    CHECK_STATUS(image_resize(dst, 1, 1, src, 1, 1, 5, CV_AREA, &e), E_ARG);
    CHECK_HAS(e.text, "5 channels");
    CHECK_STATUS(image_resize(dst, 1, 1, src, 1, 1, 1, (enum resampling)99, NULL), E_ARG);
    for (size_t i = 0; i < sizeof dst; i++) CHECK(dst[i] == 0xAA);
}

/* The longest side there is: tables and sums stay in their types; a constant stays itself. */
static void test_resize_long(struct check *c)
{
    struct err e = { OK, "" };
    unsigned char *src = guarded(MAX_SIDE), *dst = guarded(MAX_SIDE);
    check_case(c, "image: the longest side");
    memset(src, 255, MAX_SIDE);
    for (int r = CV_LINEAR; r <= PIL_LANCZOS; r++)
        for (int way = 0; way < 3; way++) {
            size_t long_side = way == 2 ? 1 : MAX_SIDE, to = way == 0 ? 3 : way == 1 ? 1 : MAX_SIDE;
            memset(dst, 0, MAX_SIDE);
            CHECK_STATUS(image_resize(dst, to, 1, src, long_side, 1, 1, (enum resampling)r, &e), OK);
            CHECK(dst[0] == 255 && dst[to / 2] == 255 && dst[to - 1] == 255);
            CHECK_STATUS(image_resize(dst, 1, to, src, 1, long_side, 1, (enum resampling)r, &e), OK);
            CHECK(dst[0] == 255 && dst[to / 2] == 255 && dst[to - 1] == 255);
        }
    guarded_free(c, src, MAX_SIDE);
    guarded_free(c, dst, MAX_SIDE);
}

static void test_shape(struct check *c)
{
    static const char image[] = "abcdef"                /* 3 wide, 2 high:  abc / def */;
    unsigned char out[6], rgb[2 * 3 * 3], turned[2 * 3 * 3], back[2 * 3 * 3];
    check_case(c, "image: crop and rotate");
    image_rotate(out, (const unsigned char *)image, 3, 2, 1, 90);
    CHECK(!memcmp(out, "daebfc", 6));                   /* da / eb / fc */
    image_rotate(out, (const unsigned char *)image, 3, 2, 1, 180);
    CHECK(!memcmp(out, "fedcba", 6));
    image_rotate(out, (const unsigned char *)image, 3, 2, 1, 270);
    CHECK(!memcmp(out, "cfbead", 6));                   /* cf / be / ad */
    image_crop(out, (const unsigned char *)image, 3, 1, 1, 0, 2, 2);
    CHECK(!memcmp(out, "bcef", 4));
    image_crop(out, (const unsigned char *)image, 1, 3, 0, 1, 1, 1);
    CHECK(!memcmp(out, "def", 3));
    noise(rgb, sizeof rgb, 8, 1);
    image_rotate(turned, rgb, 2, 3, 3, 90);
    image_rotate(back, turned, 3, 2, 3, 270);
    CHECK(!memcmp(back, rgb, sizeof rgb));
    CHECK(!memcmp(turned, rgb + 2 * 2 * 3, 3));         /* bottom left becomes top left */
    image_rotate(back, rgb, 2, 3, 3, 0);
    CHECK(!memcmp(back, rgb, sizeof rgb));
}

void test_image(struct check *c)
{
    test_rows(c);
    test_cubic(c);
    test_known_colours(c);
    test_resize_errors(c);
    test_resize_long(c);
    test_shape(c);
}
