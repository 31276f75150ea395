#!/bin/sh
# cli -- the commands from end to end: exit status, stdout, stderr, files.
#
#   sh tests/cli.sh "PROGRAM"       from the root of the repository; PROGRAM may start with a
#                                   runner: "qemu-aarch64 build/arm64/goldreel"
#
# A line per test, "ok NAME", "FAIL NAME: why" or "skip NAME: why"; the last line is
# "N passed, N failed".  Needs a POSIX shell and its tools; the plug-in tests a C compiler.
program=$1 passed=0 failed=0 name='' why=''
if [ -z "$program" ] || ! [ -d golden/cases ]; then
    echo 'usage: sh tests/cli.sh "PROGRAM", in the root of the repository' >&2
    exit 2
fi
LC_ALL=C
export LC_ALL
unset GOLDREEL_CASES
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM
cases=golden/cases dumps=golden/dumps one=golden/cases/one-frame two=golden/cases/padded-batch

# ---- tests ----

# t NAME STATUS ARGUMENT...: starts a test.  Trouble must be told on stderr, "goldreel: ...",
# and leave stdout empty; everything else leaves stderr empty.  try: only the status counts.
t()
{
    try "$@"
    if [ "$want" -eq 2 ]; then
        grep -q '^goldreel: ' "$dir/err" || wrong "no message on stderr"
        silent
    else
        [ -s "$dir/err" ] && wrong "on stderr: $(head -n 1 "$dir/err")"
    fi
}

try()
{
    finish
    name=$1 want=$2
    shift 2
    $program "$@" > "$dir/out" 2> "$dir/err" < /dev/null
    status=$?
    [ $status -eq "$want" ] || wrong "exit status $status, expected $want: $(head -n 1 "$dir/err")"
}

# begin NAME: a test without a command of its own; more conditions follow
begin() { finish; name=$1; }

finish()
{
    [ -z "$name" ] && return
    if [ -z "$why" ]; then echo "ok $name"; passed=$((passed + 1))
    else echo "FAIL $name: $why"; failed=$((failed + 1))
    fi
    name='' why=''
}

wrong() { [ -n "$why" ] || why=$1; }            # the first reason is the one to read
skip() { finish; echo "skip $1: $2"; }
says() { grep -qF -e "$1" "$dir/out" || wrong "stdout lacks \"$1\""; }
says_not() { grep -qF -e "$1" "$dir/out" && wrong "stdout has \"$1\""; }
complains() { grep -qF -e "$1" "$dir/err" || wrong "stderr lacks \"$1\": $(head -n 1 "$dir/err")"; }
silent() { [ -s "$dir/out" ] && wrong "on stdout: $(head -n 1 "$dir/out")"; }
holds() { grep -qF -e "$2" "$1" 2> /dev/null || wrong "$(basename "$1") lacks \"$2\""; }
same() { cmp -s "$1" "$2" || wrong "$(basename "$1") and $(basename "$2") differ"; }
differ() { cmp -s "$1" "$2" && wrong "$(basename "$1") and $(basename "$2") are the same"; }
absent() { [ -e "$1" ] && wrong "$(basename "$1") was written"; }
only_file() { [ "$(ls -A "$(dirname "$1")")" = "$(basename "$1")" ] || wrong "something else lies beside $(basename "$1")"; }

# run_dit NAME STATUS CASE OUT ARGUMENT...; run_with NAME STATUS INPUTS ARGUMENT...: one-frame, other inputs
run_dit()
{
    n=$1 s=$2 c=$cases/$3 o=$4
    shift 4
    t "$n" "$s" run hunyuan-dit --weights "$c/weights.safetensors" --config "$c/config.json" \
        --inputs "$c/inputs.safetensors" -o "$o" "$@"
}
run_with()
{
    n=$1 s=$2 i=$3
    shift 3
    t "$n" "$s" run hunyuan-dit --weights $one/weights.safetensors --config $one/config.json --inputs "$i" \
        -o "$dir/x.safetensors" "$@"
}
# dit NAME STATUS WEIGHTS CONFIG: on one-frame's inputs
dit()
{
    t "$1" "$2" run hunyuan-dit --weights "$3" --config "$4" --inputs $one/inputs.safetensors -o "$dir/x.npy"
}

# ---- safetensors files, taken apart and made ----

