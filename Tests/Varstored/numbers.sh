# What is promised in numbers (SPECIFICATION.md): start, memory, growth.
start_milliseconds_max=10
resident_kib_max=$((16 * 1024))
resident() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$daemon/status"; }
# busy: the processors do other things too
load() { cut -d ' ' -f 1 /proc/loadavg; }

# From exec to the node that tells of readiness, whose time the Xenstore notes. What else the machine does only adds.
rm -f "$blob"*
quickest=999999
for ((tries = 1; tries <= 150 && (tries <= 20 || quickest > start_milliseconds_max * 1000); tries++)); do
    anew
    : >"$work/xs.log"
    began=$EPOCHREALTIME
    launch "${file[@]}" --xenstore "$work/xs"
    within 20 says "varstored-pid $daemon\$" "$work/xs.log"
    ended=$(awk '/varstored-pid/ { print $1 }' "$work/xs.log")
    stop
    micros=$((${ended/./} - ${began/./}))
    [ $micros -ge $quickest ] || quickest=$micros
done
[ $quickest -le $((start_milliseconds_max * 1000)) ]
row $? "from exec to readiness $quickest us (quickest of $((tries - 1))), at most $start_milliseconds_max ms"

# As many non-volatile ones as may be written at once, and volatile ones.
anew
rm -f "$blob"*
serve "${file[@]}"
for ((value = 0; value < 200; value++)); do
    printf 'set V%03d 128x41 %d 0\n' $value $((value < 95 ? 7 : 6))
done | "$here/guest-script" >"$work/script"
corbel sandbox run "$work/script" --domain "$domain" >"$work/answers" 2>&1
row $? "a guest sets 200 variables" "$(wrong)"
kib=$(resident)
[ "${kib:-999999}" -le $resident_kib_max ]
row $? "with 200 variables its memory is ${kib:-not known} KiB, at most $resident_kib_max"

# A million commands of five kinds. The buffer holds the reply afterwards, so that each writes its request anew.
commands() { # commands ROUNDS: of five commands each
    local steps=('get? V150 0' 'set? V150 0102 6 0' 'set? V199 - 6 0' 'set? V199 41 6 0' 'next? V120 0')
    { echo "repeat $1"; printf '%s\n' "${steps[@]}" | "$here/guest-script"; echo end; } |
        sed '/^$/d' >"$work/script"
    corbel sandbox run "$work/script" --domain "$domain" >/dev/null 2>"$work/answers"
}
million=${COMMANDS:-1000000}
# utime and stime, in ticks of the clock
ticks() { awk '{ print $14 + $15 }' "/proc/$daemon/stat"; }
commands $((million / 50))
early=$(resident) before=$(ticks) began=$EPOCHREALTIME
commands $((million / 50 * 9))
late=$(resident) after=$(ticks)
took=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
[ "${early:-0}" -gt 0 ] && [ $((late - early)) -le 256 ]
row $? "$million commands: its memory is $early KiB after a tenth of them, $late KiB at the end"
ticks_per_second=$(getconf CLK_TCK)
echo "# a sandbox' guest: $((million * 9 / 10 * 1000 / took)) commands/s, varstored busy for" \
    "$(((after - before) * 100000 / ticks_per_second / took)) % of that time, load $(load)"
[ "$(ls /proc/$daemon/task)" = $daemon ]
row $? "and it still has one thread"
stop
row $? "it ends with status 0" "$(log)"
