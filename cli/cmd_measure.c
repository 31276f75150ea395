#define _POSIX_C_SOURCE 200809L
#include "cli.h"
#include "lines.h"

#include "../ref/filter/measure.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char help_measure[] =
    "usage: goldreel measure CLIP... [-o features.jsonl] [OPTION...]\n\n"
    "Every curation filter on every clip, one decode each: one JSON object a clip, units in the\n"
    "keys.  A clip is Y4M, PNM, JPEG, AVI with MJPEG, a sequence \"name%05d.ppm\", or anything\n"
    "that an `ffmpeg` on PATH reads.\n\n"
    "  -o FILE            the objects (standard output without it)\n"
    "  --per-frame FILE   one object a frame too: clip, frame, pts and the values of that frame\n"
    "  --filters LIST     some of shots,scene,motion,flow,sharpness,border,black,freeze,pdq,camera,text\n"
    "  --jobs N           clips measured at a time (1)\n"
    "  --resume           go on in FILE: clips that are in it are not measured again\n"
    "  --matrix NAME      bt601 (the default), bt709, bt2020: how YUV becomes RGB\n"
    "  --downscale auto   shot detectors at PySceneDetect's automatic size, not at full size\n"
    "  --flow-size full   optical flow at full size, not on a long side of at most 384 px\n\n"
    "Exit status: 0 all clips were measured, 1 some could not be read (their object has \"error\"),\n"
    "2 none could, or bad usage.\n";

struct batch {
    char **clip;
    size_t count;
    struct measure_options options;
    const char *matrix, *filters;
    struct lines out, per_frame;
    int has_per_frame;
    pthread_mutex_t lock;           /* of all below */
    size_t next, done, failed, skipped;
    const struct line_set *known;   /* clips that are in the file already */
};

/* ---- one frame ---- */

struct frame_context { struct batch *b; const char *clip; int failed; };

static void number(struct json_writer *w, const char *key, double v)
{
    if (isnan(v)) json_null(w, key);
    else json_number(w, key, v);
}

static void rational(struct json_writer *w, const char *key, struct rational r)
{
    char text[50];
    snprintf(text, sizeof text, "%lld/%lld", (long long)r.num, (long long)r.den);
    json_string(w, key, text);
}

static void crop(struct json_writer *w, const char *key, int known, const struct crop *c)
{
    if (!known) { json_null(w, key); return; }
    json_begin(w, key, '{');
    json_integer(w, "w", c->w);
    json_integer(w, "h", c->h);
    json_integer(w, "x", c->x);
    json_integer(w, "y", c->y);
    json_end(w, '}');
}

static void see_frame(void *context, const struct frame_values *v)
{
    const struct frame_context *f = context;
    struct text t = { 0 };
    struct json_writer w = { .out = &t };
    if (!f->b->has_per_frame) return;
    json_begin(&w, NULL, '{');
    json_string(&w, "clip", f->clip);
    json_integer(&w, "frame", v->frame);
    rational(&w, "pts", v->time);
    number(&w, "content_val", v->content_val);
    number(&w, "delta_hue", v->delta_hue);
    number(&w, "delta_sat", v->delta_sat);
    number(&w, "delta_lum", v->delta_lum);
    number(&w, "adaptive_ratio", v->adaptive_ratio);
    number(&w, "hist_diff", v->hist_diff);
    number(&w, "hash_dist", v->hash_dist);
    number(&w, "average_rgb", v->average_rgb);
    number(&w, "scdet_mafd", v->scdet_mafd);
    number(&w, "scdet_score", v->scdet_score);
    number(&w, "scene_score", v->scene_score);
    number(&w, "vmaf_motion", v->vmaf_motion);
    number(&w, "laplacian_var", v->laplacian_var);
    number(&w, "flow_mean_px", v->flow_mean_px);
    number(&w, "luma_mean", v->luma_mean);
    number(&w, "text_area", v->text_area);
    crop(&w, "cropdetect", v->has_crop, &v->crop);
    json_end(&w, '}');
    text_add(&t, "\n");
    pthread_mutex_lock(&f->b->lock);
    lines_add(&f->b->per_frame, &t);
    pthread_mutex_unlock(&f->b->lock);
    text_free(&t);
}

