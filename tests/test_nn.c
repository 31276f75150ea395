/* test_nn -- the kernels, each against values that do not come from it: numbers computed
 * with 50 digits elsewhere, identities that the formula must satisfy, and integers, for which
 * float and double must agree to the last bit. */
#include "tests.h"

#include "../ref/kernels.h"

#include <math.h>
#include <stdlib.h>

static int near(double got, double want, double relative) { return fabs(got - want) <= relative * fmax(1, fabs(want)); }

/* The same pseudo-random numbers everywhere: a linear congruential generator (Knuth, MMIX). */
static double draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 33) * 0x1p-30 - 1;
}

static struct weight f64_weight(const double *x) { return (struct weight){ x, F64, F64 }; }
static struct weight f32_weight(const float *x) { return (struct weight){ x, F32, F64 }; }

static void test_activations(struct check *c)
{
    /* x, silu(x), gelu_tanh(x): mpmath, 50 digits, printed to 20 */
    static const double known[][3] = {
        { -3, -0.14227761953270034264, -0.0036373920817730188378 },
        { -0.5, -0.18877033439907271768, -0.15428599017485607796 },
        { 0.1, 0.052497918747894001663, 0.053982751045435167588 },
        { 1, 0.73105857863000487925, 0.84119199060827670478 },
        { 4.25, 4.1902295850662067345, 4.2499798579641550599 },
    };
    check_case(c, "nn: silu and tanh GELU at known points");
    for (size_t i = 0; i < LEN(known); i++) {
        double s, g;
        kernels_ref.silu(NULL, &s, &known[i][0], 1);
        kernels_ref.gelu_tanh(NULL, &g, &known[i][0], 1);
        CHECK(near(s, known[i][1], 1e-15));
        CHECK(near(g, known[i][2], 1e-15));
    }
    const double zero = 0;
    double y = 1;
    kernels_ref.gelu_tanh(NULL, &y, &zero, 1);
    CHECK(y == 0);
    const double low = -800;            /* exp(800) overflows: the result must still be -0 */
    kernels_ref.silu(NULL, &y, &low, 1);
    CHECK(y == 0);
}

static void test_sinusoid(struct check *c)
{
    /* of 937.25 at j = 0, 1, 64, 127 of 128: mpmath */
    static const struct { size_t j; double cosine, sine; } known[] = {
        { 0, 0.49288910138060671603, 0.87009214094842736641 },
        { 1, 0.37711932297163276106, -0.92616468095118879829 },
        { 64, -0.99863381859754752262, 0.0522541515411029111 },
        { 127, 0.99493226675463811464, 0.1005474244845566624 },
    };
    const double t = 937.25;
    double y[256];
    check_case(c, "nn: sinusoid of a time at known points");
    kernels_ref.sinusoid(NULL, y, &t, 1, 256);
    for (size_t i = 0; i < LEN(known); i++) {
        CHECK(near(y[known[i].j], known[i].cosine, 2e-13));
        CHECK(near(y[128 + known[i].j], known[i].sine, 2e-13));
    }
}

static void test_matmul(struct check *c)
{
    enum { ROWS = 5, IN = 700, OUT = 3 };       /* IN crosses the block of widened weights */
    double x[ROWS * IN], w[OUT * IN], b[OUT] = { 3, -5, 7 }, y[ROWS * OUT];
    float xf[ROWS * IN], wf[OUT * IN], bf[OUT] = { 3, -5, 7 }, yf[ROWS * OUT];
    uint64_t state = 1;
    check_case(c, "nn: matmul of integers is exact in double and float");
    for (int i = 0; i < ROWS * IN; i++) xf[i] = (float)(x[i] = rint(9 * draw(&state)));
    for (int i = 0; i < OUT * IN; i++) wf[i] = (float)(w[i] = rint(9 * draw(&state)));
    struct weight wd = f64_weight(w), bd = f64_weight(b), w32 = f32_weight(wf), b32 = f32_weight(bf);
    kernels_ref.matmul(NULL, y, x, &wd, &bd, ROWS, IN, OUT);
    kernels_c.matmul(NULL, yf, xf, &w32, &b32, ROWS, IN, OUT);
    for (int r = 0; r < ROWS; r++)
        for (int o = 0; o < OUT; o++) {
            int64_t sum = (int64_t)b[o];
            for (int i = 0; i < IN; i++) sum += (int64_t)x[r * IN + i] * (int64_t)w[o * IN + i];
            CHECK(y[r * OUT + o] == (double)sum);
            CHECK(yf[r * OUT + o] == (float)sum);
        }
    check_case(c, "nn: matmul reads bf16 and f16 weights");
    const double one[2] = { 1.00390625, -2.5 }, ones[2] = { 1, 1 };
    uint16_t half[2];
    for (int d = F16; d <= BF16; d++) {
        double want = 0, got;
        narrow_f64(half, (enum dtype)d, one, 2);
        struct weight h = { half, (enum dtype)d, F64 };
        for (int i = 0; i < 2; i++) want += round_to((enum dtype)d, one[i]);
        kernels_ref.matmul(NULL, &got, ones, &h, NULL, 1, 2, 1);
        CHECK(got == want);
    }
    check_case(c, "nn: a weight is rounded to the declared type");
    struct weight as = { one, F64, BF16 };
    double got;
    kernels_ref.matmul(NULL, &got, ones, &as, NULL, 1, 2, 1);
    CHECK(got == 1.0 - 2.5);            /* 1 + 1/256 lies halfway: ties go to even */
}

