/* status -- one line that says what went wrong. */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>

enum status fail(struct err *e, enum status code, const char *fmt, ...)
{
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        e->code = code;
        vsnprintf(e->text, sizeof e->text, fmt, ap);
        va_end(ap);
    }
    return code;
}
