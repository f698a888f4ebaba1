# From the lines that corbel-sandbox-bench prints, a name and a value, to a table: of each name's values, one for each
# round, the median and the best; what was promised, and whether the median keeps it. Rows without a promise are there
# to be read with their neighbours.
BEGIN {
    # log2(257) / log2(17): what a binary search in 256 ranges may cost, of one in 16.
    logarithm = log(257) / log(17)
    heading("in one process", "processor time")
    row("pio-scripted-rate", "port, script, each second", ">=", 1000000)
    row("pio-scripted-ns", "  ns each")
    row("pio-scripted-allocations", "  allocations each")
    row("pio-stepped-ns", "port, stepped, ns")
    row("pio-allocations", "  allocations each")
    row("nr_vcpus-direct-ns", "DM_OP nr_vcpus, ns", "<=", 200)
    row("nr_vcpus-privcmd-ns", "  through privcmd, ns", "<=", 200)
    row("nr_vcpus-platform-ns", "  by the library, ns")
    row("idle-heap-bytes", "idle domain, heap bytes", "<=", 2048)
    row("idle-resident-bytes", "  resident bytes")
    heading("selection among 8 servers", "processor time")
    selection(1, "1 domain", 1)
    selection(1000, "1000 domains")
    selection_in_memory()
    across("same", "two processes, one processor")
    across("two", "two processes, two processors")
    row("words-ns", "two words of memory, ns")
    row("ioreq-spinning-ns", "port, spinning, ns", "<=", 2000)
    row("ioreq-spinning-p99-ns", "  99 of 100 within, ns")
    heading("starting, until a domain is there", "time")
    row("start-ms", "a process with the service, ms", "<=", 10)
    row("start-corbel-ms", "corbel sandbox start, ms", "<=", 10)
}

function heading(title, how) { titles[++rows] = title; kinds[rows] = how }

function row(name, title, comparison, limit) {
    names[++rows] = name
    titles[rows] = title
    comparisons[rows] = comparison
    limits[rows] = limit
}

function across(place, title) {
    heading(title, "time")
    row(place "-eventfd-ns", "two eventfds, ns")
    row(place "-eventfd-p99-ns", "  99 of 100 within, ns")
    row(place "-polled-ns", "  with poll, ns")
    row(place "-ioreq-ns", "port, sleeping, ns")
    row(place "-ioreq-p99-ns", "  99 of 100 within, ns")
    row(place "-ioreq-ratio", "  port / two eventfds", "<=", 1.5)
}

# The ranges of one domain are in the processor's cache. Those of 1000 are 2 MB with 16 on each server and 33 MB with
# 256, which no cache here holds: then any search waits for memory, and grows by more than its steps do, a bare binary
# search in the same ranges too, which is shown beside it. How steps grow in so much memory is seen where as much is
# used with fewer ranges, by more domains.
function selection(count, title, isJudged) {
    row("select-" count "-16-ns", title ", 16 ranges, ns")
    row("select-" count "-64-ns", "  64 ranges, ns")
    row("select-" count "-256-ns", "  256 ranges, ns")
    row("select-" count "-bare-256-ns", "  a bare search in them, ns")
    row("select-" count "-ratio", "  256 ranges / 16", isJudged ? "<=" : "", logarithm)
    row("select-" count "-bare-ratio", "  a bare search's 256 / 16")
    row("select-" count "-growth", "  one growth / the other")
}

function selection_in_memory() {
    row("select-memory-16-domains", "as much memory, 16: domains")
    row("select-memory-16-ns", "  each to any of them, ns")
    row("select-memory-64-domains", "  64 ranges: domains")
    row("select-memory-64-ns", "  each to any of them, ns")
    row("select-memory-256-domains", "  256 ranges: domains")
    row("select-memory-256-ns", "  each to any of them, ns")
    row("select-memory-ratio", "  256 ranges / 16", "<=", logarithm)
}

NF == 2 { values[$1, ++counts[$1]] = $2 + 0 }

# Puts the values of a name in order, and answers the middle.
function median(name,    i, j, value, count) {
    count = counts[name]
    for (i = 2; i <= count; i++) {
        value = values[name, i]
        for (j = i - 1; j >= 1 && values[name, j] > value; j--) values[name, j + 1] = values[name, j]
        values[name, j + 1] = value
    }
    return count % 2 ? values[name, (count + 1) / 2] : (values[name, count / 2] + values[name, count / 2 + 1]) / 2
}

function text(value) { return value >= 100 ? sprintf("%.0f", value) : sprintf("%.3f", value) }

function print_row(index_of,    name, middle, best, isKept) {
    name = names[index_of]
    if (!counts[name]) {
        printf "%-30s missing\n", titles[index_of]
        missing++
        return
    }
    middle = median(name)
    best = values[name, comparisons[index_of] == ">=" ? counts[name] : 1]
    if (!comparisons[index_of]) {
        printf "%-30s %12s %12s\n", titles[index_of], text(middle), text(best)
        return
    }
    promises++
    isKept = comparisons[index_of] == ">=" ? middle >= limits[index_of] : middle <= limits[index_of]
    kept += isKept
    printf "%-30s %12s %12s   %2s %-10s %s\n", titles[index_of], text(middle), text(best), comparisons[index_of],
        text(limits[index_of]), isKept ? "ok" : "SLOWER"
}

END {
    for (i = 1; i <= rows; i++) {
        if (i in names) { print_row(i); continue }
        printf "%s%-30s %12s %12s   %-13s (%s)\n", (i > 1 ? "\n" : ""), titles[i], "median", "best", "promise", kinds[i]
    }
    printf "\nsandbox: %d of %d promises kept, %d measurements missing\n", kept, promises, missing
    exit missing > 0
}
