/* camera_class -- from the motion of each frame to the motion of a clip, and its name.
 *
 * Means over frames are taken to seconds with the frame rate.  The moving average behind the jitter is
 * centred and has 2k+1 frames, k = 0.25 s rounded, 1 to CAMERA_HALF_WINDOW; at the ends it takes those there are.
 *
 * Names: rows in this order; the first whose confidence is 0.5 or more gives it, otherwise it is "none"
 * with the largest confidence seen.  A row without a name in a vocabulary is left out there.  P: parallax; J: jitter.
 *
 *   row        condition                                                HunyuanVideo       Movie Gen
 *   static     |(a,b)| < .01, |s| < .01, |r| < .01, J < .001            static shot        static shot
 *   zoom       |s| > .03, P < .25                                       zoom in/out        zoom in/out
 *   push       |s| > .03, P >= .25                                      -                  push in, pull out
 *   roll       |r| > .05, P < .25                                       tilt left/right    -
 *   tracking   |(a,b)| > .05, centre less than a quarter of it          -                  tracking shot
 *   pan        |a| > .03, |a| >= |b|; for Movie Gen P < .25             pan left/right     pan left/right
 *   truck      |a| > .03, |a| >= |b|, P >= .25                          -                  truck left/right
 *   tilt       |b| > .03, |b| > |a|, P < .25                            tilt up/down       tilt up/down
 *   pedestal   |b| > .03, |b| > |a|, P >= .25                           pan up/down        pedestal up/down
 *   arc        lower and upper of opposite sign, both > .02,            around left/right  arc shot
 *              |s| < .03, P >= .25
 *   handheld   J > .002, net < .35; P < .5, no component's test passes  handheld shot      handheld shot
 *
 * A component (s, r, a, b) takes part where the frames agree on it and it is seen beside the others: its sum over
 * frames is at least half the sum of its absolute values (a, b together: net), and what it moves at
 * the sides of the picture (|s|/2, |r|/2, |a|, |b|) at least a quarter of the largest of the four.
 * The confidence of a row is the smallest over its tests of value/threshold - 1 (threshold/value - 1 where the
 * value has to be below), at most 1; other conditions are yes or no.
 *
 * Against the table of filters.md 9.3, which does not say the paragraph about components: roll asks for a
 * small P, or the shear of an arc would be a roll, and arc for a large one, or a roll would be an arc;
 * handheld for a motion that the similarity explains, or noise would be one; tracking comes before pan,
 * which would always hold too; the larger of a and b decides between pan and tilt; P is taken against the
 * similarity, not a homography.  The laboratories publish the names only. */
#include "camera.h"

#include <math.h>
#include <string.h>

const char *const camera_hunyuan_labels[14] = {
    "zoom in", "zoom out", "pan up", "pan down", "pan left", "pan right", "tilt up", "tilt down", "tilt left", "tilt right",
    "around left", "around right", "static shot", "handheld shot"
};
const char *const camera_moviegen_labels[16] = {
    "zoom in", "zoom out", "push in", "pull out", "pan right", "pan left", "truck right", "truck left", "tilt up",
    "tilt down", "pedestal up", "pedestal down", "arc shot", "tracking shot", "static shot", "handheld shot"
};

static const double sure = 0.5;

/* ---- means ---- */

void camera_track_begin(struct camera_track *t, size_t width, double rate)
{
    double half = floor(0.25 * rate + 0.5);
    memset(t, 0, sizeof *t);
    t->width = width;
    t->rate = rate;
    t->half = half < 1 ? 1 : half > CAMERA_HALF_WINDOW ? CAMERA_HALF_WINDOW : (int)half;
}

/* Frame t->done against the average of its neighbours, of which `frames` are there. */
static void add_jitter(struct camera_track *t)
{
    int64_t size = 2 * t->half + 1, from = t->done - t->half, to = t->done + t->half;
    double a = 0, b = 0;
    const double *here = t->ring[t->done % size];
    if (from < 0) from = 0;
    if (to >= t->frames) to = t->frames - 1;
    for (int64_t i = from; i <= to; i++) {
        a += t->ring[i % size][0];
        b += t->ring[i % size][1];
    }
    a = here[0] - a / (double)(to - from + 1);
    b = here[1] - b / (double)(to - from + 1);
    t->squares += a * a + b * b;
    t->done++;
}

static void add_part(struct camera_track *t, int part, int from, double first, double second)
{
    if (isnan(first) || isnan(second)) return;
    t->part[from] += first;
    if (part == 2) t->part[from + 1] += second;
    t->parts[part]++;
}

void camera_track_add(struct camera_track *t, const struct camera_motion *m)
{
    if (m->vectors < CAMERA_MIN_VECTORS) return;
    const double value[6] = { m->a_px, m->b_px, m->s, m->r, m->inliers, m->mad_px };
    double *slot = t->ring[t->frames++ % (2 * t->half + 1)];
    slot[0] = m->a_px;
    slot[1] = m->b_px;
    for (size_t i = 0; i < LEN(value); i++) t->sum[i] += value[i];
    t->sway[0] += fabs(m->s);
    t->sway[1] += fabs(m->r);
    t->path += sqrt(m->a_px * m->a_px + m->b_px * m->b_px);
    t->flow += m->flow_px;
    t->residual += m->residual_px;
    add_part(t, 0, 0, m->upper_px, 0);
    add_part(t, 1, 1, m->lower_px, 0);
    add_part(t, 2, 2, m->centre_x_px, m->centre_y_px);
    if (t->frames > t->half) add_jitter(t);
}

