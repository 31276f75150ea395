/* resize -- checks the sizes of a resize and hands it to the file of its program. */
#include "image.h"

#include <stdlib.h>

void *resize_memory(size_t count, size_t each)
{
    return count > SIZE_MAX / each ? NULL : malloc(count * each);
}

enum status image_resize(unsigned char *dst, size_t dst_w, size_t dst_h, const unsigned char *src, size_t w, size_t h,
                         size_t channels, enum resampling r, struct err *e)
{
    struct resize z = { dst, src, dst_w, dst_h, w, h, channels, r };
    if (channels < 1 || channels > 4) return fail(e, E_ARG, "resize: %zu channels (1 to 4 are possible)", channels);
    if (!w || !h || !dst_w || !dst_h || w > MAX_SIDE || h > MAX_SIDE || dst_w > MAX_SIDE || dst_h > MAX_SIDE)
        return fail(e, E_ARG, "resize: %zu x %zu to %zu x %zu (sides are 1 to %d)", w, h, dst_w, dst_h, MAX_SIDE);
    switch (r) {
    case CV_LINEAR: case CV_AREA: case CV_CUBIC:
        return resize_cv(&z, e);
    case PIL_BOX: case PIL_BILINEAR: case PIL_BICUBIC: case PIL_LANCZOS:
        return resize_pil(&z, e);
    }
    return fail(e, E_ARG, "resize: there is no resampling number %d", (int)r);
}
