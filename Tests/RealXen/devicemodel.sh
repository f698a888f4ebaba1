# In dom0, with the tool stack: the transport on a paused guest, then the library on a running one. TAP.
status=0
xl create -p exerciser.cfg >/tmp/create.log 2>&1 || { cat /tmp/create.log; echo "not ok - a guest can be made"; exit 1; }
xen-transport-test "$(xl domid exerciser)" || status=1
xl destroy exerciser
xl create -p exerciser.cfg >/tmp/create.log 2>&1 || { cat /tmp/create.log; echo "not ok - a guest can be made"; exit 1; }
domain=$(xl domid exerciser)
xl unpause exerciser
xen-devicemodel-test "$domain" || status=1
xl destroy exerciser
exit $status
