/* measure -- feeds one frame to every filter that was chosen.
 *
 * Per-frame values come out in order, as many frames late as AdaptiveDetector's window looks
 * ahead.  Means are over all frames of the clip.  Memory is a fixed number of frames.
 * Constants are each detector's own defaults: of PySceneDetect 0.7.1, but for HistogramDetector
 * and HashDetector, where they are those of its development branch (commit 131c5f60): 0.7.1's
 * histogram threshold of 0.05 finds a cut in most camera moves. */
#include "measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct measure_group measure_groups[] = {
    { "shots", MEASURE_SHOTS }, { "scene", MEASURE_SCENE }, { "motion", MEASURE_MOTION }, { "flow", MEASURE_FLOW },
    { "sharpness", MEASURE_SHARPNESS }, { "border", MEASURE_BORDER }, { "black", MEASURE_BLACK },
    { "freeze", MEASURE_FREEZE }, { "pdq", MEASURE_PDQ }, { "camera", MEASURE_CAMERA },
    { "text", MEASURE_TEXT },
};
const size_t measure_group_count = LEN(measure_groups);

static int chosen(const struct measure *m, unsigned group) { return (m->options.groups & group) != 0; }

/* ---- beginning ---- */

static enum status begin_shots(struct measure *m, struct err *e)
{
    m->shot_width = m->format.width;
    m->shot_height = m->format.height;
    if (m->options.downscale) shots_downscale(m->format.width, m->format.height, &m->shot_width, &m->shot_height);
    enum status s = content_init(&m->content, m->shot_width, m->shot_height, e);
    /* microseconds: what PySceneDetect's default backend, OpenCV, tells of time */
    flash_init(&m->flash, FLASH_MERGE, CLOCK_MICROSECONDS, 15, m->format.rate);
    adaptive_init(&m->adaptive);
    fade_init(&m->fade);
    histogram_init(&m->histogram);
    dct_hash_init(&m->hash);
    m->histogram.bins = HIST_BINS;
    m->histogram.threshold = HIST_THRESHOLD;
    m->hash.size = HASH_SIZE;
    m->hash.lowpass = HASH_LOWPASS;
    m->hash.threshold = HASH_THRESHOLD;
    if (!s && m->options.downscale && !(m->small = malloc(m->shot_width * m->shot_height * 3)))
        s = fail(e, E_MEMORY, "no memory for a frame of %zux%zu", m->shot_width, m->shot_height);
    return s;
}

static double frame_rate(const struct measure *m)
{
    return (double)m->format.rate.num / (double)m->format.rate.den;
}

static enum status begin_buffers(struct measure *m, struct err *e)
{
    const size_t n = m->format.width * m->format.height;       /* at most MAX_SIDE squared */
    struct picture_format narrow = m->format;
    narrow.depth = 8;
    m->rgb = malloc(3 * n);
    m->gray = m->format.layout == LAYOUT_RGB ? malloc(n) : NULL;
    if (!m->rgb || (m->format.layout == LAYOUT_RGB && !m->gray))
        return fail(e, E_MEMORY, "no memory for a frame of %zux%zu", m->format.width, m->format.height);
    return m->format.depth > 8 ? picture_create(&m->narrow, &narrow, e) : OK;
}

