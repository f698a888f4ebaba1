# In dom0, with the tool stack: XenstoreClient by the socket and by the kernel's device, and beside the C tools. TAP.
. ./rows.sh
xen-xenstore-test || bad=1
for way in socket device; do
    xenstore-write /corbel-compare/from-c "said by C ($way)" &&
        [ "$(xen-xenstore-test read $way /corbel-compare/from-c)" = "said by C ($way)" ]
    row $? "$way: what xenstore-write writes is read"
    xen-xenstore-test write $way /corbel-compare/from-us "said by us ($way)" &&
        [ "$(xenstore-read /corbel-compare/from-us)" = "said by us ($way)" ]
    row $? "$way: what is written xenstore-read reads"
    xenstore-ls -f / | sort >/tmp/theirs
    xen-xenstore-test list $way / | sort >/tmp/ours
    [ "$(wc -l </tmp/ours)" -gt 10 ] && cmp -s /tmp/theirs /tmp/ours
    row $? "$way: the whole store is listed as xenstore-ls lists it" "$(diff /tmp/theirs /tmp/ours | head -n 6)"
done
XENSTORED_PATH=/dev/xen/xenbus xenstore-read /corbel-compare/from-us >/tmp/device 2>&1
echo "# xenstore-read with XENSTORED_PATH=/dev/xen/xenbus: $(cat /tmp/device)"
xenstore-rm /corbel-compare
xen-xenstore-test read socket /corbel-compare >/tmp/answer
[ $? = 1 ] && says 'xenstore: ENOENT' /tmp/answer
row $? "what xenstore-rm removes is gone" "$(cat /tmp/answer)"
echo "1..$rows"
exit $bad
