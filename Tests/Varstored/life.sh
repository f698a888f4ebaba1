# A daemon's life: start, readiness, service, end, and the next start.
anew
: >"$work/xs.log"
serve "${file[@]}" --arg "save:$work/saved" --xenstore "$work/xs" --pidfile "$work/pid"
within 5 says "/local/domain/$domain/varstored-pid $daemon\$" "$work/xs.log"
row $? "when it is ready its process id is in the Xenstore" "$(cat "$work/xs.log"; log)"
[ "$(cat "$work/pid")" = $daemon ] && [ "$(stat -c %a "$work/pid")" = 600 ]
row $? "and in the pid file, which is its owner's alone" "$(ls -l "$work/pid"; cat "$work/pid")"
[ "$(ls /proc/$daemon/task)" = $daemon ]
row $? "it has one thread" "$(ls /proc/$daemon/task)"
says 'secure-boot=true signatures=enforcing' "$work/out"
row $? "it says what the host has set" "$(log)"
descriptors() { for entry in /proc/$daemon/fd/*; do readlink "$entry"; done | sed "s/\\[.*//" | sort | uniq -c; }
# A socket's descriptor does not tell whose it is: the other end does.
within 5 says ' closed$' "$work/xs.log" && ! gone $daemon
row $? "the Xenstore is closed by then" "$(cat "$work/xs.log"; descriptors)"
descriptors >"$work/descriptors"
# Its streams, loop, signals, timer and sandbox; the folder and the lock of the blob, the folder of the save, the pid
# file, the statistics page.
kept="/dev/null|$work(/(out|err|pid|blob\\.lock))?|socket:|anon_inode:|/memfd:.*|/run/corbel/.*"
! awk '{ print $2 }' "$work/descriptors" | grep -vxE "$kept"
row $? "it has the descriptors that it needs and no other" "$(cat "$work/descriptors")"

asks "a guest sets, reads, appends and enumerates" 'get global:SetupMode 0 6 01' 'set T 616263 7 0' 'get T 0 7 616263' \
    'set T 6465 0x47 0' 'get T 0 7 6162636465' 'enumerates T ppi:Tcg2PhysicalPresenceFlagsLock' 'query? 7 0' \
    'next T 0 ppi:Tcg2PhysicalPresenceFlagsLock' 'next global:SignatureSupport 14' 'next X 2'
asks "the largest variable that may be" 'set Large 57344x41 7 0' 'get Large 0 7 57344x41' 'set Larger 57345x41 7 9' \
    'set Large - 7 0'
asks "14, 15: other accesses to the command port do nothing" 'write 0x100000 11 22 33 44' 'out 0x100 1 0' \
    'out 0x100 2 0x100' 'out 0x102 4 0x100' 'expect memory 0x100000 11 22 33 44' 'in 0x100 4 expect 0' \
    'in 0x104 4 expect 0'
asks "16, 17: a buffer beyond the memory, at 4 GiB, or given back is no reply, and the guest goes on" \
    'out 0x100 4 0xfffffff8' 'out 0x100 4 0xffffffff' 'out 0x100 4 0xffffff' 'out 0x100 4 0xff8' \
    'get T 0 7 6162636465' 'balloon 0x10c 4' 'write 0x100000 01 00 00 00 00 00 00 00' 'out 0x100 4 0x100' \
    'expect memory 0x100000 01 00 00 00 00 00 00 00'
asks "18: string I/O is answered and does nothing" 'write 0x8000 00 01 00 00 00 01 00 00' \
    'rep outs 0x100 4 count 2 from 0x8000' 'rep ins 0x108 1 count 4 to 0x9000' 'rep outs 0x100 4 count 1000 from 0x8000'
[ "$(grep -ci string "$work/out" "$work/err" | awk -F: '{ n += $2 } END { print n }')" = 1 ]
row $? "and is logged once, not 1006 times" "$(log)"
asks "171: the physical-presence window" 'out 0x104 4 260' 'out 0x108 4 0x04030201' 'in 0x108 4 expect 0x04030201' \
    'out 0x104 4 303' 'in 0x108 4 expect 0'
descriptors | cmp -s - "$work/descriptors"
row $? "it has the same descriptors after all of that" "$(descriptors; cat "$work/descriptors")"

"$bin/varstored" --domain "$domain" "${file[@]}" >"$work/second" 2>&1 </dev/null
status=$?
[ $status = 1 ] && says "$blob" "$work/second" && ! gone $daemon
row $? "193: a second daemon on the same file ends with status 1 and says why; the first goes on" \
    "status $status: $(cat "$work/second")"
kill -TERM $daemon
ends 0 $daemon && [ "$(stat -c %a "$work/saved")" = 600 ] && [ "$(head -c 4 "$work/saved")" = VARS ]
row $? "190: SIGTERM ends it with status 0, and all is saved" "$(log; ls -l "$work")"

anew
serve "${file[@]}"
asks "the next start finds what was there" 'get T 0 7 6162636465' 'get Large 14'
asks "volatile variables, and the order" 'set A 01 7 0' 'set B 02 6 0' 'set C 03 7 0' 'enumerates C B A'
stop
row $? "it ends with status 0" "$(log)"

echo "# migration in the middle of an enumeration"
anew
serve "${file[@]}" --arg "save:$work/saved"
guest 'set M1 01 2 0' 'set M2 02 7 0' 'set M3 03 2 0' 'set M4 04 7 0' 'next - 0 M4' 'next M4 0 M3'
row $? "a guest is half through its variables" "$(wrong; log)"
stop
anew
serve "${file[@]}" --resume --arg "resume:$work/saved"
asks "189: resumed elsewhere it goes on where it was, volatile variables too" 'next M3 0 M2' 'next M2 0 M1' \
    'next M1 0 ppi:Tcg2PhysicalPresenceFlagsLock' \
    'enumerates M4 M3 M2 M1' 'get M3 0 2 03'
stop
row $? "and the resumed one ends with status 0" "$(log)"
anew
serve "${file[@]}" --arg "save:$work/saved"
asks "after one request at runtime the guest is at runtime" 'set R 01 2 0' 'get R 14 runtime' 'get R 14'
stop
anew
serve "${file[@]}" --resume --arg "resume:$work/saved"
asks "68: and stays so when it is resumed" 'get R 14'
stop
anew
serve "${file[@]}"
asks "69: a new boot is not" 'get M4 0 7 04' 'set R 01 2 0' 'get R 0 2 01'

echo "# the end"
corbel sandbox domain destroy "$domain"
ends 0 $daemon
row $? "the domain is destroyed while it serves: status 0" "$(log)"
says 'domain is gone' "$work/out"
row $? "and it says so" "$(log)"
for signal in INT HUP; do
    anew
    # A shell starts what runs in its background with Ctrl-C ignored.
    wrapper=(env --default-signal=INT,HUP)
    serve "${file[@]}"
    wrapper=()
    kill -$signal $daemon
    ends 0 $daemon
    row $? "SIG$signal ends it with status 0" "$(log)"
done
