#!/bin/bash
# The cache of `corbel lab`: filled, verified, healed, raced for, cut off, offline, on a full disk. Prints TAP; ends
# with 1 when a test failed. Fetches some 200 MB from the Debian mirror that this machine's apt is set to.
#   cache.sh [CORBEL]        default: .build/release/corbel, else .build/debug/corbel
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
corbel=${1:-$root/.build/release/corbel}
[ -x "$corbel" ] || corbel=$root/.build/debug/corbel
corbel=$(realpath "$corbel")
work=$(mktemp -d)
shopt -s extglob
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
cd "$work" || exit 1
export XDG_CACHE_HOME=$work/cache
cache=$work/cache/corbel
number=0 failed=0

# check NAME CONDITION...: one test; what the command said is shown when it fails
check() {
    local name=$1; shift
    number=$((number + 1))
    if "$@"; then echo "ok $number - $name"; return; fi
    failed=$((failed + 1))
    echo "not ok $number - $name"
    printf '# status %s after %s s: %s\n' "$status" "$seconds" "$*"
    tail -5 out | sed 's/^/# out: /'; tail -25 err | sed 's/^/# err: /'
}
skip() { number=$((number + 1)); echo "ok $number - $1 # SKIP $2"; }

# run COMMAND...: sets status and seconds, leaves the files out and err
limit=(timeout --foreground -k 20 1200)
run() {
    local start=$SECONDS
    "${limit[@]}" "$@" >out 2>err
    status=$?
    seconds=$((SECONDS - start))
}
fetch() { run "$corbel" lab fetch "$@"; }
ended() { [ "$status" -eq "$1" ]; }
says() { grep -q -- "$2" "$1"; }
silent() { [ ! -s "$1" ]; }
lines() { [ "$(wc -l <"$1")" -eq "$2" ]; }
# until_true SECONDS CONDITION...: waits for it
until_true() {
    local end=$((SECONDS + $1)); shift
    until "$@"; do
        [ "$SECONDS" -lt $end ] || return 1
        sleep 0.05
    done
}
gone() { ! kill -0 "$1" 2>/dev/null; }
# entry KIND: its folder
entry() { compgen -G "$cache/$1-+([0-9])"; }
unfinished() { compgen -G "$cache/*.unfinished-*" >/dev/null; }
complete() { [ -s "$(entry "$1")/contents" ] && ! unfinished; }
absent() { [ -z "$(entry "$1")" ] && ! unfinished; }
# garble FILE: one byte in its middle becomes another
garble() {
    local at=$(($(stat -c %s "$1") / 2)) byte
    byte=$(od -An -tu1 -j $at -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((byte ^ 255)))" | dd of="$1" bs=1 seek=$at conv=notrunc status=none
}

