# In dom0, with the tool stack on our xenstored: Debian's tools on it, and the lives of guests, from creation to end.
# TAP. Every wait is for a condition. Its arguments: rounds of create and destroy, and how many of a Linux guest.
. ./rows.sh
rounds=${1:-20} live_rounds=${2:-1}
pid=$(cat /run/xen/xenstored.pid)
[ "$(pidof xenstored)" = "$pid" ] && [ "$(readlink "/proc/$pid/exe")" = /corbel/xenstored ]
row $? "the Xenstore daemon is ours" "$(readlink "/proc/$pid/exe")"
[ "$(grep -c 'this Xen has no stable domain state call' /run/log)" = 1 ]
row $? "it says once that this Xen does not tell of domains' deaths" "$(cat /run/log)"
[ "$(xenstore-read /local/domain/0/name) $(xenstore-read /local/domain/0/domid)" = "Domain-0 0" ]
row $? "xen-init-dom0 has written dom0's nodes" "$(xenstore-ls -f /local/domain/0 | head -n 5)"

# The C tools.
xenstore-write /t/a 1 /t/b/c 'two words' && [ "$(xenstore-read /t/a /t/b/c | tr '\n' ,)" = "1,two words," ]
row $? "xenstore-write and xenstore-read"
[ "$(xenstore-list /t | sort | tr '\n' ,)" = "a,b," ] && [ "$(xenstore-ls /t | sort | head -n 1)" = ' c = "two words"' ]
row $? "xenstore-list and xenstore-ls" "$(xenstore-ls /t)"
xenstore-chmod /t/a n0 r7 && xenstore-ls -p /t | grep -q '^a = "1" .*(n0,r7)$'
row $? "xenstore-chmod" "$(xenstore-ls -p /t)"
timeout 20 xenstore-watch -n 2 /t/w >/tmp/watched &
watching=$!
within 20 says /t/w /tmp/watched
xenstore-write /t/w/x 1
wait $watching && [ "$(tr '\n' ,  </tmp/watched)" = /t/w,/t/w/x, ]
row $? "xenstore-watch" "$(cat /tmp/watched)"
xenstore-exists /t/a && xenstore-rm /t && ! xenstore-exists /t/a
row $? "xenstore-exists and xenstore-rm"

# A Linux guest. It watches data/go by its frontend, and writes to data/answer what stands there. c is a crash; l leaves
# a node below another's, a watch and a transaction with a write in it open, and is answered when all of that is there.
mkdir -p /tmp/root
cat >/tmp/root/init <<'END_INIT'
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /sbin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# What Linux starts when it is told to shut down: busybox's own would ask this shell.
rm -f /sbin/poweroff
printf '#!/bin/sh\nexec /bin/busybox poweroff -f\n' >/sbin/poweroff
chmod 755 /sbin/poweroff
exec </dev/null >/dev/hvc0 2>&1
exec 3<>/dev/xen/xenbus
send() { printf "$1" >&3; }
take() { # one message: its type and what it says
    set -- $(dd bs=16 count=1 2>/dev/null <&3 | od -An -tu4)
    type=$1 body=
    [ "$4" = 0 ] || body=$(dd bs="$4" count=1 2>/dev/null <&3 | tr -d '\000')
}
number() { printf '\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
answer() { send '\013\000\000\000\001\000\000\000\000\000\000\000\015\000\000\000data/answer\000'"$1"; }
reply() { until take; [ "$type" = "$1" ]; do :; done; }
# A watch that is asked for before a reply has been read stops Linux's device for good.
leave() {
    send '\013\000\000\000\001\000\000\000\000\000\000\000\016\000\000\000/t/lent/kept\000l'
    reply 11
    send '\004\000\000\000\001\000\000\000\000\000\000\000\014\000\000\000data/left\000l\000'
    reply 4
    send '\006\000\000\000\001\000\000\000\000\000\000\000\001\000\000\000\000'
    reply 6
    send '\013\000\000\000\001\000\000\000'"$(number "$body")"'\013\000\000\000data/open\000l'
    reply 11
    answer l
}
echo "guest: on $(cat /sys/hypervisor/type)"
send '\004\000\000\000\001\000\000\000\000\000\000\000\012\000\000\000data/go\000t\000'
while :; do
    take
    case $type in
    15)
        case $body in
        data/go*) send '\002\000\000\000\001\000\000\000\000\000\000\000\010\000\000\000data/go\000' ;;
        esac
        ;;
    2)
        case $body in
        c) echo c >/proc/sysrq-trigger ;;
        l) leave ;;
        *) answer "$body" ;;
        esac
        ;;
    esac
