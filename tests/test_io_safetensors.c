/* test_io_safetensors -- one hostile file per rule of the format, and round trips. */
#include "check.h"
#include "../ref/io/io.h"

#include <math.h>
#include <stdlib.h>

void test_io_safetensors(struct check *c);

/* A file in memory: length, header, n bytes of data that count up. */
static unsigned char *build(const char *header, uint64_t length, size_t n, size_t *size)
{
    size_t h = strlen(header);
    unsigned char *s = malloc(8 + h + n);
    if (!s) return NULL;
    for (int i = 0; i < 8; i++) s[i] = (unsigned char)(length >> 8 * i);
    memcpy(s + 8, header, h);
    for (size_t i = 0; i < n; i++) s[8 + h + i] = (unsigned char)i;
    *size = 8 + h + n;
    return s;
}

static void refused_bytes(struct check *c, const unsigned char *s, size_t size, enum status status, const char *phrase)
{
    struct tensors t;
    struct err e = { OK, "" };
    CHECK_STATUS(safetensors_parse(&t, "folder/w.safetensors", s, size, &e), status);
    CHECK_STATUS(e.code, status);
    CHECK_HAS(e.text, "w.safetensors: byte ");
    CHECK_HAS(e.text, phrase);
    CHECK(!t.owner && !t.item && !t.count);
    tensors_close(&t);
}

static void refused(struct check *c, const char *header, size_t n, enum status status, const char *phrase)
{
    size_t size;
    unsigned char *s = build(header, strlen(header), n, &size);
    if (s) refused_bytes(c, s, size, status, phrase);
    free(s);
}

#define A(dtype, shape, offsets) "\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define B(dtype, shape, offsets) "\"b\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define PLAIN "{" A("\"F32\"", "[2]", "[0,8]") "}"

static void test_length(struct check *c)
{
    size_t size = 0;
    struct tensors t;
    struct err e;
    unsigned char *s;
    static const struct { uint64_t length; const char *phrase; } lengths[] = {
        { 0, "does not start with '{'" }, { UINT64_C(100000001), "byte 0: header length 100000001 is larger than 100000000" },
        { UINT64_C(100000000), "reaches behind the file" }, { UINT64_MAX, "is larger than" }, { UINT64_C(1) << 63, "is larger than" },
    };
    check_case(c, "io: safetensors header length");
    s = build(PLAIN, strlen(PLAIN), 8, &size);
    if (!s) return;
    for (size_t n = 0; n < 8; n++) refused_bytes(c, s, n, E_DATA, "shorter than the header length");
    for (size_t n = 8; n < 8 + strlen(PLAIN); n++) refused_bytes(c, s, n, E_DATA, "reaches behind the file");
    for (size_t n = 8 + strlen(PLAIN); n < size; n++) refused_bytes(c, s, n, E_DATA, "tensor \"a\": data_offsets [0,8] reach behind the data");
    CHECK_STATUS(safetensors_parse(&t, "w.safetensors", s, size, &e), OK);
    tensors_close(&t);
    free(s);
    for (size_t i = 0; i < LEN(lengths); i++) {
        s = build(PLAIN, lengths[i].length, 8, &size);
        if (s) refused_bytes(c, s, size, E_DATA, lengths[i].phrase);
        free(s);
    }
    /* the header may fill the file to its last byte, and not one more */
    s = build("{}", 2, 0, &size);
    CHECK_STATUS(safetensors_parse(&t, "w.safetensors", s, size, &e), OK);
    CHECK(t.count == 0 && !tensors_find(&t, "a") && !tensors_meta(&t, "a"));
    tensors_close(&t);
    free(s);
    s = build("{}", 3, 0, &size);
    if (s) refused_bytes(c, s, size, E_DATA, "reaches behind the file");
    free(s);
}

