#!/bin/bash
# `corbel demo` as a user runs it: what is printed, and how it ends. TAP on standard output.
set -uo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp) err=$(mktemp) bad=0
trap 'rm -f "$out" "$err"' EXIT
row() {
    if [ "$1" = 0 ]; then echo "ok - $2"; else echo "not ok - $2"; bad=1; fi
}
says() {
    grep -qE "$1" "$out"
    row $? "$2"
}

.build/release/corbel demo --timeout 900 >"$out" 2>"$err"
row $? "a Linux guest boots on real Xen with a Swift serial port, and the demonstration ends with 0"
says '^guest\| .*Linux version' "the guest's kernel log arrives through the device model"
says '^guest\| .*corbel-guest: Linux .* hypervisor xen, up [0-9.]+ s' "the guest reports kernel, hypervisor and uptime"
says '^guest\| .*(reboot: |Power)' "the guest powers off"
says 'requests +[0-9]+, [0-9]+/s' "the summary has requests and their rate"
says 'service time +p50 .* p99 .* max ' "and the service times"
says 'create_ioreq_server +1 ' "and each DM_OP with its count"
says '^-- boot [0-9.]+ s, domain creation [0-9.]+ s, guest [0-9.]+ s, total [0-9.]+ s' "and the split of the run"
[ ! -s "$err" ]
row $? "it is quiet where there is no terminal"
grep -E '^-- boot' "$out" | sed 's/^--/#/'

# A guest that never gets to its power off: its init is not there, and its kernel stands still after that panic.
.build/release/corbel demo --timeout 150 --append 'rdinit=/none root=/none panic=0' >"$out" 2>"$err"
[ $? = 124 ]
row $? "a guest that never boots ends in a timeout, 124"
grep -q "the guest's last lines:" "$err" && grep -qE 'guest\| .*panic' "$err"
row $? "with the last lines of its log"
[ $bad = 0 ] || { tail -n 15 "$out" | sed 's/^/# /'; sed 's/^/# /' "$err"; }
exit $bad
