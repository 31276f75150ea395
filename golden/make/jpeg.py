#!/usr/bin/env python3
"""Makes golden/filters/jpeg and golden/filters/jpeg.tsv: JPEG and Motion JPEG files, and what
libjpeg-turbo decodes from them.

    python3 golden/make/jpeg.py [folder [images]]    default: golden/filters, no images

    images     a folder of further JPEG files ("../shared/data/images"), which are not copied;
               without it, their rows are taken over from the jpeg.tsv that is there

Plain Python 3, standard library only, no randomness: the same bytes on every run with
    cjpeg, djpeg      libjpeg-turbo 2.1.5 (Debian 12, libjpeg-turbo-progs 1:2.1.5-2)
    libturbojpeg.so.0 the same release, called through ctypes (libturbojpeg0)
    ffmpeg            5.1.9 (Debian 12), for the Motion JPEG
The pixels are those of `djpeg -rgb -pnm` with its defaults (islow DCT, fancy upsampling); the planes
those of tjDecompressToYUVPlanes, cropped to ceil(width/2) or what the sampling says.

jpeg.tsv, one line a frame, separated by tabs:
    file  frame  layout  width  height  rate  sha256 of the RGB triples  sha256 of the planes, or -
"""
import ctypes
import glob
import hashlib
import os
import struct
import subprocess
import sys
import tempfile


def run(args, data=None, codes=(0,)):
    r = subprocess.run(args, input=data, capture_output=True)
    if r.returncode not in codes:
        sys.exit("%s: %s" % (" ".join(args), r.stderr.decode()))
    return r.stdout


