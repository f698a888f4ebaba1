# Bad days: blobs that are damaged, disks that are full or read-only, outputs that nobody takes, kill -9.

# make_blob FILE: a blob with T = abc, PK none (varstored.md 11.2)
make_blob() {
    anew
    rm -f "$blob"*
    serve "${file[@]}"
    guest 'set T 616263 7 0' 'set Second 0102030405060708 7 0'
    stop
    cp "$blob" "$1"
}
make_blob "$work/good"
bytes=$(stat -c %s "$work/good")

echo "# damaged blobs"
damage() { # damage COMMAND...: the blob is what the command makes of the good one
    rm -f "$blob"*
    "$@" <"$work/good" >"$blob"
    cp "$blob" "$work/damaged"
    anew
}
damage head -c $((bytes - 5))
serve "${file[@]}" --secureboot false
says 'WARN' "$work/err" && [ -n "$(find "$work" -name 'blob.quarantine-*')" ]
row $? "183: a blob that was cut raises an alarm, and the guest boots" "$(log; ls "$work")"
cmp -s "$work/damaged" "$blob.quarantine-1"
row $? "the original is kept byte for byte" "$(ls -l "$work")"
asks "what could be read is there" 'get Second 0 7 0102030405060708'
stop
damage head -c $((bytes - 5))
refused 1 "can't be|bad-blob" "with --on-bad-blob refuse the start fails" --domain "$domain" "${file[@]}" \
    --secureboot false --on-bad-blob refuse
refused 1 'Secure Boot|PK|secure' "184: with Secure Boot and no PK in what is left the start fails" \
    --domain "$domain" "${file[@]}" --secureboot true
