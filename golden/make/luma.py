#!/usr/bin/env python3
"""Golden values of the luma filters, measured by the public tools on the clips of data/make_data.

    cc -std=c99 -O2 data/clips.c data/make_data.c -o /tmp/make_data
    golden/make/luma.py /tmp/make_data golden/filters/luma.tsv [../shared/data golden/filters/luma_footage.tsv]

Tools: FFmpeg 5.1.9, numpy 2.2.6, opencv-python 5.0.0.93, pdqhash 0.2.8.
The Laplacian is written with 13 digits.  The only numbers made here are the three integer motion sums at the end of
a frame row: FFmpeg prints two decimals only, and libvmaf is no Python package, so they come from a NumPy model of the
published formulas; for FFmpeg's variant the model is held against every value that FFmpeg prints.

Rows, tab separated; numbers as the tool prints them:
  CLIP sha256 HEX                    of all planes of all frames, to notice a generator that drifts
  CLIP frame N  mafd score scene_score vmafmotion  crop x y w h  YMIN YLOW YAVG YHIGH YMAX YDIF  laplacian  sad sad sad
  CLIP scdet    frames with lavfi.scd.time
  CLIP clearest frame of the largest laplacian
  CLIP crop LIMIT,ROUND,SKIP,RESET,OUTLIERS  x,y,w,h per frame, "-" where nothing is printed
  CLIP black D  start:end:duration ...       CLIP freeze D  start:end:duration ... (end and duration "-" while open)
  CLIP pdq N quality  the eight hashes: same, quarter turns 1 2 3, flips x, y, plus, minus
  FILE image quality hash            PDQ of footage images by the C++ reference, from their manifest
"""
import hashlib, json, os, re, subprocess, sys, tempfile
import cv2, numpy as np, pdqhash

CROPS = {"letterbox": ["24,16,2,0,0", "24,3,0,4,2"], "pillarbox": ["70,2,0,1,0", "70,5,3,0,1"], "fade": ["40,2,0,3,0"],
         "zoom": ["90,2,0,1,0", "100,4,0,1,3"], "odd": ["110,2,0,1,0", "24,1,0,1,0"], "text": ["120,2,1,5,1"]}
SPANS = {"fade": (["2", "2.17", "2.25", "2.28", "2.31", "2.34", "2.4"], ["2", "2.26", "2.29", "2.3", "2.4"]),
         "freeze": (["2"], ["0.5", "2.56", "2.6", "2.61", "2.7"])}
TAPS15 = np.array([1785, 8002, 13193, 8002, 1785], np.int64)
TAPS16 = np.array([3571, 16004, 26386, 16004, 3571], np.int64)


