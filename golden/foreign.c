/* foreign -- names out of other people's files, made harmless where they are shown.
 *
 * XML 1.0 (fifth edition), 2.2: of the characters below U+0020 only tab, newline and return
 * exist, and U+FFFE and U+FFFF do not.  DEL and U+0080 to U+009F are discouraged there and
 * obeyed by some viewers: they go too. */
#include "golden.h"

#include <string.h>

void add_shown(struct text *out, const char *s, size_t most)
{
    char line[SHOWN];
    const size_t n = strlen(s);
    text_add(out, "%s%s", show(line, s, n < most ? n : most), n > most ? "..." : "");
}

/* step: bytes of the character at s, as utf8_step says */
static int is_character(const unsigned char *s, size_t step)
{
    if (step == 0) return 0;
    if (step == 1) return (s[0] >= 0x20 && s[0] != 0x7F) || s[0] == '\n' || s[0] == '\t';
    if (step == 2) return s[0] != 0xC2 || s[1] >= 0xA0;
    return step != 3 || s[0] != 0xEF || s[1] != 0xBF || s[2] < 0xBE;
}

static const char *entity(char c)
{
    return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : c == '\'' ? "&#39;" : NULL;
}

void add_markup(struct text *out, const char *s)
{
    const size_t n = strlen(s);
    for (size_t i = 0, step; i < n; i += step ? step : 1) {
        const char *escaped = entity(s[i]);
        step = utf8_step(s + i, n - i);
        if (escaped) text_add(out, "%s", escaped);
        else if (is_character((const unsigned char *)s + i, step)) text_add_bytes(out, s + i, step);
        else text_add_bytes(out, "\xEF\xBF\xBD", 3);
    }
}
