/* jpeg -- one baseline JPEG: markers, tables and frame header; the planes as they are coded.
 *
 *   FF D8                    start of image, the first two bytes
 *   FF c, length, ...        marker segments; length counts itself and is big-endian
 *   FF C0 / FF C1            frame: precision 8, height, width, components (id, sampling, quantiser)
 *   FF C4, FF DB, FF DD      Huffman tables, quantiser tables (8 or 16 bits), restart interval
 *   FF DA                    scan: components and their tables, then entropy-coded data (jpeg_scan.c)
 *   FF D9                    end of image; what follows is not looked at
 *
 * Read are baseline and extended sequential Huffman frames of 8 bits, of one component (gray)
 * or three: luma and two chroma planes of 4:4:4, 4:2:2, 4:2:0, 4:4:0 or 4:1:1 in one scan or
 * several, or R, G, B.  Three components are RGB by libjpeg's rule: no JFIF segment, and an
 * Adobe segment with transform 0, or no Adobe segment either and ids 'R', 'G', 'B'.
 * Everything else that T.81 describes, CMYK, and a height given later (DNL) are E_UNSUPPORTED by name.
 *
 * Where decoders differ: without DHT the tables of T.81 K.3 hold (frames of Motion JPEG; libjpeg
 * does the same).  A file that ends without EOI is accepted when every block was there: nothing
 * is missing from the picture; one that ends earlier is E_DATA, where libjpeg pads with gray.
 * Spectral selection 0,63 or (seen in the wild) all zero.  Quantisers of 0, segments of a wrong
 * length, bytes between segments, and a component coded twice are E_DATA.
 *
 * Memory: every block takes at least two bits, so a picture is allocated only when the bytes
 * that are left can hold all of its blocks: at most 256 bytes of samples a byte of file.
 * Source: ITU-T T.81 annex B, K.3.3; JFIF 1.02; Adobe Technical Note 5116 (APP14). */
#include "jpeg_private.h"
#include "private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, DQT = 0xDB, DNL = 0xDC, DRI = 0xDD, DHT = 0xC4, DAC = 0xCC, TEM = 0x01 };


static enum status fail_at(const struct jpeg_bytes *in, enum status code, size_t at, const char *rule, ...) PRINTF_LIKE(4, 5);

static enum status fail_at(const struct jpeg_bytes *in, enum status code, size_t at, const char *rule, ...)
{
    char text[240];
    va_list ap;
    va_start(ap, rule);
    vsnprintf(text, sizeof text, rule, ap);
    va_end(ap);
    return fail(in->e, code, "%s: byte %llu: %s", in->name, (unsigned long long)(in->base + at), text);
}

/* The tables of T.81 K.3.3: DC and AC, for luma (0) and chroma (1). */
static const unsigned char dc_counts[2][16] = {
    { 0, 1, 5, 1, 1, 1, 1, 1, 1 }, { 0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1 },
};
static const unsigned char dc_symbols[12] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
static const unsigned char ac_counts[2][16] = {
    { 0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125 }, { 0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119 },
};
static const unsigned char ac_symbols[2][162] = {
    {
        0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
        0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72,
        0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37,
        0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
        0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
        0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3,
        0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
        0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
        0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
    },
    {
        0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
        0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1,
        0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36,
        0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
        0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
        0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
        0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
        0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
        0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
    },
};

static void standard_tables(struct jpeg *j)
{
    for (int i = 0; i < 2; i++) {
        jpeg_huffman_make(&j->dc[i], dc_counts[i], dc_symbols);
        jpeg_huffman_make(&j->ac[i], ac_counts[i], ac_symbols[i]);
    }
}

static unsigned word_at(const struct jpeg_bytes *in, size_t at)
{
    return (unsigned)in->data[at] << 8 | in->data[at + 1];
}

/* ---- segments: s .. end are the bytes behind the length ---- */

static enum status read_quantisers(struct jpeg *j, size_t s, size_t end)
{
    const struct jpeg_bytes *in = &j->in;
    while (s < end) {
        unsigned wide = in->data[s] >> 4, id = in->data[s] & 15;
        if (wide > 1 || id >= TABLES) return fail_at(in, E_DATA, s, "DQT: table %u of precision %u; 0..3 and 0..1 exist", id, wide);
        if (end - s - 1 < BLOCK * (wide + 1)) return fail_at(in, E_DATA, s, "DQT: segment ends inside table %u", id);
        s++;
        for (int k = 0; k < BLOCK; k++, s += wide + 1) {
            unsigned q = wide ? word_at(in, s) : in->data[s];
            if (q == 0) return fail_at(in, E_DATA, s, "DQT: a quantiser of 0");
            j->quantiser[id][k] = (uint16_t)q;
        }
        j->quantiser_defined[id] = 1;
    }
    return OK;
}

