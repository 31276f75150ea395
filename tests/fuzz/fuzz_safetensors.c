/* fuzz_safetensors -- any bytes as a .safetensors file; what is accepted is read to its last byte. */
#include "../../ref/io/io.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tensors t;
    struct err e = { OK, "" };
    enum status status = safetensors_parse(&t, "fuzz.safetensors", data, size, &e);
    if (status) {
        assert(status == E_DATA || status == E_UNSUPPORTED);
        assert(e.code == status && !strncmp(e.text, "fuzz.safetensors: byte ", 23) && !strchr(e.text, '\n'));
        return 0;
    }
    size_t total = 0;
    for (size_t i = 0; i < t.count; i++) {
        const struct tensor *x = &t.item[i];
        const volatile unsigned char *p = x->data;      /* volatile: the reads happen */
        size_t n = tensor_elements(x);
        double v;
        for (size_t k = 0; k < tensor_bytes(x); k++) (void)p[k];
        if (n) widen_f64(&v, x->data, x->dtype, n - 1, 1);
        assert(tensors_find(&t, x->name) == x);
        total += tensor_bytes(x);
    }
    assert(total <= size);
    for (size_t i = 0; i < t.meta_count; i++) assert(strlen(t.meta[i].key) + strlen(t.meta[i].value) < size);
    tensors_close(&t);
    return 0;
}