enum status measure_init(struct measure *m, const struct picture_format *f, const struct measure_options *o, struct err *e)
{
    struct picture_format eight = *f;
    memset(m, 0, sizeof *m);
    m->format = *f;
    m->options = *o;
    eight.depth = 8;
    enum status s = begin_buffers(m, e);
    if (!s && chosen(m, MEASURE_SHOTS)) s = begin_shots(m, e);
    if (!s && chosen(m, MEASURE_SCENE)) s = scene_init(&m->scene, f->width, f->height, e);
    /* the blur of vmafmotion needs three samples each way; a smaller picture has no motion value */
    if (f->width < 3 || f->height < 3) m->options.groups &= ~(unsigned)MEASURE_MOTION;
    if (!s && chosen(m, MEASURE_MOTION)) s = motion_init(&m->motion, MOTION_FFMPEG, f->width, f->height, e);
    if (f->rate.num <= 0) m->options.groups &= ~(unsigned)MEASURE_CAMERA;      /* motion a second needs a rate */
    if (!s && chosen(m, MEASURE_FLOW | MEASURE_CAMERA))
        s = flow_meter_init(&m->flow, f->width, f->height, m->options.flow_full ? 0 : FLOW_METER_SIDE, e);
    if (!s && chosen(m, MEASURE_CAMERA)) {
        s = camera_init(&m->camera, m->flow.w, m->flow.h, e);
        camera_track_begin(&m->track, m->flow.w, frame_rate(m));
    }
    if (!s && chosen(m, MEASURE_TEXT)) s = text_area_init(&m->text, f->width, f->height, e);
    m->text_every = vpdq_interval(0.5, f->rate);
    if (!s) cropdetect_init(&m->crop, f->width, f->height);
    if (!s) black_init(&m->black, f->range, f->rate);
    if (!s && chosen(m, MEASURE_FREEZE)) s = freeze_init(&m->freeze, &eight, e);
    m->flow_width = m->flow.w;
    m->flow_height = m->flow.h;
    if (s) measure_free(m);
    return s;
}

/* ---- one frame ---- */

/* 8 bits by rounding: v * 255 / (2^depth - 1) would need the range; a shift keeps levels where
 * video levels are (16 << 2 is black in 10 bits). */
static const struct picture *narrowed(struct measure *m, const struct picture *p)
{
    const int shift = p->format.depth - 8;
    if (shift == 0) return p;
    for (int i = 0; i < p->planes; i++) {
        const struct plane *from = &p->plane[i], *to = &m->narrow.plane[i];
        const size_t samples = from->width * (p->format.layout == LAYOUT_RGB ? 3 : 1);
        for (size_t y = 0; y < from->height; y++)
            for (size_t x = 0; x < samples; x++) {
                uint16_t v;
                memcpy(&v, from->data + y * from->stride + 2 * x, sizeof v);
                unsigned rounded = ((unsigned)v + (1u << shift >> 1)) >> shift;
                to->data[y * to->stride + x] = (unsigned char)(rounded > 255 ? 255 : rounded);
            }
    }
    return &m->narrow;
}

/* The plane that luma filters read. */
static struct plane luma_of(struct measure *m, const struct picture *p)
{
    if (p->format.layout != LAYOUT_RGB) return p->plane[0];
    rgb_to_gray(m->gray, m->rgb, p->format.width * p->format.height);
    return (struct plane){ m->gray, p->format.width, p->format.height, p->format.width };
}

static enum status shots_frame(struct measure *m, struct frame_values *v, struct err *e)
{
    const unsigned char *rgb = m->rgb;
    const size_t w = m->shot_width, h = m->shot_height;
    enum status s = OK;
    if (m->options.downscale && (w != m->format.width || h != m->format.height)) {
        s = image_resize(m->small, w, h, m->rgb, m->format.width, m->format.height, 3, CV_LINEAR, e);
        if (s) return s;
        rgb = m->small;
    }
    struct content_score c = content_frame(&m->content, rgb);
    v->content_val = c.val;
    v->delta_hue = c.hue;
    v->delta_sat = c.sat;
    v->delta_lum = c.lum;
    flash_frame(&m->flash, v->frame, v->time, content_above(c.val, content_threshold), &m->cuts_content);
    v->average_rgb = average_rgb(rgb, w * h);
    fade_frame(&m->fade, v->frame, v->average_rgb, &m->cuts_threshold);
    v->hist_diff = histogram_frame(&m->histogram, v->frame, rgb, w * h, &m->cuts_hist);
    return dct_hash_frame(&m->hash, v->frame, rgb, w, h, &v->hash_dist, &m->cuts_hash, e);
}