/* ---- one clip ---- */

static void cuts(struct json_writer *w, const char *key, const struct cuts *c)
{
    json_begin(w, key, '[');
    for (size_t i = 0; i < c->count; i++) json_integer(w, NULL, c->frame[i]);
    json_end(w, ']');
}

static void spans(struct json_writer *w, const char *key, const struct spans *s)
{
    json_begin(w, key, '[');
    for (size_t i = 0; i < s->count; i++) {
        json_begin(w, NULL, '{');
        json_integer(w, "start", s->item[i].start);
        json_integer(w, "end", s->item[i].end);
        json_bool(w, "open", s->item[i].open);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void shots(struct json_writer *w, struct measure *m)
{
    cuts(w, "cuts_content", &m->cuts_content);
    cuts(w, "cuts_adaptive", &m->cuts_adaptive);
    cuts(w, "cuts_threshold", &m->cuts_threshold);
    cuts(w, "cuts_hist", &m->cuts_hist);
    cuts(w, "cuts_hash", &m->cuts_hash);
    json_integer(w, "shots_width_px", (int64_t)m->shot_width);
    json_integer(w, "shots_height_px", (int64_t)m->shot_height);
    /* detectors rarely agree on the very frame; two cuts this close are one */
    const int64_t apart = m->adaptive.window + 1;
    struct cuts all = { 0 };
    cuts_merge(&all, &m->cuts_content, apart);
    cuts_merge(&all, &m->cuts_adaptive, apart);
    cuts_merge(&all, &m->cuts_threshold, apart);
    json_begin(w, "shots", '[');
    for (size_t k = 0; k < shots_count(&all, m->frames); k++) {
        struct shot s = shots_get(&all, m->frames, k);
        json_begin(w, NULL, '[');
        json_integer(w, NULL, s.start);
        json_integer(w, NULL, s.end);
        json_end(w, ']');
    }
    json_end(w, ']');
    cuts_free(&all);
}

static void hashes(struct json_writer *w, const struct measure *m)
{
    char hex[65];
    if (m->hashed_count == 0) {
        json_null(w, "pdq");
        json_null(w, "pdq_quality");
        return;
    }
    json_string(w, "pdq", pdq_hex(hex, m->hashed[0].pdq.word));
    json_integer(w, "pdq_quality", m->hashed[0].pdq.quality);
    json_begin(w, "pdq_turned", '[');
    for (int turn = 0; turn < PDQ_TURNS; turn++) {
        uint16_t word[16];
        pdq_turned(word, &m->hashed[0].pdq, (enum pdq_turn)turn);
        json_string(w, NULL, pdq_hex(hex, word));
    }
    json_end(w, ']');
    json_begin(w, "vpdq", '[');
    for (size_t i = 0; i < m->hashed_count; i++) {
        json_begin(w, NULL, '{');
        json_integer(w, "frame", m->hashed[i].frame);
        json_string(w, "pdq", pdq_hex(hex, m->hashed[i].pdq.word));
        json_integer(w, "quality", m->hashed[i].pdq.quality);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void camera_label(struct json_writer *w, const char *key, const char *confidence, const struct camera_label *l)
{
    json_string(w, key, l->name);
    number(w, confidence, l->confidence);
}

/* Segment by segment; the clip's own label is that of the longest one. */
static void camera(struct json_writer *w, const struct measure *m)
{
    const struct camera_segment *longest = NULL;
    json_begin(w, "camera", '[');
    for (size_t i = 0; i < m->segments; i++) {
        const struct camera_segment *s = &m->segment[i];
        if (!longest || s->end - s->start > longest->end - longest->start) longest = s;
        json_begin(w, NULL, '{');
        json_integer(w, "start", s->start);
        json_integer(w, "end", s->end);
        number(w, "content_right_widths_per_s", s->camera.a);
        number(w, "content_down_widths_per_s", s->camera.b);
        number(w, "zoom_per_s", s->camera.s);
        number(w, "roll_rad_per_s", s->camera.r);
        number(w, "jitter_widths", s->camera.jitter);
        number(w, "inlier_share", s->camera.inliers);
        camera_label(w, "hunyuan", "hunyuan_confidence", &s->camera.hunyuan);
        camera_label(w, "moviegen", "moviegen_confidence", &s->camera.moviegen);
        json_end(w, '}');
    }
    json_end(w, ']');
    if (!longest) {
        json_null(w, "camera_hunyuan");
        json_null(w, "camera_moviegen");
        return;
    }
    camera_label(w, "camera_hunyuan", "camera_hunyuan_confidence", &longest->camera.hunyuan);
    camera_label(w, "camera_moviegen", "camera_moviegen_confidence", &longest->camera.moviegen);
}

static void constants(struct json_writer *w, const struct batch *b, const struct measure *m)
{
    json_begin(w, "constants", '{');
    json_string(w, "filters", b->filters);
    json_string(w, "matrix", b->matrix);
    json_string(w, "range", m->format.range == RANGE_FULL ? "full" : "limited");
    json_number(w, "content_threshold", content_threshold);
    json_number(w, "adaptive_threshold", m->adaptive.threshold);
    json_number(w, "adaptive_min_content_val", m->adaptive.min_content_val);
    json_integer(w, "adaptive_window_frames", m->adaptive.window);
    json_integer(w, "min_scene_len_frames", m->adaptive.min_scene_len);
    json_integer(w, "fade_threshold", m->fade.threshold);
    json_number(w, "hist_threshold", HIST_THRESHOLD);
    json_integer(w, "hist_bins", HIST_BINS);
    json_number(w, "hash_threshold", HASH_THRESHOLD);
    json_integer(w, "hash_size", HASH_SIZE);
    json_integer(w, "hash_lowpass", HASH_LOWPASS);
    json_integer(w, "text_every_frames", m->text_every);
    json_integer(w, "cropdetect_limit", m->crop.limit);
    json_integer(w, "cropdetect_round_px", m->crop.round);
    json_integer(w, "black_threshold", m->black.threshold);
    json_number(w, "black_shortest_s", m->black.shortest_s);
    if (m->options.groups & MEASURE_FREEZE) {
        json_number(w, "freeze_noise", m->freeze.noise);
        json_number(w, "freeze_shortest_s", m->freeze.shortest_s);
    }
    json_end(w, '}');
}

static void clip_object(struct text *t, const struct batch *b, const char *clip, const char *hash, struct measure *m)
{
    const struct picture_format *f = &m->format;
    const unsigned groups = m->options.groups;
    struct json_writer w = { .out = t };
    json_begin(&w, NULL, '{');
    json_string(&w, "clip", clip);
    json_string(&w, "tool", "goldreel " GOLDREEL_VERSION);
    if (*hash) json_string(&w, "sha256", hash);
    else json_null(&w, "sha256");
    json_integer(&w, "width_px", (int64_t)f->width);
    json_integer(&w, "height_px", (int64_t)f->height);
    json_integer(&w, "depth_bits", f->depth);
    json_integer(&w, "frames", m->frames);
    rational(&w, "rate_fps", f->rate);
    rational(&w, "sample_aspect", f->aspect);
    if (f->rate.num > 0) json_number(&w, "duration_s", (double)m->frames * (double)f->rate.den / (double)f->rate.num);
    else json_null(&w, "duration_s");
    if (groups & MEASURE_SHOTS) shots(&w, m);
    if (groups & MEASURE_SCENE) cuts(&w, "cuts_scdet", &m->cuts_scdet);
    if (groups & MEASURE_MOTION) {
        number(&w, "vmaf_motion_mean", m->motion_mean.mean);
        number(&w, "vmaf_motion2_mean", m->motion_mean.mean2);
    }
    if (groups & MEASURE_FLOW) {
        json_integer(&w, "flow_width_px", (int64_t)m->flow_width);
        json_integer(&w, "flow_height_px", (int64_t)m->flow_height);
        number(&w, "flow_mean_px", m->frames > 1 ? m->flow_sum / (double)(m->frames - 1) : (double)NAN);
    }
    if (groups & MEASURE_CAMERA) camera(&w, m);
    if (groups & MEASURE_TEXT) {
        const struct text_summary s = text_area_finish(&m->text);
        number(&w, "text_area", s.mean);
        number(&w, "text_area_max", s.max);
        number(&w, "text_area_persistent", s.persistent);
        number(&w, "text_lower_share", s.lower);
    }
    if (groups & MEASURE_SHARPNESS) {
        if (m->frames) json_integer(&w, "clearest_frame", m->sharpness.clearest);
        else json_null(&w, "clearest_frame");
        number(&w, "laplacian_var_max", m->frames ? m->sharpness.best : (double)NAN);
    }
    if (groups & MEASURE_BORDER) crop(&w, "border", m->inside.w > 0, &m->inside);
    if (groups & MEASURE_BLACK) spans(&w, "black", &m->black.spans);
    if (groups & MEASURE_FREEZE) spans(&w, "freeze", &m->freeze.spans);
    if (groups & MEASURE_PDQ) hashes(&w, m);
    constants(&w, b, m);
    json_end(&w, '}');
    text_add(t, "\n");
}

static void error_object(struct text *t, const char *clip, const struct err *e)
{
    struct json_writer w = { .out = t };
    json_begin(&w, NULL, '{');
    json_string(&w, "clip", clip);
    json_string(&w, "tool", "goldreel " GOLDREEL_VERSION);
    json_string(&w, "error", e->text);
    json_end(&w, '}');
    text_add(t, "\n");
}

/* Of the file's bytes, read in pieces; "" for a sequence of files. */
static void hash_clip(char hex[65], const char *path)
{
    struct sha256 s;
    unsigned char piece[1 << 16];
    FILE *f = fopen(path, "rb");
    hex[0] = 0;
    if (!f) return;
    sha256_begin(&s);
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0; ) sha256_add(&s, piece, n);
    if (!ferror(f)) sha256_end(&s, hex);
    fclose(f);
}

static int any_failed(const struct measure *m)
{
    return m->cuts_content.failed || m->cuts_adaptive.failed || m->cuts_threshold.failed || m->cuts_hist.failed
        || m->cuts_hash.failed || m->cuts_scdet.failed || m->black.spans.failed || m->freeze.spans.failed;
}

/* 1 when the clip was measured; its line is in t either way. */
static int measure_clip(struct batch *b, const char *clip, struct text *t)
{
    struct frame_context context = { b, clip, 0 };
    struct measure m;
    struct video v;
    struct err e;
    char hash[65];
    int end = 0;
    enum status s = video_open(&v, clip, &e);
    if (s) { error_object(t, clip, &e); return 0; }
    s = measure_init(&m, &v.format, &b->options, &e);
    if (!s) {
        while (!s && !end) {
            struct picture p;
            s = video_next(&v, &p, &end, &e);
            if (!s && !end) s = measure_frame(&m, &p, video_time(&v), see_frame, &context, &e);
        }
        if (!s) s = measure_finish(&m, see_frame, &context, &e);
        if (!s && any_failed(&m)) s = fail(&e, E_MEMORY, "%s: no memory for its list of cuts", clip);
        if (!s) {
            hash_clip(hash, clip);
            clip_object(t, b, clip, hash, &m);
        }
        measure_free(&m);
    }
    if (s) error_object(t, clip, &e);
    video_close(&v);
    return !s;
}

/* ---- all clips ---- */

static void *worker(void *context)
{
    struct batch *b = context;
    for (;;) {
        struct text t = { 0 };
        pthread_mutex_lock(&b->lock);
        size_t i = b->next++;
        pthread_mutex_unlock(&b->lock);
        if (i >= b->count) return NULL;
        if (line_set_has(b->known, b->clip[i])) {
            pthread_mutex_lock(&b->lock);
            b->skipped++;
            pthread_mutex_unlock(&b->lock);
            continue;
        }
        int fine = measure_clip(b, b->clip[i], &t);
        pthread_mutex_lock(&b->lock);
        lines_add(&b->out, &t);
        b->done += fine != 0;
        b->failed += !fine;
        lines_progress("measured", b->done + b->failed + b->skipped, b->count);
        pthread_mutex_unlock(&b->lock);
        text_free(&t);
    }
}

static void run_jobs(struct batch *b, size_t jobs)
{
    pthread_t thread[64];
    size_t started = 0;
    while (started + 1 < jobs && started + 1 < b->count && started < LEN(thread)
           && !pthread_create(&thread[started], NULL, worker, b)) started++;
    worker(b);
    for (size_t i = 0; i < started; i++) pthread_join(thread[i], NULL);
}

static int parse_filters(const char *list, unsigned *groups)
{
    *groups = 0;
    for (const char *p = list; ; p++) {
        size_t n = strcspn(p, ","), i;
        for (i = 0; i < measure_group_count; i++)
            if (strlen(measure_groups[i].name) == n && !strncmp(measure_groups[i].name, p, n)) break;
        if (i == measure_group_count) {
            trouble_text("measure: there is no filter \"%.*s\" (see goldreel measure --help)", (int)(n < 60 ? n : 60), p);
            return 0;
        }
        *groups |= measure_groups[i].bit;
        p += n;
        if (!*p) return 1;
    }
}

struct request { const char *out, *per_frame, *filters, *jobs, *matrix, *downscale, *flow; int resume; };

static int read_request(struct batch *b, const struct request *q, size_t *jobs)
{
    static const char *const matrices[] = { "bt601", "bt709", "bt2020" };
    size_t i;
    *jobs = 1;
    b->filters = q->filters ? q->filters : "all";
    b->options.groups = MEASURE_ALL;
    if (q->filters && !parse_filters(q->filters, &b->options.groups)) return 0;
    if (q->jobs && !parse_size("--jobs", q->jobs, 1, 64, jobs)) return 0;
    b->matrix = q->matrix ? q->matrix : "bt601";
    for (i = 0; i < LEN(matrices) && strcmp(b->matrix, matrices[i]); i++) {}
    if (i == LEN(matrices)) { trouble_text("measure: --matrix must be bt601, bt709 or bt2020, found \"%s\"", b->matrix); return 0; }
    b->options.matrix = (enum matrix)i;
    if (q->downscale && strcmp(q->downscale, "auto")) { trouble_text("measure: --downscale must be auto, found \"%s\"", q->downscale); return 0; }
    b->options.downscale = q->downscale != NULL;
    if (q->flow && strcmp(q->flow, "full")) { trouble_text("measure: --flow-size must be full, found \"%s\"", q->flow); return 0; }
    b->options.flow_full = q->flow != NULL;
    if (q->resume && !q->out) { trouble_text("measure: --resume needs -o"); return 0; }
    if (q->resume && q->per_frame) {
        trouble_text("measure: --resume cannot go on with --per-frame: a clip cut short has left frames there");
        return 0;
    }
    return 1;
}

int cmd_measure(int argc, char **argv)
{
    struct request q = { 0 };
    const struct option options[] = {
        { "-o", &q.out, NULL }, { "--per-frame", &q.per_frame, NULL }, { "--filters", &q.filters, NULL },
        { "--jobs", &q.jobs, NULL }, { "--resume", NULL, &q.resume }, { "--matrix", &q.matrix, NULL },
        { "--downscale", &q.downscale, NULL }, { "--flow-size", &q.flow, NULL },
    };
    struct batch b = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct line_set known = { 0 };
    struct err e;
    size_t jobs;
    int operands = options_parse(argc, argv, options, LEN(options), "measure"), status = TROUBLE;
    if (operands < 0 || !read_request(&b, &q, &jobs)) return TROUBLE;
    if (operands == 0) return trouble_text("measure: name a clip (see goldreel measure --help)");
    b.clip = argv;
    b.count = (size_t)operands;
    b.known = &known;
    b.has_per_frame = q.per_frame != NULL;
    if (lines_open(&b.out, q.out, q.resume, &known, &e)) {
        trouble(&e);
    } else if (q.per_frame && lines_open(&b.per_frame, q.per_frame, 0, NULL, &e)) {
        trouble(&e);
    } else {
        run_jobs(&b, jobs);
        status = b.failed == 0 ? AGREED : b.done + b.skipped ? DIFFERED : TROUBLE;
    }
    if (lines_close(&b.out, &e)) status = trouble(&e);
    if (lines_close(&b.per_frame, &e)) status = trouble(&e);
    line_set_free(&known);
    return status;
}
