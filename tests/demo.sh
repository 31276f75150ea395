#!/bin/sh
# demo -- the main job on the data of this repository, from its root:
#
#   sh tests/demo.sh "PROGRAM"          PROGRAM may start with a runner: "qemu-aarch64 build/x/goldreel"
#
# Checks every golden case on this machine, then judges every dump of golden/dumps against
# what its index expects: the verdict and, of a wrong dump, the first wrong tap.
# Exit status 0: everything is as the index says.
program=$1
[ -n "$program" ] || { echo "usage: sh tests/demo.sh PROGRAM" >&2; exit 2; }
[ -f golden/dumps/INDEX.jsonl ] || { echo "demo: run it from the root of the repository" >&2; exit 2; }
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM
started=$(date +%s) bad=0 passes=0 catches=0 example=

# The string under a key of a JSON object that stands on one line; "" when it is null.
member() { printf '%s\n' "$2" | sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p'; }

echo "1. Golden cases on this machine: double (ref) and float (c) against tensors of independent programs"
echo
$program check > "$scratch/check"
status=$?
cat "$scratch/check"
agree=$(sed -n '$s/^\([0-9][0-9]*\) case.* 0 do not$/\1/p' "$scratch/check")
if [ $status -ne 0 ] || [ "${agree:-0}" -eq 0 ]; then
    bad=$((bad + 1)) agree="not all"
fi

echo
echo "2. Dumps that PyTorch and diffusers wrote: correct ones must pass, wrong ones must be caught where they go wrong"
echo
format='%-44s %-6s %-7s %-61s %s\n'
# shellcheck disable=SC2059
printf "$format" dump policy verdict "first wrong tap" "as expected"
while IFS= read -r line; do
    [ -n "$line" ] || continue
    dump=$(member dump "$line") expect=$(member expect "$line") first=$(member first "$line")
    $program verify "$(member case "$line")" "golden/dumps/$dump" --dtype "$(member dtype "$line")" \
        > "$scratch/verdict" < /dev/null
    case $? in 0) found=pass ;; 1) found=fail ;; *) found=trouble ;; esac
    wrong=$(sed -n 's/^  first wrong: \([^ ]*\).*/\1/p' "$scratch/verdict")
    if [ "$found" = "$expect" ] && [ "$wrong" = "$first" ] && { [ "$found" = pass ] || [ -n "$wrong" ]; }; then
        answer=yes
        [ $found = pass ] && passes=$((passes + 1)) || catches=$((catches + 1))
    else
        answer="NO: expected $expect${first:+ at $first}" bad=$((bad + 1))
    fi
    # shellcheck disable=SC2059
    printf "$format" "${dump%.safetensors}" "$(member dtype "$line")" "$found" "${wrong:--}" "$answer"
    [ $found = fail ] && [ -z "$example" ] && example=$(member about "$line") && cp "$scratch/verdict" "$scratch/example"
done < golden/dumps/INDEX.jsonl

if [ -n "$example" ]; then
    echo
    echo "3. One verdict in full.  The mistake in this dump: $example"
    echo
    cat "$scratch/example"
fi

echo
[ $passes -gt 0 ] && [ $catches -gt 0 ] || bad=$((bad + 1))
wrong=
[ $bad -eq 0 ] || wrong="$bad NOT AS EXPECTED; "
echo "demo: $wrong$agree cases agree; $passes correct dumps pass;" \
     "$catches wrong dumps are caught at the right tap; $(($(date +%s) - started)) s"
[ $bad -eq 0 ]