done
END_INIT
chmod 755 /tmp/root/init
(cd /tmp/root && echo init | cpio -o -H newc 2>/dev/null) >/tmp/init.cpio
cat /lab/guest/initrd /tmp/init.cpio >/tmp/initrd
extra='extra="console=hvc0 loglevel=4 tsc=reliable mitigations=off sysrq_always_enabled panic=0"'

base() { xenstore control stats | sed -n 's/^\(nodes\|watches\|transactions\|domains\): //p' | tr '\n' ' '; }
nodes() { xenstore-ls -f / | sed 's/ = .*//' | sort; }
answers() { [ "$(xenstore-read "/local/domain/$domain/data/answer" 2>/dev/null)" = "$1" ]; }
asked() { xenstore-write "/local/domain/$domain/data/go" "$1" && within "$2" answers "$1"; }
no_tools() { ! pidof xl >/dev/null; }
same_nodes() { nodes >/tmp/now; cmp -s /tmp/before /tmp/now; }
# left TEXT: a guest is gone, and all that was made for it
left() {
    within 30 no_tools && within 10 same_nodes
    row $? "$1" "$(pidof xl) $(diff /tmp/before /tmp/now | head -n 5 | tr '\n' ' ')"
}
# What stays of a first guest (the folder /vm, say) is there from here on.
xl create -p exerciser.cfg >/tmp/create.log 2>&1 && xl destroy exerciser && within 30 no_tools
row $? "xl create and xl destroy" "$(cat /tmp/create.log)"
nodes >/tmp/before

xl create -p linux.cfg 'ramdisk="/tmp/initrd"' "$extra" memory=96 >/tmp/create.log 2>&1
domain=$(xl domid lin)
[ "$domain" ] && xl list | grep -q '^lin '
row $? "xl create makes a Linux guest, and xl list has its name" "$(cat /tmp/create.log)"
tty() { [ -c "$(xenstore-read "/local/domain/$domain/console/tty" 2>/dev/null)" ]; }
within 20 tty
row $? "xenconsoled has given it a console"
cat "$(xenstore-read "/local/domain/$domain/console/tty")" >/tmp/console &
reader=$!
xl unpause lin
asked 1 120
row $? "its xenbus frontend watches, reads and writes" "$(tail -n 3 /tmp/console)"
says 'guest: on xen' /tmp/console
row $? "and its console comes through"
lab-mark guest

# Another process image in its place, while a guest and xenconsoled watch.
xenstore control live-update /corbel/xenstored -t 20 >/tmp/update.log 2>&1 && [ "$(pidof xenstored)" = "$pid" ] &&
    [ "$(grep -c 'live-update: goes on' /run/log)" = 1 ]
row $? "a live update, in the same process" "$(cat /tmp/update.log) $(tail -n 3 /run/log)"
asked 4 30
row $? "the guest's watch and ring are there after it" "$(tail -n 3 /run/log)"

kill $reader
xl save lin /tmp/saved >/tmp/save.log 2>&1
row $? "xl save" "$(tail -n 3 /tmp/save.log)"
left "the guest that was saved is gone, and all that was made for it"
xl restore /tmp/saved >/tmp/restore.log 2>&1
status=$?
domain=$(xl domid lin)
[ $status = 0 ] && [ "$domain" ]
row $? "xl restore" "$(tail -n 3 /tmp/restore.log)"
asked 2 60
row $? "the guest's frontend goes on in its new domain, with its watch"
lab-mark restored
xl shutdown -w lin >/tmp/shutdown.log 2>&1
row $? "xl shutdown -w: the guest is told by its watch, and its end is noticed" "$(cat /tmp/shutdown.log)"
left "xl's process in the background has cleaned up behind it"
xl restore /tmp/saved >/tmp/restore.log 2>&1
domain=$(xl domid lin)
asked 3 60
row $? "it is restored once more" "$(tail -n 3 /tmp/restore.log)"
xenstore-write "/local/domain/$domain/data/go" c
within 60 no_domain lin
row $? "a guest that crashes is noticed, and destroyed as its on_crash says"
left "and cleaned up"
rm /tmp/saved
lab-mark ended

