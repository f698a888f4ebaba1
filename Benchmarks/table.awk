# From the lines that bench.sh prints to tables. Two programs are measured in turns, a few milliseconds each; the ratio
# of two neighbours is what the machine's moods leave alone. A round's figure is the median of its ratios, the result the
# median of the rounds. The C program against itself, measured and reckoned in the same way, is the noise: its band is
# the median of how far its rounds are from 1.
BEGIN {
    subjects_of_time = "nr_vcpus inject_msi isa_irq map16 port-in mmio-load msi port-in2 mmio-load2 msi2"
    subjects_of_counts = "nr_vcpus inject_msi isa_irq map16 port-in mmio-load msi"
    title["nr_vcpus"] = "DM_OP nr_vcpus"
    title["inject_msi"] = "DM_OP inject_msi"
    title["isa_irq"] = "DM_OP set_isa_irq (HVM)"
    title["map16"] = "map, unmap 16 frames"
    title["port-in"] = "port round trip"
    title["mmio-load"] = "MMIO round trip"
    title["msi"] = "MSI round trip"
    title["port-in2"] = "port, 2 vCPUs"
    title["mmio-load2"] = "MMIO, 2 vCPUs"
    title["msi2"] = "MSI, 2 vCPUs"
}

$1 == "MHz" && !megahertz { megahertz = $2 }

# Round trips by the clock of the guest that makes them, calls by the caller's. In microseconds each.
$1 == "time" {
    cost[$2, $3, $4, $5, $6] = ($9 > 0 ? $9 / megahertz : $8 / 1000) / $7
    if ($3 > rounds) rounds = $3
    if ($5 > slices) slices = $5
}

$1 == "calls" || $1 == "allocations" {
    if (($1, $2, $3) in first) each[$1, $2, $3] = ($5 - first[$1, $2, $3]) / ($4 - at[$1, $2, $3])
    first[$1, $2, $3] = $5
    at[$1, $2, $3] = $4
}

$1 == "steps" {
    stepped = 1
    each["instructions", $2, $3] = $5 / $4
    each["pages", $2, $3] = $6
}

function far(ratio) { return ratio > 1 ? ratio - 1 : 1 - ratio }

# The middle of values[1..count], which are sorted.
function median(values, count,    i, j, value) {
    for (i = 2; i <= count; i++) {
        value = values[i]
        for (j = i - 1; j >= 1 && values[j] > value; j--) values[j + 1] = values[j]
        values[j + 1] = value
    }
    return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
}

# The ratio of one round: how much longer C takes than the other of the pair. 0: not measured.
function of_round(pair, round, name,    slice, other, values, count) {
    other = pair == "swift" ? "swift" : "again"
    for (slice = 0; slice <= slices; slice++)
        if (((pair, round, name, slice, "c") in cost) && ((pair, round, name, slice, other) in cost))
            values[++count] = cost[pair, round, name, slice, "c"] / cost[pair, round, name, slice, other]
    return count < 5 ? 0 : median(values, count)
}

# The median time and, in `quickest`, the least of one program in one kind of pair.
function typical(pair, name, label,    key, part, values, count) {
    for (key in cost) {
        split(key, part, SUBSEP)
        if (part[1] != pair || part[3] != name || part[5] != label) continue
        values[++count] = cost[key]
    }
    if (!count) return 0
    typical_time = median(values, count)
    quickest = values[1]
    return typical_time
}

function times(name,    round, swift, again, distance, s, a, swift_time, swift_best, c_time, c_best, ratio, band) {
    if (!rounds) {
        printf "%-24s missing\n", title[name]
        missing++
        return
    }
    for (round = 1; round <= rounds; round++) {
        s = of_round("swift", round, name)
        a = of_round("again", round, name)
        if (!s || !a) {
            printf "%-24s missing\n", title[name]
            missing++
            return
        }
        swift[round] = s
        again[round] = a
        distance[round] = far(a)
    }
    swift_time = typical("swift", name, "swift")
    swift_best = quickest
    c_time = typical("swift", name, "c")
    c_best = quickest
    ratio = median(swift, rounds)
    band = median(distance, rounds)
    printf "%-24s %8.0f %8.0f   %8.0f %8.0f   %7.3f   %.3f to %.3f   %7.3f %6.3f   %s\n", title[name],
        1e6 / swift_time, 1e6 / c_time, 1e6 / swift_best, 1e6 / c_best, ratio, swift[1], swift[rounds],
        median(again, rounds), band, verdict(ratio >= 1 - band, "SLOWER")
}

function verdict(kept, otherwise) {
    promises++
    if (kept) { kept_promises++; return "ok" }
    return otherwise
}

function counts(what, name, judged,    swift, c) {
    if (!((what, "swift", name) in each) || !((what, "c", name) in each)) {
        printf "%-24s missing\n", title[name]
        missing++
        return
    }
    swift = each[what, "swift", name]
    c = each[what, "c", name]
    # A wait that times out on a busy machine costs a few calls in a run of hundreds; more than that is not chance.
    printf "%-24s %12.2f %12.2f   %s\n", title[name], swift, c,
        judged ? verdict(swift <= (what == "calls" || name == "map16" ? c : 0) + 0.02, "MORE") : ""
}

function table_of_counts(what, heading, judged,    names, count, i) {
    count = split(subjects_of_counts, names)
    printf "\n%-24s %12s %12s\n", heading, "Swift", "C"
    for (i = 1; i <= count; i++) counts(what, names[i], judged)
}

END {
    if (machine != "") printf "== %s, %d rounds of %d slices\n", machine, rounds, slices + 1
    printf "%-24s %8s %8s   %8s %8s   %7s   %-14s   %7s %6s\n", "each second", "Swift", "C", "best", "best", "Swift/C",
        "of rounds", "C/C", "band"
    count = split(subjects_of_time, names)
    for (i = 1; i <= count; i++) times(names[i])
    if (counting) {
        table_of_counts("calls", "system calls each", 1)
        table_of_counts("allocations", "allocations each", 1)
        if (stepped) {
            table_of_counts("instructions", "instructions each", 0)
            table_of_counts("pages", "pages of code", 0)
        }
    }
    printf "\n%s: %d of %d promises kept, %d measurements missing\n", machine, kept_promises, promises, missing
    exit missing > 0
}
