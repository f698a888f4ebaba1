# The command lines of Tests/Xenstored/tools, which sources this.

# Reading.
x read /t/a
x read /t/a /t/b /t/empty
x read -p /t/a /t/b
x read /t/every
x read -R /t/every
x read -p -R /t/back
x read -pR /t/a /t/quotes
x read /t/a -p /t/b
x read -- /t/a -p
x read --prefix --raw /t/a
x read /t/none
x read /t/a /t/none /t/b
x read -p /t/none
x read -s /t/a
x read ''
x read /t/
x read a
x read @releaseDomain
x read $'/t/\xff'
x read "/$(repeat p 3072)"
x read "/$(repeat p 5000)"
x read
x read -h
x read -Z /t/a
x read -f /t/a
x read --he
x read --help=1 /t/a
x read --r /t/a
x read --foo=bar /t/a
x read --=x /t/a
x read -

# Listing.
x list /t
x list -p /t /tool
x list -p /
x list /many
x list /t/a
x list /none
x list /t /none /t
x list ''
x list t
x list
x list -f /t
x exists /t/a
x exists /t/a /t/b
x exists /none
x exists /t/a /none
x exists -p /t/a
x exists -s /t/a
x exists
x exists ''

# Trees.
x ls /t
x ls -f /t
x ls -p /t
x ls -fp /t
x ls --flat /t
x ls /t /tool
x ls /tool -f
x ls /many
x ls
x ls -p
x ls /none
x ls /t/a
x ls -f ''
x ls /t/
x ls t
x ls @releaseDomain
x ls -p /w
x ls /w
x ls -t /t
x ls -- /tool -f
x ls -hZ
x ls -Zh
x ls -fZ /tool
x ls "/$(repeat p 5000)"
if command -v script >/dev/null; then
    for columns in 0 1 2 9 10 11 13 16 20 40 60 61 80 81 200; do
        for options in "" -p -fp; do
            compare "xenstore-ls $options /w on a terminal of $columns columns" script -qec \
                "stty rows 24 cols $columns; ./xenstore-ls $options /w" /dev/null
        done
    done
else
    report 0 "xenstore-ls on terminals # skip there is no script(1) here"
fi

# Writing.
x write /n/a 1
x write /n/a 2 /n/b 3
x write n/relative 1
x read n/relative
x write /n/a
x write /n/a 1 /n/b
x write
x write -h
x write /n/empty ''
x write -R /n/raw '\x41\n\\'
x write /n/hex '\x41\x4\xzz\x' /n/octal '\101\8\400\18\1234\0' /n/other '\q\a\"\e\N\\' /n/tail 'end\'
x write /n/bytes $'\xff\xfe\x01 \t\n\r'
x write --raw /n/raw2 '\x41'
x read -R /n/raw
x ls -f /n
x write '' 1
x write /n/ 1
x write /n/a 5 // 6
x read /n/a
x write @x 1
x write / root
x write "/$(repeat p 3071)" 1
x write "/$(repeat p 3072)" 1
x write /n/long "$(repeat y 4090)"
x write /n/long "$(repeat y 4089)"
x write /n/long "$(repeat y 4088)"
x write -s /n/s 1
x write -p /n/s 1

# Removing.
both ./xenstore-write /r/a/b/c 1 /r/v/w/x 1 /r/v value /r/l/m 1 /r/l/k 1 /r2/a/b 1
x rm /r/none
x rm /r/none/none
x rm -t /r/a/b/c
x rm -t /r/v/w/x
x rm -t /r/l/m
x ls -f /r
x rm -t /r2/a/b
x exists /r2
x rm -t /r/none/none
x rm /r/v /r/none/none
x exists /r/v
x rm /r/v /r/l
x rm /
x rm -t /
x rm ''
x rm nope
x rm -t n/relative
x rm --tidy /n/s
x rm
x rm -f /n/a

# Permissions.
both ./xenstore-write /p/q/r 1 /p/s 2 rel/x/y 1
x chmod /p n0
x chmod /p b0 r1 w2 n3
x chmod /p/q n
x chmod /p/q n0x
x chmod /p/q nx
x chmod /p/q 'n 0'
x chmod /p/q n4294967296
x chmod /p/q n-1
x chmod /p/q n65536
x chmod /p/q x0
x chmod /p/q N0
x chmod /p/q 0
x chmod /p/q n0 ''
x chmod /p/q ''
x chmod /p/q
x chmod '' n0
x chmod /none n0
x chmod -r /none n0
x chmod -u /p/none n0
x chmod -r /p b0 n1
x ls -fp /p
x chmod -u /p/q/r r0
x ls -fp /p
x chmod -ru /p/q w0
x ls -fp
x chmod --recurse /p n0
x chmod --upto /p/q b0
x chmod -u rel/x/y b0
x chmod -u / n0
x chmod -r '' n0
x chmod @releaseDomain n0 r5
x chmod // n0
x chmod
x chmod -t /p n0
x chmod "/$(repeat p 5000)" n0

