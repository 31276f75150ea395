/* flash -- FlashFilter: keeps shots from being shorter than a given length L.
 *
 *   met      = now - last_above >= L, before last_above moves; it starts at the first frame, so
 *              that no cut is closer than L to the start
 *   SUPPRESS   above and met: last_above = now, cut now
 *   MERGE      above: last_above = now, always; then
 *              merging:      met, not above, and last_above - merge_start >= L: cut at last_above,
 *                            no longer merging; nothing otherwise
 *              not merging:  above and met: cut now
 *                            above and not met, after a first cut: merging from now
 *   L <= 0     every frame above is a cut
 *
 * L comes as seconds, or as frames which become seconds by one double division by the frame rate
 * (itself one double division): at NTSC rates a shot of exactly L frames then fails or passes by
 * the last bit, and goldens hold these bits.  Differences of times are exact fractions, rounded
 * once to double.  Source: PySceneDetect 0.7.1, detector.py (FlashFilter), common.py. */
#include "shots.h"

#include <math.h>
#include <string.h>

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a < 0 ? -a : a;
}

/* a * b when it is exact in double, so that a later division rounds once; else *inexact = 1. */
static int64_t times(int64_t a, int64_t b, int *inexact)
{
    const int64_t limit = (int64_t)1 << 52;
    if (a && b && (a > limit / b || a < -(limit / b))) *inexact = 1;
    return *inexact ? 0 : a * b;
}

/* a - b in seconds; never negative, as times do not run backwards. */
static double seconds_between(struct rational a, struct rational b)
{
    int inexact = 0;
    int64_t shared = gcd(a.den, b.den);
    int64_t den = times(a.den / shared, b.den, &inexact);
    int64_t left = times(a.num, b.den / shared, &inexact);
    int64_t right = times(b.num, a.den / shared, &inexact);
    double d;
    if (inexact)                    /* time bases that have nothing to do with each other */
        d = (double)a.num / (double)a.den - (double)b.num / (double)b.den;
    else
        d = (double)(left - right) / (double)den;
    return d > 0 ? d : 0;
}

static struct rational to_microseconds(struct rational t)
{
    struct rational us;
    us.num = (int64_t)rint(1e6 * (double)t.num / (double)t.den);
    us.den = 1000000;
    return us;
}

void flash_init_seconds(struct flash *f, enum flash_mode mode, enum flash_clock clock, double seconds, struct rational rate)
{
    memset(f, 0, sizeof *f);
    f->mode = mode;
    f->clock = clock;
    f->seconds = seconds;
    f->frames = rate.num > 0 ? (int64_t)rint(seconds * ((double)rate.num / (double)rate.den)) : 0;
}

void flash_init(struct flash *f, enum flash_mode mode, enum flash_clock clock, int64_t frames, struct rational rate)
{
    int known = rate.num > 0 && rate.den > 0;
    memset(f, 0, sizeof *f);
    f->mode = mode;
    f->clock = known ? clock : CLOCK_FRAMES;
    f->frames = frames;
    f->seconds = known ? (double)frames / ((double)rate.num / (double)rate.den) : (double)frames;
}

static int long_enough(const struct flash *f, struct moment now, struct moment since)
{
    if (f->clock == CLOCK_FRAMES) return now.frame - since.frame >= f->frames;
    return seconds_between(now.time, since.time) >= f->seconds;
}

void flash_frame(struct flash *f, int64_t frame, struct rational time, int above, struct cuts *cuts)
{
    if (f->seconds <= 0) {
        if (above) cuts_add(cuts, frame);
        return;
    }
    struct moment now;
    now.frame = frame;
    now.time = f->clock == CLOCK_MICROSECONDS ? to_microseconds(time) : time;
    if (!f->started) {
        f->started = 1;
        f->last_above = now;
    }
    int met = long_enough(f, now, f->last_above);
    if (above && (met || f->mode == FLASH_MERGE)) f->last_above = now;
    if (f->mode == FLASH_SUPPRESS) {
        if (above && met) cuts_add(cuts, frame);
    } else if (f->merging) {
        if (met && !above && long_enough(f, f->last_above, f->merge_start)) {
            f->merging = 0;
            cuts_add(cuts, f->last_above.frame);
        }
    } else if (above && met) {
        f->merge_enabled = 1;
        cuts_add(cuts, frame);
    } else if (above && f->merge_enabled) {
        f->merging = 1;
        f->merge_start = f->last_above;
    }
}
