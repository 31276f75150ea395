/* colour -- Y'CbCr pictures to 8-bit RGB.
 *
 *   R = Y' + 2 (1-Kr) Cr          Y' = (Y-16) 255/219, C' = (C-128) 255/224    limited range
 *   B = Y' + 2 (1-Kb) Cb          Y' = Y,              C' = C-128              full range
 *   G = Y' - 2 Kb (1-Kb)/Kg Cb - 2 Kr (1-Kr)/Kg Cr     Kg = 1 - Kr - Kb
 *   (Kr, Kb): BT.601 .299 .114, BT.709 .2126 .0722, BT.2020 .2627 .0593
 *
 * Both variants are sums of table entries, one per sample, that index a table of levels:
 *
 * exact     A table holds a term in units of 2^-48, rounded up; R, G, B are the sum without its
 *           fraction, clamped.  The luma term carries the 1/2 of rounding half up, and 512 to keep sums
 *           positive.  Every true sum is a whole multiple of 1/D, D = 2 * 219 * 224 * 10^8 Kg or a divisor of
 *           it, D < 2^43.  A computed sum of three terms is never below the true one and less than
 *           3 * 2^-48 < 2^-46 < 1/D above it, so no whole number lies between the two and both have
 *           the same integer part: the result is that of rational arithmetic, ties included.
 * swscale   libswscale's plain C form (yuv2rgb.c, ff_yuv2rgb_c_init_tables and fill_table): 16-bit
 *           constants, chroma terms truncated to whole steps of a luma table.
 *
 * Chroma sits on the luma grid as follows (position of chroma sample 0 in luma samples; the
 * picture's siting; unknown is left, as H.264 and MPEG-2 have it):
 *   horizontally, 4:2:0 4:2:2 4:1:1   0, or (f-1)/2 when centred (JPEG, MPEG-1)     f = 2 or 4
 *   vertically, 4:2:0 4:4:0           1/2, or 0 for top-left
 * Sources: ITU-T H.273 tables 4 and 8 and equations for KR, KB; libswscale. */
#include "image.h"

#include <string.h>

enum { CHUNK = 256, LEVELS = 2048, FRACTION = 48, LIFT = 512 };

struct tables {
    int64_t y[256], rv[256], gu[256], gv[256], bu[256];
    int shift;                              /* of a sum, to give an index into level */
    unsigned char level[LEVELS];
};

/* 10^4 Kr and 10^4 Kb, and 2^16 times the four chroma factors of limited range as swscale has them. */
static const struct { int64_t kr, kb, crv, cbu, cgu, cgv; } matrices[] = {
    [BT601] = { 2990, 1140, 104597, 132201, 25675, 53279 },
    [BT709] = { 2126, 722, 117489, 138438, 13975, 34925 },
    [BT2020] = { 2627, 593, 110013, 140363, 12277, 42626 },
};

/* ---- exact ---- */

/* The smallest multiple of 2^-48, in units of it, that is not below n / d.  0 < d < 2^44. */
static int64_t fixed_up(int64_t n, int64_t d)
{
    int64_t a = n < 0 ? -n : n, q = a / d, r = a % d;
    for (int bits = 0; bits < FRACTION; bits += 16) {
        r *= 65536;
        q = q * 65536 + r / d;
        r %= d;
    }
    return n < 0 ? -q : q + (r != 0);
}

static void exact_tables(struct tables *t, enum matrix m, int full)
{
    const int64_t one = 10000, kr = matrices[m].kr, kb = matrices[m].kb, kg = one - kr - kb;
    const int64_t y0 = full ? 0 : 16, span = full ? 255 : 219, chroma = full ? 255 : 224;
    for (int64_t i = 0; i < 256; i++) {
        int64_t c = (i - 128) * 255;
        t->y[i] = fixed_up(2 * (i - y0) * 255 + (2 * LIFT + 1) * span, 2 * span);
        t->rv[i] = fixed_up(c * 2 * (one - kr), chroma * one);
        t->bu[i] = fixed_up(c * 2 * (one - kb), chroma * one);
        t->gu[i] = fixed_up(-c * 2 * kb * (one - kb), chroma * one * kg);
        t->gv[i] = fixed_up(-c * 2 * kr * (one - kr), chroma * one * kg);
    }
    t->shift = FRACTION;
    for (int i = 0; i < LEVELS; i++)
        t->level[i] = (unsigned char)(i < LIFT ? 0 : i > LIFT + 255 ? 255 : i - LIFT);
}

