/* plugin -- a backend of your own, checked by `goldreel check ./yours.so`.
 *
 * The library exports one function, goldreel_plugin, and returns a table of the kernels it
 * has; a NULL entry is filled with the portable one, so a single kernel can be checked inside
 * a whole model.  Kernel signatures and contracts: kernels.def.  Called from one thread. */
#ifndef GOLDREEL_PLUGIN_H
#define GOLDREEL_PLUGIN_H

#include "kernels.h"

enum { GOLDREEL_PLUGIN_VERSION = 1 };   /* changes with every change of kernels.def */

struct goldreel_plugin {
    unsigned version;                   /* GOLDREEL_PLUGIN_VERSION of the header it was built with */
    size_t kernels_size;                /* sizeof(struct kernels_f32) there */
    const struct kernels_f32 *kernels;
    void *ctx;                          /* handed to every kernel */
};

typedef const struct goldreel_plugin *goldreel_plugin_function(void);

#endif
