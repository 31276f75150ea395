/* picture -- planes of samples in memory.
 *
 * Chroma of a w x h picture: 4:2:0 ceil(w/2) x ceil(h/2), 4:2:2 ceil(w/2) x h,
 * 4:4:0 w x ceil(h/2), 4:1:1 ceil(w/4) x h, 4:4:4 w x h.  A sample has one byte up to 8
 * bits and two above; RGB has three samples side by side.
 * Errors: E_ARG for a format that no picture can have, E_MEMORY.
 * Source: the chroma sizes are those of filters.md 16.2 (libavformat/yuv4mpegdec.c). */
#include "video.h"

#include <stdlib.h>
#include <string.h>

static const struct { int planes, x, y; } shapes[LAYOUTS] = {      /* chroma divided by 2^x, 2^y */
    [LAYOUT_GRAY] = { 1, 0, 0 }, [LAYOUT_420] = { 3, 1, 1 },  [LAYOUT_422] = { 3, 1, 0 },
    [LAYOUT_444] = { 3, 0, 0 },  [LAYOUT_440] = { 3, 0, 1 },  [LAYOUT_411] = { 3, 2, 0 },
    [LAYOUT_444A] = { 4, 0, 0 }, [LAYOUT_RGB] = { 1, 0, 0 },
};

int picture_planes(enum layout l) { return shapes[l].planes; }

static size_t shifted(size_t n, int shift)
{
    return (n >> shift) + ((n & (((size_t)1 << shift) - 1)) != 0);
}

void picture_plane_size(const struct picture_format *f, int p, size_t *width, size_t *height)
{
    int chroma = p == 1 || p == 2;
    *width = chroma ? shifted(f->width, shapes[f->layout].x) : f->width;
    *height = chroma ? shifted(f->height, shapes[f->layout].y) : f->height;
}

/* Bytes of a sample, or of a triple of them. */
static size_t sample_bytes(const struct picture_format *f)
{
    return (f->layout == LAYOUT_RGB ? 3 : 1) * (f->depth > 8 ? 2 : 1);
}

size_t picture_bytes(const struct picture_format *f)
{
    size_t sum = 0, each = sample_bytes(f), w, h;
    for (int p = 0; p < picture_planes(f->layout); p++) {
        picture_plane_size(f, p, &w, &h);
        if (w > SIZE_MAX / each || (w && h > (SIZE_MAX - sum) / (w * each))) return SIZE_MAX;
        sum += w * h * each;
    }
    return sum;
}

void picture_layout(struct picture *p, const struct picture_format *f, unsigned char *memory)
{
    struct picture_format format = *f;          /* f may be p's own */
    memset(p, 0, sizeof *p);
    p->format = format;
    p->planes = picture_planes(format.layout);
    for (int i = 0; i < p->planes; i++) {
        struct plane *plane = &p->plane[i];
        picture_plane_size(&format, i, &plane->width, &plane->height);
        plane->stride = plane->width * sample_bytes(&format);
        plane->data = memory;
        memory += plane->stride * plane->height;
    }
}

enum status picture_create(struct picture *p, const struct picture_format *f, struct err *e)
{
    struct picture_format format = *f;
    memset(p, 0, sizeof *p);
    if (!format.width || !format.height || format.width > MAX_SIDE || format.height > MAX_SIDE ||
        format.depth < 8 || format.depth > 16 || (int)format.layout < 0 || format.layout >= LAYOUTS)
        return fail(e, E_ARG, "there is no picture of %zu x %zu samples with %d bits", format.width, format.height,
                    format.depth);
    size_t n = picture_bytes(&format);
    unsigned char *memory = n < SIZE_MAX ? calloc(n, 1) : NULL;
    if (!memory)
        return fail(e, E_MEMORY, "no memory for a picture of %zu x %zu samples", format.width, format.height);
    picture_layout(p, &format, memory);
    return OK;
}

void picture_free(struct picture *p)
{
    free(p->plane[0].data);                     /* the others follow in the same block */
    memset(p, 0, sizeof *p);
}
