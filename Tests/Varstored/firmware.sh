# The firmware guest, whose own rows judge varstored: the sources that real Xen boots (Guests/firmware), here on a
# sandbox of their own. The same modes as in Tests/RealXen/varstored.sh.
# boot MODE [OPTION...]: the guest in that mode, served; it has just begun
boot() {
    mode=$1
    : >"$work/guest"
    # shellcheck disable=SC2086
    sandbox-firmware --keys Guests/firmware/keys "$work/machine" $mode >"$work/guest" 2>"$work/machine.log" &
    machine=$!
    within 20 says '^ready: domain' "$work/guest" || row 1 "the guest begins ($mode)" "$(cat "$work/machine.log")"
    serve_guest "${@:2}"
}
serve_guest() {
    domain=$(sed -n 's/^ready: domain //p' "$work/guest") \
        serve --secureboot true "$@" --hypervisor "sandbox:$work/machine"
}
over() { # over SECONDS: the guest has shut down, and varstored is told to stop; the machine waits for that
    local status
    within "$1" says '^the guest has shut down' "$work/guest"
    stop
    row $? "varstored ends with status 0 ($mode)" "$(log)"
    within 20 gone $machine || kill -KILL $machine
    wait $machine
    status=$?
    row $status "the guest is content with its varstored ($mode)" "$(tail -n 8 "$work/guest"; log)"
}
judged() {
    tr -d '\r' <"$work/guest" | sed -E 's/^((not )?ok [0-9]+ - )/\1/' >"$work/rows"
    rows "firmware" "$work/rows"
}
rm -f "$blob"*
for mode in vectors rows1 rows2; do
    boot $mode "${file[@]}"
    over 400
    judged
    [ $mode = rows1 ] || rm -f "$blob"
done
# By other settings of the host.
for mode in enrolled permissive unsecured relaxed; do
    case $mode in
    enrolled) boot $mode "${file[@]}" --auth-dir Guests/firmware/keys ;;
    permissive) boot $mode "${file[@]}" --auth-enforce false ;;
    unsecured) boot $mode "${file[@]}" --secureboot false ;;
    relaxed) boot $mode "${file[@]}" --relaxed-names ;;
    esac
    over 60
    judged
    rm -f "$blob"*
done
for mode in demo1 demo2; do
    boot $mode "${file[@]}"
    over 60
done
rm -f "$blob"*
for mode in migrate1 migrate2; do
    boot $mode "${file[@]}" --arg "save:$work/migrating"
    within 30 says 'now save the daemon' "$work/guest"
    stop
    row $? "SIGTERM while the guest is half through its list: status 0 ($mode)" "$(log)"
    serve_guest "${file[@]}" --resume --arg "resume:$work/migrating"
    over 60
    judged
    rm -f "$blob"* "$work/migrating"
done
