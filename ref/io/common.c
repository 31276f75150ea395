/* common -- what the readers share: names shown in messages, UTF-8, a sort without a bad
 * case, sizes that cannot overflow, byte order.
 *
 * UTF-8: the table of well-formed byte sequences, The Unicode Standard, table 3-7. */
#include "private.h"

#include <stdio.h>
#include <string.h>

size_t utf8_step(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    if (n == 0) return 0;
    if (s[0] < 0x80) return 1;
    size_t len = 0;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) len = 2;
    else if (s[0] >= 0xE0 && s[0] <= 0xEF) len = 3;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4) len = 4;
    if (!len || len > n) return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if (s[0] == 0xE0 && s[1] < 0xA0) return 0;      /* overlong */
    if (s[0] == 0xED && s[1] > 0x9F) return 0;      /* surrogates */
    if (s[0] == 0xF0 && s[1] < 0x90) return 0;      /* overlong */
    if (s[0] == 0xF4 && s[1] > 0x8F) return 0;      /* beyond U+10FFFF */
    return len;
}

int utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0, step; i < n; i += step)
        if (!(step = utf8_step(s + i, n - i))) return 0;
    return 1;
}

char *show(char out[SHOWN], const char *s, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; ) {
        size_t step = utf8_step(s + i, n - i);
        unsigned char c = (unsigned char)s[i];
        /* a terminal obeys C0, DEL and C1 (0xC2 0x80..0x9F) */
        int plain = step && c >= 0x20 && c != 0x7F && !(c == 0xC2 && (unsigned char)s[i + 1] < 0xA0);
        if (at + 4 > SHOWN - 4) { memcpy(out + at, "...", 4); return out; }
        if (plain) {
            memcpy(out + at, s + i, step);
            at += step;
            i += step;
        } else {
            snprintf(out + at, 5, "\\x%02x", c);
            at += 4;
            i++;
        }
    }
    out[at] = 0;
    return out;
}

const char *path_tail(const char *path)
{
    enum { KEPT = 200 };
    size_t n = strlen(path);
    return n > KEPT ? path + n - KEPT : path;
}

/* Heap sort: no memory, no recursion, no input that makes it quadratic. */
static void sift(const void **a, size_t root, size_t n, int (*order)(const void *, const void *))
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && order(a[child], a[child + 1]) < 0) child++;
        if (order(a[root], a[child]) >= 0) return;
        const void *swap = a[root];
        a[root] = a[child];
        a[child] = swap;
    }
}

void sort_pointers(const void **a, size_t n, int (*order)(const void *, const void *))
{
    for (size_t i = n / 2; i-- > 0; ) sift(a, i, n, order);
    for (size_t end = n; end > 1; ) {
        const void *largest = a[0];
        a[0] = a[--end];
        a[end] = largest;
        sift(a, 0, end, order);
    }
}

int shape_bytes(const size_t *shape, int rank, size_t each, size_t *bytes)
{
    size_t n = 1;
    for (int i = 0; i < rank; i++) {
        if (shape[i] && n > SIZE_MAX / shape[i]) return 0;
        n *= shape[i];
    }
    if (n > SIZE_MAX / each) return 0;
    *bytes = n * each;
    return 1;
}

int host_is_big_endian(void)
{
    uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

void copy_swapped(void *dst, const void *src, size_t each, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;
    for (size_t i = 0; i < n; i++, d += each, s += each)
        for (size_t k = 0; k < each; k++) d[k] = s[each - 1 - k];
}

enum status write_little_endian(struct file_writer *w, const void *data, size_t each, size_t n, struct err *e)
{
    if (each == 1 || !host_is_big_endian()) return file_writer_add(w, data, n * each, e);
    unsigned char part[4096];
    const unsigned char *p = data;
    for (size_t done = 0, now; done < n; done += now) {
        now = n - done < sizeof part / each ? n - done : sizeof part / each;
        copy_swapped(part, p + done * each, each, now);
        enum status s = file_writer_add(w, part, now * each, e);
        if (s) return s;
    }
    return OK;
}