static enum status end_segment(struct measure *m, int64_t end, struct err *e)
{
    if (m->segments == m->segment_room) {
        size_t room = m->segment_room ? 2 * m->segment_room : 16;
        struct camera_segment *more = realloc(m->segment, room * sizeof *more);
        if (!more) return fail(e, E_MEMORY, "no memory for %zu camera segments", room);
        m->segment = more;
        m->segment_room = room;
    }
    struct camera_segment *s = &m->segment[m->segments++];
    s->start = m->segment_start;
    s->end = end;
    camera_track_end(&m->track, &s->camera);
    m->segment_start = end;
    camera_track_begin(&m->track, m->flow.w, frame_rate(m));
    return OK;
}

/* cut: this frame begins a shot, so that the flow to it is no camera motion. */
static enum status follow_camera(struct measure *m, const struct plane *y, int64_t frame, int cut, struct err *e)
{
    struct camera_motion motion;
    camera_meter_frame(&m->camera, &m->flow, y, &motion);
    if (frame == 0) return OK;
    if (cut) return end_segment(m, frame, e);
    camera_track_add(&m->track, &motion);
    return OK;
}

/* The smallest box around the picture areas of all frames; a frame that is dark all over has none. */
static void widen_inside(struct crop *all, const struct crop *one)
{
    if (one->w <= 0 || one->h <= 0) return;
    if (all->w == 0) { *all = *one; return; }
    const int right = all->x + all->w > one->x + one->w ? all->x + all->w : one->x + one->w;
    const int bottom = all->y + all->h > one->y + one->h ? all->y + all->h : one->y + one->h;
    if (one->x < all->x) all->x = one->x;
    if (one->y < all->y) all->y = one->y;
    all->w = right - all->x;
    all->h = bottom - all->y;
}

static enum status luma_frame(struct measure *m, const struct plane *y, struct frame_values *v, struct err *e)
{
    struct levels l;
    int cut = content_above(isnan(v->content_val) ? 0 : v->content_val, content_threshold);
    levels_of(&l, y);
    v->luma_mean = l.mean;
    if (chosen(m, MEASURE_SCENE)) {
        struct scene_values s;
        scene_frame(&m->scene, y, &s);
        v->scdet_mafd = s.mafd;
        v->scdet_score = s.score;
        v->scene_score = s.scene_score;
        if (s.cut) cuts_add(&m->cuts_scdet, v->frame);
        cut |= s.cut;
    }
    if (chosen(m, MEASURE_MOTION)) {
        struct motion_values mv;
        motion_frame(&m->motion, y, &mv);
        v->vmaf_motion = mv.score;
    }
    if (chosen(m, MEASURE_SHARPNESS)) v->laplacian_var = sharpness_frame(&m->sharpness, y);
    if (chosen(m, MEASURE_BORDER)) {
        v->has_crop = cropdetect_frame(&m->crop, y, &v->crop);
        if (v->has_crop) widen_inside(&m->inside, &v->crop);
    }
    if (chosen(m, MEASURE_BLACK)) black_frame(&m->black, y);
    if (chosen(m, MEASURE_TEXT) && v->frame % m->text_every == 0) {
        enum status found = text_area_frame(&m->text, y, &v->text_area, e);
        if (found) return found;
    }
    if (!chosen(m, MEASURE_FLOW | MEASURE_CAMERA)) return OK;
    enum status s = flow_meter_frame(&m->flow, y, &v->flow_mean_px, e);
    if (!s && !isnan(v->flow_mean_px)) m->flow_sum += v->flow_mean_px;
    if (!s && chosen(m, MEASURE_CAMERA)) s = follow_camera(m, y, v->frame, cut, e);
    return s;
}

/* One hash a second, as vPDQ takes them. */
static enum status hash_picture(struct measure *m, int64_t frame, struct err *e)
{
    if (frame % vpdq_interval(1, m->format.rate)) return OK;
    if (m->hashed_count == m->hashed_room) {
        size_t room = m->hashed_room ? 2 * m->hashed_room : 16;
        struct hashed_frame *more = realloc(m->hashed, room * sizeof *more);
        if (!more) return fail(e, E_MEMORY, "no memory for %zu picture hashes", room);
        m->hashed = more;
        m->hashed_room = room;
    }
    struct hashed_frame *h = &m->hashed[m->hashed_count++];
    h->frame = frame;
    return pdq_rgb(&h->pdq, m->rgb, m->format.width, m->format.height, e);
}

