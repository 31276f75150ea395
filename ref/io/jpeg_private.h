/* jpeg_private -- what the files of the JPEG decoder share, and the AVI reader needs of it. */
#ifndef GOLDREEL_IO_JPEG_PRIVATE_H
#define GOLDREEL_IO_JPEG_PRIVATE_H

#include "source.h"

enum { BLOCK = 64, COMPONENTS = 4, TABLES = 4 };

/* Where the bytes lie: for messages, and for the reading of markers and bits. */
struct jpeg_bytes {
    const char *name;               /* of the file, for messages */
    const unsigned char *data;
    size_t size, at;                /* at: the first byte that is not read */
    uint64_t base;                  /* of data[0] in the file, added to every byte of a message */
    struct err *e;
};

/* A Huffman table by code length: the n-bit codes are first[n] .. first[n] + count[n] - 1,
 * and code first[n] + i stands for symbol[index[n] + i]. */
struct jpeg_huffman {
    int defined;
    unsigned first[17], count[17], index[17];
    unsigned char symbol[256];
};

struct jpeg_component {
    int id, h, v, tq;               /* sampling factors; quantiser table */
    size_t width, height;           /* samples that are part of the picture */
    int done;                       /* its scan is decoded */
    int dc_table, ac_table;         /* of the scan that is being read */
    const uint16_t *quantiser;      /* of that scan, in zigzag order */
    int predictor;                  /* DC of the block before */
    unsigned char *to;              /* first sample, distance of the next one, and of the next row */
    size_t step, stride;
};

struct jpeg {
    struct jpeg_bytes in;
    size_t width, height;
    int components;                 /* 0: no frame header yet */
    struct jpeg_component component[COMPONENTS];
    int h_max, v_max;
    size_t restart_interval;        /* MCUs; 0: no restart markers */
    int jfif, adobe;                /* seen; adobe: 1 + its transform */
    int quantiser_defined[TABLES];
    uint16_t quantiser[TABLES][BLOCK];
    struct jpeg_huffman dc[TABLES], ac[TABLES];
};

/* ---- jpeg.c ---- */

/* jpeg_decode for bytes that lie at `base` of a file: only messages show it. */
enum status jpeg_decode_at(struct picture *p, const char *name, const unsigned char *data, size_t size, uint64_t base,
                           struct err *e);

/* ---- jpeg_scan.c ---- */

/* From the counts of 16 code lengths and `symbols` bytes; 0 when the counts claim more codes than there are. */
int jpeg_huffman_make(struct jpeg_huffman *t, const unsigned char counts[16], const unsigned char *symbols);
/* The entropy-coded data at in.at of a scan of n components, whose tables exist; leaves in.at at
 * the marker that ends it. */
enum status jpeg_scan(struct jpeg *j, struct jpeg_component *const *scan, int n);

/* ---- jpeg_idct.c ---- */

/* 8x8 samples of dequantised coefficients, both row by row. */
void jpeg_idct(unsigned char sample[BLOCK], const int32_t coefficient[BLOCK]);

/* ---- avi.c ---- */

/* avi_open on a source of any kind; takes it over, and closes it when it fails. */
enum status avi_start(struct video *v, struct source *s, struct err *e);

#endif