static enum status read_huffman(struct jpeg *j, size_t s, size_t end)
{
    const struct jpeg_bytes *in = &j->in;
    while (s < end) {
        unsigned ac = in->data[s] >> 4, id = in->data[s] & 15, symbols = 0;
        if (ac > 1 || id >= TABLES) return fail_at(in, E_DATA, s, "DHT: table %u of class %u; 0..3 and 0..1 exist", id, ac);
        if (end - s < 17) return fail_at(in, E_DATA, s, "DHT: segment ends inside the counts of a table");
        for (int i = 1; i <= 16; i++) symbols += in->data[s + (size_t)i];
        if (symbols > 256 || symbols > end - s - 17)
            return fail_at(in, E_DATA, s + 1, "DHT: %u symbols, the segment has room for %zu", symbols, end - s - 17);
        if (!jpeg_huffman_make(ac ? &j->ac[id] : &j->dc[id], in->data + s + 1, in->data + s + 17))
            return fail_at(in, E_DATA, s + 1, "DHT: more codes of a length than there are");
        s += 17 + symbols;
    }
    return OK;
}

static enum status read_restart_interval(struct jpeg *j, size_t s, size_t end)
{
    if (end - s != 2) return fail_at(&j->in, E_DATA, s - 2, "DRI: length %zu is not 4", end - s + 2);
    j->restart_interval = word_at(&j->in, s);
    return OK;
}

static enum status read_lines(struct jpeg *j, size_t s, size_t end)
{
    if (end - s != 2) return fail_at(&j->in, E_DATA, s - 2, "DNL: length %zu is not 4", end - s + 2);
    if (word_at(&j->in, s) != j->height)
        return fail_at(&j->in, E_DATA, s, "DNL: %u lines, the frame header has %zu", word_at(&j->in, s), j->height);
    return OK;
}

static void read_application(struct jpeg *j, unsigned marker, size_t s, size_t end)
{
    const unsigned char *d = j->in.data + s;
    if (marker == 0xE0 && end - s >= 14 && !memcmp(d, "JFIF", 5)) j->jfif = 1;
    if (marker == 0xEE && end - s >= 12 && !memcmp(d, "Adobe", 5)) j->adobe = 1 + d[11];
}

static enum status read_component(struct jpeg *j, int i, size_t s)
{
    const struct jpeg_bytes *in = &j->in;
    struct jpeg_component *c = &j->component[i];
    c->id = in->data[s];
    c->h = in->data[s + 1] >> 4;
    c->v = in->data[s + 1] & 15;
    c->tq = in->data[s + 2];
    if (c->h < 1 || c->h > 4 || c->v < 1 || c->v > 4)
        return fail_at(in, E_DATA, s + 1, "frame header: sampling factors %dx%d, 1 to 4 exist", c->h, c->v);
    if (c->tq >= TABLES) return fail_at(in, E_DATA, s + 2, "frame header: quantiser table %d, 0 to 3 exist", c->tq);
    for (int k = 0; k < i; k++)
        if (j->component[k].id == c->id) return fail_at(in, E_DATA, s, "frame header: two components of id %d", c->id);
    if (c->h > j->h_max) j->h_max = c->h;
    if (c->v > j->v_max) j->v_max = c->v;
    return OK;
}

