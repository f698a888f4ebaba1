# What the scripts that run in dom0 share: rows of TAP, and waiting for a condition. They end with their plan and $bad.
bad=0 rows=0
row() { # row STATUS TEXT [DETAIL]
    rows=$((rows + 1))
    if [ "$1" = 0 ]; then echo "ok - $2"; else echo "not ok - $2 # $3"; bad=1; fi
}
# within SECONDS COMMAND...: asks until it holds
within() {
    limit=$(($(date +%s) + $1)); shift
    until "$@"; do
        [ "$(date +%s)" -lt "$limit" ] || return 1
        usleep 50000
    done
}
says() { grep -q "$1" "$2"; }
no_domain() { ! xl domid "$1" >/dev/null 2>&1; }
