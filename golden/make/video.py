#!/usr/bin/env python3
"""What FFmpeg and Pillow make of Y4M and PNM files: golden/filters/video.json.

    python3 golden/make/video.py [file]       default: golden/filters/video.json

Needs ffmpeg and ffprobe 5.1.9 on PATH (Debian 12), Pillow 12.0 or later.  No randomness: the
same bytes on every run.

Samples follow one formula, which the test repeats, so that no clip has to be stored:

    sample(frame, plane, x, y) = ((7919 x + 104729 y + 1299709 plane + 15485863 frame) * 2654435761 mod 2^32) >> (32 - depth)

with x counting R, G, B one by one in RGB.

  written   raw planes that FFmpeg wrote as Y4M: its header line, SHA-256 of the whole file
  read      header and FRAME lines made here: what ffprobe says of the stream, SHA-256 of the
            planes of all frames, one after the other, as FFmpeg decodes them (words little-endian)
  pictures  PGM and PPM by FFmpeg's encoders: SHA-256 of the whole file
  text      small PNM files of printable bytes: size and samples by Pillow
"""
import hashlib
import io
import json
import os
import subprocess
import sys

from PIL import Image

FRAMES = 2
CHROMA = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "411": (4, 1), "444a": (1, 1)}


def sample(frame, plane, x, y, depth):
    return ((7919 * x + 104729 * y + 1299709 * plane + 15485863 * frame) * 2654435761 & 0xFFFFFFFF) >> (32 - depth)


