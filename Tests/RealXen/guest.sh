#!/bin/bash
# `corbel lab run --guest` as a user runs it: a command and its Linux guest, in good and in bad times. TAP.
#   guest.sh [CORBEL-OPTION...]     such as --xen 4.20
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=$PWD/.build/release ci=$PWD/Examples/ci options=("$@")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
cd "$work" || exit 1
number=0 failed=0

# check NAME CONDITION...: one test; what the command said is shown when it fails
check() {
    local name=$1; shift
    number=$((number + 1))
    if "$@"; then echo "ok $number - $name"; return; fi
    failed=$((failed + 1))
    echo "not ok $number - $name"
    printf '# status %s: %s\n' "$status" "$*"
    sed 's/^/# out: /' out; tail -25 err | sed 's/^/# err: /'
}

# lab OPTION... -- COMMAND...: sets status, leaves the files out and err
lab() {
    "$bin/corbel" lab run "${options[@]}" --timeout 420 --json result.json "$@" >out 2>err
    status=$?
}
ended() { [ "$status" = "$1" ]; }
says() { grep -qE -- "$2" "$1"; }
silent() { [ ! -s "$1" ]; }
none() { ! grep -qE -- "$2" "$1"; }
shows() { grep -qxF -- "$1" out; }
# in_order MARK MARK: the result has both, the first one first
in_order() {
    awk -v first="\"$1\"" -v second="\"$2\"" '
        $1 == first { one = $3 + 0 } $1 == second { two = $3 + 0 } END { exit !(0 < one && one < two) }' result.json
}

cc -o port-echo "$ci/port-echo.c" -lxendevicemodel -lxenforeignmemory -lxenevtchn
cat >dyn.c <<'EOC'
#include <math.h>
#include <stdio.h>
int main(int c, char **v) { printf("%.3f\n", cos(c)); return 5; }
EOC
cc -o dyn dyn.c -lm

# Words, files, options, and whatever a guest may print: also lines without an end.
cat >script <<'EOS'
echo "processors $(nproc), $(cat /proc/cmdline)"
dyn; echo "dynamic: $?"
cat note
echo "script $0, folder $(pwd), argument count $#"
printf '\033[31mred\033[0m\007 \302\2331m \377\n'
printf 'caf\303\251 \342\202\254\n'
printf '%s\n' '@@corbel x script=3@@' 'corbel| not the lab'
printf corbel | dd of=/dev/port bs=1 seek=256 2>/dev/null
echo "read back: $(dd if=/dev/port bs=1 skip=256 count=6 2>/dev/null)"
dd if=/dev/zero bs=1000 count=1000 2>/dev/null | tr '\000' y
dd if=/dev/zero bs=1000 count=100 2>/dev/null | tr '\000' '\r'
dd if=/dev/zero bs=1000 count=100 2>/dev/null
printf 'no line end'
EOS
echo 'a note' >'a file'
# shellcheck disable=SC2016
lab --guest-vcpus 2 --guest-append 'corbel.word=x loglevel=4' --guest-script script --guest-with dyn \
    --guest-with 'a file=/lab/note' --with "$bin/PortScratch" -- \
    sh -c 'for word; do echo "[$word]"; done; exec PortScratch "$CORBEL_GUEST"' sh \
    @guest --domain=@guest 'a  b=@guest' x@guest @guest, "it's" '$HOME' '' $'new\nline' '\'
check "command and guest end well: 0" ended 0
words=$'[1]\n[--domain=1]\n[a  b=1]\n[x@guest]\n[@guest,]\n[it\'s]\n[$HOME]\n[]\n[new\nline]\n[\\]\n'
check "@guest is the domain, other words are as they were" cmp -s <(head -n 11 out) <(printf '%s' "$words")
check "the guest has the processors and kernel words it was given" says out \
    '^guest\| processors 2, .* corbel.word=x loglevel=4'
check "a dynamic program in the guest runs" says out '^guest\| 0.540$'
check "and its status is seen" shows 'guest| dynamic: 5'
check "a file goes where it was sent" shows 'guest| a note'
check "the script is /script, in /lab" shows 'guest| script /script, folder /lab, argument count 0'
check "control characters do not come through" shows 'guest| ?[31mred?[0m? ??1m ?'
check "text does" shows 'guest| café €'
check "nor does a guest speak for the lab" shows 'guest| corbel| not the lab'
check "the guest's ports are the command's" shows 'guest| read back: corbel'
yes_bytes() { tr -dc y <out | wc -c; }
check "an endless line comes whole" [ "$(yes_bytes)" -ge 1000000 ]
check "in pieces of 4096 bytes" [ "$(grep -c '^guest| y*$' out)" -eq 244 ]
check "a last line without an end is shown" says out 'no line end$'
check "no marker is" none out "@@corbel [^x]"
check "nothing else is said" silent err
for mark in guest-made serving unpaused guest-stopped; do
    check "the result has the time of $mark" says result.json "\"$mark\" : [0-9]"
done

echo 'echo so far; exit 7' >script
# shellcheck disable=SC2016
lab --guest pvh --guest-script script --with port-echo -- sh -c 'port-echo "$CORBEL_GUEST"; sleep 1000'
check "a script that fails is 1, and a command that ends by SIGTERM after its guest has ended well" ended 1
check "and is said" shows "corbel| the guest's script ended with status 7"