static void emit_first(struct measure *m, measure_see *see, void *context)
{
    see(context, &m->late[0]);
    memmove(m->late, m->late + 1, (size_t)--m->waiting * sizeof *m->late);
}

enum status measure_frame(struct measure *m, const struct picture *p, struct rational time, measure_see *see,
                          void *context, struct err *e)
{
    struct frame_values *v = &m->late[m->waiting];
    *v = (struct frame_values){ .frame = m->frames, .time = time, .content_val = NAN, .delta_hue = NAN, .delta_sat = NAN,
        .delta_lum = NAN, .adaptive_ratio = NAN, .hist_diff = NAN, .hash_dist = NAN, .average_rgb = NAN,
        .scdet_mafd = NAN, .scdet_score = NAN, .scene_score = NAN, .vmaf_motion = NAN, .laplacian_var = NAN,
        .flow_mean_px = NAN, .luma_mean = NAN, .text_area = NAN };
    enum status s = OK;
    p = narrowed(m, p);
    if (p->format.layout == LAYOUT_RGB || chosen(m, MEASURE_SHOTS | MEASURE_PDQ))
        yuv_to_rgb(m->rgb, p, m->options.matrix, YUV_EXACT, CHROMA_NEAREST);
    if (chosen(m, MEASURE_SHOTS)) s = shots_frame(m, v, e);
    if (!s) {
        struct plane y = luma_of(m, p);
        s = luma_frame(m, &y, v, e);
    }
    if (!s && chosen(m, MEASURE_FREEZE)) freeze_frame(&m->freeze, p);
    if (!s && chosen(m, MEASURE_PDQ)) s = hash_picture(m, m->frames, e);
    if (s) return s;
    m->frames++;
    m->waiting++;
    if (!chosen(m, MEASURE_SHOTS)) {
        emit_first(m, see, context);
        return OK;
    }
    double ratio = adaptive_frame(&m->adaptive, v->frame, v->content_val, &m->cuts_adaptive);
    if (m->waiting > m->adaptive.window) {
        m->late[0].adaptive_ratio = ratio;
        emit_first(m, see, context);
    }
    return OK;
}

/* ---- the end ---- */

enum status measure_finish(struct measure *m, measure_see *see, void *context, struct err *e)
{
    while (m->waiting) emit_first(m, see, context);
    if (chosen(m, MEASURE_SHOTS) && m->frames) fade_end(&m->fade, m->frames - 1, &m->cuts_threshold);
    if (chosen(m, MEASURE_MOTION)) m->motion_mean = motion_finish(&m->motion);
    if (chosen(m, MEASURE_BLACK)) black_finish(&m->black);
    if (chosen(m, MEASURE_FREEZE)) freeze_finish(&m->freeze);
    return chosen(m, MEASURE_CAMERA) && m->frames > m->segment_start ? end_segment(m, m->frames, e) : OK;
}

void measure_free(struct measure *m)
{
    struct cuts *cuts[] = { &m->cuts_content, &m->cuts_adaptive, &m->cuts_threshold, &m->cuts_hist, &m->cuts_hash,
                            &m->cuts_scdet };
    content_free(&m->content);
    for (size_t i = 0; i < LEN(cuts); i++) cuts_free(cuts[i]);
    scene_free(&m->scene);
    motion_free(&m->motion);
    flow_meter_free(&m->flow);
    camera_free(&m->camera);
    text_area_free(&m->text);
    free(m->segment);
    black_free(&m->black);
    freeze_free(&m->freeze);
    free(m->hashed);
    picture_free(&m->narrow);
    free(m->rgb);
    free(m->small);
    free(m->gray);
    memset(m, 0, sizeof *m);
}
