# The start: keys of a first boot, by one write, and when the toolstack is told that the daemon is ready (varstored.md
# 10.5, 12.2, 12.3).
keys=$work/keys xapidb=(--backend xapidb --arg "socket:$work/xapi" --arg "uuid:$uuid")
# with_keys NAME...: these auth files, and no others
with_keys() {
    rm -rf "$keys" && mkdir "$keys"
    for name; do cp "Guests/firmware/keys/$name.auth" "$keys/"; done
}
# toolstack LINE...: one that behaves so from its first call on
toolstack() {
    [ -z "${xapi:-}" ] || { kill "$xapi" && wait "$xapi"; }
    rm -f "$work/text" && : >"$work/calls" && printf '%s\n' "$@" >"$work/control"
    fake-xapi --socket "$work/xapi" --blob "$work/text" --log "$work/calls" --control "$work/control" \
        >"$work/xapi.out" 2>&1 &
    xapi=$!
    within 10 says ready "$work/xapi.out" || row 1 "fake-xapi serves" "$(cat "$work/xapi.out")"
}
writes() { grep -c '^VM.set_NVRAM' "$work/calls"; }
# first_boot KEYS MODE WRITES TEXT [OPTION...]: the keys that the log names, SetupMode, and how often was written
first_boot() {
    anew
    toolstack
    serve "${xapidb[@]}" --auth-dir "$keys" --secureboot true --depriv "${@:5}"
    guest "get global:SetupMode 0 6 $2" && says "first boot keys=$1\$" "$work/out" && [ "$(writes)" = "$3" ]
    row $? "$4" "$(writes) writes; $(wrong; log)"
    stop
}
with_keys PK KEK db dbx
first_boot dbx,db,KEK,PK 00 1 "175: four auth files: user mode, by one write"
with_keys PK KEK db
first_boot db,KEK,PK 00 1 "176: without dbx.auth: user mode"
with_keys PK db
first_boot db 01 1 "177: without KEK.auth: setup mode"
first_boot db,PK 00 1 "177: with --keys-required pk: user mode" --keys-required pk
with_keys KEK db
first_boot db,KEK 01 1 "178: without PK.auth: setup mode, and it serves"
with_keys
first_boot none 01 0 "without any file nothing is written"
with_keys PK KEK db
printf 'no signature at all' >"$keys/db.auth"
anew
toolstack
refused 1 'db.auth was refused' "a file that is refused ends the start with status 1" --domain "$domain" \
    "${xapidb[@]}" --auth-dir "$keys"
[ "$(writes)" = 0 ]
row $? "and nothing was written" "$(cat "$work/calls")"

# While the toolstack keeps the start waiting.
told() { says "varstored-pid $daemon\$" "$work/xs.log"; }
anew
for when in late early; do
    toolstack 'VM.get_NVRAM silent'
    : >"$work/xs.log"
    launch "${xapidb[@]}" --xenstore "$work/xs" --ready $when
    within 10 says get_NVRAM "$work/calls"
    told
    status=$?
    not=already
    [ $when = early ] || { not=not status=$((1 - status)); }
    row $status "with --ready $when the pid is in the Xenstore $not before all is loaded" "$(cat "$work/xs.log"; log)"
    stop
done
toolstack
: >"$work/xs.log"
serve "${xapidb[@]}" --xenstore "$work/xs"
told
row $? "and afterwards it is" "$(cat "$work/xs.log"; log)"
stop
kill $xapi && wait $xapi
unset xapi
