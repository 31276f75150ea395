"""Goldens of the shot detectors: PySceneDetect itself on clips that C can make again.

    python golden/make/shots.py [FOLDER_WITH_Y4M_CLIPS] > golden/filters/shots.json

Needs scenedetect==0.7.1, opencv-python-headless==4.12.0.88, numpy==2.2.6 (scenedetect pulls in
opencv-python; both must be the same version, or only the pinned one be installed).

A clip is a list of segments, each `frames seed drift noise level0 level1 add`; pixel() says what they
mean in 32-bit integers, and tests/test_shots.c says the same in C.  The frames go to PySceneDetect
through a VideoStream of our own, so that no codec and no colour conversion is in between, with
time stamps of four kinds: exact fractions, microseconds, milliseconds (as in Matroska), frame
numbers.  Runs at full size except those with "downscale".

Clips of the folder (optional) are converted to RGB by the exact formula (nearest chroma, BT.601
limited range, rounded half up) in integers.
"""
import json
import os
import sys
from fractions import Fraction

import cv2
import numpy as np
import scenedetect
from scenedetect import (AdaptiveDetector, ContentDetector, HashDetector, HistogramDetector, SceneManager,
                         StatsManager, ThresholdDetector)
from scenedetect.common import FrameTimecode, Timecode
from scenedetect.detector import FlashFilter
from scenedetect.video_stream import VideoStream

assert scenedetect.__version__ == "0.7.1" and cv2.__version__ == "4.12.0", (scenedetect.__version__, cv2.__version__)


# ---- clips ----

def mix(*words):
    """A 32-bit hash of up to four words (scalars or arrays), as an array of uint32."""
    h = np.zeros((1, 1, 1), np.uint32)          # an array: scalars warn when they wrap around
    for word in words:
        h = (h ^ np.asarray(word).astype(np.uint32)) * np.uint32(0x9E3779B1)
        h = (h ^ (h >> np.uint32(15))) * np.uint32(0x85EBCA77)
        h = h ^ (h >> np.uint32(13))
    return h


