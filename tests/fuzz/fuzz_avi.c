/* fuzz_avi -- any bytes as an AVI; every frame that comes has the format that was promised. */
#include "../../ref/io/jpeg_private.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct video v;
    struct source s;
    struct picture p;
    struct err e = { OK, "" };
    int end = 0;
    memset(&v, 0, sizeof v);
    enum status status = source_memory(&s, "fuzz.avi", data, size, &e);
    if (!status) status = avi_start(&v, &s, &e);
    if (!status) {
        assert(v.format.rate.den > 0);
        while (!(status = v.read(&v, &p, &end, &e)) && !end) {
            assert(p.format.width == v.format.width && p.format.height == v.format.height && p.format.layout == v.format.layout);
            assert(p.planes == picture_planes(p.format.layout));
            v.frames++;
            assert(v.frames <= size / 8);               /* a chunk has eight bytes at least */
        }
        v.close(&v);
    }
    if (!status) return 0;
    assert(status == E_DATA || status == E_UNSUPPORTED);
    assert(e.code == status && !strncmp(e.text, "fuzz.avi: ", 10) && strstr(e.text, "byte ") && !strchr(e.text, '\n'));
    return 0;
}
