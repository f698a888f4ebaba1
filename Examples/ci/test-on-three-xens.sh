#!/bin/bash
# Tests two device models, one in Swift and one in C, on three releases of Xen. Copy it into your own repository and
# change "build" and "tests"; Documentation/testing-in-ci.md of Corbel explains it.
#   test-on-three-xens.sh [RELEASE...]     default: 4.14 4.17 4.20
# Environment: CORBEL, the corbel command (default: corbel); LOGS, a folder for logs (default: logs).
# Status: 0 when every test passed, 1 when one failed, 2 when the device models do not build or corbel can't begin.
set -u
corbel=$(type -P "${CORBEL:-corbel}") || { echo "$0: there is no ${CORBEL:-corbel}; name it by CORBEL" >&2; exit 2; }
corbel=$(realpath "$corbel")  # before we leave the folder that it may be named from
logs=$(realpath -m "${LOGS:-logs}")
releases=("$@")
[ $# -gt 0 ] || releases=(4.14 4.17 4.20)
cd "$(dirname "$0")" || exit 2
failed=0

build() {
    swift build -c release --package-path ../.. --product PortScratch &&
        cc -O2 -o port-echo port-echo.c -lxendevicemodel -lxenforeignmemory -lxenevtchn
}

tests() {
    run PortScratch --guest-script port-scratch-test --with ../../.build/release/PortScratch -- PortScratch @guest
    run port-echo --guest-script port-echo-test --with port-echo -- port-echo @guest
}

# run NAME ARGUMENT...: one test on the current release; what it left is in LOGS/RELEASE-NAME
run() {
    local name=$1 status
    shift
    echo "== $name on Xen $release"
    "$corbel" lab run -q --xen "$release" --logs "$logs/$release-$name" "$@"
    status=$?
    case $status in
        2) echo "$0: status 2, as when corbel could not begin: see above; nothing more is tried" >&2; exit 2 ;;
        129 | 130 | 131 | 143) exit $status ;;  # Ctrl-C and its kin are meant for all of it
    esac
    echo "== $name on Xen $release: status $status"
    [ $status = 0 ] || failed=1
}

build || exit 2
for release in "${releases[@]}"; do tests; done
exit $failed
