"""Goldens of ref/image: golden/filters/image.tsv and image.cubic.tsv.

    python3 golden/make/image.py [FOLDER]          writes into FOLDER (golden/filters by default)

Versions: Python 3.11, numpy 2.2.6, opencv-python-headless 4.12.0.88, pillow 11.3.0, and the program ffmpeg 5.1
(libswscale 6.7) on PATH; the script refuses others.  It needs no network and about a minute, and writes the same bytes
every time.  Pillow 13.0 will not do: for some sizes it resizes columns before rows, which moves results, on
noise by up to 14.

Inputs are not stored: samples come from a linear congruential generator,
    state = state * 6364136223846793005 + 1442695040888963407 modulo 2^64, starting from the seed of the row,
    sample = the highest `depth` bits of the new state,
plane after plane, row after row.  tests/test_image.c has the same generator.

A "cube" holds every combination of three bytes that are multiples of `step` (1: all 2^24).  As an RGB image, pixel
i = (r n + g) n + b for the n multiples.  As a 4:2:0 picture of 8n x n n / 8: block k of 2 x 2 luma samples (4n blocks
a row) has chroma U = level[k / (n/4) / n], V = level[k / (n/4) % n] and lumas level[4 (k % (n/4)) + 0..3].

Rows of image.tsv, separated by tabs; sha256 is of the output bytes:
    resize  RESAMPLING w h channels dst_w dst_h seed sha256        OpenCV, Pillow
    yuv     VARIANT MATRIX RANGE LAYOUT depth SITING UPSAMPLING w h seed sha256
    cube    VARIANT MATRIX RANGE step sha256                        4:2:0 cube, nearest chroma
    rgb     CONVERSION step sha256                                  RGB cube
VARIANT swscale is FFmpeg with SIMD off; exact is evaluated here in rational arithmetic (fractions.Fraction), as no
public program has it.  OpenCV runs without Intel's IPP, which replaces some of its code.  Rows of image.cubic.tsv:
    CODE w h channels dst_w dst_h seed output-in-hex                OpenCV INTER_CUBIC
CODE plain is OpenCV's own: vectors of float, and integers for what is left of a row; ipp is the package as it comes.
"""

import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from math import floor

import cv2
import numpy as np
import PIL
from PIL import Image

MASK = (1 << 64) - 1


def noise(seed, count, depth=8):
    state, out = seed, np.empty(count, np.uint8 if depth == 8 else np.uint16)
    for i in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        out[i] = state >> (64 - depth)
    return out, state


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


# ---- resize ----

SIZES = [  # w h dst_w dst_h
    (1, 1, 1, 1), (1, 1, 3, 2), (5, 3, 1, 1), (1, 9, 1, 4), (1, 9, 3, 20), (9, 1, 4, 1), (7, 1, 16, 1), (2, 2, 5, 5),
    (8, 6, 4, 3), (12, 8, 6, 2), (9, 6, 3, 2), (15, 10, 5, 5), (18, 11, 18, 11), (64, 36, 64, 18), (64, 36, 32, 36),
    (66, 42, 33, 21), (33, 21, 64, 50), (33, 21, 66, 42), (97, 61, 40, 30), (97, 61, 41, 61), (97, 61, 97, 20),
    (97, 61, 120, 20), (97, 61, 20, 90), (60, 49, 1, 1), (100, 98, 2, 2), (147, 49, 3, 1), (103, 107, 7, 13),
    (320, 180, 256, 144), (320, 180, 48, 27), (320, 180, 80, 45),
    (6, 7, 34, 9), (6, 6, 68, 74),
]
OPENCV = {"CV_LINEAR": cv2.INTER_LINEAR, "CV_AREA": cv2.INTER_AREA}
PILLOW = {"PIL_BOX": Image.Resampling.BOX, "PIL_BILINEAR": Image.Resampling.BILINEAR,
          "PIL_BICUBIC": Image.Resampling.BICUBIC, "PIL_LANCZOS": Image.Resampling.LANCZOS}


