#!/bin/sh
# layers -- rules about the sources that a compiler does not check:
#
#   sh tests/layers.sh [BUILD_DIR]
#
# One line per rule, "ok layers: ..." or "FAIL layers: ...".  Exit status 0: every rule holds.
# BUILD_DIR/libgoldreel.a is looked at when BUILD_DIR is given.
library=${1:+$(cd "$1" && pwd)/libgoldreel.a}
cd "$(dirname "$0")/.." || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM
failed=0

# verdict RULE EXAMINED UNIT: the findings of a rule lie in $scratch/found, a line each.
verdict()
{
    if [ -s "$scratch/found" ]; then
        echo "FAIL layers: $1"
        sed 's/^/    /' "$scratch/found"
        failed=$((failed + 1))
    elif [ "$2" -eq 0 ]; then
        echo "FAIL layers: $1 (nothing was examined)"
        failed=$((failed + 1))
    else
        echo "ok layers: $1 ($2 $3)"
    fi
}

# ---- an #include points only downwards ----

# Layer, its files (a regular expression; the first that fits counts), the layers it may include.
cat > "$scratch/layers" << 'END'
base    ^ref/base/                  base
io      ^ref/io/                    base io
image   ^ref/image/                 base io image
filter  ^ref/filter/                base io image filter
shapes  ^ref/nn/[a-z_0-9]*[.]h$     base shapes
table   ^ref/[a-z_0-9]*[.](h|def)$  base shapes table
nn      ^ref/nn/                    base shapes table nn
tables  ^ref/[a-z_0-9]*[.]c$        base shapes table nn
model   ^ref/model/                 base io shapes table model
sample  ^ref/sample/                base io shapes table model sample
mutant  ^ref/mutant/                base io shapes table model sample mutant
oracle  ^ref/oracle/                base io shapes table model sample mutant oracle
golden  ^golden/                    base io golden
data    ^data/                      base io data
cli     ^cli/                       base io image filter shapes table model sample mutant oracle golden cli
tests   ^tests/                     base io image filter shapes table model sample mutant oracle golden cli data tests
END
find ref golden cli data tests -name '*.[ch]' -o -name '*.def' | sort > "$scratch/files"
# shellcheck disable=SC2046
awk -v layers="$scratch/layers" -v found="$scratch/found" '
    function layer(path,   i) {
        for (i = 1; i <= count; i++) if (path ~ files[i]) return names[i]
        return "?"
    }
    BEGIN {
        while ((getline line < layers) > 0) {
            n = split(line, word, " ")
            names[++count] = word[1]
            files[count] = word[2]
            for (i = 3; i <= n; i++) may[word[1], word[i]] = 1
        }
        printf "" > found
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        target = $0
        sub(/^[^"]*"/, "", target)
        sub(/".*/, "", target)
        target = FILENAME "/../" target
        while (match(target, /[^\/.][^\/]*\/\.\.\//))         # folder/../ goes
            target = substr(target, 1, RSTART - 1) substr(target, RSTART + RLENGTH)
        from = layer(FILENAME)
        to = layer(target)
        examined++
        if (!((from, to) in may)) print FILENAME ":" FNR ": " from " includes " target " (" to ")" > found
    }
    END { print examined + 0 }' $(cat "$scratch/files") /dev/null > "$scratch/examined"
verdict "an #include points only downwards" "$(cat "$scratch/examined")" includes

# ---- the libraries neither print nor end the program ----

grep -E '^(ref|golden)/' "$scratch/files" > "$scratch/library"
: > "$scratch/found"
while IFS= read -r file; do
    awk -v file="$file" '
        {   line = $0                                           # without strings and comments
            gsub(/\\./, "", line)
            gsub(/"[^"]*"/, "\"\"", line)
            if (comment && !sub(/^.*\*\//, "", line)) next
            comment = 0
            gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", line)
            if (sub(/\/\*.*/, "", line)) comment = 1
            sub(/\/\/.*/, "", line)
            if ((" " line) ~ /[^A-Za-z0-9_](v?f?printf|f?puts|f?putc|putchar|perror|_?[eE]xit|abort|stdout|stderr)[ \t]*([(,;)]|$)/ &&
                line !~ /format[ \t]*\([ \t]*printf/) print file ":" FNR ": " $0
        }' "$file"
done < "$scratch/library" >> "$scratch/found"
verdict "ref/ and golden/ neither print nor exit" "$(wc -l < "$scratch/library" | tr -d ' ')" files

# ---- no mutable state at file scope ----

rule="ref/ and golden/ have no writable variable that outlives a call"
if [ -z "$library" ]; then
    echo "skip layers: $rule (no build folder was named)"
elif [ ! -f "$library" ]; then
    echo "FAIL layers: $rule (there is no $library)"
    failed=$((failed + 1))
elif ! command -v nm > /dev/null 2>&1; then
    echo "skip layers: $rule (there is no nm here)"
elif ! nm -f sysv "$library" > "$scratch/symbols" 2> /dev/null || [ ! -s "$scratch/symbols" ]; then
    echo "skip layers: $rule (this nm does not read $(basename "$library"))"
else
    # Sections .data and .bss, but not .data.rel.ro: constants that hold addresses.  Names of sanitizers
    # are theirs, and $d marks data for a disassembler.
    awk -F'|' -v found="$scratch/found" '
        BEGIN { printf "" > found }
        /^(Symbols|Undefined symbols) from / { object = $0; sub(/^.*\[/, "", object); sub(/\].*/, "", object) }
        NF == 7 {
            gsub(/ /, "", $1); gsub(/ /, "", $3); gsub(/ /, "", $7)
            examined++
            if ($7 ~ /^(\.t?bss|\.t?data|\.s?bss|\.s?data|\*COM\*)/ && $7 !~ /^\.s?data\.rel\.ro/ &&
                $1 !~ /^(__odr_asan|__asan|__sanitizer|\.L|\.bss|\.data|\.sbss|\.sdata|\$)/ && $1 != "")
                print object ": " $1 " in " $7 > found
        }
        END { print examined + 0 }' "$scratch/symbols" > "$scratch/examined"
    verdict "$rule" "$(cat "$scratch/examined")" symbols
fi

# ---- files belong to no machine ----

git ls-files --cached --others --exclude-standard > "$scratch/tracked" 2> /dev/null
[ -s "$scratch/tracked" ] || find . -type f ! -path './.git/*' ! -path './build/*' > "$scratch/tracked"
: > "$scratch/found"
while IFS= read -r file; do
    [ -f "$file" ] && grep -aEn '(^|[^A-Za-z0-9_.~])/(home|root|work|Users)/' "$file" /dev/null | cut -c1-200
done < "$scratch/tracked" >> "$scratch/found"
verdict "no file names a path of one machine" "$(wc -l < "$scratch/tracked" | tr -d ' ')" files

[ $failed -eq 0 ]
