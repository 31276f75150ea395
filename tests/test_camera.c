/* Camera motion: the fit against golden/make/camera.py on flow fields made here, line by line as there;
 * means, jitter and names; the clips of data/clips.c, whose motion is known, and real pictures under known
 * motion where they are.  Accuracy asked for: 0.1 px, 0.002 of zoom and 0.1 degree of roll a frame. */
#include "check.h"
#include "../data/clips.h"
#include "../ref/filter/camera.h"

#include <math.h>
#include <stdlib.h>

void test_camera(struct check *c);

/* ---- fields ---- */

static int64_t mix(size_t x, size_t y, uint32_t k)
{
    uint32_t h = ((uint32_t)x * 0x9E3779B1u) ^ ((uint32_t)y * 0x85EBCA6Bu) ^ (k * 0xC2B2AE35u);
    h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
    h = (h ^ (h >> 12)) * 0x297A2D39u;
    return h ^ (h >> 15);
}

static double item(const struct json *array, size_t i)
{
    const struct json *v = array ? array->first : NULL;
    while (v && i--) v = v->next;
    return v ? v->number : (double)NAN;
}

static int inside(const struct json *rectangle, size_t x, size_t y)
{
    return rectangle && (double)x >= item(rectangle, 0) && (double)x < item(rectangle, 2) && (double)y >= item(rectangle, 1)
           && (double)y < item(rectangle, 3);
}

/* flow (h,w,2) and luma, whose rows lie `stride` apart. */
static void make_field(const struct json *row, float *flow, unsigned char *luma, size_t w, size_t h, size_t stride)
{
    const struct json *model = json_get(row, "model"), *other = json_get(row, "other"), *flat = json_get(row, "flat");
    const struct json *stripes = json_get(row, "stripes"), *faint = json_get(row, "faint");
    double a = item(model, 0) / 1000, b = item(model, 1) / 1000, s = item(model, 2) / 1000000, r = item(model, 3) / 1000000;
    double noise = json_get(row, "noise")->number;
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++, flow += 2) {
            double cx = (double)x - (double)(w - 1) / 2, cy = (double)y - (double)(h - 1) / 2;
            double n0 = (double)((mix(x, y, 1) & 1023) - 512) * noise / 512 / 1000;
            double n1 = (double)((mix(x, y, 2) & 1023) - 512) * noise / 512 / 1000;
            flow[0] = (float)(a + s * cx - r * cy + n0);
            flow[1] = (float)(b + r * cx + s * cy + n1);
            if (inside(other, x, y)) {
                flow[0] = (float)(item(other, 4) / 1000);
                flow[1] = (float)(item(other, 5) / 1000);
            }
            unsigned char *p = luma + y * stride + x;
            *p = (unsigned char)(mix(x, y, 3) & 255);
            if (inside(flat, x, y)) *p = 128;
            if (inside(stripes, x, y)) *p = x & 4 ? 255 : 0;
            if (inside(faint, x, y)) *p = (unsigned char)(120 + (mix(x, y, 3) & (int64_t)item(faint, 4)));
        }
}

static int near_key(const struct json *o, const char *key, double found, double tolerance)
{
    const struct json *v = json_get(o, key);
    int fine = v ? fabs(found - v->number) <= tolerance : isnan(found);
    if (!fine) fprintf(stderr, "    %s: found %.15g, expected %.15g\n", key, found, v ? v->number : (double)NAN);
    return fine;
}