static void test_norms(struct check *c)
{
    double x[4] = { 1e-3, -1e-3, 2e-3, -2e-3 }, y[4], z[4];
    check_case(c, "nn: layer norm has a biased variance and its epsilon inside the root");
    kernels_ref.layernorm(NULL, y, x, NULL, NULL, 1, 4, 1e-6);
    for (int i = 0; i < 4; i++) CHECK(near(y[i], x[i] / sqrt(2.5e-6 + 1e-6), 1e-15));
    check_case(c, "nn: RMS norm has its epsilon inside the root and weighs afterwards");
    const double g[4] = { 1, 2, 3, 4 };
    struct weight w = f64_weight(g);
    kernels_ref.rmsnorm(NULL, y, x, &w, 1, 4, 1e-6);
    for (int i = 0; i < 4; i++) CHECK(near(y[i], g[i] * x[i] / sqrt(2.5e-6 + 1e-6), 1e-15));
    check_case(c, "nn: norms may work in place");
    memcpy(z, x, sizeof x);
    kernels_ref.rmsnorm(NULL, z, z, &w, 1, 4, 1e-6);
    CHECK(!memcmp(y, z, sizeof y));
    check_case(c, "nn: a constant row norms to its offset");
    const double flat[3] = { 7, 7, 7 }, offset[3] = { 1, -2, 3 };
    struct weight b = f64_weight(offset);
    kernels_ref.layernorm(NULL, y, flat, NULL, &b, 1, 3, 1e-6);
    for (int i = 0; i < 3; i++) CHECK(y[i] == offset[i]);
    check_case(c, "nn: modulation is x (1 + scale) + shift, a gate multiplies what is added");
    const double shift[2] = { 10, 20 }, scale[2] = { 0.5, -1 }, rows[4] = { 2, 3, 4, 5 };
    const double modulated[4] = { 13, 20, 16, 20 }, gated[4] = { 10, 35, 14, 55 };
    kernels_ref.modulate(NULL, y, rows, shift, scale, 2, 2);
    CHECK(!memcmp(y, modulated, sizeof modulated));
    const double gate[2] = { 4, 10 };
    double sum[4] = { 2, 5, -2, 5 };
    kernels_ref.gated_add(NULL, sum, rows, gate, 2, 2);
    CHECK(sum[0] == gated[0] && sum[1] == gated[1] && sum[2] == gated[2] && sum[3] == gated[3]);
}

static void test_rope(struct check *c)
{
    const size_t grid[3] = { 2, 3, 4 }, dims[3] = { 2, 4, 6 };
    double cosine[24 * 6], sine[24 * 6], x[2 * 12], y[2 * 12];
    kernels_ref.rope_table(NULL, cosine, sine, grid, dims, 256);
    check_case(c, "nn: rotary angles by axis: frames, rows, columns, each from its own base");
    const size_t token = (1 * 3 + 2) * 4 + 3;           /* frame 1, row 2, column 3 */
    const double angle[6] = { 1, 2, 2.0 / 16, 3, 3 * pow(256, -1.0 / 3), 3 * pow(256, -2.0 / 3) };
    for (int j = 0; j < 6; j++) {
        CHECK(near(cosine[token * 6 + (size_t)j], cos(angle[j]), 1e-15));
        CHECK(near(sine[token * 6 + (size_t)j], sin(angle[j]), 1e-15));
    }
    check_case(c, "nn: rope turns neighbouring channels counter-clockwise, every head alike");
    for (int i = 0; i < 24; i++) x[i] = i + 1;
    kernels_ref.rope(NULL, y, x, cosine + token * 6, sine + token * 6, 1, 2, 12);
    for (int h = 0; h < 2; h++)
        for (int j = 0; j < 6; j++) {
            const double u = x[h * 12 + 2 * j], v = x[h * 12 + 2 * j + 1];
            CHECK(near(y[h * 12 + 2 * j], u * cos(angle[j]) - v * sin(angle[j]), 1e-14));
            CHECK(near(y[h * 12 + 2 * j + 1], u * sin(angle[j]) + v * cos(angle[j]), 1e-14));
        }
    check_case(c, "nn: rope may work in place and leaves position 0 alone");
    kernels_ref.rope(NULL, x, x, cosine + token * 6, sine + token * 6, 1, 2, 12);
    CHECK(!memcmp(x, y, sizeof x));
    kernels_ref.rope(NULL, y, x, cosine, sine, 1, 2, 12);
    CHECK(!memcmp(x, y, sizeof x));
}

