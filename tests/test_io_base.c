/* test_io_base -- what io stands on: number types, hash, text, arena. */
#include "check.h"

#include <math.h>
#include <stdlib.h>

void test_io_base(struct check *c);

/* Value of a float format by its definition, not by the code under test. */
static double value_of(unsigned h, int exponent_bits, int mantissa_bits)
{
    int bias = (1 << (exponent_bits - 1)) - 1, top = (1 << exponent_bits) - 1;
    int exponent = (int)(h >> mantissa_bits) & top;
    double m = h & ((1u << mantissa_bits) - 1), x;
    if (exponent == top) x = m != 0 ? (double)NAN : (double)INFINITY;
    else if (exponent == 0) x = ldexp(m, 1 - bias - mantissa_bits);
    else x = ldexp(m + (1 << mantissa_bits), exponent - bias - mantissa_bits);
    return h >> 15 ? -x : x;
}

static void exhaustive(struct check *c, int exponent_bits, int mantissa_bits, double (*widen)(uint16_t), uint16_t (*narrow)(double))
{
    int wrong = 0;
    for (unsigned h = 0; h < 65536; h++) {
        double want = value_of(h, exponent_bits, mantissa_bits), got = widen((uint16_t)h);
        if (isnan(want)) {
            wrong += !isnan(got) || !isnan(widen(narrow(got)));
            continue;
        }
        wrong += got != want || signbit(got) != signbit(want) || narrow(got) != h;
    }
    CHECK(wrong == 0);
}

/* Between each two neighbours: the half goes to the even one, anything beside it to the nearer one. */
static void halves(struct check *c, unsigned infinity, double (*widen)(uint16_t), uint16_t (*narrow)(double))
{
    int wrong = 0;
    for (unsigned h = 0; h + 1 < infinity; h++) {
        double low = widen((uint16_t)h), high = widen((uint16_t)(h + 1)), half = low + (high - low) / 2;
        unsigned even = h & 1 ? h + 1 : h;
        wrong += narrow(half) != even || narrow(-half) != (even | 0x8000);
        wrong += narrow(nextafter(half, 0)) != h || narrow(nextafter(half, INFINITY)) != h + 1;
    }
    CHECK(wrong == 0);
}

static void test_halves(struct check *c)
{
    check_case(c, "base: f16, all 65536 patterns");
    exhaustive(c, 5, 10, f16_to_f64, f64_to_f16);
    check_case(c, "base: bf16, all 65536 patterns");
    exhaustive(c, 8, 7, bf16_to_f64, f64_to_bf16);
    check_case(c, "base: f16, ties to even between all neighbours");
    halves(c, 0x7C00, f16_to_f64, f64_to_f16);
    check_case(c, "base: bf16, ties to even between all neighbours");
    halves(c, 0x7F80, bf16_to_f64, f64_to_bf16);

    check_case(c, "base: f16 at the edges");
    CHECK(f64_to_f16(65504) == 0x7BFF);
    CHECK(f64_to_f16(65519.99) == 0x7BFF);
    CHECK(f64_to_f16(nextafter(65520, 0)) == 0x7BFF);
    CHECK(f64_to_f16(65520) == 0x7C00);
    CHECK(f64_to_f16(-65520) == 0xFC00);
    CHECK(f64_to_f16(1e300) == 0x7C00);
    CHECK(f64_to_f16(-0.0) == 0x8000);
    CHECK(f64_to_f16(ldexp(1, -25)) == 0);                      /* half of the least subnormal: tie, to even */
    CHECK(f64_to_f16(nextafter(ldexp(1, -25), 1)) == 1);
    CHECK(f64_to_f16(1e-300) == 0);
    CHECK(f64_to_f16(ldexp(1, -14) - ldexp(1, -25)) == 0x0400); /* greatest subnormal and a half: up into the normals */

    check_case(c, "base: bf16 at the edges");
    CHECK(f64_to_bf16(ldexp(255, 120)) == 0x7F7F);
    CHECK(f64_to_bf16(nextafter(ldexp(511, 119), 0)) == 0x7F7F);
    CHECK(f64_to_bf16(ldexp(511, 119)) == 0x7F80);
    CHECK(f64_to_bf16(-ldexp(511, 119)) == 0xFF80);
    CHECK(f64_to_bf16(ldexp(1, -134)) == 0);
    CHECK(f64_to_bf16(nextafter(ldexp(1, -134), 1)) == 1);

    check_case(c, "base: one rounding, not two");
    /* just above a tie; the excess is lost when float comes first, and the tie then goes down to even */
    CHECK(f64_to_f16(1 + ldexp(1, -11) + ldexp(1, -30)) == 0x3C01);
    CHECK(f64_to_f16((float)(1 + ldexp(1, -11) + ldexp(1, -30))) == 0x3C00);
    CHECK(f64_to_bf16(1 + ldexp(1, -8) + ldexp(1, -30)) == 0x3F81);
    CHECK(f64_to_bf16((float)(1 + ldexp(1, -8) + ldexp(1, -30))) == 0x3F80);
    CHECK(round_to(F16, 1 + ldexp(1, -11) + ldexp(1, -30)) == 1 + ldexp(1, -10));
    CHECK(round_to(BF16, 1 + ldexp(1, -8) + ldexp(1, -30)) == 1 + ldexp(1, -7));
    static const float tenth = 0.1f;        /* an object: a bare constant may carry the precision of double (FLT_EVAL_METHOD) */
    CHECK(round_to(F32, 0.1) == tenth && round_to(F64, 0.1) == 0.1);
}