static enum status read_frame(struct jpeg *j, size_t s, size_t end)
{
    const struct jpeg_bytes *in = &j->in;
    if (j->components) return fail_at(in, E_DATA, s, "second frame header");
    if (end - s < 6) return fail_at(in, E_DATA, s, "frame header: segment ends inside it");
    unsigned depth = in->data[s], n = in->data[s + 5];
    j->height = word_at(in, s + 1);
    j->width = word_at(in, s + 3);
    if (depth != 8) return fail_at(in, depth == 12 ? E_UNSUPPORTED : E_DATA, s, "frame header: %u bits a sample, not 8", depth);
    if (end - s != 6 + 3 * (size_t)n) return fail_at(in, E_DATA, s, "frame header: length does not fit %u components", n);
    if (j->width == 0) return fail_at(in, E_DATA, s + 3, "frame header: width 0");
    if (j->height == 0) return fail_at(in, E_UNSUPPORTED, s + 1, "frame header: height 0, to be given by a DNL marker");
    if (j->width > MAX_SIDE || j->height > MAX_SIDE)
        return fail_at(in, E_UNSUPPORTED, s + 1, "frame header: %zux%zu, at most %d a side is read", j->width, j->height, MAX_SIDE);
    if (n == 0) return fail_at(in, E_DATA, s + 5, "frame header: no components");
    if (n == 4) return fail_at(in, E_UNSUPPORTED, s + 5, "frame header: 4 components (CMYK or YCCK)");
    if (n != 1 && n != 3) return fail_at(in, E_UNSUPPORTED, s + 5, "frame header: %u components, read are 1 and 3", n);
    for (int i = 0; i < (int)n; i++) {
        enum status status = read_component(j, i, s + 6 + 3 * (size_t)i);
        if (status) return status;
    }
    for (int i = 0; i < (int)n; i++) {
        struct jpeg_component *c = &j->component[i];
        c->width = (j->width * (size_t)c->h + (size_t)j->h_max - 1) / (size_t)j->h_max;
        c->height = (j->height * (size_t)c->v + (size_t)j->v_max - 1) / (size_t)j->v_max;
    }
    j->components = (int)n;
    return OK;
}

static enum status refuse_frame(const struct jpeg *j, unsigned marker, size_t at)
{
    static const char *const process[16] = {
        NULL, NULL, "progressive", "lossless", NULL, "hierarchical (differential sequential)",
        "hierarchical (differential progressive)", "hierarchical (differential lossless)", NULL, "arithmetic coding, sequential",
        "arithmetic coding, progressive", "arithmetic coding, lossless", NULL, "arithmetic coding, hierarchical",
        "arithmetic coding, hierarchical progressive", "arithmetic coding, hierarchical lossless",
    };
    return fail_at(&j->in, E_UNSUPPORTED, at, "%s JPEG (SOF%u); read are baseline and extended sequential Huffman",
                   process[marker & 15], marker & 15);
}

/* ---- the picture ---- */

