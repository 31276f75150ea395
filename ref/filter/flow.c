/* flow -- Farneback's optical flow: pyramid, polynomial expansion, and the mean over a clip.
 *
 * Pyramid: level k has pyr_scale^k of the full size, rounded to nearest (ties to even); k counts up
 * while neither side gets below 32.  From the coarsest level to the full size, the flow found so far is resized and
 * multiplied by 1/pyr_scale, and corrected.  A level's picture is made from the full one: Gaussian
 * blur with sigma = (1/scale - 1) / 2 over max(3, rne(5 sigma) | 1) taps (1/4 1/2 1/4 where sigma is 0, so
 * the full size is blurred too; edges mirrored without repeating), then bilinear resize between
 * pixel centres, without prefilter.
 *
 * Expansion: about every pixel the picture is fitted by r1 + r2 x + r3 y + r4 x^2 + r5 y^2 + r6 xy, weighted
 * with a separable Gaussian g(x) g(y) over (2n+1)^2 pixels, edges replicated.  With the moments
 *   b1 = sum g g f, b2 = sum g g x f, b3 .. y f, b4 .. x^2 f, b5 .. y^2 f, b6 .. xy f
 * and the inverse of the matrix G of moments of the weight (most of it is zero)
 *   x: b2 ig11   y: b3 ig11   xx: b1 ig03 + b4 ig33   yy: b1 ig03 + b5 ig33   xy: b6 ig55
 * What would be the constant term is not needed.
 *
 * Types as in the public program: pictures, weights, the products that make up G, vertical sums and the
 * sums and differences of two taps are float; horizontal sums are double.  With that, the flow is
 * OpenCV's own to the last bits (1e-6 px and mostly equal) where OpenCV does not fuse multiply and add; its
 * AVX2 code does, which moves single pixels by up to 0.007 px in real clips.
 * Source: G. Farneback, Two-Frame Motion Estimation Based on Polynomial Expansion (SCIA 2003), section 2;
 * OpenCV modules/video/src/optflowgf.cpp (filters.md 5.1). */
#include "flow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TERMS = 5 };

const struct farneback_settings farneback_defaults = { 0.5, 3, 15, 3, 5, 1.2 };

/* ---- plan: sizes, weights, memory ---- */

static enum status check_settings(const struct farneback_settings *s, size_t w, size_t h, struct err *e)
{
    if (!w || !h || w > MAX_SIDE || h > MAX_SIDE)
        return fail(e, E_ARG, "flow: a picture of %zux%zu pixels (1 to %d each way)", w, h, MAX_SIDE);
    if (!(s->pyr_scale > 0 && s->pyr_scale < 1) || s->levels < 0 || s->levels > FLOW_LEVELS)
        return fail(e, E_ARG, "flow: pyramid scale %g (above 0, below 1) with %d levels (0 to %d)", s->pyr_scale, s->levels,
                    FLOW_LEVELS);
    if (s->winsize < 2 || s->winsize > FLOW_WINDOW || s->iterations < 1)
        return fail(e, E_ARG, "flow: window %d (2 to %d), %d iterations (at least 1)", s->winsize, FLOW_WINDOW,
                    s->iterations);
    if (s->poly_n < 1 || s->poly_n > FLOW_RADIUS
        || !(s->poly_sigma == 0 || (s->poly_sigma >= 0.25 && s->poly_sigma <= 100)))
        return fail(e, E_ARG, "flow: expansion radius %d (1 to %d), sigma %g (0, or 0.25 to 100)", s->poly_n, FLOW_RADIUS,
                    s->poly_sigma);
    return OK;
}

static void make_levels(struct flow_plan *p, size_t w, size_t h)
{
    double scale = 1;
    p->level[0] = (struct flow_level){ w, h, 1 };
    while (p->levels < p->settings.levels) {
        scale *= p->settings.pyr_scale;
        double lw = (double)w * scale, lh = (double)h * scale;
        if (lw < FLOW_MIN_SIDE || lh < FLOW_MIN_SIDE) break;
        p->level[++p->levels] = (struct flow_level){ (size_t)rint(lw), (size_t)rint(lh), scale };
    }
}

