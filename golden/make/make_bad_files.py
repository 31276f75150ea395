#!/usr/bin/env python3
"""Makes data/bad: malformed files, one broken rule each, which every reader must refuse.

    python3 golden/make/make_bad_files.py [folder]        default: data/bad

Plain Python 3, standard library only, no randomness: the same bytes on every run.  A name
is <reader>__<what is wrong>.<ext>; index files that need shards are folders whose shards
are well formed.  INDEX.tsv lists each file and a phrase its error message must contain.

Every safetensors file here is refused by the official Python package as well, except for
those marked STRICTER (what they hold is lost or ambiguous there) and UNSUPPORTED (well
formed, but outside of what goldreel reads); `--official` checks that, with the package.

Formats: huggingface/safetensors README "Format"; numpy.lib.format; RFC 8259; mjpegtools yuv4mpeg(5);
netpbm.sourceforge.net/doc/pgm.html and ppm.html.
"""
import json
import os
import struct
import sys

STRICTER = {
    # the README demands the brace; the official reader leaves that check for later
    "safetensors__header_leading_space.safetensors",
    # the member is ignored by the official reader: a misspelt or newer member would be lost in silence
    "safetensors__unknown_member.safetensors",
    # the last of the two wins there: which tensor was meant is anybody's guess
    "safetensors__duplicate_name.safetensors",
    # taken for "no metadata" there; the format says an object of strings
    "safetensors__metadata_null.safetensors",
}
UNSUPPORTED = {
    "safetensors__dtype_i16.safetensors",          # no use for it in goldreel
    "safetensors__dtype_f8.safetensors",
    "safetensors__rank_9.safetensors",             # MAX_RANK is 8
    "safetensors__name_empty.safetensors",         # cannot be typed on a command line
    "safetensors__name_nul.safetensors",           # names are C strings
    "safetensors__name_too_long.safetensors",      # MAX_NAME is 256 with its NUL
}

files = []      # (path inside the folder, bytes, phrase or None for a well-formed shard)


def add(path, data, phrase):
    files.append((path, data.encode() if isinstance(data, str) else data, phrase))


# ---- safetensors ----

