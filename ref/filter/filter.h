/* filter -- frames -> numbers.  A filter measures, it never decides.  Every filter is a small
 * state fed with one frame at a time; nothing keeps the clip.  Luma filters read the Y plane
 * as stored (8 bits a sample); colour filters read RGB.  Undefined values are NaN. */
#ifndef GOLDREEL_FILTER_H
#define GOLDREEL_FILTER_H

#include "../image/image.h"

/* Frame numbers of cuts, ascending. */
struct cuts { int64_t *frame; size_t count, room; int failed; };
void cuts_add(struct cuts *c, int64_t frame);
void cuts_free(struct cuts *c);

#endif