/* g, and entries of the inverse of G.  With a = sum gg, b = sum gg x^2, c = sum gg x^4, d = sum gg x^2 y^2:
 * x and y stand alone with b, xy with d; 1, x^2, y^2 hang together as [a b b; b c d; b d c]. */
static void make_weights(struct flow_plan *p)
{
    int n = p->settings.poly_n;
    double sigma = p->settings.poly_sigma > 0 ? p->settings.poly_sigma : 0.3 * n, sum = 0, a = 0, b = 0, c = 0, d = 0;
    for (int x = -n; x <= n; x++) {
        float g = (float)exp(-x * x / (2 * sigma * sigma));
        p->g[abs(x)] = g;
        sum += g;
    }
    for (int x = 0; x <= n; x++) {
        p->g[x] = (float)(p->g[x] * (1. / sum));
        p->xg[x] = (float)x * p->g[x];
        p->xxg[x] = (float)(x * x) * p->g[x];
    }
    for (int y = -n; y <= n; y++)
        for (int x = -n; x <= n; x++) {
            float w = p->g[abs(y)] * p->g[abs(x)], fx = (float)x, fy = (float)y;
            a += w;
            b += w * fx * fx;
            c += w * fx * fx * fx * fx;
            d += w * fx * fx * fy * fy;
        }
    double det = a * (c + d) - 2 * b * b;       /* of 1 against (x^2 + y^2) */
    p->ig11 = 1 / b;
    p->ig03 = -b / det;
    p->ig33 = (a / det + 1 / (c - d)) / 2;
    p->ig55 = 1 / d;
}

static int blur_taps(double sigma)
{
    int taps = (int)rint(sigma * 5) | 1;
    return taps < 3 ? 3 : taps;
}

static double blur_sigma(const struct flow_level *l)
{
    return (1. / l->scale - 1) * 0.5;
}

/* Runs twice: to find out how much memory it takes, and to take it.  `work` is three pictures while a
 * frame is expanded and the matrices while the flow is solved. */
static void take_memory(struct flow_plan *p, struct flow_frame *frame, int frames)
{
    struct arena *a = &p->arena;
    size_t w = p->level[0].w, h = p->level[0].h, pixels = w * h;
    size_t taps = (size_t)blur_taps(blur_sigma(&p->level[p->levels]));
    size_t margin = 2 * (size_t)p->settings.poly_n, rows = 3 * (w + margin), padded = w + taps;
    p->work = arena_alloc(a, pixels, TERMS * sizeof(float));
    p->rows = arena_alloc(a, rows > padded ? rows : padded, sizeof(float));
    p->kernel = arena_alloc(a, taps, sizeof(float));
    p->across = arena_alloc(a, w, sizeof *p->across);
    p->sums = arena_alloc(a, w + (size_t)p->settings.winsize + 2, TERMS * sizeof(double));
    for (int i = 0; i < 2 && i < p->levels; i++)
        p->coarse[i] = arena_alloc(a, p->level[i + 1].w * p->level[i + 1].h, 2 * sizeof(float));
    for (int f = 0; f < frames; f++)
        for (int k = 0; k <= p->levels; k++)
            frame[f].poly[k] = arena_alloc(a, p->level[k].w * p->level[k].h, TERMS * sizeof(float));
}

enum status flow_plan_create(struct flow_plan *p, struct flow_frame *frame, int frames, size_t w, size_t h,
                             const struct farneback_settings *s, struct err *e)
{
    memset(p, 0, sizeof *p);
    p->settings = s ? *s : farneback_defaults;
    enum status st = check_settings(&p->settings, w, h, e);
    if (st) return st;
    make_levels(p, w, h);
    make_weights(p);
    take_memory(p, frame, frames);
    if (p->arena.overflow) return fail(e, E_MEMORY, "flow: a picture of %zux%zu pixels does not fit memory", w, h);
    st = arena_create(&p->arena, p->arena.peak, e);
    if (st) return st;
    take_memory(p, frame, frames);
    return OK;
}

void flow_plan_free(struct flow_plan *p)
{
    arena_free(&p->arena);
}

/* ---- pyramid ---- */

