/* phash -- PDQ, a 256-bit picture hash that survives scaling and recompression.
 *
 *   1. luma = 0.299 R + 0.587 G + 0.114 B (gray as it is)
 *   2. two rounds of box filters, along rows and along columns, window (n + 127) / 128 samples;
 *      near the edges the mean is over the samples inside
 *   3. 64x64 by taking sample int((i + 0.5) * n / 64)
 *   4. quality = min(100, sum |int(100 (u - v) / 255)| / 90) over vertical and horizontal neighbours
 *   5. B = D A D^T, D[i][j] = sqrt(2/64) cos(pi/128 (i+1)(2j+1)), i = 0..15: frequencies 1..16
 *   6. bit 16 i + j is set when B[i][j] > median of the 256
 *
 * Everything is in float, sums in the order of the public code (box: add, subtract, divide), which
 * makes the bits the same.  A picture already 64x64 is not filtered.
 * Source: ThreatExchange pdq/cpp (pdqhashing.cpp, downscaling.cpp, torben.cpp), vpdq/cpp. */
#include "luma.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 64, SIDE = 16 };

/* ---- 64x64 ---- */

/* Means over `window` samples of in, n samples `stride` apart. */
static void box(float *out, const float *in, size_t n, size_t stride, size_t window)
{
    size_t half = (window + 2) / 2, left = 0, right = 0, at = 0;
    float sum = 0, size = 0;
    for (; right < half - 1; right++, size += 1) sum += in[right * stride];
    for (; right < window; right++, at++) {
        sum += in[right * stride];
        size += 1;
        out[at * stride] = sum / size;
    }
    for (; right < n; right++, left++, at++) {
        sum += in[right * stride];
        sum -= in[left * stride];
        out[at * stride] = sum / size;
    }
    for (; at < n; left++, at++) {
        sum -= in[left * stride];
        size -= 1;
        out[at * stride] = sum / size;
    }
}

/* luma (h,w) is used up; spare holds as many numbers. */
static void shrink(float grid[GRID][GRID], float *luma, float *spare, size_t w, size_t h)
{
    for (int pass = 0; pass < 2 && (w != GRID || h != GRID); pass++) {
        for (size_t y = 0; y < h; y++) box(spare + y * w, luma + y * w, w, 1, (w + 127) / 128);
        for (size_t x = 0; x < w; x++) box(luma + x, spare + x, h, w, (h + 127) / 128);
    }
    for (int i = 0; i < GRID; i++)
        for (int j = 0; j < GRID; j++) {
            size_t y = (size_t)((i + 0.5) * (double)h / GRID), x = (size_t)((j + 0.5) * (double)w / GRID);
            grid[i][j] = luma[y * w + x];
        }
}

static int step_size(float u, float v)
{
    return abs((int)((u - v) * 100 / 255));
}

static int quality(float grid[GRID][GRID])
{
    int sum = 0;
    for (int i = 0; i < GRID - 1; i++)
        for (int j = 0; j < GRID; j++) sum += step_size(grid[i][j], grid[i + 1][j]);
    for (int i = 0; i < GRID; i++)
        for (int j = 0; j < GRID - 1; j++) sum += step_size(grid[i][j], grid[i][j + 1]);
    return sum / 90 > 100 ? 100 : sum / 90;
}

/* ---- 16x16, bits ---- */

static void transform(float b[SIDE][SIDE], float grid[GRID][GRID])
{
    const double pi = 3.14159265358979323846;
    float d[SIDE][GRID], t[SIDE][GRID];
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < GRID; j++)
            d[i][j] = (float)((double)(float)sqrt(2.0 / GRID) * cos(pi / 2 / GRID * (i + 1) * (2 * j + 1)));
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < GRID; j++) {
            float sum = 0;
            for (int k = 0; k < GRID; k++) sum += d[i][k] * grid[k][j];
            t[i][j] = sum;
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            float sum = 0;
            for (int k = 0; k < GRID; k++) sum += t[i][k] * d[j][k];
            b[i][j] = sum;
        }
}

/* The 128th smallest of 256, found by halving the interval of values (Torben Mogensen's method:
 * reads only).  Which number is returned on ties decides bits, so its rules are kept whole. */
