/* arena -- bump memory.  The same code allocates twice: once on an arena without
 * memory, which only counts, and once on the arena made from that count. */
#include "base.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };

enum status arena_create(struct arena *a, size_t size, struct err *e)
{
    memset(a, 0, sizeof *a);
    /* malloc and not calloc: a forgotten initialisation must stay visible to valgrind */
    a->base = malloc(size ? size + ALIGN : ALIGN);
    if (!a->base || size > SIZE_MAX - ALIGN) {
        free(a->base);
        a->base = NULL;
        return fail(e, E_MEMORY, "no memory for %zu bytes of intermediates", size);
    }
    a->size = size + ALIGN;
    /* the first block starts at the first aligned address */
    a->used = a->peak = (ALIGN - (uintptr_t)a->base % ALIGN) % ALIGN;
    return OK;
}

void *arena_alloc(struct arena *a, size_t count, size_t each)
{
    if (each && count > (SIZE_MAX - ALIGN) / each) { a->overflow = 1; return NULL; }
    size_t bytes = (count * each + ALIGN - 1) / ALIGN * ALIGN;
    if (bytes > SIZE_MAX - a->used || (a->base && bytes > a->size - a->used)) {
        a->overflow = 1;
        return NULL;
    }
    void *p = a->base ? a->base + a->used : NULL;
    a->used += bytes;
    if (a->used > a->peak) a->peak = a->used;
    return p;
}

void arena_free(struct arena *a)
{
    free(a->base);
    memset(a, 0, sizeof *a);
}