/* Index i of a row of n, mirrored about its end pixels as often as it takes. */
static size_t mirror(ptrdiff_t i, size_t n)
{
    ptrdiff_t last = (ptrdiff_t)n - 1;
    if (last == 0) return 0;
    while (i < 0 || i > last) i = i < 0 ? -i : 2 * last - i;
    return (size_t)i;
}

static void blur_kernel(float *k, int taps, double sigma)
{
    double sum = 0;
    if (sigma <= 0) {                           /* three taps */
        k[0] = k[2] = 0.25f;
        k[1] = 0.5f;
        return;
    }
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < taps; i++) {
            double x = i - (taps - 1) * 0.5, v = exp(-x * x / (2 * sigma * sigma));
            if (pass) k[i] = (float)(v / sum);
            else sum += v;
        }
}

/* One output row: taps in ascending order, or, where there are at most five, from the centre outwards as in
 * the columns.  in: w samples and taps / 2 mirrored ones at each end. */
static void blur_row(float *out, const float *in, size_t w, const float *kernel, int taps)
{
    size_t r = (size_t)taps / 2, last = (size_t)taps - 1;
    if (taps <= 5) {
        for (size_t x = 0; x < w; x++) out[x] = kernel[r] * in[x + r];
        for (size_t i = r + 1; i <= last; i++)
            for (size_t x = 0; x < w; x++) out[x] += kernel[i] * (in[x + last - i] + in[x + i]);
        return;
    }
    for (size_t x = 0; x < w; x++) out[x] = kernel[0] * in[x];
    for (size_t i = 1; i <= last; i++)
        for (size_t x = 0; x < w; x++) out[x] += kernel[i] * in[x + i];
}

/* Rows, then columns.  half: w*h floats between the two; row: w + taps. */
static void blur(float *dst, const unsigned char *gray, size_t w, size_t h, const float *kernel, int taps, float *half,
                 float *row)
{
    ptrdiff_t r = taps / 2;
    for (size_t y = 0; y < h; y++) {
        for (ptrdiff_t x = -r; x < (ptrdiff_t)w + r; x++) row[x + r] = gray[y * w + mirror(x, w)];
        blur_row(half + y * w, row, w, kernel, taps);
    }
    for (size_t y = 0; y < h; y++) {
        float *out = dst + y * w;
        const float *centre = half + y * w;
        for (size_t x = 0; x < w; x++) out[x] = kernel[r] * centre[x];
        for (ptrdiff_t i = 1; i <= r; i++) {
            const float *up = half + mirror((ptrdiff_t)y - i, h) * w, *down = half + mirror((ptrdiff_t)y + i, h) * w;
            for (size_t x = 0; x < w; x++) out[x] += kernel[r + i] * (up[x] + down[x]);
        }
    }
}

/* Where sample i of an axis of `to` samples lies among `from`; beyond the centres of the end samples those
 * are repeated. */
static struct between position(size_t i, size_t to, size_t from)
{
    double step = 1. / ((double)to / (double)from);     /* as OpenCV: not from / to, which may differ by a bit */
    float f = (float)(((double)i + 0.5) * step - 0.5), whole = floorf(f);
    struct between s = { 0, 0, f - whole };
    if (whole >= 0) s.a = (size_t)whole < from ? (size_t)whole : from - 1;
    if (whole >= -1) s.b = (size_t)(whole + 1) < from ? (size_t)(whole + 1) : from - 1;
    return s;
}

/* Rows first.  There an end sample is taken whole, while columns mix it with itself by both weights: this
 * is what OpenCV does, and may differ in the last bit. */
static void resize_linear(struct flow_plan *p, float *dst, size_t dw, size_t dh, const float *src, size_t w, size_t h,
                          size_t channels, float factor)
{
    for (size_t x = 0; x < dw; x++) {
        p->across[x] = position(x, dw, w);
        if (p->across[x].a == p->across[x].b) p->across[x].part = 0;
    }
    for (size_t y = 0; y < dh; y++) {
        struct between v = position(y, dh, h);
        const float *top = src + v.a * w * channels, *bottom = src + v.b * w * channels;
        for (size_t x = 0; x < dw; x++)
            for (size_t c = 0; c < channels; c++) {
                float f = p->across[x].part;
                size_t a = p->across[x].a * channels + c, b = p->across[x].b * channels + c;
                float t = top[a] * (1.f - f) + top[b] * f, u = bottom[a] * (1.f - f) + bottom[b] * f;
                *dst++ = (t * (1.f - v.part) + u * v.part) * factor;
            }
    }
}

