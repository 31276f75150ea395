/* test_io_npy -- one hostile file per rule of the format, and round trips. */
#include "check.h"
#include "../ref/io/io.h"

#include <math.h>
#include <stdlib.h>

void test_io_npy(struct check *c);

/* A file in memory: magic, version, length (-1: the true one), header, n bytes of data. */
static unsigned char *build(int version, long length, const char *header, const void *data, size_t n, size_t *size)
{
    size_t h = strlen(header), width = version == 1 ? 2 : 4;
    unsigned char *s = malloc(8 + width + h + n + 1);
    if (!s) return NULL;
    memcpy(s, "\x93NUMPY", 6);
    s[6] = (unsigned char)version;
    s[7] = 0;
    unsigned long said = length < 0 ? (unsigned long)h : (unsigned long)length;
    for (size_t i = 0; i < width; i++) s[8 + i] = (unsigned char)(said >> 8 * i);
    memcpy(s + 8 + width, header, h);
    if (n) memcpy(s + 8 + width + h, data, n);
    *size = 8 + width + h + n;
    return s;
}

static void refused_bytes(struct check *c, const unsigned char *s, size_t size, enum status status, const char *phrase)
{
    struct tensors t;
    struct err e = { OK, "" };
    unsigned char *exact = malloc(size ? size : 1);
    if (!exact) return;
    memcpy(exact, s, size);
    CHECK_STATUS(npy_parse(&t, "folder/x.npy", exact, size, &e), status);
    CHECK_STATUS(e.code, status);
    CHECK_HAS(e.text, "x.npy: byte ");
    CHECK_HAS(e.text, phrase);
    CHECK(!t.owner && !t.item && !t.count);
    tensors_close(&t);
    free(exact);
}

static void refused(struct check *c, const char *header, size_t n, enum status status, const char *phrase)
{
    static const char zero[64];
    size_t size;
    unsigned char *s = build(1, -1, header, zero, n, &size);
    if (s) refused_bytes(c, s, size, status, phrase);
    free(s);
}

/* The one tensor of such a file; NULL when it is refused. */
static const struct tensor *opened(struct check *c, struct tensors *t, int version, const char *header, const void *data, size_t n,
                                   unsigned char **bytes)
{
    size_t size = 0;
    struct err e = { OK, "" };
    memset(t, 0, sizeof *t);
    *bytes = build(version, -1, header, data, n, &size);
    if (!*bytes) return NULL;
    CHECK_STATUS(npy_parse(t, "folder/x.y.npy", *bytes, size, &e), OK);
    CHECK_STR(e.text, "");
    CHECK(t->count == 1);
    return t->count == 1 ? &t->item[0] : NULL;
}

#define H(descr, fortran, shape) "{'descr': " descr ", 'fortran_order': " fortran ", 'shape': " shape ", }\n"

static void test_prefix(struct check *c)
{
    size_t size = 0, header = 10 + strlen(H("'<f4'", "False", "(2,)"));
    unsigned char *s = build(1, -1, H("'<f4'", "False", "(2,)"), "12345678", 8, &size);
    check_case(c, "io: npy prefix refused");
    if (!s) return;
    for (size_t n = 0; n < 6; n++) refused_bytes(c, s, n, E_DATA, "does not start with");
    for (size_t n = 6; n < 8; n++) refused_bytes(c, s, n, E_DATA, "inside the version");
    for (size_t n = 8; n < 10; n++) refused_bytes(c, s, n, E_DATA, "inside the header length");
    for (size_t n = 10; n < header; n++) refused_bytes(c, s, n, E_DATA, "reaches behind the file");
    for (size_t n = header; n < size; n++) refused_bytes(c, s, n, E_DATA, "F32 [2] needs 8 bytes");
    s[size] = 0;
    refused_bytes(c, s, size + 1, E_DATA, "1 bytes behind the data");
    s[5] = 'y';
    refused_bytes(c, s, size, E_DATA, "does not start with");
    s[5] = 'Y';
    s[6] = 4;
    refused_bytes(c, s, size, E_UNSUPPORTED, "version 4.0");
    s[6] = 0;
    refused_bytes(c, s, size, E_UNSUPPORTED, "version 0.0");
    s[6] = 1;
    s[7] = 1;
    refused_bytes(c, s, size, E_UNSUPPORTED, "version 1.1");
    free(s);
    for (int v = 2; v <= 3; v++) {
        s = build(v, 0x7fffffffL, H("'<f4'", "False", "(2,)"), "12345678", 8, &size);
        if (s) refused_bytes(c, s, size, E_DATA, "header length 2147483647 reaches behind the file");
        if (s) refused_bytes(c, s, 11, E_DATA, "inside the header length");
        free(s);
    }
    refused(c, "", 8, E_DATA, "does not end with a newline");
    refused(c, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8, E_DATA, "does not end with a newline");
    s = build(3, -1, "{'descr': '<f4', '\xff': 1}\n", "", 0, &size);
    if (s) refused_bytes(c, s, size, E_DATA, "not UTF-8");
    free(s);
}