static void check_fit(struct check *c, const struct json *row)
{
    struct err e = { OK, "" };
    struct camera k;
    size_t w = 0, h = 0, vectors = 0;
    const struct json *f = json_get(row, "fit"), *opencv = json_get(row, "opencv"), *name = json_get(row, "case");
    CHECK(json_size(json_get(row, "w"), 1000, &w) && json_size(json_get(row, "h"), 1000, &h));
    CHECK(json_size(json_get(f, "vectors"), 100000, &vectors));
    if (!w || !h) return;
    struct plane luma = { malloc((w + 5) * h), w, h, w + 5 }, none = { malloc(w * h), w, h, w };
    float *flow = malloc(w * h * 2 * sizeof *flow);
    if (!luma.data || !none.data || !flow) abort();
    memset(luma.data, 0xA5, (w + 5) * h);
    memset(none.data, 50, w * h);
    make_field(row, flow, luma.data, w, h, w + 5);
    CHECK_STATUS(camera_init(&k, w, h, &e), OK);
    struct camera_motion m = { .vectors = 77 };
    camera_frame(&k, NULL, &luma, &m);
    CHECK(m.vectors == 77);
    camera_frame(&k, flow, &none, &m);          /* the texture is that of the frame before */
    CHECK(m.vectors == vectors);
    const struct { const char *key; double value; } found[] = {
        { "a_px", m.a_px }, { "b_px", m.b_px }, { "s", m.s }, { "r", m.r }, { "inliers", m.inliers }, { "mad_px", m.mad_px },
        { "flow_px", m.flow_px }, { "residual_px", m.residual_px }, { "upper_px", m.upper_px }, { "lower_px", m.lower_px },
        { "centre_x_px", m.centre_x_px }, { "centre_y_px", m.centre_y_px },
    };
    int fine = 1;
    for (size_t i = 0; i < LEN(found); i++) fine &= near_key(f, found[i].key, found[i].value, 1e-9);
    CHECK(fine);
    if (!fine) fprintf(stderr, "    in \"%s\"\n", name ? name->string : "?");
    if (opencv) {
        CHECK(fabs(m.a_px - item(opencv, 0)) < 0.05 && fabs(m.b_px - item(opencv, 1)) < 0.05);
        CHECK(fabs(m.s - item(opencv, 2)) < 0.0005 && fabs(m.r - item(opencv, 3)) < 0.0005);
    }
    camera_frame(&k, flow, &luma, &m);          /* and there was none in it */
    CHECK(m.vectors == 0 && isnan(m.a_px) && isnan(m.inliers) && isnan(m.centre_y_px));
    camera_free(&k);
    free(luma.data);
    free(none.data);
    free(flow);
}

/* ---- clips made of numbers ---- */

static struct camera_motion motion_of(int i)
{
    return (struct camera_motion){ .vectors = 100, .a_px = (i * 37 % 11 - 3) / 8., .b_px = (i * 53 % 7 - 3) / 16.,
        .s = (i % 5 - 1) / 1000., .r = (i % 3 - 2) / 1000., .inliers = 0.75, .mad_px = 0.5, .flow_px = 1 + i % 3,
        .residual_px = (i % 4) / 8., .upper_px = i ? i : (double)NAN, .lower_px = -2, .centre_x_px = i % 2 ? 1 : (double)NAN,
        .centre_y_px = i % 2 ? 3 : (double)NAN };
}

static void check_track(struct check *c, const struct json *row)
{
    struct camera_track t;
    struct camera_summary s;
    const struct camera_motion empty = { .vectors = CAMERA_MIN_VECTORS - 1, .a_px = NAN };
    size_t width = 0, frames = 0;
    double rate = json_get(row, "rate")->number;
    CHECK(json_size(json_get(row, "width"), 1000, &width) && json_size(json_get(row, "frames"), 1000, &frames));
    camera_track_begin(&t, width, rate);
    for (int i = 0; i < (int)frames; i++) {
        struct camera_motion m = motion_of(i);
        camera_track_add(&t, &m);
        camera_track_add(&t, &empty);
    }
    camera_track_end(&t, &s);
    CHECK((size_t)s.frames == frames);
    CHECK(near_key(row, "a", s.a, 1e-12) && near_key(row, "b", s.b, 1e-12) && near_key(row, "s", s.s, 1e-12));
    CHECK(near_key(row, "r", s.r, 1e-12) && near_key(row, "jitter", s.jitter, 1e-12) && near_key(row, "net", s.net, 1e-12));
    CHECK(near_key(row, "net_s", s.net_s, 1e-12) && near_key(row, "parallax", s.parallax, 1e-12));
    CHECK(fabs(s.inliers - 0.75) < 1e-12 && fabs(s.mad_px - 0.5) < 1e-12);
    CHECK(fabs(s.lower + 2 * rate / (double)width) < 1e-12);
    if (frames > 1) {       /* frames without a vector there do not count */
        CHECK(fabs(s.upper - (double)frames / 2 * rate / (double)width) < 1e-9);
        CHECK(fabs(s.centre_x - rate / (double)width) < 1e-12 && fabs(s.centre_y - 3 * rate / (double)width) < 1e-12);
    } else
        CHECK(isnan(s.upper) && isnan(s.centre_x) && isnan(s.centre_y));
}