def picture(w, h):
    """P6 of waves, hard edges, saturated patches and noise."""
    out, state = bytearray(b"P6\n%d %d\n255\n" % (w, h)), 12345
    for y in range(h):
        for x in range(w):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            noise = state >> 26
            if (x // 9 + y // 7) % 4 == 3:
                rgb = ((x // 9) % 2 * 255, (y // 7) % 2 * 255, (x // 9 + y // 7) % 3 // 2 * 255)
            else:
                rgb = (min(255, 4 * x + noise), min(255, 3 * y + 40 + noise), max(0, 255 - 2 * x - 3 * y - noise))
            out += bytes(rgb)
    return bytes(out)


def cjpeg(w, h, *args):
    return run(["cjpeg"] + list(args), picture(w, h))


def cjpeg_scans(w, h, script, *args):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write(script)
        f.flush()
        return cjpeg(w, h, "-scans", f.name, *args)


# ---- changes to a file, segment by segment ----

def segments(data):
    """[(marker, bytes from its FF on)]; the entropy-coded data goes with its SOS."""
    out, at = [(0xD8, data[:2])], 2
    while at < len(data):
        marker = data[at + 1]
        if marker == 0xD9:
            out.append((marker, data[at:]))
            break
        end = at + 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
        if marker == 0xDA:
            while not (data[end] == 0xFF and data[end + 1] != 0 and not 0xD0 <= data[end + 1] <= 0xD7):
                end += 1
        out.append((marker, data[at:end]))
        at = end
    return out


def without(data, marker):
    return b"".join(s for m, s in segments(data) if m != marker)


def insert(data, segment, before):
    parts = segments(data)
    i = [m for m, _ in parts].index(before)
    return b"".join(s for _, s in parts[:i]) + segment + b"".join(s for _, s in parts[i:])


def adobe(transform):
    return b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])


def change(data, marker, edit):
    return b"".join(edit(bytearray(s)) if m == marker else s for m, s in segments(data))


def ids(values):
    def edit(s):
        first = 10 if s[1] in (0xC0, 0xC1) else 5
        step = 3 if s[1] in (0xC0, 0xC1) else 2
        for i, v in enumerate(values):
            s[first + step * i] = v
        return s
    return lambda data: change(change(data, 0xC0, edit), 0xDA, edit)


def spectral_zero(s):
    n = struct.unpack(">H", s[2:4])[0]
    s[n + 2 - 2] = 0
    return s


def restart_fill(data):
    """FF before every restart marker and before every data byte FF (which is FF 00)."""
    parts = segments(data)
    scan = parts[-2][1]
    assert parts[-2][0] == 0xDA and b"\xff\x00" in scan and b"\xff\xd0" in scan
    out = bytearray()
    for i, b in enumerate(scan):
        if i > 2 and b == 0xFF and (scan[i + 1] == 0 or 0xD0 <= scan[i + 1] <= 0xD7):
            out += b"\xff\xff"
        out.append(b)
    return b"".join(x for _, x in parts[:-2]) + bytes(out) + parts[-1][1]


def stills():
    s = ["-sample"]
    yield "gray_33x17", cjpeg(33, 17, "-grayscale")
    yield "gray_factors_2x2_20x19", change(cjpeg(20, 19, "-grayscale"), 0xC0, lambda b: b[:11] + b"\x22" + b[12:])
    for name, sample in (("444", "1x1"), ("422", "2x1"), ("420", "2x2"), ("440", "1x2"), ("411", "4x1")):
        yield "%s_45x27" % name, cjpeg(45, 27, *s, sample, "-quality", "85")
    yield "444_factors_1x2_21x18", cjpeg(21, 18, *s, "1x2,1x2,1x2")
    yield "422_factors_2x2_1x2_21x19", cjpeg(21, 19, *s, "2x2,1x2,1x2")
    yield "420_1x1", cjpeg(1, 1, *s, "2x2")
    yield "420_4x6", cjpeg(4, 6, *s, "2x2")
    yield "420_5x7", cjpeg(5, 7, *s, "2x2")
    yield "420_3x16", cjpeg(3, 16, *s, "2x2")
    yield "422_4x3", cjpeg(4, 3, *s, "2x1")
    yield "422_5x1", cjpeg(5, 1, *s, "2x1")
    yield "440_2x5", cjpeg(2, 5, *s, "1x2")
    yield "411_9x2", cjpeg(9, 2, *s, "4x1")
    yield "420_restart_block_50x34", cjpeg(50, 34, *s, "2x2", "-restart", "1B")
    yield "422_restart_rows_fill_40x90", restart_fill(cjpeg(40, 90, *s, "2x1", "-restart", "1"))
    yield "420_quality_1_sof1_quantisers_16bit_48x32", cjpeg(48, 32, *s, "2x2", "-quality", "1")
    yield "444_quality_100_optimised_31x22", cjpeg(31, 22, *s, "1x1", "-quality", "100", "-optimize")
    yield "420_three_scans_39x29", cjpeg_scans(39, 29, "0;\n1;\n2;\n", *s, "2x2", "-restart", "4B")
    yield "422_two_scans_39x29", cjpeg_scans(39, 29, "1 2;\n0;\n", *s, "2x1")
    base = cjpeg(34, 25, *s, "2x2", "-quality", "60")
    yield "420_standard_tables_34x25", without(base, 0xC4)
    yield "420_fill_bytes_34x25", b"".join(x if m == 0xD8 else b"\xff\xff\xff" + x for m, x in segments(base))
    yield "420_no_end_34x25", base[:-2]
    yield "420_spectral_zero_34x25", change(base, 0xDA, spectral_zero)
    yield "420_jfif_adobe_0_34x25", insert(base, adobe(0), 0xDB)
    yield "420_adobe_1_34x25", insert(without(base, 0xE0), adobe(1), 0xDB)
    plain = cjpeg(26, 19, *s, "1x1")
    yield "444_ids_rgb_jfif_26x19", ids(b"RGB")(plain)
    yield "rgb_adobe_0_26x19", insert(without(plain, 0xE0), adobe(0), 0xDB)
    yield "rgb_ids_26x19", without(cjpeg(26, 19, "-rgb"), 0xEE)


# ---- Motion JPEG ----

def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def lists(kind, *parts, name=b"LIST"):
    return chunk(name, kind + b"".join(parts))


def avi(frames, w, h, scale, rate):
    """OpenDML: sound as stream 0, 'rec ' lists, index chunks, an empty frame, two RIFF lists."""
    def strl(kind, strf, extra=b""):
        head = kind + b"\0" * 16 + struct.pack("<II", scale, rate) + b"\0" * 28
        return lists(b"strl", chunk(b"strh", head), chunk(b"strf", strf), extra)
    info = struct.pack("<IiiHH4sIiiII", 40, w, h, 1, 24, b"MJPG", w * h * 3, 0, 0, 0, 0)
    hdrl = lists(b"hdrl", chunk(b"avih", struct.pack("<I", 40000) + b"\0" * 52), strl(b"auds", b"\1\0\1\0" + b"\0" * 12),
                 strl(b"vids", info, chunk(b"indx", b"\0" * 31)), lists(b"odml", chunk(b"dmlh", b"\0" * 4)))
    sound = chunk(b"00wb", b"\x80" * 7)
    one = lists(b"movi", sound, lists(b"rec ", chunk(b"01dc", frames[0]), sound, chunk(b"01dc", b"")), chunk(b"01dc", frames[1]),
                chunk(b"ix01", b"\0" * 9))
    two = lists(b"movi", chunk(b"JUNK", b"\0" * 5), chunk(b"01db", frames[2]), chunk(b"01dc", frames[3]))
    return (lists(b"AVI ", hdrl, chunk(b"JUNK", b"?" * 13), one, chunk(b"idx1", b"\0" * 16), name=b"RIFF") +
            lists(b"AVIX", two, name=b"RIFF") + b"behind the last list")


def clip(pix_fmt, size, rate, count):
    with tempfile.NamedTemporaryFile(suffix=".avi") as f:
        zoom = "mandelbrot=s=%s:r=%s:end_scale=0.01:end_pts=4" % (size, rate)
        run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", zoom, "-f", "lavfi", "-i", "sine=r=8000",
             "-frames:v", str(count), "-shortest", "-c:v", "mjpeg", "-pix_fmt", pix_fmt, "-q:v", "9", "-c:a",
             "pcm_u8", "-bitexact", "-flags:v", "+bitexact", f.name])
        return open(f.name, "rb").read()