static void test_dictionary(struct check *c)
{
    static const char *const bad[][2] = {
        { "[]\n", "not a dictionary" }, { "\n", "not a dictionary" }, { "{\n", "expected a string" }, { "{}\n", "no key 'descr'" },
        { "{'descr': '<f4', 'fortran_order': False}\n", "no key 'shape'" }, { "{'descr': '<f4', 'shape': (2,)}\n", "no key 'fortran_order'" },
        { "{'descr': '<f4', 'descr': '<f4'}\n", "key 'descr' appears twice" }, { "{'descr': '<f4', 'order': 1}\n", "unknown key 'order'" },
        { "{'descr' '<f4'}\n", "expected ':'" }, { "{'descr': '<f4' 'shape': (2,)}\n", "expected ',' or '}'" }, { "{, }\n", "expected a string" },
        { "{'descr': '<f4',, }\n", "expected a string" }, { "{descr: '<f4'}\n", "expected a string" }, { "{'descr: '<f4'}\n", "unknown key 'descr: '" },
        { "{'descr\n", "no end" }, { "{'des\\x63r': '<f4'}\n", "no end" }, { "{'descr': 4}\n", "expected a string" },
        { H("'<f4'", "false", "(2,)"), "neither True nor False" }, { H("'<f4'", "0", "(2,)"), "neither True nor False" },
        { H("'<f4'", "Falsey", "(2,)"), "expected ',' or '}'" }, { H("'<f4'", "False", "2"), "not a tuple" },
        { H("'<f4'", "False", "[2]"), "not a tuple" }, { H("'<f4'", "False", "(2)"), "needs a comma" },
        { H("'<f4'", "False", "(,)"), "non-negative integer" }, { H("'<f4'", "False", "(2,,)"), "non-negative integer" },
        { H("'<f4'", "False", "(-2,)"), "non-negative integer" }, { H("'<f4'", "False", "(2.0,)"), "expected ',' or ')'" },
        { H("'<f4'", "False", "(2 1)"), "expected ',' or ')'" }, { H("'<f4'", "False", "(02,)"), "leading zero" },
        { H("'<f4'", "False", "(True,)"), "non-negative integer" }, { H("'<f4'", "False", "(2L,)"), "expected ',' or ')'" },
        { H("'<f4'", "False", "(2,"), "non-negative integer" }, { H("'<f4'", "False", "(2,)") "x\n", "goes on behind" },
        { H("'<f4'", "False", "(2,)*1"), "expected ',' or '}'" }, { H("'<f4'", "False", "(18446744073709551616,)"), "dimension overflows" },
        { H("'<f4'", "False", "(4294967296, 4294967296)"), "size of F32 [4294967296,4294967296] overflows" },
        { H("'<f4'", "True", "(4294967296, 4294967296, 0)"), "overflows" },
    };
    check_case(c, "io: npy header refused");
    for (size_t i = 0; i < LEN(bad); i++) refused(c, bad[i][0], 8, E_DATA, bad[i][1]);
    refused(c, H("'<f4'", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 2)"), 8, E_UNSUPPORTED, "rank 9");
    static const char *const foreign[] = { "'|O'", "'<c8'", "'<f3'", "'<U2'", "'|S8'", "'<i2'", "'<u4'", "'|i1'", "'<f16'", "'f4'", "'|f4'",
                                           "'!f4'", "''", "'<f4 '", "'<M8[ns]'" };
    check_case(c, "io: npy descr refused");
    for (size_t i = 0; i < LEN(foreign); i++) {
        char header[200];
        snprintf(header, sizeof header, H("%s", "False", "(2,)"), foreign[i]);
        refused(c, header, 8, E_UNSUPPORTED, foreign[i]);
    }
    refused(c, H("[('a', '<f4')]", "False", "(2,)"), 8, E_UNSUPPORTED, "structured type");
}

static void test_accepted(struct check *c)
{
    static const unsigned char count[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23 };
    struct tensors t;
    unsigned char *bytes;
    const struct tensor *x;
    double v[24];
    check_case(c, "io: npy key order, spaces, quotes, versions");
    x = opened(c, &t, 2, " {\"shape\" : ( 2 ,3, ) ,'fortran_order':False\n, \"descr\":\"|u1\"}   \n", count, 6, &bytes);
    CHECK(x && x->dtype == U8 && x->rank == 2 && x->shape[0] == 2 && x->shape[1] == 3);
    CHECK_STR(x ? x->name : NULL, "x.y");
    CHECK(tensors_find(&t, "x.y") == x && !t.meta_count);
    tensors_close(&t);
    free(bytes);
    x = opened(c, &t, 3, H("'=u1'", "True", "(6,)"), count, 6, &bytes);
    CHECK(x && x->rank == 1 && !memcmp(x->data, count, 6));
    tensors_close(&t);
    free(bytes);
    x = opened(c, &t, 1, H("'>b1'", "False", "()"), count + 1, 1, &bytes);
    CHECK(x && x->dtype == BOOL && x->rank == 0 && tensor_elements(x) == 1);
    tensors_close(&t);
    free(bytes);
    x = opened(c, &t, 1, H("'>f8'", "True", "(3, 0, 18446744073709551615)"), count, 0, &bytes);
    CHECK(x && x->rank == 3 && tensor_elements(x) == 0);
    tensors_close(&t);
    free(bytes);

    check_case(c, "io: npy fortran order is transposed");
    x = opened(c, &t, 1, H("'|u1'", "True", "(2, 3, 4)"), count, 24, &bytes);
    if (x) {
        widen_f64(v, x->data, U8, 0, 24);
        int wrong = 0;
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 3; j++)
                for (int k = 0; k < 4; k++) wrong += v[(i * 3 + j) * 4 + k] != i + 2 * j + 6 * k;
        CHECK(wrong == 0);
    }
    tensors_close(&t);
    free(bytes);

    check_case(c, "io: npy byte order");
    static const unsigned char swapped[] = { 0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0, 0x40, 0x40, 0, 0, 0x40, 0x80, 0, 0 };
    x = opened(c, &t, 1, H("'>f4'", "False", "(4,)"), swapped, 16, &bytes);
    if (x) {
        widen_f64(v, x->data, F32, 0, 4);
        CHECK(v[0] == 1 && v[1] == -2 && v[2] == 3 && v[3] == 4);
    }
    tensors_close(&t);
    free(bytes);
    x = opened(c, &t, 1, H("'>f4'", "True", "(2, 2)"), swapped, 16, &bytes);
    if (x) {
        widen_f64(v, x->data, F32, 0, 4);
        CHECK(v[0] == 1 && v[1] == 3 && v[2] == -2 && v[3] == 4);
    }
    tensors_close(&t);
    free(bytes);
    x = opened(c, &t, 1, H("'<f2'", "False", "(2,)"), "\x00\x3C\x01\x00", 4, &bytes);
    if (x) {
        widen_f64(v, x->data, F16, 0, 2);
        CHECK(v[0] == 1 && v[1] == ldexp(1, -24));
    }
    tensors_close(&t);
    free(bytes);
    const float native = 2.5f;
    x = opened(c, &t, 1, H("'=f4'", "False", "(1,)"), &native, 4, &bytes);
    CHECK(x && !memcmp(x->data, &native, 4));
    tensors_close(&t);
    free(bytes);
}

