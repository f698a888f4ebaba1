#!/bin/sh
# The demonstration's second part, in dom0: a guest's firmware with its variables in varstored. It enrols Secure Boot's
# keys, fails to change db unsigned, and prints the store; made anew it finds the store as it was.
# Status 0: both boots did what they should, and varstored ended by itself each time.
say() { echo "-- $*"; }
bad=0
# until_so PROCESS COMMAND...: waits until the command succeeds; fails when the process ends before
until_so() {
    of=$1; shift
    until "$@" >/dev/null 2>&1; do
        kill -0 "$of" 2>/dev/null || return
        usleep 20000
    done
}
# ended NAME PROCESS: the program has ended with status 0
ended() {
    wait "$2"
    status=$?
    [ $status = 0 ] || { say "$1 ended with status $status"; bad=1; }
}
# boot MODE: the guest from its creation to its end
boot() {
    xl create -p /lab/demo-firmware.cfg "extra=\"$1\"" >/tmp/create.log 2>&1 || { cat /tmp/create.log; return 1; }
    domain=$(xl domid firmware)
    node=/local/domain/$domain
    xenstore-write "$node/platform/secureboot" true
    while IFS= read -r line; do echo "varstored| $line"; done </tmp/lines &
    lines=$!
    varstored --domain "$domain" --backend file --arg path:/tmp/firmware-variables >/tmp/lines 2>&1 &
    store=$!
    until_so $store xenstore-read "$node/varstored-pid" || { say "varstored ended before it served"; return 1; }
    : >/tmp/messages
    SerialConsole --domain "$domain" --prefix 'firmware| ' --log "/tmp/$1.log" 2>/tmp/messages &
    console=$!
    until_so $console grep -q 'serving domain' /tmp/messages || { cat /tmp/messages; return 1; }
    xl unpause firmware || return
    ended "the serial port" $console
    ended varstored $store
    wait $lines
    # The words that the guest writes when all went as it should.
    grep -q "$2" "/tmp/$1.log" || { say "the firmware never wrote \"$2\""; return 1; }
}

mkfifo /tmp/lines
lab-mark firmware
say "a second guest: its firmware keeps variables in varstored; its first boot"
boot demo1 'firmware: the first boot passed' || exit 1
say "the same guest, made anew; its second boot"
boot demo2 'firmware: the second boot passed' || exit 1
lab-mark variables
say "what is kept: $(wc -c </tmp/firmware-variables) bytes in one file"
exit $bad
