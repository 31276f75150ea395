"""Goldens of the camera fit: flow fields that C can make again, fitted here.

    python golden/make/camera.py > golden/filters/camera.json

Needs opencv-python-headless==4.12.0.88 and numpy==2.2.6.  There is no public program for the fit of
ref/filter/camera.c, so "fit" is a second implementation of its description, by other means: eigenvalues and
weighted least squares from numpy.linalg on the stacked equations.  "opencv" is estimateAffinePartial2D (RANSAC,
3 px) on the same vectors, an estimator of somebody else: it agrees to the noise of the field where there is
one motion, or where others differ from it by more than its 3 px (kept in these cases only).

A field: pixel (x,y), centred at (cx,cy) = ((w-1)/2,(h-1)/2), moves by
    dx = a + s (x - cx) - r (y - cy) + n(0)     dy = b + r (x - cx) + s (y - cy) + n(1)
with a, b in px/1000 and s, r in millionths, n(k) = (hash & 1023 - 512) * noise / 512 px/1000, rounded to
float32; inside "other" (x0 y0 x1 y1) instead by that rectangle's (dx, dy) px/1000.  Luma is hash & 255,
inside "flat" 128, inside "stripes" 255 where x & 4, else 0, inside "faint" (x0 y0 x1 y1 mask) 120 + (hash & mask).
"""
import json
import sys

import cv2
import numpy as np

assert cv2.__version__ == "4.12.0", cv2.__version__

CASES = [
    {"case": "pan", "w": 128, "h": 72, "model": [-1500, 250, 0, 0], "noise": 0},
    {"case": "zoom and roll with noise", "w": 160, "h": 90, "model": [300, -200, 12000, -8700], "noise": 120},
    {"case": "object and untextured parts", "w": 192, "h": 108, "model": [2000, -1000, -6000, 4000], "noise": 60,
     "other": [60, 30, 140, 80, -3000, 4000], "flat": [0, 0, 50, 60], "stripes": [140, 60, 192, 108],
     "faint": [150, 0, 192, 60, 3]},
    {"case": "odd sizes, a third is another plane", "w": 75, "h": 131, "model": [0, 700, 0, 15000], "noise": 30,
     "faint": [0, 0, 75, 90, 7], "other": [0, 90, 75, 131, 2500, 0]},
    {"case": "nothing but noise", "w": 96, "h": 96, "model": [0, 0, 0, 0], "noise": 4000},
    {"case": "too few vectors", "w": 64, "h": 16, "model": [100, 0, 0, 0], "noise": 0, "flat": [24, 0, 64, 16]},
]
AGREE = ("pan", "zoom and roll with noise", "object and untextured parts")


