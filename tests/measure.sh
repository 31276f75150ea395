#!/bin/sh
# measure -- `goldreel measure` from end to end, on clips made by rule.
#
#   sh tests/measure.sh "PROGRAM" MAKE_DATA         from the root of the repository
#
# A line per test, "ok NAME" or "FAIL NAME: why"; the last line is "N passed, N failed".
program=$1 make_data=$2 passed=0 failed=0
[ -n "$make_data" ] || { echo 'usage: sh tests/measure.sh "PROGRAM" MAKE_DATA' >&2; exit 2; }
LC_ALL=C
export LC_ALL
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM
$make_data "$dir" cuts pan fade letterbox text || exit 2

result() { if [ -z "$2" ]; then echo "ok $1"; passed=$((passed + 1)); else echo "FAIL $1: $2"; failed=$((failed + 1)); fi; }
# run STATUS ARGUMENT...: why is left empty when the exit status is as expected
run()
{
    want=$1 why=''
    shift
    $program measure "$@" > "$dir/out" 2> "$dir/err" < /dev/null
    status=$?
    [ $status -eq "$want" ] || why="exit status $status, expected $want: $(head -n 1 "$dir/err")"
}
has() { grep -qF -e "$2" "$1" || [ -n "$why" ] || why="lacks $2"; }
lines() { n=$(wc -l < "$1"); [ "$n" -eq "$2" ] || [ -n "$why" ] || why="$n lines, expected $2"; }
# column FILE KEY: the value of KEY in every line
column() { sed -n "s/.*\"$2\":\([^,}]*\)[,}].*/\1/p" "$1"; }

run 0 "$dir/cuts.y4m" -o "$dir/a.jsonl" --per-frame "$dir/f.jsonl"
lines "$dir/a.jsonl" 1
for key in clip sha256 width_px frames rate_fps duration_s cuts_content cuts_adaptive cuts_threshold cuts_hist cuts_hash \
    cuts_scdet shots freeze black border clearest_frame pdq pdq_quality camera camera_hunyuan camera_moviegen text_area constants; do has "$dir/a.jsonl" "\"$key\":"; done
result "one clip, every key" "$why"

run 0 "$dir/pan.y4m" --filters camera
has "$dir/out" '"camera_hunyuan":"pan right"'
result "a pan is a pan" "$why"

run 0 "$dir/text.y4m" --filters text
[ "$(column "$dir/out" text_area | awk '{ print ($1 > 0.01 && $1 < 0.3) }')" = 1 ] || why="text_area $(column "$dir/out" text_area)"
run 0 "$dir/pan.y4m" --filters text; has "$dir/out" '"text_area":0,'
result "text is found where there is some" "$why"

why=''
frames=$(column "$dir/a.jsonl" frames)
lines "$dir/f.jsonl" "${frames:-0}"
for key in clip frame pts content_val delta_hue delta_sat delta_lum adaptive_ratio hist_diff hash_dist average_rgb scdet_mafd \
    scdet_score scene_score vmaf_motion laplacian_var flow_mean_px luma_mean text_area cropdetect; do has "$dir/f.jsonl" "\"$key\":"; done
[ "$(column "$dir/f.jsonl" frame | tr '\n' ' ')" = "$(awk -v n="$frames" 'BEGIN { for (i = 0; i < n; i++) printf "%d ", i }')" ] ||
    why="frames are not in order"
result "a line for every frame, in order" "$why"

why=''
for key in content_val hist_diff hash_dist flow_mean_px adaptive_ratio; do
    [ "$(column "$dir/f.jsonl" $key | head -n 1)" = null ] || why="$key of frame 0 is not null"
done
result "what needs a frame before is null on the first" "$why"

why=''
column "$dir/f.jsonl" adaptive_ratio | awk -v n="$frames" '($1 == "null") != (NR <= 2 || NR > n - 2) { exit 1 }' ||
    why="a ratio where there is none, or the other way"
result "adaptive_ratio: none for the first and last two frames" "$why"

