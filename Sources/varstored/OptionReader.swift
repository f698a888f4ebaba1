// Options taken apart, from left to right: `--name value` and `--name=value`. Source: varstored.md 12.1.
// Not for: which options there are (Options+Reading.swift).

/// Takes arguments apart.
struct OptionReader {
    private var rest: ArraySlice<String>
    private var attached: String?

    init(_ arguments: [String]) { rest = arguments[...] }

    /// The next option's name, with its dashes; nil after the last one.
    mutating func nextName() throws(OptionError) -> String? {
        guard let argument = rest.popFirst() else { return nil }
        guard argument.hasPrefix("--"), argument.utf8.count > 2 else {
            throw .usage("\(argument): not an option")
        }
        guard let equals = argument.firstIndex(of: "=") else { return argument }
        attached = String(argument[argument.index(after: equals)...])
        return String(argument[..<equals])
    }

    /// A value that nobody asked for is a mistake.
    mutating func end(_ name: String) throws(OptionError) {
        if attached != nil { throw .usage("\(name): takes no value") }
    }

    mutating func value(_ name: String) throws(OptionError) -> String {
        if let value = attached {
            attached = nil
            return value
        }
        guard let value = rest.popFirst() else { throw .usage("\(name): a value is missing") }
        return value
    }

    /// A value that is not empty: a path, a name.
    mutating func text(_ name: String) throws(OptionError) -> String {
        let text = try value(name)
        if text.isEmpty { throw .usage("\(name): a value is missing") }
        return text
    }

    /// One of these words.
    mutating func choice<Choice>(_ name: String, _ choices: [(String, Choice)]) throws(OptionError) -> Choice {
        let text = try value(name)
        if let choice = choices.first(where: { $0.0 == text }) { return choice.1 }
        let words = choices.map(\.0).joined(separator: " or ")
        throw .usage("\(name) \(text): must be \(words)")
    }

    /// A number, decimal, hexadecimal with 0x, octal with 0.
    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ name: String, in range: ClosedRange<Number>
    ) throws(OptionError) -> Number {
        let text = try value(name)
        guard let number = Self.number(text, Number.self), range.contains(number) else {
            throw .failed("\(name) \(text): not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    static func number<Number: FixedWidthInteger & UnsignedInteger>(_ text: String, _ type: Number.Type) -> Number? {
        // A sign is no digit, though Swift would take it.
        guard let first = text.utf8.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= first else { return nil }
        if text.hasPrefix("0x") || text.hasPrefix("0X") {
            let digits = text.dropFirst(2)
            guard let digit = digits.first, digit.isHexDigit else { return nil }
            return Number(digits, radix: 16)
        }
        return text.hasPrefix("0") ? Number(text, radix: 8) : Number(text, radix: 10)
    }
}
