# In dom0, with the tool stack: statistics pages, corbel top, and the ioreq servers that a killed device model leaves.
# TAP. Every wait is for a condition.
. ./rows.sh
pages() { ls /run/corbel 2>/dev/null | wc -l; }
make_guest() { # make_guest NAME FILE: its id is in $domain
    xl create -p "$2" >/tmp/create.log 2>&1 || { cat /tmp/create.log; row 1 "a guest can be made from $2"; }
    domain=$(xl domid "$1")
}
# serve [OPTION...]: SerialConsole for $domain in the background, until it serves; its number is in $device
serve() {
    : >/tmp/messages
    SerialConsole --domain "$domain" "$@" >/tmp/output 2>/tmp/messages &
    device=$!
    within 60 says 'serving domain' /tmp/messages || row 1 "SerialConsole serves" "$(cat /tmp/messages)"
}
# killed: the device model is gone, with no chance to clean up
killed() {
    kill -9 $device
    wait $device 2>/dev/null
}
# asks STATUS WORDS TEXT COMMAND...: it ends with the status and says the words
asks() {
    wanted=$1 words=$2 text=$3; shift 3
    "$@" >/tmp/answer 2>&1
    status=$?
    [ $status = "$wanted" ] && says "$words" /tmp/answer
    row $? "$text" "status $status: $(cat /tmp/answer)"
}
requests() { sed -n 's/.*"requests":\([0-9]*\),.*/\1/p' "$1"; }
look() { corbel top --once --json --interval 0.5 >"$1"; }
rates() {
    look /tmp/second
    says '"requests_per_second":[0-9]*\.[0-9]*,"read_share":0\.[0-9]*,"mean_nanoseconds":[1-9]' /tmp/second
}
moves() { look /tmp/second; [ "$(requests /tmp/second)" -gt "$(requests /tmp/first)" ]; }

asks 0 'no process publishes in /run/corbel' "corbel top says that nobody publishes" corbel top --once

# A Linux guest in the middle of its boot, each line of which is a hundred accesses.
make_guest lin linux.cfg
serve
asks 0 "SerialConsole  *$device  *$domain  *0  *serving" "a served guest has a line in corbel top" corbel top --once
says '0x3f8-0x3ff  *UART16550' /tmp/answer
row $? "with range and device" "$(cat /tmp/answer)"
[ "$(ls -l /run/corbel | awk 'NR > 1 { print $1, $5 }')" = "-rw-r--r-- 65536" ]
row $? "the page is a file of 64 KiB that everybody can read" "$(ls -l /run/corbel)"
xl unpause lin
look /tmp/first
within 60 moves
row $? "the counters move while the guest boots" "$(cat /tmp/first /tmp/second)"
within 60 rates
row $? "and the rates and latencies are there" "$(cat /tmp/second)"
says '{"name":"map_io_range_to_ioreq_server","number":3,"count":1,"refused":0' /tmp/second
row $? "and the operations" "$(cat /tmp/second)"
within 200 says 'Hypervisor detected' /tmp/output
row $? "the guest is in the middle of its boot" "$(tail -n 3 /tmp/output)"
asks 0 'port 0x3fd, 1 byte, read: server 0, by 0x3f8-0x3ff' "corbel explain names the server that gets an access" \
    corbel explain --port 0x3fd --width 1 --domain "$domain"
says "server 0: SerialConsole, process $device" /tmp/answer
row $? "and whose it is" "$(cat /tmp/answer)"
asks 0 'reads all ones: nobody has claimed it' "or that nobody gets it" corbel explain --port 0x500 --domain "$domain"
killed
first=$device
[ "$(pages)" = 1 ]
row $? "SIGKILL leaves the page" "$(ls -l /run/corbel)"
asks 0 "SerialConsole  *$first  *$domain  *0  *left over" "corbel top shows the server as left over" corbel top --once
asks 0 "server 0  left by SerialConsole, process $first, which is gone" "corbel servers tells whose it was" \
    corbel servers --domain "$domain"
serve
says "claims: 0 (left by SerialConsole, process $first, which is gone)" /tmp/messages &&
    says "corbel servers --domain $domain, and then --destroy" /tmp/messages && says "QEMU" /tmp/messages
