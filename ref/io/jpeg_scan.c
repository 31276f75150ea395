/* jpeg_scan -- the entropy-coded data of a sequential JPEG: bits, Huffman codes, blocks, MCUs
 * and restart intervals, decoded straight into the samples of the picture.
 *
 *   byte FF 00       the data byte FF; FF followed by anything else is a marker and ends the bits
 *   DC of a block    code of a category s (0..11), then s bits: difference to the block before
 *   AC               code of (zeros r, category s 1..10), then s bits; (15,0): 16 zeros; (0,0): rest is 0
 *   s bits x         stand for x when the first is 1, else for x - 2^s + 1
 *
 * A scan of one component holds its ceil(width/8) x ceil(height/8) blocks row by row.  A scan of
 * several holds MCUs of h x v blocks of each component, the picture padded to whole MCUs; what
 * lies outside of the picture is decoded and dropped.
 *
 * Nothing is guessed: a code that does not exist, a category that 8-bit samples cannot have, a
 * dequantised coefficient outside of 16 bits (where the builds of libjpeg-turbo differ), a marker
 * before the last MCU, the wrong restart marker, or bytes behind the last MCU are E_DATA.  Where
 * libjpeg warns and goes on with a damaged picture, so does this decoder not.  Bits that fill up
 * the last byte are not looked at.  Codes of ones only are accepted, as in libjpeg, though T.81
 * reserves them.
 * Source: ITU-T T.81, A.2, F.1.2, F.2.2, annex C. */
#include "jpeg_private.h"

#include <string.h>

