/* Dense optical flow: Farneback against OpenCV on pictures made here (golden/make/flow.py makes the same
 * ones), its plain truths, and the clip's mean flow.
 *
 * Against OpenCV without fused multiply-add: 1e-5 px on the grid and 1e-6 of the mean are allowed; measured
 * on x86-64 with gcc and clang: 1e-6 px, and mostly no difference but the golden's 9 digits. */
#include "check.h"
#include "../ref/filter/flow.h"
#include "../ref/io/io.h"

#include <math.h>
#include <stdlib.h>

void test_flow(struct check *c);

/* ---- pictures: flow.py, line by line ---- */

enum { ONE = 65536, FAR = 256 * ONE };

struct map { int64_t m[6]; };

static const struct map still = { { ONE, 0, FAR, 0, ONE, FAR } };

static int64_t lattice(uint32_t seed, int64_t ix, int64_t iy)
{
    uint32_t h = seed ^ ((uint32_t)ix * 0x9E3779B1u);
    h = (h ^ (h >> 15)) * 0x85EBCA77u;
    h ^= (uint32_t)iy * 0xC2B2AE3Du;
    h = (h ^ (h >> 13)) * 0x27D4EB2Fu;
    return (h ^ (h >> 16)) & 255;
}

static int64_t octave(uint32_t seed, int64_t u, int64_t v, int shift)
{
    int64_t ix = u >> shift, iy = v >> shift, tx = u >> (shift - 8) & 255, ty = v >> (shift - 8) & 255;
    int64_t sx = (tx * tx * (768 - 2 * tx)) >> 16, sy = (ty * ty * (768 - 2 * ty)) >> 16;
    int64_t top = lattice(seed, ix, iy) * (256 - sx) + lattice(seed, ix + 1, iy) * sx;
    int64_t bottom = lattice(seed, ix, iy + 1) * (256 - sx) + lattice(seed, ix + 1, iy + 1) * sx;
    return (top * (256 - sy) + bottom * sy) >> 16;
}

static unsigned char *picture(size_t w, size_t h, uint32_t seed, const struct map *map)
{
    unsigned char *p = malloc(w * h);
    if (!p) abort();
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            const int64_t *m = map->m, ix = (int64_t)x, iy = (int64_t)y;
            int64_t u = (m[0] * ix + m[1] * iy + m[2]) >> 8, v = (m[3] * ix + m[4] * iy + m[5]) >> 8;
            p[y * w + x] = (unsigned char)((2 * octave(seed, u, v, 12) + octave(seed + 1, u, v, 10)) / 3);
        }
    return p;
}

/* ---- goldens ---- */

static size_t size_of(const struct json *o, const char *key)
{
    size_t n = 0;
    json_size(json_get(o, key), 1 << 20, &n);
    return n;
}

static double item(const struct json *array, size_t i)
{
    const struct json *v = array ? array->first : NULL;
    while (v && i--) v = v->next;
    return v ? v->number : NAN;
}

static struct map map_of(const struct json *array)
{
    struct map map;
    for (size_t i = 0; i < 6; i++) map.m[i] = (int64_t)item(array, i);
    return map;
}

static void set_flat(unsigned char *p, size_t w, const struct json *flat)
{
    if (!flat || !flat->count) return;
    for (size_t y = (size_t)item(flat, 1); y < (size_t)item(flat, 3); y++)
        for (size_t x = (size_t)item(flat, 0); x < (size_t)item(flat, 2); x++) p[y * w + x] = (unsigned char)item(flat, 4);
}

/* Largest difference from the golden's grid; infinity when the grids differ in size. */
static double grid_difference(const float *flow, size_t w, size_t h, size_t step, const struct json *grid)
{
    const struct json *v = grid ? grid->first : NULL;
    double worst = 0;
    for (size_t y = 0; y < h; y += step)
        for (size_t x = 0; x < w; x += step)
            for (size_t i = 0; i < 2; i++) {
                if (!v) return INFINITY;
                double d = fabs(flow[(y * w + x) * 2 + i] - v->number);
                if (!(d <= worst)) worst = isnan(d) ? INFINITY : d;
                v = v->next;
            }
    return v ? INFINITY : worst;
}

