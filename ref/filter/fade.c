/* fade -- ThresholdDetector: cuts in the middle of fades to black (or to white).
 *
 *   average = mean of all R, G and B samples of a frame (integer sum, one division in double)
 *   FLOOR:    out when average < threshold, in when average >= threshold; CEILING: the reverse,
 *             except that the first frame counts as out when average < threshold in both
 *   in -> out at frame f: remember f
 *   out -> in at frame n: when n - last_cut >= min_scene_len, cut at
 *             f + rne((n - f) (1 + bias) / 2), and last_cut = n, which is not the cut's frame;
 *             a clip that begins faded out has f = its first frame
 *   at the end, with add_final_scene, faded out since f: cut at f when the last frame is
 *             min_scene_len or more after last_cut
 * Source: PySceneDetect 0.7.1, detectors/threshold_detector.py. */
#include "shots.h"

#include <math.h>
#include <string.h>

void fade_init(struct fade *f)
{
    memset(f, 0, sizeof *f);
    f->threshold = 12;
    f->min_scene_len = 15;
    f->method = FADE_FLOOR;
}

double average_rgb(const unsigned char *rgb, size_t pixels)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < 3 * pixels; i++) sum += rgb[i];
    return (double)sum / (double)(3 * pixels);
}

void fade_frame(struct fade *f, int64_t frame, double average, struct cuts *cuts)
{
    int below = average < f->threshold;
    if (!f->started) {
        f->started = 1;
        f->last_cut = f->fade_frame = frame;
        f->out = below;
        return;
    }
    int out = f->method == FADE_FLOOR ? below : !below;
    if (out == f->out) return;
    if (!out && frame - f->last_cut >= f->min_scene_len) {
        double offset = (double)(frame - f->fade_frame) * (1.0 + f->bias) / 2.0;
        cuts_add(cuts, f->fade_frame + (int64_t)rint(offset));
        f->last_cut = frame;
    }
    f->out = out;
    f->fade_frame = frame;
}

void fade_end(const struct fade *f, int64_t last_frame, struct cuts *cuts)
{
    if (f->started && f->out && f->add_final_scene && last_frame - f->last_cut >= f->min_scene_len)
        cuts_add(cuts, f->fade_frame);
}
