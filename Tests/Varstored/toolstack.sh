# xapidb: against a toolstack that speaks XAPI's bytes (fake-xapi), well, slowly, wrongly and not at all.
xapidb=(--backend xapidb --arg "socket:$work/xapi" --arg "uuid:$uuid")
# toolstack [OPTION...]: one that starts, in place of the last one
toolstack() {
    [ -z "${xapi:-}" ] || { kill "$xapi" && wait "$xapi"; }
    rm -f "$work/control" && : >"$work/calls"
    fake-xapi --socket "$work/xapi" --blob "$work/text" --log "$work/calls" --control "$work/control" "$@" \
        >"$work/xapi.out" 2>&1 &
    xapi=$!
    within 10 says ready "$work/xapi.out" || row 1 "fake-xapi serves" "$(cat "$work/xapi.out")"
}
# behave LINE...: how it answers from here on
behave() { printf '%s\n' "$@" >"$work/control.new" && mv "$work/control.new" "$work/control"; }
writes() { awk '/^VM.set/ { print $1 }' "$work/calls" | paste -sd ' '; }
calls() { awk '{ print $1 }' "$work/calls" | paste -sd ' '; }
began=$EPOCHREALTIME
elapsed() { echo $(((${EPOCHREALTIME/./} - ${began/./}) / 1000)); }

# A start that gets no answer takes its 20 seconds; meanwhile all the rest.
fake-xapi --socket "$work/silent" --misbehave silent >"$work/silent.out" 2>&1 &
silent=$!
within 10 says ready "$work/silent.out"
varstored --domain "$(corbel sandbox domain create)" --backend xapidb --arg "socket:$work/silent" --arg "uuid:$uuid" \
    >"$work/waiting" 2>&1 </dev/null &
waiting=$!

anew
rm -f "$work/text"
toolstack
serve "${xapidb[@]}"
asked="session.login_with_password VM.get_by_uuid VM.get_NVRAM VM.get_secureboot_certificates_state session.logout"
[ "$(calls)" = "$asked" ]
row $? "197: the start asks for the variables and the certificates' state; without any it is a first boot" "$(calls)
$(log)"
: >"$work/calls"
asks "a write is kept there" 'set T 616263 7 0'
[ "$(calls)" = "session.login_with_password VM.set_NVRAM_EFI_variables session.logout" ]
row $? "194, 200: login, the old call, as the toolstack has no newer one, logout; the machine's reference is known" \
    "$(calls)"
behave '* failure:HANDLE_INVALID'
: >"$work/calls"
asks "195: a refused write is an error, and undone" 'set T 00 7 7' 'get T 0 7 616263'
behave 'VM.set_NVRAM_EFI_variables failure:HANDLE_INVALID'
: >"$work/calls"
guest 'set U 00 7 7' 'get U 14'
[ $? = 0 ] && says '^session.login.* VM.set_NVRAM_EFI_variables( .*)? session.logout$' <(calls)
row $? "195: and the session is left all the same" "$(wrong; calls)"
for name in fault garbage deep doctype endless huge-length cut:40 status:500 empty; do
    behave "VM.set_NVRAM_EFI_variables $name"
    guest 'set U 00 7 7' 'get U 14' 'get T 0 7 616263'
    row $? "an answer that is none ($name) is an error, and undone" "$(wrong; log)"
done
for name in spaced chunked no-length slow; do
    behave "VM.set_NVRAM_EFI_variables $name"
    guest "set T $(printf %s "$name" | od -An -tx1 | tr -d ' ') 7 0"
    row $? "196: an answer in another form ($name) is one" "$(wrong; log)"
done
behave '* none 300'
began=$EPOCHREALTIME
asks "a slow toolstack: the guest waits, and has its variable" 'set Slow 01 7 0'
[ "$(elapsed)" -ge 900 ]
row $? "three calls of 300 ms took $(elapsed) ms"
# The other vCPU's ten accesses end while vCPU 0's write is parked.
behave '* none 1000'
guest 'set Parked 01 7 0' 'vcpu 1' $'repeat 10\nin 0x104 4 expect 0\nend'
[ $? = 0 ] && [ "$(grep -E '^vcpu (0: out|1: in)' "$work/answers" | tail -n 1 | cut -c 1-11)" = "vcpu 0: out" ]
row $? "198: while a write is on its way the other vCPU is served" "$(wrong; tail -n 4 "$work/answers")"
behave 'VM.set_NVRAM_EFI_variables silent'
began=$EPOCHREALTIME
asks "198: a toolstack that never answers is an error" 'set Silent 01 7 7' 'get Silent 14'
took=$(elapsed)
[ "$took" -ge 9500 ] && [ "$took" -le 20000 ]
row $? "198: within the deadline, after $took ms"
says '(WARN|ERROR) ' "$work/err"
row $? "and the log says so" "$(log)"
behave '* none'
asks "when it answers again variables are kept again" 'set Back 01 7 0'
kill -TERM $daemon
ends 0 $daemon
row $? "it ends with status 0" "$(log)"
cp "$work/text" "$work/kept"
anew
serve "${xapidb[@]}"
asks "the next start finds what was kept" 'get Back 0 7 01' 'get Slow 0 7 01' 'get Silent 14' 'get U 14'
asks "a toolstack that says Success and keeps nothing is believed" 'set T 99 7 0'
stop
cp "$work/kept" "$work/text"
anew
serve "${xapidb[@]}"
guest 'get Back 0 7 01' 'get T 14'
asks "at the next start what it kept is what there is: an older whole store" 'get Back 0 7 01' 'get Silent 14'

