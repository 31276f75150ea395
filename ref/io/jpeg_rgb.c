/* jpeg_rgb -- the RGB that libjpeg-turbo makes of decoded planes by default, bit for bit:
 * "fancy" upsampling of chroma, then BT.601 of full range in 16-bit fixed point.
 *
 *   two columns a sample, c with left neighbour l and right neighbour r, all of one row:
 *       (3c + l + 1) >> 2, (3c + r + 2) >> 2; the first and last output are the sample itself
 *   two rows a sample: s = 3 near + far, far = the row above for the upper output row, below for
 *       the lower one, the edge row itself outside of the plane; alone (s + 1) >> 2 above, (s + 2) >> 2 below
 *   both: s as c:  (3s + s_l + 8) >> 4, (3s + s_r + 7) >> 4; ends (4s + 8) >> 4, (4s + 7) >> 4
 *   four columns a sample, and two columns of planes at most 2 wide: repeated
 *   R = Y + ((91881 Cr + 2^15) >> 16)          Cb, Cr minus 128; >> rounds down; clamped to 0..255
 *   G = Y + ((-22554 Cb - 46802 Cr + 2^15) >> 16)
 *   B = Y + ((116130 Cb + 2^15) >> 16)
 *
 * Gray becomes three equal samples; RGB is copied.
 * Errors: E_ARG for a picture that jpeg_decode does not make; E_MEMORY.
 * Source: facts of libjpeg-turbo's jdsample and jdcolor; JFIF 1.02 for the matrix. */
#include "jpeg_private.h"

#include <stdlib.h>
#include <string.h>

/* 3 near + far for two rows a sample; one row a sample: the row itself. */
static void blend_rows(int *s, const struct plane *c, size_t y, int two_rows)
{
    size_t near = two_rows ? y / 2 : y, far = near;
    if (two_rows && y % 2 == 0 && near > 0) far = near - 1;
    if (two_rows && y % 2 == 1 && near + 1 < c->height) far = near + 1;
    const unsigned char *n = c->data + near * c->stride, *f = c->data + far * c->stride;
    for (size_t x = 0; x < c->width; x++) s[x] = two_rows ? 3 * n[x] + f[x] : n[x];
}

/* Row y of chroma plane c at full size: `out` has room for 4 more than the width, s for c->width. */
static void upsample_row(unsigned char *out, int *s, const struct plane *c, enum layout l, size_t y)
{
    int two_columns = l == LAYOUT_422 || l == LAYOUT_420, two_rows = l == LAYOUT_420 || l == LAYOUT_440;
    size_t repeat = l == LAYOUT_411 ? 4 : two_columns ? 2 : 1, last = c->width - 1;
    if (two_columns && c->width <= 2) {                 /* such narrow planes are repeated both ways */
        const unsigned char *row = c->data + (two_rows ? y / 2 : y) * c->stride;
        for (size_t x = 0; x < 2 * c->width; x++) out[x] = row[x / 2];
        return;
    }
    blend_rows(s, c, y, two_rows);
    if (!two_columns) {
        for (size_t x = 0; x < c->width; x++)
            for (size_t i = 0; i < repeat; i++)
                out[repeat * x + i] = (unsigned char)(two_rows ? (s[x] + 1 + (int)(y % 2)) >> 2 : s[x]);
        return;
    }
    int shift = two_rows ? 4 : 2, left = two_rows ? 8 : 1, right = two_rows ? 7 : 2;
    for (size_t x = 0; x <= last; x++) {
        /* at the ends, 4s: with one row a sample that gives the sample itself */
        out[2 * x] = (unsigned char)((3 * s[x] + s[x ? x - 1 : x] + left) >> shift);
        out[2 * x + 1] = (unsigned char)((3 * s[x] + s[x < last ? x + 1 : x] + right) >> shift);
    }
}

/* y + floor(x / 2^16 + 1/2), clamped. */
static unsigned char add_fixed(int y, int32_t x)
{
    x += 1 << 15;
    y += x >= 0 ? x >> 16 : ~(~x >> 16);
    return (unsigned char)(y < 0 ? 0 : y > 255 ? 255 : y);
}

static void convert_row(unsigned char *rgb, const unsigned char *y, const unsigned char *cb, const unsigned char *cr, size_t n)
{
    for (size_t x = 0; x < n; x++) {
        int b = cb[x] - 128, r = cr[x] - 128;
        rgb[3 * x] = add_fixed(y[x], 91881 * r);
        rgb[3 * x + 1] = add_fixed(y[x], -22554 * b - 46802 * r);
        rgb[3 * x + 2] = add_fixed(y[x], 116130 * b);
    }
}

static void gray_row(unsigned char *rgb, const unsigned char *y, size_t n)
{
    for (size_t x = 0; x < n; x++) rgb[3 * x] = rgb[3 * x + 1] = rgb[3 * x + 2] = y[x];
}

enum status jpeg_to_rgb(struct picture *rgb, const struct picture *p, struct err *e)
{
    enum layout l = p->format.layout;
    size_t width = p->format.width, room = width + 4;
    memset(rgb, 0, sizeof *rgb);
    if (p->format.depth != 8 || l == LAYOUT_444A || l >= LAYOUTS)
        return fail(e, E_ARG, "no JPEG decodes to a picture of this layout and depth");
    struct picture_format f = p->format;
    f.layout = LAYOUT_RGB;
    unsigned char *cb = malloc(room), *cr = malloc(room);
    int *s = malloc(room * sizeof *s);
    enum status status = cb && cr && s ? picture_create(rgb, &f, e) : fail(e, E_MEMORY, "no memory for rows of %zu samples", width);
    for (size_t y = 0; !status && y < f.height; y++) {
        unsigned char *to = rgb->plane[0].data + y * rgb->plane[0].stride;
        const unsigned char *from = p->plane[0].data + y * p->plane[0].stride;
        if (l == LAYOUT_RGB) {
            memcpy(to, from, 3 * width);
        } else if (l == LAYOUT_GRAY) {
            gray_row(to, from, width);
        } else {
            upsample_row(cb, s, &p->plane[1], l, y);
            upsample_row(cr, s, &p->plane[2], l, y);
            convert_row(to, from, cb, cr, width);
        }
    }
    free(cb);
    free(cr);
    free(s);
    return status;
}
