# Starting: in the background, beside another, over what a killed one has left.

rm -f "$work/pid"
timeout 10 xenstored -D --pid-file "$work/pid" >"$work/out" 2>"$work/err" </dev/null
status=$?
background=$(cat "$work/pid")
ask && [ $status = 0 ] && [ -n "$background" ] && [ "$background" != $$ ]
row $? "in the background: status 0 when it serves, and the pid file is complete" "status $status: $(log)"
[ "$(stat -c %a "$XENSTORED_PATH")" = 600 ]
row $? "the socket is its owner's alone" "$(ls -l "$XENSTORED_PATH")"

XENSTORED_PATH=$work/other timeout 10 xenstored -D -N --pid-file "$work/pid" >"$work/out" 2>"$work/err" </dev/null
status=$?
[ $status = 0 ] && ask && [ ! -e "$work/other" ]
row $? "the pid file is locked: another one ends with status 0, and makes no socket" "status $status: $(log)"
timeout 10 xenstored -D -N >"$work/out" 2>"$work/err" </dev/null
status=$?
[ $status = 1 ] && ask
row $? "another one for the same socket ends with status 1, and the first serves on" "status $status: $(log)"
kill -TERM "$background" && within 10 gone "$background"
row $? "it ends"
rm -f "$work/pid"

echo "# kill -9"
for round in 1 2 3; do
    serve --pid-file "$work/pid"
    xenstore-load "$XENSTORED_PATH" end-of-file >"$work/client" 2>&1 &
    client=$!
    within 10 says connected "$work/client"
    kill -KILL "$daemon"
    wait "$daemon" 2>/dev/null
    ends 0 $client || break
    [ -S "$XENSTORED_PATH" ] || break
done
row $? "killed: its clients see the end of their connections" "$(cat "$work/client")"
serve --pid-file "$work/pid"
ask
row $? "the next one starts over the old socket and the old pid file" "$(log)"
stop
row $? "and ends with status 0" "$(log)"
rm -f "$work/pid"

echo "# signals at each stage of the start"
status=0
for milliseconds in 0 1 2 3 4 5 7 10; do
    launch
    sleep "0.$(printf %03d $milliseconds)"
    kill -TERM "$daemon"
    within 10 gone "$daemon"
    wait "$daemon"
    status=$?
    # Before it has blocked the signal the kernel's own way is to end it.
    case $status in 0 | 143) status=0 ;; *) break ;; esac
done
row $status "SIGTERM at any time of the start ends it" "after $milliseconds ms: $(log)"
