# From the lines that bench.sh prints to tables. A run counts by its quickest measurement, because what else the machine
# does can only make one slower. A round is C, Swift, C again: what drifts drops out of its ratio, and its two C runs
# tell how much of a difference means nothing.
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
    if (!(($2, $4, $3) in cost) || seconds < cost[$2, $4, $3]) cost[$2, $4, $3] = seconds
}

$1 == "calls" || $1 == "allocations" {
    if (($1, $2, $3) in first) {
        each[$1, $2, $3] = ($5 - first[$1, $2, $3]) / ($4 - at[$1, $2, $3])
    }
    first[$1, $2, $3] = $5
    at[$1, $2, $3] = $4
}

function median(values, n,    i, j, value) {
    for (i = 2; i <= n; i++) {
        value = values[i]
        for (j = i - 1; j >= 1 && values[j] > value; j--) values[j + 1] = values[j]
        values[j + 1] = value
    }
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}

function difference(ratio) { return ratio > 1 ? ratio - 1 : 1 - ratio }

# One line of the table of times.
function times(name,    round, c, again, swift, n, rates, cRates, ratios, parts, noise) {
    for (round = 1; round <= rounds; round++) {
        c = cost["c", name, round]; swift = cost["swift", name, round]; again = cost["again", name, round]
        if (!(c > 0 && swift > 0 && again > 0)) continue
        n++
        rates[n] = 1 / swift
        cRates[n] = 2 / (c + again)
        ratios[n] = (c + again) / 2 / swift
        parts[n] = c / again
        noise[n] = difference(c / again)
    }
    if (n < rounds) {
        printf "%-18s missing: %d of %d rounds\n", title[name], rounds - n, rounds
        missing = 1
        return
    }
    ratio = median(ratios, n)
    band = median(noise, n)
    drift = difference(median(parts, n))
    if (drift > band) band = drift
    printf "%-18s %10.0f/s %10.0f/s %8.2f %9.2f   %s\n", title[name], median(rates, n), median(cRates, n), ratio, band,
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
