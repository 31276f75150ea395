/* test_rounded -- reference devices: their roundings are of the declared size, do not lean to
 * one side, and nothing else is wrong with them. */
#include "tests.h"

#include <math.h>
#include <stdlib.h>

static const char *const policies[] = { "f64", "f32", "tf32", "f16", "bf16" };

static void test_policies(struct check *c)
{
    struct policy p;
    check_case(c, "rounded: policies by name, and only those");
    for (size_t i = 0; i < LEN(policies); i++) {
        CHECK(policy_find(policies[i], &p));
        CHECK_STR(p.name, policies[i]);
        CHECK(p.islands == (strcmp(policies[i], "f64") ? F32 : F64));
    }
    CHECK(!policy_find("f33", &p));
    CHECK(!policy_find("", &p));
}

static void test_storage(struct check *c)
{
    check_case(c, "rounded: results can be stored in the declared type, and straddle the truth");
    for (size_t i = 1; i < LEN(policies); i++) {
        struct policy p;
        struct rounding r;
        policy_find(policies[i], &p);
        rounding_seed(&r, &p, 7);
        const double x = 1.2345678901234567, zero = 0;
        double mean = 0;
        int above = 0, outside = 0;
        for (int k = 0; k < 4000; k++) {
            double y = x;
            kernels_rounded.add(&r, &y, &zero, 1);
            CHECK(round_to(p.storage, y) == y);
            mean += (y - x) / 4000;
            above += y > x;
            outside += fabs(y - x) > fabs(round_to(p.storage, x) - x) + ldexp(1, p.storage == BF16 ? -7 : p.storage == F16 ? -10 : -23);
        }
        const double unit = p.storage == BF16 ? 0x1p-7 : p.storage == F16 ? 0x1p-10 : 0x1p-23;
        CHECK(fabs(mean) < 0.04 * unit);            /* 5 standard deviations of the mean of 4000 */
        CHECK(above > 0 && above < 4000);
        CHECK(outside == 0);
    }
}

static void test_limits(struct check *c)
{
    struct policy p;
    struct rounding r;
    const double huge = 65519, one = 1000;
    double y = huge;
    check_case(c, "rounded: f16 overflows to infinity, numbers it holds stay exact");
    policy_find("f16", &p);
    rounding_seed(&r, &p, 1);
    kernels_rounded.add(&r, &y, &one, 1);
    CHECK(isinf(y));
    const double exact = 0.5, smallest = 0x1p-24;
    y = 0.25;
    kernels_rounded.add(&r, &y, &exact, 1);
    CHECK(y == 0.75);
    y = 0;
    kernels_rounded.add(&r, &y, &smallest, 1);
    CHECK(y == smallest);
    check_case(c, "rounded: a cast to the storage type is to nearest, in both tables");
    struct kernels_f64 declared;
    kernels_declared(&declared);
    double a = 1 + 0x1p-12 + 0x1p-20, b = a;
    kernels_rounded.store(&r, &a, 1);
    declared.store(&r, &b, 1);
    CHECK(a == 1 && b == 1);
}

/* Reference devices stay near the truth: no kernel of the rounded table is another formula.
 * The bound is loose (100 roundings of the largest value of a tap, free run); a wrong formula
 * moves a tap by a share of its own size. */
static void test_agreement(struct check *c)
{
    struct subjects all;
    if (!subjects_open(&all, c)) return;
    for (size_t s = 0; s < all.count; s++) {
        struct how how = { .arithmetic = TRUTH };
        struct dump truth, device;
        check_case(c, "rounded: an f64 device runs along the truth");
        if (!make_dump(&truth, c, &all.item[s], &how)) continue;
        how.arithmetic = ROUNDED;
        how.seed = 5;
        policy_find("f64", &how.policy);
        if (make_dump(&device, c, &all.item[s], &how)) {
            int differ = 0;
            for (size_t i = 0; i < truth.tensors.count; i++) {
                const double *a = truth.item[i].data, *b = device.item[i].data;
                double largest = 0, worst = 0;
                for (size_t j = 0; j < tensor_elements(&truth.item[i]); j++) {
                    largest = fmax(largest, fabs(a[j]));
                    worst = fmax(worst, fabs(a[j] - b[j]));
                }
                differ += worst > 0;
                if (!(worst <= 1e-11 * largest)) check_failed(c, __FILE__, __LINE__, truth.item[i].name);
            }
            CHECK(differ > (int)truth.tensors.count / 2);
            dump_free(&device);
        }
        dump_free(&truth);
    }
    subjects_close(&all);
}

static void test_seeds(struct check *c)
{
    struct subjects all;
    check_case(c, "rounded: one seed, one device; another seed, another");
    if (!subjects_open(&all, c)) return;
    struct how how = { .arithmetic = ROUNDED, .seed = 11 };
    struct dump d[3];
    policy_find("bf16", &how.policy);
    for (int i = 0; i < 3; i++) {
        how.seed = i == 2 ? 12 : 11;
        if (!make_dump(&d[i], c, &all.item[0], &how)) { subjects_close(&all); return; }
    }
    const size_t last = d[0].tensors.count - 1, bytes = tensor_bytes(&d[0].item[last]);
    CHECK(!memcmp(d[0].item[last].data, d[1].item[last].data, bytes));
    CHECK(memcmp(d[0].item[last].data, d[2].item[last].data, bytes));
    for (int i = 0; i < 3; i++) dump_free(&d[i]);
    subjects_close(&all);
}

void test_rounded(struct check *c)
{
    test_policies(c);
    test_storage(c);
    test_limits(c);
    test_agreement(c);
    test_seeds(c);
}
