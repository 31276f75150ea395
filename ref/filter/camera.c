/* camera -- a similarity fitted robustly to a flow field.
 *
 * Every 8th vector in x and y, from 4 on, takes part if the frame before has texture there: with
 * central differences, the smaller eigenvalue of the mean of (gx gx, gx gy, gy gy) over 7x7 pixels is at
 * least 1 (levels per pixel, squared), so that no direction is left open.  Positions are taken from
 * the grid's centre ((w-1)/2, (h-1)/2), and all lengths are divided by w.
 *
 *   u = a + s x - r y    v = b + r x + s y
 *
 * First guess: the medians of u and of v.  Ten times: residual rho = |(u,v) - model|; MAD = median of the
 * absolute residuals of u and v together, at least 0.05 px; weight (1 - (rho/c)^2)^2 where rho is below
 * c = 4.685 * 1.4826 * MAD (Tukey), 0 elsewhere; weighted least squares.  With weighted means taken off
 * (bars), the normal equations are solved in closed form:
 *   s = sum w (x u + y v) / sum w (x^2 + y^2)    r = sum w (x v - y u) / sum w (x^2 + y^2)
 *   a = u_ - s x_ + r y_                         b = v_ - r x_ - s y_
 * Inliers have rho below the c of the final residuals.  Medians of an even count are the mean of the middle two.
 * The 0.05 px keep a noise-free field from throwing away all that is not exact.
 * Source: A. E. Beaton, J. W. Tukey, Technometrics 16 (1974) 147; J. Shi, C. Tomasi, Good Features to
 * Track (CVPR 1994) for the texture; filters.md 9.2. */
#include "camera.h"

#include <math.h>
#include <string.h>

enum { ITERATIONS = 10, TEXTURE_RADIUS = 3 };

static const double min_texture = 1, min_mad_px = 0.05, tukey = 4.685 * 1.4826;

/* ---- memory ---- */

static size_t first_of(size_t side)
{
    return side > CAMERA_STEP / 2 ? CAMERA_STEP / 2 : side - 1;
}

static void take_memory(struct camera *k)
{
    size_t n = k->across * k->down;
    k->textured = arena_alloc(&k->arena, n, 1);
    k->vector = arena_alloc(&k->arena, n, sizeof *k->vector);
    k->order = arena_alloc(&k->arena, n, 2 * sizeof *k->order);
}

enum status camera_init(struct camera *k, size_t w, size_t h, struct err *e)
{
    memset(k, 0, sizeof *k);
    if (!w || !h || w > MAX_SIDE || h > MAX_SIDE)
        return fail(e, E_ARG, "camera: a grid of %zux%zu pixels (1 to %d each way)", w, h, MAX_SIDE);
    k->w = w;
    k->h = h;
    k->across = (w - 1 - first_of(w)) / CAMERA_STEP + 1;
    k->down = (h - 1 - first_of(h)) / CAMERA_STEP + 1;
    take_memory(k);
    if (k->arena.overflow) return fail(e, E_MEMORY, "camera: a grid of %zux%zu pixels does not fit memory", w, h);
    enum status st = arena_create(&k->arena, k->arena.peak, e);
    if (st) return st;
    take_memory(k);
    memset(k->textured, 0, k->across * k->down);
    return OK;
}

void camera_free(struct camera *k)
{
    arena_free(&k->arena);
}

/* ---- medians ---- */

/* Puts the element of rank `rank` at its place, smaller or equal ones before it (Hoare's FIND). */
static void partial_sort(double *v, size_t n, size_t rank)
{
    ptrdiff_t low = 0, high = (ptrdiff_t)n - 1, k = (ptrdiff_t)rank;
    while (low < high) {
        double pivot = v[low + (high - low) / 2];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i > j) break;
            double t = v[i];
            v[i++] = v[j];
            v[j--] = t;
        }
        if (j < k) low = i;
        if (i > k) high = j;
    }
}