header_size() { od -A n -t u1 -N 2 "$1" | awk '{ print $1 + 256 * $2 }'; }
header() { tail -c +9 "$1" | head -c "$(header_size "$1")"; }
data() { tail -c +$((9 + $(header_size "$1"))) "$1"; }
tap_names() { header "$1" | tr '}' '\n' | sed -n 's/.*"\([^"]*\)":{"dtype".*/\1/p' | sort; }

# make FILE HEADER: the data comes from stdin
make()
{
    { printf '%b' "\\0$(printf %03o $((${#2} % 256)))\\0$(printf %03o $((${#2} / 256)))\\0000\\0000\\0000\\0000\\0000\\0000"
      printf %s "$2"; cat; } > "$1"
}

# edit FILE FROM SED_SCRIPT: FROM with another header; fill FILE FROM OCTAL: every data byte the same
edit() { data "$2" | make "$1" "$(header "$2" | sed "$3")"; }
bytes() { head -c "$1" /dev/zero | tr '\000' "\\$2"; }
fill() { bytes "$(data "$2" | wc -c)" "$3" | make "$1" "$(header "$2")"; }
# patch FILE FROM OFFSET COUNT OCTAL: some data bytes replaced
patch() { { data "$2" | head -c "$3"; bytes "$4" "$5"
data "$2" | tail -c +$(($3 + $4 + 1)); } | make "$1" "$(header "$2")"; }

# ---- help, usage, listing ----

t "help" 0 --help; says "usage: goldreel COMMAND"; says "exit status"
t "help as a command" 0 help; says "usage: goldreel COMMAND"
t "version" 0 --version; says "goldreel "
for verb in list check verify run; do
    t "$verb --help" 0 $verb --help; says "usage: goldreel $verb"
    t "$verb: unknown option" 2 $verb --nonsense; complains "no option --nonsense"
    t "$verb: help after other words" 0 $verb something -h; says "usage: goldreel $verb"
done
t "no command" 2; complains "usage: goldreel COMMAND"; complains "name a command"
t "unknown command" 2 frobnicate; complains '"frobnicate"'
t "missing value" 2 check --backend; complains "--backend needs a value"
t "value for a flag" 2 verify --all=1 one-frame x.safetensors; complains "takes no value"
t "run without a model" 2 run; complains "name one model"
t "run with two models" 2 run hunyuan-dit hunyuan-sampler; complains "name one model"
t "unknown model" 2 run nosuch; complains '"nosuch"'
t "run without weights" 2 run hunyuan-dit --inputs i -o o.npy; complains "--weights is missing"
t "run without inputs" 2 run hunyuan-dit --weights w -o o.npy; complains "--inputs is missing"
t "run without -o" 2 run hunyuan-dit --weights w --inputs i; complains "-o OUT is missing"
t "verify without a dump" 2 verify one-frame; complains "name a case and a dump"
t "unknown case" 2 check nosuch; complains "nosuch/case.json"
t "unknown case to verify" 2 verify nosuch $dumps/one-frame.f32.safetensors; complains "nosuch/case.json"
t "unknown backend" 2 check --backend nosuch; complains '"nosuch"'
t "no such plug-in" 2 check "$dir/none.so"; complains none.so
t "plug-in and backend" 2 check "$dir/none.so" --backend c; complains "either"
t "cases elsewhere" 2 check --cases "$dir"; complains INDEX.jsonl
t "list everything" 0 list; says hunyuan-dit; says one-frame; says matmul; says bf16; says gelu-erf
for topic in cases models kernels backends policies mutants; do
    t "list $topic" 0 list $topic
    [ -s "$dir/out" ] || wrong "nothing listed"
done
t "list: unknown topic" 2 list nosuch; complains '"nosuch"'
t "list: two topics" 2 list cases models; complains "one topic"
GOLDREEL_CASES=$dir; export GOLDREEL_CASES
t "GOLDREEL_CASES" 2 list cases; complains "$dir/INDEX.jsonl"
t "--cases comes first" 0 list cases --cases $cases; says one-frame
unset GOLDREEL_CASES

# ---- run ----

