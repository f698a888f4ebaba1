// The order of the rows.

import StatisticsPage

/// What rows are sorted by. Its raw value is the word for `--sort`.
public enum TopOrder: String, CaseIterable, Sendable {
    case program
    case domain
    case requests
    case reads
    case mean
    case p99
    case unclaimed
    case errors

    /// The key that chooses it.
    public var key: Character {
        switch self {
        case .program: "p"
        case .domain: "d"
        case .requests: "r"
        case .reads: "R"
        case .mean: "m"
        case .p99: "9"
        case .unclaimed: "u"
        case .errors: "e"
        }
    }

    /// Whether the largest comes first by itself.
    var isDescending: Bool { self != .program && self != .domain }

    /// Sorts rows; equals by domain, server and process, so that lines don't jump.
    public func sort(_ rows: [TopRow], reversed: Bool = false) -> [TopRow] {
        rows.sorted { left, right in
            let order = compare(left, right)
            if order != 0 { return (order < 0) != (isDescending != reversed) }
            return Self.identity(left) < Self.identity(right)
        }
    }

    private static func identity(_ row: TopRow) -> (Int, Int, Int32, UInt64) {
        (
            row.server.map { Int($0.domain) } ?? .max, row.server.map { Int($0.id) } ?? .max, row.process.processID,
            row.process.started
        )
    }

    /// Below 0 when `left` comes first in ascending order. What is not known is less than anything.
    private func compare(_ left: TopRow, _ right: TopRow) -> Int {
        func ordered<Value: Comparable>(_ value: (TopRow) -> Value?) -> Int {
            switch (value(left), value(right)) {
            case (nil, nil): 0
            case (nil, _): -1
            case (_, nil): 1
            case (let one?, let other?): one < other ? -1 : one > other ? 1 : 0
            }
        }
        return switch self {
        case .program: ordered { $0.process.program }
        case .domain: ordered { $0.server?.domain }
        case .requests: ordered { $0.requestsPerSecond }
        case .reads: ordered { $0.readShare }
        case .mean: ordered { $0.meanNanoseconds }
        case .p99: ordered { $0.percentile99Nanoseconds }
        case .unclaimed: ordered { $0.server?.counters.unclaimed }
        case .errors: ordered { $0.errorCount }
        }
    }
}
