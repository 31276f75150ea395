"""Goldens of dense optical flow: OpenCV's calcOpticalFlowFarneback on pictures that C can make again.

    python golden/make/flow.py > golden/filters/flow.json

Needs opencv-python-headless==4.12.0.88 for x86-64, numpy==2.2.6.  OpenCV's code for AVX2 fuses multiply and
add in the blur and the resize, which moves the flow by up to 1e-4 px (more where it is not determined);
it is switched off here, and so is IPP, so that every x86-64 machine makes the same file.

A picture is a smooth texture seen through an affine map: pixel (x,y) shows the texture at
u = (m0 x + m1 y + m2) / 65536, v = (m3 x + m4 y + m5) / 65536 pixels; texture() says the rest in
integers, and tests/test_flow.c says the same in C.  "flat" is a rectangle x0 y0 x1 y1 set to one level in
both pictures.  Settings are pyr_scale, levels, winsize, iterations, poly_n, poly_sigma; flags 0.

Kept are dx and dy at every step-th pixel each way (row by row, 9 digits) and the mean length over all
pixels (summed in float64).  "meter" cases are clips: every frame reduced by INTER_AREA to a long side of
384, and the mean lengths between neighbours.
"""
import json
import os
import sys

os.environ["OPENCV_CPU_DISABLE"] = "AVX,AVX2,FMA3"      # read when cv2 is loaded
os.environ["OPENCV_IPP"] = "disabled"
import cv2
import numpy as np

assert cv2.__version__ == "4.12.0", cv2.__version__
cv2.setNumThreads(1)

ONE = 65536                                     # a pixel, in the units of a map
FAR = 256 * ONE                                 # keeps coordinates positive
DEFAULTS = [0.5, 3, 15, 3, 5, 1.2]


# ---- pictures ----

def lattice(seed, ix, iy):
    """0..255 at a point of the lattice."""
    h = np.uint32(seed) ^ (ix.astype(np.uint32) * np.uint32(0x9E3779B1))
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x85EBCA77)
    h = h ^ (iy.astype(np.uint32) * np.uint32(0xC2B2AE3D))
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0x27D4EB2F)
    return ((h ^ (h >> np.uint32(16))) & np.uint32(255)).astype(np.int64)


def octave(seed, u, v, shift):
    """Lattice of 2^shift / 256 pixels, with smooth steps in between."""
    ix, iy = u >> shift, v >> shift
    tx, ty = u >> (shift - 8) & 255, v >> (shift - 8) & 255
    sx, sy = tx * tx * (768 - 2 * tx) >> 16, ty * ty * (768 - 2 * ty) >> 16
    top = lattice(seed, ix, iy) * (256 - sx) + lattice(seed, ix + 1, iy) * sx
    bottom = lattice(seed, ix, iy + 1) * (256 - sx) + lattice(seed, ix + 1, iy + 1) * sx
    return top * (256 - sy) + bottom * sy >> 16


def texture(seed, u, v):
    return (2 * octave(seed, u, v, 12) + octave(seed + 1, u, v, 10)) // 3


def picture(w, h, seed, m, flat=None):
    y, x = np.mgrid[:h, :w].astype(np.int64)
    u, v = (m[0] * x + m[1] * y + m[2]) >> 8, (m[3] * x + m[4] * y + m[5]) >> 8
    p = texture(seed, u, v).astype(np.uint8)
    if flat:
        x0, y0, x1, y1, level = flat
        p[y0:y1, x0:x1] = level
    return p


def shift(dx, dy):
    return [ONE, 0, FAR - round(dx * ONE), 0, ONE, FAR - round(dy * ONE)]


def turn(w, h, cosine, sine):
    """About the centre; cosine and sine carry the zoom, in 1/65536."""
    cx, cy = w // 2, h // 2
    return [cosine, -sine, FAR + ONE * cx - cosine * cx + sine * cy, sine, cosine, FAR + ONE * cy - sine * cx - cosine * cy]


STILL = shift(0, 0)