/* NaN where there is nothing.  Reorders v. */
static double median(double *v, size_t n)
{
    if (!n) return NAN;
    size_t middle = n / 2;
    partial_sort(v, n, middle);
    if (n % 2) return v[middle];
    double below = v[0];
    for (size_t i = 1; i < middle; i++)
        if (v[i] > below) below = v[i];
    return (below + v[middle]) / 2;
}

/* ---- texture ---- */

static int level(const struct plane *p, ptrdiff_t x, ptrdiff_t y)
{
    ptrdiff_t right = (ptrdiff_t)p->width - 1, bottom = (ptrdiff_t)p->height - 1;
    x = x < 0 ? 0 : x > right ? right : x;
    y = y < 0 ? 0 : y > bottom ? bottom : y;
    return p->data[(size_t)y * p->stride + (size_t)x];
}

static int has_texture(const struct plane *p, size_t at_x, size_t at_y)
{
    enum { R = TEXTURE_RADIUS, COUNT = (2 * R + 1) * (2 * R + 1) };
    int64_t xx = 0, xy = 0, yy = 0;
    for (ptrdiff_t y = (ptrdiff_t)at_y - R; y <= (ptrdiff_t)at_y + R; y++)
        for (ptrdiff_t x = (ptrdiff_t)at_x - R; x <= (ptrdiff_t)at_x + R; x++) {
            int gx = level(p, x + 1, y) - level(p, x - 1, y), gy = level(p, x, y + 1) - level(p, x, y - 1);
            xx += gx * gx;
            xy += gx * gy;
            yy += gy * gy;
        }
    double half = (double)(xx - yy) / 2, root = sqrt(half * half + (double)xy * (double)xy);
    /* differences over two pixels are twice the slope */
    return ((double)(xx + yy) / 2 - root) / (4 * COUNT) >= min_texture;
}

static void find_texture(struct camera *k, const struct plane *luma)
{
    unsigned char *t = k->textured;
    for (size_t j = 0; j < k->down; j++)
        for (size_t i = 0; i < k->across; i++)
            *t++ = (unsigned char)has_texture(luma, first_of(k->w) + i * CAMERA_STEP, first_of(k->h) + j * CAMERA_STEP);
}

/* ---- fit ---- */

struct model { double a, b, s, r; };        /* in widths */

static size_t take_vectors(struct camera *k, const float *flow)
{
    struct camera_vector *q = k->vector;
    double w = (double)k->w;
    for (size_t j = 0; j < k->down; j++)
        for (size_t i = 0; i < k->across; i++) {
            size_t x = first_of(k->w) + i * CAMERA_STEP, y = first_of(k->h) + j * CAMERA_STEP;
            const float *f = flow + 2 * (y * k->w + x);
            if (!k->textured[j * k->across + i] || !isfinite(f[0]) || !isfinite(f[1])) continue;
            *q++ = (struct camera_vector){ ((double)x - (w - 1) / 2) / w, ((double)y - (double)(k->h - 1) / 2) / w, f[0] / w,
                                           f[1] / w, 0 };
        }
    return (size_t)(q - k->vector);
}

/* Sets the residuals; their MAD in widths. */
static double set_residuals(struct camera *k, size_t n, const struct model *m)
{
    for (size_t i = 0; i < n; i++) {
        struct camera_vector *q = &k->vector[i];
        double u = q->u - (m->a + m->s * q->x - m->r * q->y), v = q->v - (m->b + m->r * q->x + m->s * q->y);
        q->residual = u * u + v * v;
        k->order[2 * i] = fabs(u);
        k->order[2 * i + 1] = fabs(v);
    }
    return median(k->order, 2 * n);
}

/* c^2 of a MAD */
static double reach(const struct camera *k, double mad)
{
    double least = min_mad_px / (double)k->w, c = tukey * (mad > least ? mad : least);
    return c * c;
}

static double weight(const struct camera_vector *q, double reach2)
{
    double t = 1 - q->residual / reach2;
    return t > 0 ? t * t : 0;
}

