// A line of the log while it is put together: printable ASCII alone, one line, not too long.
// Not for: what is said (DaemonLog).
//
// Escapes: \\ for a backslash, \n, \r, \t; \u{HEX} for any other character that is not printable ASCII, and for quotes
// within quotes \". So no guest can end a line, colour a terminal, or write what reads as another field.

/// A line, as UTF-8.
struct LogText {
    /// Bytes of a line with its line feed. With what a sink may say before it, no more than a pipe takes whole or not
    /// at all (PIPE_BUF, 4096), so that lines of two writers never mix.
    static let byteCountMax = 4096 - 64
    /// Bytes of one value, escaped: a name that fills the line must not hide the other fields.
    static let valueByteCountMax = 1024
    /// What stands in the place of what was cut off.
    private static let cut = "..."

    private var bytes: [UInt8] = []
    private var isCut = false

    /// Adds what is known to be printable.
    mutating func add(plain text: String) { add(Array(text.utf8)) }

    /// Adds text, escaped.
    mutating func add(escaping text: String) {
        for scalar in text.unicodeScalars where !isCut { add(Self.escaped(scalar, isQuoted: false)) }
    }

    /// Adds a field's value: as it is; in quotes when it is empty or has a blank, a quote or an equals sign.
    mutating func add(value: String) {
        let isQuoted =
            value.utf8.isEmpty
            || value.utf8.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") }
        var escaped: [UInt8] = []
        for scalar in value.unicodeScalars {
            let piece = Self.escaped(scalar, isQuoted: isQuoted)
            if escaped.count + piece.count > Self.valueByteCountMax {
                escaped += Array(Self.cut.utf8)
                break
            }
            escaped += piece
        }
        let quote: [UInt8] = isQuoted ? [UInt8(ascii: "\"")] : []
        add(quote + escaped + quote)
    }

    /// The line, without a line feed.
    func finished() -> String {
        String(decoding: isCut ? bytes + Array(Self.cut.utf8) : bytes, as: UTF8.self)
    }

    /// Adds a piece whole or, when there is no room, not at all, nor anything after it.
    private mutating func add(_ piece: [UInt8]) {
        if isCut { return }
        if bytes.count + piece.count > Self.byteCountMax - 1 - Self.cut.utf8.count {
            isCut = true
        } else {
            bytes += piece
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar, isQuoted: Bool) -> [UInt8] {
        let backslash = UInt8(ascii: "\\")
        switch scalar.value {
        case 0x5C: return [backslash, backslash]
        case 0x0A: return [backslash, UInt8(ascii: "n")]
        case 0x0D: return [backslash, UInt8(ascii: "r")]
        case 0x09: return [backslash, UInt8(ascii: "t")]
        case 0x22 where isQuoted: return [backslash, 0x22]
        case 0x20...0x7E: return [UInt8(truncatingIfNeeded: scalar.value)]
        default: return Array("\\u{".utf8) + hexadecimal(scalar.value) + [UInt8(ascii: "}")]
        }
    }

    private static func hexadecimal(_ value: UInt32) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var answer: [UInt8] = []
        var rest = value
        repeat {
            answer.insert(digits[Int(rest & 15)], at: 0)
            rest >>= 4
        } while rest != 0
        return answer
    }
}
