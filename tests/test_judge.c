/* test_judge -- the judge is judged: correct devices must pass, and faults planted into a
 * dump must be refused, each for its own reason. */
#include "tests.h"

#include <math.h>
#include <stdlib.h>

struct bench {
    struct subject *s;
    struct policy p;
    struct budget b;
};

/* ---- whole devices ---- */

/* Does a reference device of `made` pass under x's budget?  -1: it could not be judged. */
static int device_passes(struct check *c, const struct bench *x, const char *made, uint64_t seed, char first[MAX_NAME])
{
    struct how how = { .arithmetic = ROUNDED, .seed = seed };
    struct policy shown = x->p;
    struct dump d;
    struct verdict v;
    int passed = -1;
    policy_find(made, &how.policy);
    shown.storage = F64;                /* the emulation shows its narrow numbers in double */
    first[0] = 0;
    if (!make_dump(&d, c, x->s, &how)) return -1;
    if (judge_dump(&v, c, x->s, &x->b, &d, &shown)) {
        passed = v.passed;
        if (v.first) snprintf(first, MAX_NAME, "%s", v.first->tap->name);
        verdict_free(&v);
    }
    dump_free(&d);
    return passed;
}

/* Under every policy and in every case: devices that took no part in the budget pass, and a
 * device of a less precise arithmetic does not pass for one of this. */
static void test_devices(struct check *c, struct subjects *all)
{
    static const char *const policies[][2] = {      /* and the next less precise one */
        { "f64", "f32" }, { "f32", "tf32" }, { "tf32", "f16" }, { "f16", "bf16" }, { "bf16", NULL },
    };
    char first[MAX_NAME];
    for (size_t s = 0; s < all->count; s++)
        for (size_t i = 0; i < LEN(policies); i++) {
            struct bench x = { .s = &all->item[s] };
            policy_find(policies[i][0], &x.p);
            if (!make_budget(&x.b, c, x.s, &x.p)) continue;
            check_case(c, "judge: devices of the declared arithmetic pass");
            for (uint64_t seed = 1001; seed <= 1002; seed++)
                if (device_passes(c, &x, policies[i][0], seed, first) != 1) {
                    fprintf(stderr, "%s %s seed %d: %s\n", x.s->c.name, policies[i][0], (int)seed, first);
                    check_failed(c, __FILE__, __LINE__, "a correct device fails");
                }
            if (policies[i][1]) {
                check_case(c, "judge: a less precise device fails");
                CHECK(device_passes(c, &x, policies[i][1], 77, first) == 0);
            }
            budget_free(&x.b);
        }
}

/* ---- planted faults ---- */

typedef void plant(struct tensor *t);

static float *numbers(struct tensor *t) { return t->data; }
static void plant_nan(struct tensor *t) { numbers(t)[3] = NAN; }
static void plant_inf(struct tensor *t) { numbers(t)[3] = -INFINITY; }
static void plant_poison(struct tensor *t) { memset(numbers(t) + 4, 0xAA, 16); }
static void plant_zeros(struct tensor *t) { memset(t->data, 0, tensor_bytes(t)); }
static void plant_element(struct tensor *t) { numbers(t)[7] += 1e-4f; }
static void plant_shape(struct tensor *t) { t->shape[t->rank - 1]--; }
static void plant_rank(struct tensor *t) { t->rank--; }
static void plant_dtype(struct tensor *t) { t->dtype = I32; }
static void plant_name(struct tensor *t) { ((char *)t->name)[0] ^= 1; }

static void plant_gain(struct tensor *t)
{
    for (size_t i = 0; i < tensor_elements(t); i++) numbers(t)[i] *= 1.0001f;
}

static void plant_offset(struct tensor *t)
{
    for (size_t i = 0; i < tensor_elements(t); i++) numbers(t)[i] += 1e-5f;
}

static void plant_row(struct tensor *t)
{
    size_t row = t->shape[t->rank - 1];
    memcpy(numbers(t), numbers(t) + row, row * sizeof(float));
}