def st(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(name="a", dtype='"F32"', shape="[2]", offsets="[0,8]"):
    return '"%s":{"dtype":%s,"shape":%s,"data_offsets":%s}' % (name, dtype, shape, offsets)


def bad_st(what, data, phrase):
    add("safetensors__%s.safetensors" % what, data, phrase)


EIGHT = bytes(range(8))
GOOD = "{" + entry() + "}"

bad_st("empty_file", b"", "shorter than the header length")
bad_st("seven_bytes", st(GOOD)[:7], "shorter than the header length")
bad_st("header_too_large", st(GOOD, EIGHT, 100000001), "is larger than 100000000")
bad_st("header_length_2_64", st(GOOD, EIGHT, 2**64 - 1), "is larger than 100000000")
bad_st("header_behind_file", st(GOOD, b"", len(GOOD) + 1), "reaches behind the file")
bad_st("header_empty", st(""), "does not start with '{'")
bad_st("header_array", st("[]"), "does not start with '{'")
bad_st("header_leading_space", st(" " + GOOD, EIGHT), "does not start with '{'")
bad_st("header_cut", st(GOOD[:-2], EIGHT), "ends where")
bad_st("header_not_utf8", st(b'{"\xff":1}'), "not UTF-8")
bad_st("header_trailing_bytes", st(GOOD + "x", EIGHT), "nothing after the JSON value")
bad_st("entry_not_object", st('{"a":[]}'), "is not an object")
bad_st("no_dtype", st('{"a":{"shape":[2],"data_offsets":[0,8]}}', EIGHT), "has no dtype")
bad_st("no_shape", st('{"a":{"dtype":"F32","data_offsets":[0,8]}}', EIGHT), "has no shape")
bad_st("no_offsets", st('{"a":{"dtype":"F32","shape":[2]}}', EIGHT), "has no data_offsets")
bad_st("unknown_member", st('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"strides":[4]}}', EIGHT),
       "unknown member")
bad_st("duplicate_name", st("{" + entry() + "," + entry() + "}", EIGHT), "duplicate key")
bad_st("dtype_unknown", st("{" + entry(dtype='"F31"') + "}", EIGHT), "unknown dtype")
bad_st("dtype_number", st("{" + entry(dtype="32") + "}", EIGHT), "dtype is not a string")
bad_st("dtype_i16", st("{" + entry(dtype='"I16"', shape="[4]") + "}", EIGHT), "I16 is not supported")
bad_st("dtype_f8", st("{" + entry(dtype='"F8_E4M3"', shape="[8]") + "}", EIGHT), "F8_E4M3 is not supported")
bad_st("shape_negative", st("{" + entry(shape="[-2]") + "}", EIGHT), "non-negative integer")
bad_st("shape_fraction", st("{" + entry(shape="[2.0]") + "}", EIGHT), "non-negative integer")
bad_st("shape_not_array", st("{" + entry(shape="2") + "}", EIGHT), "shape is not an array")
bad_st("shape_overflow", st("{" + entry(shape="[4294967296,4294967296]") + "}", EIGHT), "overflows")
bad_st("rank_9", st("{" + entry(shape="[2,1,1,1,1,1,1,1,1]") + "}", EIGHT), "rank 9")
bad_st("offsets_reversed", st("{" + entry(offsets="[8,0]") + "}", EIGHT), "end before they begin")
bad_st("offsets_three", st("{" + entry(offsets="[0,4,8]") + "}", EIGHT), "two non-negative integers")
bad_st("offsets_behind_data", st(GOOD, EIGHT[:7]), "reach behind the data")
bad_st("size_mismatch", st("{" + entry(shape="[3]") + "}", EIGHT), "needs 12 bytes")
bad_st("overlap", st("{" + entry() + "," + entry("b", offsets="[4,12]") + "}", EIGHT + EIGHT[:4]), "overlaps")
bad_st("hole", st("{" + entry() + "," + entry("b", offsets="[12,20]") + "}", EIGHT * 2 + EIGHT[:4]), "hole of 4 bytes")
bad_st("trailing_bytes", st(GOOD, EIGHT + b"\0"), "1 bytes behind the last tensor")
bad_st("metadata_number", st('{"__metadata__":{"step":1},' + entry() + "}", EIGHT), "is not a string")
bad_st("metadata_null", st('{"__metadata__":null,' + entry() + "}", EIGHT), "__metadata__ is not an object")
bad_st("name_empty", st("{" + entry("") + "}", EIGHT), "has 0 bytes")
bad_st("name_nul", st("{" + entry("a\\u0000b") + "}", EIGHT), "without NUL")
bad_st("name_too_long", st("{" + entry("n" * 256) + "}", EIGHT), "has 256 bytes")

# ---- json ----

def bad_json(what, data, phrase):
    add("json__%s.json" % what, data, phrase)


bad_json("empty", "", "ends where a JSON value should be")
bad_json("trailing_comma", '{"a": 1,}', "expected a key in quotes")
bad_json("comment", '{"a": 1 // one\n}', "expected ',' or '}'")
bad_json("single_quotes", "{'a': 1}", "expected a key in quotes")
bad_json("duplicate_key", '{"sigma": 1, "sigma": 2}', "duplicate key")
bad_json("nan", '{"a": NaN}', "expected a value")
bad_json("leading_zero", '{"a": 007}', "leading zero")
bad_json("number_too_large", '{"a": 1e999}', "too large for a double")
bad_json("lone_surrogate", '{"a": "\\ud800"}', "high surrogate")
bad_json("overlong_utf8", b'{"a": "\xc0\xaf"}', "not UTF-8")
bad_json("raw_newline", '{"a": "two\nlines"}', "control character")
bad_json("too_deep", "[" * 65 + "]" * 65, "nested too deep")
bad_json("byte_order_mark", b"\xef\xbb\xbf{}", "expected a value")

# ---- npy ----
# numpy.load takes four of these: the structured type (goldreel has none), and three that its documentation of
# the format rules out but its reader does not look at: no newline at the end of the header, a key that appears
# twice (the last wins), bytes behind the data (left unread; a cut or mixed-up file goes unnoticed).

def npy(header, data=b"", version=(1, 0), length=None):
    header = header if isinstance(header, bytes) else header.encode()
    fmt = "<H" if version[0] == 1 else "<I"
    return (b"\x93NUMPY" + bytes(version) + struct.pack(fmt, len(header) if length is None else length) + header + data)


def np_header(descr="'<f4'", fortran="False", shape="(2,)"):
    return "{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n" % (descr, fortran, shape)


def bad_npy(what, data, phrase):
    add("npy__%s.npy" % what, data, phrase)


bad_npy("empty_file", b"", "does not start with")
bad_npy("magic", b"\x92" + npy(np_header(), EIGHT)[1:], "does not start with")
bad_npy("version_4", npy(np_header(), EIGHT, (4, 0)), "version 4.0")
bad_npy("length_cut", npy(np_header())[:9], "inside the header length")
bad_npy("header_behind_file", npy(np_header(), b"", length=len(np_header()) + 1), "reaches behind the file")
bad_npy("no_newline", npy(np_header()[:-1], EIGHT), "does not end with a newline")
bad_npy("no_shape", npy("{'descr': '<f4', 'fortran_order': False}\n", EIGHT), "no key 'shape'")
bad_npy("duplicate_key", npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}\n", EIGHT),
        "appears twice")
