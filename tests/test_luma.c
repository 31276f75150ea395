/* Luma filters against the public tools: every row of golden/filters/luma.tsv on the clips of
 * data/clips.c, made again in memory, and of luma_footage.tsv on real footage where it is.
 * Printed values must agree to the last digit, integers exactly, the Laplacian to 1e-12.
 * golden/make/luma.py says what the rows are. */
#include "check.h"
#include "../data/clips.h"
#include "../ref/filter/luma.h"

#include <math.h>
#include <stdlib.h>

void test_luma(struct check *c);

/* A clip in memory.  Rows are longer than their samples: a filter that ignores the stride reads
 * the filling, which is different in every frame. */
struct clip {
    struct picture *frame;
    int64_t frames, at;                 /* at: frame rows done */
    struct rational rate;
    enum range range;
    struct scene scene;
    struct motion motion[3];
    struct cropdetect crop;
    struct sharpness sharpness;
    struct text cuts;
    int ready;
};

enum { FILLING = 13 };

static void clip_free(struct clip *k)
{
    for (int64_t i = 0; i < k->frames; i++) free(k->frame[i].plane[0].data);
    free(k->frame);
    if (k->ready) {
        scene_free(&k->scene);
        for (int i = 0; i < 3; i++) motion_free(&k->motion[i]);
    }
    text_free(&k->cuts);
    memset(k, 0, sizeof *k);
}

/* Appends a copy of p with longer rows; its samples also go to *all. */
static int clip_add(struct clip *k, const struct picture *p, struct text *all)
{
    struct picture q = *p, *more;
    size_t bytes = 0, at = 0;
    for (int i = 0; i < p->planes; i++) bytes += (p->plane[i].width + FILLING) * p->plane[i].height;
    unsigned char *memory = malloc(bytes);
    more = realloc(k->frame, (size_t)(k->frames + 1) * sizeof *more);
    if (more) k->frame = more;
    if (!memory || !more) {
        free(memory);
        return 0;
    }
    memset(memory, (int)(k->frames * 31 + 7) & 255, bytes);
    for (int i = 0; i < p->planes; i++) {
        q.plane[i].data = memory + at;
        q.plane[i].stride = p->plane[i].width + FILLING;
        for (size_t y = 0; y < p->plane[i].height; y++) {
            const unsigned char *row = p->plane[i].data + y * p->plane[i].stride;
            memcpy(q.plane[i].data + y * q.plane[i].stride, row, p->plane[i].width);
            text_add_bytes(all, (const char *)row, p->plane[i].width);
        }
        at += q.plane[i].stride * q.plane[i].height;
    }
    k->frame[k->frames++] = q;
    return 1;
}

static void clip_make(struct clip *k, struct check *c, const char *name, struct text *all)
{
    const struct clip_spec *s = clip_find(name);
    unsigned char *memory = s ? malloc(clip_bytes(s)) : NULL;
    CHECK(memory != NULL);
    for (int n = 0; memory && n < s->frames; n++) {
        struct picture p;
        clip_frame(s, n, &p, memory);
        CHECK(clip_add(k, &p, all));
    }
    free(memory);
}

static void clip_read(struct clip *k, struct check *c, const char *name, struct text *all)
{
    char path[300];
    struct video v;
    struct picture p;
    int end = 0;
    snprintf(path, sizeof path, "../shared/data/y4m/%.200s", name);
    struct err e = { OK, "" };
    if (y4m_open(&v, path, &e)) {
        CHECK_STR(e.text, "a clip");
        return;
    }
    while (!video_next(&v, &p, &end, &e) && !end) CHECK(clip_add(k, &p, all));
    CHECK(end);
    video_close(&v);
}

