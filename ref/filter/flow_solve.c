/* flow_solve -- Farneback's displacement on one level, from the expansions of two frames.
 *
 * About x, frame i is f_i(u) = u'A_i u + b_i'u + c.  If the second is the first moved by d, then
 *   A = (A_0(x) + A_1(x + d~)) / 2,   db = (b_0(x) - b_1(x + d~)) / 2 + A d~,   A d = db
 * where d~ is the guess so far, rounded nowhere: frame 1 is read bilinearly between pixels.  Outside of
 * it A_1 = A_0 and b_1 = 0.  Near the edges, where the expansion is poor, A and db are multiplied
 * by 0.14 0.14 0.4472 0.4472 0.4472 (distance 0 to 4), once for each edge.
 * Per pixel M = (A'A, A'db): five numbers g11 g12 g22 h1 h2, index 1 is y and 2 is x; they are averaged
 * over the window (edges replicated) and solved:
 *   dx = (g11 h2 - g12 h1) / D,   dy = (g22 h1 - g12 h2) / D,   D = g11 g22 - g12^2 + 0.001
 * The 0.001 decides in flat areas, so the scale of the averages matters: they are sums over (2m+1)^2
 * pixels divided by winsize^2, m = winsize / 2 (an even winsize is a window one wider, and divided by too little).
 *
 * Types as in the public program: M and the flow are float, the window's running sums are double, and
 * what enters and leaves the vertical one is a float difference.  That difference leaves a residue of a
 * strong row in the flat rows behind it, which the 0.001 does not always hide.
 * Source: G. Farneback, Two-Frame Motion Estimation Based on Polynomial Expansion (SCIA 2003), section 4;
 * OpenCV modules/video/src/optflowgf.cpp (filters.md 5.1). */
#include "flow.h"

#include <math.h>

enum { TERMS = 5, MARGIN = 5 };

static const float damping[MARGIN] = { 0.14f, 0.14f, 0.4472f, 0.4472f, 0.4472f };

/* Whether an axis asks for damping.  A picture narrower than both margins together does so only where
 * they overlap: the public program's comparison is unsigned and wraps there. */
static int in_margin(size_t i, size_t n)
{
    int low = i < MARGIN, high = i + MARGIN >= n;
    return n >= 2 * MARGIN ? low || high : low && high;
}

/* k damped by both edges of an axis. */
static float damp(float k, size_t i, size_t n)
{
    if (i < MARGIN) k *= damping[i];
    if (i + MARGIN >= n) k *= damping[n - 1 - i];
    return k;
}

/* Bilinear sample of the expansion at (px,py); 0 when the four pixels around are not all inside. */
static int sample(float out[TERMS], const float *poly, size_t w, size_t h, float px, float py)
{
    /* so written that NaN is outside */
    if (!(px >= 0 && py >= 0 && px < (float)(w - 1) && py < (float)(h - 1))) return 0;
    size_t x = (size_t)px, y = (size_t)py;
    float fx = px - (float)x, fy = py - (float)y;
    float a00 = (1.f - fx) * (1.f - fy), a01 = fx * (1.f - fy), a10 = (1.f - fx) * fy, a11 = fx * fy;
    const float *p = poly + (y * w + x) * TERMS, *q = p + w * TERMS;
    for (int i = 0; i < TERMS; i++) out[i] = a00 * p[i] + a01 * p[i + TERMS] + a10 * q[i] + a11 * q[i + TERMS];
    return 1;
}

