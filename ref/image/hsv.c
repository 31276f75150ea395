/* hsv -- gray and hue, saturation, value of 8-bit RGB, as OpenCV and Pillow compute them.
 *
 *   gray    (9798 R + 19235 G + 3735 B + 2^14) >> 15      OpenCV COLOR_RGB2GRAY
 *   luma14  (4899 R +  9617 G + 1868 B + 2^13) >> 14      Y of OpenCV COLOR_RGB2YCrCb and RGB2YUV
 *   L       (19595 R + 38470 G + 7471 B + 2^15) >> 16     Pillow convert("L")
 *   HSV     V = max, S = 255 d / V, H = 30 h / d in two degrees a step, d = max - min; both
 *           quotients through tables in units of 2^-12                   OpenCV COLOR_RGB2HSV
 *
 * The weights are those of BT.601 (.299 .587 .114) in fixed point; each set sums to one.
 * Sources: OpenCV modules/imgproc/src/color_rgb, color_hsv, color_yuv; Pillow Convert.c. */
#include "image.h"

void rgb_to_gray(unsigned char *gray, const unsigned char *rgb, size_t n)
{
    for (size_t i = 0; i < n; i++, rgb += 3)
        gray[i] = (unsigned char)((9798 * rgb[0] + 19235 * rgb[1] + 3735 * rgb[2] + (1 << 14)) >> 15);
}

void rgb_to_luma14(unsigned char *y, const unsigned char *rgb, size_t n)
{
    for (size_t i = 0; i < n; i++, rgb += 3)
        y[i] = (unsigned char)((4899 * rgb[0] + 9617 * rgb[1] + 1868 * rgb[2] + (1 << 13)) >> 14);
}

void rgb_to_pillow_l(unsigned char *l, const unsigned char *rgb, size_t n)
{
    for (size_t i = 0; i < n; i++, rgb += 3)
        l[i] = (unsigned char)((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + (1 << 15)) >> 16);
}

void rgb_to_hsv(unsigned char *hsv, const unsigned char *rgb, size_t n)
{
    int s_div[256], h_div[256];         /* by V, and by max - min; black and gray give 0 */
    s_div[0] = h_div[0] = 0;
    for (int i = 1; i < 256; i++) {
        /* To nearest; no quotient ends in 1/2, as 2^13 would have to divide i. */
        s_div[i] = (2 * (255 << 12) / i + 1) / 2;
        h_div[i] = (2 * (180 << 12) / (6 * i) + 1) / 2;
    }
    for (size_t i = 0; i < n; i++, rgb += 3, hsv += 3) {
        int r = rgb[0], g = rgb[1], b = rgb[2];
        int v = r > g ? r : g, low = r < g ? r : g, d, h;
        if (b > v) v = b;
        if (b < low) low = b;
        d = v - low;
        /* Where two channels share the maximum, either form gives the same hue. */
        h = v == r ? g - b : v == g ? b - r + 2 * d : r - g + 4 * d;
        /* One turn (180) more, so that no negative number is shifted; h / d is at least -1. */
        h = (h * h_div[d] + 2048 + (180 << 12)) >> 12;
        hsv[0] = (unsigned char)(h >= 180 ? h - 180 : h);
        hsv[1] = (unsigned char)((d * s_div[v] + 2048) >> 12);
        hsv[2] = (unsigned char)v;
    }
}
