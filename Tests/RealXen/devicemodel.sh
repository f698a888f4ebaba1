# In dom0, with the tool stack: the transport on a paused guest, then the library on a running PVH and a running HVM
# guest. TAP.
status=0
# make_guest NAME CONFIGURATION...: its id is in $domain
make_guest() {
    name=$1; shift
    xl create -p "$@" >/tmp/create.log 2>&1 || { cat /tmp/create.log; echo "not ok - a guest can be made"; exit 1; }
    domain=$(xl domid "$name")
}
make_guest exerciser exerciser.cfg vcpus=1
xen-transport-test "$domain" || status=1
xl destroy exerciser

make_guest exerciser exerciser.cfg
xl unpause exerciser
xen-devicemodel-test "$domain" || status=1
xl destroy exerciser

make_guest exerciserhvm hvm.cfg
xl unpause exerciserhvm
xen-devicemodel-test "$domain" hvm || status=1
xl destroy exerciserhvm
exit $status