/* Layout from the colour rule and the sampling factors. */
static enum status find_layout(const struct jpeg *j, size_t at, enum layout *layout)
{
    static const struct { int h, v; enum layout layout; } ratios[] = {
        { 1, 1, LAYOUT_444 }, { 2, 1, LAYOUT_422 }, { 2, 2, LAYOUT_420 }, { 1, 2, LAYOUT_440 }, { 4, 1, LAYOUT_411 },
    };
    const struct jpeg_component *c = j->component;
    *layout = LAYOUT_GRAY;
    if (j->components == 1) return OK;
    int rgb = !j->jfif && (j->adobe ? j->adobe == 1 : c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B');
    int same = c[1].h == c[2].h && c[1].v == c[2].v && c[0].h == j->h_max && c[0].v == j->v_max;
    for (size_t i = 0; same && i < LEN(ratios); i++) {
        if (c[0].h != ratios[i].h * c[1].h || c[0].v != ratios[i].v * c[1].v || (rgb && i > 0)) continue;
        *layout = rgb ? LAYOUT_RGB : ratios[i].layout;
        return OK;
    }
    return fail_at(&j->in, E_UNSUPPORTED, at, "sampling factors %dx%d %dx%d %dx%d of %s are not 4:4:4%s", c[0].h, c[0].v, c[1].h,
                   c[1].v, c[2].h, c[2].v, rgb ? "R, G, B" : "Y, Cb, Cr", rgb ? "" : ", 4:2:2, 4:2:0, 4:4:0 or 4:1:1");
}

static enum status create_picture(struct jpeg *j, struct picture *p, size_t at)
{
    struct picture_format f;
    memset(&f, 0, sizeof f);
    f.width = j->width;
    f.height = j->height;
    f.depth = 8;
    f.siting = SITING_CENTRE;
    f.range = RANGE_FULL;
    f.interlace = 'p';
    f.rate.den = f.aspect.den = 1;
    enum status status = find_layout(j, at, &f.layout);
    if (status) return status;
    uint64_t blocks = 0, bits = 8 * (uint64_t)(j->in.size - at);
    for (int i = 0; i < j->components; i++)
        blocks += (uint64_t)((j->component[i].width + 7) / 8) * ((j->component[i].height + 7) / 8);
    if (2 * blocks > bits)
        return fail_at(&j->in, E_DATA, at, "%zux%zu takes at least %llu bytes, %zu are left", j->width, j->height,
                       (unsigned long long)((blocks + 3) / 4), j->in.size - at);
    if ((status = picture_create(p, &f, j->in.e))) return status;
    for (int i = 0; i < j->components; i++) {
        struct jpeg_component *c = &j->component[i];
        int rgb = f.layout == LAYOUT_RGB;
        c->to = rgb ? p->plane[0].data + i : p->plane[i].data;
        c->step = rgb ? 3 : 1;
        c->stride = p->plane[rgb ? 0 : i].stride;
    }
    return OK;
}

/* ---- scans ---- */

static enum status scan_component(struct jpeg *j, size_t s, struct jpeg_component **found)
{
    const struct jpeg_bytes *in = &j->in;
    int i = 0;
    while (i < j->components && j->component[i].id != in->data[s]) i++;
    if (i == j->components) return fail_at(in, E_DATA, s, "scan header: no component of id %d", in->data[s]);
    struct jpeg_component *c = *found = &j->component[i];
    if (c->done) return fail_at(in, E_DATA, s, "scan header: component %d is coded twice", c->id);
    c->done = 1;
    c->dc_table = in->data[s + 1] >> 4;
    c->ac_table = in->data[s + 1] & 15;
    if (c->dc_table >= TABLES || !j->dc[c->dc_table].defined || c->ac_table >= TABLES || !j->ac[c->ac_table].defined)
        return fail_at(in, E_DATA, s + 1, "scan header: component %d uses Huffman tables %d and %d, which are not defined", c->id,
                       c->dc_table, c->ac_table);
    if (!j->quantiser_defined[c->tq])
        return fail_at(in, E_DATA, s, "scan header: component %d uses quantiser table %d, which is not defined", c->id, c->tq);
    c->quantiser = j->quantiser[c->tq];
    return OK;
}

static enum status read_scan(struct jpeg *j, struct picture *p, size_t s, size_t end)
{
    const struct jpeg_bytes *in = &j->in;
    struct jpeg_component *scan[COMPONENTS];
    int n = in->data[s], blocks = 0;        /* the caller has seen that there is a byte */
    enum status status;
    if (!j->components) return fail_at(in, E_DATA, s, "scan before any frame header");
    if (n < 1 || n > j->components) return fail_at(in, E_DATA, s, "scan header: %d components, the frame has %d", n, j->components);
    if (end - s != 4 + 2 * (size_t)n) return fail_at(in, E_DATA, s - 2, "scan header: length does not fit %d components", n);
    for (int i = 0; i < n; i++) {
        if ((status = scan_component(j, s + 1 + 2 * (size_t)i, &scan[i]))) return status;
        blocks += scan[i]->h * scan[i]->v;
    }
    if (n > 1 && blocks > 10) return fail_at(in, E_DATA, s, "scan header: %d blocks in an MCU, at most 10 are allowed", blocks);
    const unsigned char *spectral = in->data + end - 3;
    if (spectral[0] != 0 || (spectral[1] != 63 && spectral[1] != 0) || spectral[2] != 0)
        return fail_at(in, E_DATA, end - 3, "scan header: spectral selection %d..%d, approximation %d, in a sequential JPEG",
                       spectral[0], spectral[1], spectral[2]);
    if (!p->planes && (status = create_picture(j, p, end))) return status;
    j->in.at = end;
    return jpeg_scan(j, scan, n);
}

static int complete(const struct jpeg *j)
{
    for (int i = 0; i < j->components; i++)
        if (!j->component[i].done) return 0;
    return j->components > 0;
}

static enum status read_segment(struct jpeg *j, struct picture *p, unsigned marker, size_t at)
{
    struct jpeg_bytes *in = &j->in;
    if (marker == SOI) return fail_at(in, E_DATA, at, "second start of image");
    if (in->size - in->at < 2) return fail_at(in, E_DATA, in->at, "file ends inside the length of segment FF%02X", marker);
    size_t length = word_at(in, in->at), s = in->at + 2, end = in->at + length;
    if (length < 2) return fail_at(in, E_DATA, in->at, "length %zu of segment FF%02X, at least 2", length, marker);
    if (length > in->size - in->at)
        return fail_at(in, E_DATA, in->at, "length %zu of segment FF%02X, only %zu bytes are left", length, marker,
                       in->size - in->at);
    in->at = end;
    if (marker == 0xC0 || marker == 0xC1) return read_frame(j, s, end);
    if (marker == DHT) return read_huffman(j, s, end);
    if (marker == 0xC8 || marker == DAC)
        return fail_at(in, E_UNSUPPORTED, at, "segment FF%02X, of extensions or arithmetic coding", marker);
    if (marker > 0xC1 && marker < 0xD0) return refuse_frame(j, marker, at);
    if (marker == DQT) return read_quantisers(j, s, end);
    if (marker == DRI) return read_restart_interval(j, s, end);
    if (marker == DNL) return read_lines(j, s, end);
    if (marker == SOS) return s < end ? read_scan(j, p, s, end) : fail_at(in, E_DATA, s, "scan header: empty");
    if (marker == 0xDE || marker == 0xDF) return fail_at(in, E_UNSUPPORTED, at, "hierarchical JPEG (segment FF%02X)", marker);
    if (marker == 0xF7) return fail_at(in, E_UNSUPPORTED, at, "JPEG-LS (segment FFF7)");
    if (marker >= 0xE0 && marker <= 0xEF) read_application(j, marker, s, end);
    else if (marker != 0xFE) return fail_at(in, E_DATA, at, "unknown marker FF%02X", marker);
    return OK;
}

/* Markers up to the end of the image. */
static enum status read_image(struct jpeg *j, struct picture *p)
{
    struct jpeg_bytes *in = &j->in;
    if (in->size < 2 || in->data[0] != 0xFF || in->data[1] != SOI) return fail_at(in, E_DATA, 0, "does not start with FF D8");
    for (in->at = 2; ; ) {
        size_t at = in->at;
        if (at < in->size && in->data[at] != 0xFF) return fail_at(in, E_DATA, at, "%02X where a marker is due", in->data[at]);
        while (in->at < in->size && in->data[in->at] == 0xFF) in->at++;             /* fill bytes */
        int end = in->at >= in->size;
        unsigned marker = end ? EOI : in->data[in->at++];
        if (marker == EOI && complete(j)) return OK;
        if (marker == EOI)
            return fail_at(in, E_DATA, at, "%s before all components are coded", end ? "file ends" : "end of image");
        if (marker == TEM || (marker >= 0xD0 && marker <= 0xD7)) continue;          /* one more behind a scan is harmless */
        enum status status = read_segment(j, p, marker, at);
        if (status) return status;
    }
}

enum status jpeg_decode_at(struct picture *p, const char *name, const unsigned char *data, size_t size, uint64_t base,
                           struct err *e)
{
    memset(p, 0, sizeof *p);
    struct jpeg *j = calloc(1, sizeof *j);
    if (!j) return fail(e, E_MEMORY, "%s: no memory to read it", name);
    j->in = (struct jpeg_bytes){ name, data, size, 0, base, e };
    standard_tables(j);
    enum status status = read_image(j, p);
    if (status && p->planes) picture_free(p);
    if (status) memset(p, 0, sizeof *p);
    free(j);
    return status;
}

enum status jpeg_decode(struct picture *p, const char *name, const unsigned char *data, size_t size, struct err *e)
{
    return jpeg_decode_at(p, path_tail(name), data, size, 0, e);
}

/* ---- a video of one frame ---- */

struct still { struct picture picture; int given; };

static enum status still_read(struct video *v, struct picture *p, int *end, struct err *e)
{
    struct still *s = v->owner;
    (void)e;
    *end = s->given;
    if (!s->given) *p = s->picture;
    s->given = 1;
    return OK;
}

static void still_close(struct video *v)
{
    struct still *s = v->owner;
    picture_free(&s->picture);
    free(s);
    v->owner = NULL;
}

enum status jpeg_open(struct video *v, const char *path, struct err *e)
{
    struct file file;
    memset(v, 0, sizeof *v);
    struct still *s = calloc(1, sizeof *s);
    if (!s) return fail(e, E_MEMORY, "%s: no memory to read it", path_tail(path));
    enum status status = file_map(&file, path, e);
    if (!status) {
        status = jpeg_decode(&s->picture, path, file.data, file.size, e);
        file_unmap(&file);
    }
    if (status) {
        free(s);
        return status;
    }
    v->format = s->picture.format;
    v->path = path;
    v->read = still_read;
    v->close = still_close;
    v->owner = s;
    return OK;
}
