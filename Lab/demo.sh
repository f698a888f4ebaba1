#!/bin/sh
# The demonstration, in dom0: a Linux guest whose serial port is a Swift device model, which prints the guest's log as
# "guest| ..." lines. Its argument, if any, is added to the guest's kernel command line. Status 0: the guest started,
# reported, powered off, and the device model ended by itself. Where varstored is there, its part (demo-variables.sh)
# follows and must go well too.
say() { echo "-- $*"; }

read -r version </proc/version
say "dom0: ${version%% (*}, Xen $(xl info xen_version)"
say "Xenstore: served by $(readlink "/proc/$(pidof xenstored)/exe")"
say "creating the guest (paused)"
arguments=$(sed -n 's/^extra = "\(.*\)"$/\1/p' /lab/demo-guest.cfg)
xl create -p /lab/demo-guest.cfg "extra=\"$arguments $1\"" >/tmp/create.log 2>&1 || { cat /tmp/create.log; exit 1; }
domain=$(xl domid guest)
lab-mark created

: >/tmp/messages
SerialConsole --domain "$domain" --prefix 'guest| ' --log /tmp/guest.log --statistics /tmp/statistics 2>/tmp/messages &
device=$!
until grep -q 'serving domain' /tmp/messages; do
    kill -0 $device 2>/dev/null || { cat /tmp/messages; say "the device model ended before it served"; exit 1; }
    usleep 20000
done
cat /tmp/messages
lab-mark serving
xl unpause guest || exit 1
wait $device
status=$?
lab-mark gone
say "the guest is gone, the device model ended with status $status"
tail -n +2 /tmp/messages
# A guest whose kernel panicked is gone too.
for words in 'corbel-guest: ' 'reboot: '; do
    grep -q "$words" /tmp/guest.log || { say "the guest never wrote \"$words\": it failed"; status=1; }
done
[ $status = 0 ] && [ -e /lab/varstored ] || exit $status
exec sh /lab/demo-variables.sh