static void test_goldens(struct check *c)
{
    struct err e = { OK, "" };
    struct file f = { 0 };
    struct json_document d = { 0 };
    char *path = path_join(c->golden, "filters/camera.json");
    check_case(c, "camera: goldens");
    if (!path || file_map(&f, path, &e) || json_parse(&d, path, (const char *)f.data, f.size, 0, &e)) {
        CHECK_STR(e.text, "");
    } else {
        const struct json *fits = json_get(d.root, "fits"), *tracks = json_get(d.root, "tracks");
        CHECK(fits && fits->count == 6 && tracks && tracks->count == 5);
        for (const struct json *v = fits ? fits->first : NULL; v; v = v->next) check_fit(c, v);
        for (const struct json *v = tracks ? tracks->first : NULL; v; v = v->next) check_track(c, v);
    }
    json_free(&d);
    file_unmap(&f);
    free(path);
}

/* ---- names ---- */

static void test_names(struct check *c)
{
    /* a b s r  parallax jitter net  upper lower  centre x y */
    static const struct { double v[11]; const char *hunyuan, *moviegen; double sure; } row[] = {
        { { 0 }, "static shot", "static shot", 1 },
        { { .006, 0, 0, 0, 9, 0, 0 }, "static shot", "static shot", .01 / .006 - 1 },
        { { .007, 0, 0, 0, 9, 0, 0 }, "none", "none", .01 / .007 - 1 },
        { { 0, 0, 0, 0, 0, .0008, 0 }, "none", "none", .25 },
        { { 0, 0, .09, 0, .1, 0, 1 }, "zoom in", "zoom in", 1 },
        { { 0, 0, .09, 0, .15, 0, 1 }, "zoom in", "zoom in", .25 / .15 - 1 },
        { { 0, 0, -.09, 0, .1, 0, 1 }, "zoom out", "zoom out", 1 },
        { { 0, 0, .04, 0, .1, 0, 1 }, "none", "none", .04 / .03 - 1 },
        { { 0, 0, .09, 0, .5, 0, 1 }, "none", "push in", 1 },
        { { 0, 0, -.09, 0, .5, 0, 1 }, "none", "pull out", 1 },
        { { 0, 0, 0, .2, .1, 0, 1, .1, -.1, 0, 0 }, "tilt left", "none", 1 },
        { { 0, 0, 0, -.2, .1, 0, 1, -.1, .1, 0, 0 }, "tilt right", "none", 1 },
        { { -.2, .1, 0, 0, .1, 0, 1, -.2, -.2, .01, .01 }, "pan right", "tracking shot", 1 },
        { { -.2, .1, 0, 0, .1, 0, 1, -.2, -.2, -.2, .1 }, "pan right", "pan right", 1 },
        { { .2, .1, 0, 0, .1, 0, 1, .2, .2, .2, .1 }, "pan left", "pan left", 1 },
        { { -.2, .1, 0, 0, .5, 0, 1, -.2, -.2, -.2, .1 }, "pan right", "truck right", 1 },
        { { .2, .1, 0, 0, .5, 0, 1, .2, .2, .2, .1 }, "pan left", "truck left", 1 },
        { { .1, .2, 0, 0, .1, 0, 1, .1, .1, .1, .2 }, "tilt up", "tilt up", 1 },
        { { .1, -.2, 0, 0, .1, 0, 1, .1, .1, .1, -.2 }, "tilt down", "tilt down", 1 },
        { { .1, .2, 0, 0, .5, 0, 1, .1, .1, .1, .2 }, "pan up", "pedestal up", 1 },
        { { .1, -.2, 0, 0, .5, 0, 1, .1, .1, .1, -.2 }, "pan down", "pedestal down", 1 },
        { { .5, 0, .06, 0, .1, 0, 1, .5, .5, .5, 0 }, "pan left", "pan left", 1 },          /* the zoom is not seen */
        { { .2, 0, .3, 0, .1, 0, 1, .2, .2, .2, 0 }, "zoom in", "zoom in", 1 },
        { { 0, 0, 0, .02, .9, 0, 1, -.1, .1, 0, 0 }, "around left", "arc shot", 1 },
        { { 0, 0, 0, .02, .9, 0, 1, .1, -.1, 0, 0 }, "around right", "arc shot", 1 },
        { { 0, 0, 0, .02, .9, 0, 1, .1, -.025, 0, 0 }, "none", "none", .25 },
        { { 0, 0, 0, .02, .1, 0, 1, .1, -.1, 0, 0 }, "none", "none", 0 },
        { { .02, .02, 0, 0, .1, .004, .1 }, "handheld shot", "handheld shot", 1 },
        { { .2, .02, 0, 0, .1, .004, .1 }, "handheld shot", "handheld shot", 1 },           /* a pan nobody agrees on */
        { { .02, .02, 0, 0, .1, .0025, .1 }, "none", "none", .25 },
        { { .02, .02, 0, 0, .8, .004, .1 }, "none", "none", 0 },                            /* noise */
        { { .2, 0, 0, 0, .1, .02, .6, .2, .2, .2, 0 }, "pan left", "pan left", 1 },
    };
    int hunyuan[14] = { 0 }, moviegen[16] = { 0 };
    check_case(c, "camera: a name for every motion");
    for (size_t i = 0; i < LEN(row); i++) {
        const double *v = row[i].v;
        struct camera_summary s = { .a = v[0], .b = v[1], .s = v[2], .r = v[3], .parallax = v[4], .jitter = v[5],
            .net = v[6], .net_s = v[6], .net_r = v[6], .upper = v[7], .lower = v[8], .centre_x = v[9], .centre_y = v[10] };
        camera_decide(&s);
        CHECK_STR(s.hunyuan.name, row[i].hunyuan);
        CHECK_STR(s.moviegen.name, row[i].moviegen);
        double sure = fmax(s.hunyuan.confidence, s.moviegen.confidence);
        CHECK(fabs(sure - row[i].sure) < 1e-12);
        if (fabs(sure - row[i].sure) >= 1e-12) fprintf(stderr, "    row %zu: confidence %g\n", i, sure);
        for (size_t j = 0; j < 14; j++) hunyuan[j] |= !strcmp(s.hunyuan.name, camera_hunyuan_labels[j]);
        for (size_t j = 0; j < 16; j++) moviegen[j] |= !strcmp(s.moviegen.name, camera_moviegen_labels[j]);
    }
    for (size_t j = 0; j < 14; j++) CHECK(hunyuan[j]);
    for (size_t j = 0; j < 16; j++) CHECK(moviegen[j]);
}