row $? "SerialConsole says at its start which server is left over, and how to clear it" "$(cat /tmp/messages)"
asks 0 "server 1  SerialConsole, process $device" "and has destroyed none" corbel servers --domain "$domain"
says "server 0  left by" /tmp/answer
row $? "the one that is left over is still there" "$(cat /tmp/answer)"
asks 2 "in use by SerialConsole, process $device" "a server in use is not destroyed" \
    corbel servers --domain "$domain" --destroy 1
asks 2 "no ioreq server 5" "nor one that is not there" corbel servers --domain "$domain" --destroy 5
[ ! -s /tmp/output ]
row $? "the guest still waits for the server that is left over" "$(head -n 3 /tmp/output)"
asks 0 "server 0 is destroyed" "the server that is left over is destroyed when asked to" \
    corbel servers --domain "$domain" --destroy 0
[ "$(pages)" = 1 ]
row $? "and the page of the process that left it goes" "$(ls -l /run/corbel)"
# Not until it powers off: that it boots to its end is shown in badday.sh, and takes long.
within 300 says 'guest| ' /tmp/output
row $? "the guest goes on, and its console with the second SerialConsole" "$(tail -n 3 /tmp/output)"
xl destroy lin
within 100 no_domain lin
wait $device
row $? "which ends with the guest" "$(cat /tmp/messages)"
[ "$(pages)" = 0 ]
row $? "and takes its page along" "$(ls -l /run/corbel)"

make_guest exerciser exerciser.cfg
for round in 1 2 3 4 5 6 7 8; do
    serve
    killed
done
[ "$(corbel servers --domain "$domain" --json | tr '{' '\n' | grep -c '"owner":"gone","program":"SerialConsole"')" = 8 ]
row $? "SIGKILL eight times leaves eight servers" "$(corbel servers --domain "$domain")"
asks 1 "8 is the most. Are some left over? corbel servers --domain $domain" "the ninth SerialConsole says what to do" \
    SerialConsole --domain "$domain"
says ENOSPC /tmp/answer
row $? "and the error" "$(cat /tmp/answer)"
[ "$(pages)" = 8 ]
row $? "the pages of eight dead processes are there" "$(ls -l /run/corbel)"
destroyed=0
for id in 0 1 2 3 4 5 6; do
    corbel servers --domain "$domain" --destroy $id >/tmp/answer 2>&1 && destroyed=$((destroyed + 1))
done
[ $destroyed = 7 ]
row $? "seven are destroyed" "$destroyed: $(cat /tmp/answer)"
rm /run/corbel/*
asks 0 "server 7  unknown" "without its page, the owner of the last is not known" corbel servers --domain "$domain"
asks 2 "QEMU" "and it is not destroyed just like that" corbel servers --domain "$domain" --destroy 7
serve
says "7 (unknown: QEMU's look the same)" /tmp/messages
row $? "SerialConsole says so, too" "$(cat /tmp/messages)"
asks 0 "server 7 is destroyed" "it is by force" corbel servers --domain "$domain" --destroy 7 --force
kill $device
wait $device
serve
! says 'left' /tmp/messages && ! says 'unknown' /tmp/messages
row $? "then a start has nothing to say" "$(cat /tmp/messages)"
kill $device
wait $device

# Where no page can be made.
mount -t tmpfs -o size=8k none /run/corbel
serve
[ "$(pages)" = 0 ] && [ -z "$(ls -A /run/corbel)" ]
row $? "on a full disk a device model serves without a page, and leaves nothing there" "$(ls -lA /run/corbel)"
killed
mount -o remount,ro /run/corbel
serve
row $? "on a read-only disk, too"
asks 0 "server 0  unknown" "its servers are listed as unknown" corbel servers --domain "$domain"
killed
umount /run/corbel
[ "$(wc -l </tmp/messages)" = 2 ]
row $? "and says nothing about it" "$(cat /tmp/messages)"

# A page whose domain is gone.
serve
killed
[ "$(pages)" = 1 ]
row $? "a killed device model has left its page"
xl destroy exerciser
within 60 no_domain exerciser
asks 0 'no process publishes' "corbel top removes it once the domain is gone" corbel top --once
[ "$(pages)" = 0 ]
row $? "and the folder is empty" "$(ls -l /run/corbel)"
echo "1..$rows"
exit $bad
