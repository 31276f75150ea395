/* test_sample -- schedule and Euler step: published values, and solutions known exactly. */
#include "tests.h"

#include <math.h>
#include <stdlib.h>

static void test_schedule(struct check *c)
{
    /* From the published formulas, evaluated apart: sigma at i = 0, 1, 2, N/2, N-2, N-1, N. */
    static const struct { size_t steps; double shift, sigma[7]; } known[] = {
        { 50, 7, { 1, 0.997093, 0.994083, 0.875, 0.225806, 0.125, 0 } },
        { 10, 17, { 1, 0.993506, 0.985507, 0.944444, 0.809524, 0.653846, 0 } },
        { 50, 5, { 1, 0.995935, 0.991736, 0.833333, 0.172414, 0.092593, 0 } },
    };
    for (size_t i = 0; i < LEN(known); i++) {
        const size_t n = known[i].steps, at[7] = { 0, 1, 2, n / 2, n - 2, n - 1, n };
        double sigma[51], t[50];
        check_case(c, "sample: shifted schedule at known points");
        kernels_ref.flow_sigmas(NULL, sigma, n, known[i].shift);
        for (int j = 0; j < 7; j++) CHECK(fabs(sigma[at[j]] - known[i].sigma[j]) < 6e-7);
        for (size_t j = 0; j < n; j++) CHECK(sigma[j + 1] < sigma[j]);
        CHECK(sigma[0] == 1 && sigma[n] == 0);
        kernels_ref.flow_times(NULL, t, sigma, n);
        CHECK(t[0] == 1000 && fabs(t[n - 1] - 1000 * sigma[n - 1]) < 1e-12);
    }
    check_case(c, "sample: shift 1 is the straight schedule, one step is 1 to 0");
    double sigma[5];
    kernels_ref.flow_sigmas(NULL, sigma, 4, 1);
    CHECK(sigma[0] == 1 && sigma[1] == 0.75 && sigma[2] == 0.5 && sigma[3] == 0.25 && sigma[4] == 0);
    kernels_ref.flow_sigmas(NULL, sigma, 1, 7);
    CHECK(sigma[0] == 1 && sigma[1] == 0);
}

static void test_exact_solutions(struct check *c)
{
    static const double shifts[] = { 1, 7, 17 };
    for (size_t s = 0; s < LEN(shifts); s++) {
        double sigma[11], x = 3, y = 3;
        const double v = 1.25;
        check_case(c, "sample: Euler is exact for a constant velocity, and for data 0");
        kernels_ref.flow_sigmas(NULL, sigma, 10, shifts[s]);
        for (size_t i = 0; i < 10; i++) {
            kernels_ref.euler(NULL, &x, &v, sigma, i, 1);
            double to_zero = y / sigma[i];          /* noise - data with data = 0: x = sigma * noise */
            kernels_ref.euler(NULL, &y, &to_zero, sigma, i, 1);
        }
        CHECK(fabs(x - (3 - 1.25)) < 1e-14);
        CHECK(fabs(y) < 1e-14);
    }
    check_case(c, "sample: guidance is uncond + s (cond - uncond)");
    const double cond[2] = { 5, 1 }, uncond[2] = { 3, 2 }, want[2] = { 12, -2.5 };
    double v[2];
    kernels_ref.guide(NULL, v, cond, uncond, 4.5, 2);
    CHECK(v[0] == want[0] && v[1] == want[1]);
    memcpy(v, cond, sizeof v);
    kernels_ref.guide(NULL, v, v, uncond, 4.5, 2);
    CHECK(v[0] == want[0] && v[1] == want[1]);
    kernels_ref.guidance_input(NULL, v, 6, 2);
    CHECK(v[0] == 6000 && v[1] == 6000);
}

/* Any step count: the sampler case again with other settings, its own taps as witnesses. */
static void test_step_counts(struct check *c)
{
    static const size_t steps[] = { 1, 2, 13 };
    struct subjects all;
    if (!subjects_open(&all, c)) return;
    struct subject *s = subjects_find(&all, "sampler-two-pass");
    for (size_t i = 0; s && i < LEN(steps); i++) {
        struct how how = { .arithmetic = TRUTH };
        struct dump d;
        check_case(c, "sample: any number of steps, every one a tap");
        s->oracle.sampler.steps = steps[i];
        if (!make_dump(&d, c, s, &how)) continue;
        CHECK(d.tensors.count == 2 + 4 * steps[i] + 1);
        const struct tensor *first = dump_tensor(&d, "steps.0.noise_pred"), *x = dump_tensor(&d, "steps.0.latents");
        const struct tensor *sigma = dump_tensor(&d, "sampler.sigmas"), *start = tensors_find(&s->oracle.inputs, "latents");
        CHECK(first && x && sigma && start && sigma->shape[0] == steps[i] + 1);
        if (first && x && sigma && start) {
            const double *g = sigma->data;
            double noise;
            widen_f64(&noise, start->data, start->dtype, 0, 1);
            CHECK(fabs(((const double *)x->data)[0] - (noise + ((const double *)first->data)[0] * (g[1] - g[0]))) < 1e-14);
        }
        dump_free(&d);
    }
    CHECK(s != NULL);
    subjects_close(&all);
}

void test_sample(struct check *c)
{
    test_schedule(c);
    test_exact_solutions(c);
    test_step_counts(c);
}
