#!/bin/sh
# The demonstration, in dom0: a Linux guest whose serial port is a Swift device model. Prints the guest's log as
# "guest| ..." lines. Status 0: the guest started, reported, powered off, and the device model ended by itself.
uptime() { cut -d' ' -f1 /proc/uptime; }
say() { echo "-- $*"; }

read -r version </proc/version
say "dom0: ${version%% (*}, Xen $(xl info xen_version)"
say "creating the guest (paused)"
xl create -p /lab/demo-guest.cfg >/tmp/create.log 2>&1 || { cat /tmp/create.log; exit 1; }
domain=$(xl domid guest)
lab-mark created

mkfifo /tmp/console
SerialConsole --domain "$domain" --statistics /tmp/statistics >/tmp/console 2>/tmp/serving &
device=$!
sed -u 's/^/guest| /' </tmp/console &
prefix=$!
until grep -q '^serving domain' /tmp/serving; do
    kill -0 $device 2>/dev/null || { cat /tmp/serving; say "the device model ended before it served"; exit 1; }
    usleep 20000
done
cat /tmp/serving
lab-mark serving
xl unpause guest || exit 1
wait $device
status=$?
wait $prefix
lab-mark gone
say "the guest is gone, the device model ended with status $status"
sed 1,1d /tmp/serving
[ ! -e /tmp/statistics ] || cat /tmp/statistics
exit $status