/* ---- expansion ---- */

/* Vertical sums of row y, times 1, y and y^2, in three rows with n copies of the end samples around. */
static void expand_column(const struct flow_plan *p, float *r[3], const float *image, size_t w, size_t h, size_t y)
{
    size_t n = (size_t)p->settings.poly_n;
    const float *centre = image + y * w;
    for (size_t x = 0; x < w; x++) {
        r[0][x] = centre[x] * p->g[0];
        r[1][x] = r[2][x] = 0;
    }
    for (size_t k = 1; k <= n; k++) {
        const float *up = image + (y > k ? y - k : 0) * w, *down = image + (y + k < h ? y + k : h - 1) * w;
        float g = p->g[k], yg = p->xg[k], yyg = p->xxg[k];
        for (size_t x = 0; x < w; x++) {
            float sum = up[x] + down[x];
            r[0][x] += g * sum;
            r[1][x] += yg * (down[x] - up[x]);
            r[2][x] += yyg * sum;
        }
    }
    for (int i = 0; i < 3; i++)
        for (size_t x = 0; x < n; x++) {
            r[i][-1 - (ptrdiff_t)x] = r[i][0];
            r[i][w + x] = r[i][w - 1];
        }
}

static void expand(const struct flow_plan *p, float *poly, const float *image, size_t w, size_t h)
{
    ptrdiff_t n = p->settings.poly_n;
    size_t step = w + 2 * (size_t)n;
    float *r[3] = { p->rows + n, p->rows + step + n, p->rows + 2 * step + n };
    for (size_t y = 0; y < h; y++) {
        expand_column(p, r, image, w, h, y);
        for (size_t x = 0; x < w; x++, poly += TERMS) {
            const float *r0 = r[0] + x, *r1 = r[1] + x, *r2 = r[2] + x;
            double b1 = r0[0] * p->g[0], b2 = 0, b3 = r1[0] * p->g[0], b4 = 0, b5 = r2[0] * p->g[0], b6 = 0;
            for (ptrdiff_t k = 1; k <= n; k++) {
                double sum = r0[k] + r0[-k];
                b1 += sum * p->g[k];
                b4 += sum * p->xxg[k];
                b2 += (r0[k] - r0[-k]) * p->xg[k];
                b3 += (r1[k] + r1[-k]) * p->g[k];
                b6 += (r1[k] - r1[-k]) * p->xg[k];
                b5 += (r2[k] + r2[-k]) * p->g[k];
            }
            poly[0] = (float)(b3 * p->ig11);
            poly[1] = (float)(b2 * p->ig11);
            poly[2] = (float)(b1 * p->ig03 + b5 * p->ig33);
            poly[3] = (float)(b1 * p->ig03 + b4 * p->ig33);
            poly[4] = (float)(b6 * p->ig55);
        }
    }
}

void flow_expand(struct flow_plan *p, struct flow_frame *f, const unsigned char *gray)
{
    size_t w = p->level[0].w, h = p->level[0].h, pixels = w * h;
    float *half = p->work, *blurred = half + pixels, *image = blurred + pixels;
    for (int k = 0; k <= p->levels; k++) {
        const struct flow_level *l = &p->level[k];
        int taps = blur_taps(blur_sigma(l));
        blur_kernel(p->kernel, taps, blur_sigma(l));
        blur(blurred, gray, w, h, p->kernel, taps, half, p->rows);
        if (k) resize_linear(p, image, l->w, l->h, blurred, w, h, 1, 1);
        expand(p, f->poly[k], k ? image : blurred, l->w, l->h);
    }
}

/* ---- flow ---- */