# Watching.
x watch -n 1 /t/a
x watch -n 2 /t/a /t/b
x watch -n1 rel
x watch --number=1 @releaseDomain
x watch --number 1 /none
x watch --number
x watch -n 0 /t/a
x watch -n x /t/a
x watch -n '' /t/a
x watch -n 0x1 /t/a
x watch -n ' +1' /t/a
x watch -n 1x /t/a
x watch -n 4294967297 /t/a
x watch -n 2 /t/a /t/a
x watch -n 1 //
x watch -n 0 //
x watch -n 1 ''
x watch -n
x watch
x watch -n 1
x watch -p /t/a
changes='./xenstore-watch -n 4 /ch /ch2 >out &
    for i in {1..500}; do [ "$(wc -l <out)" -lt 2 ] || break; sleep 0.01; done
    ./xenstore-write /ch/deep 1; ./xenstore-rm /ch2; ./xenstore-write /ch2 1; wait; cat out'
compare "xenstore-watch shows changes as they come" bash -c "$changes"

# One program with modes.
same xenstore
same xenstore ls /tool
same xenstore ls -Z /tool
same xenstore ls -h
same xenstore ls /none
same xenstore read /none
same xenstore read -p /t/a
same xenstore write
same xenstore rm
same xenstore list
same xenstore watch
same xenstore watch -n
same xenstore chmod
same xenstore chmod /x x0
same xenstore exists
same xenstore bogus
same xenstore -h
same xenstore -f ls
same xenstore xenstore-ls
same xenstore ''
same xenstore-foo /tool
same xenstore- ls /tool
compare "POSIXLY_CORRECT: operands end the options" env POSIXLY_CORRECT=1 ./xenstore-ls /tool -f
compare "the name counts, not the file" bash -c 'exec -a xenstore-read ./xenstore-ls /t/a'
compare "no name at all" bash -c 'exec -a "" ./xenstore-ls /t/a'
compare "an output that is closed early" bash -c './xenstore-ls -f /many | head -n 1'

# Without a server.
for command in "ls" "read /a" "rm /a" "write /a 1" "chmod /a n0" "chmod /a x0" "watch -n 0 /a" "exists /a" "ls -s"; do
    # shellcheck disable=SC2086
    RUN=$work/nowhere x $command
done
compare "XENSTORED_PATH names a folder" env XENSTORED_PATH=/tmp ./xenstore-ls
compare "XENSTORED_PATH names nothing" env XENSTORED_PATH=/nowhere ./xenstore-ls

# Commands to the server.
if [ -e "$root/usr/lib/xen-4.17/bin/xenstore-control" ]; then
    x control
    x control help
    x control check
    x control print hello
    x control print
    x control bogus
    x control -h
    x control ''
    x control log
    x control quota
    x control quota 77
    x control live-update
    x control live-update -c 'a b'
    x control live-update -t
    x control live-update /x -c
    x control live-update /no/such/program
    RUN=$work/nowhere x control help

    # Whole live updates: the store and the process are as they were, and the program is another with these arguments.
    updates() { # updates ARGUMENTS WORD...
        local arguments=$1 side
        shift
        for side in c ours; do on $side ./xenstore-ls -fp >"$work/$side.before"; done
        x control live-update "$@"
        grep -qx 'status 0' "$work/c.said/status"
        report $? "and it succeeds" "$(cat "$work"/c.said/*; cat "$work/c/daemon.log")"
        for side in c ours; do
            on $side ./xenstore-ls -fp >"$work/$side.after"
            cmp "$work/$side.before" "$work/$side.after" >"$work/out" 2>&1 && [ -s "$work/$side.after" ] &&
                [ "$(tr '\0' ' ' <"/proc/${process[$side]}/cmdline")" = "$arguments " ] &&
                [ ! -e "$work/$side/run/state_dump" ]
            report $? "and the store and the pid are as they were ($side)" \
                "$(cat "$work/out" "$work/$side/daemon.log"; tr '\0' ' ' <"/proc/${process[$side]}/cmdline")"
        done
    }
    ln -s "$daemon" "$work/next"
    updates "$work/next -D -N -U" "$work/next"
    updates "$daemon -D -N -E 77 -U" "$daemon" -c '-D -N -E 77' -t 5
    updates "$work/next -D -N -U" -F "$work/next" -c '-D -N'
    over='./xenstore-watch -n 2 /over >out &
        for i in {1..500}; do [ "$(wc -l <out)" -lt 1 ] || break; sleep 0.01; done
        ./xenstore-control live-update "$0"; ./xenstore-write /over/x 1; wait; cat out'
    compare "a watch of xenstore-watch goes on over a live update" bash -c "$over" "$work/next"
    [ "$(tail -n 2 "$work/c.said/out")" = $'/over\n/over/x' ]
    report $? "and has the event of what is written behind it" "$(cat "$work"/c.said/*)"
else
    report 1 "xen-utils-4.17 has xenstore-control" "$(find "$root/usr/lib/xen-4.17" | head)"
fi
