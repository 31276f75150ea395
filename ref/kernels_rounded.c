/* kernels_rounded -- a reference device: the formulas of nn/ and sample/ with every
 * elementary operation rounded at random.  See rounded.h.
 *
 * Three roundings:
 *   keep   to the storage type: what stands between two operations of an unfused program
 *   part   to the compute type (float32, or double for f64): inside a fused operation
 *   edge   inputs of a product: to 11 bits under tf32
 * Sums of products are kept in the compute type, one rounding a step, in a random order or
 * rounded at random.  The points of rounding follow the published PyTorch code run eagerly, which rounds
 * more often than any fused build: a fused build stays inside its budget. */
#include "real.h"
#include "rounded.h"

#include <math.h>
#include <string.h>

const char *const policy_names = "f64, f32, tf32, f16 or bf16";

int policy_find(const char *name, struct policy *p)
{
    static const struct policy all[] = {
        { "f64", F64, 0, F64 }, { "f32", F32, 0, F32 }, { "tf32", F32, 1, F32 },
        { "f16", F16, 0, F32 }, { "bf16", BF16, 0, F32 },
    };
    for (size_t i = 0; i < LEN(all); i++)
        if (!strcmp(name, all[i].name)) { *p = all[i]; return 1; }
    return 0;
}

void rounding_seed(struct rounding *r, const struct policy *p, uint64_t seed)
{
    r->policy = *p;
    r->state = seed * 0x9E3779B97F4A7C15u + 0x1234567;
}

/* splitmix64 (Steele, Lea, Flood 2014): any state gives an independent-looking draw */
static uint64_t draw(struct rounding *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static double uniform(struct rounding *r) { return (double)(draw(r) >> 11) * 0x1p-53; }

/* x to `digits` significant bits, not finer than 2^lowest; the lower neighbour or the upper
 * one, each with the probability that makes the mean exact. */
static double stochastic(struct rounding *r, double x, int digits, int lowest)
{
    int e;
    if (x == 0) return x;
    frexp(x, &e);
    if (e - digits > lowest) {                      /* the usual case: add noise below the cut, then cut */
        uint64_t bits, below = ((uint64_t)1 << (53 - digits)) - 1;
        memcpy(&bits, &x, sizeof bits);
        bits = (bits + (draw(r) & below)) & ~below;
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    double scaled = ldexp(x, -lowest), down = floor(scaled);
    return ldexp(down + (uniform(r) < scaled - down), lowest);
}

static double to_type(struct rounding *r, enum dtype d, double x)
{
    double y;
    if (!isfinite(x)) return x;
    switch (d) {
    case F32: return stochastic(r, x, 24, -149);
    case BF16: y = stochastic(r, x, 8, -133); return fabs(y) >= 0x1p128 ? copysign(INFINITY, x) : y;
    case F16: y = stochastic(r, x, 11, -24); return fabs(y) >= 65536 ? copysign(INFINITY, x) : y;
    default:        /* already rounded to nearest: one unit up or down; a little over half a unit rounds to one */
        return draw(r) & 1 ? x + x * 0x1.00001p-53 : x - x * 0x1.00001p-53;
    }
}

static enum dtype compute_type(const struct rounding *r) { return r->policy.storage == F64 ? F64 : F32; }
static double keep(struct rounding *r, double x) { return to_type(r, r->policy.storage, x); }
static double part(struct rounding *r, double x) { return to_type(r, compute_type(r), x); }
/* inside what the published code computes in float32 even in a double model */
static double inner(struct rounding *r, double x) { return r->policy.storage == F64 ? to_type(r, r->policy.islands, x) : part(r, x); }
static double island(struct rounding *r, double x) { return to_type(r, r->policy.islands, x); }
static double edge(struct rounding *r, double x) { return r->policy.tf32 && isfinite(x) ? stochastic(r, x, 11, -149) : x; }

/* ---- nn ---- */

enum { BLOCK = 256, LANES = 8 };

/* A random order of 0..n-1 (Fisher and Yates). */
static void shuffle(struct rounding *r, size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++) order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)(draw(r) % i), keep_i = order[i - 1];
        order[i - 1] = order[j];
        order[j] = keep_i;
    }
}

