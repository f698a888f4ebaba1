// What is said of a flood: rows, or lines of a name and a value.
// Not for: measuring.

import SystemCalls

/// A slice of requests, one after the other: medians, and what all but one of a hundred are within. In microseconds.
struct Slice {
    let roundTrip50: Double
    let roundTrip99: Double
    let work50: Double
    let work99: Double
    /// Requests of the flood that were handled meanwhile.
    let floodCount: Double

    /// Throws when there are none.
    init(_ waits: [Wait]) throws {
        if waits.count < 10 { throw FloodFailure("the flood had no processor") }
        let trips = waits.map { Double($0.roundTrip) / 1000 }.sorted()
        let works = waits.map { Double($0.work) / 1000 }.sorted()
        roundTrip50 = trips[trips.count / 2]
        roundTrip99 = trips[trips.count * 99 / 100]
        work50 = works[works.count / 2]
        work99 = works[works.count * 99 / 100]
        floodCount = Double(waits.map(\.floodCount).sorted()[waits.count / 2])
    }
}

/// Slices without and with a flood.
struct Comparison {
    var quiet: [Slice] = []
    var flooded: [Slice] = []
    var floodCount = 0
    /// Microseconds of the server's for each request of the flood, with nobody else.
    var costAlone = 0.0

    /// Round trips of the best of the quiet slices, in which nothing else was busy.
    var quietTrip: Double { quiet.map(\.roundTrip99).min() ?? 0 }
    /// What the server does more before it answers, of the best slices as well: who else is busy can only add to it.
    var added: Double { max(0, (flooded.map(\.work99).min() ?? 0) - (quiet.map(\.work99).min() ?? 0)) }
    var ratio: Double { (quietTrip + added) / max(0.001, quietTrip) }
}

private func median(_ slices: [Slice], _ value: (Slice) -> Double) -> Double {
    let values = slices.map(value).sorted()
    return values.isEmpty ? 0 : values[values.count / 2]
}

/// TAP, or measurements.
final class Report {
    /// Comparisons of each flood, and slices of one.
    let rounds: Int
    let sliceCount: Int
    /// Requests of a slice.
    let requestCount: Int
    private let isBenchmark: Bool
    private var comparison = Comparison()
    private var number = 0
    private var isGood = true

    init(rounds: Int?) {
        isBenchmark = rounds != nil
        self.rounds = rounds ?? 1
        sliceCount = rounds == nil ? 3 : 5
        requestCount = rounds == nil ? 50 : 150
    }

    func add(_ flood: Flood, _ comparison: Comparison) {
        self.comparison = comparison
        guard isBenchmark else { return }
        let name = flood.name.split(separator: " ").joined(separator: "-").lowercased()
        line("\(name)-ratio \(hundredths(comparison.ratio))")
        line("\(name)-added-us \(hundredths(comparison.added))")
        line("\(name)-each-us \(hundredths(comparison.costAlone))")
    }

    /// A turn of the flood is 8 requests at most while others wait: one that is under way ends, one may come before.
    /// Half of the others' requests wait for less, whatever else the machine does; times are told only.
    func end(_ flood: Flood) {
        let count = median(comparison.flooded) { $0.floodCount }
        let (quiet, flooded) = (comparison.quiet, comparison.flooded)
        let words =
            "p99 of others \(hundredths(comparison.ratio)) x quiet: \(hundredths(comparison.quietTrip)) us, and"
            + " \(hundredths(comparison.added)) us more work (p50 \(pair(quiet, flooded, \.work50)),"
            + " p99 \(pair(quiet, flooded, \.work99)); round trips p50 \(pair(quiet, flooded, \.roundTrip50)),"
            + " p99 \(pair(quiet, flooded, \.roundTrip99))); \(comparison.floodCount) of the flood"
        if isBenchmark { return }
        number += 1
        let holds = count <= 16 && comparison.floodCount >= 20
        isGood = isGood && holds
        line(
            "\(holds ? "ok" : "not ok") \(number) - \(flood.name) flood:"
                + " others wait for \(Int(count)) of it, at most 16"
        )
        line("# \(words)")
    }

    /// False when a row has failed.
    func finish() -> Bool {
        if !isBenchmark { line("1..\(number)") }
        return isGood
    }

    private func line(_ text: String) { try? StandardStream.output.write(text + "\n") }

    private func pair(_ quiet: [Slice], _ flooded: [Slice], _ value: (Slice) -> Double) -> String {
        "\(hundredths(median(quiet, value))) and \(hundredths(median(flooded, value)))"
    }

    private func hundredths(_ value: Double) -> String {
        let whole = Int((value * 100).rounded())
        return "\(whole / 100).\(whole % 100 < 10 ? "0" : "")\(whole % 100)"
    }
}
