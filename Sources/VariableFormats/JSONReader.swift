// JSON text (RFC 8259) to values, within limits: size, depth, number of values. Not for streams.

struct JSONReader {
    /// Bytes of text that are read at most (varstored.md 16.1).
    static var byteCountMax: Int { 8 << 20 }
    /// Arrays and objects within each other (varstored.md 16.1).
    static var depthMax: Int { 8 }
    /// Values in all: 1024 variables have 8192, and there is room for keys that we don't know.
    static var valueCountMax: Int { 65536 }

    private let text: [UInt8]
    private var offset = 0
    private var valueCount = 0

    /// The value that `text` is.
    static func value(of text: [UInt8]) throws(FormatError) -> JSONValue {
        guard text.count <= byteCountMax else { throw FormatError(.tooLong, at: byteCountMax) }
        var reader = JSONReader(text: text)
        let value = try reader.readValue(depth: 0)
        reader.skipBlanks()
        guard reader.offset == text.count else { throw reader.syntax() }
        return value
    }

    private init(text: [UInt8]) { self.text = text }

    private func syntax() -> FormatError {
        FormatError(offset < text.count ? .jsonSyntax : .truncated, at: offset)
    }

    private var next: UInt8? { offset < text.count ? text[offset] : nil }

    private mutating func skipBlanks() {
        while let character = next, [0x20, 0x09, 0x0A, 0x0D].contains(character) { offset += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) throws(FormatError) {
        guard next == UInt8(ascii: character) else { throw syntax() }
        offset += 1
    }

    /// Whether `character` comes next, which is taken then.
    private mutating func takes(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func readValue(depth: Int) throws(FormatError) -> JSONValue {
        skipBlanks()
        valueCount += 1
        guard valueCount <= Self.valueCountMax else { throw FormatError(.jsonTooMuch, at: offset) }
        switch next {
        case UInt8(ascii: "{"): return try readObject(depth: depth + 1)
        case UInt8(ascii: "["): return try readArray(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"): return try readWord("true", .boolean(true))
        case UInt8(ascii: "f"): return try readWord("false", .boolean(false))
        case UInt8(ascii: "n"): return try readWord("null", .null)
        default: return try readNumber()
        }
    }

    private mutating func readWord(_ word: String, _ value: JSONValue) throws(FormatError) -> JSONValue {
        for scalar in word.unicodeScalars { try take(scalar) }
        return value
    }

    private mutating func readArray(depth: Int) throws(FormatError) -> JSONValue {
        guard depth <= Self.depthMax else { throw FormatError(.jsonTooMuch, at: offset) }
        try take("[")
        var values: [JSONValue] = []
        if takes("]") { return .array(values) }
        repeat { values.append(try readValue(depth: depth)) } while takes(",")
        try take("]")
        return .array(values)
    }

    private mutating func readObject(depth: Int) throws(FormatError) -> JSONValue {
        guard depth <= Self.depthMax else { throw FormatError(.jsonTooMuch, at: offset) }
        try take("{")
        var members: [JSONMember] = []
        var keys: Set<[UInt16]> = []
        if takes("}") { return .object(members) }
        repeat {
            skipBlanks()
            let start = offset
            let key = try readString()
            // Two values for one key: readers disagree which of them counts.
            guard keys.insert(key).inserted else { throw FormatError(.jsonKeyTwice, at: start) }
            skipBlanks()
            try take(":")
            members.append(JSONMember(key: key, value: try readValue(depth: depth), offset: start))
        } while takes(",")
        try take("}")
        return .object(members)
    }

    /// RFC 8259 section 6: `-`, digits without a leading zero, fraction, exponent.
    private mutating func readNumber() throws(FormatError) -> JSONValue {
        let isNegative = next == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        let start = offset
        var magnitude: Int64? = 0
        while let digit = next, isDigit(digit) {
            magnitude = magnitude.flatMap { $0.appendingDigit(Int64(digit - 0x30)) }
            offset += 1
        }
        guard offset > start, offset == start + 1 || text[start] != 0x30 else { throw syntax() }
        var isInteger = true
        if next == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            try skipDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            try skipDigits()
        }
        guard isInteger, let magnitude else { return .number }
        return .integer(isNegative ? 0 - magnitude : magnitude)
    }

    private mutating func skipDigits() throws(FormatError) {
        guard let digit = next, isDigit(digit) else { throw syntax() }
        while let digit = next, isDigit(digit) { offset += 1 }
    }

    private func isDigit(_ character: UInt8) -> Bool { (0x30...0x39).contains(character) }

    // MARK: Strings

    private mutating func readString() throws(FormatError) -> [UInt16] {
        try take("\"")
        var units: [UInt16] = []
        while true {
            guard let character = next, character >= 0x20 else { throw syntax() }
            switch character {
            case UInt8(ascii: "\""):
                offset += 1
                return units
            case UInt8(ascii: "\\"):
                offset += 1
                units.append(try readEscape())
            case 0x20...0x7F:
                offset += 1
                units.append(UInt16(character))
            default:
                units.append(contentsOf: UTF16.encode(try readScalar()) ?? UTF16.EncodedScalar())
            }
        }
    }

    private mutating func readEscape() throws(FormatError) -> UInt16 {
        guard let character = next else { throw syntax() }
        let unit: UInt16
        switch character {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unit = UInt16(character)
        case UInt8(ascii: "b"): unit = 0x08
        case UInt8(ascii: "f"): unit = 0x0C
        case UInt8(ascii: "n"): unit = 0x0A
        case UInt8(ascii: "r"): unit = 0x0D
        case UInt8(ascii: "t"): unit = 0x09
        case UInt8(ascii: "u"):
            offset += 1
            return try readUnit()
        default: throw syntax()
        }
        offset += 1
        return unit
    }

    /// Four hexadecimal digits; half of a surrogate pair is a unit as any other.
    private mutating func readUnit() throws(FormatError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = next, let value = Hexadecimal.value(of: UInt16(digit)) else { throw syntax() }
            unit = unit << 4 | UInt16(value)
            offset += 1
        }
        return unit
    }

    /// A character beyond ASCII: UTF-8 in its shortest form and no surrogate (RFC 3629).
    private mutating func readScalar() throws(FormatError) -> Unicode.Scalar {
        let first = text[offset]
        let (length, smallest): (Int, UInt32) =
            switch first {
            case 0xC2...0xDF: (2, 0x80)
            case 0xE0...0xEF: (3, 0x800)
            case 0xF0...0xF4: (4, 0x10000)
            default: throw syntax()
            }
        guard length <= text.count - offset else { throw FormatError(.truncated, at: text.count) }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for index in 1..<length {
            let byte = text[offset + index]
            guard byte & 0xC0 == 0x80 else { throw syntax() }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        guard value >= smallest, let scalar = Unicode.Scalar(value) else { throw syntax() }
        offset += length
        return scalar
    }
}

extension Int64 {
    /// With one more decimal digit, or nil when that doesn't fit.
    fileprivate func appendingDigit(_ digit: Int64) -> Int64? {
        let (tens, overflow) = multipliedReportingOverflow(by: 10)
        guard !overflow else { return nil }
        let (sum, carry) = tens.addingReportingOverflow(digit)
        return carry ? nil : sum
    }
}
