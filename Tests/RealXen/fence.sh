# In dom0, with the tool stack: our programs under the fence (xen-fence), and the fence against a program that breaks
# its rules. TAP. Every wait is for a condition.
. ./rows.sh

# caught NAME CALL TEXT: the program is found outside for that one call and for no other
caught() {
    xen-fence --output /tmp/fence.tap --name "$1" -- forbidden "$1"
    status=$?
    [ $status = 1 ] && grep -qx "# off the list: $2" /tmp/fence.tap && grep -q '^not ok 1' /tmp/fence.tap &&
        [ "$(grep -c '^# off the list' /tmp/fence.tap)" = "${4:-1}" ]
    row $? "the fence catches $3" "status $status: $(grep -E 'off the list|^(not )?ok' /tmp/fence.tap | tr '\n' ' ')"
}
# passes NAME TEXT
passes() {
    xen-fence --output /tmp/fence.tap --name "$1" -- forbidden "$1"
    row $? "$2" "$(grep -E 'off the list|^(not )?ok' /tmp/fence.tap | tr '\n' ' ')"
}
passes nothing "the fence lets a program pass that does nothing but open privcmd"
passes stable-domctl "and the one stable domctl"
passes good-operation "and a device-model operation"
caught sysctl 'ioctl privcmd 0x00305000 hypercall=35 command=6 version=21' "a sysctl"
caught domctl 'ioctl privcmd 0x00305000 hypercall=36 command=5 version=21' "a domctl"
caught xen-version 'ioctl privcmd 0x00305000 hypercall=17 command=0' "asking Xen for its version"
caught hvm-parameter 'ioctl privcmd 0x00305000 hypercall=34 command=1' "an HVM parameter"
caught ioctl 'ioctl privcmd 0x00305063' "an ioctl of privcmd that is not known"
caught mmap 'ioctl privcmd 0x00105002' "the old way to map frames"
caught resource 'ioctl privcmd 0x00205007 type=1 size-query' "a resource of another type"
caught operation 'ioctl privcmd 0x00105005 op=4711 buffers=1' "device-model operation 4711"
caught buffers 'ioctl privcmd 0x00105005 op=5 buffers=2' "a buffer too many"
caught size 'ioctl privcmd 0x00105005 op=5 buffers=1 size=8' "a buffer of a size that not every release takes"
caught unreadable 'ioctl privcmd 0x00105005 unreadable' "an argument that can't be read"
caught socket socket "a socket"
caught exec execve "another program started"
caught child 'ioctl privcmd 0x00305000 hypercall=17 command=0' "a call in a child process" 3
caught version-file 'openat sysfs' "reading Xen's version in /sys/hypervisor"
caught other-node 'openat gntalloc' "another node of Xen's"
caught memory 'openat device 1:1' "a device that it does not know"
caught no-descriptor 'ioctl unknown 0x00105005' "a descriptor that leads nowhere"
caught xenfs 'ioctl privcmd 0x00305000 hypercall=17 command=0' "privcmd opened in /proc/xen"
mknod /tmp/disguise c $((0x$(stat -c %t /dev/xen/privcmd))) $((0x$(stat -c %T /dev/xen/privcmd)))
caught other-path 'ioctl privcmd 0x00305000 hypercall=17 command=0' "privcmd under another path"
forbidden old-entry
if [ $? = 4 ]; then
    row 0 "this kernel has no 32-bit entry for system calls that the fence would have to catch"
else
    caught old-entry 'foreign-entry architecture=0x40000003 number=20' "a system call by the 32-bit entry"
fi

# verdict FILE: shows the fence's report and counts its rows
verdict() {
    grep -v '^1[.][.]' "$1"
    rows=$((rows + $(grep -cE '^(not )?ok' "$1")))
    ! grep -q '^not ok' "$1" || bad=1
}
# made COUNT CALL FILE: the report has the call, so often at least
made() {
    count=$(awk -v call="$2" '{ line = $0; sub(/^# +[0-9]+ /, "", line) } line == call { print $2 }' "$3")
    [ "${count:-0}" -ge "$1" ]
    row $? "the fence saw it make $1 of \"$2\" at least" "${count:-0}"
}
make_guest() { # make_guest NAME CONFIGURATION...: its id is in $domain
    name=$1; shift
    xl create -p "$@" >/tmp/create.log 2>&1 || { cat /tmp/create.log; row 1 "a guest can be made"; }
    domain=$(xl domid "$name")
}
fenced() { # fenced NAME REPORT [OPTION...] -- PROGRAM ARGUMENT...
    name=$1 report=$2
    shift 2
    xen-fence --name "$name" --output "$report" "$@"
}