for folder in $cases/*/; do
    case=$(basename "$folder")
    [ -f "$folder/weights.safetensors" ] || continue         # a sampler case: below
    layout=$(sed -n 's/.*"layout": *"\([a-z]*\)".*/\1/p' "$cases/$case/case.json")
    run_dit "run $case ($layout)" 0 "$case" "$dir/a.safetensors" --taps; silent
    header "$dir/a.safetensors" | grep -q "\"layout\":\"$layout\"" || wrong "layout $layout is not in the metadata"
    tap_names "$cases/$case/golden.safetensors" > "$dir/golden"
    tap_names "$dir/a.safetensors" > "$dir/taps"
    [ -s "$dir/golden" ] || wrong "no names read from the golden"
    missing=$(comm -23 "$dir/golden" "$dir/taps" | head -n 1)
    [ -n "$missing" ] && wrong "--taps did not write $missing"
    run_dit "run $case again: same bytes" 0 "$case" "$dir/b.safetensors" --taps
    same "$dir/a.safetensors" "$dir/b.safetensors"
    t "verify $case as run here" 0 verify "$case" "$dir/a.safetensors"; says "PASS  $case"; says "as f64, islands f64"
done

run_dit "run: ref" 0 one-frame "$dir/ref.safetensors"
holds "$dir/ref.safetensors" '"sample":{"dtype":"F64","shape":[1,4,1,6,4]'
run_dit "run: c" 0 one-frame "$dir/c.safetensors" --backend c; holds "$dir/c.safetensors" '"sample":{"dtype":"F32"'
run_dit "run: c with taps is right" 0 one-frame "$dir/x.safetensors" --backend c --taps
t "run: c with taps is right (verify)" 0 verify one-frame "$dir/x.safetensors"; says "as f32, islands f64"
run_dit "run: --islands f32" 0 one-frame "$dir/x.safetensors" --islands f32
data "$dir/ref.safetensors" > "$dir/a"; data "$dir/x.safetensors" > "$dir/b"; differ "$dir/a" "$dir/b"
run_dit "run: --islands f64 is the default" 0 one-frame "$dir/x.safetensors" --islands f64
same "$dir/ref.safetensors" "$dir/x.safetensors"
run_dit "run: --islands nonsense" 2 one-frame "$dir/x.safetensors" --islands f16; complains '"f16"'
run_dit "run: --mutant" 0 one-frame "$dir/x.safetensors" --mutant gelu-erf
data "$dir/x.safetensors" > "$dir/b"; differ "$dir/a" "$dir/b"; holds "$dir/x.safetensors" '"mutant":"gelu-erf"'
run_dit "run: unknown mutant" 2 one-frame "$dir/x.safetensors" --mutant nosuch; complains '"nosuch"'
run_dit "run: .npy" 0 one-frame "$dir/x.npy"; head -c 6 "$dir/x.npy" | grep -q NUMPY || wrong "no .npy magic"
tail -c 768 "$dir/x.npy" > "$dir/b"; same "$dir/a" "$dir/b"
run_dit "run: --taps into .npy" 2 one-frame "$dir/y.npy" --taps; absent "$dir/y.npy"
run_dit "run: out with another ending" 2 one-frame "$dir/y.bin"; absent "$dir/y.bin"; complains ".safetensors or .npy"
run_dit "run: out into no folder" 2 one-frame "$dir/none/y.safetensors"; complains "none/y.safetensors"
absent "$dir/none"
t "run: no folder for out is told before the work" 2 run hunyuan-dit --weights none --inputs none -o "$dir/none/y.npy"
complains "the folder does not exist"
mkdir "$dir/folder.npy"
run_dit "run: out is a folder" 2 one-frame "$dir/folder.npy"; complains "is a folder"
run_dit "run: --steps without a sampler" 2 one-frame "$dir/x.npy" --steps 3; complains "--steps is for hunyuan-sampler"
mkdir "$dir/kept"
printf marker > "$dir/marker"; cp "$dir/marker" "$dir/kept/y.safetensors"
t "run that fails leaves OUT alone" 2 run hunyuan-dit --weights $one/weights.safetensors --config $one/config.json \
    --inputs $cases/sampler-embedded/inputs.safetensors -o "$dir/kept/y.safetensors"
complains '"hidden_states" is missing'
same "$dir/kept/y.safetensors" "$dir/marker"; only_file "$dir/kept/y.safetensors"
run_dit "run replaces OUT" 0 one-frame "$dir/kept/y.safetensors"
same "$dir/kept/y.safetensors" "$dir/ref.safetensors"; only_file "$dir/kept/y.safetensors"