static void test_attention(struct check *c)
{
    enum { TOKENS = 4, HEADS = 2, WIDTH = 2, N = TOKENS * HEADS * WIDTH };
    double q[N] = { 0 }, k[N], v[N], y[N], row[TOKENS];
    uint64_t state = 3;
    for (int i = 0; i < N; i++) { k[i] = draw(&state); v[i] = draw(&state); }
    check_case(c, "nn: equal logits average the keys that may be seen");
    kernels_ref.attention(NULL, y, q, k, v, NULL, TOKENS, 3, HEADS, WIDTH, row);
    for (int i = 0; i < HEADS * WIDTH; i++)
        CHECK(near(y[i], (v[i] + v[i + 4] + v[i + 8]) / 3, 1e-15));
    check_case(c, "nn: a pair mask hides single keys");
    unsigned char allow[TOKENS * TOKENS] = { 0 };
    for (int i = 0; i < TOKENS; i++) allow[i * TOKENS + (i + 1) % TOKENS] = 1;
    kernels_ref.attention(NULL, y, k, k, v, allow, TOKENS, TOKENS, HEADS, WIDTH, row);
    for (int n = 0; n < TOKENS; n++)
        for (int i = 0; i < HEADS * WIDTH; i++) CHECK(y[n * 4 + i] == v[(n + 1) % TOKENS * 4 + i]);
    check_case(c, "nn: logits are divided by sqrt(head width), large ones do not overflow");
    for (int i = 0; i < N; i++) q[i] = k[i] = 0;
    q[0] = sqrt(2.0) * log(3.0);        /* logit of key 0: log 3, of the others: 0 */
    k[0] = 1;
    kernels_ref.attention(NULL, y, q, k, v, NULL, TOKENS, 2, HEADS, WIDTH, row);
    CHECK(near(y[0], (3 * v[0] + v[4]) / 4, 1e-15));
    q[0] = 1e6;
    kernels_ref.attention(NULL, y, q, k, v, NULL, TOKENS, 2, HEADS, WIDTH, row);
    CHECK(y[0] == v[0]);
}

static void test_layout(struct check *c)
{
    const size_t grid[3] = { 2, 1, 3 }, patch[3] = { 2, 3, 2 };
    enum { CHANNELS = 2, N = CHANNELS * 4 * 3 * 6 };
    double x[N], y[N], z[N];
    check_case(c, "nn: patches are (channel, frame, row, column), channel slowest");
    for (int i = 0; i < N; i++) x[i] = i;
    kernels_ref.patchify(NULL, y, x, CHANNELS, grid, patch);
    /* token (1,0,2), element (channel 1, dt 1, dy 2, dx 1) */
    const size_t token = 5, element = ((1 * 2 + 1) * 3 + 2) * 2 + 1, per = CHANNELS * 12;
    CHECK(y[token * per + element] == x[((1 * 4 + 3) * 3 + 2) * 6 + 5]);
    kernels_ref.unpatchify(NULL, z, y, CHANNELS, grid, patch);
    CHECK(!memcmp(x, z, sizeof x));
    check_case(c, "nn: mean of the text leaves padding out");
    const unsigned char mask[3] = { 1, 0, 1 };
    kernels_ref.masked_mean(NULL, y, x, mask, 3, 2);
    CHECK(y[0] == 2 && y[1] == 3);
    check_case(c, "nn: concat puts a before b");
    kernels_ref.concat(NULL, y, x, 2, x + 10, 1, 2);
    CHECK(y[0] == 0 && y[1] == 1 && y[2] == 10 && y[3] == 2 && y[4] == 3 && y[5] == 11);
}

void test_nn(struct check *c)
{
    test_activations(c);
    test_sinusoid(c);
    test_matmul(c);
    test_norms(c);
    test_rope(c);
    test_attention(c);
    test_layout(c);
}
