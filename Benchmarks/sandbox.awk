# The rows of the sandbox, of what corbel-sandbox-bench prints (see rows.awk).
BEGIN {
    subject = "sandbox"
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
