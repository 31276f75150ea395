/* fuzz_y4m -- any bytes as a Y4M clip; what is accepted is read to its last byte. */
#include "../../ref/io/source.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(enum status status, const struct err *e)
{
    assert(status == E_DATA || status == E_UNSUPPORTED);
    assert(e->code == status && !strncmp(e->text, "fuzz.y4m: byte ", 15) && !strchr(e->text, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct video v;
    struct source s;
    struct picture p;
    struct err e = { OK, "" };
    int end = 0;
    memset(&v, 0, sizeof v);
    v.path = "fuzz.y4m";
    if (source_memory(&s, v.path, data, size, &e)) return 0;
    enum status status = y4m_start(&v, &s, &e);
    if (status) {
        check_error(status, &e);
        assert(!v.owner && !s.context);
        return 0;
    }
    size_t bytes = picture_bytes(&v.format);
    while (!(status = video_next(&v, &p, &end, &e)) && !end) {
        assert(bytes <= size / v.frames);
        const volatile unsigned char *sample = p.plane[0].data;     /* volatile: the reads happen */
        for (size_t i = 0; i < bytes; i++) (void)sample[i];
        struct rational t = video_time(&v);
        assert(t.num >= 0 && t.den > 0);
    }
    if (status) check_error(status, &e);
    video_close(&v);
    return 0;
}