static double ratio(const struct camera_track *t, double part, double whole)
{
    return !t->frames ? (double)NAN : whole > 0 ? part / whole : 0;
}

void camera_track_end(struct camera_track *t, struct camera_summary *s)
{
    while (t->done < t->frames) add_jitter(t);
    double n = t->frames ? (double)t->frames : (double)NAN, per_second = t->rate / n, widths = per_second / (double)t->width;
    memset(s, 0, sizeof *s);
    s->frames = t->frames;
    s->a = t->sum[0] * widths;
    s->b = t->sum[1] * widths;
    s->s = t->sum[2] * per_second;
    s->r = t->sum[3] * per_second;
    s->inliers = t->sum[4] / n;
    s->mad_px = t->sum[5] / n;
    s->parallax = ratio(t, t->residual, t->flow);
    s->jitter = sqrt(t->squares / n) / (double)t->width;
    s->net = ratio(t, sqrt(t->sum[0] * t->sum[0] + t->sum[1] * t->sum[1]), t->path);
    s->net_s = ratio(t, fabs(t->sum[2]), t->sway[0]);
    s->net_r = ratio(t, fabs(t->sum[3]), t->sway[1]);
    double *const part[4] = { &s->upper, &s->lower, &s->centre_x, &s->centre_y };
    for (size_t i = 0; i < LEN(part); i++) {
        int64_t count = t->parts[i < 2 ? i : 2];
        *part[i] = count ? t->part[i] * t->rate / (double)count / (double)t->width : (double)NAN;
    }
    camera_decide(s);
}

/* ---- decision ---- */

enum { FAILS = -1 };        /* a condition does not hold */

static double above(double value, double threshold)
{
    if (!(value >= threshold)) return FAILS;
    return fmin(value / threshold - 1, 1);
}

static double below(double value, double threshold)
{
    if (!(value < threshold)) return FAILS;
    return 2 * value > threshold ? threshold / value - 1 : 1;
}

static double all(double a, double b)
{
    return fmin(a, b);
}

struct row { const char *hunyuan, *moviegen; double confidence; };

static struct camera_label first_sure(const struct row *row, size_t count, int moviegen)
{
    struct camera_label l = { "none", 0 };
    for (size_t i = 0; i < count; i++) {
        const char *name = moviegen ? row[i].moviegen : row[i].hunyuan;
        if (!name) continue;
        if (row[i].confidence >= sure) return (struct camera_label){ name, row[i].confidence };
        if (row[i].confidence > l.confidence) l.confidence = row[i].confidence;
    }
    return l;
}

static double arc(const struct camera_summary *s)
{
    if (!(s->lower * s->upper < 0)) return FAILS;
    return all(all(below(fabs(s->s), 0.03), above(s->parallax, 0.25)),
               all(above(fabs(s->lower), 0.02), above(fabs(s->upper), 0.02)));
}

/* A component's test; moves: what it moves at the sides, largest: the most that any moves there. */
static double component(double value, double threshold, double moves, double largest, double net)
{
    return moves >= largest / 4 && net >= 0.5 ? above(value, threshold) : FAILS;
}

void camera_decide(struct camera_summary *s)
{
    double a = fabs(s->a), b = fabs(s->b), grown = fabs(s->s), turned = fabs(s->r), moved = sqrt(a * a + b * b);
    double centre = sqrt(s->centre_x * s->centre_x + s->centre_y * s->centre_y);
    double largest = fmax(fmax(a, b), fmax(grown, turned) / 2);
    double flat = below(s->parallax, 0.25), deep = above(s->parallax, 0.25);
    double zoom = component(grown, 0.03, grown / 2, largest, s->net_s);
    double roll = all(component(turned, 0.05, turned / 2, largest, s->net_r), flat);
    double across = a >= b ? component(a, 0.03, a, largest, s->net) : FAILS;
    double upright = b > a ? component(b, 0.03, b, largest, s->net) : FAILS;
    double still = all(all(below(moved, 0.01), below(grown, 0.01)), all(below(turned, 0.01), below(s->jitter, 0.001)));
    double held = all(above(s->jitter, 0.002), below(s->net, 0.35));
    int grows = s->s > 0, left = s->a > 0, up = s->b > 0;       /* of the camera */
    if (fmax(fmax(zoom, roll), fmax(across, upright)) >= 0 || !(s->parallax < 0.5)) held = FAILS;
    const struct row row[] = {
        { "static shot", "static shot", still },
        { grows ? "zoom in" : "zoom out", grows ? "zoom in" : "zoom out", all(zoom, flat) },
        { NULL, grows ? "push in" : "pull out", all(zoom, deep) },
        { s->r > 0 ? "tilt left" : "tilt right", NULL, roll },
        { NULL, "tracking shot", all(component(moved, 0.05, moved, largest, s->net), below(centre, 0.25 * moved)) },
        { left ? "pan left" : "pan right", NULL, across },
        { NULL, left ? "pan left" : "pan right", all(across, flat) },
        { NULL, left ? "truck left" : "truck right", all(across, deep) },
        { up ? "tilt up" : "tilt down", up ? "tilt up" : "tilt down", all(upright, flat) },
        { up ? "pan up" : "pan down", up ? "pedestal up" : "pedestal down", all(upright, deep) },
        { s->lower > 0 ? "around left" : "around right", "arc shot", arc(s) },
        { "handheld shot", "handheld shot", held },
    };
    s->hunyuan = first_sure(row, LEN(row), 0);
    s->moviegen = first_sure(row, LEN(row), 1);
}