# A Linux guest from its boot to its power off, with two device models: its console, and six bytes at ports 0x100 on.
mkdir -p /tmp/root
cat >/tmp/root/init <<'END'
#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /dev
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
printf corbel | $b dd of=/dev/port bs=1 seek=256 2>/dev/null
echo "fence: read back $($b dd if=/dev/port bs=1 skip=256 count=6 2>/dev/null)" >/dev/kmsg
$b poweroff -f
END
chmod 755 /tmp/root/init
(cd /tmp/root && echo init | cpio -o -H newc 2>/dev/null) >/tmp/init.cpio
cat /lab/guest/initrd /tmp/init.cpio >/tmp/initrd
# loglevel=6: each line of the log is a hundred requests, and each request four system calls.
extra=$(sed -n 's/^\(extra = .*\)loglevel=7/\1loglevel=6/p' linux.cfg)
make_guest lin linux.cfg 'ramdisk="/tmp/initrd"' "$extra"
fenced PortScratch /tmp/scratch.tap -- PortScratch "$domain" 2>/tmp/scratch.messages &
scratch=$!
: >/tmp/messages
fenced SerialConsole /tmp/console.tap -- SerialConsole --domain "$domain" --statistics /tmp/statistics >/tmp/output \
    2>/tmp/messages &
console=$!
within 120 says 'serving domain' /tmp/messages
row $? "SerialConsole serves under the fence" "$(cat /tmp/messages)"
# PortScratch says nothing when it serves, but the server's page is mapped by then.
serves() { grep -qs privcmd /proc/"$(pidof PortScratch)"/maps; }
within 120 serves
row $? "and so does PortScratch" "$(cat /tmp/scratch.messages)"
begun=$(date +%s)
xl unpause lin
wait $console
wait $scratch
echo "# the guest's boot and all: $(($(date +%s) - begun)) s"
sed -n 's/^/# /p' /tmp/messages
verdict /tmp/console.tap
made 1000 'ioctl evtchn 0x00044504' /tmp/console.tap
made 1 'ioctl privcmd 0x00105005 op=1 buffers=1' /tmp/console.tap
made 1 'ioctl privcmd 0x00205007 type=0' /tmp/console.tap
made 1 'ioctl privcmd 0x00025006' /tmp/console.tap
verdict /tmp/scratch.tap
made 12 'ioctl evtchn 0x00044504' /tmp/scratch.tap
! grep -q gntdev /tmp/console.tap /tmp/scratch.tap
row $? "neither of them opened gntdev"
says 'fence: read back corbel' /tmp/output && says 'reboot: ' /tmp/output
row $? "the guest has used both, and powered off" "$(tail -n 3 /tmp/output)"

# The library, with all of its operations.
make_guest exerciser exerciser.cfg
xl unpause exerciser
fenced 'xen-devicemodel-test on a PVH guest' /tmp/fence.tap --also tests.fence -- \
    xen-devicemodel-test "$domain" >/tmp/output
grep '^not ok' /tmp/output | sed 's/^/# /'
verdict /tmp/fence.tap
xl destroy exerciser
make_guest exerciserhvm hvm.cfg
xl unpause exerciserhvm
fenced 'xen-devicemodel-test on an HVM guest' /tmp/fence.tap --also tests.fence -- \
    xen-devicemodel-test "$domain" hvm >/tmp/output
grep '^not ok' /tmp/output | sed 's/^/# /'
verdict /tmp/fence.tap
for operation in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    case $operation in 7 | 11) buffers=2 ;; *) buffers=1 ;; esac
    made 1 "ioctl privcmd 0x00105005 op=$operation buffers=$buffers" /tmp/fence.tap
done
xl destroy exerciserhvm

# The transport's rows ask for what must be refused; the list of that is transport.fence. Those without a guest do
# little else (two dozen kinds of it), and are left out: a list of them would say nothing about a device model.
make_guest exerciser exerciser.cfg vcpus=1
fenced 'xen-transport-test on a guest' /tmp/fence.tap --also tests.fence --also transport.fence -- \
    xen-transport-test "$domain" >/tmp/output
grep '^not ok' /tmp/output | sed 's/^/# /'
verdict /tmp/fence.tap
xl destroy exerciser

echo "1..$rows"
exit $bad
