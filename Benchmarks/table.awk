# From the lines that bench.sh prints to tables. A program counts by its quickest measurement of all rounds, because what
# else the machine does can only make one slower. The C program takes part twice, before and after the Swift one in each
# round: how far its two figures are apart tells how much of a difference means nothing.
BEGIN {
    count = split("nr_vcpus inject_msi port-in mmio-load", subjects)
    title["nr_vcpus"] = "DM_OP nr_vcpus"
    title["inject_msi"] = "DM_OP inject_msi"
    title["port-in"] = "port round trip"
    title["mmio-load"] = "MMIO round trip"
}

$1 == "MHz" { megahertz = $2 }

$1 == "time" {
    # Round trips by the clock of the guest that makes them, DM_OPs by the caller's. In seconds.
    seconds = ($7 > 0 ? $7 / megahertz / 1e6 : $6 / 1e9) / $5
    if (!(($2, $4) in cost) || seconds < cost[$2, $4]) cost[$2, $4] = seconds
    if (!(($2, $4, $3) in seen)) done[$2, $4]++
    seen[$2, $4, $3] = 1
}

$1 == "calls" || $1 == "allocations" {
    if (($1, $2, $3) in first) {
        each[$1, $2, $3] = ($5 - first[$1, $2, $3]) / ($4 - at[$1, $2, $3])
    }
    first[$1, $2, $3] = $5
    at[$1, $2, $3] = $4
}

function difference(ratio) { return ratio > 1 ? ratio - 1 : 1 - ratio }

# One line of the table of times.
function times(name,    c, swift, ratio, band) {
    if (done["c", name] < rounds || done["swift", name] < rounds || done["again", name] < rounds) {
        printf "%-18s missing\n", title[name]
        missing = 1
        return
    }
    c = (cost["c", name] + cost["again", name]) / 2
    swift = cost["swift", name]
    ratio = c / swift
    band = difference(cost["c", name] / cost["again", name])
    printf "%-18s %10.0f/s %10.0f/s %8.2f %9.2f   %s\n", title[name], 1 / swift, 1 / c, ratio, band,
        (ratio >= 1 - band ? "ok" : "SLOWER")
}

# One line of a table of counts.
function counts(what, name,    swift, c) {
    if (!((what, "swift", name) in each) || !((what, "c", name) in each)) {
        printf "%-18s missing\n", title[name]
        missing = 1
        return
    }
    swift = each[what, "swift", name]
    c = each[what, "c", name]
    # A wait that times out on a busy machine costs a few calls in a run of hundreds; more than that is not chance.
    printf "%-18s %12.2f %12.2f   %s\n", title[name], swift, c,
        (swift <= (what == "calls" ? c : 0) + 0.02 ? "ok" : "MORE")
}

END {
    printf "%-18s %12s %12s %8s %9s\n", "", "Swift", "C", "Swift/C", "C/C noise"
    for (i = 1; i <= count; i++) times(subjects[i])
    printf "\n%-18s %12s %12s\n", "system calls each", "Swift", "C"
    for (i = 1; i <= count; i++) counts("calls", subjects[i])
    printf "\n%-18s %12s %12s\n", "allocations each", "Swift", "C"
    for (i = 1; i <= count; i++) counts("allocations", subjects[i])
    exit missing
}
