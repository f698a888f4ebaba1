# Runs in dom0 of the lab: measures the Swift program and its C peer in turns on one guest, then counts what each does.
#     sh bench.sh ROUNDS
# Prints: MHz N                                              of the TSC
#         time LABEL ROUND NAME COUNT NANOSECONDS CYCLES     LABEL: c, swift, again (the C program once more)
#         calls LABEL NAME COUNT CALLS                       of a whole run: the difference of two counts tells
#         allocations LABEL NAME COUNT ALLOCATIONS           likewise
rounds=$1

# repeat N WORD: the word, N times
repeat() {
    local n=$1
    while [ "$n" -gt 0 ]; do echo "$2"; n=$((n - 1)); done
}
# Many short measurements, a few milliseconds each, so that some of them run undisturbed on a busy machine.
subjects="$(repeat 40 nr_vcpus=20) $(repeat 40 inject_msi=20) $(repeat 30 port-in=10) $(repeat 30 mmio-load=10)"
sed -n 's/^cpu MHz.*: /MHz /p' /proc/cpuinfo
xl create -p exerciser.cfg >/dev/null || exit 1
id=$(xl domid exerciser)
xl unpause exerciser || exit 1

program() { # program LABEL: the file
    if [ "$1" = swift ]; then echo ./corbel-bench; else echo ./peer; fi
}

measure() { # measure LABEL ROUND
    timeout 60 $(program "$1") "$id" $subjects >lines || { echo "$1 failed in round $2: $?"; exit 1; }
    sed "s/^/time $1 $2 /" lines
}

# Each has run once before anything is measured; the message of inject_msi is pending in the guest from then on.
for label in swift c; do $(program $label) "$id" inject_msi=1 port-in=10 >/dev/null || exit 1; done
round=1
while [ $round -le "$rounds" ]; do
    for label in c swift again; do measure $label $round; done
    round=$((round + 1))
done

for label in swift c; do
    for name in nr_vcpus inject_msi port-in mmio-load; do
        for count in 100 300; do
            run="$(program $label) $id $name=$count"
            timeout 60 strace -f -c -U calls,name -o calls $run >/dev/null
            sed -n "s/^ *\([0-9]*\) total$/calls $label $name $count \1/p" calls
            timeout 60 env LD_PRELOAD=/lab/allocations.so $run 2>&1 >/dev/null |
                sed -n "s/^allocations \([0-9]*\)$/allocations $label $name $count \1/p"
        done
    done
done
xl destroy exerciser
