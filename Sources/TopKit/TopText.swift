// Numbers and ranges in few characters.

public import StatisticsPage

/// Nanoseconds with a fitting unit: "850ns", "4.2us", "13.1ms", "2.5s".
public func shortDuration(_ nanoseconds: UInt64) -> String {
    if nanoseconds < 1000 { return "\(nanoseconds)ns" }
    var scale: UInt64 = 1000
    for unit in ["us", "ms"] {
        // Rounded to a tenth; the next unit where that makes 1000.0.
        let tenths = nanoseconds / (scale / 10) + (nanoseconds % (scale / 10) >= scale / 20 ? 1 : 0)
        if tenths < 10_000 { return "\(tenths / 10).\(tenths % 10)\(unit)" }
        scale *= 1000
    }
    let tenths = nanoseconds / 100_000_000 + (nanoseconds % 100_000_000 >= 50_000_000 ? 1 : 0)
    return "\(tenths / 10).\(tenths % 10)s"
}

/// A count in at most five characters: "999", "1.2k", "34k", "5.6M", up to "18.4E".
public func shortCount(_ count: UInt64) -> String {
    if count < 1000 { return "\(count)" }
    var scale: UInt64 = 1000
    for unit in ["k", "M", "G", "T", "P"] {
        let tenths = count / (scale / 10)
        if tenths < 100 { return "\(tenths / 10).\(tenths % 10)\(unit)" }
        if tenths < 10_000 { return "\(tenths / 10)\(unit)" }
        scale *= 1000
    }
    let tenths = count / 100_000_000_000_000_000
    return "\(tenths / 10).\(tenths % 10)E"
}

/// A rate: "0", "0.4", "12", "3412". What no rate can be (a damaged page) is shown as a long one.
func rateText(_ rate: Double) -> String {
    if rate < 0.05 { return "0" }
    if rate < 9.95 {
        let tenths = Int((rate * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
    return rate < 1e6 ? "\(Int(rate.rounded()))" : shortCount(rate < 1e19 ? UInt64(rate) : .max)
}

/// One range: "0x3f8-0x3ff", "mem 0xf0000000-0xf0000fff", "pci 0000:00:03.0".
public func rangeText(_ range: RangeRecord) -> String {
    func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
    let ends = range.start == range.end ? hex(range.start) : "\(hex(range.start))-\(hex(range.end))"
    switch range.type {
    case 0: return ends
    case 1: return "mem \(ends)"
    case 2: return "pci \(pciText(range.start))"
    default: return "type \(range.type) \(ends)"
    }
}

/// A function's number as people write it: segment, bus, device, function.
private func pciText(_ number: UInt64) -> String {
    func digits(_ value: UInt64, _ count: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    let parts = [digits(number >> 16, 4), digits(number >> 8 & 0xFF, 2), digits(number >> 3 & 0x1F, 2)]
    return parts.joined(separator: ":") + ".\(number & 7)"
}

/// The first range, and how many more: "0x3f8-0x3ff +2".
func rangesText(_ row: TopRow) -> String {
    let count = Int(row.server?.rangeCount ?? 0)
    guard let first = row.ranges.first else { return count == 0 ? "-" : "\(count) ranges" }
    return rangeText(first) + (count > 1 ? " +\(count - 1)" : "")
}

extension StatisticsServerState {
    /// A word for people and for JSON.
    public var word: String {
        switch self {
        case .created: "created"
        case .serving: "serving"
        case .quiet: "quiet"
        default: "state \(rawValue)"
        }
    }
}

extension StatisticsPlatform {
    /// A word for people and for JSON.
    public var word: String {
        switch self {
        case .xen: "xen"
        case .sandbox: "sandbox"
        default: "platform \(rawValue)"
        }
    }
}
