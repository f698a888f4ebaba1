# The command line (xenstored.md 14.1): what is accepted, what is refused with status 1.

# accepted OPTION...: it serves with them, and ends with status 0
accepted() {
    serve "$@"
    ask >"$work/asked" 2>&1 && stop >>"$work/asked"
    row $? "accepted: $*" "$(cat "$work/asked"; log)"
}
accepted --entry-nb 7 --entry-size=2048 --watch-nb 128 --transaction 10 --perm-nb 5 --path-max 1024
accepted -E 7 -S2048 -W 128 -t 10 -A 5 -M 1024
named=()
for name in nodes watches outstanding memory soft-memory transactions transaction-nodes node-permissions path-max \
    path-length node-size watch-events; do named+=(-Q "$name=1000"); done
accepted "${named[@]}" --quota-soft memory=1000 -q memory=1000
accepted -w watch-event=20 --timeout watch-event=20 -I --internal-db -I on --internal-db=off -R --no-recovery -V \
    --verbose
accepted -K --keep-orphans -m 0 --master-domid 0 -p 0 --priv-domid=0 -e 1 --event 1
accepted -T "$work/trace" --trace-control +io --trace-control -wrl
accepted --pid-file "$work/pid" -P
says "^$daemon\$" "$work/out" && says "^$daemon\$" "$work/pid"
row $? "--output-pid prints the number, the pid file has it" "$(cat "$work/out" "$work/pid")"
rm -f "$work/pid"

for option in -H --help --version; do
    timeout 10 xenstored $option >"$work/out" 2>"$work/err" </dev/null && [ -s "$work/out" ] && [ ! -s "$work/err" ]
    row $? "$option prints, status 0" "$(log)"
done

# refused OPTION...: status 1 and a message, nothing served
refused() {
    local status
    rm -f "$XENSTORED_PATH"
    timeout 10 xenstored -D -N "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    [ $status = 1 ] && [ -s "$work/err" ] && [ ! -e "$XENSTORED_PATH" ]
    row $? "refused: $*" "status $status: $(log)"
}
refused --bogus
refused -Z
refused --pid-file
refused -Q
refused argument
refused --entry-nb x
refused --entry-nb -1
refused --entry-nb 99999999999
refused --quota bogus=1
refused --quota nodes
refused --quota nodes=
refused --trace-control io
refused --trace-control +bogus
refused --timeout bogus=1
refused --no-fork=1
refused --priv-domid 65536
refused --trace-file "$work/nowhere/trace"
refused --pid-file "$work/nowhere/pid"
XENSTORED_RUNDIR=/proc/nowhere XENSTORED_PATH=/proc/nowhere/socket refused
