/* fuzz_npy -- any bytes as a .npy file; what is accepted is read to its last byte. */
#include "../../ref/io/io.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tensors t;
    struct err e = { OK, "" };
    enum status status = npy_parse(&t, "fuzz.npy", data, size, &e);
    if (status) {
        assert(status == E_DATA || status == E_UNSUPPORTED);
        assert(e.code == status && !strncmp(e.text, "fuzz.npy: byte ", 15) && !strchr(e.text, '\n'));
        return 0;
    }
    assert(t.count == 1 && tensors_find(&t, "fuzz") == &t.item[0]);
    const volatile unsigned char *p = t.item[0].data;       /* volatile: the reads happen */
    size_t n = tensor_bytes(&t.item[0]);
    assert(n <= size);
    for (size_t k = 0; k < n; k++) (void)p[k];
    tensors_close(&t);
    return 0;
}