cmp -s "$work/damaged" "$blob"
row $? "and the file is as it was"
for words in "VARX:printf VARX; tail -c +5" "of version 3:head -c 4; printf '\3\0\0\0'; tail -c +9" \
    "of 23 bytes:head -c 23" "of 1025 records:head -c 8; printf '\1\4\0\0\0\0\0\0'; tail -c +17"; do
    rewrite() { bash -c "f=$work/good; $(sed -E 's/(head|tail)( [^;]*)/\1\2 $f/g' <<<"${words#*:}")"; }
    damage rewrite
    refused 1 "can't be read" "182: a blob ${words%%:*} is refused" --domain "$domain" "${file[@]}"
    cmp -s "$work/damaged" "$blob" || row 1 "the file ${words%%:*} is as it was"
done
head -c 23 "$work/good" >"$work/resume"
refused 1 'resume' "188: a resume file of 23 bytes is refused" --domain "$domain" "${file[@]}" --resume \
    --arg "resume:$work/resume"
head -c 131073 /dev/zero >"$work/resume"
refused 1 'resume' "188: so is one of 131073 bytes" --domain "$domain" "${file[@]}" --resume --arg "resume:$work/resume"
rm -f "$blob"*
refused 1 '/nowhere' "a file in a folder that is not there ends the start" --domain "$domain" --arg path:/nowhere/blob
refused 1 '/nowhere' "so does a save path in one" --domain "$domain" "${file[@]}" --arg save:/nowhere/saved
mkdir "$work/large" && head -c 57345 /dev/zero >"$work/large/PK.auth"
refused 1 'PK.auth' "179: so does a key file of 57345 bytes" --domain "$domain" "${file[@]}" --auth-dir "$work/large"

echo "# a full disk"
# A small file system of our own, in a name space that a process holds open.
mkdir "$work/small"
unshare -rm sh -c "mount -t tmpfs -o size=48k none '$work/small' && echo ready && exec sleep 600" >"$work/holder" &
holder=$!
within 10 says ready "$work/holder"
if gone $holder; then
    echo "# no file system of our own can be made here: the rows about a full one are left out"
else
    inside=(nsenter -t $holder -U -m --preserve-credentials)
    # shellcheck disable=SC2317
    on_small() { "${inside[@]}" "$@"; }
    anew
    wrapper=("${inside[@]}")
    serve --arg "path:$work/small/blob" --arg "save:$work/small/saved"
    asks "on a small file system variables are kept" 'set T 616263 7 0' 'set B 00 7 0' 'set Volatile 57344x41 6 0'
    on_small cp "$work/small/blob" "$work/before"
    asks "the disk is full in the middle of a write: an error, and the store is as it was" \
        'set Large 57344x42 7 7' 'get Large 14' 'get T 0 7 616263'
    on_small cmp -s "$work/small/blob" "$work/before"
    row $? "so is the file"
    [ "$(on_small ls -A "$work/small" | grep -cvxE 'blob|blob.lock')" = 0 ]
    row $? "and nothing else is left there" "$(on_small ls -lA "$work/small")"
    says '(WARN|ERROR) .*(space|ENOSPC|full)' "$work/err"
    row $? "the log says why" "$(log)"
    asks "what fits is still kept" 'set T 010203 7 0' 'set C 01 7 0'
    # With the volatile variable the save is larger than the disk.
    on_small sh -c "head -c 100 /dev/zero >'$work/small/saved'"
    on_small cp "$work/small/saved" "$work/old-save"
    stop 1
    row $? "192: the disk is full in the middle of a save: status 1" "$(log)"
    on_small cmp -s "$work/small/saved" "$work/old-save"
    row $? "192: and the old save file is intact" "$(on_small ls -lA "$work/small")"
    anew
    serve --arg "path:$work/small/blob"
    asks "the next start finds each acknowledged write" 'get T 0 7 010203' 'get C 0 7 01' 'get Large 14'
    stop
    anew
    on_small mount -o remount,ro "$work/small"
    wrapper=()
    "${inside[@]}" varstored --domain "$domain" --arg "path:$work/small/blob" >"$work/out" 2>"$work/err" </dev/null
    [ $? = 1 ] && says 'ead-only' "$work/err"
    row $? "a read-only disk ends the start with status 1, and it says so" "$(log)"
    kill $holder
    wait $holder 2>/dev/null
fi
wrapper=()

echo "# outputs that nobody takes"
anew
rm -f "$blob"*
varstored --domain "$domain" "${file[@]}" --pidfile "$work/pid" >&- 2>&- </dev/null &
daemon=$!
served() { guest 'set T 616263 7 0' 'get T 0 7 616263'; }
# With nothing that tells of readiness: until the domain has its server.
has_server() { corbel sandbox domain list | says "^$domain +pvh +2 +[0-9]+ MiB +1 " /dev/stdin; }
within 20 has_server
served
row $? "with closed outputs it serves" "$(wrong)"
stop
row $? "and ends with status 0"
anew
varstored --domain "$domain" "${file[@]}" >/dev/full 2>/dev/full </dev/null &
daemon=$!
within 20 has_server
served
row $? "so it does when they are full" "$(wrong)"
stop
row $? "and ends with status 0"
anew
mkfifo "$work/pipe"
sleep 600 <>"$work/pipe" &
reader=$!
(head -c 65536 /dev/zero) >"$work/pipe"
varstored --domain "$domain" "${file[@]}" --log-level debug >"$work/pipe" 2>"$work/pipe" </dev/null &
daemon=$!
within 20 has_server
served
row $? "so it does when they are pipes that nobody empties" "$(wrong)"
stop
row $? "and ends with status 0"
kill $reader

echo "# signals at each stage of the start"
for milliseconds in 0 1 2 3 4 5 7 10; do
    anew
    rm -f "$work/saved"
    launch "${file[@]}" --arg "save:$work/saved"
    sleep "0.$(printf %03d $milliseconds)"
    kill -TERM $daemon
    within 20 gone $daemon
    wait $daemon
    status=$?
    # Before it has blocked the signal the kernel's own way is to end it.
    case $status in 0 | 143) ;; *) break ;; esac
    [ $status = 0 ] && says ready "$work/out" && [ ! -s "$work/saved" ] && { status=saved; break; }
    [ $status = 0 ] && ! says ready "$work/out" && [ -e "$work/saved" ] && { status=unready; break; }
    status=0
done
row "$([ $status = 0 ]; echo $?)" \
    "191: SIGTERM at any time of the start ends it with status 0, and it has saved only what was loaded" \
    "after $milliseconds ms: $status; $(log)"

echo "# kill -9"
mkdir "$work/kill"
timeout 200 varstored-kill-test "$work/kill" "$rounds" >"$work/rows" 2>&1
rows "the file" "$work/rows"
ROUNDS=$((rounds / 10)) . "$here/kill.sh"