def read_y4m(path):
    """Lists of planes, 8 bits; None for deeper samples."""
    data = open(path, "rb").read()
    end = data.index(b"\n")
    tags = {t[:1]: t[1:] for t in data[:end].decode().split()[1:]}
    w, h, c = int(tags["W"]), int(tags["H"]), tags.get("C", "420")
    if re.search(r"p\d", c):
        return None
    cw, ch = {"4": (w, h), "2": ((w + 1) // 2, h), "0": ((w + 1) // 2, (h + 1) // 2)}[c[2]]
    frames, at = [], end + 1
    while at < len(data):
        at = data.index(b"\n", at) + 1
        planes = []
        for pw, ph in ((w, h), (cw, ch), (cw, ch)):
            planes.append(np.frombuffer(data, np.uint8, pw * ph, at).reshape(ph, pw))
            at += pw * ph
        frames.append(planes)
    return frames


def ffmpeg(path, filters):
    """Metadata of every frame, and the log."""
    r = subprocess.run(["ffmpeg", "-hide_banner", "-nostats", "-v", "info", "-i", path, "-vf",
                        filters + ",metadata=mode=print:file=-", "-f", "null", "-"], capture_output=True, text=True, check=True)
    if "auto-inserting" in r.stderr:
        raise SystemExit(path + ": ffmpeg converts the picture")
    frames = []
    for line in r.stdout.splitlines():
        if line.startswith("frame:"):
            frames.append({})
        else:
            key, value = line.split("=", 1)
            frames[-1][key.replace("lavfi.", "")] = value
    return frames, r.stderr


def pad(a, repeat):
    mode = {True: ("symmetric", 1), False: ("reflect", 0)}[repeat]
    near = np.pad(a, ((2, 0), (2, 0)), mode="reflect")
    return np.pad(near, ((0, 2), (0, 2)), mode=mode[0])


def blur(a, taps, half, bits, repeat):
    p = pad(a.astype(np.int64), repeat)
    h, w = a.shape
    t = (sum(taps[k] * p[k:k + h, :] for k in range(5)) + (128 if half else 0)) >> 8
    return (sum(taps[k] * t[:, k:k + w] for k in range(5)) + ((1 << bits - 1) if half else 0)) >> bits


def motion_sums(y, before):
    if before is None:
        return 0, 0, 0
    a = [blur(v, TAPS15, False, 15, True) for v in (before, y)]
    b = [blur(v, TAPS16, True, 16, True) for v in (before, y)]
    d = blur(before.astype(np.int64) - y, TAPS16, True, 16, False)
    return tuple(int(np.abs(v).sum()) for v in (a[0] - a[1], b[0] - b[1], d))


def spans(log, kind):
    if kind == "black":
        return [":".join(m) for m in re.findall(r"black_start:(\S+) black_end:(\S+) black_duration:(\S+)", log)]
    out = []
    for key, value in re.findall(r"lavfi\.freezedetect\.freeze_(\w+): (\S+)", log):
        if key == "start":
            out.append([value, "-", "-"])
        else:
            out[-1][1 if key == "end" else 2] = value
    return [":".join(s) for s in out]


def measure(name, path, rows):
    frames = read_y4m(path)
    if frames is None:
        return
    rows.append([name, "sha256", hashlib.sha256(b"".join(p.tobytes() for f in frames for p in f)).hexdigest()])
    meta, _ = ffmpeg(path, "scdet=threshold=10,select='gte(scene,0)',vmafmotion,"
                           "cropdetect=limit=24:round=2:skip=0:reset=1,signalstats")
    assert len(meta) == len(frames), (name, len(meta), len(frames))
    keys = ["scd.mafd", "scd.score", "scene_score", "vmafmotion.score"] + ["cropdetect." + k for k in "xywh"] + \
           ["signalstats." + k for k in ("YMIN", "YLOW", "YAVG", "YHIGH", "YMAX", "YDIF")]
    sharp, before = [], None
    for n, (m, planes) in enumerate(zip(meta, frames)):
        y = planes[0]
        sharp.append(cv2.Laplacian(y, cv2.CV_64F).var())
        sad = motion_sums(y, before)
        assert "%.2f" % (sad[0] / (y.size * 128)) == m["vmafmotion.score"], (name, n)
        before = y
        rows.append([name, "frame", str(n), " ".join([m[k] for k in keys] + ["%.13g" % sharp[-1]] + [str(v) for v in sad])])
        if n == 0 or n == len(frames) // 2 and "." not in name:
            hashes, quality = pdqhash.compute_dihedral(np.dstack([y] * 3))
            rows.append([name, "pdq", str(n), str(quality),
                         " ".join("%064x" % int("".join(map(str, h)), 2) for h in hashes)])
    rows.append([name, "scdet", " ".join(str(n) for n, m in enumerate(meta) if "scd.time" in m)])
    rows.append([name, "clearest", str(int(np.argmax(sharp)))])
    for options in CROPS.get(name, []):
        o = options.split(",")
        m, _ = ffmpeg(path, "cropdetect=limit=%s:round=%s:skip=%s:reset=%s:max_outliers=%s" % tuple(o))
        # a frame without metadata leaves no line behind, so those come first
        got = [",".join(f["cropdetect." + k] for k in "xywh") for f in m]
        rows.append([name, "crop", options, " ".join(["-"] * (len(frames) - len(got)) + got)])
    for kind, lengths in zip(("black", "freeze"), SPANS.get(name, (["2"], ["2"]))):
        for d in lengths:
            _, log = ffmpeg(path, "%sdetect=d=%s" % (kind, d))
            rows.append([name, kind, d, " ".join(spans(log, kind))])


def write(path, rows):
    with open(path, "w") as f:
        f.writelines("\t".join(r) + "\n" for r in rows)


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        for f in sorted(os.listdir(folder)):
            measure(f[:-4], os.path.join(folder, f), rows)
    write(sys.argv[2], rows)
    if len(sys.argv) > 4:
        rows, folder = [], os.path.join(sys.argv[3], "y4m")
        for f in sorted(os.listdir(folder)):
            measure(f, os.path.join(folder, f), rows)
        for f in json.load(open(os.path.join(sys.argv[3], "manifest.json")))["files"]:
            if "pdq_hash" in f and f["file"].endswith((".ppm", ".pgm")):
                rows.append([os.path.basename(f["file"]), "image", str(f["pdq_quality"]), f["pdq_hash"]])
        write(sys.argv[4], rows)


if __name__ == "__main__":
    main()