static void test_nothing(struct check *c)
{
    struct err e = { OK, "" };
    struct camera_track t;
    struct camera_summary s;
    struct camera k;
    check_case(c, "camera: no frames, no motion, no size");
    camera_track_begin(&t, 100, 25);
    camera_track_end(&t, &s);
    CHECK(s.frames == 0 && isnan(s.a) && isnan(s.jitter) && isnan(s.net) && isnan(s.parallax) && isnan(s.centre_x));
    CHECK_STR(s.hunyuan.name, "none");
    CHECK(s.moviegen.confidence == 0);
    struct camera_motion m = { .vectors = 50, .inliers = 1 };
    camera_track_begin(&t, 100, 25);
    for (int i = 0; i < 5; i++) camera_track_add(&t, &m);
    camera_track_end(&t, &s);
    CHECK(s.net == 0 && s.net_s == 0 && s.parallax == 0 && s.jitter == 0);
    CHECK_STR(s.moviegen.name, "static shot");
    CHECK_STATUS(camera_init(&k, 0, 4, &e), E_ARG);
    CHECK_STATUS(camera_init(&k, 4, MAX_SIDE + 1, &e), E_ARG);
    CHECK_HAS(e.text, "camera: a grid of 4x32769 pixels");
    camera_free(&k);
    for (size_t w = 1; w <= 14; w++)
        for (size_t h = 1; h <= 14; h++) {
            unsigned char luma[14 * 14];
            float flow[14 * 14 * 2];
            for (size_t i = 0; i < w * h; i++) luma[i] = (unsigned char)mix(i % w, i / w, 3);
            for (size_t i = 0; i < 2 * w * h; i++) flow[i] = NAN;
            struct plane p = { luma, w, h, w };
            CHECK_STATUS(camera_init(&k, w, h, &e), OK);
            camera_frame(&k, NULL, &p, &m);
            camera_frame(&k, flow, &p, &m);
            CHECK(m.vectors == 0);
            camera_free(&k);
        }
}

/* ---- clips ---- */

struct run { struct flow_meter flow; struct camera camera; struct camera_track track; };

static void run_begin(struct run *r, struct check *c, size_t w, size_t h, double rate)
{
    struct err e = { OK, "" };
    CHECK_STATUS(flow_meter_init(&r->flow, w, h, FLOW_METER_SIDE, &e), OK);
    CHECK_STATUS(camera_init(&r->camera, r->flow.w, r->flow.h, &e), OK);
    camera_track_begin(&r->track, r->flow.w, rate);
}

