/* progress -- what a long run is doing, for whoever waits at a terminal. */
#define _POSIX_C_SOURCE 200809L
#include "subject.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS = 79 };

/* The one terminal: when its work began, when the line was last written (0: it is not there). */
static time_t began, shown;

void progress_clear(void)
{
    if (shown) fputs("\r\033[K", stderr);
    shown = 0;
}

static enum status show_tap(struct trace *trace, const struct tap *t, struct err *e)
{
    struct progress *p = (struct progress *)trace;
    const time_t now = time(NULL);
    if (difftime(now, began) >= 2 && now != shown) {        /* whole seconds: 2 is surely more than 1 */
        int room = COLUMNS - 2 - (int)strlen(p->what);
        fprintf(stderr, "\r\033[K%s: %.*s", p->what, room > 0 ? room : 0, t->name);
        shown = now;
    }
    return p->inner ? p->inner->tap(p->inner, t, e) : OK;
}

enum status progress_run(struct progress *p, const struct oracle *o, const struct how *how, struct trace *trace,
                         struct tensor *result, struct err *e)
{
    if (!isatty(STDERR_FILENO)) return oracle_run(o, how, trace, result, e);
    if (!began) began = time(NULL);
    p->trace.tap = show_tap;
    p->inner = trace;
    return oracle_run(o, how, &p->trace, result, e);
}
