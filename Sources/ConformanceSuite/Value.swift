// A number in a row: as it is, or by the name that an earlier step has given it.
// Not for: what a step is expected to answer (Expectation).

/// A number, or what a name stands for when the step runs: "A" is the id of the server that was created as A, "G" the
/// guest, "N" its vCPUs, "port+1" one more than what was bound as port. Two may differ by a constant only.
public enum Value: Hashable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    /// The number itself.
    case number(UInt64)
    /// What a name stands for, and a number more.
    case named(String, plus: UInt64)

    /// A number.
    public init(integerLiteral value: UInt64) { self = .number(value) }

    /// A name, or a name and what is added to it: `port+2`.
    public init(stringLiteral text: String) {
        let parts = text.split(separator: "+", maxSplits: 1)
        if parts.count == 2, let more = UInt64(parts[1]) {
            self = .named(String(parts[0]), plus: more)
        } else {
            self = .named(text, plus: 0)
        }
    }

    /// -1 as a number of 64 bits.
    public static let allOnes = Value.number(~0)
}

extension Value: CustomStringConvertible {
    /// As a reader of the specification expects it: 7, 0x100, A, port+2, ~0.
    public var description: String {
        switch self {
        case .number(let number): Value.text(number)
        case .named(let name, 0): name
        case .named(let name, let more): "\(name)+\(more)"
        }
    }

    /// Small numbers decimal, others hexadecimal.
    static func text(_ number: UInt64) -> String {
        number == ~0 ? "~0" : number < 10 ? "\(number)" : "0x" + String(number, radix: 16)
    }

    /// A domain's id, as everybody writes it: decimal, but for reserved ones.
    var asDomain: String {
        if case .number(let id) = self, id < 0x7FF0 { return "domain \(id)" }
        return "domain \(self)"
    }
}
