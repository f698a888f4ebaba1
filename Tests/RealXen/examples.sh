# In dom0, with the tool stack: the five examples serve one PVH guest, each as a program of its own under the fence
# (xen-fence), and xen-examples-test makes the guest use them. TAP. Every wait is for a condition.
. ./rows.sh
# They say nothing when they serve, but a server's page is mapped by then.
serves() { grep -qs privcmd /proc/"$(pidof "$1")"/maps; }
examples="MemoryMappedRegisters PCIFunction FrameBuffer ShadowTable BlockDevice"
picture=/tmp/screen.png image=/tmp/disk.img

xl create -p exerciser.cfg >/tmp/create.log 2>&1 || { cat /tmp/create.log; row 1 "a guest can be made"; }
domain=$(xl domid exerciser)
BlockDevice "$domain" /tmp/none 2>/tmp/messages
[ $? = 1 ] && grep -q 'opening IMAGE: ENOENT' /tmp/messages
row $? "BlockDevice without its file ends with 1 and a sentence" "$(cat /tmp/messages)"

truncate -s $((20 * 512 + 100)) $image
begun=$(date +%s)
fences=
for name in $examples; do
    case $name in FrameBuffer) operand=$picture ;; BlockDevice) operand=$image ;; *) operand= ;; esac
    # shellcheck disable=SC2086
    xen-fence --name $name --output /tmp/$name.tap -- $name "$domain" $operand 2>/tmp/$name.messages &
    fences="$fences $name:$!"
done
for name in $examples; do
    within 60 serves "$name"
    row $? "$name serves, under the fence" "$(cat /tmp/$name.messages)"
done
xl unpause exerciser
echo "# until they serve: $(($(date +%s) - begun)) s"
begun=$(date +%s)
xen-examples-test "$domain" $picture $image || bad=1
echo "# the guest's part: $(($(date +%s) - begun)) s"
kill "$(pidof BlockDevice)"
xl destroy exerciser
for fence in $fences; do
    name=${fence%:*}
    wait "${fence#*:}"
    status=$?
    case $name in BlockDevice) end="after SIGTERM" ;; *) end="with its domain" ;; esac
    row $status "$name ends $end, with status 0, and has made none but stable calls" "$(cat /tmp/$name.messages)"
    grep -v '^1[.][.]' /tmp/$name.tap
    rows=$((rows + $(grep -cE '^(not )?ok' /tmp/$name.tap)))
done
grep -q '^not ok' /tmp/*.tap && bad=1
echo "1..$rows"
exit $bad