/* The row "sha256": a new clip begins. */
static void begin_clip(struct clip *k, struct check *c, const char *name, int footage, const char *expected)
{
    struct text all = { 0 };
    char found[65];
    struct err e;
    clip_free(k);
    check_case(c, name);
    if (footage) clip_read(k, c, name, &all);
    else clip_make(k, c, name, &all);
    CHECK(!all.failed && k->frames > 0);
    if (k->frames == 0) {
        text_free(&all);
        return;
    }
    sha256_hex(found, all.s, all.len);
    text_free(&all);
    CHECK_STR(found, expected);
    const struct picture_format *f = &k->frame[0].format;
    k->rate = f->rate;
    k->range = f->range;
    k->ready = 1;
    CHECK_STATUS(scene_init(&k->scene, f->width, f->height, &e), OK);
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(motion_init(&k->motion[i], (enum motion_kind)i, f->width, f->height, &e), OK);
    cropdetect_init(&k->crop, f->width, f->height);
}

static void check_frame(struct clip *k, struct check *c, const char *number, const char *values)
{
    char found[400], expected[400] = "", sharp[64] = "";
    struct scene_values s;
    struct motion_values m[3];
    struct levels l;
    struct crop box = { 0, 0, 0, 0 };
    CHECK(k->at == strtol(number, NULL, 10) && k->at < k->frames);
    if (k->at >= k->frames) return;
    const struct plane *y = &k->frame[k->at].plane[0];
    scene_frame(&k->scene, y, &s);
    if (s.cut) text_add(&k->cuts, "%s%lld", k->cuts.len ? " " : "", (long long)k->at);
    for (int i = 0; i < 3; i++) motion_frame(&k->motion[i], y, &m[i]);
    CHECK(cropdetect_frame(&k->crop, y, &box));
    levels_of(&l, y);
    double v = sharpness_frame(&k->sharpness, y);
    snprintf(found, sizeof found, "%.3f %.3f %f %.2f %d %d %d %d %d %d %g %d %d %g %llu %llu %llu", s.mafd, s.score,
             s.scene_score, m[0].score, box.x, box.y, box.w, box.h, l.min, l.low, l.mean, l.high, l.max,
             s.mean_difference, (unsigned long long)m[0].sad, (unsigned long long)m[1].sad,
             (unsigned long long)m[2].sad);
    /* the 15th value is the Laplacian, which is compared as a number */
    const char *at = values;
    for (int i = 0; i < 14 && at; i++) at = strchr(at + 1, ' ');
    CHECK(at && sscanf(at, "%63s", sharp) == 1);
    if (at) snprintf(expected, sizeof expected, "%.*s%s", (int)(at - values), values, at + 1 + strlen(sharp));
    CHECK_STR(found, expected);
    double want = strtod(sharp, NULL);
    CHECK(fabs(v - want) <= 1e-12 * fabs(want));
    k->at++;
}

static void check_crop(struct clip *k, struct check *c, const char *options, const char *expected)
{
    struct text found = { 0 };
    struct cropdetect d;
    cropdetect_init(&d, k->frame[0].format.width, k->frame[0].format.height);
    CHECK(sscanf(options, "%d,%d,%d,%d,%d", &d.limit, &d.round, &d.skip, &d.reset, &d.max_outliers) == 5);
    for (int64_t n = 0; n < k->frames; n++) {
        struct crop b;
        const char *gap = n ? " " : "";
        if (cropdetect_frame(&d, &k->frame[n].plane[0], &b)) text_add(&found, "%s%d,%d,%d,%d", gap, b.x, b.y, b.w, b.h);
        else text_add(&found, "%s-", gap);
    }
    CHECK_STR(found.s, expected);
    text_free(&found);
}

static double seconds(const struct clip *k, int64_t frames)
{
    return (double)frames * (double)k->rate.den / (double)k->rate.num;
}