sampler()
{
    n=$1 s=$2
    shift 2
    t "$n" "$s" run hunyuan-sampler --weights $two/weights.safetensors --config $two/config.json \
        --inputs $cases/sampler-embedded/inputs.safetensors -o "$dir/s.safetensors" "$@"
}
sampler "run: sampler" 0 --steps 4 --shift 7 --guidance 6 --taps
t "verify: sampler as run here" 0 verify sampler-embedded "$dir/s.safetensors"; says "12 taps agree"
sampler "run: other shift" 0 --steps 4 --shift=5 --guidance 6 --taps
t "verify: other shift" 1 verify sampler-embedded "$dir/s.safetensors"; says "first wrong: sampler.sigmas"
sampler "sampler without --steps" 2; complains "needs --steps"
for steps in 0 -1 1.5 abc 1e3 99999999999999999999 ''; do sampler "--steps '$steps'" 2 --steps "$steps"
complains "whole number"; done
for shift in 0 -1 nan inf 7x ''; do sampler "--shift '$shift'" 2 --steps 2 --shift "$shift"
complains "must be a number"; done
sampler "--guidance -1" 2 --steps 2 --guidance -1; complains "--guidance"
try "run: inputs that nobody reads are told" 0 run hunyuan-sampler --steps 1 --weights $one/weights.safetensors \
    --config $one/config.json --inputs $cases/sampler-two-pass/inputs.safetensors -o "$dir/s.safetensors"
complains 'warning: input "negative_pooled_projections" is not read'; silent
sampler "two passes without negative prompt" 2 --steps 2 --cfg-scale 4; complains negative_

# ---- weights, configurations and inputs that do not fit ----

t "weights of another configuration" 2 run hunyuan-dit --weights $one/weights.safetensors --config $two/config.json \
    --inputs $two/inputs.safetensors -o "$dir/x.safetensors"
complains "do not fit the configuration"; complains "img_in.proj.weight: expected [30,4,1,2,2], found [32,4,1,2,2]"
edit "$dir/w.safetensors" $one/weights.safetensors \
    's/"img_in.proj.bias"/"img_in.proj.bogus"/; s/\("txt_in.input_embedder.weight":{"dtype":"F32","shape":\)\[32,20\]/\1[20,32]/'
dit "weights: missing, extra and mis-shaped are all named" 2 "$dir/w.safetensors" $one/config.json
complains "img_in.proj.bias: expected [32]"; complains img_in.proj.bogus
complains "txt_in.input_embedder.weight: expected [32,20], found [20,32]"
edit "$dir/w.safetensors" $one/weights.safetensors 's/"img_in.proj.bias"/"img_\\u001b[31m\\u009b1m"/'
dit "names cannot steer the terminal" 2 "$dir/w.safetensors" $one/config.json
complains "[31m"; grep -q "$(printf '\033\|\302\233')" "$dir/err" && wrong "control characters on stderr"
t "published sizes without --config" 2 run hunyuan-dit --weights $one/weights.safetensors \
    --inputs $one/inputs.safetensors -o "$dir/x.safetensors"
complains "do not fit the configuration"
sed 's/"num_layers": 1/"num_layers": 2/' $one/config.json > "$dir/config.json"
dit "one block too many" 2 $one/weights.safetensors "$dir/config.json"; complains double_blocks.1
sed 's/"num_layers": 1/"num_layers": -1/' $one/config.json > "$dir/config.json"
dit "negative number of blocks" 2 $one/weights.safetensors "$dir/config.json"; complains num_layers
complains config.json

run_with "inputs of another case" 2 $cases/two-frame-patch/inputs.safetensors; complains "inputs.safetensors"
edit "$dir/i.safetensors" $one/inputs.safetensors 's/\[1,5,20\]/[1,20,5]/'
run_with "inputs: wrong shape" 2 "$dir/i.safetensors"; complains encoder_hidden_states; complains "[1,20,5]"
edit "$dir/i.safetensors" $one/inputs.safetensors 's/\[1,4,1,6,4\]/[1,4,1,8,3]/'
run_with "inputs: odd latent size" 2 "$dir/i.safetensors"; complains "multiple of the patch size"
edit "$dir/i.safetensors" $one/inputs.safetensors 's/"pooled_projections"/"pool"/'
run_with "inputs: one is missing" 2 "$dir/i.safetensors"; complains '"pooled_projections" is missing'
fill "$dir/i.safetensors" $one/inputs.safetensors 377
run_with "inputs: NaN" 2 "$dir/i.safetensors"; complains "not finite"
patch "$dir/i.safetensors" $one/inputs.safetensors 788 40 000
run_with "inputs: mask all zero" 2 "$dir/i.safetensors"; complains "no text token"
patch "$dir/i.safetensors" $one/inputs.safetensors 788 1 002
run_with "inputs: mask of 2" 2 "$dir/i.safetensors"; complains "0 and 1 only"
patch "$dir/i.safetensors" $one/inputs.safetensors 788 1 000
try "inputs: mask with a hole is told" 0 run hunyuan-dit --weights $one/weights.safetensors --config $one/config.json \
    --inputs "$dir/i.safetensors" -o "$dir/x.safetensors"