# At a hard cut the ratio of the first frame of the new shot stands out, in its own line.
why=''
for cut in $(column "$dir/a.jsonl" cuts_adaptive | tr -d '[]' | tr ',' ' '); do
    column "$dir/f.jsonl" adaptive_ratio | awk -v c="$cut" 'NR == c + 1 && $1 < 3 { exit 1 }' || why="frame $cut is a cut without a ratio"
done
[ "$(column "$dir/a.jsonl" cuts_adaptive)" != "[]" ] || why="no adaptive cut at all"
result "adaptive_ratio stands in the line of its frame" "$why"

# The public tools' own numbers (golden/filters/luma.tsv): scdet's mafd and vmafmotion, as they print them.
why=''
tab=$(printf '\t')
grep "^cuts${tab}frame$tab" golden/filters/luma.tsv | cut -f4 | awk '{ print $1, $4 }' > "$dir/golden"
column "$dir/f.jsonl" scdet_mafd > "$dir/mafd"
column "$dir/f.jsonl" vmaf_motion | paste -d ' ' "$dir/mafd" - |
    awk '{ printf "%.3f %.2f\n", $1, $2 }' > "$dir/ours"
[ -s "$dir/golden" ] && cmp -s "$dir/golden" "$dir/ours" || why="$(diff "$dir/golden" "$dir/ours" | head -n 2 | tr '\n' ' ')"
result "scdet and vmafmotion as FFmpeg prints them" "$why"

run 0 "$dir/cuts.y4m" "$dir/pan.y4m" "$dir/fade.y4m" "$dir/letterbox.y4m" --jobs 3
sort "$dir/out" > "$dir/three"
run 0 "$dir/cuts.y4m" "$dir/pan.y4m" "$dir/fade.y4m" "$dir/letterbox.y4m"
sort "$dir/out" | cmp -s - "$dir/three" || [ -n "$why" ] || why="other numbers"
result "three jobs measure what one does" "$why"

run 2 "$dir/cuts.y4m" -o "$dir/a.jsonl"; has "$dir/err" "exists already"; lines "$dir/a.jsonl" 1
result "an existing file is not written over" "$why"

printf '{"clip":"%s/pan.y4m","error":"was not there"}\n{"clip":"%s/fa' "$dir" "$dir" >> "$dir/a.jsonl"
run 0 "$dir/cuts.y4m" "$dir/pan.y4m" "$dir/fade.y4m" -o "$dir/a.jsonl" --resume
lines "$dir/a.jsonl" 3
grep -q '"error"' "$dir/a.jsonl" && why="the failed clip was not measured again"
result "--resume goes on after half a line and a failed clip" "$why"

cp "$dir/a.jsonl" "$dir/b.jsonl"
run 0 "$dir/cuts.y4m" "$dir/pan.y4m" "$dir/fade.y4m" -o "$dir/a.jsonl" --resume
cmp -s "$dir/a.jsonl" "$dir/b.jsonl" || why="the file changed"
result "--resume with nothing left to do" "$why"

head -c 5000 "$dir/pan.y4m" > "$dir/short.y4m"
run 1 "$dir/short.y4m" "$dir/pan.y4m"; lines "$dir/out" 2; has "$dir/out" '"error":'; has "$dir/out" short.y4m
result "a clip that is cut short becomes an error, and the run goes on" "$why"
run 2 "$dir/short.y4m"; lines "$dir/out" 1
result "nothing could be read: exit 2" "$why"

run 0 "$dir/pan.y4m" --filters pdq,scene
has "$dir/out" '"pdq":'; grep -q cuts_content "$dir/out" && why="shots were measured too"
result "--filters" "$why"
for wrong in "--filters nothing" "--jobs 0" "--matrix bt470" "--downscale 2" "--flow-size half" "--resume" "--no-such"; do
    run 2 $wrong "$dir/pan.y4m"; has "$dir/err" "goldreel: "
    result "measure $wrong" "$why"
done
run 2; has "$dir/err" "name a clip"
result "measure without a clip" "$why"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