/* LANES rows of x side by side: y += sum of x*w in the given order.  Product and sum are
 * rounded to nearest, as devices do; the random order is what makes one differ from another. */
static void matmul_rows(struct rounding *r, double *y, const double *x, const double *w, const size_t *order,
                        size_t lanes, size_t in, size_t out, size_t n)
{
    const int wide = compute_type(r) == F64;
    double sum[LANES];
    for (size_t l = 0; l < lanes; l++) sum[l] = y[l * out];
    for (size_t j = 0; j < n; j++) {
        const size_t i = order[j];
        for (size_t l = 0; l < lanes; l++) {
            double product = edge(r, x[l * in + i]) * w[i];
            sum[l] = wide ? sum[l] + product : (float)(sum[l] + (float)product);
        }
    }
    for (size_t l = 0; l < lanes; l++) y[l * out] = sum[l];
}

static void matmul(void *ctx, double *y, const double *x, const struct weight *w, const struct weight *b,
                   size_t rows, size_t in, size_t out)
{
    struct rounding *r = ctx;
    double block[BLOCK];
    size_t order[BLOCK];
    for (size_t o = 0; o < out; o++) {
        const int bias_first = (int)(draw(r) & 1);      /* libraries do either */
        double bias = 0;
        if (b) weight_read_f64(&bias, b, o, 1);
        for (size_t row = 0; row < rows; row++) y[row * out + o] = bias_first ? bias : 0;
        for (size_t first = 0; first < in; first += BLOCK) {
            size_t n = in - first < BLOCK ? in - first : BLOCK;
            weight_read_f64(block, w, o * in + first, n);
            for (size_t i = 0; i < n; i++) block[i] = edge(r, block[i]);
            shuffle(r, order, n);
            for (size_t row = 0; row < rows; row += LANES)
                matmul_rows(r, y + row * out + o, x + row * in + first, block, order,
                            rows - row < LANES ? rows - row : LANES, in, out, n);
        }
        for (size_t row = 0; row < rows; row++)
            y[row * out + o] = keep(r, part(r, y[row * out + o] + (bias_first ? 0 : bias)));
    }
}

static void layernorm(void *ctx, double *y, const double *x, const struct weight *g, const struct weight *b,
                      size_t rows, size_t width, double eps)
{
    struct rounding *r = ctx;
    for (size_t row = 0; row < rows; row++, x += width, y += width) {
        double mean = 0, var = 0;
        for (size_t i = 0; i < width; i++) mean = part(r, mean + x[i]);
        mean = part(r, mean / (double)width);
        for (size_t i = 0; i < width; i++) {
            double d = part(r, x[i] - mean);
            var = part(r, var + d * d);
        }
        double scale = part(r, 1 / part(r, sqrt(part(r, part(r, var / (double)width) + eps))));
        for (size_t i = 0; i < width; i++) {
            double gain = 1, offset = 0, v = part(r, part(r, x[i] - mean) * scale);
            if (g) { weight_read_f64(&gain, g, i, 1); v = part(r, v * gain); }
            if (b) { weight_read_f64(&offset, b, i, 1); v = part(r, v + offset); }
            y[i] = keep(r, v);
        }
    }
}

static void rmsnorm(void *ctx, double *y, const double *x, const struct weight *g, size_t rows, size_t width,
                    double eps)
{
    struct rounding *r = ctx;
    for (size_t row = 0; row < rows; row++, x += width, y += width) {
        double square = 0;
        for (size_t i = 0; i < width; i++) square = inner(r, square + inner(r, x[i] * x[i]));
        double scale = inner(r, 1 / inner(r, sqrt(inner(r, inner(r, square / (double)width) + eps))));
        for (size_t i = 0; i < width; i++) {
            double gain = 1;
            if (g) weight_read_f64(&gain, g, i, 1);
            y[i] = keep(r, part(r, keep(r, part(r, x[i] * scale)) * gain));
        }
    }
}

