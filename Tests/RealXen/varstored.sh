# In dom0, with the tool stack: varstored with the firmware guest (Guests/firmware), which judges it, then on bad days.
# TAP. Every wait is for a condition.
. ./rows.sh
gone() { ! kill -0 "$1" 2>/dev/null; }
# Not where keys of a first boot would be.
store=/var/lib/varstored-guests
uuid=f81d4fae-7dec-11d0-a765-00a0c91e6bf6
mkdir -p $store /run/xen
fence=

# make MODE [SETTING...]: a paused guest that will do this; its id is in $domain
make() {
    mode=$1; shift
    xl create -p firmware.cfg "cmdline=\"$mode\"" 'on_poweroff="destroy"' 'on_reboot="destroy"' 'on_crash="destroy"' \
        "$@" >/tmp/create.log 2>&1 || {
        cat /tmp/create.log
        row 1 "a guest can be made for \"$mode\""
    }
    domain=$(xl domid firmware)
    node=/local/domain/$domain
    xenstore-write "$node/platform/secureboot" true
}
# serve OPTION...: varstored for it, until its process id is in the Xenstore; its number is in $daemon
serve() {
    # shellcheck disable=SC2086
    $fence varstored --domain "$domain" "$@" >/tmp/varstored.log 2>&1 &
    daemon=$!
    within 60 answered
    # A guest that was waiting for it may have come to its end by now, and its nodes with it.
    [ -n "$(xenstore-read "$node/varstored-pid" 2>/dev/null)" ] || says 'INFO varstored: ready' /tmp/varstored.log ||
        row 1 "varstored serves" "$(cat /tmp/varstored.log)"
}
answered() { xenstore-read "$node/varstored-pid" >/dev/null 2>&1 || gone $daemon; }
# run: the guest begins; what it writes is in /tmp/guest
run() {
    : >/tmp/messages && : >/tmp/guest
    SerialConsole --domain "$domain" --prefix '' >/tmp/guest 2>/tmp/messages &
    console=$!
    within 60 says 'serving domain' /tmp/messages || row 1 "SerialConsole serves" "$(cat /tmp/messages)"
    xl unpause firmware
}
# ends TEXT: varstored ends with status 0, within a minute
ends() {
    within 60 gone $daemon
    wait $daemon
    status=$?
    [ $status = 0 ]
    row $? "$1" "status $status: $(tail -n 5 /tmp/varstored.log)"
}
# over SECONDS TEXT: the guest comes to its end by itself, and varstored with it
over() {
    within "$1" no_domain firmware
    row $? "$2" "$(tail -n 5 /tmp/guest) $(tail -n 5 /tmp/varstored.log)"
    no_domain firmware || xl destroy firmware
    ends "varstored ends with its domain, status 0 ($mode)"
    wait $console
}
# wrote WORDS TEXT
wrote() {
    says "$1" /tmp/guest
    row $? "$2" "$(tail -n 5 /tmp/guest)"
}
# judged: the guest's own rows become ours, and there are as many as its plan says: one that has crashed has none
judged() {
    tr -d '\r' </tmp/guest | sed -nE 's/^(ok|not ok) [0-9]+ - /\1 - firmware: /p; s/^# /# /p' >/tmp/judged
    cat /tmp/judged
    rows=$((rows + $(grep -cE '^(not )?ok' /tmp/judged)))
    ! grep -q '^not ok' /tmp/judged || bad=1
    [ "$(tr -d '\r' </tmp/guest | sed -n 's/^1[.][.]//p')" = "$(grep -cE '^(not )?ok' /tmp/judged)" ]
    row $? "the guest has all of its rows ($mode)" "$(tail -n 5 /tmp/guest)"
}
# seconds, in hundredths
now() { awk '{ print int($1 * 100) }' /proc/uptime; }
file="--backend file --arg path:$store/blob"

