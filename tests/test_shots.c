/* test_shots -- the shot detectors against PySceneDetect: golden/filters/shots.json, made by
 * golden/make/shots.py, which also says what a segment of a clip means. */
#include "check.h"
#include "../ref/filter/shots.h"

#include <math.h>
#include <stdlib.h>

void test_shots(struct check *c);

/* ---- frames ---- */

struct frames { unsigned char *rgb; size_t width, height; int64_t count; };

static const unsigned char *frame_at(const struct frames *f, int64_t n)
{
    return f->rgb + (size_t)n * 3 * f->width * f->height;
}

static uint32_t mix(uint32_t h, uint32_t word)
{
    h = (h ^ word) * 0x9E3779B1u;
    h = (h ^ (h >> 15)) * 0x85EBCA77u;
    return h ^ (h >> 13);
}

static double number(const struct json *o, const char *key, double otherwise)
{
    const struct json *v = json_get(o, key);
    return v && v->type == JSON_NUMBER ? v->number : otherwise;
}

/* Frame t of segment s (frames seed drift noise level0 level1 add), number n of its clip. */
static void pixels(unsigned char *rgb, const struct frames *f, uint32_t n, int t, const int *s)
{
    int level = s[0] == 1 ? s[5] : (s[4] * (s[0] - 1 - t) + s[5] * t) / (s[0] - 1);
    for (uint32_t y = 0; y < f->height; y++)
        for (uint32_t x = 0; x < f->width; x++)
            for (uint32_t p = 0; p < 3; p++) {
                uint32_t block = mix(mix(mix(mix(0, (uint32_t)s[1]), (x + (uint32_t)(s[2] * t)) / 8), y / 8), p) >> 24;
                int v = (int)block * level / 256 + s[6];
                if (s[3]) v += (int)((mix(mix(mix(mix(0, n + 1), x), y), p) >> 8) % (uint32_t)(2 * s[3] + 1)) - s[3];
                *rgb++ = (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
            }
}

static struct frames make_clip(struct check *c, const struct json *clip)
{
    struct frames f = { NULL, (size_t)number(clip, "width", 0), (size_t)number(clip, "height", 0), 0 };
    const struct json *segments = json_get(clip, "segments");
    size_t size = 3 * f.width * f.height;
    int64_t checksum = 0;
    for (const struct json *s = segments->first; s; s = s->next) f.count += (int64_t)s->first->number;
    f.rgb = malloc((size_t)f.count * size);
    CHECK(f.rgb);
    if (!f.rgb) exit(2);
    unsigned char *at = f.rgb;
    uint32_t n = 0;
    for (const struct json *s = segments->first; s; s = s->next) {
        int v[7] = { 0 }, i = 0;
        for (const struct json *w = s->first; w && i < 7; w = w->next) v[i++] = (int)w->number;
        for (int t = 0; t < v[0]; t++, at += size) {
            int64_t sum = 0;
            pixels(at, &f, n, t, v);
            for (size_t k = 0; k < size; k++) sum += at[k];
            checksum = (checksum + sum * ++n) % 2147483648;
        }
    }
    CHECK((double)checksum == number(clip, "checksum", -1));
    return f;
}

/* ---- values ---- */

struct columns { double *val, *hue, *sat, *lum, *ratio, *average; double *memory; };

static struct columns measure(struct check *c, const struct frames *f)
{
    struct columns m;
    struct content content;
    struct adaptive adaptive;
    struct cuts none = { NULL, 0, 0, 0 };
    size_t n = (size_t)f->count;
    m.memory = malloc(6 * n * sizeof *m.memory);
    CHECK(m.memory);
    if (!m.memory || content_init(&content, f->width, f->height, NULL)) exit(2);
    m.val = m.memory;
    m.hue = m.val + n;
    m.sat = m.hue + n;
    m.lum = m.sat + n;
    m.ratio = m.lum + n;
    m.average = m.ratio + n;
    adaptive_init(&adaptive);
    for (size_t i = 0; i < n; i++) {
        struct content_score s = content_frame(&content, frame_at(f, (int64_t)i));
        m.val[i] = s.val;
        m.hue[i] = s.hue;
        m.sat[i] = s.sat;
        m.lum[i] = s.lum;
        m.ratio[i] = NAN;
        double ratio = adaptive_frame(&adaptive, (int64_t)i, s.val, &none);
        if (i >= 2) m.ratio[i - 2] = ratio;
        m.average[i] = average_rgb(frame_at(f, (int64_t)i), f->width * f->height);
    }
    content_free(&content);
    cuts_free(&none);
    return m;
}

/* Fills out with hist_diff (bins > 0) or hash_dist (size > 0) of every frame. */
static void measure_changes(struct check *c, double *out, const struct frames *f, int bins, int size)
{
    struct histogram h;
    struct dct_hash d;
    struct cuts none = { NULL, 0, 0, 0 };
    histogram_init(&h);
    dct_hash_init(&d);
    h.bins = bins;
    d.size = size;
    for (int64_t i = 0; i < f->count; i++)
        if (bins) out[i] = histogram_frame(&h, i, frame_at(f, i), f->width * f->height, &none);
        else CHECK_STATUS(dct_hash_frame(&d, i, frame_at(f, i), f->width, f->height, &out[i], &none, NULL), OK);
    cuts_free(&none);
}

/* delta_edges of every frame with a box of `box` (0: default), and val with uneven weights. */
static void measure_edges(struct check *c, double *edges, double *val, const struct frames *f, int box)
{
    static const double weight[4] = { 1, 0.5, -0.25, 0.7 };
    struct content content;
    CHECK_STATUS(content_init(&content, f->width, f->height, NULL), OK);
    CHECK_STATUS(content_with_edges(&content, box, NULL), OK);
    memcpy(content.weight, weight, sizeof weight);
    for (int64_t i = 0; i < f->count; i++) {
        struct content_score s = content_frame(&content, frame_at(f, i));
        edges[i] = s.edges;
        val[i] = s.val;
    }
    content_free(&content);
}

static void compare(struct check *c, const struct json *values, const char *name, const double *found, int64_t count, int every)
{
    const struct json *column = json_get(values, name), *v = column ? column->first : NULL;
    int wrong = 0;
    int64_t at = 0, first = -1;
    for (; v && at < count; v = v->next, at += every) {
        int same = v->type == JSON_NULL ? isnan(found[at])
                                        : fabs(found[at] - v->number) <= 1e-9 * (fabs(v->number) > 1 ? fabs(v->number) : 1);
        if (!same && !wrong++) first = at;
    }
    CHECK(column && !v && at >= count);
    CHECK(!wrong);
    if (wrong) fprintf(stderr, "    %s: %d values differ, first at frame %d: %.17g\n", name, wrong, (int)first, found[first]);
}

static void check_values(struct check *c, const struct json *values, const struct frames *f, const struct columns *m, int every)
{
    double *change = malloc(2 * (size_t)f->count * sizeof *change);
    if (!change) exit(2);
    compare(c, values, "content_val", m->val, f->count, every);
    compare(c, values, "delta_hue", m->hue, f->count, every);
    compare(c, values, "delta_sat", m->sat, f->count, every);
    compare(c, values, "delta_lum", m->lum, f->count, every);
    compare(c, values, "adaptive_ratio", m->ratio, f->count, every);
    compare(c, values, "average_rgb", m->average, f->count, every);
    measure_changes(c, change, f, 256, 0);
    compare(c, values, "hist_diff_256", change, f->count, every);
    measure_changes(c, change, f, 128, 0);
    compare(c, values, "hist_diff_128", change, f->count, every);
    measure_changes(c, change, f, 0, 16);
    compare(c, values, "hash_dist_16", change, f->count, every);
    measure_changes(c, change, f, 0, 8);
    compare(c, values, "hash_dist_8", change, f->count, every);
    measure_edges(c, change, change + f->count, f, 7);
    compare(c, values, "delta_edges_7", change, f->count, every);
    measure_edges(c, change, change + f->count, f, 0);
    compare(c, values, "delta_edges", change, f->count, every);
    compare(c, values, "content_val_weighted", change + f->count, f->count, every);
    free(change);
}

/* ---- cut lists ---- */

static int says(const struct json *run, const char *key, const char *value)
{
    const struct json *v = json_get(run, key);
    return v && v->type == JSON_STRING && !strcmp(v->string, value);
}

static int is_true(const struct json *run, const char *key)
{
    const struct json *v = json_get(run, key);
    return v && v->type == JSON_TRUE;
}

static struct rational rate_of(const struct json *run)
{
    const struct json *v = json_get(run, "rate");
    struct rational r = { 25, 1 };
    if (v) {
        char *end;
        r.num = strtol(v->string, &end, 10);
        r.den = strtol(end + 1, NULL, 10);
    }
    return r;
}

static void run_content(const struct json *run, const struct frames *f, const struct columns *m, struct cuts *cuts)
{
    struct flash flash;
    struct rational rate = rate_of(run);
    const double *val = is_true(run, "luma_only") ? m->lum : m->val;
    enum flash_clock clock = says(run, "clock", "frames")         ? CLOCK_FRAMES
                           : says(run, "clock", "microseconds") ? CLOCK_MICROSECONDS
                                                                : CLOCK_TIME;
    enum flash_mode mode = says(run, "mode", "suppress") ? FLASH_SUPPRESS : FLASH_MERGE;
    double seconds = number(run, "seconds", -1);
    if (seconds >= 0) flash_init_seconds(&flash, mode, clock, seconds, rate);
    else flash_init(&flash, mode, clock, (int64_t)number(run, "length", 15), rate);
    for (int64_t i = 0; i < f->count; i++) {
        struct rational time = { i * rate.den, rate.num };
        if (says(run, "clock", "milliseconds")) {
            time.num = (int64_t)rint(1000.0 * (double)time.num / (double)time.den);
            time.den = 1000;
        }
        flash_frame(&flash, i, time, content_above(val[i], number(run, "threshold", content_threshold)), cuts);
    }
}

static void run_adaptive(const struct json *run, const struct frames *f, const struct columns *m, struct cuts *cuts)
{
    struct adaptive a;
    adaptive_init(&a);
    a.threshold = number(run, "threshold", a.threshold);
    a.min_content_val = number(run, "min_content_val", a.min_content_val);
    a.window = (int)number(run, "window", a.window);
    a.min_scene_len = (int64_t)number(run, "length", (double)a.min_scene_len);
    for (int64_t i = 0; i < f->count; i++) adaptive_frame(&a, i, m->val[i], cuts);
}

static void run_fade(const struct json *run, const struct frames *f, const struct columns *m, struct cuts *cuts)
{
    struct fade d;
    fade_init(&d);
    d.threshold = (int)number(run, "threshold", d.threshold);
    d.bias = number(run, "bias", d.bias);
    d.min_scene_len = (int64_t)number(run, "length", (double)d.min_scene_len);
    d.method = says(run, "method", "ceiling") ? FADE_CEILING : FADE_FLOOR;
    d.add_final_scene = is_true(run, "final");
    for (int64_t i = 0; i < f->count; i++) fade_frame(&d, i, m->average[i], cuts);
    fade_end(&d, f->count - 1, cuts);
}

static void run_histogram(const struct json *run, const struct frames *f, struct cuts *cuts)
{
    struct histogram h;
    histogram_init(&h);
    h.threshold = number(run, "threshold", h.threshold);
    h.bins = (int)number(run, "bins", h.bins);
    h.min_scene_len = (int64_t)number(run, "length", (double)h.min_scene_len);
    for (int64_t i = 0; i < f->count; i++) histogram_frame(&h, i, frame_at(f, i), f->width * f->height, cuts);
}

static void run_hash(struct check *c, const struct json *run, const struct frames *f, struct cuts *cuts)
{
    struct dct_hash d;
    double distance;
    dct_hash_init(&d);
    d.threshold = number(run, "threshold", d.threshold);
    d.size = (int)number(run, "size", d.size);
    d.lowpass = (int)number(run, "lowpass", d.lowpass);
    d.min_scene_len = (int64_t)number(run, "length", (double)d.min_scene_len);
    for (int64_t i = 0; i < f->count; i++)
        CHECK_STATUS(dct_hash_frame(&d, i, frame_at(f, i), f->width, f->height, &distance, cuts, NULL), OK);
}

static void check_runs(struct check *c, const struct json *runs, const struct frames *f, const struct columns *m)
{
    int number_of_run = 0;
    for (const struct json *run = runs->first; run; run = run->next, number_of_run++) {
        struct cuts cuts = { NULL, 0, 0, 0 };
        if (says(run, "detector", "content")) run_content(run, f, m, &cuts);
        if (says(run, "detector", "adaptive")) run_adaptive(run, f, m, &cuts);
        if (says(run, "detector", "fade")) run_fade(run, f, m, &cuts);
        if (says(run, "detector", "histogram")) run_histogram(run, f, &cuts);
        if (says(run, "detector", "hash")) run_hash(c, run, f, &cuts);
        const struct json *expected = json_get(run, "cuts"), *v = expected->first;
        size_t i = 0;
        while (v && i < cuts.count && (double)cuts.frame[i] == v->number) i++, v = v->next;
        int same = !v && i == cuts.count && !cuts.failed;
        CHECK(same);
        if (!same) {
            fprintf(stderr, "    run %d (%s): expected %d cuts, found", number_of_run, json_get(run, "detector")->string, (int)expected->count);
            for (i = 0; i < cuts.count; i++) fprintf(stderr, " %d", (int)cuts.frame[i]);
            fputc('\n', stderr);
        }
        cuts_free(&cuts);
    }
}

/* ---- cases ---- */

static void check_downscaled(struct check *c, const struct json *values, const struct frames *f)
{
    struct frames small = { NULL, 0, 0, f->count };
    shots_downscale(f->width, f->height, &small.width, &small.height);
    CHECK(small.width == 256 && small.height == 145);
    size_t size = 3 * small.width * small.height;
    small.rgb = malloc((size_t)f->count * size);
    if (!small.rgb) exit(2);
    for (int64_t i = 0; i < f->count; i++)
        CHECK_STATUS(image_resize(small.rgb + (size_t)i * size, small.width, small.height, frame_at(f, i), f->width, f->height, 3, CV_LINEAR, NULL), OK);
    struct columns m = measure(c, &small);
    check_values(c, values, &small, &m, 1);
    free(m.memory);
    free(small.rgb);
}

static void check_clips(struct check *c, const struct json *clips)
{
    for (const struct json *clip = clips->first; clip; clip = clip->next) {
        check_case(c, clip->key);
        struct frames f = make_clip(c, clip);
        struct columns m = measure(c, &f);
        if (json_get(clip, "values")) check_values(c, json_get(clip, "values"), &f, &m, (int)number(clip, "every", 1));
        if (json_get(clip, "downscaled")) check_downscaled(c, json_get(clip, "downscaled"), &f);
        if (json_get(clip, "runs")) check_runs(c, json_get(clip, "runs"), &f, &m);
        free(m.memory);
        free(f.rgb);
    }
}

/* All frames of a clip as RGB; without memory or a readable file, none. */
static struct frames read_clip(struct check *c, const char *path)
{
    struct video v;
    struct picture p;
    struct err e = { OK, "" };
    struct frames f = { NULL, 0, 0, 0 };
    int end = 0;
    CHECK_STATUS(video_open(&v, path, &e), OK);
    if (e.code) return f;
    f.width = v.format.width;
    f.height = v.format.height;
    size_t size = 3 * f.width * f.height;
    while (!video_next(&v, &p, &end, &e) && !end) {
        unsigned char *grown = realloc(f.rgb, (size_t)(f.count + 1) * size);
        if (!grown) break;
        f.rgb = grown;
        yuv_to_rgb(f.rgb + (size_t)f.count++ * size, &p, BT601, YUV_EXACT, CHROMA_NEAREST);
    }
    CHECK(end);
    video_close(&v);
    return f;
}

static void check_files(struct check *c, const struct json *files)
{
    for (const struct json *file = files->first; file; file = file->next) {
        char path[400];
        snprintf(path, sizeof path, "../shared/data/y4m/%s.y4m", file->key);
        FILE *there = fopen(path, "rb");
        if (!there) {
            printf("skip %s and the clips beside it: not there\n", path);
            return;
        }
        fclose(there);
        check_case(c, file->key);
        struct frames f = read_clip(c, path);
        if (f.count) {
            struct columns m = measure(c, &f);
            check_values(c, json_get(file, "values"), &f, &m, (int)number(file, "every", 1));
            check_runs(c, json_get(file, "runs"), &f, &m);
            free(m.memory);
        }
        free(f.rgb);
    }
}

static void check_lists(struct check *c)
{
    struct cuts a = { NULL, 0, 0, 0 }, b = { NULL, 0, 0, 0 };
    static const int64_t left[] = { 30, 10, 30, 0, 99 }, right[] = { 12, 30, 31, 60, 100 };
    check_case(c, "cut and shot lists");
    CHECK(shots_count(&a, 0) == 0 && shots_count(&a, 5) == 1);
    CHECK(shots_get(&a, 5, 0).start == 0 && shots_get(&a, 5, 0).end == 5);
    for (size_t i = 0; i < LEN(left); i++) cuts_add(&a, left[i]);
    for (size_t i = 0; i < LEN(right); i++) cuts_add(&b, right[i]);
    CHECK(a.count == 4 && a.frame[0] == 0 && a.frame[1] == 10 && a.frame[2] == 30 && a.frame[3] == 99);
    cuts_merge(&a, &b, 3);          /* 0 10 (12) 30 (31) 60 99 (100) */
    CHECK(a.count == 5 && a.frame[3] == 60 && a.frame[4] == 99);
    CHECK(shots_count(&a, 99) == 4 && shots_count(&a, 100) == 5 && shots_count(&a, 10) == 1);
    CHECK(shots_get(&a, 99, 0).start == 0 && shots_get(&a, 99, 0).end == 10);
    CHECK(shots_get(&a, 99, 3).start == 60 && shots_get(&a, 99, 3).end == 99);
    cuts_merge(&a, &b, 0);
    CHECK(a.count == 8);
    cuts_merge(&a, &b, 29);         /* 0 (10 12) 30 (31) 60 99 (100): 30 and 60 are far enough */
    CHECK(a.count == 4 && a.frame[1] == 30 && a.frame[3] == 99);
    cuts_merge(&a, &b, 30);
    CHECK(a.count == 4 && a.frame[2] == 60);
    cuts_free(&a);
    cuts_free(&b);
    size_t w, h;
    shots_downscale(256, 10, &w, &h);
    CHECK(w == 256 && h == 10);
    shots_downscale(1280, 720, &w, &h);
    CHECK(w == 256 && h == 144);
    shots_downscale(320, 187, &w, &h);
    CHECK(w == 256 && h == 150);
    shots_downscale(3, 20000, &w, &h);
    CHECK(w == 1 && h == 256);
    shots_downscale(512, 5, &w, &h);        /* 2.5 to even */
    CHECK(w == 256 && h == 2);
}

/* Time stamps that share no unit, and values that a caller may get wrong. */
static void check_limits(struct check *c)
{
    struct flash f;
    struct cuts cuts = { NULL, 0, 0, 0 };
    struct rational rate = { 24000, 1001 }, unknown = { 0, 1 };
    struct rational time[] = { { 0, 1 }, { 4611686018427387847, 2305843009213693951 }, { 7, 1 } };
    struct err e = { OK, "" };
    unsigned char bits[4], rgb[12] = { 0 };
    struct content content;
    check_case(c, "limits");
    flash_init(&f, FLASH_SUPPRESS, CLOCK_TIME, 24, rate);
    for (int i = 0; i < 3; i++) flash_frame(&f, i, time[i], 1, &cuts);
    CHECK(cuts.count == 2 && cuts.frame[0] == 1);
    cuts_free(&cuts);
    flash_init(&f, FLASH_MERGE, CLOCK_TIME, 2, unknown);
    for (int i = 0; i < 5; i++) flash_frame(&f, i, unknown, i == 3, &cuts);
    CHECK(f.clock == CLOCK_FRAMES && cuts.count == 1 && cuts.frame[0] == 3);
    cuts_free(&cuts);
    CHECK_STATUS(content_init(&content, 0, 4, &e), E_ARG);
    CHECK_STATUS(content_init(&content, 4, (size_t)MAX_SIDE + 1, &e), E_ARG);
    CHECK_HAS(e.text, "32769");
    struct edges edges;
    CHECK_STATUS(edges_create(&edges, 4, 4, 4, &e), E_ARG);
    CHECK_STATUS(edges_create(&edges, 4, 4, 1, &e), E_ARG);
    CHECK_STATUS(dct_hash_bits(bits, 33, 1, rgb, 2, 2, &e), E_ARG);
    CHECK_STATUS(dct_hash_bits(bits, 32, 5, rgb, 2, 2, &e), E_ARG);
    CHECK_STATUS(dct_hash_bits(bits, 1, 1, rgb, 2, 2, &e), E_ARG);
    CHECK_HAS(e.text, "size 1, lowpass 1");
    CHECK_STATUS(dct_hash_bits(bits, 2, 1, rgb, 2, 2, &e), OK);
    CHECK(!bits[0] && !bits[1] && !bits[2] && !bits[3]);
}

void test_shots(struct check *c)
{
    char path[600];
    struct file file;
    struct json_document golden;
    struct err e = { OK, "" };
    check_lists(c);
    check_limits(c);
    check_case(c, "golden");
    snprintf(path, sizeof path, "%s/filters/shots.json", c->golden);
    CHECK_STATUS(file_map(&file, path, &e), OK);
    if (e.code) return;
    CHECK_STATUS(json_parse(&golden, path, (const char *)file.data, file.size, 0, &e), OK);
    if (!e.code) {
        check_clips(c, json_get(golden.root, "clips"));
        check_files(c, json_get(golden.root, "files"));
        json_free(&golden);
    }
    file_unmap(&file);
}