# What a round must leave as it was.
descriptors() { find "/proc/$pid/fd" -mindepth 1 | wc -l; }
grants() { grep -c gntdev "/proc/$pid/maps"; }
channels() { lsevtchn 0 | sed 's/Port .*//' | wc -l; }
resident() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"; }
round() {
    xl create -p exerciser.cfg >/tmp/create.log 2>&1 && xl destroy exerciser >>/tmp/create.log 2>&1
}
# What a running guest made itself is there; counted are the rounds in which all of it was gone with the guest.
kept() {
    xenstore-exists /t/lent/kept && ! xenstore-exists "/local/domain/$domain/data/open" &&
        xenstore control watches "$domain" | grep -q '/data/left ' &&
        xenstore control transactions | grep -q "^domain $domain .* paths [1-9]"
}
forgotten() { ! xenstore-exists /t/lent/kept && [ "$(xenstore control transactions)" = "" ]; }
live_round() {
    xl create linux.cfg 'ramdisk="/tmp/initrd"' "$extra" memory=96 >/tmp/create.log 2>&1 || return
    domain=$(xl domid lin)
    xenstore-write /t/lent '' && xenstore-chmod /t/lent n0 "b$domain" && asked 1 120 && asked l 30 && kept &&
        lived=$((lived + 1))
    xl destroy lin >>/tmp/create.log 2>&1 && within 20 forgotten && xenstore-rm /t && within 30 no_tools
}
before="$(base)$(descriptors) $(channels) $(grants)"
memory=$(resident)
done=0 lived=0
begun=$(date +%s)
while [ $done -lt "$live_rounds" ] && live_round; do done=$((done + 1)); done
[ $lived = "$live_rounds" ]
row $? "Linux guests leave a node below another's, a watch and an open transaction" "$lived of $live_rounds; \
$(xenstore control transactions | head -n 3)"
[ $done = "$live_rounds" ]
row $? "xl destroy takes them away" "$done of $live_rounds; $(tail -n 3 /tmp/create.log)"
echo "# $done such rounds took $(($(date +%s) - begun)) s"
begun=$(date +%s)
while [ $done -lt "$rounds" ] && round; do done=$((done + 1)); done
[ $done -ge "$rounds" ]
row $? "$rounds rounds of xl create and xl destroy" "$(cat /tmp/create.log)"
echo "# they took $(($(date +%s) - begun)) s"
left "they leave no node, and no process of xl"
same() { after="$(base)$(descriptors) $(channels) $(grants)"; [ "$after" = "$before" ]; }
within 20 same
row $? "nor a watch, a transaction, a domain, a descriptor, an event channel or a grant" "$before -> $after"
grown=$(($(resident) - memory))
echo "# resident memory $memory kB, grown by $grown kB"
[ $grown -le 256 ]
row $? "nor memory" "$grown kB"
[ "$(grep -cE 'daemon.(err|crit|alert)' /run/log)" = 0 ] && [ "$(cat /run/xen/xenstored.pid)" = "$(pidof xenstored)" ]
row $? "it has no error in its log, and is the process that it was" "$(grep -E 'xenstored' /run/log | tail -n 3)"
lab-mark rounds

# Started anew, confined and under the fence, on rings that another has used.
gone() { ! kill -0 "$1" 2>/dev/null; }
kill "$pid"
within 20 gone "$pid"
row $? "SIGTERM ends it"
# The fence can't read what lies in memory of this node; without it other memory is locked.
rm /dev/xen/hypercall
xen-fence --name "xenstored, confined" --output /tmp/fence.tap --also xenstored.fence -- \
    /corbel/xenstored --no-fork --confine --pid-file /run/xen/xenstored.pid >/tmp/fenced 2>&1 &
fence=$!
within 60 says ' ready ' /tmp/fenced
row $? "it starts again, confined, under the fence" "$(tail -n 3 /tmp/fenced)"
timeout 60 xen-init-dom0 >/tmp/init.log 2>&1
row $? "xen-init-dom0 works with it" "$(cat /tmp/init.log)"
# The old one has lost its watches.
kill "$(pidof xenconsoled)"
xenconsoled --pid-file=/run/xen/xenconsoled.pid
[ "$(XENSTORED_PATH=/dev/xen/xenbus timeout 20 xenstore-read /local/domain/0/name)" = Domain-0 ]
row $? "and so does the kernel's ring"
round
row $? "and xl create and xl destroy" "$(cat /tmp/create.log)"
no_domains() { [ "$(xenstore control domains | grep -c served)" -le 1 ]; }
within 20 no_domains
row $? "and domains that are gone are forgotten" "$(xenstore control domains)"
kill "$(cat /run/xen/xenstored.pid)"
wait $fence
grep -v '^1[.][.]' /tmp/fence.tap
rows=$((rows + $(grep -cE '^(not )?ok' /tmp/fence.tap)))
! grep -q '^not ok' /tmp/fence.tap || bad=1
grep -q 'ioctl privcmd 0x00305000 hypercall=32 command=5$' /tmp/fence.tap
row $? "the fence saw it ask Xen for the state of ports"

echo "1..$rows"
exit $bad
