# Runs in dom0 of the lab: measures the Swift program and its C peer in turns on one guest, then counts what each does.
#     sh bench.sh ROUNDS DM_OPS ROUND_TRIPS
# Prints: time PROGRAM ROUND NAME COUNT NANOSECONDS CYCLES
#         calls PROGRAM NAME COUNT CALLS SYSCALL        (of the whole run; the difference of two counts tells)
#         allocations PROGRAM NAME COUNT ALLOCATIONS
rounds=$1 operations=$2 trips=$3
subjects="nr_vcpus=$operations inject_msi=$operations port-in=$trips mmio-load=$trips"
xl create -p exerciser.cfg >/dev/null || exit 1
id=$(xl domid exerciser)
xl unpause exerciser || exit 1

measure() { # measure LABEL PROGRAM ROUND
    "./$2" "$id" $subjects | sed "s/^/time $1 $3 /"
}

# Both have run once before anything is measured: the message is pending in the guest from then on.
./corbel-bench "$id" inject_msi=1 port-in=10 >/dev/null || exit 1
./peer "$id" inject_msi=1 port-in=10 >/dev/null || exit 1
round=1
while [ $round -le "$rounds" ]; do
    measure c peer $round
    measure swift corbel-bench $round
    measure again peer $round
    round=$((round + 1))
done

for program in corbel-bench peer; do
    for subject in nr_vcpus inject_msi port-in mmio-load; do
        for count in 100 400; do
            strace -f -c -U calls,name -o calls ./$program "$id" $subject=$count >/dev/null
            awk -v row="$program $subject $count" '$1 + 0 > 0 && $2 != "total" { print "calls", row, $1, $2 }' calls
            LD_PRELOAD=/lab/malloc-count.so ./$program "$id" $subject=$count 2>&1 >/dev/null |
                sed -n "s/^allocations /allocations $program $subject $count /p"
        done
    done
done
xl destroy exerciser
echo end