bad_npy("unknown_key", npy("{'descr': '<f4', 'fortran_order': False, 'order': 1, 'shape': (2,)}\n", EIGHT),
        "unknown key 'order'")
bad_npy("descr_object", npy(np_header("'|O'"), EIGHT), "'|O' is not supported")
bad_npy("descr_structured", npy(np_header("[('x', '<f4')]"), EIGHT), "structured type")
bad_npy("fortran_number", npy(np_header(fortran="0"), EIGHT), "neither True nor False")
bad_npy("shape_without_comma", npy(np_header(shape="(2)"), EIGHT), "needs a comma")
bad_npy("shape_list", npy(np_header(shape="[2]"), EIGHT), "shape is not a tuple")
bad_npy("shape_negative", npy(np_header(shape="(-2,)"), EIGHT), "non-negative integer")
bad_npy("shape_overflow", npy(np_header(shape="(4294967296, 4294967296)"), EIGHT), "overflows")
bad_npy("code_in_header", npy(np_header(shape="(2,)+(1,)"), EIGHT), "expected ',' or '}'")
bad_npy("short_data", npy(np_header(), EIGHT[:7]), "needs 8 bytes")
bad_npy("trailing_bytes", npy(np_header(), EIGHT + b"\0"), "1 bytes behind the data")

# ---- sharded index ----

INDEX = "model.safetensors.index.json"
SHARD = "model-00001-of-00001.safetensors"


def bad_index(what, weight_map, phrase, total=8, shard=None):
    index = json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}, indent=2) + "\n"
    add("index__%s/%s" % (what, INDEX), index, phrase)
    if shard:
        add("index__%s/%s" % (what, SHARD), shard, None)


add("index__no_weight_map.safetensors.index.json", '{"metadata": {"total_size": 0}}\n', "no object \"weight_map\"")
add("index__shard_outside_folder.safetensors.index.json", '{"weight_map": {"a": "../a.safetensors"}}\n',
    "is not a plain file name")
add("index__shard_not_safetensors.safetensors.index.json", '{"weight_map": {"a": "pytorch_model.bin"}}\n',
    "is not a .safetensors file")
bad_index("tensor_missing", {"a": SHARD, "b": SHARD}, "is not in its shard", shard=st(GOOD, EIGHT))
bad_index("tensor_extra", {"a": SHARD}, "is not in weight_map", 16,
          st("{" + entry() + "," + entry("b", offsets="[8,16]") + "}", EIGHT * 2))
bad_index("total_size", {"a": SHARD}, "total_size is 9, the tensors have 8 bytes", 9, st(GOOD, EIGHT))
bad_index("total_size_fraction", {"a": SHARD}, "total_size is not a non-negative integer", 8.0, st(GOOD, EIGHT))


# ---- y4m ----
# Refused here, taken by FFmpeg: marked "stricter" in the reader's header comment (tags matched whole, tokens once, no
# token that is neither known nor a comment, samples within their bits).