/* 0: every vector was thrown out, and m stays. */
static int solve(const struct camera *k, size_t n, double reach2, struct model *m)
{
    double w = 0, x = 0, y = 0, u = 0, v = 0, along = 0, across = 0, spread = 0;
    for (size_t i = 0; i < n; i++) {
        const struct camera_vector *q = &k->vector[i];
        double t = weight(q, reach2);
        w += t;
        x += t * q->x;
        y += t * q->y;
        u += t * q->u;
        v += t * q->v;
    }
    if (!(w > 0)) return 0;
    x /= w;
    y /= w;
    u /= w;
    v /= w;
    for (size_t i = 0; i < n; i++) {
        const struct camera_vector *q = &k->vector[i];
        double t = weight(q, reach2), dx = q->x - x, dy = q->y - y, du = q->u - u, dv = q->v - v;
        along += t * (dx * du + dy * dv);
        across += t * (dx * dv - dy * du);
        spread += t * (dx * dx + dy * dy);
    }
    m->s = spread > 0 ? along / spread : 0;
    m->r = spread > 0 ? across / spread : 0;
    m->a = u - m->s * x + m->r * y;
    m->b = v - m->r * x - m->s * y;
    return 1;
}

/* Median of u (axis 0) or v (axis 1) of the vectors within |x| <= half_width, from <= y < to; in pixels. */
static double median_in(struct camera *k, size_t n, int axis, double half_width, double from, double to)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct camera_vector *q = &k->vector[i];
        if (fabs(q->x) <= half_width && q->y >= from && q->y < to) k->order[count++] = axis ? q->v : q->u;
    }
    return median(k->order, count) * (double)k->w;
}

static void measure_inliers(struct camera *k, size_t n, double reach2, struct camera_motion *out)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (k->vector[i].residual < reach2) k->order[count++] = sqrt(k->vector[i].residual);
    out->inliers = (double)count / (double)n;
    out->residual_px = median(k->order, count) * (double)k->w;
    count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct camera_vector *q = &k->vector[i];
        if (q->residual < reach2) k->order[count++] = sqrt(q->u * q->u + q->v * q->v);
    }
    out->flow_px = median(k->order, count) * (double)k->w;
}

static void fit(struct camera *k, const float *flow, struct camera_motion *out)
{
    size_t n = take_vectors(k, flow);
    double w = (double)k->w, height = (double)k->h / w;
    *out = (struct camera_motion){ n, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
    if (n < CAMERA_MIN_VECTORS) return;
    struct model m = { 0, 0, 0, 0 };
    m.a = median_in(k, n, 0, INFINITY, -INFINITY, INFINITY) / w;
    m.b = median_in(k, n, 1, INFINITY, -INFINITY, INFINITY) / w;
    for (int i = 0; i < ITERATIONS; i++)
        if (!solve(k, n, reach(k, set_residuals(k, n, &m)), &m)) break;
    double mad = set_residuals(k, n, &m);
    out->a_px = m.a * w;
    out->b_px = m.b * w;
    out->s = m.s;
    out->r = m.r;
    out->mad_px = mad * w;
    measure_inliers(k, n, reach(k, mad), out);
    out->upper_px = median_in(k, n, 0, INFINITY, -INFINITY, -height / 6);
    out->lower_px = median_in(k, n, 0, INFINITY, height / 6, INFINITY);
    out->centre_x_px = median_in(k, n, 0, 0.2, -0.2 * height, 0.2 * height);
    out->centre_y_px = median_in(k, n, 1, 0.2, -0.2 * height, 0.2 * height);
}

/* ---- frames ---- */

void camera_frame(struct camera *k, const float *flow, const struct plane *luma, struct camera_motion *m)
{
    if (flow) fit(k, flow, m);
    find_texture(k, luma);          /* of the next fit: flow belongs to the pixels of the frame before */
}

void camera_meter_frame(struct camera *k, const struct flow_meter *f, const struct plane *y, struct camera_motion *m)
{
    struct plane luma = { f->reduced, f->w, f->h, f->w };
    if (f->w == f->width && f->h == f->height) luma = *y;
    camera_frame(k, f->frames > 1 ? f->flow : NULL, &luma, m);
}