static void golden_flow(struct check *c, const struct json *row)
{
    struct err e = { OK, "" };
    const struct json *s = json_get(row, "settings"), *name = json_get(row, "case");
    struct farneback_settings settings = { item(s, 0), (int)item(s, 1), (int)item(s, 2), (int)item(s, 3), (int)item(s, 4),
                                           item(s, 5) };
    size_t w = size_of(row, "w"), h = size_of(row, "h"), step = size_of(row, "step");
    struct map from = map_of(json_get(row, "before")), to = map_of(json_get(row, "after"));
    uint32_t seed = (uint32_t)size_of(row, "seed");
    CHECK(w && h && step);
    if (!w || !h || !step) return;
    unsigned char *before = picture(w, h, seed, &from), *after = picture(w, h, seed, &to);
    float *flow = malloc(w * h * 2 * sizeof *flow);
    if (!flow) abort();
    set_flat(before, w, json_get(row, "flat"));
    set_flat(after, w, json_get(row, "flat"));
    CHECK_STATUS(farneback(flow, before, after, w, h, &settings, &e), OK);
    double worst = grid_difference(flow, w, h, step, json_get(row, "flow")), mean = flow_mean(flow, w * h);
    double wanted = json_get(row, "mean") ? json_get(row, "mean")->number : NAN;
    int fine = worst <= 1e-5 && fabs(mean - wanted) <= 1e-6 * wanted + 1e-9;
    CHECK(fine);
    if (!fine)
        fprintf(stderr, "    %s: grid differs by %.3g px, mean %.9g, OpenCV %.9g\n", name ? name->string : "?", worst, mean,
                wanted);
    free(before);
    free(after);
    free(flow);
}

/* Frames come with a stride wider than the row, filled with something else. */
static void golden_meter(struct check *c, const struct json *row)
{
    struct err e = { OK, "" };
    size_t w = size_of(row, "w"), h = size_of(row, "h"), frame = 0;
    const struct json *maps = json_get(row, "maps"), *means = json_get(row, "means"), *reduced = json_get(row, "reduced");
    struct flow_meter m;
    CHECK(w && h && maps && maps->count > 1);
    CHECK_STATUS(flow_meter_init(&m, w, h, FLOW_METER_SIDE, &e), OK);
    CHECK(m.w == (size_t)item(reduced, 0) && m.h == (size_t)item(reduced, 1));
    for (const struct json *v = maps ? maps->first : NULL; v; v = v->next, frame++) {
        struct map map = map_of(v);
        unsigned char *p = picture(w, h, (uint32_t)size_of(row, "seed"), &map), *wide = malloc((w + 7) * h);
        if (!wide) abort();
        memset(wide, 0xAA, (w + 7) * h);
        for (size_t y = 0; y < h; y++) memcpy(wide + y * (w + 7), p + y * w, w);
        struct plane plane = { wide, w, h, w + 7 };
        if (frame % 2) plane = (struct plane){ p, w, h, w };
        double mean = 0, wanted = frame ? item(means, frame - 1) : NAN;
        CHECK_STATUS(flow_meter_frame(&m, &plane, &mean, &e), OK);
        int fine = frame ? fabs(mean - wanted) <= 1e-6 * wanted : isnan(mean);
        CHECK(fine);
        if (!fine)
            fprintf(stderr, "    frame %zu of %zux%zu: mean %.9g px, OpenCV %.9g\n", frame, w, h, mean, wanted);
        free(p);
        free(wide);
    }
    flow_meter_free(&m);
}

static void test_goldens(struct check *c)
{
    struct err e = { OK, "" };
    char *path = path_join(c->golden, "filters/flow.json");
    struct file f = { 0 };
    struct json_document d = { 0 };
    check_case(c, "flow: golden file");
    if (!path || file_map(&f, path, &e) || json_parse(&d, path, (const char *)f.data, f.size, 0, &e)) {
        check_failed(c, __FILE__, __LINE__, e.text);
    } else {
        const struct json *flows = json_get(d.root, "flows"), *meters = json_get(d.root, "meters");
        CHECK(flows && flows->count >= 21 && meters && meters->count >= 3);
        check_case(c, "flow: as OpenCV");
        for (const struct json *v = flows ? flows->first : NULL; v; v = v->next) golden_flow(c, v);
        check_case(c, "flow: mean of a clip as OpenCV");
        for (const struct json *v = meters ? meters->first : NULL; v; v = v->next) golden_meter(c, v);
    }
    json_free(&d);
    file_unmap(&f);
    free(path);
}

/* ---- what must hold whoever computes it ---- */

static void test_direction(struct check *c)
{
    enum { W = 90, H = 70 };
    static float flow[W * H * 2];
    struct map moved = still;
    struct err e;
    double dx = 0, dy = 0;
    check_case(c, "flow: right and down are positive");
    moved.m[2] -= 3 * ONE;                      /* shows what was 3 px to the left */
    moved.m[5] -= 1 * ONE;
    unsigned char *before = picture(W, H, 77, &still), *after = picture(W, H, 77, &moved);
    CHECK_STATUS(farneback(flow, before, after, W, H, NULL, &e), OK);
    for (size_t y = 15; y < H - 15; y++)
        for (size_t x = 15; x < W - 15; x++) {
            dx += flow[(y * W + x) * 2] / (double)((W - 30) * (H - 30));
            dy += flow[(y * W + x) * 2 + 1] / (double)((W - 30) * (H - 30));
        }
    CHECK(fabs(dx - 3) < 0.1 && fabs(dy - 1) < 0.1);
    free(before);
    free(after);
}

