/* tensor -- shapes, and the conversions between number types.
 *
 * f16 is IEEE 754 binary16, bf16 the upper half of binary32.  All conversions to a
 * narrower type round to nearest, ties to even, straight from double: going through
 * float first would round twice. */
#include "base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct { const char *name; size_t size; int is_float; } types[DTYPES] = {
    [F64] = { "F64", 8, 1 }, [F32] = { "F32", 4, 1 }, [F16] = { "F16", 2, 1 }, [BF16] = { "BF16", 2, 1 },
    [I64] = { "I64", 8, 0 }, [I32] = { "I32", 4, 0 }, [U8] = { "U8", 1, 0 },   [BOOL] = { "BOOL", 1, 0 },
};

size_t dtype_size(enum dtype d) { return types[d].size; }
const char *dtype_name(enum dtype d) { return types[d].name; }
int dtype_is_float(enum dtype d) { return types[d].is_float; }

int dtype_find(const char *name, enum dtype *d)
{
    for (int i = 0; i < DTYPES; i++)
        if (!strcmp(name, types[i].name)) { *d = (enum dtype)i; return 1; }
    return 0;
}

size_t tensor_elements(const struct tensor *t)
{
    size_t n = 1;
    for (int i = 0; i < t->rank; i++)
        if (t->shape[i] == 0) return 0;
    for (int i = 0; i < t->rank; i++) {
        if (n > SIZE_MAX / t->shape[i]) return SIZE_MAX;
        n *= t->shape[i];
    }
    return n;
}

size_t tensor_bytes(const struct tensor *t)
{
    size_t n = tensor_elements(t), each = dtype_size(t->dtype);
    return n > SIZE_MAX / each ? SIZE_MAX : n * each;
}

char *shape_text(char *out, size_t size, const size_t *shape, int rank)
{
    size_t at = 0;
    if (size) out[0] = 0;
    for (int i = 0; i <= rank && at < size; i++) {
        int n = i < rank ? snprintf(out + at, size - at, "%s%zu", i ? "," : "[", shape[i])
                         : snprintf(out + at, size - at, "%s", rank ? "]" : "[]");
        if (n < 0) break;
        at += (size_t)n;
    }
    return out;
}

int shape_equal(const struct tensor *t, int rank, const size_t *shape)
{
    if (t->rank != rank) return 0;
    for (int i = 0; i < rank; i++)
        if (t->shape[i] != shape[i]) return 0;
    return 1;
}

double f16_to_f64(uint16_t h)
{
    int exponent = h >> 10 & 31;
    double mantissa = h & 1023, x;
    if (exponent == 0) x = ldexp(mantissa, -24);
    else if (exponent < 31) x = ldexp(mantissa + 1024, exponent - 25);
    else x = mantissa ? (double)NAN : (double)INFINITY;
    return h & 0x8000 ? -x : x;
}

double bf16_to_f64(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* |x| rounded to a type of `digits` significant bits whose smallest subnormal is
 * 2^lowest; the result may exceed the type's largest finite number. */
static double round_digits(double x, int digits, int lowest)
{
    int e;
    if (x == 0 || !isfinite(x)) return x;
    frexp(x, &e);                                   /* |x| in [2^(e-1), 2^e) */
    int unit = e - digits > lowest ? e - digits : lowest;
    return ldexp(rint(ldexp(x, -unit)), unit);      /* exact but for the one rint */
}

static uint16_t sign_bit(double x) { return signbit(x) ? 0x8000 : 0; }

uint16_t f64_to_f16(double x)
{
    uint16_t sign = sign_bit(x);
    if (isnan(x)) return sign | 0x7E00;
    double r = fabs(round_digits(x, 11, -24));
    if (r >= 65536) return sign | 0x7C00;
    if (r < ldexp(1, -14)) return sign | (uint16_t)ldexp(r, 24);
    int e;
    double m = frexp(r, &e);                        /* [0.5, 1) */
    return sign | (uint16_t)((e + 14) << 10 | ((int)ldexp(m, 11) - 1024));
}

uint16_t f64_to_bf16(double x)
{
    uint16_t sign = sign_bit(x);
    if (isnan(x)) return sign | 0x7FC0;
    double r = fabs(round_digits(x, 8, -133));
    if (r >= ldexp(1, 128)) return sign | 0x7F80;
    float f = (float)r;                             /* exact: 8 significant bits */
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return sign | (uint16_t)(bits >> 16);
}

double round_to(enum dtype d, double x)
{
    switch (d) {
    case F32: return (float)x;
    case F16: return f16_to_f64(f64_to_f16(x));
    case BF16: return bf16_to_f64(f64_to_bf16(x));
    default: return x;
    }
}

#define WIDEN(name, real)                                                              \
void name(real *dst, const void *src, enum dtype d, size_t first, size_t n)            \
{                                                                                      \
    const unsigned char *p = (const unsigned char *)src + first * dtype_size(d);       \
    for (size_t i = 0; i < n; i++, p += dtype_size(d)) {                               \
        switch (d) {        /* memcpy: a mapped file promises no alignment */          \
        case F64: { double v; memcpy(&v, p, sizeof v); dst[i] = (real)v; break; }      \
        case F32: { float v; memcpy(&v, p, sizeof v); dst[i] = (real)v; break; }       \
        case F16: { uint16_t v; memcpy(&v, p, sizeof v); dst[i] = (real)f16_to_f64(v); break; } \
        case BF16: { uint16_t v; memcpy(&v, p, sizeof v); dst[i] = (real)bf16_to_f64(v); break; } \
        case I64: { int64_t v; memcpy(&v, p, sizeof v); dst[i] = (real)v; break; }     \
        case I32: { int32_t v; memcpy(&v, p, sizeof v); dst[i] = (real)v; break; }     \
        case U8: dst[i] = (real)*p; break;                                             \
        case BOOL: dst[i] = (real)(*p != 0); break;                                    \
        case DTYPES: break;                                                            \
        }                                                                              \
    }                                                                                  \
}
WIDEN(widen_f64, double)
WIDEN(widen_f32, float)

void narrow_f64(void *dst, enum dtype d, const double *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        switch (d) {
        case F64: ((double *)dst)[i] = src[i]; break;
        case F32: ((float *)dst)[i] = (float)src[i]; break;
        case F16: h = f64_to_f16(src[i]); ((uint16_t *)dst)[i] = h; break;
        case BF16: h = f64_to_bf16(src[i]); ((uint16_t *)dst)[i] = h; break;
        default: break;
        }
    }
}
