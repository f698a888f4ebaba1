// The text exposition format, read: one sample a line (Documentation/xenstored-metrics.md).
// Not for: what the names mean (StoreFigures).

/// One sample.
struct MetricsSample: Equatable {
    /// The family, such as `xenstored_nodes`.
    var name: String
    /// Its labels.
    var labels: [String: String] = [:]
    /// Its value.
    var value: Double

    /// The value of a counter or a size; 0 when it is none.
    var count: UInt64 { value >= 0 && value < 0x1p64 ? UInt64(value) : 0 }

    /// The sample on a line; nil when there is none, as on comments.
    init?(_ line: Substring.UTF8View) {
        var rest = line[...]
        let name = rest.prefix { $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: " ") }
        if name.isEmpty || name.first == UInt8(ascii: "#") { return nil }
        self.name = String(decoding: name, as: UTF8.self)
        rest = rest[name.endIndex...]
        if rest.first == UInt8(ascii: "{") {
            rest.removeFirst()
            guard Self.readLabels(&rest, &labels) else { return nil }
        }
        // A time may follow the value.
        let fields = rest.split(separator: UInt8(ascii: " "))
        guard let field = fields.first, let value = Double(String(decoding: field, as: UTF8.self)) else { return nil }
        self.value = value
    }

    /// All samples of an answer; lines that are none are passed over.
    static func all(_ text: [UInt8]) -> [MetricsSample] {
        String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { MetricsSample($0.utf8) }
    }

    /// Reads `name="value",...}`; false when it is not that.
    private static func readLabels(_ rest: inout Substring.UTF8View, _ labels: inout [String: String]) -> Bool {
        while true {
            if rest.first == UInt8(ascii: "}") {
                rest.removeFirst()
                return true
            }
            let name = rest.prefix { $0 != UInt8(ascii: "=") }
            rest = rest[name.endIndex...].dropFirst()
            guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "\"") else { return false }
            var value: [UInt8] = []
            while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                guard byte == UInt8(ascii: "\\") else {
                    value.append(byte)
                    continue
                }
                guard let escaped = rest.popFirst() else { return false }
                value.append(escaped == UInt8(ascii: "n") ? 0x0A : escaped)
            }
            labels[String(decoding: name, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
            if rest.first == UInt8(ascii: ",") { rest.removeFirst() }
        }
    }
}