void flow_between(struct flow_plan *p, float *flow, const struct flow_frame *before, const struct flow_frame *after)
{
    const float *coarser = NULL;
    for (int k = p->levels; k >= 0; k--) {
        const struct flow_level *l = &p->level[k];
        float *here = k ? p->coarse[(k - 1) % 2] : flow;        /* sized for levels 1 and 2: 3, 4, ... are smaller */
        if (coarser)
            resize_linear(p, here, l->w, l->h, coarser, l[1].w, l[1].h, 2, (float)(1. / p->settings.pyr_scale));
        else
            memset(here, 0, l->w * l->h * 2 * sizeof *here);
        flow_solve(here, before->poly[k], after->poly[k], l->w, l->h, p->settings.winsize, p->settings.iterations, p->work,
                   p->sums);
        coarser = here;
    }
}

double flow_mean(const float *flow, size_t pixels)
{
    double sum = 0;
    for (size_t i = 0; i < pixels; i++) {
        double dx = flow[2 * i], dy = flow[2 * i + 1];
        sum += sqrt(dx * dx + dy * dy);
    }
    return sum / (double)pixels;
}

enum status farneback(float *flow, const unsigned char *before, const unsigned char *after, size_t w, size_t h,
                      const struct farneback_settings *s, struct err *e)
{
    struct flow_plan p;
    struct flow_frame frame[2];
    enum status st = flow_plan_create(&p, frame, 2, w, h, s, e);
    if (!st) {
        flow_expand(&p, &frame[0], before);
        flow_expand(&p, &frame[1], after);
        flow_between(&p, flow, &frame[0], &frame[1]);
    }
    flow_plan_free(&p);
    return st;
}

/* ---- flow_mean_px ---- */

static size_t reduced_side(size_t side, size_t longest, size_t target)
{
    size_t r = (2 * side * target + longest) / (2 * longest);
    return r ? r : 1;
}

enum status flow_meter_init(struct flow_meter *m, size_t width, size_t height, size_t long_side, struct err *e)
{
    size_t longest = width > height ? width : height;
    memset(m, 0, sizeof *m);
    if (!width || !height || longest > MAX_SIDE)
        return fail(e, E_ARG, "flow: frames of %zux%zu pixels (1 to %d each way)", width, height, MAX_SIDE);
    m->width = m->w = width;
    m->height = m->h = height;
    if (long_side && longest > long_side) {
        m->w = reduced_side(width, longest, long_side);
        m->h = reduced_side(height, longest, long_side);
    }
    enum status st = flow_plan_create(&m->plan, m->frame, 2, m->w, m->h, NULL, e);
    if (st) return st;
    m->packed = malloc(width * height);
    m->reduced = malloc(m->w * m->h);
    m->flow = malloc(m->w * m->h * 2 * sizeof *m->flow);
    if (m->packed && m->reduced && m->flow) return OK;
    flow_meter_free(m);
    return fail(e, E_MEMORY, "flow: no memory for frames of %zux%zu", width, height);
}

enum status flow_meter_frame(struct flow_meter *m, const struct plane *y, double *flow_mean_px, struct err *e)
{
    struct flow_frame *now = &m->frame[m->frames % 2], *before = &m->frame[(m->frames + 1) % 2];
    const unsigned char *gray = y->data;
    if (y->stride != y->width) {
        for (size_t i = 0; i < m->height; i++) memcpy(m->packed + i * m->width, y->data + i * y->stride, m->width);
        gray = m->packed;
    }
    if (m->w != m->width || m->h != m->height) {
        enum status st = image_resize(m->reduced, m->w, m->h, gray, m->width, m->height, 1, CV_AREA, e);
        if (st) return st;
        gray = m->reduced;
    }
    flow_expand(&m->plan, now, gray);
    *flow_mean_px = NAN;
    if (m->frames > 0) {
        flow_between(&m->plan, m->flow, before, now);
        *flow_mean_px = flow_mean(m->flow, m->w * m->h);
    }
    m->frames++;
    return OK;
}

void flow_meter_free(struct flow_meter *m)
{
    flow_plan_free(&m->plan);
    free(m->packed);
    free(m->reduced);
    free(m->flow);
    m->packed = m->reduced = NULL;
    m->flow = NULL;
}