complains "warning: the text mask"; silent

while IFS='	' read -r file phrase; do
    case $file in
    safetensors__*|index__*) dit "bad weights: $file" 2 "data/bad/$file" $one/config.json ;;
    json__*) dit "bad config: $file" 2 $one/weights.safetensors "data/bad/$file" ;;
    npy__*) run_with "bad inputs: $file" 2 "data/bad/$file" ;;
    y4m__*|pnm__*) t "bad clip: $file" 2 decode "data/bad/$file" -o "$dir/bad%05d.ppm" ;;
    *) begin "bad: $file"; wrong "no test for files of this kind" ;;
    esac
    complains "$phrase"; complains "$(basename "$file" | sed 's/^model\././')"
    case $file in safetensors__*)
        run_with "bad inputs: $file" 2 "data/bad/$file"; complains "$file"; complains "$phrase"
        t "bad dump: $file" 2 verify one-frame "data/bad/$file"; complains "$file"; complains "$phrase" ;;
    npy__*) t "bad dump: $file" 2 verify one-frame "data/bad/$file"; complains "$file" ;;
    esac
done < data/bad/INDEX.tsv

# ---- decode ----

jpegs=golden/filters/jpeg
set -- $jpegs/*.jpg
t "decode: a picture" 0 decode "$1" -o "$dir/p.ppm"; holds "$dir/p.ppm" P6
t "decode: the picture again" 0 decode "$dir/p.ppm" -o "$dir/q.ppm"; same "$dir/p.ppm" "$dir/q.ppm"
t "decode: luma" 0 decode "$1" -o "$dir/p.pgm"; holds "$dir/p.pgm" P5
set -- $jpegs/*.avi
t "decode: every frame" 0 decode "$1" -o "$dir/a.y4m"; holds "$dir/a.y4m" YUV4MPEG2
t "decode: numbered" 0 decode "$1" -o "$dir/f%03d.ppm"; holds "$dir/f000.ppm" P6
t "decode: a sequence" 0 decode "$dir/f%03d.ppm" -o "$dir/s.ppm"; same "$dir/s.ppm" "$dir/f000.ppm"
t "decode: no clip" 2 decode; complains "decode"
t "decode: no such clip" 2 decode "$dir/none.y4m" -o "$dir/x.y4m"; complains none.y4m; absent "$dir/x.y4m"
t "decode: no output" 2 decode "$1"; complains "-o"
t "decode: unknown kind of output" 2 decode "$1" -o "$dir/x.bmp"; absent "$dir/x.bmp"
t "decode: RGB has no place in Y4M" 2 decode "$dir/p.ppm" -o "$dir/x.y4m"; absent "$dir/x.y4m"
t "decode: no such frame" 2 decode "$1" -o "$dir/x.ppm" --frame 9999; absent "$dir/x.ppm"

# ---- verify ----

while read -r line; do
    field() { printf '%s\n' "$line" | sed -n "s/.*\"$1\": *\"\\([^\"]*\\)\".*/\\1/p"; }
    dump=$(field dump)
    case $(field expect) in
    pass) t "verify $dump" 0 verify "$(field case)" "$dumps/$dump" --dtype "$(field dtype)"; says "PASS  " ;;
    fail) t "verify $dump" 1 verify "$(field case)" "$dumps/$dump" --dtype "$(field dtype)"
    says "first wrong: $(field first)  " ;;
    *) begin "$dump"; wrong "no expectation in INDEX.jsonl" ;;
    esac
done < $dumps/INDEX.jsonl

