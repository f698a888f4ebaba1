// The text exposition format 0.0.4: families of metrics, each with HELP, TYPE and its samples in one group.
// Not for: which families there are (MetricsPage).

internal import XenstoreWire

/// A sample's value.
enum MetricValue {
    case integer(Int)
    case counter(UInt64)
    case thousandths(Int)
}

/// What a family is.
enum MetricKind: String, Sendable {
    case counter, gauge
}

/// Writes families one behind the other.
struct MetricsText {
    private var writer = XenstoreWriter()

    var bytes: [UInt8] { writer.bytes }

    mutating func family(_ name: String, _ kind: MetricKind, _ help: String) {
        writer.put("# HELP ")
        writer.put(name)
        writer.put(" ")
        escape(help, quotes: false)
        writer.put("\n# TYPE ")
        writer.put(name)
        writer.put(" ")
        writer.put(kind.rawValue)
        writer.put("\n")
    }

    /// A sample without labels, or with some.
    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: MetricValue) {
        writer.put(name)
        for (index, label) in labels.enumerated() {
            writer.put(index == 0 ? "{" : ",")
            writer.put(label.0)
            writer.put("=\"")
            escape(label.1, quotes: true)
            writer.put("\"")
        }
        writer.put(labels.isEmpty ? " " : "} ")
        put(value)
        writer.put("\n")
    }

    /// A sample of a domain.
    mutating func sample(_ name: String, domain: UInt16, quota: String? = nil, _ value: MetricValue) {
        writer.put(name)
        writer.put("{domain=\"")
        writer.putDecimal(UInt64(domain))
        if let quota {
            writer.put("\",quota=\"")
            escape(quota, quotes: true)
        }
        writer.put("\"} ")
        put(value)
        writer.put("\n")
    }

    private mutating func put(_ value: MetricValue) {
        switch value {
        case .counter(let number): writer.putDecimal(number)
        case .integer(let number):
            if number < 0 { writer.put("-") }
            writer.putDecimal(UInt64(number.magnitude))
        case .thousandths(let number):
            if number < 0 { writer.put("-") }
            writer.putDecimal(UInt64(number.magnitude / 1000))
            let rest = number.magnitude % 1000
            writer.put(rest < 10 ? ".00" : rest < 100 ? ".0" : ".")
            writer.putDecimal(UInt64(rest))
        }
    }

    /// `\` and line feeds, in labels quotes too.
    private mutating func escape(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): writer.put("\\\\")
            case UInt8(ascii: "\n"): writer.put("\\n")
            case UInt8(ascii: "\"") where quotes: writer.put("\\\"")
            default: writer.put(byte)
            }
        }
    }
}
