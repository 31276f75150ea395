/* fuzz_pnm -- any bytes as pictures of Netpbm; what is accepted is read to its last byte. */
#include "../../ref/io/source.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(enum status status, const struct err *e)
{
    assert(status == E_DATA || status == E_UNSUPPORTED);
    assert(e->code == status && !strncmp(e->text, "fuzz.pnm: ", 10) && !strchr(e->text, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct video v;
    struct source s;
    struct picture p;
    struct err e = { OK, "" };
    int end = 0;
    memset(&v, 0, sizeof v);
    v.path = "fuzz.pnm";
    if (source_memory(&s, v.path, data, size, &e)) return 0;
    enum status status = pnm_start(&v, &s, &e);
    if (status) {
        check_error(status, &e);
        assert(!v.owner && !s.context);
        return 0;
    }
    size_t bytes = picture_bytes(&v.format);
    while (!(status = video_next(&v, &p, &end, &e)) && !end) {
        assert(bytes <= size);
        const volatile unsigned char *sample = p.plane[0].data;     /* volatile: the reads happen */
        for (size_t i = 0; i < bytes; i++) (void)sample[i];
    }
    if (status) check_error(status, &e);
    video_close(&v);
    return 0;
}