/* first: of a segment; the motion to it belongs to no segment. */
static void run_frame(struct run *r, struct check *c, const struct plane *y, int first)
{
    struct err e = { OK, "" };
    struct camera_motion m = { .vectors = SIZE_MAX };
    double mean;
    CHECK_STATUS(flow_meter_frame(&r->flow, y, &mean, &e), OK);
    camera_meter_frame(&r->camera, &r->flow, y, &m);
    CHECK((m.vectors == SIZE_MAX) == (r->flow.frames == 1));
    if (!first) camera_track_add(&r->track, &m);
}

static void run_free(struct run *r)
{
    flow_meter_free(&r->flow);
    camera_free(&r->camera);
}

/* Truth of a frame, in pixels, and radians. */
static void check_motion(struct check *c, const struct run *r, const struct camera_summary *s, double a, double b,
                         double zoom, double roll)
{
    double rate = r->track.rate, px = (double)r->track.width / rate, degree = 3.14159265358979 / 180;
    int fine = fabs(s->a * px - a) < 0.1 && fabs(s->b * px - b) < 0.1 && fabs(s->s / rate - zoom) < 0.002
               && fabs(s->r / rate - roll) < 0.1 * degree;
    CHECK(fine);
    if (!fine)
        fprintf(stderr, "    found %g %g px, %g, %g; expected %g %g px, %g, %g\n", s->a * px, s->b * px, s->s / rate,
                s->r / rate, a, b, zoom, roll);
}

static void test_clips(struct check *c)
{
    static const struct { const char *name, *hunyuan, *moviegen; } clip[] = {
        { "static", "static shot", "static shot" }, { "pan", "pan right", "pan right" }, { "tilt", "tilt up", "tilt up" },
        { "zoom", "zoom in", "zoom in" }, { "roll", "tilt left", "none" }, { "shake", "handheld shot", "handheld shot" },
        { "letterbox", "pan right", "pan right" }, { "odd", "pan left", "pan left" }, { "logo", "pan right", "pan right" },
        { "noise", "none", "none" },
    };
    for (size_t i = 0; i < LEN(clip); i++) {
        const struct clip_spec *k = clip_find(clip[i].name);
        struct run r;
        struct picture p;
        struct camera_summary s;
        check_case(c, clip[i].name);
        CHECK(k != NULL);
        if (!k) continue;
        unsigned char *memory = malloc(clip_bytes(k));
        if (!memory) abort();
        run_begin(&r, c, (size_t)k->width, (size_t)k->height, (double)k->rate_num / k->rate_den);
        int frames = strcmp(k->name, "shake") && k->frames > 26 ? 26 : k->frames;
        for (int n = 0; n < frames; n++) {
            clip_frame(k, n, &p, memory);
            run_frame(&r, c, &p.plane[0], n == 0);
        }
        camera_track_end(&r.track, &s);
        CHECK_STR(s.hunyuan.name, clip[i].hunyuan);
        CHECK_STR(s.moviegen.name, clip[i].moviegen);
        if (strcmp(k->name, "shake") && strcmp(k->name, "noise"))
            check_motion(c, &r, &s, k->camera.dx / 100., k->camera.dy / 100., k->camera.zoom / 1e4,
                         sin(k->camera.roll * 3.14159265358979 / 18000));
        run_free(&r);
        free(memory);
    }
}

/* Frames larger than the grid, moving by 2 px to the left: the reduced luma is what counts. */
static void test_reduced(struct check *c)
{
    struct err e = { OK, "" };
    struct run r;
    struct camera_summary s;
    unsigned char cells[68 * 36], *wide = malloc(544 * 288);
    check_case(c, "camera: a picture reduced to the grid");
    if (!wide) abort();
    for (size_t i = 0; i < sizeof cells; i++) cells[i] = (unsigned char)mix(i % 68, i / 68, 3);
    CHECK_STATUS(image_resize(wide, 544, 288, cells, 68, 36, 1, CV_LINEAR, &e), OK);
    for (size_t y = 0; y < 220; y++) memset(wide + y * 544, 128, 400);      /* as large as the grid, and empty */
    run_begin(&r, c, 512, 288, 25);
    CHECK(r.track.width == 384 && r.camera.h == 216);
    for (size_t n = 0; n < 4; n++) {
        struct plane y = { wide + 2 * n, 512, 288, 544 };
        run_frame(&r, c, &y, n == 0);
    }
    camera_track_end(&r.track, &s);
    check_motion(c, &r, &s, -1.5, 0, 0, 0);
    CHECK_STR(s.moviegen.name, "pan right");
    run_free(&r);
    free(wide);
}