def pixel(width, height, number, t, segment):
    """RGB of frame t of a segment, which is frame `number` of the clip."""
    frames, seed, drift, noise, level0, level1, add = segment
    y, x, c = np.ogrid[:height, :width, :3]
    level = level1 if frames == 1 else (level0 * (frames - 1 - t) + level1 * t) // (frames - 1)
    block = (mix(seed, (x + drift * t) // 8, y // 8, c) >> np.uint32(24)).astype(np.int64)
    v = block * level // 256 + add
    if noise:
        v = v + (mix(number + 1, x, y, c) >> np.uint32(8)).astype(np.int64) % (2 * noise + 1) - noise
    return np.clip(v, 0, 255).astype(np.uint8)


def segments_clip(clip):
    frames = []
    for segment in clip["segments"]:
        for t in range(segment[0]):
            frames.append(pixel(clip["width"], clip["height"], len(frames), t, segment))
    return frames


def lcg(seed):
    while True:
        seed = (seed * 1664525 + 1013904223) % 2**32
        yield seed >> 8


def random_segments(seed, frames):
    r, out = lcg(seed), []
    while sum(s[0] for s in out) < frames:
        length = [1, 2, 3, 5, 8, 13, 14, 15, 16, 17, 21, 29, 31, 40][next(r) % 14]
        out.append([length, next(r) % 1000, next(r) % 3, next(r) % 9, 40 + next(r) % 216, 40 + next(r) % 216, next(r) % 40])
    return out


CLIPS = {
    # hard cuts with shots just under, at and over the least length
    "cuts": dict(width=48, height=36, segments=[
        [n, 100 + i, i % 3, 4, 256, 256, 0] for i, n in enumerate([20, 14, 15, 16, 30, 15, 15, 14, 14, 31])]),
    # a flash of one frame at frame 1, 2 ... 16 of each shot
    "flashes": dict(width=48, height=36, segments=[
        s for k in range(1, 17) for s in ([k, 300 + k, 0, 3, 200, 200, 0], [1, 300 + k, 0, 3, 200, 200, 120],
                                          [24 - k, 300 + k, 0, 3, 200, 200, 0])]),
    # fades out and in, of several lengths; ends dark
    "fades": dict(width=48, height=36, segments=[
        s for i, (a, dark, b) in enumerate([(10, 5, 10), (7, 1, 3), (20, 12, 20), (3, 2, 9), (12, 4, 1)])
        for s in ([18, 500 + i, 1, 0, 256, 256, 0], [a, 500 + i, 1, 0, 256, 0, 0], [dark, 1, 0, 2, 0, 0, 1],
                  [b, 501 + i, 1, 0, 0, 256, 0])] + [[20, 505, 1, 0, 256, 256, 0], [9, 505, 1, 0, 256, 0, 0], [17, 1, 0, 0, 0, 0, 0]]),
    # begins dark; goes to white and back; the threshold itself
    "white": dict(width=48, height=36, segments=[
        [6, 1, 0, 0, 0, 0, 3], [9, 700, 0, 2, 0, 256, 0], [20, 700, 0, 2, 256, 256, 0], [8, 700, 0, 2, 256, 256, 250],
        [25, 701, 0, 2, 256, 256, 0], [5, 1, 0, 0, 0, 0, 255], [30, 702, 0, 2, 256, 256, 0],
        [5, 1, 0, 0, 0, 0, 11], [7, 1, 0, 0, 0, 0, 12], [4, 1, 0, 0, 0, 0, 11], [3, 1, 0, 0, 0, 0, 13], [20, 703, 0, 2, 256, 256, 0]]),
    # nothing moves, or hardly anything, between the cuts; flat pictures
    "still": dict(width=48, height=36, segments=[
        [20, 800, 0, 0, 256, 256, 0], [18, 801, 0, 0, 256, 256, 0], [4, 1, 0, 0, 0, 0, 0], [16, 1, 0, 0, 0, 0, 128],
        [17, 802, 0, 0, 30, 30, 0], [9, 803, 0, 0, 34, 34, 0], [20, 804, 0, 0, 256, 256, 0],
        [20, 805, 0, 0, 256, 255, 0], [20, 806, 0, 0, 250, 251, 0]]),
    "random1": dict(width=32, height=24, segments=random_segments(1, 390)),
    "random2": dict(width=37, height=29, segments=random_segments(2, 390)),
    "wide": dict(width=330, height=187, segments=[[8, 900, 3, 5, 256, 256, 0], [9, 901, 5, 5, 256, 256, 0], [7, 902, 1, 5, 200, 250, 9]]),
}

RATES = ["24000/1001", "25/1", "30000/1001", "60/1"]
CLOCKS = ["time", "microseconds", "milliseconds", "frames"]


# ---- PySceneDetect ----

class Frames(VideoStream):
    BACKEND_NAME = "frames"

    def __init__(self, frames, rate, clock):
        self._frames, self._rate, self._clock, self._n = frames, Fraction(rate), clock, 0

    path = name = "frames"
    is_seekable = False
    aspect_ratio = 1.0
    frame_rate = property(lambda s: s._rate)
    duration = property(lambda s: FrameTimecode(len(s._frames), s._rate))
    frame_size = property(lambda s: (s._frames[0].shape[1], s._frames[0].shape[0]))
    frame_number = property(lambda s: s._n)
    position_ms = property(lambda s: s.position.seconds * 1000)

    @property
    def position(self):
        n = max(0, self._n - 1)
        if self._clock == "frames":
            return FrameTimecode(n, self._rate)
        if self._clock == "time":
            return FrameTimecode(Timecode(n * self._rate.denominator, Fraction(1, self._rate.numerator)), self._rate)
        unit = {"microseconds": 1000000, "milliseconds": 1000}[self._clock]
        return FrameTimecode(Timecode(round(n * unit / self._rate), Fraction(1, unit)), self._rate)

    def read(self, decode=True):
        if self._n == len(self._frames):
            return False
        self._n += 1
        return np.ascontiguousarray(self._frames[self._n - 1][:, :, ::-1]) if decode else True

    def reset(self):
        self._n = 0

    def seek(self, target):
        raise NotImplementedError


def detect(frames, detector, rate="25/1", clock="time", downscale=False, stats=None):
    manager = SceneManager(stats)
    manager.auto_downscale = downscale
    manager.add_detector(detector)
    manager.detect_scenes(Frames(frames, rate, clock))
    scenes = manager.get_scene_list(start_in_scene=True)
    return [scene[0].frame_num for scene in scenes[1:]]


def content(run):
    mode = FlashFilter.Mode[run.get("mode", "merge").upper()]
    length = run["seconds"] if "seconds" in run else run.get("length", 15)
    return ContentDetector(run.get("threshold", 27.0), length, luma_only=run.get("luma_only", False), filter_mode=mode)


DETECTORS = {
    "content": content,
    "adaptive": lambda r: AdaptiveDetector(r.get("threshold", 3.0), r.get("length", 15), r.get("window", 2), r.get("min_content_val", 15.0)),
    "fade": lambda r: ThresholdDetector(r.get("threshold", 12), r.get("length", 15), r.get("bias", 0.0), r.get("final", False),
                                        ThresholdDetector.Method[r.get("method", "floor").upper()]),
    "histogram": lambda r: HistogramDetector(r.get("threshold", 0.05), r.get("bins", 256), r.get("length", 15)),
    "hash": lambda r: HashDetector(r.get("threshold", 0.395), r.get("size", 16), r.get("lowpass", 2), r.get("length", 15)),
}


def values(frames, downscale=False, every=1):
    """Per-frame values of all detectors, null where PySceneDetect has none."""
    columns = {
        "content_val": (ContentDetector(), "content_val"), "delta_hue": (ContentDetector(), "delta_hue"),
        "delta_sat": (ContentDetector(), "delta_sat"), "delta_lum": (ContentDetector(), "delta_lum"),
        "delta_edges": (ContentDetector(), "delta_edges"), "delta_edges_7": (ContentDetector(kernel_size=7), "delta_edges"),
        "content_val_weighted": (ContentDetector(weights=ContentDetector.Components(1.0, 0.5, -0.25, 0.7)), "content_val"),
        "adaptive_ratio": (AdaptiveDetector(), "adaptive_ratio (w=2)"), "average_rgb": (ThresholdDetector(), "average_rgb"),
        "hist_diff_256": (HistogramDetector(), "hist_diff [bins=256]"), "hist_diff_128": (HistogramDetector(bins=128), "hist_diff [bins=128]"),
        "hash_dist_16": (HashDetector(), "hash_dist [size=16 lowpass=2]"), "hash_dist_8": (HashDetector(size=8), "hash_dist [size=8 lowpass=2]"),
    }
    out = {}
    for name, (detector, key) in columns.items():
        stats = StatsManager()
        detect(frames, detector, downscale=downscale, stats=stats)
        column = [stats.get_metrics(n, [key])[0] for n in range(len(frames))]
        out[name] = [None if v is None else float(v) for v in column][::every]
    return out


def runs():
    for rate in RATES:
        for clock in CLOCKS:
            yield dict(detector="content", rate=rate, clock=clock)
    for rate in ("24000/1001", "30000/1001"):
        yield dict(detector="content", rate=rate, clock="microseconds", mode="suppress")
        yield dict(detector="content", rate=rate, clock="time", seconds=0.6)
        yield dict(detector="content", rate=rate, clock="frames", seconds=0.6)
        for length in (14, 16):
            yield dict(detector="content", rate=rate, clock="microseconds", length=length)
            yield dict(detector="content", rate=rate, clock="microseconds", length=length, mode="suppress")
    for length in (0, 1, 8):
        yield dict(detector="content", length=length)
    yield dict(detector="content", mode="suppress")
    yield dict(detector="content", mode="suppress", length=8, clock="frames")
    yield dict(detector="content", luma_only=True)
    yield dict(detector="content", threshold=12.0, length=5)
    yield dict(detector="adaptive")
    yield dict(detector="adaptive", length=0)
    yield dict(detector="adaptive", window=3, threshold=2.0, length=8, min_content_val=5.0)
    yield dict(detector="fade")
    for bias in (-1.0, -0.3, 0.25, 1.0):
        yield dict(detector="fade", bias=bias, length=5)
    yield dict(detector="fade", final=True)
    yield dict(detector="fade", final=True, length=40, threshold=30)
    yield dict(detector="fade", method="ceiling", threshold=200, length=10)
    yield dict(detector="fade", method="ceiling", threshold=100, final=True, bias=0.5)
    yield dict(detector="histogram")
    yield dict(detector="histogram", threshold=0.2, bins=128)
    yield dict(detector="histogram", threshold=0.5, bins=30, length=3)
    yield dict(detector="histogram", threshold=0.0, length=2)
    yield dict(detector="histogram", bins=1, length=2)
    yield dict(detector="hash")
    yield dict(detector="hash", threshold=0.35, size=8)
    yield dict(detector="hash", threshold=0.375, size=4, length=2)
    yield dict(detector="hash", threshold=0.3, size=5, lowpass=3, length=4)


# ---- clips of a folder ----

FILES = ["cuts_tos_256x106", "fadein_bbb_256x144", "transitions_256x144", "dissolve_nasa_192x108", "cockatoo_444_256x144",
         "flower_odd_181x101", "portrait_pattern_144x256"]


def exact_rgb(y, u, v):
    """BT.601, limited range, in integers over the common denominator 219*224*587000; rounded half up."""
    y, u, v = (255 * (a.astype(np.int64) - b) for a, b in ((y, 16), (u, 128), (v, 128)))
    den = 219 * 224 * 587000
    luma = y * (224 * 587000)
    planes = (luma + v * 219 * 1402 * 587, luma - 219 * (u * 202008 + v * 419198), luma + u * 219 * 1772 * 587)
    return np.stack([np.clip((2 * p + den) // (2 * den), 0, 255) for p in planes], -1).astype(np.uint8)


def read_y4m(path):
    data = open(path, "rb").read()
    at = data.index(b"\n")
    header = {f[:1]: f[1:].decode() for f in data[:at].split()[1:]}
    width, height, colour = int(header[b"W"]), int(header[b"H"]), header.get(b"C", "420")
    sx, sy = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}[colour[:3]]
    cw, ch, at, frames = -(-width // sx), -(-height // sy), at + 1, []
    while at < len(data):
        at = data.index(b"\n", at) + 1
        planes = []
        for w, h in ((width, height), (cw, ch), (cw, ch)):
            planes.append(np.frombuffer(data, np.uint8, w * h, at).reshape(h, w))
            at += w * h
        u, v = (p.repeat(sy, 0).repeat(sx, 1)[:height, :width] for p in planes[1:])
        frames.append(exact_rgb(planes[0], u, v))
    return frames, header[b"F"].replace(":", "/")


def dump(o, f):
    """One short line per list of numbers."""
    def text(v, depth):
        if isinstance(v, dict):
            inner = ",\n".join(" " * (depth + 1) + json.dumps(k) + ": " + text(w, depth + 1) for k, w in v.items())
            return json.dumps(v) if len(json.dumps(v)) < 150 else "{\n" + inner + "\n" + " " * depth + "}"
        if isinstance(v, list) and v and isinstance(v[0], dict):
            return "[\n" + ",\n".join(" " * (depth + 1) + text(w, depth + 1) for w in v) + "\n" + " " * depth + "]"
        return json.dumps(v, separators=(",", ":"))
    f.write(text(o, 0) + "\n")


def main():
    out = dict(made_by="golden/make/shots.py", scenedetect=scenedetect.__version__, opencv=cv2.__version__, clips={}, files={})
    for name, clip in CLIPS.items():
        frames = segments_clip(clip)
        entry = dict(clip)
        entry["checksum"] = int(sum(int(f.astype(np.int64).sum()) * (i + 1) for i, f in enumerate(frames)) % 2**31)
        if name == "wide":
            entry["downscaled"] = values(frames, downscale=True)
        if name in ("cuts", "fades", "white", "still", "random2"):
            entry["values"] = values(frames, every=1 if name in ("cuts", "still") else 4)
            entry["every"] = 1 if name in ("cuts", "still") else 4
        if name != "wide":
            entry["runs"] = [dict(r, cuts=detect(frames, DETECTORS[r["detector"]](r), r.get("rate", "25/1"), r.get("clock", "time"))) for r in runs()]
        out["clips"][name] = entry
    for name in FILES if len(sys.argv) > 1 else []:
        frames, rate = read_y4m(os.path.join(sys.argv[1], name + ".y4m"))
        entry = dict(rate=rate, every=10, values=values(frames, every=10), runs=[])
        for detector in DETECTORS:
            run = dict(detector=detector, rate=rate, clock="microseconds")
            entry["runs"].append(dict(run, cuts=detect(frames, DETECTORS[detector](run), rate, run["clock"])))
        out["files"][name] = entry
    dump(out, sys.stdout)


main()
