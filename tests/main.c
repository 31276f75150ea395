/* The test program: every test_NAME on this machine.
 *
 *   check [--data DIR] [--golden DIR] [--scratch DIR] [--filter TEXT] [--mutants FILE]
 *
 * --filter runs only the tests whose name contains TEXT.  --mutants writes the table of
 * known-wrong variants (golden/MUTANTS.md) and runs no test.  The last line is
 * "N passed, N failed"; no case at all is a failure. */
#include "check.h"
#include "tests.h"

#include <stdlib.h>

#define TEST(name) { #name, name }
static const struct { const char *name; void (*run)(struct check *c); } tests[] = {
    TEST(test_io), TEST(test_nn), TEST(test_rounded), TEST(test_model), TEST(test_sample), TEST(test_judge),
    TEST(test_mutants), TEST(test_video), TEST(test_jpeg), TEST(test_image), TEST(test_luma), TEST(test_shots),
    TEST(test_flow), TEST(test_camera), TEST(test_text),
};

int main(int argc, char **argv)
{
    struct check c = { .data = "data", .golden = "golden", .scratch = "." };
    const char *filter = "", *mutant_table = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--data")) c.data = argv[i + 1];
        else if (!strcmp(argv[i], "--golden")) c.golden = argv[i + 1];
        else if (!strcmp(argv[i], "--scratch")) c.scratch = argv[i + 1];
        else if (!strcmp(argv[i], "--filter")) filter = argv[i + 1];
        else if (!strcmp(argv[i], "--mutants")) mutant_table = argv[i + 1];
        else { fprintf(stderr, "check: there is no option %s\n", argv[i]); return 2; }
    }
    if (mutant_table) return write_mutant_table(&c, mutant_table);
    for (size_t i = 0; i < LEN(tests); i++) {
        int cases = c.cases, failed = c.failed;
        if (!strstr(tests[i].name, filter)) continue;
        tests[i].run(&c);
        printf("%-14s %d cases, %d failed\n", tests[i].name, c.cases - cases, c.failed - failed);
        fflush(stdout);
        if (c.cases == cases) {
            fprintf(stderr, "%s ran no case\n", tests[i].name);
            c.failed++;
        }
    }
    printf("%d passed, %d failed\n", c.cases - c.failed, c.failed);
    return c.failed || c.cases == 0;
}
