#!/bin/bash
# Boots real Xen by the built corbel and looks at what a user would see. Prints TAP; ends with 1 when a test failed.
#   lab.sh [CORBEL]        default: .build/release/corbel, else .build/debug/corbel
# Guests/build has made the guest that one test starts. Not for a Linux guest: that is `corbel demo`.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
corbel=${1:-$root/.build/release/corbel}
[ -x "$corbel" ] || corbel=$root/.build/debug/corbel
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
    printf '# status %s after %s s: %s\n' "$status" "$seconds" "$*"
    sed 's/^/# out: /' out; tail -25 err | sed 's/^/# err: /'
}

# lab OPTION... -- COMMAND...: sets status and seconds, leaves the files out and err
lab() {
    local start=$SECONDS
    "$corbel" lab run --json result.json "$@" >out 2>err
    status=$?
    seconds=$((SECONDS - start))
}

ended() { [ "$status" -eq "$1" ]; }
says() { grep -q -- "$2" "$1"; }
silent() { [ ! -s "$1" ]; }
is() { printf '%s' "$2" | cmp -s - "$1"; }
quicker() { [ "$seconds" -lt "$1" ]; }
gone() { ! kill -0 "$1" 2>/dev/null; }
kept() { ls cache/corbel/runs/*-"$1" >/dev/null 2>&1; }
runs_now() { find cache/corbel/runs -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort; }
# frames FILE: each state of the line that progress shows on a terminal
frames() { tr '\r' '\n' <"$1" | sed -n 's/^\x1b\[K//p'; }

cat >dyn.c <<'EOC'
#include <math.h>
#include <stdio.h>
int main(int c, char **v) { printf("%.3f\n", cos(c)); return 5; }
EOC
cc -o dyn dyn.c -lm
head -c 300000 /dev/urandom >blob
"$corbel" lab fetch -q || exit 1
# shellcheck disable=SC2016
lab --with dyn --with blob=/data/ --toolstack -- sh -c '
    for word; do echo "[$word]"; done; pwd; echo "$PATH"
    ./dyn; echo "dynamic: $?"; [ -x /data/blob ] || echo "no executable bit"
    cmp /data/blob /lab/blob 2>/dev/null || echo "one blob"
    xl list | tail -1; cat /data/blob' sh 'a  b' "it's" '$HOME' '' $'new\nline' '\'
check "status 0" ended 0
# Enough for a boot on this machine as it is now, and as it may become when others begin to work.
patience=$((seconds * 4 + 20))
check "words arrive exactly" is <(head -n 7 out) $'[a  b]\n[it\'s]\n[$HOME]\n[]\n[new\nline]\n[\\]\n'
check "the folder is /lab" says out '^/lab$'
check "PATH finds the user's files and Xen's tools" says out '^/lab:/bin:/sbin:/usr/lib/xen/bin$'
check "a dynamic program runs" says out '^0.540$'
check "its status is seen" says out '^dynamic: 5$'
check "a file that is not executable stays so" says out '^no executable bit$'
check "a file goes where it was sent, and nowhere else" says out '^one blob$'
check "the toolstack works" says out '^Domain-0 '
check "300,000 bytes of any value come out as they are" cmp -s blob <(tail -c 300000 out)

for release in 4.14 4.17 4.20; do
    # shellcheck disable=SC2016
    lab --xen $release --xenstored ocaml --toolstack --with "$root/.build-guests/exerciser.elf" \
        --with "$root/Tests/RealXen/exerciser.cfg" --with "$root/Tests/RealXen/rows.sh" -- sh -c '
        . ./rows.sh
        [ "$(pidof oxenstored)" = "$(cat /run/xen/xenstored.pid)" ] && echo "by oxenstored"
        xl create -p exerciser.cfg >/tmp/create.log 2>&1 || { cat /tmp/create.log; exit 1; }
        xl list && xl destroy exerciser && within 20 no_domain exerciser && echo destroyed'
    check "$release: the release's oxenstored can have the place of our xenstored" says out '^by oxenstored$'
    check "$release: xl makes a guest on it" says out '^exerciser '
    check "$release: and destroys it" says out '^destroyed$'
done
mkdir alone
cp "$corbel" alone
alone/corbel lab run --toolstack -- true >out 2>err
status=$?
check "where our xenstored is not beside corbel, that is told before the boot" ended 2
check "with what helps" says err '--product xenstored.*--xenstored c'
rm -r alone

# The first boot has filled the user's cache. From here on a cache of our own: no other run of a lab is in it.
mkdir -p cache/corbel
ln -s "${XDG_CACHE_HOME:-$(echo ~)/.cache}"/corbel/{xen-4.17,dom0}-* cache/corbel/
export XDG_CACHE_HOME=$work/cache
before=$(runs_now)
lab -- sh -c 'echo hello; echo error >&2; exit 7'
check "the command's status is ours" ended 7
check "stdout has the command's output and nothing else" is out $'hello\nerror\n'
check "without a terminal stderr is silent" silent err
check "the times are written as JSON" says result.json '"status" : 7'
check "a command's failure leaves no folder behind" test "$(runs_now)" = "$before"

# A forged marker, in the command's output and from its console.
lab -- sh -c 'echo "@@corbel 0 status=0@@"; echo "@@corbel  status=0@@" >/dev/kmsg; exit 3'
check "a marker without this boot's key is not believed" ended 3

status=0
"$corbel" lab run -q -- echo hello >/dev/full 2>err || status=$?
: >out
check "a stdout that takes nothing is 125" ended 125
check "and told" says err 'cannot write to stdout: No space left on device'
rm -rf cache/corbel/runs/2*

lab -- sh -c 'exit 124'
check "the command's own 124 passes" ended 124
check "and is said to be the command's" says err 'the command itself ended with status 124'

lab --timeout "$patience" -- sh -c 'echo begun; sleep 1000'
check "a timeout is 124" ended 124
check "within its limit" quicker $((patience + 15))
check "what was written before it is there" is out $'begun\n'
check "it says so" says err "timeout: the command did not end within $patience s"
check "it names the logs" says err 'logs: /'

lab -- sh -c 'echo before; sleep 1; echo c >/proc/sysrq-trigger; sleep 1000'
check "a crash of dom0 is 125" ended 125
check "well before the timeout" quicker $((patience + 20))
check "it quotes the panic" says err 'crash: .*Kernel panic - not syncing: sysrq triggered crash'
check "the output up to the crash is there" is out $'before\n'
check "the console's last lines are shown" says err 'Hardware Dom0 crashed'

lab --memory 300 --dom0-memory 160 -- true
check "a crash of Xen is 125" ended 125
check "it quotes Xen" says err 'crash: (XEN) Panic on CPU 0'

# shellcheck disable=SC2016
lab --guest-files -- sh -c '
    ls -1 /lab/guest
    [ "$(dd if=/lab/guest/bzImage bs=1 skip=514 count=4 2>/dev/null)" = HdrS ]'
check "--guest-files brings a kernel as packaged" ended 0
check "and an initramfs for it" says out '^initrd$'

lab -- no-such-program
check "a program that is not there is 127, as in a shell" ended 127

# in_terminal COMMAND: by the shell, in a terminal of 30 columns, whose output is left in the file out
in_terminal() {
    local start=$SECONDS
    TERM=xterm script -qec "stty cols 30; $1" /dev/null </dev/null >out 2>err
    status=$?
    seconds=$((SECONDS - start))
}
in_terminal "'$corbel' lab run -- sh -c 'echo hello; exit 7'"
check "on a terminal the status is the command's too" ended 7
check "progress is shown" says <(frames out) '^corbel: booting'
wide=$(frames out | LC_ALL=C awk 'length > 29')
check "in a line that never gets wider than the terminal" test -z "$wide"
check "the output is there" says out '^.*hello.$'
check "and the split at the end" says out '^corbel: preparation .*total'
in_terminal "'$corbel' lab run -q -- echo hello"
check "with -q a terminal sees the output alone" is out $'hello\r\n'

if [ "$(id -u)" = 0 ]; then
    # An ordinary user may neither come into root's home nor write here.
    mkdir -p user/corbel
    cp -rL cache/corbel/{xen-4.17,dom0}-*[0-9] user/corbel/
    cp "$corbel" user/program
    chmod 755 .
    chown -R 65534:65534 user
    status=0 seconds=0
    XDG_CACHE_HOME=$work/user setpriv --reuid=65534 --regid=65534 --clear-groups \
        user/program lab run -- echo hello >out 2>err || status=$?
    check "an ordinary user can run it" ended 0
    check "and sees the output alone" is out $'hello\n'
    XDG_CACHE_HOME=$work/user "$corbel" lab clean >out 2>err
    status=$?
    check "lab clean is 0" ended 0
    check "and says what it removed" says out '^removed xen-4.17-'
    check "which is gone" eval "! ls user/corbel/xen-* 2>/dev/null"
fi

# interrupt SIGNAL: a running command, the signal, and the end
interrupt() {
    rm -f out # else the last run's answers for this one, before the shell below has emptied it
    "$corbel" lab run -- sh -c 'echo begun; sleep 1000' >out 2>err &
    local pid=$! tries=0
    until grep -q begun out || [ $tries -ge $((patience * 10)) ]; do tries=$((tries + 1)); sleep 0.1; done
    qemu=$(pgrep -P "$pid" -f qemu-system-x86_64)
    kill "-$1" "$pid"
    wait "$pid"
    status=$? run=$pid
    tries=0
    until gone "${qemu:-0}" || [ $tries -ge 50 ]; do tries=$((tries + 1)); sleep 0.1; done
}
# Children of a shell without job control ignore SIGINT, unless their program listens; ours does.
interrupt INT
check "Ctrl-C is 130" ended 130
check "QEMU was there" test -n "$qemu"
check "QEMU is gone after it" gone "${qemu:-$$}"
check "and so is the run's folder" eval "! kept $run"
interrupt TERM
check "SIGTERM is 143" ended 143
check "QEMU is gone after it" gone "${qemu:-$$}"
interrupt KILL
check "QEMU dies with a corbel that is killed" gone "${qemu:-$$}"

start=$SECONDS
mkfifo unread
sleep 300 <unread &
# shellcheck disable=SC2016
sh -c 'head -c 65536 /dev/zero >&2; exec "$@"' sh "$corbel" lab run --verbose --timeout 5 -- sleep 1000 \
    >out 2>unread
status=$? seconds=$((SECONDS - start))
kill $!
check "a stderr that is full and that nobody reads keeps no timeout" ended 124
check "for long" quicker 60

mkdir bin
for tool in apt-get apt-cache dpkg-deb tar xz gzip sha256sum ldd setpriv sh; do ln -s "$(command -v $tool)" bin/; done
status=0 seconds=0
env PATH="$work/bin" "$corbel" lab run -- true >out 2>err || status=$?
check "without QEMU the status is 2" ended 2
check "and the command that helps is named" says err 'sudo apt-get install qemu-system-x86'
env PATH="$work/bin" "$corbel" lab doctor >out 2>err
status=$?
check "lab doctor is 2 then" ended 2
check "and names the command that helps" says out 'sudo apt-get install qemu-system-x86'
"$corbel" lab doctor >out 2>err
status=$?
check "with it lab doctor is 0" ended 0
check "and has verified the release" says out '^ok  *Xen 4.17: there, verified$'
"$corbel" lab doctor >/dev/full 2>err
status=$?
check "what can't be written is no 0" ended 2
check "and is told" says err 'cannot write to stdout: No space left on device'
lab --with nowhere -- true
check "a file that is not there is 2" ended 2
"$corbel" lab run --json /nowhere/result -- true >out 2>err
status=$?
check "a result that can't be written is 2" ended 2
check "and is told before the boot" says err 'cannot write /nowhere/result'
lab --timeout never -- true
check "a wrong option is 2" ended 2
lab
check "no command is 2" ended 2

echo "1..$number"
echo "# $((number - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
