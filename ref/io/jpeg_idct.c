/* jpeg_idct -- inverse 8x8 DCT in integers, the "islow" of libjpeg-turbo, bit for bit.
 *
 *   one dimension: x(n) = sum over k of c(k) X(k) cos((2n+1) k pi / 16) * sqrt(2), c(0) = 1/sqrt(2),
 *   by the factorisation of Loeffler, Ligtenberg and Moschytz with 12 products ("Practical fast
 *   1-D DCT algorithms with 11 multiplications", ICASSP 1989), constants rounded to 13 bits.
 *
 * Columns first: sums are divided by 2^11, so that 2 bits of fraction stay; then rows: divided by
 * 2^18, which takes the 13 bits, those 2 and the factor 8 of the two sqrt(8).  Both divisions
 * round half up.  Then +128, clamped to 0..255.  Which of the equal factorisations is used does
 * not show: between the divisions the arithmetic is exact.  64-bit sums hold any coefficient of
 * 16 bits (columns < 2^31, rows < 2^41).
 * Source: facts of libjpeg-turbo's accurate integer method (jidctint); ITU-T T.81, A.3.3. */
#include "jpeg_private.h"

enum { FRACTION = 13, KEPT = 2 };

/* c_k = round(2^13 * k) of the numbers in the factorisation */
enum {
    C_0_298631336 = 2446, C_0_390180644 = 3196, C_0_541196100 = 4433, C_0_765366865 = 6270,
    C_0_899976223 = 7373, C_1_175875602 = 9633, C_1_501321110 = 12299, C_1_847759065 = 15137,
    C_1_961570560 = 16069, C_2_053119869 = 16819, C_2_562915447 = 20995, C_3_072711026 = 25172
};

/* floor(x / 2^n + 1/2), without shifting a negative number. */
static int64_t descale(int64_t x, int n)
{
    x += (int64_t)1 << (n - 1);
    return x >= 0 ? x >> n : ~(~x >> n);
}

/* Eight coefficients -> eight samples times 2^13. */
static void transform(int64_t out[8], const int64_t in[8])
{
    /* even part: a rotation of (2, 6), a butterfly of (0, 4) */
    int64_t turn = (in[2] + in[6]) * C_0_541196100;
    int64_t low = turn - in[6] * C_1_847759065, high = turn + in[2] * C_0_765366865;
    int64_t sum = (in[0] + in[4]) * ((int64_t)1 << FRACTION), difference = (in[0] - in[4]) * ((int64_t)1 << FRACTION);
    int64_t even[4] = { sum + high, difference + low, difference - low, sum - high };

    /* odd part: four products, and five that pairs of inputs share */
    int64_t all = (in[1] + in[3] + in[5] + in[7]) * C_1_175875602;
    int64_t p71 = -(in[7] + in[1]) * C_0_899976223, p53 = -(in[5] + in[3]) * C_2_562915447;
    int64_t p73 = all - (in[7] + in[3]) * C_1_961570560, p51 = all - (in[5] + in[1]) * C_0_390180644;
    int64_t odd[4] = {
        in[1] * C_1_501321110 + p71 + p51,
        in[3] * C_3_072711026 + p53 + p73,
        in[5] * C_2_053119869 + p53 + p51,
        in[7] * C_0_298631336 + p71 + p73,
    };
    for (int i = 0; i < 4; i++) {
        out[i] = even[i] + odd[i];
        out[7 - i] = even[i] - odd[i];
    }
}

void jpeg_idct(unsigned char sample[BLOCK], const int32_t coefficient[BLOCK])
{
    int64_t half[BLOCK], in[8], out[8];
    for (int x = 0; x < 8; x++) {
        for (int k = 0; k < 8; k++) in[k] = coefficient[8 * k + x];
        transform(out, in);
        for (int y = 0; y < 8; y++) half[8 * y + x] = descale(out[y], FRACTION - KEPT);
    }
    for (int y = 0; y < 8; y++) {
        transform(out, half + 8 * y);
        for (int x = 0; x < 8; x++) {
            int64_t s = descale(out[x], FRACTION + KEPT + 3) + 128;
            sample[8 * y + x] = (unsigned char)(s < 0 ? 0 : s > 255 ? 255 : s);
        }
    }
}