echo "# a toolstack that has gone"
kill $xapi
wait $xapi
xapi=
began=$EPOCHREALTIME
asks "a toolstack that has gone is an error" 'set Gone 01 7 7' 'get Gone 14' 'set Volatile 01 6 0'
row "$([ "$(elapsed)" -le 20000 ]; echo $?)" "within the deadline, after $(elapsed) ms"
toolstack
asks "when it is back variables are kept" 'set Gone 02 7 0'
stop
row $? "it ends with status 0" "$(log)"

echo "# starts"
for name in failure:NO fault bad-base64 garbage; do
    anew
    behave "VM.get_NVRAM $name"
    timeout 40 varstored --domain "$domain" "${xapidb[@]}" >"$work/out" 2>"$work/err" </dev/null
    [ $? = 1 ] && says ERROR "$work/err"
    row $? "variables that can't be had ($name) end the start with status 1" "$(log)"
done
anew
behave 'VM.get_NVRAM silent'
: >"$work/calls"
launch "${xapidb[@]}" --arg "save:$work/unsaved"
within 10 says get_NVRAM "$work/calls"
stop && [ ! -e "$work/unsaved" ]
row $? "191: SIGTERM while the start waits for the toolstack: status 0, and nothing is saved" "$(log)"
anew
rm -f "$work/text"
toolstack --state update_on_boot
serve "${xapidb[@]}"
says '^VM.set_NVRAM_EFI_variables_v2 .* yes$' "$work/calls"
row $? "199: certificates that are to be brought up to date are, and the write says yes" "$(cat "$work/calls"; log)"
: >"$work/calls"
guest 'set T 01 7 0'
says '^VM.set_NVRAM_EFI_variables_v2 .* no$' "$work/calls"
row $? "199: an ordinary write after it says no" "$(cat "$work/calls"; log)"
stop

echo "# a change that was undone, and that the toolstack has all the same"
anew
rm -f "$work/text"
toolstack
serve "${xapidb[@]}" --arg "save:$work/saved"
guest 'set T 02 7 0' && cp "$work/text" "$work/late"
guest 'set T 01 7 0'
stop
for resumed in "" --nonpersistent; do
    # What was given up at the stop has come after it.
    cp "$work/late" "$work/text"
    : >"$work/calls"
    anew
    serve "${xapidb[@]}" --resume --arg "resume:$work/saved" $resumed
    if [ -z "$resumed" ]; then
        within 10 says logout "$work/calls"
        [ "$(writes)" = "VM.set_NVRAM_EFI_variables_v2 VM.set_NVRAM_EFI_variables" ]
        row $? "resumed it writes what is current by itself, once" "$(cat "$work/calls"; log)"
    fi
    stop
done
[ ! -s "$work/calls" ] && cmp -s "$work/late" "$work/text"
row $? "with --nonpersistent it does not, not at its end either" "$(cat "$work/calls"; log)"

echo "# the rate"
anew
rm -f "$work/text"
toolstack
serve "${xapidb[@]}"
for ((value = 0; value < 105; value++)); do printf 'set T %02x 7 0\n' $value; done |
    "$here/guest-script" >"$work/script"
began=$EPOCHREALTIME
corbel sandbox run "$work/script" --domain "$domain" >"$work/answers" 2>&1
status=$?
took=$(elapsed)
[ $status = 0 ] && [ "$took" -ge 1000 ] && [ "$took" -le 15000 ]
row $? "201: 105 writes: 100 of them at once, the others half a second apart ($took ms)" "$(wrong; log)"
stop
anew
serve "${xapidb[@]}" --nonpersistent
: >"$work/calls"
asks "57: with --nonpersistent nothing is written" 'set T ff 7 0' 'get T 0 7 ff'
[ ! -s "$work/calls" ]
row $? "57: not a call" "$(cat "$work/calls")"
stop
kill $xapi
wait $xapi
xapi=

ends 1 $waiting && says ERROR "$work/waiting"
row $? "a start whose toolstack never answers ends with status 1, and says so" "$(cat "$work/waiting")"
kill $silent
wait $silent