static void modulate(void *ctx, double *y, const double *x, const double *shift, const double *scale, size_t rows,
                     size_t width)
{
    struct rounding *r = ctx;
    for (size_t n = 0; n < rows * width; n++) {
        size_t i = n % width;
        y[n] = keep(r, keep(r, x[n] * keep(r, 1 + scale[i])) + shift[i]);
    }
}

static void gated_add(void *ctx, double *y, const double *x, const double *gate, size_t rows, size_t width)
{
    struct rounding *r = ctx;
    for (size_t n = 0; n < rows * width; n++) y[n] = keep(r, y[n] + keep(r, gate[n % width] * x[n]));
}

static void add(void *ctx, double *y, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = keep(ctx, y[i] + x[i]);
}

static void silu(void *ctx, double *y, const double *x, size_t n)
{
    struct rounding *r = ctx;
    for (size_t i = 0; i < n; i++) y[i] = keep(r, part(r, x[i] / part(r, 1 + part(r, exp(-x[i])))));
}

static void gelu_tanh(void *ctx, double *y, const double *x, size_t n)
{
    struct rounding *r = ctx;
    for (size_t i = 0; i < n; i++) {
        double u = x[i], cube = part(r, part(r, u * u) * u);
        double inner = part(r, 0.79788456080286535588 * part(r, u + part(r, 0.044715 * cube)));
        y[i] = keep(r, part(r, part(r, u / 2) * part(r, 1 + part(r, tanh(inner)))));
    }
}

static void rope_table(void *ctx, double *cosine, double *sine, const size_t grid[3], const size_t dims[3],
                       double theta)
{
    struct rounding *r = ctx;
    for (size_t n = 0; n < grid[0] * grid[1] * grid[2]; n++) {
        const size_t position[3] = { n / (grid[1] * grid[2]), n / grid[2] % grid[1], n % grid[2] };
        for (int a = 0; a < 3; a++)
            for (size_t j = 0; j < dims[a] / 2; j++) {
                double frequency = island(r, 1 / island(r, pow(theta, island(r, 2.0 * (double)j / (double)dims[a]))));
                double angle = island(r, (double)position[a] * frequency);
                *cosine++ = part(r, island(r, cos(angle)));
                *sine++ = part(r, island(r, sin(angle)));
            }
    }
}

static void rope(void *ctx, double *y, const double *x, const double *cosine, const double *sine, size_t tokens,
                 size_t heads, size_t width)
{
    struct rounding *r = ctx;
    for (size_t n = 0; n < tokens; n++, cosine += width / 2, sine += width / 2)
        for (size_t h = 0; h < heads; h++, x += width, y += width)
            for (size_t j = 0; j < width / 2; j++) {
                double u = inner(r, x[2 * j]), v = inner(r, x[2 * j + 1]);
                y[2 * j] = keep(r, inner(r, inner(r, u * cosine[j]) - inner(r, v * sine[j])));
                y[2 * j + 1] = keep(r, inner(r, inner(r, v * cosine[j]) + inner(r, u * sine[j])));
            }
}

/* Unfused: logits and probabilities stand in the storage type. */
static void attention(void *ctx, double *y, const double *q, const double *k, const double *v,
                      const unsigned char *allow, size_t tokens, size_t keys, size_t heads, size_t width, double *row)
{
    struct rounding *r = ctx;
    const size_t stride = heads * width;
    const double scale = 1 / sqrt((double)width);
    for (size_t n = 0; n < tokens; n++)
        for (size_t h = 0; h < heads; h++) {
            const double *qn = q + n * stride + h * width, *kh = k + h * width, *vh = v + h * width;
            double largest = -INFINITY, total = 0;
            for (size_t m = 0; m < keys; m++) {
                double s = 0;
                for (size_t i = 0; i < width; i++)
                    s = part(r, s + part(r, edge(r, qn[i]) * edge(r, kh[m * stride + i])));
                row[m] = !allow || allow[n * tokens + m] ? keep(r, part(r, s * scale)) : -INFINITY;
                if (row[m] > largest) largest = row[m];
            }
            for (size_t m = 0; m < keys; m++) {
                row[m] = part(r, exp(part(r, row[m] - largest)));
                total = part(r, total + row[m]);
            }
            for (size_t m = 0; m < keys; m++) row[m] = edge(r, keep(r, part(r, row[m] / total)));
            for (size_t i = 0; i < width; i++) {
                double sum = 0;
                for (size_t m = 0; m < keys; m++)
                    sum = part(r, sum + part(r, row[m] * edge(r, vh[m * stride + i])));
                y[n * stride + h * width + i] = keep(r, sum);
            }
        }
}