static float median(const float *m, int n)
{
    float min = m[0], max = m[0];
    for (int i = 1; i < n; i++) {
        if (m[i] < min) min = m[i];
        if (m[i] > max) max = m[i];
    }
    for (;;) {
        float guess = (min + max) / 2, below = min, above = max;
        int less = 0, greater = 0, equal = 0;
        for (int i = 0; i < n; i++) {
            if (m[i] < guess) {
                less++;
                if (m[i] > below) below = m[i];
            } else if (m[i] > guess) {
                greater++;
                if (m[i] < above) above = m[i];
            } else {
                equal++;
            }
        }
        int half = (n + 1) / 2;
        if (less <= half && greater <= half)
            return less >= half ? below : less + equal >= half ? guess : above;
        if (less > greater) max = below;
        else min = above;
    }
}

static void cut_bits(uint16_t word[16], float b[SIDE][SIDE])
{
    float m = median(&b[0][0], SIDE * SIDE);
    memset(word, 0, 16 * sizeof *word);
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            if (b[i][j] > m) word[i] |= (uint16_t)(1u << j);
}

/* ---- pictures ---- */

static enum status hash(struct pdq *q, const unsigned char *s, size_t w, size_t h, size_t stride, int colour,
                        struct err *e)
{
    enum status st = OK;
    float grid[GRID][GRID];
    memset(q, 0, sizeof *q);
    if (w > MAX_SIDE || h > MAX_SIDE)
        return fail(e, E_ARG, "pdq: a picture of %zux%zu (at most %d each way)", w, h, MAX_SIDE);
    if (w < 5 || h < 5) return OK;
    float *luma = malloc(w * h * sizeof *luma), *spare = malloc(w * h * sizeof *spare);
    if (!luma || !spare) {
        st = fail(e, E_MEMORY, "pdq: no memory for two planes of %zux%zu", w, h);
        goto out;
    }
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            const unsigned char *p = s + y * stride + x * (colour ? 3 : 1);
            luma[y * w + x] = colour ? 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2] : p[0];
        }
    shrink(grid, luma, spare, w, h);
    q->quality = quality(grid);
    transform(q->dct, grid);
    cut_bits(q->word, q->dct);
out:
    free(luma);
    free(spare);
    return st;
}

enum status pdq_gray(struct pdq *q, const struct plane *gray, struct err *e)
{
    return hash(q, gray->data, gray->width, gray->height, gray->stride, 0, e);
}

enum status pdq_rgb(struct pdq *q, const unsigned char *rgb, size_t width, size_t height, struct err *e)
{
    return hash(q, rgb, width, height, 3 * width, 1, e);
}

/* Mirroring a picture changes the sign of its odd cosines: those at even i or j, since entry 0
 * is frequency 1.  A quarter turn is a transposition and a mirror. */
void pdq_turned(uint16_t word[16], const struct pdq *q, enum pdq_turn turn)
{
    int transpose = turn == PDQ_ROT90 || turn == PDQ_ROT270 || turn == PDQ_FLIP_PLUS || turn == PDQ_FLIP_MINUS;
    int rows = turn == PDQ_ROT270 || turn == PDQ_ROT180 || turn == PDQ_FLIP_X || turn == PDQ_FLIP_MINUS;
    int columns = turn == PDQ_ROT90 || turn == PDQ_ROT180 || turn == PDQ_FLIP_Y || turn == PDQ_FLIP_MINUS;
    float b[SIDE][SIDE];
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            int minus = (rows && i % 2 == 0) != (columns && j % 2 == 0);
            float v = minus ? -q->dct[i][j] : q->dct[i][j];
            if (transpose) b[j][i] = v;
            else b[i][j] = v;
        }
    cut_bits(word, b);
}

int pdq_distance(const uint16_t a[16], const uint16_t b[16])
{
    int bits = 0;
    for (int i = 0; i < 16; i++)
        for (unsigned x = a[i] ^ b[i]; x; x &= x - 1) bits++;
    return bits;
}

char *pdq_hex(char out[65], const uint16_t word[16])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 64; i++) out[i] = digits[word[15 - i / 4] >> (12 - 4 * (i % 4)) & 15];
    out[64] = 0;
    return out;
}

int64_t vpdq_interval(double seconds, struct rational rate)
{
    if (rate.num <= 0 || rate.den <= 0) return 1;
    double frames = seconds * ((double)rate.num / (double)rate.den);
    return frames >= 1 && frames < 9e15 ? (int64_t)frames : 1;
}