def frames_of(data):
    """The JPEGs of the video stream, and its rate, by ffmpeg's demuxer."""
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "x.avi")
        open(name, "wb").write(data)
        run(["ffmpeg", "-v", "error", "-i", name, "-map", "0:v:0", "-c", "copy", "-f", "image2", os.path.join(folder, "%04d.jpg")])
        rate = run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=r_frame_rate", "-of", "csv=p=0",
                    name])
        return [open(p, "rb").read() for p in sorted(glob.glob(os.path.join(folder, "*.jpg")))], rate.decode().strip()


# ---- what libjpeg-turbo decodes ----

SUBSAMPLING = {0: ("444", 1, 1), 1: ("422", 2, 1), 2: ("420", 2, 2), 3: ("gray", 1, 1), 4: ("440", 1, 2), 5: ("411", 4, 1)}


def up(a, b):
    return -(-a // b)


def decode_planes(lib, data):
    """Layout, width, height, and the planes as coded (none for RGB)."""
    handle = ctypes.c_void_p(lib.tjInitDecompress())
    w, h, sampling, space = (ctypes.c_int() for _ in range(4))
    size = ctypes.c_ulong(len(data))
    lib.tjDecompressHeader3(handle, data, size, *(ctypes.byref(v) for v in (w, h, sampling, space)))
    if space.value == 0:
        lib.tjDestroy(handle)
        return "rgb", w.value, h.value, []
    layout, sx, sy = SUBSAMPLING[sampling.value]
    count = 1 if layout == "gray" else 3
    sizes = [(lib.tjPlaneWidth(i, w, sampling), lib.tjPlaneHeight(i, h, sampling)) for i in range(count)]
    buffers = [ctypes.create_string_buffer(x * y) for x, y in sizes]
    pointers = (ctypes.c_void_p * 3)(*[ctypes.addressof(b) for b in buffers])
    # -1 also for a warning, which a file without its end gives: the planes are there all the same
    lib.tjDecompressToYUVPlanes(handle, data, size, pointers, w, None, h, 0)
    planes = []
    for i, (b, (stride, _)) in enumerate(zip(buffers, sizes)):
        pw, ph = (w.value, h.value) if i == 0 else (up(w.value, sx), up(h.value, sy))
        planes.append(b"".join(b.raw[r * stride:r * stride + pw] for r in range(ph)))
    lib.tjDestroy(handle)
    return layout, w.value, h.value, planes


def decode_rgb(data):
    pnm = run(["djpeg", "-rgb", "-pnm"], data, codes=(0, 2))        # 2: a warning
    magic, size, depth, pixels = pnm.split(b"\n", 3)
    w, h = map(int, size.split())
    assert magic == b"P6" and depth == b"255" and len(pixels) == 3 * w * h
    return pixels


def row(lib, name, frame, rate, data):
    layout, w, h, planes = decode_planes(lib, data)
    sums = [hashlib.sha256(x).hexdigest() for x in [decode_rgb(data)] + planes]
    sums += [] if planes else ["-"]
    return "\t".join([name, str(frame), layout, str(w), str(h), rate] + sums)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "golden/filters"
    table = os.path.join(folder, "jpeg.tsv")
    os.makedirs(os.path.join(folder, "jpeg"), exist_ok=True)
    lib = ctypes.CDLL("libturbojpeg.so.0")
    lib.tjInitDecompress.restype = ctypes.c_void_p
    rows = []
    for name, data in stills():
        name += ".jpg"
        open(os.path.join(folder, "jpeg", name), "wb").write(data)
        rows.append(row(lib, name, 0, "0/1", data))
    clips = [("mjpeg_420.avi", clip("yuvj420p", "48x34", "30000/1001", 3)), ("mjpeg_422.avi", clip("yuvj422p", "44x30", "25", 2))]
    for name, data in clips:
        open(os.path.join(folder, "jpeg", name), "wb").write(data)
        frames, rate = frames_of(data)
        rows += [row(lib, name, i, rate, f) for i, f in enumerate(frames)]
    frames = [without(cjpeg(37, 21, "-sample", "2x1", "-quality", q), 0xC4) for q in ("20", "40", "60", "80")]
    name = "mjpeg_opendml.avi"
    open(os.path.join(folder, "jpeg", name), "wb").write(avi(frames, 37, 21, 1001, 24000))
    for i, k in enumerate((0, 0, 1, 2, 3)):
        rows.append(row(lib, name, i, "24000/1001", frames[k]))
    if len(sys.argv) > 2:
        for path in sorted(glob.glob(os.path.join(sys.argv[2], "*.jpg"))):
            data = open(path, "rb").read()
            if any(m == 0xC2 for m, _ in segments(data)):
                continue                                            # progressive: refused
            rows.append(row(lib, "shared/images/" + os.path.basename(path), 0, "0/1", data))
    elif os.path.exists(table):
        rows += [line for line in open(table).read().splitlines() if line.startswith("shared/")]
    open(table, "w").write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