def pillow_resize(image, size, method):
    """CMYK for four channels: RGBA would be premultiplied.  Two channels go one by one."""
    channels = image.shape[2]
    if channels == 2:
        parts = [pillow_resize(image[:, :, i:i + 1], size, method) for i in range(2)]
        return np.concatenate(parts, axis=2)
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[channels]
    source = Image.frombytes(mode, (image.shape[1], image.shape[0]), image.tobytes())
    return np.asarray(source.resize(size, method)).reshape(size[1], size[0], channels)


def resize_rows(out):
    for number, (w, h, dw, dh) in enumerate(SIZES):
        for channels in (1, 2, 3, 4) if number % 3 == 2 or (w, h) == (66, 42) else (1, 3):
            seed = 1000 + 10 * number + channels
            image = noise(seed, w * h * channels)[0].reshape(h, w, channels)
            for name, method in OPENCV.items():
                result = cv2.resize(image, (dw, dh), interpolation=method)
                out.append(("resize", name, w, h, channels, dw, dh, seed, sha(result)))
            for name, method in PILLOW.items():
                result = pillow_resize(image, (dw, dh), method)
                out.append(("resize", name, w, h, channels, dw, dh, seed, sha(result)))


CUBIC = [(1, 1, 3, 2), (5, 3, 2, 2), (1, 9, 3, 20), (7, 1, 16, 1), (9, 9, 7, 30), (9, 9, 23, 14), (33, 21, 40, 30),
         (40, 30, 24, 18), (16, 16, 8, 8), (15, 10, 5, 5), (66, 42, 33, 21)]


def cubic_rows(out, code):
    cv2.ipp.setUseIPP(code == "ipp")
    for number, (w, h, dw, dh) in enumerate(CUBIC):
        for channels in (1, 3, 4) if number > 3 else (1,):
            seed = 5000 + 10 * number + channels
            image = noise(seed, w * h * channels)[0].reshape(h, w, channels)
            result = cv2.resize(image, (dw, dh), interpolation=cv2.INTER_CUBIC)
            out.append((code, w, h, channels, dw, dh, seed, np.ascontiguousarray(result).tobytes().hex()))


# ---- gray and HSV ----

def rgb_rows(out):
    for step in (5, 1):
        level = np.arange(0, 256, step, dtype=np.uint8)
        n = len(level)
        cube = np.empty((n, n, n, 3), np.uint8)
        cube[..., 0], cube[..., 1], cube[..., 2] = level[:, None, None], level[None, :, None], level[None, None, :]
        cube = cube.reshape(n, n * n, 3)
        luma = cv2.cvtColor(cube, cv2.COLOR_RGB2YCrCb)[:, :, 0]
        assert (luma == cv2.cvtColor(cube, cv2.COLOR_RGB2YUV)[:, :, 0]).all()
        for name, image in (("gray", cv2.cvtColor(cube, cv2.COLOR_RGB2GRAY)), ("luma14", luma),
                            ("hsv", cv2.cvtColor(cube, cv2.COLOR_RGB2HSV)),
                            ("pillow_l", np.asarray(Image.fromarray(cube).convert("L")))):
            out.append(("rgb", name, step, sha(image)))


# ---- YUV ----

KR_KB = {"BT601": (Fraction(299, 1000), Fraction(114, 1000)), "BT709": (Fraction(2126, 10000), Fraction(722, 10000)),
         "BT2020": (Fraction(2627, 10000), Fraction(593, 10000))}
FFMPEG_MATRIX = {"BT601": "bt601", "BT709": "bt709", "BT2020": "bt2020"}
FACTORS = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "444A": (1, 1), "440": (1, 2), "411": (4, 1)}


