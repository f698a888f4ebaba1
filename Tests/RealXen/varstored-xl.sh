# In dom0, with the tool stack: Packaging/varstored-xl, as the operator's guide uses it. TAP. Every wait is for a
# condition. There is no xenstore-chmod in the lab's dom0: a stand-in writes down what it was asked for.
. ./rows.sh
PATH=/tmp/bin:$PATH
mkdir /tmp/bin
printf '#!/bin/sh\necho "$*" >>/tmp/chmod\n' >/tmp/bin/xenstore-chmod
chmod 755 /tmp/bin/xenstore-chmod
printf 'root:x:0:0::/:/bin/sh\nvarstored:x:999:999::/:/bin/sh\n' >/etc/passwd
printf 'root:x:0:\nvarstored:x:999:\n' >/etc/group
folder=/var/lib/varstored-guests
gone() { ! kill -0 "$1" 2>/dev/null; }
# over SECONDS STATUS TEXT: varstored-xl in the background ends so
over() {
    within "$1" gone $vm
    wait $vm
    status=$?
    [ $status = "$2" ]
    row $? "$3" "status $status: $(tail -n 12 /tmp/vm)"
}
vm() { varstored-xl "$@" >/tmp/vm 2>&1 & vm=$!; }
served() { varstored-xl ready linux 2>/dev/null; }

# The firmware enrols keys at its first boot and reboots; at its second it finds them, and powers off.
mkdir -p /etc/varstored
echo SECURE_BOOT=true >/etc/varstored/firmware.conf
sed 's/preserve/destroy/' firmware.cfg >/tmp/firmware.cfg
vm vm /tmp/firmware.cfg
over 240 0 "a guest that reboots is served in each of its lives, and varstored-xl ends with it"
[ "$(grep -c 'INFO varstored: ready' /tmp/vm)" = 2 ] && [ "$(grep -c 'has shut down, reason code 1' /tmp/vm)" = 1 ]
row $? "it had two lives, the first ended by a reboot" "$(grep -E 'ready|reason' /tmp/vm)"
[ "$(grep -c 'rights given up root=/var/lib/varstored-guests/firmware user=999 depriv=yes' /tmp/vm)" = 2 ]
row $? "served by a daemon with a root and a user of its own, under the filter" "$(grep rights /tmp/vm)"
[ "$(grep -c 'secure-boot=true' /tmp/vm)" = 2 ]
row $? "its settings are those of its file" "$(grep settings /tmp/vm)"
says 'platform/secureboot n0 r' /tmp/chmod
row $? "and are the guest's to read only" "$(cat /tmp/chmod)"
[ "$(stat -c '%U %a' $folder/firmware/vars) $(stat -c %a $folder/firmware)" = "varstored 600 700" ]
row $? "what it has stored is its user's alone" "$(ls -la $folder/firmware)"
no_domain firmware
row $? "and no domain is left"

# A guest is saved, and restored by a daemon that resumes.
sed -e 's/^name = .*/name = "linux"/' -e '/^extra/d' linux.cfg >/tmp/linux.cfg
echo 'extra = "console=hvc0 tsc=reliable mitigations=off rdinit=/bin/busybox -- sleep 1000"' >>/tmp/linux.cfg
feature() { xenstore-read "/local/domain/$(xl domid linux)/control/feature-suspend" >/dev/null 2>&1; }
vm vm /tmp/linux.cfg
within 60 served
row $? "a Linux guest is served" "$(tail -n 12 /tmp/vm)"
within 60 feature
xl save linux /tmp/image >/tmp/save 2>&1
row $? "it can be saved" "$(tail -n 3 /tmp/save)"
over 60 0 "varstored-xl ends with it"
[ -s $folder/linux/state ]
row $? "and the daemon has saved its part" "$(ls -la $folder/linux)"
vm restore /tmp/linux.cfg /tmp/image
within 60 served
says 'INFO variables: resumed records=9' /tmp/vm
row $? "restored it is served by a daemon that has resumed" "$(tail -n 12 /tmp/vm)"

# Bad days.
varstored-xl vm /tmp/linux.cfg >/tmp/second 2>&1
[ $? = 1 ] && says 'already' /tmp/second
row $? "a second one for the same guest is refused" "$(cat /tmp/second)"
xl destroy linux
over 60 0 "a guest that is destroyed ends it"
rm -f $folder/linux/vars.lock
mkdir $folder/linux/vars.lock
vm vm /tmp/linux.cfg
over 60 1 "a daemon that can't start: status 1"
no_domain linux
row $? "and the guest, which never ran, is gone"
for words in "" "vm" "vm /nowhere" "daemon nobody" "ready ../x" "frob x"; do
    # shellcheck disable=SC2086
    ! varstored-xl $words >/tmp/refused 2>&1 && [ -s /tmp/refused ]
    row $? "refused: varstored-xl $words" "$(cat /tmp/refused)"
done
echo "1..$rows"
exit $bad