def planes(layout, w, h, depth, frame, order="little"):
    """All planes of a frame, without padding."""
    sizes = [(3 * w if layout == "rgb" else w, h)]
    if layout in CHROMA:
        cx, cy = CHROMA[layout]
        sizes += [(-(-w // cx), -(-h // cy))] * 2
    if layout == "444a":
        sizes.append((w, h))
    out = bytearray()
    for plane, (pw, ph) in enumerate(sizes):
        for y in range(ph):
            for x in range(pw):
                out += sample(frame, plane, x, y, depth).to_bytes(1 if depth == 8 else 2, order)
    return bytes(out)


def run(*args, data=b""):
    done = subprocess.run(args, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit("%s: %s" % (" ".join(args), done.stderr.decode()))
    return done.stdout


def sha(data):
    return hashlib.sha256(data).hexdigest()


def pix_fmt(layout, depth):
    base = {"gray": "gray", "444a": "yuva444p", "rgb": "rgb24" if depth == 8 else "rgb48"}.get(layout, "yuv%sp" % layout)
    if depth == 8:
        return base
    return "rgb48le" if layout == "rgb" else "%s%dle" % (base, depth)


def written():
    """Every format that FFmpeg's writer has, and the tokens that are not the layout's."""
    base = dict(w=9, h=7, rate="24000/1001", sar="1/1", range="", siting="", field="prog")
    formats = [("420", 8), ("422", 8), ("444", 8), ("411", 8), ("444a", 8), ("gray", 8)]
    formats += [(l, d) for l in ("420", "422", "444") for d in (9, 10, 12, 14, 16)] + [("gray", d) for d in (9, 10, 12, 16)]
    # Even widths for deep 4:2:0 and 4:2:2: at odd ones FFmpeg 5.1 writes a byte too few for each row of chroma
    # (ceil(2 w / 2) bytes in place of 2 ceil(w / 2)), and then cannot read its own file.
    cases = [dict(base, layout=l, depth=d, w=10 if d > 8 and l in ("420", "422") else 9) for l, d in formats]
    cases += [dict(base, layout="420", depth=8, siting=s) for s in ("center", "left", "topleft")]
    cases += [dict(base, layout=l, depth=8, range=r) for l in ("420", "444") for r in ("tv", "pc")]
    cases += [dict(base, layout="420", depth=8, field=f) for f in ("tff", "bff")]
    cases += [dict(base, layout="420", depth=8, w=w, h=h, rate=r, sar=s)
              for w, h, r, s in ((1, 1, "25/1", "1/1"), (2, 3, "60/1", "12/11"), (17, 1, "30000/1001", "64/45"))]
    for c in cases:
        raw = b"".join(planes(c["layout"], c["w"], c["h"], c["depth"], f) for f in range(FRAMES))
        filters = "setsar=%s,setfield=%s" % (c["sar"], c["field"])
        args = ["ffmpeg", "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", pix_fmt(c["layout"], c["depth"]),
                "-s", "%dx%d" % (c["w"], c["h"]), "-r", c["rate"]]
        if c["range"]:
            args += ["-color_range", c["range"]]
        args += ["-i", "-", "-vf", filters]
        if c["siting"]:
            args += ["-chroma_sample_location", c["siting"]]
        # the input's format again: without it FFmpeg may choose another one for the output
        args += ["-pix_fmt", pix_fmt(c["layout"], c["depth"]), "-f", "yuv4mpegpipe", "-strict", "-1", "-"]
        out = run(*args, data=raw)
        header = out[:out.index(b"\n")].decode()
        assert out.endswith(b"FRAME\n" + raw[len(raw) // FRAMES:]), c
        c.update(header=header, sha256=sha(out))
        yield c


def layout_of(name):
    """FFmpeg's name of a pixel format as (layout, depth)."""
    name = name.replace("yuvj", "yuv")
    for layout, base in (("444a", "yuva444p"), ("gray", "gray"), ("420", "yuv420p"), ("422", "yuv422p"), ("444", "yuv444p"),
                         ("411", "yuv411p")):
        if name.startswith(base):
            rest = name[len(base):].replace("le", "")
            return layout, int(rest) if rest else 8
    raise ValueError(name)


def read(folder):
    """Header lines that FFmpeg's reader takes, and what it makes of them."""
    tags = ["420jpeg", "420mpeg2", "420paldv", "420", "411", "422", "444", "444alpha", "mono", "mono9", "mono10", "mono12", "mono16"]
    tags += ["%sp%d" % (l, d) for l in ("420", "422", "444") for d in (9, 10, 12, 14, 16)]
    headers = ["W9 H7 F30:1 Ip A1:1 C" + t for t in tags]
    headers += ["W9 H7 F30:1 XYSCSS=" + x for x in
                ("420JPEG", "420MPEG2", "420PALDV", "411", "422", "444", "420P9", "420P10", "420P12", "420P14", "420P16", "422P9",
                 "422P12", "422P14", "422P16", "444P9", "444P10", "444P12", "444P14", "444P16")]
    headers += ["W9 H7", "H7 W9", "W1 H1 F25:1", "W2 H1 F0:0 A0:0 I?", "W9 H7 F60000:1001 A10:11 It C420mpeg2",
                "W9 H7 F50:2 A2:2 Ib C422", "W9 H7 F25:1 C444 XYSCSS=420JPEG", "W9 H7 F25:1 XYSCSS=444 C422",
                "W9 H7 F25:1 C444 XCOLORRANGE=FULL", "W9 H7 F25:1 XCOLORRANGE=LIMITED C420mpeg2", "W9 H7 F25:1 Xanything=1 C420jpeg",
                "W9  H7  F25:1", "W9 H7 F25:1 "]
    path = os.path.join(folder, "read.y4m")
    for header in headers:
        c = dict(header="YUV4MPEG2 " + header)

        def make(layout, w, h, depth):
            frames = b"".join(b"FRAME\n" + planes(layout, w, h, depth, f) for f in range(FRAMES))
            with open(path, "wb") as f:
                f.write(("YUV4MPEG2 " + header + "\n").encode() + frames)

        def probe():
            text = run("ffprobe", "-v", "error", "-of", "json", "-show_streams", path)
            return json.loads(text)["streams"][0]

        # twice: the first file is as large as any format needs, and tells the format
        make("444a", 9, 7, 16)
        first = probe()
        layout, depth = layout_of(first["pix_fmt"])
        w, h = first["width"], first["height"]
        make(layout, w, h, depth)
        s = probe()
        assert (s["pix_fmt"], s["width"]) == (first["pix_fmt"], first["width"]), header
        raw = run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", pix_fmt(layout, depth)
                  if "yuvj" not in s["pix_fmt"] else s["pix_fmt"], "-")
        c.update(layout=layout, depth=depth, w=w, h=h, rate=s["r_frame_rate"], sar=s.get("sample_aspect_ratio", "0:1"),
                 field=s.get("field_order", "unknown"), range=s.get("color_range", "unknown"),
                 siting=s.get("chroma_location", "unspecified"), frames=FRAMES, sha256=sha(raw))
        yield c


def pictures():
    for layout, depth, codec in (("gray", 8, "pgm"), ("gray", 16, "pgm"), ("rgb", 8, "ppm"), ("rgb", 16, "ppm")):
        for w, h in ((9, 7), (1, 1), (130, 3)):
            raw = planes(layout, w, h, depth, 0, "big")
            fmt = {"gray": "gray" if depth == 8 else "gray16be", "rgb": "rgb24" if depth == 8 else "rgb48be"}[layout]
            out = run("ffmpeg", "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", fmt, "-s", "%dx%d" % (w, h), "-i", "-",
                      "-c:v", codec, "-f", "image2pipe", "-", data=raw)
            yield dict(layout=layout, depth=depth, w=w, h=h, sha256=sha(out))


def text():
    for content in ("P2\n3 2\n255\n0 1 2\n253 254 255\n", "P2 # a comment\n#another\n3\t2 # width and height\n255\n0 1 2 3 4 5",
                    "P3\n2 1\n255\n10 20 30   40 50 60\n", "P3 1 2 255 1 2 3 4 5 6 ", "P2\n2 2\n255\n 1 # of a row\n 2 3 4\n",
                    "P5\n4 2\n255\nabcdefgh", "P5 4 1 255\n\n###", "P6\n# comment\n2 1\n255\nRGBrgb", "P5 # 1\n2 # 2\n2 # 3\n255\nabcd"):
        image = Image.open(io.BytesIO(content.encode()))
        image.load()
        assert image.mode in ("L", "RGB"), image.mode
        yield dict(content=content, layout="gray" if image.mode == "L" else "rgb", w=image.width, h=image.height,
                   samples=list(image.tobytes()))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.normpath(os.path.join(here, "..", "filters", "video.json"))
    folder = os.path.dirname(os.path.abspath(path))
    parts = [("written", list(written())), ("read", list(read(folder))), ("pictures", list(pictures())), ("text", list(text()))]
    os.remove(os.path.join(folder, "read.y4m"))
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        f.write("{\n")
        for i, (name, rows) in enumerate(parts):
            f.write('"%s": [\n%s\n]%s\n' % (name, ",\n".join(json.dumps(r) for r in rows), "," if i + 1 < len(parts) else ""))
        f.write("}\n")
    print({name: len(rows) for name, rows in parts})


if __name__ == "__main__":
    main()
