# Signals while it serves (xenstored.md 14.4).

for signal in TERM INT; do
    serve
    xenstore-load "$XENSTORED_PATH" end-of-file >"$work/client" 2>&1 &
    client=$!
    within 10 says connected "$work/client"
    kill -$signal "$daemon"
    ends 0 "$daemon" && ends 0 $client
    row $? "SIG$signal ends it with status 0, and clients see it" "$(cat "$work/client"; log)"
done
serve
xenstore-load "$XENSTORED_PATH" --seconds 30 write-50-16 >"$work/client" 2>&1 &
client=$!
serves_load() { [ "$(descriptors)" -gt 50 ]; }
within 10 serves_load
kill -TERM "$daemon"
ends 0 "$daemon"
row $? "SIGTERM under the load of 50 clients ends it with status 0" "$(log)"
within 10 gone $client
row $? "and they see it" "$(cat "$work/client")"
wait $client 2>/dev/null

serve
for signal in PIPE USR1 HUP; do kill -$signal "$daemon"; done
ask
row $? "SIGPIPE, SIGUSR1 and SIGHUP do not end it" "$(log)"
stop

echo "# a client that is killed"
serve
ask
before=$(descriptors)
clients=()
for count in 1 2 3 4 5 6 7 8; do
    xenstore-load "$XENSTORED_PATH" hold >"$work/hold-$count" 2>&1 &
    clients+=($!)
done
held() { [ "$(cat "$work"/hold-* | grep -c held)" = 8 ]; }
within 10 held
# The shell tells of each that was killed: not among the rows.
{ kill -KILL "${clients[@]}" && wait "${clients[@]}"; } 2>/dev/null
within 10 descriptors_are "$before" && ask
row $? "clients that are killed in a transaction leave nothing open" "$(descriptors), before $before: $(log)"
stop
