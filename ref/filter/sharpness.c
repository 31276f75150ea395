/* sharpness -- population variance of the Laplacian over all pixels.
 *
 *   L[y][x] = Y[y-1][x] + Y[y+1][x] + Y[y][x-1] + Y[y][x+1] - 4 Y[y][x],  index -1 is 1, n is n-2
 *   var     = sum L^2 / N - (sum L / N)^2
 *
 * L is an integer, so both sums are exact.  To subtract without loss, the sums are shifted by
 * q, the integer nearest to the mean: with r = sum(L - q), |r| <= N/2, the variance is
 * (sum (L-q)^2 - r^2/N) / N, and what is subtracted is never more than half of what it is
 * subtracted from (|r| <= sum (L-q)^2): the result is good to a few units in the last place.
 *
 * Clearest frame: the largest variance, the earliest on ties (HunyuanVideo picks a start frame
 * so; the rule for ties is ours).  Source: OpenCV's Laplacian with ksize 1, BORDER_DEFAULT. */
#include "luma.h"

static size_t mirror(size_t i, int step, size_t n)
{
    if (n == 1) return 0;
    if (step < 0) return i == 0 ? 1 : i - 1;
    return i + 1 == n ? n - 2 : i + 1;
}

double laplacian_variance(const struct plane *y)
{
    int64_t sum = 0, squares = 0, n = (int64_t)y->width * (int64_t)y->height;
    for (size_t i = 0; i < y->height; i++) {
        const unsigned char *mid = y->data + i * y->stride;
        const unsigned char *up = y->data + mirror(i, -1, y->height) * y->stride;
        const unsigned char *down = y->data + mirror(i, 1, y->height) * y->stride;
        for (size_t x = 0; x < y->width; x++) {
            int l = up[x] + down[x] + mid[mirror(x, -1, y->width)] + mid[mirror(x, 1, y->width)] - 4 * mid[x];
            sum += l;
            squares += l * l;
        }
    }
    int64_t q = (sum >= 0 ? sum + n / 2 : sum - n / 2) / n, r = sum - q * n;
    int64_t shifted = squares - 2 * q * sum + q * q * n;
    return ((double)shifted - (double)r * (double)r / (double)n) / (double)n;
}

double sharpness_frame(struct sharpness *s, const struct plane *y)
{
    double v = laplacian_variance(y);
    if (s->frames == 0 || v > s->best) {
        s->best = v;
        s->clearest = s->frames;
    }
    s->frames++;
    return v;
}