static void plant_bf16(struct tensor *t)
{
    for (size_t i = 0; i < tensor_elements(t); i++) numbers(t)[i] = (float)round_to(BF16, numbers(t)[i]);
}

static void plant_half_type(struct tensor *t)
{
    for (size_t i = 0; i < tensor_elements(t); i++) {
        uint16_t h = f64_to_f16(numbers(t)[i]);
        memcpy((char *)t->data + 2 * i, &h, 2);
    }
    t->dtype = F16;
}

static const struct { const char *what; plant *plant; enum finding finding; } plants[] = {
    { "a NaN", plant_nan, NOT_FINITE }, { "an infinity", plant_inf, NOT_FINITE },
    { "four elements never written", plant_poison, POISON }, { "all zeros", plant_zeros, DIVERGES },
    { "another shape", plant_shape, WRONG_SHAPE }, { "another rank", plant_rank, WRONG_SHAPE },
    { "an integer type", plant_dtype, WRONG_DTYPE }, { "half precision under a float32 label", plant_half_type, WRONG_DTYPE },
    { "no such tap", plant_name, MISSING }, { "a gain of 1.0001", plant_gain, DIVERGES },
    { "an offset of 1e-5", plant_offset, DIVERGES }, { "one element off by 1e-4", plant_element, DIVERGES },
    { "a row repeated", plant_row, DIVERGES }, { "rounded to bf16 inside float32", plant_bf16, DIVERGES },
};

/* ---- each of the three questions alone ---- */

/* One tap, judged alone, with an error of `size` units at `count` elements: does it pass? */
static int errors_pass(struct check *c, struct bench *x, const char *tap, double size, size_t from, size_t count)
{
    struct how how = { .arithmetic = DECLARED, .policy = x->p };
    struct policy shown = x->p;
    struct budget b;
    struct dump d;
    struct verdict v;
    struct err e;
    int passed = -1;
    shown.storage = F64;
    CHECK_STATUS(budget_make(&b, subject_runner(x->s, &x->p), x->p.storage, &x->s->golden, tap, &e), OK);
    if (make_dump(&d, c, x->s, &how)) {
        const struct tap_info *i = taps_find(&b.taps, tap);
        double *y = dump_tensor(&d, tap)->data;
        for (size_t j = from; j < from + count; j++)
            y[j] += (j % 2 ? size : -size) * element_unit(i, &b.item[i - b.taps.item], b.roundoff, j, y[j]);
        if (judge_dump(&v, c, x->s, &b, &d, &shown)) {
            passed = v.passed;
            CHECK(v.judged == 1);
            CHECK(passed || v.first->finding == DIVERGES);
            verdict_free(&v);
        }
        dump_free(&d);
    }
    budget_free(&b);
    return passed;
}

static void test_questions(struct check *c, struct bench *x)
{
    const char *narrow = "transformer_blocks.0.attn.to_q", *wide = "transformer_blocks.0.ff.net.0.proj";
    check_case(c, "judge: errors of one budget pass");
    CHECK(errors_pass(c, x, narrow, 1, 0, 1200) == 1);
    CHECK(errors_pass(c, x, wide, 1, 0, 4800) == 1);
    check_case(c, "judge: only the tensor question sees four budgets everywhere in short rows");
    CHECK(errors_pass(c, x, narrow, 4, 0, 1200) == 0);
    check_case(c, "judge: only the element question sees one element of 15 budgets");
    CHECK(errors_pass(c, x, narrow, 15, 700, 1) == 0);
    CHECK(errors_pass(c, x, narrow, 5, 700, 1) == 1);
    check_case(c, "judge: only the row question sees one row of four budgets");
    CHECK(errors_pass(c, x, wide, 4, 1200, 120) == 0);
    CHECK(errors_pass(c, x, wide, 2, 1200, 120) == 1);
    check_case(c, "judge: rows that count are the image's and the valid text's");
    const struct tap_info *i = taps_find(&x->b.taps, "transformer_blocks.0.attn.sdpa");
    CHECK(i && i->rows == 2 * 27 && i->counted == (25 + 23) * 30);
    i = taps_find(&x->b.taps, "context_embedder.proj_in");
    CHECK(i && i->rows == 2 * 7 && i->counted == (5 + 3) * 30);
    i = taps_find(&x->b.taps, "x_embedder");
    CHECK(i && i->counted == i->n);
}

