// Base64 text as RFC 4648 section 4 has it: XAPI keeps the blob as such. Not for other alphabets.

/// Bytes as base64 text and back.
public enum Base64 {
    /// Characters of text that are read at most: no file of ours is longer.
    public static var characterCountMax: Int { 8 << 20 }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")
    /// The value of each character; 0x80 for those that have none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0x80, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// The text of `bytes`: ASCII, one line without its end, padded.
    public static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < count ? UInt32(bytes[start + index]) : 0) }
            for digit in 0..<4 {
                text.append(digit <= count ? alphabet[Int(group >> (18 - 6 * UInt32(digit)) & 63)] : padding)
            }
        }
        return text
    }

    /// The bytes of `text`. Blanks and line ends may be anywhere; the padding must be there, bits that are left over
    /// must be zero.
    /// - Throws: `tooLong` beyond `characterCountMax`; `base64` with the offset of the character; `truncated`.
    public static func decode(_ text: [UInt8]) throws(FormatError) -> [UInt8] {
        guard text.count <= characterCountMax else { throw FormatError(.tooLong) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var paddings = 0
        for (offset, character) in text.enumerated() {
            if character == 0x20 || (0x09...0x0D).contains(character) { continue }
            if character == padding {
                paddings += 1
                guard digits >= 2, digits + paddings <= 4 else { throw FormatError(.base64, at: offset) }
                continue
            }
            let value = values[Int(character)]
            guard value < 64, paddings == 0 else { throw FormatError(.base64, at: offset) }
            group = group << 6 | UInt32(value)
            digits += 1
            guard digits == 4 else { continue }
            for shift in [16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: group >> shift)) }
            (group, digits) = (0, 0)
        }
        try finish(group, digits, paddings, text.count, &bytes)
        return bytes
    }

    /// The one or two bytes before the padding.
    private static func finish(
        _ group: UInt32, _ digits: Int, _ paddings: Int, _ offset: Int, _ bytes: inout [UInt8]
    ) throws(FormatError) {
        guard digits + paddings == 4 || digits == 0 else { throw FormatError(.truncated, at: offset) }
        switch digits {
        case 2:
            guard group & 0xF == 0 else { throw FormatError(.base64, at: offset) }
            bytes.append(UInt8(truncatingIfNeeded: group >> 4))
        case 3:
            guard group & 0x3 == 0 else { throw FormatError(.base64, at: offset) }
            bytes.append(UInt8(truncatingIfNeeded: group >> 10))
            bytes.append(UInt8(truncatingIfNeeded: group >> 2))
        default: break
        }
    }
}