# Keys are enrolled, attacks fail, and a second boot finds it all.
make demo1
# shellcheck disable=SC2086
serve $file
[ "$(xenstore-read "$node/varstored-pid")" = $daemon ]
row $? "its process id is in the Xenstore when it is ready"
run
over 120 "a guest's first boot"
wrote 'the first boot passed' "keys are enrolled, and every attack is refused"
make demo2
# shellcheck disable=SC2086
serve $file
run
over 120 "its second boot"
wrote 'the second boot passed' "the store is as it was left"
rm -f $store/*

# The rows of varstored.md 20 that a guest can judge.
for mode in vectors rows1 rows2; do
    make $mode
    # shellcheck disable=SC2086
    serve $file
    run
    over 400 "the guest judges its rows ($mode)"
    judged
    [ $mode = rows1 ] || rm -f $store/blob
done
rm -f $store/*

# The same by other settings of the host.
for mode in permissive unsecured relaxed; do
    make $mode
    case $mode in
    permissive) xenstore-write "$node/platform/auth-enforce" false ;;
    unsecured) xenstore-write "$node/platform/secureboot" false ;;
    esac
    # shellcheck disable=SC2086
    serve $file $([ $mode != relaxed ] || echo --relaxed-names)
    run
    over 120 "the guest judges its rows ($mode)"
    judged
    rm -f $store/*
done

# As xenopsd starts it: another root and user, name spaces, the filter; XAPI's bytes; saved and resumed while the guest
# is half through its variables.
make migrate1
root=/run/xen/varstored-root-$domain
mkdir -p "$root"
# As xenopsd leaves it: no file can be made there, and the one to save to is there already.
chown 0:65534 "$root"
chmod 750 "$root"
empty_save() {
    : >"$root/efi-vars-save.dat"
    chown 65534:65534 "$root/efi-vars-save.dat"
    chmod 600 "$root/efi-vars-save.dat"
}
empty_save
fake-xapi --socket "$root/xapi-depriv-socket" --blob /tmp/text --log /tmp/calls >/tmp/xapi.log 2>&1 &
xapi=$!
within 30 says ready /tmp/xapi.log
chown 0:65534 "$root/xapi-depriv-socket"
chmod 660 "$root/xapi-depriv-socket"
as_xenopsd() {
    serve --chroot "$root" --depriv --uid 65534 --gid 65534 --backend xapidb --arg socket:/xapi-depriv-socket \
        --pidfile /run/varstored.pid --arg uuid:$uuid "$@" --arg save:/efi-vars-save.dat
}
as_xenopsd
run
within 120 says 'now save the daemon' /tmp/guest
row $? "started as xenopsd starts it, it serves" "$(cat /tmp/varstored.log /tmp/guest)"
field() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$daemon/status"; }
[ "$(field Uid) $(field Gid) $(field CapEff) $(field NoNewPrivs) $(field Seccomp) $(field Threads)" = \
    "65534 65534 0000000000000000 1 2 1" ]
row $? "as another user, without capabilities, under the filter, by one thread" "$(cat /proc/$daemon/status)"
kill -TERM $daemon
ends "SIGTERM in the middle of an enumeration ends it with status 0"
[ "$(head -c 4 "$root/efi-vars-save.dat")" = VARS ] && [ "$(ls -A "$root" | wc -l)" = 2 ]
row $? "and it has saved in place, and left nothing else" "$(ls -l "$root")"
mv "$root/efi-vars-save.dat" "$root/efi-vars-resume.dat"
empty_save
xenstore-rm "$node/varstored-pid"
as_xenopsd --resume --arg resume:/efi-vars-resume.dat
over 120 "the guest goes on with the one that has resumed"
judged
says 'VM.set_NVRAM_EFI_variables' /tmp/calls
row $? "and the toolstack has the variables" "$(cat /tmp/calls)"
kill $xapi
wait $xapi

# The domain goes while it is served.
make "load 1000000"
# shellcheck disable=SC2086
serve $file --nonpersistent
run
within 60 says 'commands of each kind' /tmp/guest
row $? "a guest sends commands without a pause" "$(tail -n 3 /tmp/guest)"
xl destroy firmware
ends "the domain is destroyed in the middle of it: status 0"
wait $console
rm -f $store/*

# The clock is set back by a year while a write waits for a toolstack that never answers: ten seconds are ten seconds.
echo 'VM.set_NVRAM_EFI_variables silent' >/tmp/control
: >/tmp/calls
fake-xapi --socket /tmp/xapi --control /tmp/control --log /tmp/calls >/tmp/xapi.log 2>&1 &
xapi=$!
within 30 says ready /tmp/xapi.log
make "load 1"
serve --backend xapidb --arg socket:/tmp/xapi --arg uuid:$uuid
run
within 60 says 'VM.set_NVRAM_EFI_variables' /tmp/calls
row $? "a guest's write waits for the toolstack" "$(cat /tmp/calls /tmp/varstored.log)"
clock=$(date +%s) begun=$(now)
date -s "@$((clock - 31536000))" >/dev/null
row $? "the clock can be set back"
within 120 says 'load FAILED' /tmp/guest
took=$(($(now) - begun))
date -s "@$((clock + took / 100))" >/dev/null
[ $took -ge 800 ] && [ $took -lt 6000 ]
row $? "198: the clock is set back by a year meanwhile: the write is answered within its deadline" \
    "$took hundredths of a second: $(tail -n 3 /tmp/varstored.log)"
over 60 "and the guest comes to its end"
kill $xapi
wait $xapi
rm -f $store/*

# How many commands a second, and our part of that time.
make "load 90" 'on_poweroff="preserve"'
# shellcheck disable=SC2086
serve $file
spent() { awk '{ print $14 + $15 }' "/proc/$daemon/stat"; }
run
within 60 says 'commands of each kind' /tmp/guest
begun=$(now) before=$(spent)
within 120 says 'load [pF]' /tmp/guest
ended=$(now) after=$(spent)
wrote 'load passed' "a load of commands is served"
tr -d '\r' </tmp/guest | sed -n 's/^ \{3\}/#    /p'
echo "# varstored: $((after - before)) hundredths of a second of $((ended - begun))"
xl destroy firmware
ends "it ends with its domain"
wait $console
rm -f $store/*

# Under the fence, without and with what it gives up.
! grep -q /sys/hypervisor /lab/varstored
row $? "which Xen it is varstored does not ask: it names no file that tells"
for options in '' '--depriv --uid 65534 --gid 65534'; do
    make demo1
    chmod 777 $store
    fence="xen-fence --name varstored${options:+-depriv} --also varstored.fence --output /tmp/fence.tap --"
    # shellcheck disable=SC2086
    serve $file --arg save:$store/saved $options
    fence=
    run
    over 300 "under the fence the guest boots${options:+, $options}"
    wrote 'the first boot passed' "as it does without it${options:+, $options}"
    grep -v '^1[.][.]' /tmp/fence.tap
    rows=$((rows + $(grep -cE '^(not )?ok' /tmp/fence.tap)))
    ! grep -q '^not ok' /tmp/fence.tap || bad=1
    rm -f $store/*
done
echo "1..$rows"
exit $bad
