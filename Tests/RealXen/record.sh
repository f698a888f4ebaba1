# In dom0, with the tool stack: device models are recorded while real guests use them. TAP, and each recording with the
# word @NAME before its lines. What is done with them: record-replay.
. ./rows.sh
serves() { grep -qs privcmd /proc/"$(pidof "$1")"/maps; }
# recorded NAME LEAST: a recording is there, and has so many requests at least
recorded() {
    count=$(grep -c '^>' /tmp/"$1".rec)
    [ "$(head -n 1 /tmp/"$1".rec)" = "corbel-recording 1" ] && [ "${count:-0}" -ge "$2" ]
    row $? "$1 has recorded $2 requests at least" "$count"
    echo "# $1: $count requests"
    sed "s/^/@$1 /" /tmp/"$1".rec
}

CORBEL_RECORD=/nowhere/file PortScratch 1 2>/tmp/messages
[ $? = 1 ] && says 'CORBEL_RECORD: /nowhere/file: ' /tmp/messages
row $? "a recording that can't be written ends a device model before it serves" "$(cat /tmp/messages)"

# The exerciser uses the examples: registers of all widths, in memory and in PCI configuration space, strings.
xl create -p exerciser.cfg >/tmp/create.log 2>&1 || { cat /tmp/create.log; row 1 "a guest can be made"; }
domain=$(xl domid exerciser)
truncate -s $((20 * 512 + 100)) /tmp/disk.img
for name in MemoryMappedRegisters PCIFunction FrameBuffer ShadowTable BlockDevice; do
    case $name in FrameBuffer) operand=/tmp/screen.png ;; BlockDevice) operand=/tmp/disk.img ;; *) operand= ;; esac
    # shellcheck disable=SC2086
    CORBEL_RECORD=/tmp/$name.rec $name "$domain" $operand 2>/tmp/$name.messages &
done
for name in MemoryMappedRegisters PCIFunction FrameBuffer ShadowTable BlockDevice; do
    within 60 serves "$name" || row 1 "$name serves" "$(cat /tmp/$name.messages)"
done
xl unpause exerciser
xen-examples-test "$domain" /tmp/screen.png /tmp/disk.img >/tmp/output
row $? "the exerciser uses the examples" "$(grep '^not ok' /tmp/output)"
xl destroy exerciser
wait
recorded MemoryMappedRegisters 15
recorded PCIFunction 10

# A Linux guest from its boot to its power off: its console, and six bytes at ports 0x100 on.
mkdir -p /tmp/root
cat >/tmp/root/init <<'END_OF_INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /dev
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
printf corbel | $b dd of=/dev/port bs=1 seek=256 2>/dev/null
echo "record: read back $($b dd if=/dev/port bs=1 skip=256 count=6 2>/dev/null)" >/dev/kmsg
$b poweroff -f
END_OF_INIT
chmod 755 /tmp/root/init
(cd /tmp/root && echo init | cpio -o -H newc 2>/dev/null) >/tmp/init.cpio
cat /lab/guest/initrd /tmp/init.cpio >/tmp/initrd
extra=$(sed -n 's/^\(extra = .*\)loglevel=7/\1loglevel=5/p' linux.cfg)
xl create -p linux.cfg 'ramdisk="/tmp/initrd"' "$extra" >/tmp/create.log 2>&1 || row 1 "a guest can be made" \
    "$(cat /tmp/create.log)"
domain=$(xl domid lin)
CORBEL_RECORD=/tmp/PortScratch.rec PortScratch "$domain" 2>/tmp/scratch.messages &
CORBEL_RECORD=/tmp/SerialConsole.rec SerialConsole --domain "$domain" >/tmp/output 2>/tmp/messages &
within 120 says 'serving domain' /tmp/messages && within 60 serves PortScratch
row $? "SerialConsole and PortScratch serve" "$(cat /tmp/messages /tmp/scratch.messages)"
xl unpause lin
within 300 no_domain lin
row $? "a Linux guest boots, uses them and powers off" "$(tail -n 3 /tmp/output)"
wait
recorded PortScratch 12
recorded SerialConsole 500
echo "1..$rows"
exit $bad
