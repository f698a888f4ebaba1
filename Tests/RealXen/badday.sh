# In dom0, with the tool stack: SerialConsole and PortScratch on bad days. TAP. Every wait is for a condition.
. ./rows.sh
gone() { ! kill -0 "$1" 2>/dev/null; }
make_guest() {
    xl create -p "$1" >/tmp/create.log 2>&1 && return
    cat /tmp/create.log
    row 1 "a guest can be made from $1"
}
# serve DOMAIN [OPTION...]: SerialConsole in the background, until it serves; its number is in $device
serve() {
    : >/tmp/messages
    SerialConsole --domain "$@" --statistics /tmp/statistics >/tmp/output 2>/tmp/messages &
    device=$!
    within 60 says 'serving domain' /tmp/messages || row 1 "SerialConsole serves" "$(cat /tmp/messages)"
}
# refused TEXT STATUS WORDS OPTION...: SerialConsole ends with the status and says the words
refused() {
    text=$1 wanted=$2 words=$3; shift 3
    SerialConsole "$@" >/tmp/output 2>/tmp/messages
    status=$?
    [ $status = "$wanted" ] && says "$words" /tmp/messages
    row $? "$text" "status $status: $(cat /tmp/messages)"
}

refused "a domain that is not there is named" 1 'domain 77' --domain 77
refused "our own domain is refused by Xen" 1 'EPERM' --domain 0
refused "a port range that leaves the ports is refused" 2 'port' --domain 1 --port 0xfffc
refused "a domain that is no number is refused" 2 'domain' --domain x
refused "a sandbox that is not there yet is said to be so" 1 'sandbox' --domain 1 --hypervisor sandbox:/tmp/s

make_guest exerciser.cfg
domain=$(xl domid exerciser)

# Eight servers is the limit: if one were left behind each time, the ninth start would fail with ENOSPC.
for signal in TERM INT HUP TERM INT HUP TERM INT HUP; do
    serve "$domain"
    kill -$signal $device
    wait $device
    status=$?
    [ $status = 0 ] || break
done
row $status "SIGTERM, SIGINT and SIGHUP end it with 0, nine times, and leave no server behind" "$(cat /tmp/messages)"

serve "$domain"
kill -STOP $device
xl destroy exerciser &
destroy=$!
within 60 no_domain exerciser
refused "a domain that is being torn down is said to be so" 1 'dying' --domain "$domain"
kill -CONT $device
within 30 gone $device
row $? "it ends by itself when the domain dies while it serves"
wait $device
row $? "and with status 0" "$(cat /tmp/messages)"
wait $destroy
refused "and afterwards the domain is not there" 1 "domain $domain" --domain "$domain"

make_guest exerciser.cfg
domain=$(xl domid exerciser)
PortScratch "$domain" 2>/tmp/messages &
device=$!
# It says nothing when it serves, but the server's page is mapped by then.
within 60 says /dev/xen/privcmd /proc/$device/maps
row $? "PortScratch serves" "$(cat /tmp/messages)"
xl destroy exerciser
within 30 gone $device
wait $device
row $? "PortScratch ends with its domain" "$(cat /tmp/messages)"

# A guest that hammers our port and, on its other vCPU, what nobody claims. xen-devicemodel-test sets it going, by a
# server of its own.
make_guest exerciser.cfg
domain=$(xl domid exerciser)
serve "$domain"
xl unpause exerciser
xen-devicemodel-test "$domain" hammer 1016 >/tmp/hammer 2>&1 &
hammer=$!
within 120 says hammering /tmp/hammer
row $? "a guest is set going" "$(cat /tmp/hammer)"
written() { [ "$(wc -c </tmp/output)" -gt "$1" ]; }
within 120 written 1000
row $? "a guest hammers SerialConsole, and is served" "$(wc -c </tmp/output) bytes"
kill $device
within 60 gone $device
wait $device
row $? "SIGTERM ends it under the hammer, with 0" "$(cat /tmp/messages)"
serve "$domain"
within 120 written 1000
row $? "and it can start again under it" "$(wc -c </tmp/output) bytes"
xl destroy exerciser
within 60 gone $device
wait $device
row $? "the domain is destroyed in the middle of it, and SerialConsole ends with 0" "$(cat /tmp/messages)"
within 60 gone $hammer
wait $hammer
row $? "as does the other program" "$(cat /tmp/hammer)"