/* Column-wise place of the k-th coefficient in zigzag order: 8 * row + column. */
static const unsigned char zigzag[BLOCK] = {
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

struct bits {
    struct jpeg_bytes *in;
    uint32_t word;                  /* the last `count` bits are the next ones */
    int count;
    size_t mcu, mcus;               /* for messages: the one being read, and how many */
    int component;                  /* its id */
};

int jpeg_huffman_make(struct jpeg_huffman *t, const unsigned char counts[16], const unsigned char *symbols)
{
    unsigned code = 0, index = 0;
    memset(t, 0, sizeof *t);
    for (unsigned length = 1; length <= 16; length++) {
        t->first[length] = code;
        t->count[length] = counts[length - 1];
        t->index[length] = index;
        code += t->count[length];
        index += t->count[length];
        if (code > 1u << length || index > sizeof t->symbol) return 0;
        code <<= 1;
    }
    memcpy(t->symbol, symbols, index);
    t->defined = 1;
    return 1;
}

/* The byte named is where reading stands: whole bytes that wait in `word` are not read yet (each FF
 * 00 among them moves it by one). */
static enum status bad(const struct bits *b, const char *rule)
{
    uint64_t at = b->in->base + b->in->at - (uint64_t)(b->count / 8);
    return fail(b->in->e, E_DATA, "%s: byte %llu: MCU %zu of %zu, component %d: %s", b->in->name, (unsigned long long)at, b->mcu,
                b->mcus, b->component, rule);
}

/* Takes whole bytes while there is room, up to a marker or the end. */
static void fill(struct bits *b)
{
    struct jpeg_bytes *in = b->in;
    while (b->count <= 24 && in->at < in->size) {
        unsigned c = in->data[in->at];
        size_t next = in->at + 1;
        if (c == 0xFF) {
            while (next < in->size && in->data[next] == 0xFF) next++;       /* fill bytes */
            if (next == in->size || in->data[next] != 0) return;
            next++;
        }
        in->at = next;
        b->word = b->word << 8 | c;
        b->count += 8;
    }
}

/* Why there are no more bits. */
static enum status ended(const struct bits *b)
{
    const struct jpeg_bytes *in = b->in;
    size_t at = in->at;
    while (at < in->size && in->data[at] == 0xFF) at++;
    if (at >= in->size) return bad(b, "file ends inside the entropy-coded data");
    return fail(in->e, E_DATA, "%s: byte %llu: marker FF%02X inside the entropy-coded data, at MCU %zu of %zu", in->name,
                (unsigned long long)(in->base + in->at), in->data[at], b->mcu, b->mcus);
}

static enum status huffman(struct bits *b, const struct jpeg_huffman *t, int *symbol)
{
    if (b->count < 16) fill(b);
    for (int length = 1; length <= 16; length++) {
        if (length > b->count) return ended(b);
        unsigned code = b->word >> (b->count - length) & ((1u << length) - 1);
        if (code - t->first[length] < t->count[length]) {       /* unsigned: also not below first */
            *symbol = t->symbol[t->index[length] + code - t->first[length]];
            b->count -= length;
            return OK;
        }
    }
    return bad(b, "no such Huffman code");
}

/* The number that category s and its bits stand for. */
static enum status receive(struct bits *b, int s, int *value)
{
    *value = 0;
    if (s == 0) return OK;
    if (b->count < s) fill(b);
    if (b->count < s) return ended(b);
    int x = (int)(b->word >> (b->count - s) & ((1u << s) - 1));
    b->count -= s;
    *value = x >> (s - 1) ? x : x - (1 << s) + 1;
    return OK;
}

static enum status dequantise(struct bits *b, const uint16_t *quantiser, int k, int value, int32_t *out)
{
    int64_t x = (int64_t)value * quantiser[k];
    if (x < -32768 || x > 32767) return bad(b, "coefficient times quantiser does not fit 16 bits");
    out[zigzag[k]] = (int32_t)x;
    return OK;
}

static enum status block(struct bits *b, const struct jpeg *j, struct jpeg_component *c, int32_t out[BLOCK])
{
    int symbol = 0, value = 0;
    enum status status;
    memset(out, 0, BLOCK * sizeof *out);
    b->component = c->id;
    if ((status = huffman(b, &j->dc[c->dc_table], &symbol))) return status;
    if (symbol > 11) return bad(b, "DC difference of a category above 11");
    if ((status = receive(b, symbol, &value))) return status;
    c->predictor += value;
    if (c->predictor < -32768 || c->predictor > 32767) return bad(b, "DC coefficient does not fit 16 bits");
    if ((status = dequantise(b, c->quantiser, 0, c->predictor, &out[0]))) return status;
    for (int k = 1; k < BLOCK; k++) {
        if ((status = huffman(b, &j->ac[c->ac_table], &symbol))) return status;
        int zeros = symbol >> 4, category = symbol & 15;
        if (symbol == 0) break;
        if (category == 0 && zeros != 15) return bad(b, "AC code of category 0 that is neither end of block nor 16 zeros");
        if (category > 10) return bad(b, "AC coefficient of a category above 10");
        k += zeros;
        if (k >= BLOCK || (category == 0 && k == BLOCK - 1)) return bad(b, "more than 64 coefficients in a block");
        if (category == 0) continue;
        if ((status = receive(b, category, &value))) return status;
        if ((status = dequantise(b, c->quantiser, k, value, out))) return status;
    }
    return OK;
}

/* Block (x, y) of the component: what of it lies inside of the picture. */
static void store(const struct jpeg_component *c, size_t x, size_t y, const int32_t coefficient[BLOCK])
{
    unsigned char sample[BLOCK];
    size_t left = 8 * x, top = 8 * y;
    if (left >= c->width || top >= c->height) return;
    jpeg_idct(sample, coefficient);
    size_t w = c->width - left < 8 ? c->width - left : 8, h = c->height - top < 8 ? c->height - top : 8;
    for (size_t r = 0; r < h; r++) {
        unsigned char *to = c->to + (top + r) * c->stride + left * c->step;
        for (size_t i = 0; i < w; i++) to[i * c->step] = sample[8 * r + i];
    }
}

/* No whole byte may be left before the marker that comes now. */
static enum status end_of_bits(struct bits *b)
{
    if (b->count < 8) fill(b);
    if (b->count >= 8) return bad(b, "bytes are left behind the last MCU of the scan or restart interval");
    b->count = 0;
    return OK;
}

static enum status restart(struct bits *b, unsigned number, struct jpeg_component *const *scan, int n)
{
    struct jpeg_bytes *in = b->in;
    enum status status = end_of_bits(b);
    if (status) return status;
    size_t start = in->at, at = in->at;
    while (at < in->size && in->data[at] == 0xFF) at++;
    if (at >= in->size) return bad(b, "file ends where a restart marker is due");
    if (in->data[at] != 0xD0 + number)
        return fail(in->e, E_DATA, "%s: byte %llu: marker FF%02X where restart marker FF%02X is due, at MCU %zu of %zu", in->name,
                    (unsigned long long)(in->base + start), in->data[at], 0xD0 + number, b->mcu, b->mcus);
    in->at = at + 1;
    for (int i = 0; i < n; i++) scan[i]->predictor = 0;
    return OK;
}

/* All blocks of MCU (x, y).  One component alone: its MCU is one block. */
static enum status mcu(struct bits *b, const struct jpeg *j, struct jpeg_component *const *scan, int n, size_t x, size_t y)
{
    int32_t coefficient[BLOCK];
    for (int i = 0; i < n; i++) {
        struct jpeg_component *c = scan[i];
        size_t h = n == 1 ? 1 : (size_t)c->h, v = n == 1 ? 1 : (size_t)c->v;
        for (size_t k = 0; k < h * v; k++) {
            enum status status = block(b, j, c, coefficient);
            if (status) return status;
            store(c, x * h + k % h, y * v + k / h, coefficient);
        }
    }
    return OK;
}

static size_t ceil_divide(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

enum status jpeg_scan(struct jpeg *j, struct jpeg_component *const *scan, int n)
{
    size_t columns = ceil_divide(n == 1 ? scan[0]->width : j->width, n == 1 ? 8 : 8 * (size_t)j->h_max);
    size_t rows = ceil_divide(n == 1 ? scan[0]->height : j->height, n == 1 ? 8 : 8 * (size_t)j->v_max);
    struct bits b = { &j->in, 0, 0, 0, columns * rows, scan[0]->id };
    enum status status = OK;
    for (int i = 0; i < n; i++) scan[i]->predictor = 0;
    for (; b.mcu < b.mcus; b.mcu++) {
        if (j->restart_interval && b.mcu && b.mcu % j->restart_interval == 0 &&
            (status = restart(&b, (unsigned)((b.mcu / j->restart_interval - 1) & 7), scan, n)))
            return status;
        if ((status = mcu(&b, j, scan, n, b.mcu % columns, b.mcu / columns))) return status;
    }
    return end_of_bits(&b);
}