def mix(x, y, k):
    h = (x.astype(np.uint32) * np.uint32(0x9E3779B1)) ^ (y.astype(np.uint32) * np.uint32(0x85EBCA6B))
    h = h ^ np.uint32(k * 0xC2B2AE35 & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    return (h ^ (h >> np.uint32(15))).astype(np.int64)


def inside(rectangle, x, y):
    x0, y0, x1, y1 = rectangle[:4]
    return (x >= x0) & (x < x1) & (y >= y0) & (y < y1)


def make(c):
    y, x = np.mgrid[0:c["h"], 0:c["w"]]
    cx, cy = x - (c["w"] - 1) / 2, y - (c["h"] - 1) / 2
    a, b = c["model"][0] / 1000, c["model"][1] / 1000
    s, r = c["model"][2] / 1000000, c["model"][3] / 1000000
    n = [((mix(x, y, k) & 1023) - 512) * c["noise"] / 512 / 1000 for k in (1, 2)]
    dx, dy = a + s * cx - r * cy + n[0], b + r * cx + s * cy + n[1]
    luma = mix(x, y, 3) & 255
    if "other" in c:
        at = inside(c["other"], x, y)
        dx, dy = np.where(at, c["other"][4] / 1000, dx), np.where(at, c["other"][5] / 1000, dy)
    if "flat" in c:
        luma[inside(c["flat"], x, y)] = 128
    if "stripes" in c:
        luma = np.where(inside(c["stripes"], x, y), np.where(x & 4, 255, 0), luma)
    if "faint" in c:
        at = inside(c["faint"], x, y)
        luma[at] = 120 + (mix(x, y, 3)[at] & c["faint"][4])
    return np.stack([dx, dy], -1).astype(np.float32), luma


def textured(luma, x, y):
    p = np.pad(luma, 4, mode="edge").astype(float)
    near = p[y:y + 9, x:x + 9]                   # pixel (x,y) is its middle
    gx, gy = (near[1:-1, 2:] - near[1:-1, :-2]) / 2, (near[2:, 1:-1] - near[:-2, 1:-1]) / 2
    m = np.array([[np.mean(gx * gx), np.mean(gx * gy)], [np.mean(gx * gy), np.mean(gy * gy)]])
    return np.linalg.eigvalsh(m)[0] >= 1


def fit(flow, luma):
    h, w = luma.shape
    at = [(x, y) for y in range(4, h, 8) for x in range(4, w, 8) if textured(luma, x, y)]
    out = {"vectors": len(at)}
    if len(at) < 8:
        return out, None
    px = np.array(at)
    uv = np.array([flow[y, x] for x, y in at], dtype=float)         # pixels throughout
    x, y = px[:, 0] - (w - 1) / 2, px[:, 1] - (h - 1) / 2
    one, zero = np.ones(len(at)), np.zeros(len(at))
    rows = np.concatenate([np.stack([one, zero, x, -y], 1), np.stack([zero, one, y, x], 1)])
    right = np.concatenate([uv[:, 0], uv[:, 1]])
    model = np.array([np.median(uv[:, 0]), np.median(uv[:, 1]), 0, 0])

    def residuals():
        res = right - rows @ model
        mad = np.median(np.abs(res))
        rho = np.hypot(res[:len(at)], res[len(at):])
        return mad, rho, 4.685 * 1.4826 * max(mad, 0.05)

    for _ in range(10):
        mad, rho, c = residuals()
        weight = np.where(rho < c, (1 - (rho / c) ** 2) ** 2, 0)
        root = np.sqrt(np.concatenate([weight, weight]))
        model = np.linalg.lstsq(rows * root[:, None], right * root, rcond=None)[0]
    mad, rho, c = residuals()
    ok = rho < c
    upper, lower = y < -h / 6, y >= h / 6
    middle = (np.abs(x) <= 0.2 * w) & (np.abs(y) <= 0.2 * h)
    out.update(a_px=model[0], b_px=model[1], s=model[2], r=model[3], inliers=np.mean(ok), mad_px=mad,
               flow_px=np.median(np.hypot(uv[ok, 0], uv[ok, 1])), residual_px=np.median(rho[ok]),
               upper_px=np.median(uv[upper, 0]), lower_px=np.median(uv[lower, 0]))
    if middle.any():
        out.update(centre_x_px=np.median(uv[middle, 0]), centre_y_px=np.median(uv[middle, 1]))
    m, _ = cv2.estimateAffinePartial2D(np.stack([x, y], 1), np.stack([x + uv[:, 0], y + uv[:, 1]], 1))
    return out, [m[0, 2], m[1, 2], m[0, 0] - 1, m[1, 0]]


def track(width, rate, frames):
    """Motion i: see tests/test_camera.c, motion_of().  Jitter by convolution; ends average what there is."""
    i = np.arange(frames)
    a, b = (i * 37 % 11 - 3) / 8, (i * 53 % 7 - 3) / 16
    k = min(max(int(0.25 * rate + 0.5), 1), 64)
    box = np.ones(2 * k + 1)
    count = np.convolve(np.ones(frames), box)[k:frames + k]
    left = [v - np.convolve(v, box)[k:frames + k] / count for v in (a, b)]
    return {"width": width, "rate": rate, "frames": frames, "a": a.mean() / width * rate, "b": b.mean() / width * rate,
            "s": np.mean((i % 5 - 1) / 1000) * rate, "r": np.mean((i % 3 - 2) / 1000) * rate,
            "jitter": np.sqrt(np.mean(left[0] ** 2 + left[1] ** 2)) / width,
            "net": np.hypot(a.sum(), b.sum()) / np.hypot(a, b).sum(),
            "net_s": abs(np.sum(i % 5 - 1)) / np.sum(np.abs(i % 5 - 1)),
            "parallax": np.sum(i % 4) / 8 / np.sum(1 + i % 3)}


def plain(o):
    return {k: int(v) if isinstance(v, (int, np.integer)) else float("%.15g" % v) for k, v in o.items()}


def main():
    fits = []
    for c in CASES:
        found, cv = fit(*make(c))
        row = dict(c, fit=plain(found))
        if cv and c["case"] in AGREE:
            row["opencv"] = [float("%.9g" % v) for v in cv]
        fits.append(row)
    tracks = [plain(track(*t)) for t in ((128, 25, 90), (256, 24, 9), (100, 2, 7), (320, 1000, 300), (64, 30, 1))]
    out = {"versions": {"opencv": cv2.__version__, "numpy": np.__version__}}
    text = json.dumps(out)[:-1] + ',\n"fits": [\n' + ",\n".join(map(json.dumps, fits))
    sys.stdout.write(text + '\n],\n"tracks": [\n' + ",\n".join(map(json.dumps, tracks)) + "\n]}\n")


main()
