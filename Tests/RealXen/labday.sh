#!/bin/bash
# Bad days of `corbel lab run` on real Xen: QEMU killed, memory and disk too short, endless output, a terminal that
# changes or goes, Ctrl-C at each stage. Prints TAP; ends with 1 when a test failed.
#   labday.sh [CORBEL]        default: .build/release/corbel, else .build/debug/corbel
# Not for a session in the shell: that is shell.sh. What a user sees on a good day is lab.sh's.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
corbel=${1:-$root/.build/release/corbel}
[ -x "$corbel" ] || corbel=$root/.build/debug/corbel
work=$(mktemp -d)
full=
leave() {
    [ -z "$full" ] || umount "$full"
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work" || exit 1
number=0 failed=0 status=0

# check NAME CONDITION...: one test; what the command said is shown when it fails
check() {
    local name=$1; shift
    number=$((number + 1))
    if "$@"; then echo "ok $number - $name"; return; fi
    failed=$((failed + 1))
    echo "not ok $number - $name"
    printf '# status %s: %s\n' "$status" "$*"
    tail -c 2000 out | sed 's/^/# out: /'; tail -30 err | sed 's/^/# err: /'
}

# The user's packages, a cache folder of our own: no other run of a lab is in it.
mkdir -p cache/corbel
"$corbel" lab fetch -q || exit 1
ln -s "${XDG_CACHE_HOME:-$(echo ~)/.cache}"/corbel/[!r]* cache/corbel/
export XDG_CACHE_HOME=$work/cache

ended() { [ "$status" -eq "$1" ]; }
says() { grep -qa -- "$2" "$1"; }
ends_with() { tail -n 1 "$1" | grep -qa -- "$2"; }
runs() { find cache/corbel/runs -mindepth 1 -maxdepth 1 -type d 2>/dev/null; }
no_run() { [ -z "$(runs)" ]; }
gone() { ! kill -0 "$1" 2>/dev/null; }
# Children of corbel $pid: QEMU, or a tool while there is no QEMU yet.
child() { pgrep -P "$pid" -f "${1:-.}"; }

# until_true SECONDS CONDITION...: waits for it
until_true() {
    local tries=$(($1 * 20)); shift
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

# begin OPTION... -- COMMAND...: starts a run in the background; sets pid
begin() {
    rm -f out err
    : >out
    : >err
    "$corbel" lab run "$@" >out 2>err &
    pid=$!
}
finish() {
    wait "$pid"
    status=$?
}
# What a run that ended by a signal may leave behind: nothing.
leaves_nothing() {
    [ -z "$qemu" ] || until_true 5 gone "$qemu" || return
    no_run && [ -z "$(pgrep -f "$work/cache")" ]
}

# QEMU killed in the middle.
begin -- sh -c 'echo begun; sleep 1000'
until_true 100 says out begun
qemu=$(child qemu-system-x86_64)
kill -KILL "$qemu"
finish
check "QEMU killed is 125" ended 125
check "it says so" says err 'QEMU was killed by signal 9 before the command ended'
check "the console's last lines are shown" says err 'the last lines of the console:'
check "the last line names the logs" ends_with err '^corbel: logs: /'
logs=$(sed -n 's/^corbel: logs: //p' err)
check "they are there" test -s "$logs/console.log" -a -f "$logs/qemu.err" -a "$(cat "$logs/output")" = begun
check "and nothing else is" test "$(find "$logs" -type f | wc -l)" = 3
rm -rf "$logs"

# dom0's memory: a program that takes it all, and files that do not fit.
begin --logs kept -- sh -c 'tail /dev/zero; exit $?'
finish
check "a program that dom0 killed for want of memory is its status" ended 137
check "the reason and the remedy are told" \
    says err 'dom0 ran out of memory and killed tail; --dom0-memory gives it more'
check "--logs keeps the console's log" says kept/console.log 'Out of memory: Killed process'
check "and the result, with the reason" says kept/result.json 'ran out of memory'
check "and no folder in the cache" no_run
head -c 100000000 /dev/zero >large
begin --dom0-memory 192 --memory 512 --with large -- true
finish
check "files that do not fit into dom0 are 125" ended 125
check "the remedy is told" says err 'too small for what is in it; --dom0-memory gives it more'
rm -rf cache/corbel/runs/2* large

# A toolstack that does not start.
printf '#!/bin/sh\necho "the store is shut" >&2\nexit 1\n' >bad
chmod +x bad
begin --toolstack --with bad=/usr/lib/xen/bin/xen-init-dom0 -- true
finish
check "a toolstack that does not start is 125" ended 125
check "its reason is quoted" says err 'the toolstack (the store is shut) did not start in dom0'
rm -rf cache/corbel/runs/2*

# Much output: complete, in order, and corbel does not grow.
rss() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; }
# shellcheck disable=SC2016
"$corbel" lab run --json result.json -- sh -c '
    head -c 1048576 /dev/zero | tr "\000" "x" >x; i=0
    while [ $i -lt 100 ]; do { echo $i; cat x; }; i=$((i + 1)); done' 2>err >big &
pid=$!
: >out
until_true 100 test -s big
early=$(rss)
until_true 300 eval '[ "$(stat -c %s big)" -gt 80000000 ]'
late=$(rss)
finish
check "100 MB of output end well" ended 0
i=0 && until [ $i -ge 100 ]; do echo $i; head -c 1048576 /dev/zero | tr '\000' x; i=$((i + 1)); done >expected
check "and are all there, in order" cmp -s big expected
check "corbel does not grow with them ($early kB, $late kB)" test "$late" -lt $((early + 20000))
echo "# 100 MB in $(sed -n 's/.*"command" : \([0-9.]*\).*/\1/p' result.json) s"
rm -f big expected

# The disk fills up in the middle.
mkdir small
if mount -t tmpfs -o size=24m none small 2>/dev/null; then
    full=$work/small
    mkdir small/corbel
    ln -s "$work"/cache/corbel/[!r]* small/corbel/
    SECONDS=0
    XDG_CACHE_HOME=$work/small begin --timeout 400 -- sh -c 'dd if=/dev/zero bs=65536 count=1000; sleep 1000'
    finish
    check "a disk that fills up is 125" ended 125
    check "long before the timeout ($SECONDS s)" test "$SECONDS" -lt 300
    check "it is told which" says err "the disk of $work/small/corbel/runs/.* is full"
    umount small
    full=
else
    echo "# no tmpfs can be mounted here: the disk that fills up is left out"
fi

# Ctrl-C at each stage. Children of a shell without job control ignore SIGINT, unless their program listens; ours does.
interrupt() {
    qemu=$(child qemu-system-x86_64)
    kill -INT "$pid"
    finish
    check "Ctrl-C while $1 is 130" ended 130
    check "and leaves nothing" leaves_nothing
}
truncate -s 3G large
begin --with large -- true
until_true 60 eval '[ "$(stat -c %s cache/corbel/runs/2*/initrd 2>/dev/null || echo 0)" -gt 100000000 ]'
interrupt "assembling"
rm -f large
begin --verbose -- true
until_true 100 says err 'corbel: booting'
until_true 100 eval '[ -n "$(child qemu-system-x86_64)" ]'
interrupt "booting"
printf '#!/bin/sh\necho "waits here" >/dev/console\nsleep 1000\n' >slow
chmod +x slow
begin --verbose --toolstack --with slow=/usr/lib/xen/bin/xen-init-dom0 -- true
until_true 100 says err 'waits here'
interrupt "the toolstack starts"
mkfifo unread
rm -f err
"$corbel" lab run -- sh -c 'head -c 5000000 /dev/zero' >unread 2>err &
pid=$!
exec 5<unread
until_true 100 eval '[ -n "$(child qemu-system-x86_64)" ]'
until_true 100 eval '[ -z "$(child qemu-system-x86_64)" ]'
interrupt "the output drains"
exec 5<&-

# The terminal: narrower in the middle, and gone.
# in_terminal COMMAND: in a terminal, whose output is left in the file out; sets pid to script's
in_terminal() {
    rm -f out err corbel.pid
    : >out
    : >err
    TERM=xterm script -qefc "stty cols 60; echo \$\$ >corbel.pid; exec $1" out </dev/null >/dev/null 2>err &
    pid=$!
}
terminal_of() { readlink "/proc/$(cat corbel.pid)/fd/2"; }
frames() { tr '\r' '\n' <out | sed -n 's/^\x1b\[K//p'; }
in_terminal "'$corbel' lab run -- sleep 1000"
until_true 60 says out 'booting'
stty -F "$(terminal_of)" cols 24
before=$(frames | wc -l)
until_true 10 eval '[ "$(frames | wc -l)" -gt $((before + 3)) ]'
wide=$(frames | tail -n +$((before + 2)) | LC_ALL=C awk 'length > 23')
check "progress stays within a terminal that got narrower" test -z "$wide"
corbel_pid=$(cat corbel.pid)
qemu=$(pgrep -P "$corbel_pid" -f qemu-system-x86_64)
check "QEMU runs" test -n "$qemu"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
until_true 10 gone "$corbel_pid"
check "a terminal that goes ends corbel" gone "$corbel_pid"
pid=$corbel_pid
check "and leaves nothing" leaves_nothing
begin -- sh -c 'echo begun; sleep 1000'
until_true 100 says out begun
qemu=$(child qemu-system-x86_64)
kill -HUP "$pid"
finish
check "SIGHUP is 129" ended 129
check "and leaves nothing" leaves_nothing

echo "1..$number"
echo "# $((number - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
