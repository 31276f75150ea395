/* goldreel -- the golden reference for text-to-video pipelines. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *name, *summary; int (*run)(int, char **); const char *help; } verbs[] = {
    { "list", "what there is: cases, models, kernels, backends, policies, mutants", cmd_list, help_list },
    { "check", "run golden cases on a backend of this machine and judge each tensor", cmd_check, help_check },
    { "verify", "judge a dump of somebody's build", cmd_verify, help_verify },
    { "measure", "every curation filter on clips: numbers, no decisions", cmd_measure, help_measure },
    { "run", "one forward pass or one sampling run, tensors in, tensors out", cmd_run, help_run },
    { "decode", "the frames of a clip as Y4M, or as pictures", cmd_decode, help_decode },
};

static void usage(FILE *to)
{
    fprintf(to, "goldreel %s -- does your text-to-video build compute the right numbers?\n\n"
            "usage: goldreel COMMAND [ARGUMENT...]     goldreel COMMAND --help\n\n", GOLDREEL_VERSION);
    for (size_t i = 0; i < LEN(verbs); i++) fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
    fprintf(to, "\nexit status: 0 agrees or done, 1 differs, 2 trouble (bad usage, unreadable input)\n");
}

/* What was written must have arrived: a full disk is trouble, not success. */
static int finish(int status)
{
    progress_clear();
    return fflush(stdout) || ferror(stdout) ? trouble_text("cannot write to standard output") : status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        usage(stdout);
        return finish(AGREED);
    }
    if (!strcmp(name, "--version")) {
        printf("goldreel %s\n", GOLDREEL_VERSION);
        return finish(AGREED);
    }
    for (size_t i = 0; i < LEN(verbs); i++) {
        if (strcmp(name, verbs[i].name)) continue;
        for (int a = 2; a < argc && strcmp(argv[a], "--"); a++)
            if (!strcmp(argv[a], "--help") || !strcmp(argv[a], "-h")) {
                fputs(verbs[i].help, stdout);
                return finish(AGREED);
            }
        return finish(verbs[i].run(argc - 2, argv + 2));
    }
    usage(stderr);
    return *name ? trouble_text("there is no command \"%s\"", name) : trouble_text("name a command");
}
