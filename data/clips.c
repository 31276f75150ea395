/* clips -- the test clips of clips.h.
 *
 * A shot is a flat world painted with value noise: a lattice of hashed 16-bit numbers, blended
 * by the smooth step t*t*(3-2t), in octaves of 64, 16 and 8 pixels (luma) and 32 (chroma).
 * A camera is an affine map from the pixel grid into that world in fixed point (world
 * coordinates 16 bits of fraction, matrix 30), so motion is exact to about 1e-4 pixel at any
 * frame.  Chroma samples lie in the middle of their four luma samples.
 *
 * All values stay in 16..235 (luma) and 16..240 (chroma) unless a row says otherwise. */
#include "clips.h"

#include <string.h>

/* ---- the table ---- */

static const struct clip_spec specs[] = {
    { "cuts", 128, 72, 80, 25, 1, 100, { -50, 0, 0, 0 }, { 20, 37, 55 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "hard cuts at 20, 37, 55 between unlike textures" },
    { "cuts_close", 96, 54, 90, 24, 1, 200, { 0, 25, 0, 0 }, { 14, 29, 45, 46 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "hard cuts at 14, 29, 45, 46: shots of 14, 15, 16 and 1 frames" },
    { "dissolve", 128, 72, 60, 25, 1, 300, { 0, 0, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "frames 20..39 blend the first texture into the second, weight (n-19)/21" },
    { "fade", 96, 54, 120, 24000, 1001, 400, { -25, 0, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "fades to black in 20..34, black (16,128,128) in 35..89, back in 90..104" },
    { "flash", 128, 72, 50, 25, 1, 500, { -30, 10, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "frame 25 alone is near white (226 + luma/25)" },
    { "static", 128, 72, 60, 25, 1, 600, { 0, 0, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "nothing moves; one luma sample in 16 is off by one, fresh in every frame" },
    { "freeze", 96, 54, 110, 25, 1, 700, { 100, 50, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "frames 20..84 repeat frame 20; before and after the content moves" },
    { "pan", 128, 72, 50, 25, 1, 800, { -150, 0, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "content moves left by 1.5 px a frame (the camera pans right)" },
    { "tilt", 128, 72, 50, 25, 1, 810, { 0, 125, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "content moves down by 1.25 px a frame (the camera tilts up)" },
    { "zoom", 128, 72, 50, 25, 1, 820, { 0, 0, 100, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "content grows by 1 % a frame about the centre (zoom in)" },
    { "roll", 128, 72, 50, 25, 1, 830, { 0, 0, 0, 50 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "content turns clockwise by 0.5 degrees a frame about the centre" },
    { "shake", 128, 72, 60, 25, 1, 840, { 0, 0, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "every frame is displaced by its own draw from -2..2 px in x and in y" },
    { "letterbox", 128, 72, 50, 25, 1, 900, { -100, 0, 0, 0 }, { 0 }, { 0, 10, 128, 52 }, { 0, 0, 0, 0 },
      "black bars (16) of 10 rows above and below" },
    { "pillarbox", 128, 72, 50, 25, 1, 910, { 0, 50, 0, 0 }, { 0 }, { 18, 0, 92, 72 }, { 0, 0, 0, 0 },
      "coloured bars (60,150,110) of 18 columns left and right" },
    { "blurbars", 160, 90, 50, 25, 1, 920, { 0, 50, 0, 0 }, { 0 }, { 50, 0, 60, 90 }, { 0, 0, 0, 0 },
      "50 columns left and right show the same picture enlarged without its fine octaves" },
    { "text", 160, 90, 50, 25, 1, 1000, { -50, 0, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 19, 70, 130, 14 },
      "GOLD REEL 7 in white block letters of 10 by 14 px in frames 10..39" },
    { "logo", 160, 90, 50, 25, 1, 1010, { -125, 50, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 128, 8, 22, 14 },
      "GR, half transparent white, in every frame over moving content" },
    { "noise", 64, 48, 40, 30000, 1001, 1100, { 0, 0, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "every sample of every frame drawn from 0..255" },
    { "dark", 50, 40, 76, 10, 1, 1300, { 0, 0, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "flat frames at the edge of being black (37 of 37, 98 % of the samples) or frozen; black from 46 on" },
    { "odd", 75, 55, 40, 30, 1, 1200, { 75, -50, 0, 0 }, { 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 },
      "odd width and height; content moves by 0.75 right, 0.5 up" },
};

const struct clip_spec *clip_specs(int *count)
{
    *count = (int)LEN(specs);
    return specs;
}

const struct clip_spec *clip_find(const char *name)
{
    for (size_t i = 0; i < LEN(specs); i++)
        if (!strcmp(specs[i].name, name)) return &specs[i];
    return NULL;
}

size_t clip_bytes(const struct clip_spec *s)
{
    size_t w = (size_t)s->width, h = (size_t)s->height;
    return w * h + 2 * (((w + 1) / 2) * ((h + 1) / 2));
}

/* ---- numbers ---- */

static uint32_t draw(uint32_t seed, uint32_t x, uint32_t y)
{
    uint32_t h = seed * 0x9E3779B1u ^ x * 0x85EBCA6Bu ^ y * 0xC2B2AE35u;
    h ^= h >> 15;
    h *= 0x2C1B3C6Du;
    h ^= h >> 12;
    h *= 0x297A2D39u;
    return h ^ (h >> 15);
}

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* a + (b - a) * t / 4096 for 0 <= a, b < 65536: never negative, so the shift is a division. */
static int blend(int a, int b, int t)
{
    return (a * (4096 - t) + b * t) >> 12;
}

/* Value noise 0..65535 at world point (x,y), 16 bits of fraction; cells of 2^k pixels. */
static int noise(uint32_t seed, int64_t x, int64_t y, int k)
{
    const int64_t bias = (int64_t)1 << 44;              /* keeps coordinates positive */
    uint64_t ux = (uint64_t)(x + bias), uy = (uint64_t)(y + bias);
    uint32_t cx = (uint32_t)(ux >> (16 + k)), cy = (uint32_t)(uy >> (16 + k));
    int fx = (int)((ux >> (4 + k)) & 4095), fy = (int)((uy >> (4 + k)) & 4095);
    fx = ((fx * fx >> 12) * (12288 - 2 * fx)) >> 12;
    fy = ((fy * fy >> 12) * (12288 - 2 * fy)) >> 12;
    int a = (int)(draw(seed, cx, cy) >> 16), b = (int)(draw(seed, cx + 1, cy) >> 16);
    int c = (int)(draw(seed, cx, cy + 1) >> 16), d = (int)(draw(seed, cx + 1, cy + 1) >> 16);
    return blend(blend(a, b, fx), blend(c, d, fx), fy);
}

/* ---- camera ---- */

struct view { int64_t a, b, ox, oy; };      /* world = (a -b; b a)(p - centre) + centre + (ox,oy) */

enum { ONE = 1 << 30 };

/* (a + ib)^n with 30 bits of fraction, rounded at each step. */
static void power(int64_t a, int64_t b, int n, struct view *v)
{
    const int64_t half = ONE / 2;
    for (v->a = ONE, v->b = 0; n > 0; n--) {
        int64_t re = v->a * a - v->b * b + half, im = v->a * b + v->b * a;
        v->a = re / ONE;
        v->b = (im + (im < 0 ? -half : half)) / ONE;
    }
}

static struct view view_at(const struct clip_spec *s, int n)
{
    struct view v = { ONE, 0, 0, 0 };
    const struct clip_camera *c = &s->camera;
    if (c->zoom == 100) power(1063110717, 0, n, &v);                    /* 1/1.01 */
    if (c->roll == 50) power(1073700939, -9370046, n, &v);              /* cos, -sin of 0.5 degrees */
    v.ox = -(int64_t)c->dx * n * 65536 / 100;
    v.oy = -(int64_t)c->dy * n * 65536 / 100;
    if (!strcmp(s->name, "shake")) {
        v.ox = (int64_t)(draw(s->seed + 7, (uint32_t)n, 1) % 262145) - 131072;
        v.oy = (int64_t)(draw(s->seed + 7, (uint32_t)n, 2) % 262145) - 131072;
    }
    return v;
}

/* World point of the position (x2/2, y2/2) on a w*h grid. */
static void look(const struct view *v, int w, int h, int x2, int y2, int64_t *x, int64_t *y)
{
    int64_t cx = (int64_t)(w - 1) * 32768, cy = (int64_t)(h - 1) * 32768;
    int64_t px = (int64_t)x2 * 32768 - cx, py = (int64_t)y2 * 32768 - cy;
    *x = (v->a * px - v->b * py) / ONE + cx + v->ox;
    *y = (v->b * px + v->a * py) / ONE + cy + v->oy;
}

/* ---- shots ---- */

static int luma(uint32_t seed, int64_t x, int64_t y)
{
    int mean = 80 + (int)(draw(seed, 1, 1) % 90);
    int n = noise(seed, x, y, 6) + 2 * noise(seed + 50000, x, y, 4) + noise(seed + 90000, x, y, 3) - 131072;
    return clamp(mean + n / 800, 24, 235);
}

static int chroma(uint32_t seed, int plane, int64_t x, int64_t y)
{
    uint32_t own = seed + 1000u * (uint32_t)plane;
    int mean = 88 + (int)(draw(own, 2, 2) % 80);
    return clamp(mean + (noise(own, x, y, 5) - 32768) / 900, 16, 240);
}

/* Plane 0, 1 or 2 of one shot. */
static void paint(const struct clip_spec *s, struct picture *p, int plane, uint32_t seed, const struct view *v)
{
    struct plane *q = &p->plane[plane];
    for (int y = 0; y < (int)q->height; y++)
        for (int x = 0; x < (int)q->width; x++) {
            int64_t wx, wy;
            if (plane) look(v, s->width, s->height, 4 * x + 1, 4 * y + 1, &wx, &wy);
            else look(v, s->width, s->height, 2 * x, 2 * y, &wx, &wy);
            q->data[(size_t)y * q->stride + (size_t)x] =
                (unsigned char)(plane ? chroma(seed, plane, wx, wy) : luma(seed, wx, wy));
        }
}

/* ---- what is drawn over a shot ---- */

/* Letters five wide and seven high, a row a byte, leftmost pixel in bit 4. */
static const struct { char letter; unsigned char row[7]; } font[] = {
    { 'G', { 14, 17, 16, 23, 17, 17, 15 } }, { 'O', { 14, 17, 17, 17, 17, 17, 14 } },
    { 'L', { 16, 16, 16, 16, 16, 16, 31 } }, { 'D', { 30, 17, 17, 17, 17, 17, 30 } },
    { 'R', { 30, 17, 17, 30, 20, 18, 17 } }, { 'E', { 31, 16, 16, 30, 16, 16, 31 } },
    { '7', { 31, 1, 2, 4, 8, 8, 8 } },
};

/* Text twice enlarged, its box starting at (x0,y0), six columns a letter; opacity in sixteenths. */
static void write_text(struct picture *p, const char *text, int x0, int y0, int opacity)
{
    for (; *text; text++, x0 += 12) {
        const unsigned char *row = NULL;
        for (size_t i = 0; i < LEN(font); i++)
            if (font[i].letter == *text) row = font[i].row;
        if (!row) continue;
        for (int y = 0; y < 14; y++)
            for (int x = 0; x < 10; x++) {
                if (!(row[y / 2] >> (4 - x / 2) & 1)) continue;
                unsigned char *at = p->plane[0].data + (size_t)(y0 + y) * p->plane[0].stride + (size_t)(x0 + x);
                *at = (unsigned char)((*at * (16 - opacity) + 235 * opacity) / 16);
                for (int c = 1; c < 3; c++) {
                    at = p->plane[c].data + (size_t)((y0 + y) / 2) * p->plane[c].stride + (size_t)((x0 + x) / 2);
                    *at = (unsigned char)((*at * (16 - opacity) + 128 * opacity) / 16);
                }
            }
    }
}

/* Everything outside of the active box takes one colour. */
static void draw_bars(struct picture *p, const struct clip_box *in, const int colour[3])
{
    for (int c = 0; c < 3; c++) {
        int k = c ? 2 : 1;
        for (int y = 0; y < (int)p->plane[c].height; y++)
            for (int x = 0; x < (int)p->plane[c].width; x++)
                if (x * k < in->x || x * k >= in->x + in->w || y * k < in->y || y * k >= in->y + in->h)
                    p->plane[c].data[(size_t)y * p->plane[c].stride + (size_t)x] = (unsigned char)colour[c];
    }
}

/* Outside of the active columns: the picture enlarged to the full width, coarse octave only. */
static void draw_blurred_sides(const struct clip_spec *s, struct picture *p, const struct view *v)
{
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++) {
            int64_t wx, wy;
            if (x >= s->active.x && x < s->active.x + s->active.w) continue;
            struct view wide = *v;
            wide.a = ONE / 8 * 3;
            look(&wide, s->width, s->height, 2 * x, 2 * y, &wx, &wy);
            int mean = 80 + (int)(draw(s->seed, 1, 1) % 90);
            p->plane[0].data[(size_t)y * p->plane[0].stride + (size_t)x] =
                (unsigned char)clamp(mean + (noise(s->seed, wx, wy, 6) - 32768) / 800, 24, 235);
        }
}

/* ---- frames ---- */

static void layout(const struct clip_spec *s, struct picture *p, unsigned char *memory)
{
    memset(p, 0, sizeof *p);
    p->format.width = (size_t)s->width;
    p->format.height = (size_t)s->height;
    p->format.layout = LAYOUT_420;
    p->format.depth = 8;
    p->format.siting = SITING_CENTRE;
    p->format.range = RANGE_UNKNOWN;
    p->format.interlace = 'p';
    p->format.rate.num = s->rate_num;
    p->format.rate.den = s->rate_den;
    p->format.aspect.num = p->format.aspect.den = 1;
    p->planes = 3;
    for (int c = 0; c < 3; c++) {
        struct plane *q = &p->plane[c];
        q->data = memory;
        q->width = q->stride = c ? (p->format.width + 1) / 2 : p->format.width;
        q->height = c ? (p->format.height + 1) / 2 : p->format.height;
        memory += q->stride * q->height;
    }
}

/* All samples towards `to`: weight/of of it, the rest as it is. */
static void mix_towards(struct plane *q, int to, int weight, int of)
{
    for (size_t i = 0; i < q->stride * q->height; i++)
        q->data[i] = (unsigned char)((q->data[i] * (of - weight) + to * weight + of / 2) / of);
}

static void draw_noise(const struct clip_spec *s, struct picture *p, int n)
{
    for (int c = 0; c < 3; c++)
        for (size_t i = 0; i < p->plane[c].stride * p->plane[c].height; i++)
            p->plane[c].data[i] = (unsigned char)(draw(s->seed + (unsigned)c, (uint32_t)n, (uint32_t)i) >> 24);
}

/* 0..20: luma 37 but for 40 samples of 200, exactly 2 %; 21..24: luma 38; 25..45: as the first but
 * 41 samples; from 46 on 16, with 768 samples (a mean of exactly 0.001 * 256) one brighter in
 * 60..69, and 769 from 70 on. */
static void draw_dark(struct picture *p, int n)
{
    int ground = n < 21 || (n >= 25 && n < 46) ? 37 : n < 25 ? 38 : 16, bright = n < 46 ? 200 : 17;
    size_t count = n < 21 ? 40 : n < 25 ? 0 : n < 46 ? 41 : n < 60 ? 0 : n < 70 ? 768 : 769;
    for (int c = 0; c < 3; c++)
        for (size_t i = 0; i < p->plane[c].stride * p->plane[c].height; i++)
            p->plane[c].data[i] = (unsigned char)(c ? 128 : i < count ? bright : ground);
}

static void dissolve_to_next(const struct clip_spec *s, struct picture *p, int plane, const struct view *v, int weight)
{
    struct plane *q = &p->plane[plane];
    for (int y = 0; y < (int)q->height; y++)
        for (int x = 0; x < (int)q->width; x++) {
            int64_t wx, wy;
            look(v, s->width, s->height, plane ? 4 * x + 1 : 2 * x, plane ? 4 * y + 1 : 2 * y, &wx, &wy);
            int next = plane ? chroma(s->seed + 1, plane, wx, wy) : luma(s->seed + 1, wx, wy);
            unsigned char *at = q->data + (size_t)y * q->stride + (size_t)x;
            *at = (unsigned char)((*at * (21 - weight) + next * weight + 10) / 21);
        }
}

static void draw_specials(const struct clip_spec *s, struct picture *p, int n, const struct view *v)
{
    static const int black[3] = { 16, 128, 128 }, bars[3] = { 60, 150, 110 };
    if (!strcmp(s->name, "fade")) {
        int weight = n < 20 ? 0 : n < 35 ? n - 19 : n < 90 ? 16 : n < 105 ? 105 - n : 0;
        for (int c = 0; c < 3; c++) mix_towards(&p->plane[c], black[c], weight, 16);
    } else if (!strcmp(s->name, "dissolve")) {
        int weight = clamp(n - 19, 0, 21);
        for (int c = 0; c < 3 && weight; c++) dissolve_to_next(s, p, c, v, weight);
    } else if (!strcmp(s->name, "flash")) {
        if (n == 25)
            for (int c = 0; c < 3; c++) mix_towards(&p->plane[c], c ? 128 : 235, 24, 25);
    } else if (!strcmp(s->name, "static")) {
        for (size_t i = 0; i < p->plane[0].stride * p->plane[0].height; i++) {
            uint32_t r = draw(s->seed + 3, (uint32_t)n, (uint32_t)i);
            if (r >> 28 == 0) p->plane[0].data[i] = (unsigned char)(p->plane[0].data[i] + (r & 1 ? 1 : -1));
        }
    } else if (!strcmp(s->name, "noise")) {
        draw_noise(s, p, n);
    } else if (!strcmp(s->name, "dark")) {
        draw_dark(p, n);
    } else if (!strcmp(s->name, "letterbox")) {
        draw_bars(p, &s->active, black);
    } else if (!strcmp(s->name, "pillarbox")) {
        draw_bars(p, &s->active, bars);
    } else if (!strcmp(s->name, "blurbars")) {
        draw_blurred_sides(s, p, v);
    } else if (!strcmp(s->name, "text")) {
        if (n >= 10 && n < 40) write_text(p, "GOLD REEL 7", s->text.x, s->text.y, 16);
    } else if (!strcmp(s->name, "logo")) {
        write_text(p, "GR", s->text.x, s->text.y, 8);
    }
}

void clip_frame(const struct clip_spec *s, int n, struct picture *p, unsigned char *memory)
{
    layout(s, p, memory);
    int at = n;
    if (!strcmp(s->name, "freeze") && n > 20) at = n < 85 ? 20 : n - 64;
    struct view v = view_at(s, at);
    uint32_t seed = s->seed;
    for (int i = 0; i < CLIP_MAX_CUTS && s->cuts[i]; i++) seed += n >= s->cuts[i];
    for (int c = 0; c < 3; c++) paint(s, p, c, seed, &v);
    draw_specials(s, p, n, &v);
}
