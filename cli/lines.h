/* lines -- a file of JSON lines that grows line by line and never holds half a one. */
#ifndef GOLDREEL_LINES_H
#define GOLDREEL_LINES_H

#include "../ref/io/io.h"

/* path NULL: standard output.  failed: what went wrong first; later lines are dropped. */
struct lines { int fd, open; const char *path; struct err error; };

/* Clips that have a line without "error". */
struct line_set { char **name; size_t count; };

/* A file that exists is refused (E_ARG) unless `resume`: then its clips go into known, lines
 * with "error" and half a line at the end are cut off or measured again, and lines are added. */
enum status lines_open(struct lines *l, const char *path, int resume, struct line_set *known, struct err *e);
/* One or more whole lines, written with one call; what was written of a failed one is cut off. */
void lines_add(struct lines *l, const struct text *t);
enum status lines_close(struct lines *l, struct err *e);

int line_set_has(const struct line_set *s, const char *name);
void line_set_free(struct line_set *s);

/* "what: done of count" on stderr when it is a terminal. */
void lines_progress(const char *what, size_t done, size_t count);

#endif
