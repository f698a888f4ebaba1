// Values as text: how they are shown, and what backslashes in an argument stand for.
// Not for: paths, which have no such bytes.

/// A node's value as the tools show it and take it.
enum ValueText {
    /// A value in printable characters: `\n`, `\r`, `\t` and `\\`, three octal digits for what is below 8, `\x1f` for
    /// all else that is not printable ASCII.
    static func shown(_ value: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(value.count)
        for byte in value {
            switch byte {
            case 0x0A: text += Array("\\n".utf8)
            case 0x0D: text += Array("\\r".utf8)
            case 0x09: text += Array("\\t".utf8)
            case 0x5C: text += Array("\\\\".utf8)
            case 0x20...0x7E: text.append(byte)
            case 0..<8: text += Array("\\00".utf8) + [0x30 + byte]
            default: text += Array("\\x".utf8) + [hexDigit(byte >> 4), hexDigit(byte & 15)]
            }
        }
        return text
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    /// The value that an argument stands for: what `shown` gives, octal numbers of one to three digits and hexadecimal
    /// ones of one or two. A backslash before anything else stands for what is behind it, and at the end for a NUL.
    static func parsed(_ text: [UInt8]) -> [UInt8] {
        var value: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            value.append(byte == 0x5C ? escape(&rest) : byte)
        }
        return value
    }

    /// What stands behind a backslash.
    private static func escape(_ rest: inout ArraySlice<UInt8>) -> UInt8 {
        guard let byte = rest.popFirst() else { return 0 }
        switch byte {
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "x"): return number(&rest, base: 16, digitCountMax: 2) ?? byte
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            rest = text(byte, before: rest)
            return number(&rest, base: 8, digitCountMax: 3) ?? byte
        default: return byte
        }
    }

    private static func text(_ byte: UInt8, before rest: ArraySlice<UInt8>) -> ArraySlice<UInt8> { [byte] + rest }

    /// A number of at most so many digits, its lowest 8 bits; nil when there is no digit.
    private static func number(_ rest: inout ArraySlice<UInt8>, base: UInt8, digitCountMax: Int) -> UInt8? {
        var number: UInt8?
        for _ in 0..<digitCountMax {
            guard let byte = rest.first, let digit = hexValue(byte), digit < base else { break }
            number = (number ?? 0) &* base &+ digit
            rest.removeFirst()
        }
        return number
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// A number at the beginning of a text as C's `atoi` reads it: blanks, a sign, digits; 0 when there are none. What
    /// is too large for 64 bits is the largest one; of that the lower 32 bits.
    static func number(_ text: [UInt8]) -> Int32 {
        var rest = text.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        var value: Int64 = 0
        for byte in rest {
            guard (0x30...0x39).contains(byte) else { break }
            let digit = Int64(byte - 0x30)
            let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) =
                isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            if tensOverflow || sumOverflow {
                value = isNegative ? .min : .max
                break
            }
            value = sum
        }
        return Int32(truncatingIfNeeded: value)
    }
}
