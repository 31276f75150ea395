/* motion -- how much a blurred frame differs from the one before: three published variants.
 *
 *   column: t = (sum f[k] * Y[y+k-2][x] + half) >> 8       then
 *   row:    b = (sum f[k] * t[y][x+k-2] + half) >> bits
 *   sad     = sum |b[n] - b[n-1]|,  score = sad / one / (W*H),  0 on frame 0
 *
 *   variant      taps                               bits  half        one   far edge
 *   FFMPEG       1785 8002 13193 8002 1785          15    0           128   2n-1-i (repeats the edge)
 *   BLUR         3571 16004 26386 16004 3571        16    half a step 256   2n-1-i
 *   DIFFERENCE   as BLUR, on Y[n-1] - Y[n]          16    half a step 256   2n-2-i
 *
 * The near edge is -i in all three.  BLUR's score is a float, as in the library.
 * motion2[n] = min(score[n], score[n+1]) for n > 0, motion2[0] = 0, and the last frame keeps its score.
 * Source: libavfilter vf_vmafmotion.c; libvmaf feature/integer_motion.c (3.1.0 and 3.2.0). */
#include "luma.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int taps_ffmpeg[5] = { 1785, 8002, 13193, 8002, 1785 };
static const int taps_vmaf[5] = { 3571, 16004, 26386, 16004, 3571 };

enum status motion_init(struct motion *m, enum motion_kind kind, size_t width, size_t height, struct err *e)
{
    memset(m, 0, sizeof *m);
    if (width < 3 || height < 3 || width > MAX_SIDE || height > MAX_SIDE)
        return fail(e, E_ARG, "motion: a plane of %zux%zu samples (3 to %d each way)", width, height, MAX_SIDE);
    m->kind = kind;
    m->width = width;
    m->height = height;
    m->previous = malloc(width * height * sizeof *m->previous);
    m->current = malloc(width * height * sizeof *m->current);
    m->row = malloc((width + 4) * sizeof *m->row);
    if (!m->previous || !m->current || !m->row)
        return fail(e, E_MEMORY, "motion: no memory for two planes of %zux%zu", width, height);
    return OK;
}

/* Line i-2+k, mirrored; `repeat`: the far edge is there twice. */
static size_t neighbour(size_t i, int k, size_t n, int repeat)
{
    int64_t at = (int64_t)i + k - 2;
    if (at < 0) return (size_t)-at;
    return (size_t)(at < (int64_t)n ? at : 2 * (int64_t)n - (repeat ? 1 : 2) - at);
}

/* v / 2^n towards minus infinity, also where the compiler's >> of a negative is not that. */
static int64_t shift(int64_t v, int n)
{
    return v >= 0 ? v >> n : ~(~v >> n);
}

/* m->row = the column pass at line y, of the frame or of the difference, with two mirrored
 * samples at either end so that the row pass needs no edge rule. */
static void filter_column(struct motion *m, const struct plane *p, size_t y)
{
    int difference = m->kind == MOTION_VMAF_DIFFERENCE, half = m->kind == MOTION_FFMPEG ? 0 : 128;
    const int *f = m->kind == MOTION_FFMPEG ? taps_ffmpeg : taps_vmaf;
    const unsigned char *line[5];
    const uint16_t *old[5];
    int32_t *row = m->row + 2;
    for (int k = 0; k < 5; k++) {
        size_t at = neighbour(y, k, m->height, !difference);
        line[k] = p->data + at * p->stride;
        old[k] = m->previous + at * m->width;
    }
    if (difference)
        for (size_t x = 0; x < m->width; x++) {
            int32_t sum = half;
            for (int k = 0; k < 5; k++) sum += f[k] * (old[k][x] - line[k][x]);
            row[x] = (int32_t)shift(sum, 8);
        }
    else
        for (size_t x = 0; x < m->width; x++)
            row[x] = (f[0] * line[0][x] + f[1] * line[1][x] + f[2] * line[2][x] + f[3] * line[3][x] +
                      f[4] * line[4][x] + half) >> 8;
    m->row[0] = row[2];
    m->row[1] = row[1];
    row[m->width] = row[neighbour(m->width - 1, 3, m->width, !difference)];
    row[m->width + 1] = row[neighbour(m->width - 1, 4, m->width, !difference)];
}

/* The row pass of m->row at x. */
static int64_t filter_row(const struct motion *m, size_t x)
{
    int ffmpeg = m->kind == MOTION_FFMPEG;
    const int *f = ffmpeg ? taps_ffmpeg : taps_vmaf;
    const int32_t *t = m->row + x;
    int64_t sum = ffmpeg ? 0 : 32768;
    for (int k = 0; k < 5; k++) sum += (int64_t)f[k] * t[k];
    return shift(sum, ffmpeg ? 15 : 16);
}

static uint64_t difference_of_frames(struct motion *m, const struct plane *p)
{
    uint64_t sad = 0;
    for (size_t y = 0; m->frames > 0 && y < m->height; y++) {
        filter_column(m, p, y);
        for (size_t x = 0; x < m->width; x++) sad += (uint64_t)llabs(filter_row(m, x));
    }
    for (size_t y = 0; y < m->height; y++)
        for (size_t x = 0; x < m->width; x++) m->previous[y * m->width + x] = p->data[y * p->stride + x];
    return sad;
}

static uint64_t difference_of_blurs(struct motion *m, const struct plane *p)
{
    uint64_t sad = 0;
    for (size_t y = 0; y < m->height; y++) {
        uint16_t *now = m->current + y * m->width, *before = m->previous + y * m->width;
        filter_column(m, p, y);
        for (size_t x = 0; x < m->width; x++) {
            now[x] = (uint16_t)filter_row(m, x);
            if (m->frames > 0) sad += (uint64_t)abs(now[x] - before[x]);
        }
    }
    uint16_t *swap = m->previous;
    m->previous = m->current;
    m->current = swap;
    return sad;
}

void motion_frame(struct motion *m, const struct plane *y, struct motion_values *out)
{
    double pixels = (double)m->width * (double)m->height;
    out->sad = m->kind == MOTION_VMAF_DIFFERENCE ? difference_of_frames(m, y) : difference_of_blurs(m, y);
    if (m->kind == MOTION_FFMPEG) out->score = (double)out->sad / (pixels * 128);
    else if (m->kind == MOTION_VMAF_BLUR) out->score = (float)((double)out->sad / 256.) / (float)pixels;
    else out->score = (double)out->sad / 256. / pixels;
    out->motion2_before = m->frames == 0 ? (double)NAN : m->frames == 1 ? 0 : fmin(m->last, out->score);
    if (m->frames > 0) m->sum2 += out->motion2_before;
    m->sum += out->score;
    m->last = out->score;
    m->frames++;
}

struct motion_summary motion_finish(struct motion *m)
{
    struct motion_summary s = { NAN, NAN, NAN };
    if (m->frames == 0) return s;
    s.motion2_last = m->last;
    s.mean = m->sum / (double)m->frames;
    s.mean2 = (m->sum2 + m->last) / (double)m->frames;
    return s;
}

void motion_free(struct motion *m)
{
    free(m->previous);
    free(m->current);
    free(m->row);
    m->previous = m->current = NULL;
    m->row = NULL;
}
