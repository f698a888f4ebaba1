# Clients that behave badly, and what others notice of it: Benchmarks/xenstore/load has the clients and the rows. A new
# daemon for each, as memory is measured.
ulimit -n "$(ulimit -H -n)"
for day in slow-watcher mute-writer half-frames lengths random-bytes transactions storm connections; do
    serve
    timeout 100 xenstore-load "$XENSTORED_PATH" --pid "$daemon" bad $day >"$work/rows" 2>&1
    rows "$day" "$work/rows"
    stop
    row $? "$day: it ends with status 0" "$(log)"
done
