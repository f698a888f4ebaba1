#!/bin/bash
# The README's example, taken out of the README: a Linux guest uses PortScratch. TAP on standard output.
set -uo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d) bin=.build/release bad=0 rows=0
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
row() {
    rows=$((rows + 1))
    if [ "$1" = 0 ]; then echo "ok - $2"; else echo "not ok - $2"; bad=1; fi
}

sed -n '/^<!-- poke -->$/,/^```$/p' README.md | sed '1,2d;$d' >"$work/poke"
[ -s "$work/poke" ]
row $? "the README has the script"
$bin/corbel lab run -q --timeout 420 --guest-script "$work/poke" --with $bin/PortScratch -- PortScratch @guest \
    >"$work/out" 2>&1
row $? "a Linux guest runs it against PortScratch, powers off, and all end with 0"
grep -q '^guest| read back: corbel$' "$work/out"
row $? "and reads back what it wrote to the device"
[ $bad = 0 ] || sed 's/^/# /' "$work/out"
echo "1..$rows"
exit $bad
