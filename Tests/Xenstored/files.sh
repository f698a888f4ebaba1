# Files and outputs: the socket's file is removed, the trace is rotated, the disk is full, nobody takes what is logged,
# descriptors are few.

serve
timeout 20 xenstore-load "$XENSTORED_PATH" without-socket >"$work/client" 2>&1
row $? "the socket's file is removed: who is connected is served on" "$(cat "$work/client"; log)"
kill -HUP "$daemon"
stop
row $? "and it ends with status 0"
serve
ask
row $? "a new start makes the file again"
stop

echo "# the trace"
rm -f "$work/library/trace"
serve --trace-file trace
ask
# Lines are written in batches.
within 5 says asked "$work/library/trace"
row $? "the trace has what was asked within seconds" "$(log)"
mv "$work/library/trace" "$work/library/trace.1"
ask
kill -HUP "$daemon"
within 10 test -e "$work/library/trace"
ask
stop
# Each asks three times; what was asked before the signal is in the old file.
traced() { grep -cE "$1.*asked" "$work/library/$2"; }
[ "$(traced IN trace.1)" = 6 ] && [ "$(traced IN trace)" = 3 ]
row $? "SIGHUP: the trace goes on in a new file under its name, and no line is lost" "$(cat "$work"/library/trace*; log)"
serve --trace-file /dev/full
for count in 1 2 3 4; do ask; done
row $? "the disk is full for the trace: it serves" "$(log)"
within 5 says trace "$work/err"
for count in 1 2 3 4; do ask; done
[ "$(grep -ci trace "$work/err")" = 1 ]
row $? "and says so once" "$(log)"
stop
row $? "and ends with status 0"
# A file that may not grow: the signal that comes with it must not be the end.
wrapper=(bash -c 'ulimit -f 4; exec "$@"' limited)
serve --trace-file "$work/library/short"
for count in 1 2 3 4 5 6 7 8 9 10; do ask || break; done
row $? "the trace's file may not grow: it serves" "$(log)"
stop
row $? "and ends with status 0" "$(log)"
wrapper=()

echo "# outputs"
: >"$work/err"
xenstored -D -N >&- 2>&- </dev/null &
daemon=$!
within 10 ask
row $? "with closed outputs it serves"
stop
row $? "and ends with status 0"
xenstored -D -N >/dev/full 2>/dev/full </dev/null &
daemon=$!
within 10 ask
row $? "so it does when they are full"
stop
row $? "and ends with status 0"
mkfifo "$work/pipe"
sleep 600 <>"$work/pipe" &
reader=$!
(head -c 65536 /dev/zero) >"$work/pipe"
xenstored -D -N >"$work/pipe" 2>"$work/pipe" </dev/null &
daemon=$!
within 10 ask
row $? "so it does when they are pipes that nobody empties"
stop
row $? "and ends with status 0"
kill $reader
wait $reader 2>/dev/null

echo "# descriptors"
# Who may raise the limit does so: not root then.
wrapper=(bash -c 'ulimit -n 64; exec "$@"' limited)
[ "$(id -u)" != 0 ] || wrapper+=(setpriv --bounding-set -sys_resource --inh-caps -sys_resource)
serve
timeout 40 xenstore-load "$XENSTORED_PATH" descriptors >"$work/client" 2>&1
row $? "out of descriptors: old clients are served, new ones when some have gone" "$(cat "$work/client"; log)"
sed 's/^/# /' "$work/client"
lines=$(grep -c socket "$work/err")
[ "$lines" -le 2 ]
row $? "the log has one line of it at most" "$(log)"
stop
row $? "and it ends with status 0"
wrapper=()
