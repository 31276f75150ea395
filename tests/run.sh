#!/bin/sh
# run -- every test of a build, from the root of the repository:
#
#   sh tests/run.sh BUILD_DIR [RUNNER [NAMES]]
#
# RUNNER starts the programs: "qemu-aarch64", "valgrind -q ...".  NAMES are the C tests to run,
# "test_io test_nn"; without them all.
#
# Five parts: the C tests (BUILD_DIR/check), malformed files through every fuzz entry
# (BUILD_DIR/replay_*), rules about the sources (layers.sh), the command line (cli.sh), measure.sh.
# Shows failures and one line per part; the last line is "N passed, N failed".
# Exit status 0: nothing failed, and every part ran.
build=$1 runner=$2 names=$3 passed=0 failed=0
[ -d "$build" ] || { echo "usage: sh tests/run.sh BUILD_DIR [RUNNER]" >&2; exit 2; }
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM

# add PART PASSED FAILED STATUS: a part that ended badly, or ran nothing, has failed.
add()
{
    good=${2:-0} bad=${3:-0}
    if [ "$4" -ne 0 ] && [ "$bad" -eq 0 ]; then
        echo "FAIL $1: exit status $4"
        bad=1
    elif [ $((good + bad)) -eq 0 ]; then
        echo "FAIL $1: nothing ran"
        bad=1
    fi
    passed=$((passed + good)) failed=$((failed + bad))
    echo "$1: $good passed, $bad failed"
}

# lines PART STATUS: of a script that prints a line per test, "ok ..." or "FAIL ...".
lines()
{
    grep -Ev '^(ok .*|[0-9]+ passed, [0-9]+ failed)$' "$scratch/out"
    add "$1" "$(grep -c '^ok ' "$scratch/out")" "$(grep -c '^FAIL' "$scratch/out")" "$2"
}

# c_tests NAME: those whose name contains NAME; "" is all.
c_tests()
{
    $runner "$build/check" --data data --golden golden --scratch "$scratch/check" --filter "$1" \
        > "$scratch/out" 2> "$scratch/err"
    status=$?
    cat "$scratch/err"
    last=$(tail -n 1 "$scratch/out")
    good=$(echo "$last" | sed -n 's/^\([0-9][0-9]*\) passed, [0-9][0-9]* failed$/\1/p')
    bad=$(echo "$last" | sed -n 's/^[0-9][0-9]* passed, \([0-9][0-9]*\) failed$/\1/p')
    if [ -n "$good" ]; then sed '$d' "$scratch/out"; else cat "$scratch/out"; fi | sed 's/^/    /'
    add "C tests${1:+ $1}" "$good" "$bad" $status
}
mkdir "$scratch/check"
[ -n "$names" ] || c_tests ""
for name in $names; do c_tests "$name"; done

: > "$scratch/out"
for replay in "$build"/replay_*; do
    case $replay in *.d|*.o|*'*') continue ;; esac
    # A fuzz entry takes any bytes, so each gets every malformed file, not only those of its format.
    if find data/bad -type f -exec $runner "$replay" {} + > "$scratch/one" 2>&1; then
        echo "ok replay: $(basename "$replay")" >> "$scratch/out"
    else
        echo "FAIL replay: $(basename "$replay")" >> "$scratch/out"
        cat "$scratch/one" >> "$scratch/out"
    fi
done
lines "malformed files" 0

sh tests/layers.sh "$build" > "$scratch/out" 2>&1
lines "source rules" $?

sh tests/cli.sh "$runner $build/goldreel" > "$scratch/out" 2>&1
lines "command line" $?

sh tests/measure.sh "$runner $build/goldreel" "$runner $build/make_data" > "$scratch/out" 2>&1
lines "measure" $?

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
