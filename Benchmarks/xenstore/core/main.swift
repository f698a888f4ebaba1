// What the store itself takes, on private memory: no socket, no ring, no daemon.
//     xenstore-core-bench ROUNDS        a line for each measurement: name, value
// Benchmarks/xenstore-core.awk makes a table of it. Not for: the daemon beside its peers (xenstore-load).

import CSpawn
import SystemCalls
import XenstoreCore
import XenstoreWire

func report(_ name: String, _ value: Double) {
    try? StandardStream.output.write("\(name) \(value)\n")
}

/// Nanoseconds of processor time, and allocations, that each of `count` turns takes.
func measure(_ count: Int, _ body: () -> Void) -> (nanoseconds: Double, allocations: Double) {
    let allocations = corbel_bench_allocations()
    let start = corbel_bench_processor_time()
    body()
    let time = corbel_bench_processor_time() - start
    return (Double(time) / Double(count), Double(corbel_bench_allocations() - allocations) / Double(count))
}

private func run(rounds: Int) {
    // First and once: before there is anything on the heap that is not its own.
    measureMillion()
    for _ in 0..<rounds {
        measureRequests()
        measureListing()
        measureCommits()
        measureIdle()
        measureCreation()
    }
}

if CommandLine.arguments.count == 2, let rounds = Int(CommandLine.arguments[1]), rounds > 0 {
    run(rounds: rounds)
} else {
    try? StandardStream.error.write("usage: xenstore-core-bench ROUNDS\n")
    exitProgram(1)
}
