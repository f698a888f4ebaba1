# In dom0, with the tool stack: the transport on a paused guest, then the library on a running PVH and a running HVM
# guest. TAP.
status=0
# make_guest NAME CONFIGURATION...: its id is in $domain
make_guest() {
    name=$1; shift
    xl create -p "$@" >/tmp/create.log 2>&1 || { cat /tmp/create.log; echo "not ok - a guest can be made"; exit 1; }
    domain=$(xl domid "$name")
}
# doom NAME CONFIGURATION: the domain is destroyed in the middle of accesses
doom() {
    make_guest "$@"
    xl unpause "$1"
    : >/tmp/doomed
    xen-devicemodel-test "$domain" doomed >/tmp/doomed 2>&1 &
    program=$!
    until grep -q hammering /tmp/doomed || ! kill -0 $program 2>/dev/null; do usleep 50000; done
    xl destroy "$1"
    wait $program || status=1
    cat /tmp/doomed
}
make_guest exerciser exerciser.cfg vcpus=1
xen-transport-test "$domain" || status=1
xl destroy exerciser

make_guest exerciser exerciser.cfg
xl unpause exerciser
xen-devicemodel-test "$domain" long || status=1
xl destroy exerciser
doom exerciser exerciser.cfg

make_guest exerciserhvm hvm.cfg
xl unpause exerciserhvm
xen-devicemodel-test "$domain" hvm || status=1
xl destroy exerciserhvm
doom exerciserhvm hvm.cfg
exit $status
