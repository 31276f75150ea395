/* backend -- finds a backend by name, or loads a plug-in. */
#define _POSIX_C_SOURCE 200809L
#include "cli.h"

#include "../ref/plugin.h"

#include <stdio.h>
#include <string.h>
#ifndef NO_PLUGINS
#include <dlfcn.h>
#endif

const char *const backend_names[] = { "ref", "c", NULL };

#ifndef NO_PLUGINS
static int open_plugin(struct backend *b, const char *path, struct err *e)
{
    goldreel_plugin_function *get;
    b->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!b->library) return fail(e, E_OPEN, "%s", dlerror()), 0;
    void *symbol = dlsym(b->library, "goldreel_plugin");
    if (!symbol) return fail(e, E_DATA, "%s: exports no function goldreel_plugin", path), 0;
    memcpy(&get, &symbol, sizeof get);      /* ISO C has no cast from object to function pointer */
    const struct goldreel_plugin *p = get();
    if (!p || p->version != GOLDREEL_PLUGIN_VERSION || p->kernels_size != sizeof *p->kernels || !p->kernels)
        return fail(e, E_DATA, "%s: plug-in version %u with a table of %zu bytes; this program needs version %d with %zu",
                    path, p ? p->version : 0, p ? p->kernels_size : 0, GOLDREEL_PLUGIN_VERSION,
                    sizeof(struct kernels_f32)), 0;
    b->filled = kernels_c;
#define KERNEL(name, contract, args) if (p->kernels->name) b->filled.name = p->kernels->name;
#include "../ref/kernels.def"
#undef KERNEL
    b->filled.isa = p->kernels->isa ? p->kernels->isa : "plug-in";
    b->kernels = &b->filled;
    b->ctx = p->ctx;
    return 1;
}
#else
static int open_plugin(struct backend *b, const char *path, struct err *e)
{
    (void)b;
    return fail(e, E_UNSUPPORTED, "%s: this program was built without plug-ins", path), 0;
}
#endif

int backend_open(struct backend *b, const char *name, struct err *e)
{
    memset(b, 0, sizeof *b);
    snprintf(b->name, sizeof b->name, "%s", name);
    if (!strcmp(name, "ref")) return 1;
    if (!strcmp(name, "c")) { b->kernels = &kernels_c; return 1; }
    if (!strchr(name, '/'))
        return fail(e, E_ARG, "there is no backend \"%s\" here: ref, c, or a plug-in such as ./mine.so", name), 0;
    if (open_plugin(b, name, e)) return 1;
    backend_close(b);
    return 0;
}

void backend_close(struct backend *b)
{
#ifndef NO_PLUGINS
    if (b->library) dlclose(b->library);
#endif
    memset(b, 0, sizeof *b);
}