/* ---- swscale ---- */

/* floor(x / 2^n), also for negative x. */
static int64_t floor_shift(int64_t x, int n)
{
    return x >= 0 ? x >> n : -((-x + ((int64_t)1 << n) - 1) >> n);
}

static void swscale_tables(struct tables *t, enum matrix m, int full)
{
    int64_t crv = matrices[m].crv, cbu = matrices[m].cbu, cgu = -matrices[m].cgu, cgv = -matrices[m].cgv;
    const int64_t cy = full ? 65536 : 65536 * 255 / 219, dark = full ? 0 : 16 << 16;
    const int64_t base = (full ? 384 : 326) + 512;
    if (full) {                 /* C99 division truncates toward zero, which is what is meant */
        crv = crv * 224 / 255;
        cbu = cbu * 224 / 255;
        cgu = cgu * 224 / 255;
        cgv = cgv * 224 / 255;
    }
    crv = (crv * 65536 + 0x8000) / cy;
    cbu = (cbu * 65536 + 0x8000) / cy;
    cgu = (cgu * 65536 + 0x8000) / cy;
    cgv = (cgv * 65536 + 0x8000) / cy;
    for (int64_t i = 0; i < 256; i++) {
        t->y[i] = i;
        t->rv[i] = base - floor_shift(crv, 9) + floor_shift(i * crv, 16);
        t->bu[i] = base - floor_shift(cbu, 9) + floor_shift(i * cbu, 16);
        t->gu[i] = base - floor_shift(cgu, 9) + floor_shift(i * cgu, 16);
        t->gv[i] = -floor_shift(cgv, 9) + floor_shift(i * cgv, 16);
    }
    t->shift = 0;
    for (int64_t i = 0; i < LEVELS; i++) {
        int64_t v = floor_shift(-((int64_t)384 << 16) - 512 * cy - dark + 0x8000 + i * cy, 16);
        t->level[i] = (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

/* ---- samples ---- */

/* log2 of luma samples per chroma sample */
static const struct { int x, y; } subsampling[LAYOUTS] = {
    [LAYOUT_420] = { 1, 1 }, [LAYOUT_422] = { 1, 0 }, [LAYOUT_440] = { 0, 1 }, [LAYOUT_411] = { 2, 0 },
};

enum kind { LIMITED, FULL_LUMA, FULL_CHROMA };

/* A row of samples, and how they become bytes. */
struct row { const unsigned char *data; int depth; enum kind kind; };

static unsigned sample(struct row r, size_t x)
{
    uint16_t word;
    uint32_t v, max = ((uint32_t)1 << r.depth) - 1;
    if (r.depth == 8) return r.data[x];
    memcpy(&word, r.data + 2 * x, 2);
    v = word > max ? max : word;
    switch (r.kind) {
    case FULL_LUMA:     /* 255 v / max + 1/2 */
        return (510 * v + max) / (2 * max);
    case FULL_CHROMA:   /* 255 (v - 2^(depth-1)) / max + 128 + 1/2; at most 255 + (max - 127) / max, below 256 */
        return (510 * v + 2 * (max + 1) - 257) / (2 * max);
    case LIMITED:
        break;
    }
    v = (v + ((uint32_t)1 << (r.depth - 9))) >> (r.depth - 8);
    return v > 255 ? 255 : v;
}

static struct row row_of(const struct picture *p, int plane, size_t y)
{
    int full = p->format.range == RANGE_FULL || p->format.layout == LAYOUT_RGB;
    struct row r = { p->plane[plane].data + y * p->plane[plane].stride, p->format.depth,
                     !full ? LIMITED : plane == 0 ? FULL_LUMA : FULL_CHROMA };
    return r;
}

/* Where luma sample i lies between chroma samples: `near` and `far`, with weights unit - far_weight
 * and far_weight in units of 1/unit.  log2: of the subsampling; n: chroma samples. */
struct between { size_t near, far; unsigned far_weight, unit; };

static struct between between_samples(size_t i, int log2, int centred, size_t n)
{
    /* Position in units of 1/unit chroma samples, one sample more so that it is not negative. */
    size_t unit = (size_t)2 << log2, at = 2 * i + unit - (centred ? unit / 2 - 1 : 0), far = at / unit;
    struct between b = { far ? far - 1 : 0, far, (unsigned)(at % unit), (unsigned)unit };
    if (b.near > n - 1) b.near = n - 1;
    if (b.far > n - 1) b.far = n - 1;
    return b;
}

/* Chroma of luma samples x0 .. x0+n-1 in luma row y. */
static void chroma(unsigned char *out, const struct picture *p, int plane, size_t x0, size_t n, size_t y,
                   enum upsampling u)
{
    const struct plane *c = &p->plane[plane];
    const int lx = subsampling[p->format.layout].x, ly = subsampling[p->format.layout].y;
    const enum siting s = p->format.siting;
    if (u == CHROMA_NEAREST) {
        struct row r = row_of(p, plane, y >> ly);
        for (size_t i = 0; i < n; i++) out[i] = (unsigned char)sample(r, (x0 + i) >> lx);
        return;
    }
    struct between v = between_samples(y, ly, s != SITING_TOP_LEFT, c->height);
    struct row near = row_of(p, plane, v.near), far = row_of(p, plane, v.far);
    for (size_t i = 0; i < n; i++) {
        struct between h = between_samples(x0 + i, lx, s == SITING_CENTRE, c->width);
        unsigned a = sample(near, h.near) * (h.unit - h.far_weight) + sample(near, h.far) * h.far_weight;
        unsigned b = sample(far, h.near) * (h.unit - h.far_weight) + sample(far, h.far) * h.far_weight;
        unsigned whole = h.unit * v.unit;
        out[i] = (unsigned char)((a * (v.unit - v.far_weight) + b * v.far_weight + whole / 2) / whole);
    }
}

/* ---- pictures ---- */

static void rgb_rows(unsigned char *rgb, const struct picture *p)
{
    size_t n = 3 * p->format.width;
    for (size_t y = 0; y < p->format.height; y++, rgb += n) {
        struct row r = row_of(p, 0, y);
        for (size_t i = 0; i < n; i++) rgb[i] = (unsigned char)sample(r, i);
    }
}

static void convert(unsigned char *rgb, const struct tables *t, const unsigned char *y, const unsigned char *u,
                    const unsigned char *v, size_t n)
{
    const int shift = t->shift;
    for (size_t i = 0; i < n; i++, rgb += 3) {
        int64_t luma = t->y[y[i]];
        rgb[0] = t->level[(luma + t->rv[v[i]]) >> shift];
        rgb[1] = t->level[(luma + t->gu[u[i]] + t->gv[v[i]]) >> shift];
        rgb[2] = t->level[(luma + t->bu[u[i]]) >> shift];
    }
}

void yuv_to_rgb(unsigned char *rgb, const struct picture *p, enum matrix m, enum yuv_variant v, enum upsampling u)
{
    struct tables t;
    unsigned char luma[CHUNK], cb[CHUNK], cr[CHUNK];
    const size_t width = p->format.width, height = p->format.height;
    const int full = p->format.range == RANGE_FULL, gray = p->format.layout == LAYOUT_GRAY;

    if (p->format.layout == LAYOUT_RGB) {
        rgb_rows(rgb, p);
        return;
    }
    if (v == YUV_EXACT) exact_tables(&t, m, full);
    else swscale_tables(&t, m, full);
    memset(cb, 128, sizeof cb);
    memset(cr, 128, sizeof cr);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0, n; x < width; x += n, rgb += 3 * n) {
            struct row r = row_of(p, 0, y);
            n = width - x < CHUNK ? width - x : CHUNK;
            for (size_t i = 0; i < n; i++) luma[i] = (unsigned char)sample(r, x + i);
            if (!gray) {
                chroma(cb, p, 1, x, n, y, u);
                chroma(cr, p, 2, x, n, y, u);
            }
            convert(rgb, &t, luma, cb, cr, n);
        }
}