static void test_widen(struct check *c)
{
    static const unsigned char flags[] = { 0, 1, 2, 255 };
    static const int64_t big = INT64_C(9007199254740993);
    static const int32_t ints[] = { -1, INT32_MIN, INT32_MAX };
    const double source[] = { -1.5, 0.25, 65504 };
    unsigned char bytes[1 + sizeof source];
    double out[4];
    float narrow[4];
    check_case(c, "base: widen and narrow");
    widen_f64(out, flags, BOOL, 0, 4);
    CHECK(out[0] == 0 && out[1] == 1 && out[2] == 1 && out[3] == 1);
    widen_f64(out, flags, U8, 2, 2);
    CHECK(out[0] == 2 && out[1] == 255);
    widen_f64(out, &big, I64, 0, 1);
    CHECK(out[0] == 9007199254740992.0);
    widen_f64(out, ints, I32, 0, 3);
    CHECK(out[0] == -1 && out[1] == -2147483648.0 && out[2] == 2147483647.0);
    for (int d = F64; d <= BF16; d++) {
        double aligned[3];
        narrow_f64(aligned, (enum dtype)d, source, 3);
        memcpy(bytes + 1, aligned, 3 * dtype_size((enum dtype)d));      /* a mapped file aligns nothing */
        widen_f64(out, bytes + 1, (enum dtype)d, 0, 3);
        CHECK(out[0] == -1.5 && out[1] == 0.25 && out[2] == round_to((enum dtype)d, 65504));
        widen_f32(narrow, bytes + 1, (enum dtype)d, 1, 1);
        CHECK(narrow[0] == 0.25f);
    }
}

static void test_shapes(struct check *c)
{
    struct tensor t = { "t", F32, 3, { 2, 3, 4 }, NULL };
    size_t other[] = { 2, 3, 5 };
    char text[64], tight[5];
    enum dtype d;
    check_case(c, "base: shapes and types");
    CHECK(tensor_elements(&t) == 24 && tensor_bytes(&t) == 96);
    CHECK_STR(shape_text(text, sizeof text, t.shape, 3), "[2,3,4]");
    CHECK_STR(shape_text(text, sizeof text, t.shape, 0), "[]");
    CHECK_STR(shape_text(tight, sizeof tight, t.shape, 3), "[2,3");
    CHECK(shape_equal(&t, 3, t.shape) && !shape_equal(&t, 3, other) && !shape_equal(&t, 2, t.shape));
    t.shape[0] = t.shape[1] = SIZE_MAX / 2;
    CHECK(tensor_elements(&t) == SIZE_MAX && tensor_bytes(&t) == SIZE_MAX);
    t.shape[2] = 0;
    CHECK(tensor_elements(&t) == 0);
    for (int i = 0; i < DTYPES; i++) CHECK(dtype_find(dtype_name((enum dtype)i), &d) && d == (enum dtype)i);
    CHECK(!dtype_find("f32", &d) && !dtype_find("", &d));
}

static void test_hash(struct check *c)
{
    char hex[65], *million = malloc(1000000);
    check_case(c, "base: sha256 known answers (FIPS 180-4 examples)");
    sha256_hex(hex, "", 0);
    CHECK_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_hex(hex, "abc", 3);
    CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_hex(hex, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);   /* length does not fit its block */
    CHECK_STR(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(million != NULL);
    if (!million) return;
    memset(million, 'a', 1000000);
    sha256_hex(hex, million, 1000000);
    CHECK_STR(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

static void test_text_arena(struct check *c)
{
    struct text t = { NULL, 0, 0, 0 };
    struct arena a = { NULL, 0, 0, 0, 0 };
    struct err e;
    check_case(c, "base: text");
    for (int i = 0; i < 1000; i++) text_add(&t, "%d,", i % 10);
    text_add_bytes(&t, "a\0b", 3);
    CHECK(!t.failed && t.len == 2003 && t.s[2001] == 0 && t.s[2003] == 0 && t.cap > t.len);
    CHECK(!strncmp(t.s, "0,1,2,3,4,5,6,7,8,9,0,", 22));
    text_free(&t);
    CHECK(t.s == NULL && t.len == 0);

    check_case(c, "base: arena counts, then gives");
    CHECK(arena_alloc(&a, 3, 8) == NULL && arena_alloc(&a, 100, 1) == NULL && !a.overflow && a.peak == 192);
    CHECK_STATUS(arena_create(&a, a.peak, &e), OK);
    unsigned char *first = arena_alloc(&a, 3, 8), *second = arena_alloc(&a, 100, 1);
    CHECK(first && second && (uintptr_t)first % 64 == 0 && second == first + 64);
    if (first && second) { memset(first, 1, 24); memset(second, 2, 100); }
    CHECK(arena_alloc(&a, 64, 2) == NULL && a.overflow);
    arena_free(&a);
    a.overflow = 0;
    CHECK(arena_alloc(&a, SIZE_MAX / 2, 4) == NULL && a.overflow);
    CHECK_STATUS(fail(&e, E_DATA, "%s: byte %d", "x", 7), E_DATA);
    CHECK_STR(e.text, "x: byte 7");
    CHECK_STATUS(fail(NULL, E_OPEN, "x"), E_OPEN);
}

void test_io_base(struct check *c)
{
    test_halves(c);
    test_widen(c);
    test_shapes(c);
    test_hash(c);
    test_text_arena(c);
}