good=$dumps/one-frame.f32.safetensors bad=$dumps/one-frame.f32.erf-gelu.safetensors first=transformer_blocks.0.ff.net.0
t "verify --json -" 1 verify one-frame $bad --json -
says '"verdict":"fail"'; says "\"first\":\"$first\""; says '"first_finding":"diverges"'; says '"case":"one-frame"'
[ "$(wc -l < "$dir/out")" -eq 1 ] || wrong "not one line"
[ "$(head -c 1 "$dir/out")$(tail -c 2 "$dir/out")" = "{}" ] || wrong "not one object"
t "verify --json FILE" 0 verify one-frame $good --json "$dir/v.json"; says "PASS  one-frame"
holds "$dir/v.json" '"verdict":"pass"'; holds "$dir/v.json" '"first":null'
t "verify --junit" 1 verify one-frame $bad --junit "$dir/v.xml"
holds "$dir/v.xml" '<testsuite name="one-frame" tests="101" failures="1" errors="0" skipped="20"'
holds "$dir/v.xml" "message=\"FIRST WRONG TAP: error "; holds "$dir/v.xml" "<skipped message=\"follows from $first\"/>"
[ "$(grep -c '<testcase ' "$dir/v.xml")" -eq 101 ] || wrong "not 101 test cases"
[ "$(grep -c '<failure ' "$dir/v.xml")" -eq 1 ] || wrong "not one failure"
if command -v xmllint > /dev/null; then xmllint --noout "$dir/v.xml" 2> "$dir/err" || wrong "$(head -n 1 "$dir/err")"; fi
t "verify --junit of a good dump" 0 verify one-frame $good --junit -
says 'failures="0" errors="0" skipped="0"'; says_not '<failure'
t "verify --html" 1 verify one-frame $bad --html "$dir/v.html"
holds "$dir/v.html" "<!DOCTYPE html>"; holds "$dir/v.html" "First wrong tap"; holds "$dir/v.html" "</html>"
[ "$(grep -c '<tr id="tap' "$dir/v.html")" -eq 101 ] || wrong "not 101 rows"
grep -qE 'https?:|<script|<link|<img|@import|url\(' "$dir/v.html" && wrong "the page needs something else"
t "verify: all reports at once" 1 verify one-frame $bad --json "$dir/1.json" --junit "$dir/1.xml" --html "$dir/1.html"
says "FAIL  one-frame"; same "$dir/1.html" "$dir/v.html"; same "$dir/1.xml" "$dir/v.xml"
t "verify: two reports on stdout" 2 verify one-frame $bad --json - --junit -; complains "only one report"
try "verify: report into no folder" 2 verify --json "$dir/none/v.json" one-frame $good; complains "none/v.json"
says "PASS"
t "verify --all" 0 verify one-frame $good --all
[ "$(wc -l < "$dir/out")" -eq 103 ] || wrong "not a line for each of 101 taps"
t "verify --only the good taps" 0 verify one-frame $bad --only 'x_embedder*,context_embedder*'; says "PASS"
t "verify --only the wrong tap" 1 verify one-frame $bad --only "$first"; says "first wrong: $first"
t "verify --only nothing" 2 verify one-frame $good --only 'nosuch*'; complains "nothing would be judged"
t "verify --dtype unknown" 2 verify one-frame $good --dtype float; complains "f64, f32, tf32, f16 or bf16"
t "verify --islands unknown" 2 verify one-frame $good --islands f16; complains '"f16"'
t "verify as another type" 1 verify one-frame $good --dtype f64; says "dtype: type F32, the declared policy stores F64"
t "verify by folder" 0 verify $one $good; says "PASS  one-frame"
t "verify: dump is not there" 2 verify one-frame "$dir/none.safetensors"; complains "none.safetensors"
t "verify: dump is a folder" 2 verify one-frame golden; complains golden
t "verify: no tensor file" 2 verify one-frame Makefile; complains Makefile
t "verify: the same tap twice" 1 verify one-frame $good $good; says "duplicate: in 2 of the files"

size=$(wc -c < $good)
for cut in 4 1000 $((size / 2)) $((size - 1)); do
    head -c $cut $good > "$dir/cut.safetensors"
    t "verify: cut after $cut bytes" 2 verify one-frame "$dir/cut.safetensors"; complains cut.safetensors
done
make "$dir/none.safetensors" '{}' < /dev/null
t "verify: no tensor at all" 2 verify one-frame "$dir/none.safetensors"; complains "no float tensor"
t "verify: no tensor at all, as f32" 1 verify one-frame "$dir/none.safetensors" --dtype f32
says "missing: not in the dump"
t "verify: dump of another case" 1 verify one-frame $dumps/small-activations.f32.safetensors
says "made from something else"; says weights_sha256; says inputs_sha256
edit "$dir/d.safetensors" $good 's/"weights_sha256":"f5/"weights_sha256":"ff/'
t "verify: stale weights" 1 verify one-frame "$dir/d.safetensors" --junit "$dir/v.xml"; says ": mistrusted"
says weights_sha256
holds "$dir/v.xml" '<testcase classname="one-frame" name="origin of the dump"'; holds "$dir/v.xml" 'failures="1"'
edit "$dir/d.safetensors" $good 's/"policy":"f32"/"policy":"\\u001b[2J"/'
t "verify: policy of the dump is none" 2 verify one-frame "$dir/d.safetensors"; complains "say --dtype"
edit "$dir/d.safetensors" $good 's/"proj_out"/"<\&\\u001b\\u0001>\\""/'
t "verify: a tap has another name" 1 verify one-frame "$dir/d.safetensors" --junit "$dir/v.xml" --html "$dir/v.html" --json "$dir/v.json"
says "first wrong: proj_out"; says 'missing: not in the dump'
says '1 tensor in the dump is no tap of this model and not judged, for example <&\x1b\x01>"'
holds "$dir/v.xml" '&lt;&amp;\x1b\x01&gt;&quot;'; holds "$dir/v.html" '&lt;&amp;\x1b\x01&gt;&quot;'
edit "$dir/d.safetensors" $good 's/\(sample":{"dtype":"F32","shape":\)\[1,4,1,6,4\]/\1[1,4,1,4,6]/'
t "verify: a shape turned around" 1 verify one-frame "$dir/d.safetensors"; says "first wrong: sample"
says "shape [1,4,1,4,6], expected [1,4,1,6,4]"
fill "$dir/d.safetensors" $good 377
t "verify: all NaN" 1 verify one-frame "$dir/d.safetensors"; says "not finite: "; says " at tap 1 of "
at=$(header $good | sed 's/.*"sample":{[^}]*"data_offsets":\[\([0-9]*\),.*/\1/')
patch "$dir/d.safetensors" $good $((at + 4 * 60)) 4 377
t "verify: one NaN" 1 verify one-frame "$dir/d.safetensors"; says "first wrong: sample"; says "nan at [0,2,0,3,0]"
fill "$dir/d.safetensors" $good 252
t "verify: never written" 1 verify one-frame "$dir/d.safetensors"; says "poison: never written: 0xAA"
fill "$dir/d.safetensors" $good 000
t "verify: all zero" 1 verify one-frame "$dir/d.safetensors"; says "diverges at tap 1 of "
weird=$dir/$(printf 'a<b>&"\303')
mkdir "$weird"; cp $good "$weird/d.safetensors"
t "verify: strange file name" 0 verify one-frame "$weird/d.safetensors" --junit "$dir/v.xml" --html "$dir/v.html"
holds "$dir/v.xml" 'a&lt;b&gt;&amp;&quot;'
holds "$dir/v.html" "$(printf 'a&lt;b&gt;&amp;&quot;\357\277\275/d.safetensors')"

# ---- check ----

t "check one case" 0 check one-frame; says "PASS  one-frame            ref"; says "PASS  one-frame            c "
says "1 case agrees, 0 do not"
t "check by folder" 0 check $one --backend ref; says "1 case agrees"
t "check all cases on ref" 0 check --backend ref
[ "$(grep -c ^PASS "$dir/out")" -eq "$(grep -c . $cases/INDEX.jsonl)" ] || wrong "not a PASS for every case of INDEX.jsonl"
t "check --json -" 0 check one-frame --json -
says '{"cases":[{"case":"one-frame","backend":"ref","verdict":"pass","judged":101'
says '"backend":"c"'; says '"passed":1,"failed":0}'; [ "$(wc -l < "$dir/out")" -eq 1 ] || wrong "not one line"
t "check --json FILE" 0 check one-frame --backend c --json "$dir/c.json"; says PASS
holds "$dir/c.json" '"backend":"c","verdict":"pass"'
mkdir "$dir/case"; cp $one/* "$dir/case/"
cp "$dir/i.safetensors" "$dir/case/inputs.safetensors"
t "check: inputs are not those of the case" 2 check "$dir/case"; complains "inputs.safetensors: SHA-256"
t "verify: inputs are not those of the case" 2 verify "$dir/case" $good; complains "inputs.safetensors: SHA-256"
sed 's/"hunyuan-dit"/"nosuch"/' $one/case.json > "$dir/case/case.json"
t "check: case of an unknown model" 2 check "$dir/case"; complains '"nosuch"'
head -c 100 $one/case.json > "$dir/case/case.json"
t "check: broken case.json" 2 check "$dir/case"; complains "case.json: byte"

# ---- plug-ins ----

plugin() # FILE EXPRESSION
{
    cat > "$dir/plugin.c" <<END
#include "ref/plugin.h"
#include <math.h>
static void gelu(void *ctx, float *y, const float *x, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) y[i] = $2;
}
static const struct kernels_f32 table = { .isa = "test", .gelu_tanh = gelu };
static const struct goldreel_plugin me = { GOLDREEL_PLUGIN_VERSION, sizeof table, &table, 0 };
const struct goldreel_plugin *goldreel_plugin(void);
const struct goldreel_plugin *goldreel_plugin(void) { return &me; }
END
    ${CC:-cc} -std=c99 -O1 -I. -shared -fPIC -o "$1" "$dir/plugin.c" -lm > "$dir/cc" 2>&1
}

: > "$dir/text.so"
finish
$program check "$dir/text.so" > "$dir/out" 2> "$dir/err"
if grep -q 'without plug-ins' "$dir/err"; then
    skip plug-ins "this program was built without them"
elif [ -z "$CC" ] && [ "$(echo "$program" | wc -w)" -gt 1 ]; then
    skip plug-ins "a runner is used and CC does not say what builds for it"
elif ! plugin "$dir/good.so" "0.5f * x[i] * (1 + tanhf(0.7978845608f * (x[i] + 0.044715f * x[i] * x[i] * x[i])))"; then
    skip plug-ins "no C compiler that makes one: $(head -n 1 "$dir/cc")"
else
    t "plug-in: right" 0 check "$dir/good.so" one-frame; says "PASS"
    t "plug-in: right, by --backend" 0 check --backend "$dir/good.so" one-frame; says "PASS"
    plugin "$dir/bad.so" "0.5f * x[i] * (1 + erff(0.70710678f * x[i]))"
    t "plug-in: erf GELU" 1 check "$dir/bad.so" one-frame --json "$dir/p.json"; says "FAIL"
    says "first wrong: $first"; says "0 cases agree, 1 does not"
    holds "$dir/p.json" "\"first\":\"$first\""; holds "$dir/p.json" '"failed":1'
    run_dit "plug-in: run" 0 one-frame "$dir/x.safetensors" --backend "$dir/bad.so"
    data "$dir/x.safetensors" > "$dir/a"; data "$dir/c.safetensors" > "$dir/b"; differ "$dir/a" "$dir/b"
    t "plug-in: no library" 2 check "$dir/text.so" one-frame; complains text.so
    echo 'int nothing; ' > "$dir/plugin.c"
    ${CC:-cc} -shared -fPIC -o "$dir/empty.so" "$dir/plugin.c"
    t "plug-in: no such function" 2 check "$dir/empty.so" one-frame; complains "exports no function goldreel_plugin"
    { echo '#include "ref/plugin.h"'; echo 'const struct goldreel_plugin me = { GOLDREEL_PLUGIN_VERSION + 1, 8, 0, 0 };'
      echo 'const struct goldreel_plugin *goldreel_plugin(void) { return &me; }'; } > "$dir/plugin.c"
    ${CC:-cc} -I. -shared -fPIC -o "$dir/old.so" "$dir/plugin.c"
    t "plug-in: another version" 2 check "$dir/old.so" one-frame; complains "needs version"
fi

# ---- a stdout that takes nothing ----

# full NAME ARGUMENT...
full()
{
    begin "$1"
    shift
    $program "$@" > /dev/full 2> "$dir/err"
    status=$?
    [ $status -eq 2 ] || wrong "exit status $status"
    complains "cannot write to standard output"
}

if [ -c /dev/full ]; then
    full "stdout is full: help" --help
    full "stdout is full: list" list
    full "stdout is full: verify" verify one-frame $good
    full "stdout is full: verify --json -" verify one-frame $good --json -
    full "stdout is full: check" check one-frame --backend ref
else
    skip "stdout is full" "there is no /dev/full"
fi
begin "stdout is closed"
$program list >&- 2> "$dir/err"
status=$?
[ $status -eq 2 ] || wrong "exit status $status"
finish

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