static void test_round_trip(struct check *c)
{
    static const double f64[] = { 0.1, -0.0, INFINITY, NAN };
    static const uint16_t half[] = { 0x0001, 0x03FF, 0x7C00, 0x7E00 };
    static const int64_t i64[] = { INT64_MIN, -1, 0, INT64_MAX };
    static const int32_t i32[] = { INT32_MIN, -1, 0, INT32_MAX };
    static const float f32[] = { 0.1f, -INFINITY, 1e-45f, 0 };
    static const unsigned char u8[] = { 0, 1, 0, 1 };
    const struct tensor item[] = {
        { "a", F64, 1, { 4 }, (void *)f64 }, { "b", F32, 2, { 2, 2 }, (void *)f32 }, { "c", F16, 3, { 1, 4, 1 }, (void *)half },
        { "d", I64, 1, { 4 }, (void *)i64 }, { "e", I32, 1, { 4 }, (void *)i32 }, { "f", U8, 1, { 4 }, (void *)u8 },
        { "g", BOOL, 8, { 1, 1, 1, 1, 1, 1, 1, 4 }, (void *)u8 }, { "h", F32, 0, { 0 }, (void *)f32 }, { "i", F64, 2, { 0, 3 }, NULL },
    };
    char path[600];
    struct tensors t;
    struct err e = { OK, "" };
    struct file f;
    check_case(c, "io: npy round trip of every dtype");
    for (size_t i = 0; i < LEN(item); i++) {
        snprintf(path, sizeof path, "%s/round.npy", c->scratch);
        CHECK_STATUS(npy_write(path, &item[i], &e), OK);
        CHECK_STATUS(tensors_open(&t, path, &e), OK);
        CHECK(t.count == 1);
        if (t.count != 1) continue;
        CHECK_STR(t.item[0].name, "round");
        CHECK(t.item[0].dtype == item[i].dtype && shape_equal(&t.item[0], item[i].rank, item[i].shape));
        CHECK(tensor_bytes(&item[i]) == 0 || !memcmp(t.item[0].data, item[i].data, tensor_bytes(&item[i])));
        tensors_close(&t);
    }
    check_case(c, "io: npy bytes as written");
    static const int32_t number = 0x01020304;
    const struct tensor one = { "n", I32, 1, { 1 }, (void *)&number };
    CHECK_STATUS(npy_write(path, &one, &e), OK);
    CHECK_STATUS(file_map(&f, path, &e), OK);
    CHECK(f.size == 132 && !memcmp(f.data, "\x93NUMPY\1\0\x76\0{'descr': '<i4', 'fortran_order': False, 'shape': (1,), } ", 68));
    CHECK(f.size == 132 && f.data[127] == '\n' && !memcmp(f.data + 128, "\x04\x03\x02\x01", 4));
    file_unmap(&f);

    check_case(c, "io: npy writer refuses");
    struct tensor odd = { "x", BF16, 1, { 4 }, (void *)half };
    snprintf(path, sizeof path, "%s/never.npy", c->scratch);
    CHECK_STATUS(npy_write(path, &odd, &e), E_UNSUPPORTED);
    CHECK_HAS(e.text, "never.npy: .npy has no element type for BF16");
    odd.dtype = F16;
    odd.rank = 9;
    CHECK_STATUS(npy_write(path, &odd, &e), E_ARG);
    odd.rank = 1;
    odd.data = NULL;
    CHECK_STATUS(npy_write(path, &odd, &e), E_ARG);
    CHECK_STATUS(file_map(&f, path, &e), E_OPEN);
}

void test_io_npy(struct check *c)
{
    test_prefix(c);
    test_dictionary(c);
    test_accepted(c);
    test_round_trip(c);
}