static void test_header(struct check *c)
{
    check_case(c, "io: safetensors header refused");
    refused(c, "[]", 0, E_DATA, "byte 8: header does not start with '{'");
    refused(c, " {}", 0, E_DATA, "does not start with '{'");
    refused(c, "{} x", 0, E_DATA, "byte 11: expected nothing after");
    refused(c, "{", 0, E_DATA, "byte 9: ends where");
    refused(c, "{\"\xc0\xaf\":1}", 0, E_DATA, "byte 10: not UTF-8");
    refused(c, "{" A("\"F32\"", "[2]", "[0,8]") "," A("\"F32\"", "[2]", "[8,16]") "}", 16, E_DATA, "duplicate key \"a\"");
    refused(c, "{\"a\":1}", 0, E_DATA, "tensor \"a\" is not an object");
    refused(c, "{\"a\":[\"F32\",[2],[0,8]]}", 8, E_DATA, "tensor \"a\" is not an object");
    refused(c, "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, E_DATA, "tensor \"a\" has no dtype");
    refused(c, "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, E_DATA, "tensor \"a\" has no shape");
    refused(c, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, E_DATA, "tensor \"a\" has no data_offsets");
    refused(c, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}", 8, E_DATA, "unknown member \"x\"");

    check_case(c, "io: safetensors metadata refused");
    refused(c, "{\"__metadata__\":[]}", 0, E_DATA, "__metadata__ is not an object");
    refused(c, "{\"__metadata__\":null}", 0, E_DATA, "__metadata__ is not an object");
    refused(c, "{\"__metadata__\":{\"k\":1}}", 0, E_DATA, "__metadata__ \"k\" is not a string");
    refused(c, "{\"__metadata__\":{\"k\":\"a\",\"k\":\"b\"}}", 0, E_DATA, "duplicate key \"k\"");
    refused(c, "{\"__metadata__\":{\"k\":\"\\u0000\"}}", 0, E_UNSUPPORTED, "holds a NUL");
    refused(c, "{\"__metadata__\":{},\"__metadata__\":{}}", 0, E_DATA, "duplicate key");
}

