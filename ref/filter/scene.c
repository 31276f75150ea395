/* scene -- how much a frame differs from the one before, and whether that is news.
 *
 *   mafd  = 100 * sum |Y[n] - Y[n-1]| / (W*H) / 256         per cent; 0 on frame 0
 *   score = min(mafd[n], |mafd[n] - mafd[n-1]|)             a pan has a large mafd and a small score
 *   scene_score = the same with mafd in grey levels, / 100
 *
 * Both scores pass through a float, as in the public filters.  scdet 5.1 cuts where
 * score > 10; later versions where score >= 10.
 * Source: libavfilter vf_scdet.c, f_select.c (get_scene_score), scene_sad.c. */
#include "luma.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t plane_sad(const struct plane *a, const struct plane *b)
{
    uint64_t sad = 0;
    for (size_t y = 0; y < a->height; y++) {
        const unsigned char *p = a->data + y * a->stride, *q = b->data + y * b->stride;
        uint32_t row = 0;                       /* 32768 * 255 fits */
        for (size_t x = 0; x < a->width; x++) row += (uint32_t)abs(p[x] - q[x]);
        sad += row;
    }
    return sad;
}

enum status scene_init(struct scene *s, size_t width, size_t height, struct err *e)
{
    memset(s, 0, sizeof *s);
    if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE)
        return fail(e, E_ARG, "scene: a plane of %zux%zu samples (1 to %d each way)", width, height, MAX_SIDE);
    s->previous.data = malloc(width * height);
    if (!s->previous.data) return fail(e, E_MEMORY, "scene: no memory for a plane of %zux%zu", width, height);
    s->previous.width = s->previous.stride = width;
    s->previous.height = height;
    return OK;
}

static double clamp_float(double v, float high)
{
    float f = (float)v;
    return f < 0 ? 0 : f > high ? high : f;
}

void scene_frame(struct scene *s, const struct plane *y, struct scene_values *out)
{
    memset(out, 0, sizeof *out);
    if (s->frames > 0) {
        double sad = (double)plane_sad(y, &s->previous), count = (double)y->width * (double)y->height;
        double percent = sad * 100. / count / 256., grey = sad / count;
        out->mafd = percent;
        out->score = clamp_float(fmin(percent, fabs(percent - s->mafd_percent)), 100);
        out->scene_score = clamp_float(fmin(grey, fabs(grey - s->mafd_grey)) / 100., 1);
        out->mean_difference = grey;
        out->cut = out->score > 10;
        s->mafd_percent = percent;
        s->mafd_grey = grey;
    }
    for (size_t i = 0; i < y->height; i++)
        memcpy(s->previous.data + i * s->previous.stride, y->data + i * y->stride, y->width);
    s->frames++;
}

void scene_free(struct scene *s)
{
    free(s->previous.data);
    s->previous.data = NULL;
}
