#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char help_list[] =
    "usage: goldreel list [cases|models|kernels|backends|policies|mutants] [--cases DIR]\n\n"
    "Lists what there is; without a topic, all of it.  Cases are golden cases on disk, kernels\n"
    "the functions a backend implements (EXACT: same bits as ref; BOUND: within a derived\n"
    "bound), policies the arithmetics a dump can be judged as, mutants the known mistakes that\n"
    "`goldreel run --mutant` makes on purpose.\n";

static int list_cases(const char *wanted)
{
    char *folder = cases_folder(wanted), **names;
    size_t count;
    struct err e;
    if (!folder) return trouble_text("no golden cases found: set --cases or GOLDREEL_CASES to golden/cases");
    if (case_index(&names, &count, folder, &e)) { free(folder); return trouble(&e); }
    for (size_t i = 0; i < count; i++) {
        struct golden_case c;
        char *path = case_folder(folder, names[i]);
        if (path && !case_open(&c, path, &e)) {
            printf("  %-20s %-16s %s\n", c.name, c.model, c.about ? c.about : "");
            case_close(&c);
        } else {
            printf("  %-20s %s\n", names[i], path ? e.text : "no memory");
        }
        free(path);
        free(names[i]);
    }
    free(names);
    free(folder);
    return AGREED;
}

static int list_models(const char *wanted)
{
    (void)wanted;
    printf("  %-20s %s\n", model_names[HUNYUAN_DIT], "HunyuanVideo's transformer: one forward pass");
    printf("  %-20s %s\n", model_names[HUNYUAN_SAMPLER], "flow-matching Euler steps around it, noise to latent");
    return AGREED;
}

static int list_kernels(const char *wanted)
{
    (void)wanted;
    printf("  %-20s %-8s %-8s %-8s\n", "kernel", "contract", "ref", "c");
#define KERNEL(name, contract, args) \
    printf("  %-20s %-8s %-8s %-8s\n", #name, #contract, kernels_ref.name ? "double" : "none", kernels_c.name ? "float" : "none");
#include "../ref/kernels.def"
#undef KERNEL
    return AGREED;
}

static int list_backends(const char *wanted)
{
    (void)wanted;
    printf("  %-20s %s\n", "ref", "double, one thread: the truth");
    printf("  %-20s %s\n", "c", "portable float, one thread");
    printf("  %-20s %s\n", "./NAME.so", "a plug-in (ref/plugin.h)");
    return AGREED;
}

static int list_policies(const char *wanted)
{
    (void)wanted;
    printf("  %-20s %s\n", "f64", "double everywhere");
    printf("  %-20s %s\n", "f32", "float32 tensors and sums");
    printf("  %-20s %s\n", "tf32", "float32, but inputs of matrix products rounded to 11 bits");
    printf("  %-20s %s\n", "f16", "float16 tensors and weights, float32 sums");
    printf("  %-20s %s\n", "bf16", "bfloat16 tensors and weights, float32 sums");
    return AGREED;
}

static int list_mutants(const char *wanted)
{
    (void)wanted;
    for (size_t i = 0; i < mutant_count; i++)
        printf("  %-30s %-11s %s\n", mutants[i].name, mutants[i].sampler ? "sampler" : "transformer", mutants[i].about);
    return AGREED;
}

int cmd_list(int argc, char **argv)
{
    static const struct { const char *topic; int (*list)(const char *); } topics[] = {
        { "cases", list_cases }, { "models", list_models }, { "kernels", list_kernels },
        { "backends", list_backends }, { "policies", list_policies }, { "mutants", list_mutants },
    };
    const char *cases = NULL;
    const struct option options[] = { { "--cases", &cases, NULL } };
    int operands = options_parse(argc, argv, options, LEN(options), "list"), status = AGREED;
    if (operands < 0) return TROUBLE;
    if (operands > 1) return trouble_text("list: one topic at a time");
    for (size_t i = 0; i < LEN(topics); i++) {
        if (operands && strcmp(argv[0], topics[i].topic)) continue;
        if (!operands) printf("%s\n", topics[i].topic);
        int one = topics[i].list(cases);
        if (one > status) status = one;
        if (operands) return status;
    }
    return operands ? trouble_text("list: there is no topic \"%s\" (see goldreel list --help)", argv[0]) : status;
}
