/* shape -- parts and quarter turns of an image; pixels move, their bytes do not change. */
#include "image.h"

#include <assert.h>
#include <string.h>

void image_crop(unsigned char *dst, const unsigned char *src, size_t w, size_t channels, size_t x, size_t y,
                size_t crop_w, size_t crop_h)
{
    assert(x + crop_w <= w);
    for (size_t row = 0; row < crop_h; row++)
        memcpy(dst + row * crop_w * channels, src + ((y + row) * w + x) * channels, crop_w * channels);
}

void image_rotate(unsigned char *dst, const unsigned char *src, size_t w, size_t h, size_t channels, int degrees)
{
    assert(degrees == 0 || degrees == 90 || degrees == 180 || degrees == 270);
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            size_t to = degrees == 90 ? x * h + (h - 1 - y)         /* the left column becomes the top row */
                      : degrees == 180 ? (h - 1 - y) * w + (w - 1 - x)
                      : degrees == 270 ? (w - 1 - x) * h + y
                      : y * w + x;
            memcpy(dst + to * channels, src + (y * w + x) * channels, channels);
        }
}
