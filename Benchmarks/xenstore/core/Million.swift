// A million short nodes: what they take, and how they go.
// Not for: single requests (Requests.swift).

import CSpawn
import XenstoreCore
import XenstoreWire

/// Microseconds of processor time that a body takes: what a wait is where nobody else wants the processor.
private func microseconds(_ body: () -> Void) -> Double {
    let start = corbel_bench_processor_time()
    body()
    return Double(corbel_bench_processor_time() - start) / 1000
}

/// Under /many a thousand nodes with a thousand children each.
private func fill(_ store: Store, _ name: (Int, Int) -> String) {
    for outer in 0..<1000 {
        for inner in 0..<999 { store.ask(.write, "/many/\(outer)/\(name(outer, inner))|1") }
    }
}

/// Removes them, while another client reads: how long the reply took, and the longest wait of the other.
private func empty(_ store: Store, transaction: Bool) -> (reply: Double, wait: Double) {
    let other = store.core.openSocket()
    let read = Array("/tool".utf8) + [0]
    var remove = Array("/many".utf8) + [0]
    var header = store.header(.remove, remove)
    if transaction {
        store.ask(.transactionStart, "|")
        header.transactionID = 1
        store.ask(store.socket, header, remove)
        remove = Array("T".utf8) + [0]
        header = store.header(.transactionEnd, remove)
        header.transactionID = 1
    }
    let reply = microseconds { store.ask(store.socket, header, remove) }
    var wait = 0.0
    repeat {
        wait = max(wait, microseconds { store.ask(other, store.header(.read, read), read) })
        wait = max(wait, microseconds { store.core.tick(now: store.now, into: &store.effects) })
        store.effects.removeAll(keepingCapacity: true)
    } while store.core.nextDeadline() == 0
    return (reply, wait)
}

private func measureMillion(_ title: String, transaction: Bool, _ name: (Int, Int) -> String) {
    let store = Store()
    let start = (heap: corbel_bench_heap_bytes(), resident: corbel_bench_resident_bytes())
    let time = microseconds { fill(store, name) }
    report("\(title)-fill-ns", time * 1000 / 1_000_000)
    let full = (heap: corbel_bench_heap_bytes(), resident: corbel_bench_resident_bytes())
    report("\(title)-node-bytes", Double(Int64(full.heap) - Int64(start.heap)) / 1_000_000)
    report("\(title)-node-resident", Double(Int64(full.resident) - Int64(start.resident)) / 1_000_000)
    let removal = empty(store, transaction: transaction)
    report("\(title)-reply-us", removal.reply)
    report("\(title)-wait-us", removal.wait)
    let end = (heap: corbel_bench_heap_bytes(), resident: corbel_bench_resident_bytes())
    report("\(title)-after-heap-kib", (Double(end.heap) - Double(start.heap)) / 1024)
    report("\(title)-after", Double(end.resident) / Double(start.resident))
}

func measureMillion() {
    corbel_bench_keep_large_apart()
    // Names that occur once, as the worst case; then such as devices have.
    measureMillion("unlike", transaction: false) { "n\($0 * 1000 + $1)" }
    measureMillion("alike", transaction: true) { "n\($1)" }
}
