/* fuzz_jpeg -- any bytes as a JPEG; what is accepted is converted and read to its last sample. */
#include "../../ref/io/video.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct picture p, rgb;
    struct err e = { OK, "" };
    enum status status = jpeg_decode(&p, "fuzz.jpg", data, size, &e);
    if (status) {
        assert(status == E_DATA || status == E_UNSUPPORTED);
        assert(e.code == status && !strncmp(e.text, "fuzz.jpg: byte ", 15) && !strchr(e.text, '\n'));
        assert(!p.planes);
        return 0;
    }
    assert(picture_bytes(&p.format) <= 256 * size);     /* what jpeg.c promises */
    status = jpeg_to_rgb(&rgb, &p, &e);
    assert(status == OK);
    const volatile unsigned char *row = rgb.plane[0].data;      /* volatile: the reads happen */
    for (size_t y = 0; y < rgb.plane[0].height; y++, row += rgb.plane[0].stride)
        for (size_t x = 0; x < 3 * rgb.plane[0].width; x++) (void)row[x];
    picture_free(&rgb);
    picture_free(&p);
    return 0;
}
