# As xenopsd starts it: a root of its own, another user, name spaces, limits, and the filter of system calls
# (varstored.md 12.1, 12.5); what it opens and starts.
within 10 true
BIN=$bin "$here/../Confinement/check" >"$work/rows" 2>&1
rows confinement "$work/rows"

if [ "$(id -u)" = 0 ]; then
    root=$work/root
    mkdir "$root"
    chmod 711 "$work"
    # As xenopsd leaves it: no file can be made there, and the one to save to is there already.
    chown 0:65534 "$root"
    chmod 750 "$root"
    empty_save() { install -o 65534 -g 65534 -m 600 /dev/null "$root/efi-vars-save.dat"; }
    empty_save
    fake-xapi --socket "$root/xapi-depriv-socket" --blob "$work/text" --log "$work/calls" >"$work/xapi.out" 2>&1 &
    xapi=$!
    within 10 says ready "$work/xapi.out"
    chown 0:65534 "$root/xapi-depriv-socket"
    chmod 660 "$root/xapi-depriv-socket"
    rm -f "$work/text" "$work/pid"
    # start_as_xenopsd [OPTION...]
    start_as_xenopsd() {
        launch --chroot "$root" --depriv --uid 65534 --gid 65534 --backend xapidb \
            --arg socket:/xapi-depriv-socket --pidfile "$work/pid" --arg "uuid:$uuid" "$@" \
            --arg save:/efi-vars-save.dat --xenstore "$work/xs"
        within 20 is_ready
        ! gone $daemon || row 1 "it starts" "$(log)"
    }
    anew
    : >"$work/xs.log"
    start_as_xenopsd
    says "varstored-pid $daemon\$" "$work/xs.log"
    row $? "started as xenopsd does it tells that it is ready" "$(log)"
    status() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$daemon/status"; }
    [ "$(status Uid) $(status Gid) $(status CapEff) $(status NoNewPrivs) $(status Seccomp)" = \
        "65534 65534 0000000000000000 1 2" ]
    row $? "another user, no capability, no new privileges, and the filter" "$(cat /proc/$daemon/status)"
    [ "$(readlink /proc/$daemon/root)" = "$root" ]
    row $? "the root is its own" "$(readlink /proc/$daemon/root)"
    asks "under all of that it serves and keeps variables" 'set T 616263 7 0' 'get T 0 7 616263' 'set V 01 6 0' \
        'enumerates V T' 'query? 7 0' 'out 0x104 4 260' 'out 0x108 4 1' 'set Large 57344x41 7 0' 'out 0x100 4 0xffffff'
    [ "$(ls /proc/$daemon/task)" = $daemon ]
    row $? "by one thread" "$(ls /proc/$daemon/task)"
    stop
    row $? "190: SIGTERM ends it with status 0" "$(log)"
    [ "$(head -c 4 "$root/efi-vars-save.dat")" = VARS ] && [ "$(stat -c %a "$root/efi-vars-save.dat")" = 600 ]
    row $? "190: and all is saved in place" "$(ls -l "$root")"
    [ "$(find "$root" -mindepth 1 -printf '%f\n' | sort | paste -sd ' ')" = "efi-vars-save.dat xapi-depriv-socket" ]
    row $? "and nothing else lies in its root" "$(ls -lA "$root")"
    mv "$root/efi-vars-save.dat" "$root/efi-vars-resume.dat"
    empty_save
    anew
    start_as_xenopsd --resume --arg resume:/efi-vars-resume.dat
    asks "189: the next one resumes with it" 'enumerates Large V T' 'get V 0 6 01' 'set T 01 7 0'
    stop
    anew
    start_as_xenopsd
    asks "the one after it takes the toolstack's" 'get T 0 7 01' 'get V 14'
    corbel sandbox domain destroy "$domain"
    ends 0 $daemon
    row $? "its domain is destroyed: status 0" "$(log)"
    echo "# a damaged blob where no copy of it can be kept"
    # Two bytes of the last record are gone; base64 of what is left.
    base64 -d "$work/text" | head -c -2 | base64 -w0 >"$work/text.new" && mv "$work/text.new" "$work/text"
    anew
    start_as_xenopsd --secureboot false
    says ERROR "$work/err"
    row $? "11.4: it starts, and the log has an ERROR line" "$(log)"
    asks "11.4: the guest boots; what must be kept is refused until there is a copy" 'set New 01 7 7' 'set New 01 6 0' \
        'set New - 6 0'
    chmod 770 "$root"
    asks "11.4: when the copy can be made it is, and the write succeeds" 'set New 01 7 0'
    [ -n "$(find "$root" -name '*quarantine-1')" ]
    row $? "the copy is there" "$(ls -lA "$root"; log)"
    stop
    kill $xapi
    wait $xapi
else
    echo "# not root: nothing can be given up"
fi

if command -v strace >/dev/null; then
    anew
    rm -f "$blob"*
    wrapper=(strace -D -f -e 'trace=%file,%process,%network,write' -s 60 -o "$work/trace")
    serve "${file[@]}" --arg "save:$work/saved"
    asks "under strace it serves" 'set T 616263 7 0' 'get T 0 7 616263' 'set V 01 6 0' 'out 0x104 4 260' 'out 0x108 4 1'
    stop
    wrapper=()
    sed -n '/ready pid=/,$p' "$work/trace" | grep -E '(open|openat|openat2|creat)\(' >"$work/opened"
    [ -s "$work/opened" ] && ! grep -vE '"[^"/]*"' "$work/opened"
    row $? "once it is ready it opens nothing but the backend's files, by names in folders that it holds" \
        "$(cat "$work/opened")"
    # A sandbox is reached by a socket of this machine.
    grep -E '\b(clone|clone3|fork|vfork|bind|listen)\(|socket\(AF_[^U]' "$work/trace" >"$work/strange"
    [ ! -s "$work/strange" ] && [ "$(grep -c 'execve(' "$work/trace")" -le 1 ]
    row $? "from its first instruction to its last it starts no thread and no program" \
        "$(cat "$work/strange")"
else
    echo "# strace is not there: what it opens is not seen"
fi
