// Bytes as hexadecimal digits.

enum Hexadecimal {
    /// Two lower-case digits for each byte.
    static func digits(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.underestimatedCount * 2)
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 0xF))
        }
        return text
    }

    static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }

    /// The value of a digit of either case.
    static func value(of character: UInt16) -> UInt8? {
        switch character {
        case 0x30...0x39: UInt8(character - 0x30)
        case 0x41...0x46: UInt8(character - 0x41 + 10)
        case 0x61...0x66: UInt8(character - 0x61 + 10)
        default: nil
        }
    }

    /// The bytes that UTF-16 text names, or nil when it isn't an even number of digits.
    static func bytes(of text: [UInt16]) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = value(of: text[index]), let low = value(of: text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}