def y4m(tokens="W2 H2", frames=(b"FRAME\n" + bytes(6),), end=b"\n"):
    return b"YUV4MPEG2 " + tokens.encode() + end + b"".join(frames)


def bad_y4m(what, data, phrase):
    add("y4m__%s.y4m" % what, data, phrase)


bad_y4m("header_cut", b"YUV4MPEG2 W2 H2", "byte 15: file ends inside the stream header")
bad_y4m("magic_longer", b"YUV4MPEG22 W2 H2\n", "does not start with YUV4MPEG2")
bad_y4m("header_too_long", y4m("W2 H2 X" + "x" * 256), "no line feed within the 256 bytes")
bad_y4m("carriage_return", y4m(end=b"\r\n"), "carriage return in the stream header")
bad_y4m("nul_in_header", b"YUV4MPEG2 W2 H2 X\0\n", "byte 17: control character 0x00")
bad_y4m("no_width", y4m("H2"), "no width")
bad_y4m("no_height", y4m("W2"), "no height")
bad_y4m("width_zero", y4m("W0 H2"), "whole numbers from 1 to 32768")
bad_y4m("width_negative", y4m("W-2 H2"), "whole numbers from 1 to 32768")
bad_y4m("height_overflow", y4m("W2 H4294967298"), "whole numbers from 1 to 32768")
bad_y4m("height_large", y4m("W2 H32769"), "more than 32768 samples")
bad_y4m("width_trailing", y4m("W2x H2"), "whole numbers from 1 to 32768")
bad_y4m("width_twice", y4m("W2 W4 H2"), "byte 13: a token appears twice")
bad_y4m("unknown_token", y4m("W2 H2 Q1"), "a token begins with W H F I A C or X, found \"Q1\"")
bad_y4m("colour_space", y4m("W2 H2 C440"), "this colour space is not supported, found \"C440\"")
bad_y4m("colour_space_prefix", y4m("W2 H2 C444p11", (b"FRAME\n" + bytes(24),)), "found \"C444p11\"")
bad_y4m("older_colour_space", y4m("W2 H2 XYSCSS=410"), "found \"XYSCSS=410\"")
bad_y4m("range", y4m("W2 H2 XCOLORRANGE=full"), "XCOLORRANGE is FULL or LIMITED")
bad_y4m("interlace_mixed", y4m("W2 H2 Im"), "mixed interlacing")
bad_y4m("interlace_unknown", y4m("W2 H2 Ix"), "one of p t b m ?")
bad_y4m("rate_no_colon", y4m("W2 H2 F25"), "with a colon between")
bad_y4m("rate_zero", y4m("W2 H2 F25:0"), "two positive numbers")
bad_y4m("aspect_negative", y4m("W2 H2 A1:-1"), "with a colon between")
bad_y4m("frame_word", y4m(frames=(b"FRAMES\n" + bytes(6),)), "frame 0 does not begin with FRAME")
bad_y4m("frame_lost", y4m(frames=(b"FRAME\n" + bytes(6), b"FRAMF\n" + bytes(6))), "frame 1 does not begin with FRAME")
bad_y4m("frame_parameter", y4m(frames=(b"FRAME W3\n" + bytes(6),)), "parameter of FRAME begins with I or X")
bad_y4m("frame_line_cut", y4m(frames=(b"FRAME",)), "file ends inside the FRAME line")
bad_y4m("frame_line_too_long", y4m(frames=(b"FRAME X" + b"x" * 256 + b"\n" + bytes(6),)), "no line feed within the 256 bytes")
bad_y4m("frame_cut", y4m(frames=(b"FRAME\n" + bytes(5),)), "byte 27: frame 0 ends early (5 of 6 bytes)")
bad_y4m("second_frame_cut", y4m(frames=(b"FRAME\n" + bytes(6), b"FRAME\n" + bytes(3))), "frame 1 ends early (3 of 6 bytes)")
bad_y4m("frame_bomb", y4m("W32768 H16384 C444p16"), "frame 0 ends early (6 of 3221225472 bytes)")
bad_y4m("sample_too_deep", y4m("W1 H1 Cmono10", (b"FRAME\n\x00\x04",)), "sample 1024 has more than 10 bits")

