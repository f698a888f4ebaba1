#!/bin/bash
# Sessions of `corbel lab shell` on real Xen, from a script and on a terminal. Prints TAP; ends with 1 when one failed.
#   shell.sh [CORBEL]        default: .build/release/corbel, else .build/debug/corbel
# Not for `corbel lab run`: that is lab.sh, and labday.sh for its bad days.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
corbel=${1:-$root/.build/release/corbel}
[ -x "$corbel" ] || corbel=$root/.build/debug/corbel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work" || exit 1
number=0 failed=0 status=0

# check NAME CONDITION...: one test; what was seen is shown when it fails
check() {
    local name=$1; shift
    number=$((number + 1))
    if "$@"; then echo "ok $number - $name"; return; fi
    failed=$((failed + 1))
    echo "not ok $number - $name"
    printf '# status %s: %s\n' "$status" "$*"
    tail -c 1500 out | tr -d '\r' | cat -v | sed 's/^/# out: /'; tail -30 err | sed 's/^/# err: /'
}

# A cache folder of our own with the user's packages: no other run of a lab is in it.
mkdir -p cache/corbel
"$corbel" lab fetch -q || exit 1
ln -s "${XDG_CACHE_HOME:-$(echo ~)/.cache}"/corbel/[!r]* cache/corbel/
export XDG_CACHE_HOME=$work/cache

ended() { [ "$status" -eq "$1" ]; }
says() { tr -d '\r' <"$1" | grep -qa -- "$2"; }
is() { printf '%s' "$2" | cmp -s - "$1"; }
silent() { [ ! -s "$1" ]; }
no_run() { [ -z "$(find cache/corbel/runs -mindepth 1 -maxdepth 1 -type d 2>/dev/null)" ]; }
leaves_nothing() { no_run && [ -z "$(pgrep -f "$work/cache")" ]; }
until_true() {
    local tries=$(($1 * 20)); shift
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

# Scripted: commands come from stdin.
head -c 20000 /dev/urandom | base64 -w 0 >long
{
    printf '%s\n' 'echo hello; echo error >&2' 'pwd' 'xl list | tail -n 1' 'tty' 'echo "x"  # a word'
    # A line that no terminal would take, and bytes that one would obey.
    printf 'word=%s\necho "$word" >kept\n' "$(cat long)"
    printf 'printf %%s "a\003b\004c\032d\034e" | md5sum\n'
    printf 'md5sum <kept; cat <<end\nin the document\nend\nno-such-program\nexit 9\n'
} >script
"$corbel" lab shell <script >out 2>err
status=$?
check "a script's last status is ours" ended 9
check "its output comes, stderr too" is <(head -n 3 out) $'hello\nerror\n/lab\n'
check "the toolstack runs" says out '^Domain-0 '
check "it has no terminal, and no prompt is there" says out '^not a tty$'
check "a line of 27,000 bytes arrives" says out "$({ cat long; echo; } | md5sum)"
check "so do bytes that are keys" says out "$(printf 'a\003b\004c\032d\034e' | md5sum)"
check "a document in the script is read" says out '^in the document$'
check "a program that is not there is told" says out 'no-such-program: not found'
check "without a terminal stderr is silent" silent err
"$corbel" lab shell --no-toolstack </dev/null >out 2>err
status=$?
check "an empty script is 0" ended 0
check "and says nothing" silent out
echo 'echo left; poweroff; echo late' | "$corbel" lab shell --no-toolstack >out 2>err
status=$?
check "poweroff is 0" ended 0
check "and ends the script" is out $'left\n'

# On a terminal: script(1) makes one, and types what we write into the FIFO keys.
mkfifo keys
# session OPTION...: begins; the file out is what the terminal shows
session() {
    rm -f out err before after status corbel.pid
    : >out
    : >err
    TERM=xterm script -qefc "stty rows 30 cols 100; stty -g >before
        sh -c 'echo \$\$ >corbel.pid; exec \"\$0\" lab shell $*' '$corbel'; echo \$? >status; stty -g >after" \
        out <keys >/dev/null 2>err &
    terminal=$!
    exec 5>keys
    until_true 100 says out 'dom0:/lab# '
}
keys() { printf '%b' "$1" >&5; }
# Waits for a text that the session is to show; it is not in what was typed.
shown() { until_true 60 says out "$1"; }
finish() {
    exec 5>&-
    wait $terminal
    status=$(cat status)
}
restored() { [ -s before ] && cmp -s before after; }

session --guest pvh
check "a greeting tells where one is" says out '^.*This is dom0 on Xen 4.17.*In /lab: README guest guest.cfg$'
check "and how to leave" says out 'Ctrl-D or poweroff leaves, Ctrl-\] does at once'
keys 'stty size; tty; echo "t=$TERM"\r'
shown 't=xterm'
check "the terminal has its size" says out '^30 100$'
check "and is one" says out '^/dev/hvc1$'
# Each key waits for its program: the line editor would take it for one of its own.
keys 'sh -c '"'"'echo "runs" $((1)); exec sleep 1000'"'"'\r'
shown '^runs 1$'
keys '\003'
shown '\^C'
keys 'echo "ended" "by $?"\r'
check "Ctrl-C goes to the program in dom0, and not to corbel" shown '^ended by 130$'
keys 'sh -c "trap \\"echo now; stty size\\" WINCH; echo wait; echo \\"rea\\"dy; while :; do sleep 0.2; done"\r'
shown '^ready$'
stty -F "$(readlink "/proc/$(cat corbel.pid)/fd/0")" rows 44 cols 120
kill -WINCH "$(cat corbel.pid)"
check "a new size of the terminal is told to the program" shown '^44 120$'
keys '\003sh -c '"'"'echo "runs" $((2)); exec sleep 1000'"'"'\r'
shown '^runs 2$'
keys '\032'
check "Ctrl-Z stops a program" shown '\[1\]+  Stopped '
keys 'kill %1; echo "killed" "$?"\r'
check "which is a job of the shell" shown '^killed 0$'
keys 'xl create -p guest.cfg && console guest && xl unpause guest\r'
check "the README's guest runs, and its console is shown" shown 'corbel-guest: Linux'
keys '(exit 6)\r\004'
finish
check "Ctrl-D ends with the shell's status" ended 6
check "the terminal is as it was" restored
check "nothing is left" leaves_nothing

session --no-toolstack
keys 'trap "" INT TERM HUP; echo "dea""f"; while :; do :; done\r'
shown '^deaf$'
SECONDS=0
keys '\035'
finish
check "Ctrl-] ends at once ($SECONDS s), with 0" test "$status" = 0 -a "$SECONDS" -lt 10
check "the terminal is as it was" restored
check "nothing is left" leaves_nothing

session --no-toolstack
keys 'echo c >/proc/sysrq-trigger\r'
finish
check "a crash of dom0 is 125" ended 125
check "it is told on a line of its own" says out '^corbel: crash: .*sysrq triggered crash'
check "the terminal is as it was" restored
rm -rf cache/corbel/runs/2*

for signal in TERM HUP; do
    session --no-toolstack
    kill -$signal "$(cat corbel.pid)"
    finish
    check "SIG$signal ends it" ended $((128 + $(kill -l $signal)))
    check "the terminal is as it was" restored
    check "nothing is left" leaves_nothing
done

echo "1..$number"
echo "# $((number - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
