# Runs in dom0 of the lab: measures the Swift program and its C peer in turns on one guest, then counts what each does.
#     sh bench.sh ROUNDS SLICES [counts | steps]     counts: how often each calls and allocates, too; steps: how many
#                                                    instructions each executes, too (minutes)
# Prints: MHz N                                                            of the TSC
#         time PAIR ROUND NAME SLICE PROGRAM COUNT NANOSECONDS CYCLES      PAIR: swift (c and swift), again (c and c)
#         calls LABEL NAME COUNT CALLS                                     of all COUNT: the difference of two tells
#         allocations LABEL NAME COUNT ALLOCATIONS                         likewise
#         steps LABEL NAME ROUNDS INSTRUCTIONS PAGES
rounds=$1
slices=$2
what=$3
pvh="nr_vcpus=20 inject_msi=20 map16=4 port-in=8 mmio-load=8 msi=8 port-in2=8 mmio-load2=8 msi2=8"
hvm="isa_irq=20"
# Seconds for one answer; emulation on a machine with other work needs a few.
patience=100
counted="nr_vcpus inject_msi map16 port-in mmio-load msi"

# Who waits for whom is in the output then: the programs' system calls, Xen's vCPUs, event channels and run queues.
fail() {
    for process in $(pidof corbel-bench peer); do
        echo "state $process: $(tr '\0' ' ' <"/proc/$process/cmdline") in $(cat "/proc/$process/syscall")"
    done
    for key in e r q; do xl debug-keys $key; done
    xl vcpu-list | sed 's/^/state /'
    xl dmesg | tail -200 | sed 's/^/state /'
    echo "bench.sh: $*"
    exit 1
}

program() { # program LABEL: the file
    if [ "$1" = swift ]; then echo ./corbel-bench; else echo ./peer; fi
}

# Two programs at two places of the guest, alive at once, asked in turns: what else the machine does meets both.
begin_pair() { # begin_pair LABEL-AT-PLACE-0 LABEL-AT-PLACE-1
    rm -f in0 out0 in1 out1
    mkfifo in0 out0 in1 out1
    timeout 300 $(program "$1") "$id" 0 <in0 >out0 &
    first=$!
    exec 3>in0 4<out0
    # The second one starts when the first one has its server.
    echo nr_vcpus=1 >&3
    read -r -t "$patience" line <&4 || fail "$1 does not start"
    timeout 300 $(program "$2") "$id" 1 <in1 >out1 3>&- 4<&- &
    second=$!
    exec 5>in1 6<out1
}
end_pair() {
    exec 3>&- 5>&-
    wait $first && wait $second || fail "a program failed"
    exec 4<&- 6<&-
}
ask0() { # ask0 LABEL: one measurement by who is at place 0
    echo "$subject" >&3
    read -r -t "$patience" line <&4 || fail "$1: no answer for $subject"
    echo "time $pair $round ${line%% *} $slice $1 ${line#* }" >>lines
}
ask1() {
    echo "$subject" >&5
    read -r -t "$patience" line <&6 || fail "$1: no answer for $subject"
    echo "time $pair $round ${line%% *} $slice $1 ${line#* }" >>lines
}

# measure PAIR SUBJECT...: one round. Who is at which place, and who comes first, changes all the time.
measure() {
    pair=$1
    shift
    if [ $((round % 2)) = 0 ]; then a=c b=$pair; else a=$pair b=c; fi
    begin_pair $a $b
    slice=-1 # the one that warms up is not told
    while [ "$slice" -lt "$slices" ]; do
        for subject; do
            if [ $((slice % 2)) = 0 ]; then ask0 $a && ask1 $b; else ask1 $b && ask0 $a; fi
        done
        [ "$slice" -ge 0 ] || : >lines
        slice=$((slice + 1))
    done
    end_pair
}

# make_guest NAME CONFIGURATION: four vCPUs, two for each place; all are up afterwards
make_guest() {
    xl create -p "$2" vcpus=4 >/dev/null || fail "no guest"
    id=$(xl domid "$1")
    xl unpause "$1" || fail "no guest"
    ./corbel-bench "$id" 0 start || fail "the guest's vCPUs do not start"
}

measure_all() { # measure_all SUBJECT...
    round=1
    while [ $round -le "$rounds" ]; do
        for pair in swift again; do
            measure $pair "$@"
            cat lines
        done
        round=$((round + 1))
    done
}

# Each subject is done twice with different counts: the difference is what each time costs.
begin_counting() { # begin_counting LABEL WRAPPER...: the program at place 0, its standard error in a pipe of its own
    label=$1
    shift
    rm -f in0 out0 err0
    mkfifo in0 out0 err0
    "$@" $(program "$label") "$id" 0 <in0 >out0 2>err0 &
    first=$!
    exec 3>in0 4<out0 7<err0
    ask_counting nr_vcpus=1 # what the first of all costs
}
end_counting() {
    exec 3>&-
    wait $first || fail "a program failed"
    exec 4<&- 7<&-
}
ask_counting() { # ask_counting NAME=COUNT
    echo "$1" >&3
    read -r -t "$patience" line <&4 || fail "$label: no answer for $1"
}

# What lies between the command's arrival and the answer's leaving in strace's record.
count_calls() { # count_calls LABEL NAME...
    begin_counting "$1" strace -o calls
    shift
    for name; do ask_counting "$name=20" && ask_counting "$name=60"; done
    end_counting
    awk -v label="$label" '
        /^read\([0-9]+, "[a-z0-9_-]+=/ { split($0, quoted, "\""); split(quoted[2], part, "[=\\\\]"); count = 0; next }
        /^write\([0-9]+, "[a-z]/ && part[1] != "" { print "calls", label, part[1], part[2], count; part[1] = "" }
        { count++ }' calls
}

count_allocations() { # count_allocations LABEL NAME...
    begin_counting "$1" env LD_PRELOAD=/lab/allocations.so
    shift
    for name; do
        for count in 20 60; do
            ask_counting nr_vcpus=1
            kill -USR1 $first
            read -r -t "$patience" before <&7 || fail "$label: no count of allocations"
            ask_counting "$name=$count"
            kill -USR1 $first
            read -r -t "$patience" after <&7 || fail "$label: no count of allocations"
            echo "allocations $label $name $count $((after - before))"
        done
    done
    end_counting
}

# A round ends with poll (7); what has none, with its DM_OP or its munmap (11).
count_steps() { # count_steps LABEL NAME
    case $2 in
    nr_vcpus | inject_msi | isa_irq) end="16 0x105005" ;;
    map16) end="11 0" ;;
    *) end="7 0" ;;
    esac
    timeout 120 ./steps $end 36 1 $(program "$1") "$id" 0 "$2=60" |
        sed -n "s/^steps \([0-9]*\) \([0-9]*\) .*/steps $1 $2 1 \1 \2/p"
}

count_all() { # count_all NAME...
    for label in swift c; do
        count_calls $label "$@"
        count_allocations $label "$@"
        [ "$what" != steps ] || for name; do count_steps $label "$name"; done
    done
}

sed -n 's/^cpu MHz.*: /MHz /p' /proc/cpuinfo
make_guest exerciser exerciser.cfg
# shellcheck disable=SC2086
measure_all $pvh
# shellcheck disable=SC2086
[ -z "$what" ] || count_all $counted
xl destroy exerciser

make_guest exerciserhvm hvm.cfg
measure_all $hvm
[ -z "$what" ] || count_all isa_irq
xl destroy exerciserhvm
echo done