static void sinusoid(void *ctx, double *y, const double *t, size_t count, size_t width)
{
    struct rounding *r = ctx;
    const size_t half = width / 2;
    for (size_t c = 0; c < count; c++)
        for (size_t j = 0; j < half; j++) {
            double exponent = island(r, island(r, -log(10000.0) * (double)j) / (double)half);
            double angle = island(r, t[c] * island(r, exp(exponent)));
            y[c * width + j] = part(r, island(r, cos(angle)));
            y[c * width + half + j] = part(r, island(r, sin(angle)));
        }
}

static void masked_mean(void *ctx, double *y, const double *x, const unsigned char *mask, size_t tokens, size_t width)
{
    struct rounding *r = ctx;
    for (size_t i = 0; i < width; i++) {
        double sum = 0, count = 0;
        for (size_t n = 0; n < tokens; n++)
            if (mask[n]) { sum = part(r, sum + x[n * width + i]); count++; }
        y[i] = keep(r, part(r, sum / count));
    }
}

static void patchify(void *ctx, double *y, const double *x, size_t channels, const size_t grid[3],
                     const size_t patch[3])
{
    patchify_f64(ctx, y, x, channels, grid, patch);
}

static void unpatchify(void *ctx, double *y, const double *x, size_t channels, const size_t grid[3],
                       const size_t patch[3])
{
    unpatchify_f64(ctx, y, x, channels, grid, patch);
}

static void concat(void *ctx, double *y, const double *a, size_t width_a, const double *b, size_t width_b, size_t rows)
{
    concat_f64(ctx, y, a, width_a, b, width_b, rows);
}

/* A cast: to nearest, because the declaration fixes it. */
static void store(void *ctx, double *x, size_t n)
{
    const struct rounding *r = ctx;
    for (size_t i = 0; i < n; i++) x[i] = round_to(r->policy.storage, x[i]);
}

/* ---- sample: float32 whatever the storage type, but for what the network puts out ---- */

static void flow_sigmas(void *ctx, double *sigma, size_t steps, double shift)
{
    struct rounding *r = ctx;
    for (size_t i = 0; i <= steps; i++) {
        double s = inner(r, (double)(steps - i) / (double)steps);
        sigma[i] = inner(r, inner(r, shift * s) / inner(r, 1 + inner(r, (shift - 1) * s)));
    }
}

static void flow_times(void *ctx, double *t, const double *sigma, size_t steps)
{
    for (size_t i = 0; i < steps; i++) t[i] = inner(ctx, 1000 * sigma[i]);
}

static void guidance_input(void *ctx, double *g, double scale, size_t n)
{
    for (size_t i = 0; i < n; i++) g[i] = inner(ctx, 1000 * scale);
}

static void guide(void *ctx, double *v, const double *cond, const double *uncond, double scale, size_t n)
{
    struct rounding *r = ctx;
    for (size_t i = 0; i < n; i++)
        v[i] = keep(r, uncond[i] + keep(r, scale * keep(r, cond[i] - uncond[i])));
}

static void euler(void *ctx, double *x, const double *v, const double *sigma, size_t at, size_t n)
{
    struct rounding *r = ctx;
    double dt = inner(r, sigma[at + 1] - sigma[at]);
    for (size_t i = 0; i < n; i++) x[i] = keep(r, inner(r, inner(r, x[i]) + keep(r, inner(r, v[i] * dt))));
}

const struct kernels_f64 kernels_rounded = {
    "rounded",
#define KERNEL(name, contract, args) name,
#include "kernels.def"
#undef KERNEL
};

void kernels_declared(struct kernels_f64 *k)
{
    *k = kernels_ref;
    k->isa = "declared";
    k->store = store;
}