/* ---- real pictures under known motion ---- */

static const struct json *find_file(const struct json *files, const char *name)
{
    const struct json *v = files ? files->first : NULL;
    for (; v; v = v->next) {
        const struct json *file = json_get(v, "file");
        if (file && file->string && !strcmp(file->string, name)) return v;
    }
    return NULL;
}

/* Means over the segment of centre x, y, scale, degrees: see the manifest's "model". */
static void check_segment(struct check *c, const struct run *r, struct camera_summary *s, const struct json *segment)
{
    static const struct { const char *type, *hunyuan, *moviegen; } name[] = {
        { "static", "static shot", "static shot" }, { "pan_right", "pan right", "pan right" },
        { "tilt_down", "tilt down", "tilt down" }, { "zoom_in", "zoom in", "zoom in" },
        { "zoom_out", "zoom out", "zoom out" }, { "roll", "tilt right", "none" }, { "pan_left_zoom_in", "zoom in", "zoom in" },
    };
    const struct json *at = json_get(segment, "centre_x_y_scale_deg"), *type = json_get(segment, "type");
    double a = 0, b = 0, zoom = 0, roll = 0, n = 0;
    int found = 0;
    CHECK(at && at->count > 1 && type && type->string);
    if (!at || !type || !type->string) return;
    for (const struct json *v = at->first; v && v->next; v = v->next, n++) {
        double scale = item(v->next, 2);
        a += (item(v, 0) - item(v->next, 0)) / scale;
        b += (item(v, 1) - item(v->next, 1)) / scale;
        zoom += item(v, 2) / scale - 1;
        roll += (item(v, 3) - item(v->next, 3)) * 3.14159265358979 / 180;
    }
    check_motion(c, r, s, a / n, b / n, zoom / n, roll / n);
    for (size_t i = 0; i < LEN(name); i++) {
        if (strcmp(name[i].type, type->string)) continue;
        found = 1;
        CHECK_STR(s->hunyuan.name, name[i].hunyuan);
        CHECK_STR(s->moviegen.name, name[i].moviegen);
    }
    CHECK(found);
}

static void run_segments(struct check *c, struct video *v, const struct json *segment)
{
    struct err e = { OK, "" };
    struct run r;
    struct picture p;
    struct camera_summary s;
    double rate = (double)v->format.rate.num / (double)v->format.rate.den;
    int end = 0, n = 0;
    run_begin(&r, c, v->format.width, v->format.height, rate);
    for (; segment; n++) {
        CHECK_STATUS(video_next(v, &p, &end, &e), OK);
        if (e.code || end) break;
        const struct json *frames = json_get(segment, "frames");
        int first = (int)item(frames, 0), last = (int)item(frames, 1);
        run_frame(&r, c, &p.plane[0], n == first);
        if (n < last) continue;
        camera_track_end(&r.track, &s);
        check_segment(c, &r, &s, segment);
        camera_track_begin(&r.track, r.flow.w, rate);
        segment = segment->next;
    }
    CHECK(!segment);
    run_free(&r);
}

static void test_footage(struct check *c)
{
    struct err e = { OK, "" };
    struct file f = { 0 };
    struct json_document d = { 0 };
    struct video v;
    const char *path = "../shared/data/manifest.json";
    if (file_map(&f, path, &e)) {
        printf("skip camera motion on footage: there is no ../shared/data\n");
        return;
    }
    check_case(c, "camera: photographs under known motion");
    CHECK_STATUS(json_parse(&d, path, (const char *)f.data, f.size, 0, &e), OK);
    const struct json *row = d.root ? find_file(json_get(d.root, "files"), "y4m/camera_motion_256x144.y4m") : NULL;
    const struct json *truth = row ? json_get(row, "truth") : NULL, *segments = truth ? json_get(truth, "segments") : NULL;
    CHECK(segments && segments->count == 7);
    enum status st = video_open(&v, "../shared/data/y4m/camera_motion_256x144.y4m", &e);
    CHECK_STATUS(st, OK);
    if (!st) {
        if (segments) run_segments(c, &v, segments->first);
        video_close(&v);
    }
    json_free(&d);
    file_unmap(&f);
}

void test_camera(struct check *c)
{
    test_goldens(c);
    test_names(c);
    test_nothing(c);
    test_clips(c);
    test_reduced(c);
    test_footage(c);
}