# apt SCRIPT: what `apt-get` does from here on; $real is the real one, and "$@" begins with its options. No argument:
# the real one again.
path=$PATH real=$(command -v apt-get)
apt() {
    PATH=$path
    [ $# -gt 0 ] || return 0
    mkdir -p bin
    printf '#!/bin/bash\nreal=%q work=%q\nprinting() { [[ " $* " == *" --print-uris "* ]]; }\n%s\n' \
        "$real" "$work" "$1" >bin/apt-get
    chmod 755 bin/apt-get
    PATH=$work/bin:$path
}

# Asks the mirrors without corbel: that there is no network is not believed on its word.
reachable() {
    local base
    for base in ${CORBEL_DEBIAN_MIRROR:-$(apt-get --print-uris update | sed -n "s|^'\([^']*\)/dists/.*|\1|p" | sort -u)}
    do
        rm -f InRelease
        timeout 120 /usr/lib/apt/apt-helper download-file "$base/dists/bookworm/InRelease" InRelease >/dev/null 2>&1
        [ ! -s InRelease ] || return 0
    done
    return 1
}

# outdate SCRIPT: what sed does to the lists of packages
outdate() {
    local list
    for list in "$cache"/apt/bookworm/lists/*_Packages*; do
        /usr/lib/apt/apt-helper cat-file "$list" | sed "$1" >"${list%_Packages*}_Packages.new"
        rm "$list"
        mv "${list%_Packages*}_Packages.new" "${list%_Packages*}_Packages"
    done
}

status=0 seconds=0
mkdir -p "$cache/xen-4.17-1" "$cache/xen-4.17-2.unfinished-1"
touch "$cache/xen-4.17-1.lock"
fetch --xen 4.17
if says err "can't be reached" && ! reachable; then
    skip "the cache" "no network: $(head -1 err)"
    echo "1..$number"
    exit 0
fi
check "an empty cache is filled" ended 0
check "it is said" says out '^Xen 4.17: fetched, [0-9]* MB$'
check "without a terminal stderr is silent" silent err
check "dom0's part is there" complete dom0
check "the release's part is there, older formats are gone" complete xen-4.17
complete xen-4.17 || { echo "Bail out! without a cache there is nothing to test"; exit 1; }

# From here on apt-get is one that fails.
# shellcheck disable=SC2016
apt 'echo "E: no apt here" >&2; echo x >>"$work/asked"; exit 100'
fetch
check "offline, a full cache is verified" ended 0
check "and that is said" says out '^Xen 4.17: there, verified, [0-9]* MB$'
run "$corbel" lab run -- echo hello
check "offline, a full cache boots" says out '^hello$'
check "apt is not asked" test ! -e asked
rm "$(entry xen-4.17)/tools.cpio"
fetch
check "offline, what is missing can not be made" ended 2
check "what apt says is told" says err 'no apt here'
check "nothing half is left" absent xen-4.17

# A download that dies in the middle, each time.
# shellcheck disable=SC2016
apt '[[ " $* " == *" download "* ]] && ! printing "$@" || exec "$real" "$@"
    "$real" -o Acquire::http::Dl-Limit=500 -o Acquire::https::Dl-Limit=500 "$@" &
    until [ -n "$(find . -name "*.deb" -size +200k)" ] || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
    kill -9 $!
    echo cut >>"$work/cut"
    exit 137'
fetch
check "a download that is cut in the middle is 2" ended 2
check "it is said" says err 'apt failed to fetch from .*137'
check "it was tried twice, with fresh lists" lines cut 2
check "nothing half is left behind" absent xen-4.17

# shellcheck disable=SC2016
apt '[[ " $* " == *" download "* ]] && ! printing "$@" && echo x >>"$work/downloads"; exec "$real" "$@"'
"${limit[@]}" "$corbel" lab fetch >out1 2>err1 &
first=$!
fetch
wait $first
check "of two that race for a part, the one ends with 0" test $? = 0
check "and so does the other" ended 0
cat out1 >>out
check "one of them fetched" test "$(grep -c fetched out)" = 1
check "the other one waited and verified" test "$(grep -c verified out)" = 1
check "the packages came once" lines downloads 1
check "what was cut off did not matter" complete xen-4.17
apt

garble "$(entry xen-4.17)/tools.cpio"
run "$corbel" lab run -- echo hello
check "a byte that changed does not boot: the part is made anew" says out '^hello$'
check "with a line that says why" says err \
    'xen-4.17-[0-9]* is damaged (tools.cpio has another checksum): making it anew'
check "and no other" lines err 1

# A file that is short, and package lists that are garbled.
truncate -s -1 "$(entry xen-4.17)/xen"
for list in "$cache"/apt/bookworm/lists/*_Packages*; do head -c 5000 /dev/urandom >"$list"; done
fetch
check "a file that is short is noticed" says err 'damaged (xen has [0-9]* bytes, not [0-9]*)'
check "garbled package lists are fetched anew" ended 0

# An entry's own list that is cut off, and package lists that name what is gone.
truncate -s -1 "$(entry xen-4.17)/contents"
outdate 's|^\(Filename: .*/xenstore-utils_\)[^_]*_|\10.0.1_|'
check "(the test's list names a package that is gone)" says <(cat "$cache"/apt/bookworm/lists/*_Packages) \
    'xenstore-utils_0.0.1_'
# shellcheck disable=SC2016
apt '[ "${!#}" = update ] && ! printing "$@" && echo x >>"$work/updates"; exec "$real" "$@"'
fetch
check "a list of files that is cut off is none" says out '^Xen 4.17: fetched'
check "package lists that expired are fetched anew" lines updates 1

# The kernel's package has its version in its name, and older ones go: here the lists know no other.
rm "$(entry dom0)/vmlinux"
outdate 's|linux-image-6[.]1[.]0-[0-9]*-amd64|linux-image-6.1.0-0-amd64|g'
check "(the test's list names an older kernel)" says <(cat "$cache"/apt/bookworm/lists/*_Packages) \
    '^Depends: linux-image-6.1.0-0-amd64'
fetch
check "a kernel that is gone: the newer one is asked for by its name" complete dom0
check "with lists that were fetched anew once" lines updates 2
apt

# Several mirrors.
mirror=$(sed -n 's/^URIs: //p' "$cache/apt/bookworm/suite.sources")
rm -r "$(entry xen-4.17)/tools.cpio" "$cache/apt/bookworm/lists"
CORBEL_DEBIAN_MIRROR="file:$work/nowhere $mirror" fetch
check "what the first mirror does not have comes from the next" says out '^Xen 4.17: fetched'
rm -r "$(entry xen-4.17)/tools.cpio"
cp "$cache/apt/bookworm/suite.sources" good.sources
sed "s|^URIs: .*|URIs: http://mirror.invalid/debian|" good.sources >"$cache/apt/bookworm/suite.sources"
for list in "$cache"/apt/bookworm/lists/*_dists_*; do
    mv "$list" "$cache/apt/bookworm/lists/mirror.invalid_debian_dists_${list#*_dists_}"
done
fetch --mirror http://mirror.invalid/debian --mirror "$mirror"
check "so it does when lists are of one that can't be reached" says out '^Xen 4.17: fetched'
check "the lists are the other one's then" cmp -s good.sources "$cache/apt/bookworm/suite.sources"

# A file that is gone; the download to make it anew stands still, and its corbel is killed.
rm "$(entry xen-4.17)/xen"
# shellcheck disable=SC2016
apt '[[ " $* " == *" download "* ]] && ! printing "$@" || exec "$real" "$@"
    echo $$ >"$work/child"; exec sleep 1000'
"$corbel" lab fetch >out 2>err &
victim=$!
until_true 600 eval '[ -s child ] || gone $victim'
kill -9 $victim
{ wait $victim; } 2>/dev/null
status=137
check "a file that is gone is noticed" says err 'damaged (xen is missing)'
check "a corbel that is killed leaves an unfinished folder" unfinished
check "its apt goes with it" until_true 60 gone "$(cat child)"
apt
fetch
check "which does not keep the next one from its work" ended 0
check "and is removed by it" complete xen-4.17

# What the other errors say. A proxy that is not there stands for a network that is not; the machine's own settings,
# which could name another one, are not read.
export XDG_CACHE_HOME=$work/cold
cache=$work/cold/corbel
printf '%s\n' 'Dir::Etc::main "/dev/null";' 'Dir::Etc::parts "/dev/null";' \
    'Acquire::http::Proxy "http://127.0.0.1:9";' 'Acquire::Retries "0";' >no-network
# offline COMMAND...: without a network
offline() { APT_CONFIG=$work/no-network no_proxy='' NO_PROXY='' "$@"; }
offline fetch --mirror http://mirror.invalid/debian
check "offline, an empty cache is 2" ended 2
check "the mirror is named, with apt's words" says err "the mirror .* can't be reached: .*127.0.0.1"
check "nothing is left" absent dom0
offline fetch --mirror "file:$work/nowhere" --mirror http://mirror.invalid/debian
check "of several mirrors each one's reason is told" says err \
    "the mirror file:$work/nowhere .*; the mirror http://mirror.invalid/debian can't be reached"
mkdir logs
echo old | tee logs/output >logs/result.json
offline run "$corbel" lab run --json result.json --logs logs --mirror http://mirror.invalid/debian -- true
check "so it is for a run" ended 2
check "the reason is in --json" says result.json "can't be reached"
check "and the status" says result.json '"status" : 2'
check "and in --logs" cmp -s result.json logs/result.json
check "which has nothing of a former run" test ! -e logs/output
mkdir -p mirror/dists/bookworm/main/binary-amd64
gzip -c </dev/null >mirror/dists/bookworm/main/binary-amd64/Packages.gz
printf 'Origin: Debian\nLabel: Debian\nSuite: bookworm\nCodename: bookworm\nDate: %s\nSHA256:\n %s %s %s\n' \
    "$(LC_ALL=C date -u '+%a, %d %b %Y %T UTC')" \
    "$(sha256sum <mirror/dists/bookworm/main/binary-amd64/Packages.gz | cut -d ' ' -f 1)" \
    "$(stat -c %s mirror/dists/bookworm/main/binary-amd64/Packages.gz)" main/binary-amd64/Packages.gz \
    >mirror/dists/bookworm/Release
fetch --mirror "file:$work/mirror"
check "a mirror without Debian's signature is refused" ended 2
check "and the reason told" says err 'signature of Debian'
CORBEL_DEBIAN_MIRROR="file:$work/nowhere" fetch
check "CORBEL_DEBIAN_MIRROR is believed" says err "the mirror file:$work/nowhere"
fetch --mirror nonsense
check "a mirror that is no address is 2" ended 2
mkdir -p none
printf 'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "%s/none";\n' "$work" >no-sources
APT_CONFIG=$work/no-sources CORBEL_DEBIAN_MIRROR='' fetch
check "without a mirror in apt's configuration it is 2" ended 2
check "and the option that names one is told" says err '--mirror URL'
check "no list stays of any of them" test -z "$(find "$cache" -name '*_Packages*')"
fetch --xen 4.16
check "a release that is not there is 2" ended 2

if unshare -rm true 2>/dev/null; then
    mkdir small
    # on SIZE SCRIPT: runs fetch with a cache on a disk of SIZE, then the script there
    on() {
        # shellcheck disable=SC2016
        run unshare -rm sh -c 'mount -t tmpfs -o size="$1" tmpfs small && export XDG_CACHE_HOME=$PWD/small &&
            { "$2" lab fetch; echo "status $?"; find small -name "*.deb" -o -name "*.unfinished*"; } ' sh "$1" "$corbel"
    }
    on 20M
    check "a disk that is too small is 2" says out '^status 2$'
    check "the folder and the bytes are told" says err \
        "the disk is full at $work/small/corbel: 1[0-9][0-9] MB are needed, [12][0-9] MB are free"
    check "before anything is fetched" lines out 1
    # shellcheck disable=SC2016
    apt 'printing "$@" && exec "$real" "$@"
        [[ " $* " != *" download "* ]] || head -c 1000M /dev/zero >"$work/small/other" 2>/dev/null
        exec "$real" "$@"'
    on 250M
    apt
    check "a disk that gets full on the way is 2" says out '^status 2$'
    check "the folder is told" says err "the disk is full at $work/small/corbel"
    check "nothing half is left there" lines out 1
else
    skip "a full disk" "unshare -rm is not allowed here"
fi

echo "1..$number"
echo "# $((number - failed)) passed, $failed failed, $SECONDS s"
[ "$failed" -eq 0 ]
