/* cli -- what the commands share.  Only files in this folder print and exit. */
#ifndef GOLDREEL_CLI_H
#define GOLDREEL_CLI_H

#include "subject.h"

#define GOLDREEL_VERSION "0.1.0"

/* Exit status of every command. */
enum { AGREED = 0, DIFFERED = 1, TROUBLE = 2 };

/* An option: with `value` it takes one, with `flag` it is set to 1. */
struct option { const char *name; const char **value; int *flag; };

/* Sorts argv into options and operands (moved to its front).  Both "--name value" and
 * "--name=value" are understood, "--" ends the options.  -1 and a message when an option is
 * unknown or lacks its value. */
int options_parse(int argc, char **argv, const struct option *o, size_t count, const char *command);

/* Says what went wrong on stderr, "goldreel: TEXT", and returns TROUBLE. */
int trouble(const struct err *e);
int trouble_text(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The lines of problems, indented, on stderr; frees them. */
void print_problems(struct text *problems);

int folder_exists(const char *path);

/* Where the golden cases are: --cases, $GOLDREEL_CASES, golden/cases here, beside the
 * program, or where `make install` put them.  malloc'ed; NULL when there is none. */
char *cases_folder(const char *wanted);
/* The folder of a case given by name or as a folder itself. */
char *case_folder(const char *cases, const char *name);

/* A float backend by name or as a plug-in ("./x.so", a path with a slash). */
struct backend {
    const struct kernels_f32 *kernels;      /* NULL: "ref", the double truth */
    void *ctx, *library;
    struct kernels_f32 filled;              /* a plug-in's table with its holes filled */
    char name[100];
};
int backend_open(struct backend *b, const char *name, struct err *e);  /* 1 on success */
void backend_close(struct backend *b);
extern const char *const backend_names[];   /* "ref", "c", NULL */

/* Whole numbers and numbers from an option; 0 and a message when it is none. */
int parse_size(const char *option, const char *text, size_t least, size_t most, size_t *out);
int parse_number(const char *option, const char *text, double least, double most, double *out);
int parse_islands(const char *text, enum dtype *out);

/* Writes a report; "-" is stdout. */
int write_report(const char *path, const struct text *t);

int cmd_list(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_decode(int argc, char **argv);
int cmd_measure(int argc, char **argv);
extern const char help_decode[], help_list[], help_run[], help_check[], help_verify[], help_measure[];

#endif