static int float_dump(struct dump *d, struct check *c, const struct bench *x)
{
    struct how how = { .arithmetic = FLOAT, .backend = &kernels_c };
    return make_dump(d, c, x->s, &how);
}

static void test_planted(struct check *c, struct bench *x, const char *tap)
{
    for (size_t i = 0; i < LEN(plants); i++) {
        struct dump d;
        struct verdict v;
        char name[MAX_NAME];
        check_case(c, plants[i].what);
        if (!float_dump(&d, c, x)) return;
        struct tensor *t = dump_tensor(&d, tap);
        CHECK(t != NULL);
        snprintf(name, sizeof name, "%s", tap);
        if (t) plants[i].plant(t);
        if (t && judge_dump(&v, c, x->s, &x->b, &d, &x->p)) {
            CHECK(!v.passed);
            CHECK(v.first && !strcmp(v.first->tap->name, name));
            CHECK(v.first && v.first->finding == plants[i].finding);
            if (v.first && v.first->finding >= MISSING) CHECK(v.first->detail[0] != 0);
            verdict_free(&v);
        }
        dump_free(&d);
    }
}

static void test_whole_dumps(struct check *c, struct bench *x)
{
    struct dump d;
    struct verdict v;
    struct err e;
    struct declaration claims = { F32, 0, x->s->c.name, x->s->c.weights_sha256, x->s->c.inputs_sha256 };

    check_case(c, "judge: the float build passes");
    if (!float_dump(&d, c, x)) return;
    if (judge_dump(&v, c, x->s, &x->b, &d, &x->p)) {
        CHECK(v.passed && v.judged == v.required && !v.first);
        verdict_free(&v);
    }
    check_case(c, "judge: a tap in two files is a duplicate");
    struct tensors two[2] = { d.tensors, d.tensors };
    two[1].count = 1;
    if (!judge(&v, &x->b, subject_runner(x->s, &x->p), two, 2, &claims, &e)) {
        CHECK(!v.passed && v.first == &v.item[0] && v.first->finding == DUPLICATE);
        verdict_free(&v);
    }
    check_case(c, "judge: an empty dump fails, and so does no dump");
    two[0].count = 0;
    for (size_t files = 0; files < 2; files++)
        if (!judge(&v, &x->b, subject_runner(x->s, &x->p), two, files, &claims, &e)) {
            CHECK(!v.passed && v.judged == 0 && v.by_finding[MISSING] == v.required);
            verdict_free(&v);
        }
    check_case(c, "judge: a dump of other weights is mistrusted");
    const struct pair meta[] = { { "weights_sha256", "0000" } };
    struct tensors other = d.tensors;
    other.meta = meta;
    other.meta_count = 1;
    if (!judge(&v, &x->b, subject_runner(x->s, &x->p), &other, 1, &claims, &e)) {
        CHECK(!v.passed && !v.first && v.mistrust.len > 0);
        verdict_free(&v);
    }
    check_case(c, "judge: tensors nobody knows are told, and harmless");
    struct tensor *extra = malloc((d.tensors.count + 1) * sizeof *extra);
    float nothing = 0;
    if (extra) {
        memcpy(extra, d.item, d.tensors.count * sizeof *extra);
        extra[d.tensors.count] = (struct tensor){ "no.such.tap", F32, 1, { 1 }, &nothing };
        other = d.tensors;
        other.item = extra;
        other.count++;
        if (!judge(&v, &x->b, subject_runner(x->s, &x->p), &other, 1, &claims, &e)) {
            CHECK(v.passed);
            CHECK_HAS(v.notes.s, "no.such.tap");
            verdict_free(&v);
        }
    }
    free(extra);
    dump_free(&d);
}