echo 'echo c >/proc/sysrq-trigger' >script
lab --guest-script script --with port-echo -- port-echo @guest
check "a program in C is noticed to serve; a guest that crashes is 1" ended 1
check "and is said" shows 'corbel| the guest crashed'
check "with its last words" says out '^guest\| .*Kernel panic'

echo 'reboot -f' >script
# The command notices nothing, and gets a signal.
# shellcheck disable=SC2016
lab --guest pvh --guest-script script --with port-echo -- \
    sh -c 'port-echo "$CORBEL_GUEST"; trap "exit 9" TERM; sleep 1000 & wait'
check "a command that goes on without its guest gets SIGTERM, and its own status goes first" ended 9
check "a guest that reboots is said to" shows 'corbel| the guest rebooted'

echo 'exit 0' >script
lab --guest pvh --guest-script script --with port-echo -- \
    sh -c 'port-echo "$CORBEL_GUEST"; trap "" TERM; while :; do sleep 1; done'
check "one that does not gets SIGKILL: 137" ended 137
check "and is said to" says out '^corbel\| the command did not end within [0-9]+ s after SIGTERM'

# shellcheck disable=SC2016
lab --guest pvh --ready 'ready: now' --with port-echo -- sh -c '
    [ -t 1 ] && echo a terminal
    port-echo "$CORBEL_GUEST" &
    until lsevtchn 0 | grep "(Connected) - Remote Domain $CORBEL_GUEST," >/tmp/channels &&
        [ "$(wc -l </tmp/channels)" -ge 3 ]; do usleep 100000; done
    sleep 2; xl list | tail -1; printf "ready: "; lab-mark said; echo now; wait'
check "--ready: all end with 0" ended 0
check "a command that serves is not enough: the guest waits" says out '^guest .* --p--- '
check "and runs when the text is there" in_order said unpaused
check "and the output is a terminal still" shows 'a terminal'
check "without a script the guest reports" says out '^guest\| corbel-guest: Linux .*, hypervisor xen, up [0-9.]+ s$'

# A guest whose end the lab's own init does not tell.
printf '#!/bin/busybox sh\nexec /bin/busybox poweroff -f\n' >off
printf '#!/bin/busybox sh\nexec /bin/busybox reboot -f\n' >again
chmod +x off again
for end in off again; do
    # shellcheck disable=SC2016
    lab --guest pvh --paused --guest-with "$end=/$end" --guest-append "rdinit=/$end" --with port-echo -- sh -c '
        port-echo "$CORBEL_GUEST" & xl list | tail -1; xl unpause "$CORBEL_GUEST"; wait; exit 0'
    check "--paused: the command unpauses, and has the last word: 0 ($end)" ended 0
    check "the lab does not unpause" says out '^guest .* --p--- '
    check "and has nothing to say" none out '^corbel'
done
lab --paused -- sh -c 'xl list; exit 0' @guest
check "a command that wants its guest paused only may end: 0" ended 0
check "and that the guest never ran is said" shows 'corbel| the guest never ran'

# shellcheck disable=SC2016
lab --guest pvh --paused --with port-echo -- sh -c 'port-echo "$CORBEL_GUEST" & xl destroy "$CORBEL_GUEST"; wait'
check "it may destroy its guest, too: 0" ended 0

lab -- true @guest
check "a command that ends before the guest ran is 1" ended 1
check "and is said to" shows 'corbel| the command ended before the guest ran'
lab --ready-timeout 5 -- sleep 1000 @guest
check "a command that never serves is 124" ended 124
check "and is told the three ways" says out '^corbel\|   --paused: '
check "which is a timeout" says result.json '"outcome" : "timed out"'
check "not the command's own status" none err 'itself'
check "with the last lines of the console" says err 'the last lines of the console:'
logs=$(sed -n 's/^corbel: logs: //p' err)
check "and the logs, which stay" grep -q '^corbel| the command did not serve' "$logs/output"
echo 'sleep 1000' >script
# shellcheck disable=SC2016
lab --guest pvh --guest-script script --with port-echo -- sh -c 'port-echo "$CORBEL_GUEST" &
    while xl list "$CORBEL_GUEST" | grep -q -e --p---; do usleep 100000; done; kill $!; exit 0'
check "a command that ends before the guest is off is 1" ended 1
check "and is said to" shows 'corbel| the command ended before the guest had powered off'

echo 'cat /sys/class/dmi/id/sys_vendor; dd if=/dev/port bs=1 skip=768 count=4 2>/dev/null | wc -c' >script
lab --guest hvm --timeout 900 --guest-script script --with port-echo -- port-echo @guest
check "an HVM guest has QEMU, and the command beside it: 0" ended 0
check "it is a PC" shows 'guest| Xen'

lab --guest none -- echo @guest
check "@guest with no guest is 2" ended 2
lab --guest-script script -- echo
check "a guest's option with no guest is 2" ended 2
lab --guest-script nowhere -- echo @guest
check "a script that is not there is 2" ended 2
lab --guest-append 'x="y"' -- echo @guest
check "words that xl can't take are 2" ended 2
lab --ready x --paused -- echo @guest
check "options that exclude each other are 2" ended 2

echo "1..$number"
echo "# $((number - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
