// What is said of a flood: rows, or lines of a name and a value.
// Not for: measuring.

import SystemCalls

/// A slice of requests, one after the other.
struct Slice {
    let count: Int
    let p50: UInt64
    let p99: UInt64
    /// Requests of the flood that half of them waited for at most.
    let floodCount: Int

    init(_ waits: [Wait]) {
        let times = waits.map(\.nanoseconds).sorted()
        count = times.count
        p50 = times.isEmpty ? 0 : times[times.count / 2]
        p99 = times.isEmpty ? 0 : times[times.count * 99 / 100]
        floodCount = times.isEmpty ? 0 : waits.map(\.floodCount).sorted()[waits.count / 2]
    }
}

/// Slices without and with a flood.
struct Comparison {
    var quiet: [Slice] = []
    var flooded: [Slice] = []
    var floodCount = 0
    var floodNanoseconds: UInt64 = 0

    var ratio: Double { median(flooded.map { Double($0.p99) }) / median(quiet.map { Double($0.p99) }) }
    var floodRate: Double { Double(floodCount) * 1e9 / Double(max(1, floodNanoseconds)) }
}

private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// TAP, or measurements.
final class Report {
    /// Comparisons of each flood, and slices of one.
    let rounds: Int
    let sliceCount: Int
    private let isBenchmark: Bool
    private var comparison = Comparison()
    private var number = 0
    private var isGood = true

    init(rounds: Int?) {
        isBenchmark = rounds != nil
        self.rounds = rounds ?? 1
        sliceCount = rounds == nil ? 3 : 5
    }

    func add(_ flood: Flood, _ comparison: Comparison) {
        self.comparison = comparison
        guard isBenchmark else { return }
        let name = flood.name.split(separator: " ").joined(separator: "-").lowercased()
        line("\(name)-ratio \(hundredths(comparison.ratio))")
    }

    /// A turn of the flood is 32 requests at most, in one transaction 128 (xenstored.md 14.5): one that is under way may
    /// have to end, one may come before. Half of the others' requests wait for less, whatever else the machine does.
    func end(_ flood: Flood) {
        let count = median(comparison.flooded.map { Double($0.floodCount) })
        let quiet = comparison.quiet, flooded = comparison.flooded
        let words =
            "p99 of others \(hundredths(comparison.ratio)) x quiet"
            + " (us: p50 \(micro(quiet.map(\.p50))) and \(micro(flooded.map(\.p50))),"
            + " p99 \(micro(quiet.map(\.p99))) and \(micro(flooded.map(\.p99)));"
            + " \(Int(comparison.floodRate)) a second flooded)"
        if isBenchmark { return line("# \(flood.name): \(words)") }
        number += 1
        let holds = count <= 64 && comparison.floodCount >= 100
        isGood = isGood && holds
        line("\(holds ? "ok" : "not ok") \(number) - \(flood.name) flood: others wait for \(Int(count)) of it, at most 64")
        line("# \(words)")
    }

    /// False when a row has failed.
    func finish() -> Bool {
        if !isBenchmark { line("1..\(number)") }
        return isGood
    }

    private func line(_ text: String) { try? StandardStream.output.write(text + "\n") }
    private func micro(_ values: [UInt64]) -> String { hundredths(median(values.map { Double($0) / 1000 })) }

    private func hundredths(_ value: Double) -> String {
        let whole = Int((value * 100).rounded())
        return "\(whole / 100).\(whole % 100 < 10 ? "0" : "")\(whole % 100)"
    }
}