/* M of one pixel, whose expansion in the first frame is p. */
static void pixel_matrix(float m[TERMS], const float *p, const float *after, size_t w, size_t h, size_t x, size_t y,
                         float dx, float dy)
{
    float s[TERMS], by, bx, ayy, axx, axy;
    if (sample(s, after, w, h, (float)x + dx, (float)y + dy)) {
        by = (p[0] - s[0]) * 0.5f;
        bx = (p[1] - s[1]) * 0.5f;
        ayy = (p[2] + s[2]) * 0.5f;
        axx = (p[3] + s[3]) * 0.5f;
        axy = (p[4] + s[4]) * 0.25f;            /* A's off-diagonal is half the xy term */
    } else {
        by = p[0] * 0.5f;
        bx = p[1] * 0.5f;
        ayy = p[2];
        axx = p[3];
        axy = p[4] * 0.5f;
    }
    by += ayy * dy + axy * dx;
    bx += axy * dy + axx * dx;
    if (in_margin(x, w) || in_margin(y, h)) {
        float k = damp(damp(1.f, x, w), y, h);
        by *= k;
        bx *= k;
        ayy *= k;
        axx *= k;
        axy *= k;
    }
    m[0] = ayy * ayy + axy * axy;
    m[1] = (ayy + axx) * axy;
    m[2] = axx * axx + axy * axy;
    m[3] = ayy * by + axy * bx;
    m[4] = axy * by + axx * bx;
}

static void matrices_of(float *m, const float *flow, const float *before, const float *after, size_t w, size_t h)
{
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++, m += TERMS, flow += 2)
            pixel_matrix(m, before + (y * w + x) * TERMS, after, w, h, x, y, flow[0], flow[1]);
}

/* One row of flow from the vertical sums `column`, which m + 1 copies of the end pixels surround. */
static void solve_row(float *flow, const double *column, size_t w, size_t m, double scale)
{
    double s[TERMS];
    const double *left = column - (m + 1) * TERMS, *right = column + m * TERMS;
    /* the window of pixel -1: m + 2 columns of it are copies of column 0 */
    for (int i = 0; i < TERMS; i++) {
        s[i] = column[i] * (double)(m + 2);
        for (size_t x = 1; x < m; x++) s[i] += column[x * TERMS + (size_t)i];
    }
    for (size_t x = 0; x < w; x++, left += TERMS, right += TERMS, flow += 2) {
        for (int i = 0; i < TERMS; i++) s[i] += right[i] - left[i];
        double g11 = s[0] * scale, g12 = s[1] * scale, g22 = s[2] * scale, h1 = s[3] * scale, h2 = s[4] * scale;
        double inverse = 1. / (g11 * g22 - g12 * g12 + 1e-3);
        flow[0] = (float)((g11 * h2 - g12 * h1) * inverse);
        flow[1] = (float)((g22 * h1 - g12 * h2) * inverse);
    }
}

static void solve(float *flow, const float *matrices, double *sums, size_t w, size_t h, int winsize)
{
    size_t m = (size_t)winsize / 2, row = w * TERMS, pad = (m + 1) * TERMS;
    double *column = sums + pad, scale = 1. / ((double)winsize * winsize);
    /* the sums of row -1, as in solve_row */
    for (size_t i = 0; i < row; i++) column[i] = matrices[i] * (float)(m + 2);
    for (size_t y = 1; y < m; y++) {
        const float *in = matrices + (y < h ? y : h - 1) * row;
        for (size_t i = 0; i < row; i++) column[i] += in[i];
    }
    for (size_t y = 0; y < h; y++) {
        const float *in = matrices + (y + m < h ? y + m : h - 1) * row;
        const float *out = matrices + (y > m ? y - m - 1 : 0) * row;
        for (size_t i = 0; i < row; i++) column[i] += in[i] - out[i];
        for (size_t i = 0; i < pad; i++) {
            sums[i] = column[i % TERMS];
            column[row + i] = column[row - TERMS + i % TERMS];
        }
        solve_row(flow + y * w * 2, column, w, m, scale);
    }
}

void flow_solve(float *flow, const float *before, const float *after, size_t w, size_t h, int winsize, int iterations,
                float *matrices, double *sums)
{
    for (int i = 0; i < iterations; i++) {
        matrices_of(matrices, flow, before, after, w, h);
        solve(flow, matrices, sums, w, h, winsize);
    }
}
