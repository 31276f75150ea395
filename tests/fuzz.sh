#!/bin/sh
# fuzz -- every libFuzzer program of a build folder, one after the other:
#
#   sh tests/fuzz.sh BUILD_DIR SECONDS
#
# Seeds are data/bad and the small files under golden/.  What a fuzzer finds is left in
# BUILD_DIR as crash-*, with its log.  Exit status 0: none found anything.
build=$1 seconds=$2 ran=0 failed=0
[ -n "$build" ] && [ -n "$seconds" ] || { echo "usage: sh tests/fuzz.sh BUILD_DIR SECONDS" >&2; exit 2; }

for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    reader=${name#fuzz_}
    corpus=$build/corpus_$reader
    mkdir -p "$corpus" || exit 2
    case $reader in jpeg) suffix=jpg ;; *) suffix=$reader ;; esac
    find data/bad golden/cases golden/dumps golden/filters -type f -size -40 -name "*.$suffix" |        # 40 blocks are 20 KiB
        while IFS= read -r seed; do cp "$seed" "$corpus/$(echo "$seed" | tr / _)"; done
    "$build/$name" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$build/crash-$reader-" \
        "$corpus" > "$build/$name.log" 2>&1
    status=$?
    ran=$((ran + 1))
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")
    if [ $status -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
        echo "ok   fuzz $reader: $runs runs in $seconds s found nothing"
    else
        echo "FAIL fuzz $reader: exit status $status, see $build/$name.log"
        tail -n 20 "$build/$name.log"
        failed=$((failed + 1))
    fi
done
[ $ran -gt 0 ] && [ $failed -eq 0 ]