static void test_small(struct check *c)
{
    struct err e;
    int finite = 1, zero = 1;
    check_case(c, "flow: every size from 1x1 to 14x14");
    for (size_t w = 1; w <= 14; w++)
        for (size_t h = 1; h <= 14; h++) {
            struct map moved = still;
            moved.m[2] += ONE / 2;
            unsigned char *before = picture(w, h, 5, &still), *after = picture(w, h, 5, &moved);
            float *flow = malloc(w * h * 2 * sizeof *flow);
            if (!flow) abort();
            CHECK_STATUS(farneback(flow, before, after, w, h, NULL, &e), OK);
            for (size_t i = 0; i < w * h * 2; i++) finite &= isfinite(flow[i]) != 0;
            memset(before, 128, w * h);
            CHECK_STATUS(farneback(flow, before, before, w, h, NULL, &e), OK);
            for (size_t i = 0; i < w * h * 2; i++) zero &= fabs((double)flow[i]) < 1e-4;
            free(before);
            free(after);
            free(flow);
        }
    CHECK(finite);
    CHECK(zero);
}

static void test_refusals(struct check *c)
{
    struct err e = { OK, "" };
    unsigned char pixel = 0;
    float flow[2] = { 5, 5 };
    struct farneback_settings bad[] = {
        { 1.0, 3, 15, 3, 5, 1.2 }, { 0.0, 3, 15, 3, 5, 1.2 }, { NAN, 3, 15, 3, 5, 1.2 }, { 0.5, -1, 15, 3, 5, 1.2 },
        { 0.5, FLOW_LEVELS + 1, 15, 3, 5, 1.2 }, { 0.5, 3, 1, 3, 5, 1.2 }, { 0.5, 3, FLOW_WINDOW + 1, 3, 5, 1.2 },
        { 0.5, 3, 15, 0, 5, 1.2 }, { 0.5, 3, 15, 3, 0, 1.2 }, { 0.5, 3, 15, 3, FLOW_RADIUS + 1, 1.2 },
        { 0.5, 3, 15, 3, 5, 0.1 }, { 0.5, 3, 15, 3, 5, NAN }, { 0.5, 3, 15, 3, 5, INFINITY }, { 0.5, 3, 15, 3, 5, -1 },
    };
    struct flow_meter m;
    check_case(c, "flow: what is refused");
    for (size_t i = 0; i < LEN(bad); i++) CHECK_STATUS(farneback(flow, &pixel, &pixel, 1, 1, &bad[i], &e), E_ARG);
    CHECK_STATUS(farneback(flow, &pixel, &pixel, 0, 1, NULL, &e), E_ARG);
    CHECK_STATUS(farneback(flow, &pixel, &pixel, 1, MAX_SIDE + 1, NULL, &e), E_ARG);
    CHECK_HAS(e.text, "flow: a picture of 1x32769 pixels");
    CHECK(flow[0] == 5 && flow[1] == 5);
    CHECK_STATUS(flow_meter_init(&m, 0, 4, FLOW_METER_SIDE, &e), E_ARG);
    flow_meter_free(&m);
}

static void test_grid(struct check *c)
{
    static const struct { size_t width, height, side, w, h; } grid[] = {
        { 1280, 720, FLOW_METER_SIDE, 384, 216 }, { 720, 1280, FLOW_METER_SIDE, 216, 384 },
        { 384, 384, FLOW_METER_SIDE, 384, 384 }, { 385, 2, FLOW_METER_SIDE, 384, 2 },
        { 3000, 1, FLOW_METER_SIDE, 384, 1 }, { 512, 2, FLOW_METER_SIDE, 384, 2 }, { 512, 6, FLOW_METER_SIDE, 384, 5 },
        { 500, 300, 0, 500, 300 }, { 2, 3, FLOW_METER_SIDE, 2, 3 },
    };
    struct err e;
    check_case(c, "flow: the grid that the mean is measured on");
    for (size_t i = 0; i < LEN(grid); i++) {
        struct flow_meter m;
        CHECK_STATUS(flow_meter_init(&m, grid[i].width, grid[i].height, grid[i].side, &e), OK);
        CHECK(m.w == grid[i].w && m.h == grid[i].h);
        flow_meter_free(&m);
    }
}

void test_flow(struct check *c)
{
    test_goldens(c);
    test_direction(c);
    test_small(c);
    test_refusals(c);
    test_grid(c);
}