def exact(y, u, v, matrix, value_range):
    """(..., 3) bytes: floor(x + 1/2), clamped, of the rational x; all sums over one common denominator."""
    kr, kb = KR_KB[matrix]
    kg = 1 - kr - kb
    luma = [(Fraction(255, 219) * (i - 16)) if value_range != "FULL" else Fraction(i) for i in range(256)]
    chroma = [(Fraction(255, 224) * (i - 128)) if value_range != "FULL" else Fraction(i - 128) for i in range(256)]
    result = []
    for cb, cr in ((0, 2 * (1 - kr)), (-2 * kb * (1 - kb) / kg, -2 * kr * (1 - kr) / kg), (2 * (1 - kb), 0)):
        terms = [[x + Fraction(1, 2) for x in luma], [x * cb for x in chroma], [x * cr for x in chroma]]
        common = 1
        for x in (x for term in terms for x in term):
            common = np.lcm(common, x.denominator)
        common = int(common)
        table = [np.array([int(x * common) for x in term], np.int64) for term in terms]
        total = table[0][y] + table[1][u] + table[2][v]
        result.append(np.clip(np.floor_divide(total, common), 0, 255).astype(np.uint8))
    return np.stack(result, axis=-1)


def swscale(planes, w, h, matrix, value_range):
    in_range = "full" if value_range == "FULL" else "limited"
    command = ["ffmpeg", "-v", "error", "-cpuflags", "0", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{w}x{h}",
               "-i", "-", "-vf", f"scale=in_color_matrix={FFMPEG_MATRIX[matrix]}:in_range={in_range},format=rgb24",
               "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    samples = b"".join(p.tobytes() for p in planes)
    data = subprocess.run(command, input=samples, stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(h, w, 3)


def cube_planes(step):
    level = np.arange(0, 256, step, dtype=np.uint8)
    n = len(level)
    k = np.arange(n ** 3 // 4).reshape(n * n // 16, 4 * n)
    pair, four = k // (n // 4), k % (n // 4)
    y = np.empty((n * n // 8, 8 * n), np.uint8)
    for j in range(4):
        y[j // 2::2, j % 2::2] = level[4 * four + j]
    return y, level[pair // n], level[pair % n]


def cube_rows(out):
    for step in (5, 1):
        y, u, v = cube_planes(step)
        h, w = y.shape
        big_u, big_v = u.repeat(2, 0).repeat(2, 1), v.repeat(2, 0).repeat(2, 1)
        for matrix in KR_KB:
            for value_range in ("LIMITED", "FULL"):
                result = swscale((y, u, v), w, h, matrix, value_range)
                out.append(("cube", "swscale", matrix, value_range, step, sha(result)))
                result = exact(y, big_u, big_v, matrix, value_range)
                out.append(("cube", "exact", matrix, value_range, step, sha(result)))


def round_up(x):
    return floor(x + Fraction(1, 2))


def to_byte(v, depth, value_range, chroma):
    v = int(v)
    if depth == 8:
        return v
    if value_range != "FULL":
        x = Fraction(v, 1 << (depth - 8))
    elif chroma:
        x = Fraction(255 * (v - (1 << (depth - 1))), (1 << depth) - 1) + 128
    else:
        x = Fraction(255 * v, (1 << depth) - 1)
    return min(255, round_up(x))


def linear(plane, w, h, layout, siting):
    """Chroma on the luma grid, by the distance of positions: sample j sits at j f + offset luma samples."""
    fx, fy = FACTORS[layout]
    offset_x = Fraction(fx - 1, 2) if siting == "CENTRE" else 0
    offset_y = Fraction(0) if siting == "TOP_LEFT" else Fraction(fy - 1, 2)
    ch, cw = plane.shape
    out = np.empty((h, w), np.uint8)
    for y in range(h):
        py = min(max((y - offset_y) / Fraction(fy), 0), ch - 1)
        y0 = floor(py)
        y1 = min(y0 + 1, ch - 1)
        for x in range(w):
            px = min(max((x - offset_x) / Fraction(fx), 0), cw - 1)
            x0 = floor(px)
            x1 = min(x0 + 1, cw - 1)
            top = plane[y0, x0] * (1 - (px - x0)) + plane[y0, x1] * (px - x0)
            low = plane[y1, x0] * (1 - (px - x0)) + plane[y1, x1] * (px - x0)
            out[y, x] = round_up(top * (1 - (py - y0)) + low * (py - y0))
    return out


def picture(seed, w, h, layout, depth):
    shapes = [(h, w)]
    if layout == "RGB":
        shapes = [(h, 3 * w)]
    elif layout != "GRAY":
        fx, fy = FACTORS[layout]
        shapes += [((h + fy - 1) // fy, (w + fx - 1) // fx)] * 2
        shapes += [(h, w)] * (layout == "444A")
    planes = []
    for a, b in shapes:
        samples, seed = noise(seed, a * b, depth)
        planes.append(samples.reshape(a, b))
    return planes


def exact_picture(planes, w, h, matrix, value_range, layout, depth, siting, upsampling):
    def byte(p, full, chroma):
        return np.array([[to_byte(v, depth, full, chroma) for v in row] for row in p], np.int64)
    if layout == "RGB":
        return byte(planes[0], "FULL", False).astype(np.uint8)
    y = byte(planes[0], value_range, False)
    if layout == "GRAY":
        u = v = np.full((h, w), 128)
    else:
        fx, fy = FACTORS[layout]
        u, v = (byte(p, value_range, True) for p in planes[1:3])
        if upsampling == "LINEAR":
            u, v = (linear(p, w, h, layout, siting) for p in (u, v))
        else:
            u, v = (p.repeat(fy, 0).repeat(fx, 1)[:h, :w] for p in (u, v))
    return exact(y, u, v, matrix, value_range)


def yuv_rows(out):
    seed = 9000
    for w, h in ((16, 8), (18, 6), (2, 2), (600, 4)):
        for matrix, value_range in (("BT601", "LIMITED"), ("BT709", "FULL"), ("BT2020", "LIMITED"),
                                    ("BT601", "UNKNOWN")):
            seed += 1
            result = swscale(picture(seed, w, h, "420", 8), w, h, matrix, value_range)
            out.append(("yuv", "swscale", matrix, value_range, "420", 8, "UNKNOWN", "NEAREST", w, h, seed, sha(result)))
    cases = []
    for layout in ("420", "422", "444", "440", "411", "444A", "GRAY", "RGB"):
        for w, h in ((13, 9), (12, 8), (1, 1), (2, 3), (259, 3)):
            cases.append(("BT601", "UNKNOWN", layout, 8, "UNKNOWN", "NEAREST", w, h))
            if layout in FACTORS:
                for siting in ("UNKNOWN", "CENTRE", "LEFT", "TOP_LEFT") if w < 100 else ("CENTRE", "LEFT"):
                    cases.append(("BT709", "LIMITED", layout, 8, siting, "LINEAR", w, h))
        for depth in (9, 10, 12, 14, 16):
            for value_range in ("LIMITED", "FULL"):
                upsampling = "LINEAR" if depth == 10 else "NEAREST"
                cases.append(("BT2020", value_range, layout, depth, "LEFT", upsampling, 11, 7))
    for matrix, value_range, layout, depth, siting, upsampling, w, h in cases:
        seed += 1
        planes = picture(seed, w, h, layout, depth)
        result = exact_picture(planes, w, h, matrix, value_range, layout, depth, siting, upsampling)
        out.append(("yuv", "exact", matrix, value_range, layout, depth, siting, upsampling, w, h, seed, sha(result)))


def write(path, rows):
    with open(path, "w", encoding="ascii", newline="\n") as f:
        for row in rows:
            f.write("\t".join(str(x) for x in row) + "\n")


def main():
    versions = cv2.__version__, PIL.__version__, np.__version__
    assert versions == ("4.12.0", "11.3.0", "2.2.6"), versions
    banner = subprocess.run(["ffmpeg", "-version"], stdout=subprocess.PIPE, check=True, text=True).stdout
    assert banner.startswith("ffmpeg version 5.1"), banner.splitlines()[0]
    cv2.ipp.setUseIPP(False)
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "filters")
    rows, cubic = [], []
    resize_rows(rows)
    rgb_rows(rows)
    cube_rows(rows)
    yuv_rows(rows)
    cubic_rows(cubic, "plain")
    cubic_rows(cubic, "ipp")
    write(os.path.join(folder, "image.tsv"), rows)
    write(os.path.join(folder, "image.cubic.tsv"), cubic)


if __name__ == "__main__":
    main()
