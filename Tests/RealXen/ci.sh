#!/bin/bash
# What Documentation/testing-in-ci.md tells its reader to run, as it stands there: the script on all releases. TAP.
#   ci.sh [RELEASE...]     default: all
set -u
cd "$(dirname "$0")/../.." || exit 1
page=Documentation/testing-in-ci.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
number=0 failed=0
releases=("$@")
[ $# -gt 0 ] || releases=(4.14 4.17 4.20)

row() { # row STATUS NAME
    number=$((number + 1))
    if [ "$1" = 0 ]; then echo "ok $number - $2"; return; fi
    failed=$((failed + 1))
    echo "not ok $number - $2"
}

sed -n '/^<!-- Examples\/ci\/port-echo-test -->$/,/^```$/p' $page | sed '1,2d;$d' | cmp -s - Examples/ci/port-echo-test
row $? "the page shows the guest's script as it is"
for option in $(grep -oE -- '--[a-z][a-z0-9-]+' $page | sort -u); do
    case $option in
    --no-install-recommends | --product | --package-path | --static-swift-stdlib | --domain | --all | --hvm) continue ;;
    esac
    .build/release/corbel lab run --help | grep -q -- "$option\b"
    row $? "$option, which the page names, is an option"
done

CORBEL=$PWD/.build/release/corbel LOGS=$work/logs Examples/ci/test-on-three-xens.sh "${releases[@]}" >"$work/out" 2>&1
row $? "the script for three Xens ends with 0"
for release in "${releases[@]}"; do
    for test in "PortScratch corbel" "port-echo echo"; do
        logs=$work/logs/$release-${test% *}
        grep -qx "guest| the device says: ${test#* }" "$logs/output"
        row $? "Xen $release: the guest has used ${test% *}"
        for file in console.log qemu.err result.json; do
            [ -f "$logs/$file" ]
            row $? "and there is a $file"
        done
        grep -q '"status" : 0' "$logs/result.json"
        row $? "which says 0"
    done
done
[ $failed = 0 ] || sed 's/^/# /' "$work/out"

printf '#!/bin/sh\ncase $* in *port-echo*) exit 5 ;; esac\n' >"$work/corbel"
chmod +x "$work/corbel"
CORBEL=$work/corbel LOGS=$work/logs Examples/ci/test-on-three-xens.sh 4.17 >"$work/out" 2>&1
[ $? = 1 ]
row $? "one test that fails makes the script end with 1"
echo "1..$number"
[ $failed = 0 ]
