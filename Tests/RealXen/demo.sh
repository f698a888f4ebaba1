#!/bin/bash
# `corbel demo` as a user runs it: what is printed, and how it ends. TAP on standard output.
#   demo.sh [RELEASE]       default: 4.17, the demonstration's own, which also has guests that fail
set -uo pipefail
rows=0
release=${1:-4.17}
cd "$(dirname "$0")/../.."
out=$(mktemp) err=$(mktemp) bad=0
trap 'rm -f "$out" "$err"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
row() {
    rows=$((rows + 1))
    if [ "$1" = 0 ]; then echo "ok - $2"; else echo "not ok - $2"; bad=1; fi
}
says() {
    grep -qE "$1" "$out"
    row $? "$2"
}

begun=$SECONDS
.build/release/corbel demo --firmware .build-guests/firmware.elf --xen "$release" --timeout 420 >"$out" 2>"$err"
row $? "a Linux guest boots on real Xen with a Swift serial port, and the demonstration ends with 0"
says "^-- dom0: Linux version .*, Xen ${release//./\\.}\." "the Xen is $release"
says '^-- Xenstore: served by /corbel/xenstored$' "its Xenstore is Corbel's xenstored"
took=$((SECONDS - begun))
says '^guest\| .*Linux version' "the guest's kernel log arrives through the device model"
says '^guest\| .*corbel-guest: Linux .* hypervisor xen, up [0-9.]+ s' "the guest reports kernel, hypervisor and uptime"
says '^guest\| .*reboot: ' "the guest powers off"
says 'requests +[0-9]+, [0-9]+/s' "the summary has requests and their rate"
says 'service time +p50 .* p99 .* max ' "and the service times"
for operation in create_ioreq_server map_io_range_to_ioreq_server set_ioreq_server_state destroy_ioreq_server \
    nr_vcpus; do
    says "^ +$operation +[1-9][0-9]* " "and $operation with its count"
done
kib=$(sed -nE 's/^ +memory +([0-9]+) KiB.*/\1/p' "$out")
[ "${kib:-999999}" -le 10240 ]
row $? "the device model's memory is ${kib:-not known} KiB, at most 10 MiB"
says '^varstored[|] INFO varstored: ready pid=' "a second guest's variables are served by varstored"
says '^firmware[|] +PK, signed by itself \.+ Success' "its firmware enrols keys"
says '^firmware[|] +db, the current one, without a signature \.+ Security Violation' \
    "an unsigned change of db is refused"
says '^firmware[|] +db +image security +NV BS RT AT ' "the store is printed"
says '^firmware[|] +names, order, attributes and values: the same \.+ yes' "and is still there at the second boot"
split='boot [0-9.]+ s, domain creation [0-9.]+ s, guest [0-9.]+ s, variables [0-9.]+ s, total [0-9.]+ s'
says "^-- $split" "and the split of the run"
[ ! -s "$err" ]
row $? "it is quiet where there is no terminal"
grep -E '^-- boot' "$out" | sed 's/^--/#/'

finish() {
    echo "1..$rows"
    [ $bad = 0 ] || { tail -n 15 "$out" | sed 's/^/# /'; sed 's/^/# /' "$err"; }
    exit $bad
}
[ "$release" = 4.17 ] || finish
# A guest that never gets to its power off: it has no init, and its kernel stands still for panic=N seconds then.
# Without that, or with 0, it tells Xen of the panic and is gone. Three times a whole run's time
# and a minute are enough to panic, whatever else the machine begins to do.
.build/release/corbel demo --timeout $((took * 3 + 60)) --append 'rdinit=/none root=/none panic=600' >"$out" 2>"$err"
[ $? = 124 ]
row $? "a guest that never boots ends in a timeout, 124"
grep -q "the guest's last lines:" "$err" && grep -qE 'guest\| .*Rebooting in 600 seconds' "$err"
row $? "with the last lines of its log"
.build/release/corbel demo --timeout 420 --append 'rdinit=/none root=/none' >"$out" 2>"$err"
[ $? = 1 ]
row $? "a guest that panics and is gone ends with 1"
says '^-- the guest never wrote "corbel-guest: "' "and it is said what was missing"
finish
