# The rows of the Xenstore server, of what Benchmarks/xenstore/measure prints (see rows.awk). With peer=1 C's was measured,
# too: "of C" is ours by C's, in the same round (xenstored.md 17.2).
function beside(name, title, comparison, limit) { if (peer) row("ratio-" name, "  of C", comparison, limit) }
function plain(shape, title, limit, how) {
    row("ours-" shape "-cpu-us", title ", CPU us each")
    if (how == "cpu") beside(shape "-cpu-us", "", "<=", limit)
    row("ours-" shape "-rate", "  each second")
    if (how == "rate") beside(shape "-rate", "", ">=", limit)
    row("ours-" shape "-p99-us", "  p99, us")
}

BEGIN {
    subject = "xenstored"
    heading("one client", "processor time of the server, and each second")
    plain("read-1-1", "read", 0.75, "cpu")
    plain("read-1-32", "read, 32 in flight", 0.5, "cpu")
    plain("write-1-1", "write", 0.75, "cpu")
    plain("write-1-32", "write, 32 in flight", 0.5, "cpu")
    heading("50 clients, 16 in flight", "the same")
    plain("read-50-16", "read", 1.5, "rate")
    plain("write-50-16", "write", 1.5, "rate")
    heading("transactions", "commits each second")
    row("ours-transaction-busy-rate", "20 requests, 49 writers")
    beside("transaction-busy-rate", "", ">=", 6)
    row("ours-modify-equal-rate", "50 modify one node, equal")
    beside("modify-equal-rate", "", ">=", 1)
    row("ours-modify-equal-again-percent", "  EAGAIN, percent", "<=", 1)
    row("ours-modify-new-rate", "50 modify one node, new bytes")
    beside("modify-new-rate", "", ">=", 3)
    row("ours-modify-new-again-percent", "  EAGAIN, percent", "<=", 30)
    row("ours-devices-rate", "50 make devices")
    row("ours-devices-again-percent", "  EAGAIN, percent", "<=", 0)
    heading("many", "of one by another")
    row("ours-children-ratio", "create, 10 000 / 10 children", "<=", 1.2)
    row("ours-listing-us", "list of 10 000, us")
    beside("listing-us", "", "<=", 0.5)
    row("ours-watches-write-ratio", "write, 30 000 / no watches", "<=", 1.2)
    row("ours-watches-adding-ratio", "adding a watch, late / early", "<=", 1.2)
    heading("memory", "resident")
    row("ours-idle-MiB", "idle, MiB", "<=", 10)
    row("ours-memory-node-bytes", "a node of 100 000, bytes", "<=", 130)
    beside("memory-node-bytes", "", "<=", 1)
    row("ours-memory-remove-us", "RM of them: reply, us", "<=", 1000)
    row("ours-memory-remove-others-max-us", "  longest wait of another, us", "<=", 2000)
    row("ours-memory-rest-ratio", "  after / before", "<=", 1.2)
}