static void test_names(struct check *c)
{
    char header[1000], name[MAX_NAME + 1];
    size_t size = 0;
    struct tensors t;
    struct err e;
    check_case(c, "io: safetensors names");
    memset(name, 'n', MAX_NAME);
    name[MAX_NAME] = 0;
    snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", name);
    refused(c, header, 0, E_UNSUPPORTED, "has 256 bytes");
    snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", name + 1);
    unsigned char *s = build(header, strlen(header), 0, &size);
    CHECK_STATUS(safetensors_parse(&t, "w.safetensors", s, size, &e), OK);
    CHECK(tensors_find(&t, name + 1) != NULL);
    tensors_close(&t);
    free(s);
    refused(c, "{\"\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, E_UNSUPPORTED, "has 0 bytes");
    refused(c, "{\"a\\u0000\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, E_UNSUPPORTED, "without NUL");
    refused(c, "{\"__metadata__\\u0000\":{}}", 0, E_UNSUPPORTED, "without NUL");
}

static void test_entries(struct check *c)
{
    static const char *const foreign[] = { "F4", "F6_E2M3", "F6_E3M2", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ",
                                           "F8_E5M2FNUZ", "I16", "U16", "U32", "U64", "C64" };
    char header[200], phrase[100];
    check_case(c, "io: safetensors dtype refused");
    for (size_t i = 0; i < LEN(foreign); i++) {
        snprintf(header, sizeof header, "{" A("\"%s\"", "[0]", "[0,0]") "}", foreign[i]);
        snprintf(phrase, sizeof phrase, "tensor \"a\": dtype %s is not supported", foreign[i]);
        refused(c, header, 0, E_UNSUPPORTED, phrase);
    }
    refused(c, "{" A("\"f32\"", "[2]", "[0,8]") "}", 8, E_DATA, "unknown dtype \"f32\"");
    refused(c, "{" A("\"F32\\u0000\"", "[2]", "[0,8]") "}", 8, E_DATA, "unknown dtype \"F32\\x00\"");
    refused(c, "{" A("4", "[2]", "[0,8]") "}", 8, E_DATA, "dtype is not a string");

    check_case(c, "io: safetensors shape refused");
    refused(c, "{" A("\"F32\"", "2", "[0,8]") "}", 8, E_DATA, "shape is not an array");
    refused(c, "{" A("\"F32\"", "[-2]", "[0,8]") "}", 8, E_DATA, "non-negative integer");
    refused(c, "{" A("\"F32\"", "[2.0]", "[0,8]") "}", 8, E_DATA, "non-negative integer");
    refused(c, "{" A("\"F32\"", "[\"2\"]", "[0,8]") "}", 8, E_DATA, "non-negative integer");
    refused(c, "{" A("\"F32\"", "[2e0]", "[0,8]") "}", 8, E_DATA, "non-negative integer");
    refused(c, "{" A("\"F32\"", "[18446744073709551616]", "[0,8]") "}", 8, E_DATA, "non-negative integer");
    refused(c, "{" A("\"F32\"", "[2,1,1,1,1,1,1,1,1]", "[0,8]") "}", 8, E_UNSUPPORTED, "rank 9, at most 8");
    refused(c, "{" A("\"F32\"", "[4294967296,4294967296]", "[0,8]") "}", 8, E_DATA, "overflows");
    refused(c, "{" A("\"F64\"", "[2305843009213693953]", "[0,8]") "}", 8, E_DATA, "overflows");    /* 8 * that = 8 in 64 bits */
    refused(c, "{" A("\"U8\"", "[4294967296,4294967296,0]", "[0,0]") "}", 0, E_DATA, "overflows");

    check_case(c, "io: safetensors offsets refused");
    refused(c, "{" A("\"F32\"", "[2]", "8") "}", 8, E_DATA, "not an array of two");
    refused(c, "{" A("\"F32\"", "[2]", "[0]") "}", 8, E_DATA, "not an array of two");
    refused(c, "{" A("\"F32\"", "[2]", "[0,8,8]") "}", 8, E_DATA, "not an array of two");
    refused(c, "{" A("\"F32\"", "[2]", "[0,-8]") "}", 8, E_DATA, "not an array of two");
    refused(c, "{" A("\"F32\"", "[2]", "[8,0]") "}", 8, E_DATA, "[8,0] end before they begin");
    refused(c, "{" A("\"F32\"", "[2]", "[0,9]") "}", 8, E_DATA, "reach behind the data (8 bytes)");
    refused(c, "{" A("\"F32\"", "[2]", "[18446744073709551608,18446744073709551615]") "}", 8, E_DATA, "reach behind the data");
    refused(c, "{" A("\"F32\"", "[3]", "[0,8]") "}", 8, E_DATA, "F32 [3] needs 12 bytes, data_offsets [0,8] have 8");
    refused(c, "{" A("\"F32\"", "[1]", "[0,8]") "}", 8, E_DATA, "F32 [1] needs 4 bytes");
}

static void test_tiling(struct check *c)
{
    check_case(c, "io: safetensors tiling refused");
    refused(c, "{" A("\"F32\"", "[2]", "[0,8]") "," B("\"F32\"", "[2]", "[4,12]") "}", 12, E_DATA, "tensor \"b\" at offset 4 overlaps tensor \"a\"");
    refused(c, "{" A("\"F32\"", "[2]", "[0,8]") "," B("\"F32\"", "[2]", "[0,8]") "}", 8, E_DATA, "overlaps");
    refused(c, "{" A("\"F32\"", "[3]", "[0,12]") "," B("\"F32\"", "[1]", "[4,8]") "}", 12, E_DATA, "overlaps");
    refused(c, "{" A("\"U8\"", "[8]", "[0,8]") "," B("\"U8\"", "[0]", "[4,4]") "}", 8, E_DATA, "overlaps");
    refused(c, "{" B("\"F32\"", "[2]", "[12,20]") "," A("\"F32\"", "[2]", "[0,8]") "}", 20, E_DATA, "hole of 4 bytes before tensor \"b\" at offset 12");
    refused(c, "{" A("\"F32\"", "[2]", "[4,12]") "}", 12, E_DATA, "hole of 4 bytes before tensor \"a\"");
    refused(c, PLAIN, 9, E_DATA, "1 bytes behind the last tensor");
    refused(c, "{}", 1, E_DATA, "byte 10: 1 bytes behind the last tensor");
}

static void test_accepted(struct check *c)
{
    size_t size = 0;
    struct tensors t;
    struct err e;
    check_case(c, "io: safetensors order, padding, empty tensors");
    unsigned char *s = build("{" B("\"F32\"", "[1]", "[8,12]") ",\"__metadata__\":{\"k\":\"v\",\"\":\"\"}," A("\"U8\"", "[2,4]", "[0,8]")
                             ",\"z\":{\"dtype\":\"F64\",\"shape\":[0,18446744073709551615],\"data_offsets\":[8,8]}"
                             ",\"s\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[12,13]}}    ", 0, 13, &size);
    if (!s) return;
    s[0] = (unsigned char)(size - 13 - 8);
    s[1] = (unsigned char)((size - 13 - 8) >> 8);
    CHECK_STATUS(safetensors_parse(&t, "w.safetensors", s, size, &e), OK);
    CHECK(t.count == 4 && t.meta_count == 2);
    CHECK_STR(t.path, "w.safetensors");
    if (t.count == 4) {
        double v[8];
        CHECK_STR(t.item[0].name, "b");
        CHECK_STR(t.item[1].name, "a");
        CHECK(t.item[1].rank == 2 && t.item[1].shape[0] == 2 && t.item[1].shape[1] == 4 && t.item[1].dtype == U8);
        widen_f64(v, t.item[1].data, U8, 0, 8);
        CHECK(v[0] == 0 && v[7] == 7);
        CHECK(tensor_elements(&t.item[2]) == 0 && t.item[3].rank == 0 && tensor_bytes(&t.item[3]) == 1);
        widen_f64(v, t.item[3].data, BOOL, 0, 1);
        CHECK(v[0] == 1);                       /* the byte is 12: as in the official reader, not checked */
        CHECK(tensors_find(&t, "a") == &t.item[1] && tensors_find(&t, "z") == &t.item[2] && !tensors_find(&t, "aa"));
        CHECK_STR(tensors_meta(&t, "k"), "v");
        CHECK_STR(tensors_meta(&t, ""), "");
        CHECK(tensors_meta(&t, "x") == NULL);
    }
    tensors_close(&t);
    free(s);
}

static const char *scratch(struct check *c, char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s", c->scratch, name);
    return out;
}

static void test_round_trip(struct check *c)
{
    static const double f64[] = { 0.1, -0.0, INFINITY, 5e-324 };
    static const float f32[] = { 0.1f, -INFINITY, 1e-45f };
    static const uint16_t half[] = { 0x0001, 0x03FF, 0x0400, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0xFE01, 0x8000 };
    static const uint16_t brain[] = { 0x0001, 0x007F, 0x0080, 0x7F7F, 0x7F80, 0xFF80, 0x7FC0, 0xFFC1, 0x8000 };
    static const int64_t i64[] = { INT64_MIN, -1, INT64_MAX };
    static const int32_t i32[] = { INT32_MIN, -1, INT32_MAX };
    static const unsigned char u8[] = { 0, 1, 255 }, flag[] = { 1, 0, 1 };
    const struct tensor item[] = {
        { "f64", F64, 2, { 2, 2 }, (void *)f64 }, { "i64", I64, 1, { 3 }, (void *)i64 }, { "f32", F32, 2, { 3, 1 }, (void *)f32 },
        { "i32", I32, 1, { 3 }, (void *)i32 }, { "half \xc3\xa9\"\\\n", F16, 1, { 9 }, (void *)half }, { "bf16", BF16, 2, { 3, 3 }, (void *)brain },
        { "u8", U8, 1, { 3 }, (void *)u8 }, { "bool", BOOL, 1, { 3 }, (void *)flag }, { "scalar", F16, 0, { 0 }, (void *)half },
        { "none", F32, 3, { 4, 0, 5 }, NULL }, { "deep", U8, 8, { 1, 1, 1, 1, 1, 1, 1, 3 }, (void *)u8 },
    };
    static const struct pair meta[] = { { "format", "pt" }, { "note", "two\nlines \"q\"" }, { "", "" } };
    char path[600];
    struct tensors t;
    struct err e = { OK, "" };
    check_case(c, "io: safetensors round trip of every dtype");
    scratch(c, path, sizeof path, "round.safetensors");
    CHECK_STATUS(safetensors_write(path, item, LEN(item), meta, LEN(meta), &e), OK);
    CHECK_STATUS(tensors_open(&t, path, &e), OK);
    CHECK(t.count == LEN(item) && t.meta_count == LEN(meta));
    for (size_t i = 0; i < t.count; i++) {
        CHECK_STR(t.item[i].name, item[i].name);
        CHECK(t.item[i].dtype == item[i].dtype && shape_equal(&t.item[i], item[i].rank, item[i].shape));
        CHECK(tensor_bytes(&item[i]) == 0 || !memcmp(t.item[i].data, item[i].data, tensor_bytes(&item[i])));
        CHECK(tensors_find(&t, item[i].name) == &t.item[i]);
        if (i < 6) CHECK((uintptr_t)t.item[i].data % dtype_size(t.item[i].dtype) == 0);    /* larger types first: aligned */
    }
    for (size_t i = 0; i < t.meta_count; i++) {
        CHECK_STR(t.meta[i].key, meta[i].key);
        CHECK_STR(t.meta[i].value, meta[i].value);
    }
    tensors_close(&t);
    CHECK_STATUS(safetensors_write(path, NULL, 0, NULL, 0, &e), OK);       /* replaces the file */
    CHECK_STATUS(tensors_open(&t, path, &e), OK);
    CHECK(t.count == 0 && t.meta_count == 0);
    tensors_close(&t);
}

/* The file byte by byte, so that byte order and padding cannot be wrong in both directions. */
static void test_bytes(struct check *c)
{
    static const uint16_t half = 0x3C01;
    static const int32_t number = 0x01020304;
    const struct tensor item[] = { { "n", I32, 1, { 1 }, (void *)&number }, { "h", F16, 0, { 0 }, (void *)&half } };
    static const struct pair meta = { "k", "v" };
    static const char header[] = "{\"__metadata__\":{\"k\":\"v\"},\"n\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                                 "\"h\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[4,6]}}";
    char path[600];
    struct file f;
    struct err e;
    size_t n = (strlen(header) + 7) / 8 * 8;
    check_case(c, "io: safetensors bytes as written");
    scratch(c, path, sizeof path, "bytes.safetensors");
    CHECK_STATUS(safetensors_write(path, item, 2, &meta, 1, &e), OK);
    CHECK_STATUS(file_map(&f, path, &e), OK);
    CHECK(f.size == 8 + n + 6);
    if (f.size == 8 + n + 6) {
        CHECK(f.data[0] == n && !f.data[1] && !f.data[7]);
        CHECK(!memcmp(f.data + 8, header, strlen(header)));
        for (size_t i = strlen(header); i < n; i++) CHECK(f.data[8 + i] == ' ');
        CHECK(!memcmp(f.data + 8 + n, "\x04\x03\x02\x01\x01\x3C", 6));
    }
    file_unmap(&f);
}

static void write_refused(struct check *c, const struct tensor *item, size_t count, const struct pair *meta, size_t metas,
                          const char *phrase)
{
    char path[600];
    struct err e = { OK, "" };
    struct file f;
    scratch(c, path, sizeof path, "never.safetensors");
    CHECK_STATUS(safetensors_write(path, item, count, meta, metas, &e), E_ARG);
    CHECK_HAS(e.text, "never.safetensors: ");
    CHECK_HAS(e.text, phrase);
    CHECK_STATUS(file_map(&f, path, &e), E_OPEN);       /* and no file is left */
}

static void test_write_refused(struct check *c)
{
    static unsigned char data[8];
    char name[MAX_NAME + 1];
    struct tensor item[3] = { { "a", U8, 1, { 8 }, data }, { "b", U8, 1, { 8 }, data }, { "a", U8, 1, { 8 }, data } };
    const struct pair same[] = { { "k", "1" }, { "j", "2" }, { "k", "3" } }, broken = { "k", "\xff" };
    check_case(c, "io: safetensors writer refuses");
    write_refused(c, item, 3, NULL, 0, "two tensors named \"a\"");
    write_refused(c, item, 2, same, 3, "two metadata keys \"k\"");
    write_refused(c, item, 2, &broken, 1, "not UTF-8");
    memset(name, 'n', MAX_NAME);
    name[MAX_NAME] = 0;
    const char *names[] = { "", "\xff", "__metadata__", name, NULL };
    for (size_t i = 0; i < LEN(names); i++) {
        item[0].name = names[i];
        write_refused(c, item, 1, NULL, 0, "cannot be the name of a tensor");
    }
    item[0].name = "a";
    item[0].rank = 9;
    write_refused(c, item, 1, NULL, 0, "rank 9");
    item[0].rank = 2;
    item[0].shape[0] = item[0].shape[1] = SIZE_MAX / 2;
    write_refused(c, item, 1, NULL, 0, "overflows");
    item[0].rank = 1;
    item[0].data = NULL;
    item[0].shape[0] = 4;
    write_refused(c, item, 1, NULL, 0, "has no data");
}

void test_io_safetensors(struct check *c)
{
    test_length(c);
    test_header(c);
    test_names(c);
    test_entries(c);
    test_tiling(c);
    test_accepted(c);
    test_round_trip(c);
    test_bytes(c);
    test_write_refused(c);
}