static void check_spans(struct clip *k, struct check *c, const char *kind, const char *shortest, const char *expected)
{
    struct text found = { 0 };
    struct black b;
    struct freeze z;
    struct err e;
    int black = !strcmp(kind, "black");
    black_init(&b, k->range, k->rate);
    CHECK_STATUS(freeze_init(&z, &k->frame[0].format, &e), OK);
    b.shortest_s = z.shortest_s = strtod(shortest, NULL);
    for (int64_t n = 0; n < k->frames; n++) {
        if (black) black_frame(&b, &k->frame[n].plane[0]);
        else freeze_frame(&z, &k->frame[n]);
    }
    black_finish(&b);
    freeze_finish(&z);
    const struct spans *s = black ? &b.spans : &z.spans;
    for (size_t i = 0; i < s->count; i++) {
        const struct span *one = &s->item[i];
        text_add(&found, "%s%.6g:", i ? " " : "", seconds(k, one->start));
        if (one->open && !black) text_add(&found, "-:-");
        else text_add(&found, "%.6g:%.6g", seconds(k, one->end), seconds(k, one->end - one->start));
    }
    CHECK_STR(found.s ? found.s : "", expected);
    text_free(&found);
    black_free(&b);
    freeze_free(&z);
}

static void check_pdq(struct check *c, const struct plane *y, const char *quality, const char *expected)
{
    struct text found = { 0 };
    struct pdq q;
    struct err e;
    CHECK_STATUS(pdq_gray(&q, y, &e), OK);
    CHECK(q.quality == strtol(quality, NULL, 10));
    for (int t = 0; t < PDQ_TURNS; t++) {
        uint16_t word[16];
        char hex[65];
        pdq_turned(word, &q, (enum pdq_turn)t);
        text_add(&found, "%s%s", t ? " " : "", pdq_hex(hex, word));
    }
    CHECK_STR(found.s, expected);
    text_free(&found);
}

static void check_image(struct check *c, const char *name, const char *quality, const char *expected)
{
    char path[300], hex[65];
    struct video v;
    struct picture p;
    struct pdq q;
    struct err e;
    int end = 0;
    check_case(c, name);
    snprintf(path, sizeof path, "../shared/data/images/%.200s", name);
    CHECK_STATUS(pnm_open(&v, path, &e), OK);
    CHECK_STATUS(video_next(&v, &p, &end, &e), OK);
    const struct plane *one = &p.plane[0];
    if (p.format.layout == LAYOUT_RGB) CHECK_STATUS(pdq_rgb(&q, one->data, one->width, one->height, &e), OK);
    else CHECK_STATUS(pdq_gray(&q, one, &e), OK);
    CHECK(q.quality == strtol(quality, NULL, 10));
    CHECK_STR(pdq_hex(hex, q.word), expected);
    video_close(&v);
}

static void check_row(struct clip *k, struct check *c, char *field[5], int footage)
{
    const char *kind = field[1];
    if (!strcmp(kind, "sha256")) begin_clip(k, c, field[0], footage, field[2]);
    else if (!strcmp(kind, "image")) check_image(c, field[0], field[2], field[3]);
    else if (k->frames == 0) return;
    else if (!strcmp(kind, "frame")) check_frame(k, c, field[2], field[3]);
    else if (!strcmp(kind, "scdet")) CHECK_STR(k->cuts.s ? k->cuts.s : "", field[2]);
    else if (!strcmp(kind, "clearest")) CHECK(k->sharpness.clearest == strtol(field[2], NULL, 10));
    else if (!strcmp(kind, "crop")) check_crop(k, c, field[2], field[3]);
    else if (!strcmp(kind, "black") || !strcmp(kind, "freeze")) check_spans(k, c, kind, field[2], field[3]);
    else if (!strcmp(kind, "pdq")) check_pdq(c, &k->frame[strtol(field[2], NULL, 10)].plane[0], field[3], field[4]);
    else CHECK_STR(kind, "a kind of row");
}

static void check_golden(struct check *c, const char *name, int footage)
{
    char path[600], line[8192];
    struct clip k;
    memset(&k, 0, sizeof k);
    snprintf(path, sizeof path, "%s/filters/%s", c->golden, name);
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    while (f && fgets(line, sizeof line, f)) {
        static char none[] = "";
        char *field[5] = { line, none, none, none, none };
        line[strcspn(line, "\n")] = 0;
        for (int i = 1; i < 5; i++) {
            char *tab = strchr(field[i - 1], '\t');
            if (!tab) break;
            *tab = 0;
            field[i] = tab + 1;
        }
        check_row(&k, c, field, footage);
    }
    if (f) fclose(f);
    c->name = "luma";                  /* names of cases lay in `line` */
    clip_free(&k);
}