# An id that is used again. same-id asks for ids by 4.17's interface.
id_free() { same-id make "$domain" 2>/tmp/same-id; }
if [ "$(cat /sys/hypervisor/version/minor)" = 17 ]; then
    make_guest exerciser.cfg
    domain=$(xl domid exerciser)
    serve "$domain"
    old=$device
    kill -STOP $old
    xl destroy exerciser &
    destroy=$!
    within 60 no_domain exerciser
    ! id_free && says 'File exists' /tmp/same-id
    row $? "a destroyed domain's id can't be had while a SerialConsole that is stopped maps a page of it" \
        "$(cat /tmp/same-id)"
    kill -CONT $old
    within 30 gone $old
    wait $old
    row $? "that SerialConsole finds its domain dying, and ends with 0" "$(cat /tmp/messages)"
    wait $destroy
    within 60 id_free
    row $? "when it has ended another domain can have the id" "$(cat /tmp/same-id)"
    serve "$domain"
    within 10 says 'serving domain' /tmp/messages
    row $? "and a SerialConsole serves that one" "$(cat /tmp/messages)"
    same-id destroy "$domain" 2>/tmp/same-id
    row $? "a domain that xl knows nothing of is destroyed" "$(cat /tmp/same-id)"
    within 30 gone $device
    wait $device
    row $? "and its SerialConsole ends with 0" "$(cat /tmp/messages)"
    # Killed, it can't undo anything; what holds the id is the mapping, which goes with the process.
    within 60 id_free
    serve "$domain"
    kill -STOP $device
    same-id destroy "$domain" 2>/tmp/same-id
    ! id_free && says 'File exists' /tmp/same-id
    row $? "the id is held again" "$(cat /tmp/same-id)"
    kill -KILL $device
    wait $device 2>/dev/null
    within 60 id_free
    row $? "until the program that held it is killed" "$(cat /tmp/same-id)"
    serve "$domain"
    kill $device
    wait $device
    row $? "a new domain of that id has nothing left of the old one's server, and is served" "$(cat /tmp/messages)"
    same-id destroy "$domain"
fi

# The guest's console goes away in the middle of its boot: the guest goes on, with nobody at its port.
make_guest linux.cfg
serve "$(xl domid lin)"
xl unpause lin
within 200 says 'Hypervisor detected' /tmp/output
row $? "the guest's log arrives" "$(tail -n 3 /tmp/output)"
kill $device
wait $device
row $? "SIGTERM in the middle of the guest's boot ends the device model with 0" "$(cat /tmp/messages)"
within 300 no_domain lin
row $? "and the guest boots on without it, to its own power off"

# Output that nobody takes: the guest must not wait for it.
make_guest linux.cfg
mkdir -p /tmp/small && mount -t tmpfs -o size=8k none /tmp/small
: >/tmp/messages
SerialConsole --domain "$(xl domid lin)" --log /tmp/small/log >/dev/full 2>/tmp/messages &
device=$!
within 60 says 'serving domain' /tmp/messages || row 1 "SerialConsole serves" "$(cat /tmp/messages)"
xl unpause lin
within 300 gone $device
wait $device
row $? "a full disk under its output and its log stops neither device model nor guest" "$(cat /tmp/messages)"
[ "$(grep -c 'No space\|ENOSPC\|full' /tmp/messages)" -ge 1 ]
row $? "and is told" "$(cat /tmp/messages)"
[ "$(wc -l </tmp/messages)" -le 12 ]
row $? "once, not for every line" "$(wc -l </tmp/messages) lines"
echo "1..$rows"
exit $bad