# ---- pnm ----

def bad_pnm(what, data, phrase):
    add("pnm__%s.pnm" % what, data, phrase)


bad_pnm("bitmap", "P1\n2 2\n0 1 1 0\n", "P1 pictures are not supported")
bad_pnm("packed_bitmap", "P4\n8 1\n\0", "P4 pictures are not supported")
bad_pnm("arbitrary_map", "P7\nWIDTH 1\n", "P7 pictures are not supported")
bad_pnm("header_cut", "P5\n2 2", "file ends before the maxval")
bad_pnm("no_height", "P5\n2\n", "file ends before the height")
bad_pnm("comment_without_end", "P5\n2 # two", "file ends before the height")
bad_pnm("width_zero", "P5\n0 2\n255\n", "width is 0")
bad_pnm("width_negative", "P5\n-2 2\n255\n....", "there is no number for the width")
bad_pnm("width_trailing", "P5\n2x 2\n255\n....", "width is not followed by white space")
bad_pnm("side_large", "P5\n32769 1\n255\n", "more than 32768 samples")
bad_pnm("side_overflow", "P6\n4294967298 1\n255\n......", "width is larger than 100000000")
bad_pnm("maxval_zero", "P5\n2 2\n0\n....", "maxval is 0")
bad_pnm("maxval_65536", "P5\n1 1\n65536\n..", "maxval is larger than 65535")
bad_pnm("maxval_100", "P5\n2 2\n100\n....", "maxval 100 is not supported")
bad_pnm("maxval_15", "P5\n2 2\n15\n....", "maxval 15 is not supported")
bad_pnm("comment_behind_maxval", "P5\n2 2\n255#\n....", "one white space stands between maxval and the samples")
bad_pnm("samples_cut", "P5\n2 2\n255\n...", "frame 0 ends early (3 of 4 bytes)")
bad_pnm("bomb", "P6\n32768 16384\n65535\n......", "frame 0 ends early (6 of 3221225472 bytes)")
bad_pnm("sample_too_large", b"P5\n1 1\n1023\n\x04\x00", "sample 1024 is larger than maxval 1023")
bad_pnm("text_cut", "P2\n2 2\n255\n1 2 3\n", "file ends before the sample")
bad_pnm("text_too_large", "P3\n1 1\n255\n1 2 256\n", "sample is larger than 255")
bad_pnm("text_letters", "P2\n1 1\n255\nff\n", "there is no number for the sample")
bad_pnm("trailing_bytes", "P5\n1 1\n255\n.\n", "bytes behind the picture are no further picture")
bad_pnm("second_picture_larger", "P5\n1 1\n255\n.P5\n2 1\n255\n..", "frame 1 has another size or layout")
bad_pnm("second_picture_colour", "P5\n1 1\n255\n.P6\n1 1\n255\n...", "frame 1 has another size or layout")


def check_official(folder):
    """What the official package says of each safetensors file."""
    from safetensors import safe_open
    wrong = 0
    for path, _, phrase in files:
        if not path.startswith("safetensors__"):
            continue
        try:
            with safe_open(os.path.join(folder, path), "np") as f:
                f.keys()
            said = None
        except Exception as error:  # noqa: BLE001 -- any refusal counts
            said = "%s: %s" % (type(error).__name__, error)
        expected = path in STRICTER or path in UNSUPPORTED
        wrong += (said is None) != expected
        print("%-5s %s\t%s" % ("ok" if (said is None) == expected else "WRONG", path, said or "accepted"))
    return wrong


def main():
    arguments = [a for a in sys.argv[1:] if a != "--official"]
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "bad")
    folder = arguments[0] if arguments else os.path.normpath(default)
    if "--official" in sys.argv[1:]:
        sys.exit(1 if check_official(folder) else 0)
    rows = []
    for path, data, phrase in files:
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data)
        if phrase is not None:
            rows.append("%s\t%s\n" % (path, phrase))
    with open(os.path.join(folder, "INDEX.tsv"), "w", encoding="utf-8", newline="\n") as f:
        f.writelines(rows)
    print("%d files, %d to be refused" % (len(files) + 1, len(rows)))


if __name__ == "__main__":
    main()