/* A cut needs a score above 10: 127, 128 and 129 grey levels over 5 samples are 9.92, 10, 10.08. */
static void check_threshold(struct check *c)
{
    unsigned char before[5] = { 100, 100, 100, 100, 100 }, now[5] = { 126, 126, 126, 125, 0 };
    struct plane a = { before, 5, 1, 5 }, b = { now, 5, 1, 5 };
    for (int i = 0; i < 3; i++) {
        struct scene s;
        struct scene_values v;
        struct err e;
        CHECK_STATUS(scene_init(&s, 5, 1, &e), OK);
        scene_frame(&s, &a, &v);
        CHECK(v.mafd == 0 && v.score == 0 && v.scene_score == 0 && !v.cut);
        now[4] = (unsigned char)(124 + i);
        scene_frame(&s, &b, &v);
        CHECK(v.cut == (i == 2) && fabs(v.score - (127 + i) * 20 / 256.) < 1e-6);
        scene_free(&s);
    }
}

/* What no clip shows: sizes at the edge, summaries, arguments refused. */
static void check_edges(struct check *c)
{
    unsigned char one[7] = { 9, 250, 0, 17, 17, 3, 255 };
    struct plane row = { one, 7, 1, 7 }, column = { one, 1, 7, 1 }, dot = { one, 1, 1, 1 };
    struct scene s;
    struct motion m;
    struct freeze z;
    struct pdq q;
    struct err e;
    check_case(c, "edges of luma filters");
    /* by hand: 482 -491 267 -17 -14 266 -504 along the row, the other axis adds nothing */
    double laplacian[7] = { 482, -491, 267, -17, -14, 266, -504 }, sum = 0, squares = 0;
    for (int i = 0; i < 7; i++) sum += laplacian[i], squares += laplacian[i] * laplacian[i];
    CHECK(fabs(laplacian_variance(&row) - (squares / 7 - sum * sum / 49)) < 1e-9);
    CHECK(laplacian_variance(&row) == laplacian_variance(&column));
    CHECK(laplacian_variance(&dot) == 0);
    struct sharpness clear = { 0, 0, 0 };
    sharpness_frame(&clear, &dot);
    sharpness_frame(&clear, &row);
    sharpness_frame(&clear, &column);
    CHECK(clear.clearest == 1 && clear.frames == 3);           /* the first of equals */
    check_threshold(c);
    CHECK_STATUS(scene_init(&s, 0, 4, &e), E_ARG);
    CHECK_HAS(e.text, "scene: a plane of 0x4");
    scene_free(&s);
    CHECK_STATUS(motion_init(&m, MOTION_FFMPEG, 2, 4, &e), E_ARG);
    CHECK_HAS(e.text, "2x4");
    CHECK(isnan(motion_finish(&m).mean));
    motion_free(&m);
    struct picture_format deep = { 4, 4, LAYOUT_420, 10, SITING_UNKNOWN, RANGE_UNKNOWN, 'p', { 25, 1 }, { 1, 1 } };
    CHECK_STATUS(freeze_init(&z, &deep, &e), E_ARG);
    freeze_free(&z);
    CHECK_STATUS(pdq_gray(&q, &row, &e), OK);
    CHECK(q.quality == 0 && pdq_distance(q.word, (uint16_t[16]){ 0xFFFF, 1 }) == 17);
    struct rational film = { 24000, 1001 }, slow = { 1, 2 }, unknown = { 0, 1 };
    CHECK(vpdq_interval(1, film) == 23 && vpdq_interval(1, slow) == 1 && vpdq_interval(1, unknown) == 1);
    struct black b;
    struct rational absurd = { INT64_MAX, 1 };
    black_init(&b, RANGE_UNKNOWN, absurd);
    black_frame(&b, &dot);
    black_finish(&b);
    CHECK(b.spans.count == 0);
    black_init(&b, RANGE_FULL, unknown);
    CHECK(b.threshold == 25 && black_frame(&b, &row) == 5. / 7);
    black_free(&b);
}