CASES = [
    dict(case="shift", w=64, h=48, step=4, after=shift(1.5, -0.75)),
    dict(case="rotation", w=97, h=61, step=6, after=turn(97, 61, 65446, 3430)),
    dict(case="zoom, two sizes", w=160, h=120, step=8, after=turn(160, 120, 63015, 0)),
    dict(case="three sizes", w=150, h=137, step=8, after=shift(-7.25, 4.5)),
    dict(case="four sizes", w=280, h=264, step=16, after=shift(11.25, 6.5)),
    dict(case="64x72: two sizes, the smaller of 32", w=64, h=72, step=5, after=shift(3.5, 0.75)),
    dict(case="side of 33: one size", w=33, h=40, step=3, after=shift(-1, 2.25)),
    dict(case="31x31", w=31, h=31, step=3, after=shift(0.5, 0.5)),
    dict(case="12x7", w=12, h=7, step=1, after=shift(0.5, -0.25)),
    dict(case="9x50", w=9, h=50, step=2, after=shift(0.25, 1)),
    dict(case="50x8", w=50, h=8, step=2, after=shift(-0.5, 0.25)),
    dict(case="4x37", w=4, h=37, step=2, after=shift(0.25, 0.5)),
    dict(case="40x3", w=40, h=3, step=2, after=shift(0.5, 0)),
    dict(case="1x20", w=1, h=20, step=1, after=shift(0, 0.5)),
    dict(case="5x5", w=5, h=5, step=1, after=shift(0.25, 0.25)),
    dict(case="flat area", w=120, h=90, step=5, after=shift(2, 1), flat=[40, 20, 100, 70, 200]),
    dict(case="too far", w=160, h=120, step=8, after=shift(45, -30)),
    dict(case="still", w=72, h=66, step=8, after=STILL),
    dict(case="other settings", w=150, h=140, step=8, after=turn(150, 140, 64800, -2000), settings=[0.8, 5, 21, 2, 7, 1.5]),
    dict(case="even window", w=70, h=66, step=5, after=shift(1.25, 2), settings=[0.5, 2, 10, 4, 5, 1.1]),
    dict(case="one iteration, sigma 0", w=70, h=80, step=5, after=shift(3, -2), settings=[0.6, 2, 15, 1, 3, 0]),
]

METERS = [
    dict(case="meter, wide", w=500, h=300, maps=[STILL, shift(3, 1), turn(500, 300, 65200, 500)]),
    dict(case="meter, tall and odd", w=301, h=517, maps=[STILL, shift(-2, 4.5)]),
    dict(case="meter, small", w=120, h=90, maps=[STILL, shift(1, 0), shift(3, 0)]),
]


# ---- flow ----

def flow_of(before, after, settings):
    return cv2.calcOpticalFlowFarneback(before, after, None, *settings, 0)


def mean_length(flow):
    return float(np.sqrt((flow.astype(np.float64) ** 2).sum(axis=2)).mean())


def run(number, c):
    seed, settings = 1000 + 10 * number, c.get("settings", DEFAULTS)
    before = picture(c["w"], c["h"], seed, STILL, c.get("flat"))
    after = picture(c["w"], c["h"], seed, c["after"], c.get("flat"))
    flow = flow_of(before, after, settings)
    grid = flow[::c["step"], ::c["step"]].reshape(-1)
    return dict(case=c["case"], w=c["w"], h=c["h"], seed=seed, step=c["step"], settings=settings, before=STILL,
                after=c["after"], flat=c.get("flat", []), mean=mean_length(flow),
                flow=[float("%.9g" % v) for v in grid])


def run_meter(number, c):
    seed, w, h = 5000 + 10 * number, c["w"], c["h"]
    longest = max(w, h)
    rw, rh = w, h
    if longest > 384:                           # half up, in integers
        rw, rh = ((2 * side * 384 + longest) // (2 * longest) for side in (w, h))
    frames = [picture(w, h, seed, m) for m in c["maps"]]
    if (rw, rh) != (w, h):
        frames = [cv2.resize(f, (rw, rh), interpolation=cv2.INTER_AREA) for f in frames]
    means = [mean_length(flow_of(a, b, DEFAULTS)) for a, b in zip(frames, frames[1:])]
    return dict(case=c["case"], w=w, h=h, seed=seed, reduced=[rw, rh], maps=c["maps"], means=means)


def main():
    rows = [run(i, c) for i, c in enumerate(CASES)]
    meters = [run_meter(i, c) for i, c in enumerate(METERS)]
    out = ['{"made_by": "golden/make/flow.py, opencv %s",' % cv2.__version__, '"flows": [']
    out.append(",\n".join(json.dumps(r) for r in rows))
    out.append('],\n"meters": [')
    out.append(",\n".join(json.dumps(r) for r in meters))
    sys.stdout.write("\n".join(out) + "\n]}\n")


if __name__ == "__main__":
    main()
