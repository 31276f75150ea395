/* common -- options, messages and places. */
#define _POSIX_C_SOURCE 200809L
#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Messages hold names out of files that may mean harm; a terminal obeys C0, DEL and C1. */
static void put_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i], next = i + 1 < n ? (unsigned char)s[i + 1] : 0;
        int obeyed = c < 0x20 || c == 0x7F || (c == 0xC2 && next >= 0x80 && next < 0xA0);
        fputc(obeyed ? '?' : c, stderr);
        i += obeyed && c == 0xC2;
    }
    fputc('\n', stderr);
}

int trouble_text(const char *fmt, ...)
{
    char text[2000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fflush(stdout);
    progress_clear();
    fputs("goldreel: ", stderr);
    put_plain(text, strlen(text));
    return TROUBLE;
}

int trouble(const struct err *e) { return trouble_text("%s", e->text); }

void print_problems(struct text *problems)
{
    const char *s = problems->s;
    for (size_t n; s && *s; s += n + (s[n] == '\n')) {
        n = strcspn(s, "\n");
        fputs("  ", stderr);
        put_plain(s, n);
    }
    text_free(problems);
}

int options_parse(int argc, char **argv, const struct option *o, size_t count, const char *command)
{
    int operands = 0, ended = 0;
    for (int a = 0; a < argc; a++) {
        const char *equals = strchr(argv[a], '=');
        size_t length = equals ? (size_t)(equals - argv[a]) : strlen(argv[a]), i;
        if (ended || argv[a][0] != '-' || !argv[a][1]) { argv[operands++] = argv[a]; continue; }
        if (!strcmp(argv[a], "--")) { ended = 1; continue; }
        for (i = 0; i < count; i++)
            if (strlen(o[i].name) == length && !strncmp(o[i].name, argv[a], length)) break;
        if (i == count) {
            trouble_text("%s: there is no option %s (see goldreel %s --help)", command, argv[a], command);
            return -1;
        }
        if (o[i].flag) {
            if (equals) { trouble_text("%s: %s takes no value", command, o[i].name); return -1; }
            *o[i].flag = 1;
        } else if (equals) {
            *o[i].value = equals + 1;
        } else if (a + 1 < argc) {
            *o[i].value = argv[++a];
        } else {
            trouble_text("%s: %s needs a value", command, o[i].name);
            return -1;
        }
    }
    return operands;
}

int parse_size(const char *option, const char *text, size_t least, size_t most, size_t *out)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || *end || end == text || text[0] < '0' || text[0] > '9' || v < least || v > most) {
        trouble_text("%s must be a whole number from %zu to %zu, found \"%s\"", option, least, most, text);
        return 0;
    }
    *out = (size_t)v;
    return 1;
}

int parse_number(const char *option, const char *text, double least, double most, double *out)
{
    char *end;
    double v = strtod(text, &end);
    if (*end || end == text || !(v >= least && v <= most)) {
        trouble_text("%s must be a number from %g to %g, found \"%s\"", option, least, most, text);
        return 0;
    }
    *out = v;
    return 1;
}

int parse_islands(const char *text, enum dtype *out)
{
    if (!strcmp(text, "f32")) *out = F32;
    else if (!strcmp(text, "f64")) *out = F64;
    else { trouble_text("--islands must be f32 or f64, found \"%s\"", text); return 0; }
    return 1;
}

int write_report(const char *path, const struct text *t)
{
    struct err e;
    progress_clear();
    if (t->failed) { trouble_text("no memory for the report %s", path); return 0; }
    if (!strcmp(path, "-")) return fwrite(t->s, 1, t->len, stdout) == t->len;
    if (file_write(path, t->s ? t->s : "", t->len, &e)) { trouble(&e); return 0; }
    return 1;
}

/* ---- places ---- */

int folder_exists(const char *path)
{
    struct stat st;
    return path && !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* The folder of this program, with a slash; "" when the system does not tell. */
static void program_folder(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    out[n > 0 ? n : 0] = 0;
    char *slash = strrchr(out, '/');
    if (slash) slash[1] = 0;
    else out[0] = 0;
}

char *cases_folder(const char *wanted)
{
    static const char *const beside[] = { "../../golden/cases", "../golden/cases", "../share/goldreel/cases" };
    char program[1024];
    const char *named = wanted ? wanted : getenv("GOLDREEL_CASES");
    if (named) return path_join("", named);
    if (folder_exists("golden/cases")) return path_join("", "golden/cases");
    program_folder(program, sizeof program);
    for (size_t i = 0; i < LEN(beside) && *program; i++) {
        char *path = path_join(program, beside[i]);
        if (folder_exists(path)) return path;
        free(path);
    }
    return NULL;
}

char *case_folder(const char *cases, const char *name)
{
    if (strchr(name, '/') || folder_exists(name)) return path_join("", name);
    return cases ? path_join(cases, name) : NULL;
}