static void check_motion2(struct check *c)
{
    const struct clip_spec *spec = clip_find("freeze");
    unsigned char *memory = malloc(clip_bytes(spec));
    struct err e;
    check_case(c, "motion2 and means");
    for (int kind = 0; memory && kind < 3; kind++) {
        struct motion m;
        double score[40], sum = 0, sum2 = 0;
        CHECK_STATUS(motion_init(&m, (enum motion_kind)kind, (size_t)spec->width, (size_t)spec->height, &e), OK);
        for (int n = 0; n < 40; n++) {
            struct motion_values v;
            struct picture p;
            clip_frame(spec, n * 2, &p, memory);
            motion_frame(&m, &p.plane[0], &v);
            score[n] = v.score;
            sum += v.score;
            if (n == 0) CHECK(isnan(v.motion2_before) && v.score == 0);
            else CHECK(v.motion2_before == (n == 1 ? 0 : score[n - 1] < v.score ? score[n - 1] : v.score));
            if (n > 0) sum2 += v.motion2_before;
        }
        struct motion_summary s = motion_finish(&m);
        CHECK(s.motion2_last == score[39] && fabs(s.mean - sum / 40) < 1e-12 && s.mean > 0);
        CHECK(fabs(s.mean2 - (sum2 + score[39]) / 40) < 1e-12 && s.mean2 <= s.mean);
        motion_free(&m);
    }
    free(memory);
}

/* A colour whose luma 0.299 R + 0.587 G + 0.114 B is g exactly, the which-th one found from a
 * start that depends on `which`; there are dozens for every g but the darkest and brightest. */
static void colour_of(unsigned char rgb[3], int g, int which)
{
    for (int i = 0; i < 65536; i++) {
        int at = (i + which * 9973) & 65535, r = at >> 8, b = at & 255, rest = 1000 * g - 299 * r - 114 * b;
        if (rest < 0 || rest % 587 || rest / 587 > 255) continue;
        rgb[0] = (unsigned char)r;
        rgb[1] = (unsigned char)(rest / 587);
        rgb[2] = (unsigned char)b;
        return;
    }
}

/* A colour picture hashes as the gray picture of the same luma.  Rounding in float differs, so
 * a bit whose number equals the median nearly may turn. */
static void check_colour_hash(struct check *c)
{
    enum { KINDS = 7 };
    const struct clip_spec *spec = clip_find("pan");
    size_t n = (size_t)spec->width * (size_t)spec->height;
    unsigned char *memory = malloc(clip_bytes(spec)), *rgb = malloc(3 * n);
    unsigned char (*table)[KINDS][3] = calloc(256, sizeof *table);
    struct pdq gray, colour;
    struct picture p;
    struct err e;
    check_case(c, "pdq of colours");
    CHECK(memory && rgb && table);
    if (memory && rgb && table) {
        for (int i = 0; i < 256 * KINDS; i++) colour_of(table[i / KINDS][i % KINDS], i / KINDS, i % KINDS);
        clip_frame(spec, 3, &p, memory);
        for (size_t i = 0; i < n; i++) memcpy(rgb + 3 * i, table[memory[i]][i % KINDS], 3);
        CHECK_STATUS(pdq_gray(&gray, &p.plane[0], &e), OK);
        CHECK_STATUS(pdq_rgb(&colour, rgb, p.plane[0].width, p.plane[0].height, &e), OK);
        CHECK(pdq_distance(gray.word, colour.word) <= 1);
        for (int i = 0; i < 256; i++) CHECK(fabsf(gray.dct[i / 16][i % 16] - colour.dct[i / 16][i % 16]) < 1e-3f);
    }
    free(memory);
    free(rgb);
    free(table);
}

void test_luma(struct check *c)
{
    check_edges(c);
    check_colour_hash(c);
    check_motion2(c);
    check_golden(c, "luma.tsv", 0);
    FILE *f = fopen("../shared/data/manifest.json", "r");
    if (f) {
        fclose(f);
        check_golden(c, "luma_footage.tsv", 1);
    } else {
        printf("skip luma filters on footage: there is no ../shared/data\n");
    }
}