/* Padding may hold anything. */
static void test_padding(struct check *c, struct bench *x)
{
    struct dump d;
    struct verdict v;
    check_case(c, "judge: NaN and poison in padding rows are nobody's business");
    if (!float_dump(&d, c, x)) return;
    size_t touched = 0;
    for (size_t t = 0; t < x->b.taps.count; t++) {
        const struct tap_info *i = &x->b.taps.item[t];
        struct tensor *at = dump_tensor(&d, i->name);
        for (size_t r = 0; at && r < i->rows; r++)
            if (!i->counts[r]) {
                for (size_t j = 0; j < i->row_length; j++) numbers(at)[r * i->row_length + j] = NAN;
                touched++;
            }
    }
    CHECK(touched > 0);
    if (judge_dump(&v, c, x->s, &x->b, &d, &x->p)) {
        CHECK(v.passed);
        verdict_free(&v);
    }
    dump_free(&d);
}

/* Taps after a mistake are right given their inputs: they are told apart from it. */
static void test_inheritance(struct check *c, struct bench *x)
{
    struct how how = { .arithmetic = FLOAT, .backend = &kernels_c, .mutant = mutant_find("final-halves-swapped") };
    struct dump d;
    struct verdict v;
    check_case(c, "judge: later taps inherit a mistake and are not blamed");
    if (!make_dump(&d, c, x->s, &how)) return;
    if (judge_dump(&v, c, x->s, &x->b, &d, &x->p)) {
        CHECK(v.first && !strcmp(v.first->tap->name, "norm_out.linear"));
        CHECK(v.by_finding[DIVERGES] == 1);
        CHECK(v.by_finding[INHERITS] == 3);         /* norm_out, proj_out, sample */
        verdict_free(&v);
    }
    dump_free(&d);
}

static void test_only(struct check *c, struct bench *x)
{
    struct budget b;
    struct err e;
    struct dump d;
    struct verdict v;
    check_case(c, "judge: a part of the taps can be judged, none cannot");
    CHECK(budget_make(&b, subject_runner(x->s, &x->p), x->p.storage, &x->s->golden, "no.such*", &e) == E_ARG);
    if (budget_make(&b, subject_runner(x->s, &x->p), x->p.storage, &x->s->golden, "*.attn.sdpa,sample", &e)) {
        check_failed(c, __FILE__, __LINE__, e.text);
        return;
    }
    if (float_dump(&d, c, x)) {
        if (judge_dump(&v, c, x->s, &b, &d, &x->p)) {
            CHECK(v.passed && v.judged == v.required && v.judged > 2 && v.judged < 10);
            verdict_free(&v);
        }
        plant_gain(dump_tensor(&d, "transformer_blocks.0.attn.to_q"));     /* not judged, not put in */
        if (judge_dump(&v, c, x->s, &b, &d, &x->p)) {
            CHECK(v.passed);
            verdict_free(&v);
        }
        plant_gain(dump_tensor(&d, "sample"));
        if (judge_dump(&v, c, x->s, &b, &d, &x->p)) {
            CHECK(!v.passed && v.first && !strcmp(v.first->tap->name, "sample"));
            verdict_free(&v);
        }
        dump_free(&d);
    }
    budget_free(&b);
}

void test_judge(struct check *c)
{
    struct subjects all;
    if (!subjects_open(&all, c)) return;
    test_devices(c, &all);
    struct bench x = { .s = subjects_find(&all, "padded-batch") };
    policy_find("f32", &x.p);
    x.p.islands = F64;
    if (x.s && make_budget(&x.b, c, x.s, &x.p)) {
        test_planted(c, &x, "transformer_blocks.0.attn.sdpa");
        test_planted(c, &x, "time_text_embed.timestep_embedder.linear_1");
        test_planted(c, &x, "sample");
        test_questions(c, &x);
        test_whole_dumps(c, &x);
        test_padding(c, &x);
        test_inheritance(c, &x);
        test_only(c, &x);
        budget_free(&x.b);
    }
    subjects_close(&all);
}
