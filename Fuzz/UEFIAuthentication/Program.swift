// The input bytes as numbers and as random DER. Past their end everything is 0.

@testable import UEFIAuthentication

struct Program {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func word() -> Int { Int(byte()) << 8 | Int(byte()) }
    /// True for so many of sixteen bytes.
    mutating func chance(_ sixteen: UInt8) -> Bool { byte() & 15 < sixteen }
    mutating func number(below end: Int) -> Int { end > 0 ? Int(byte()) % end : 0 }
    mutating func pick<Value>(_ values: [Value]) -> Value { values[number(below: values.count)] }
    mutating func some(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

    mutating func rest() -> [UInt8] {
        defer { position = bytes.count }
        return Array(bytes.dropFirst(position))
    }

    /// DER of at most so many levels, of the types that certificates and SignedData are made of.
    mutating func der(_ levels: Int) -> [UInt8] {
        let constructed: [UInt8] = [0x30, 0x31, 0xA0, 0xA1, 0xA3, 0xA4]
        if levels > 1, chance(8) {
            let tag = pick(constructed)
            var parts: [[UInt8]] = []
            for _ in 0..<number(below: 5) { parts.append(der(levels - 1)) }
            return DERBytes.value(tag, joining: parts)
        }
        switch byte() & 7 {
        case 0: return DERBytes.integer(byte())
        case 1: return DERBytes.null
        case 2: return [0x01, 0x01, pick([0x00, 0xFF, 0x01])]
        case 3:
            return DERBytes.value(
                0x06,
                pick([
                    ObjectIdentifierBytes.data, ObjectIdentifierBytes.sha256, ObjectIdentifierBytes.rsaEncryption,
                    ObjectIdentifierBytes.messageDigest, ObjectIdentifierBytes.contentType, [0x55, 0x04, 0x03],
                ]))
        case 4: return DERBytes.octets(some(number(below: 40)))
        case 5: return DERBytes.bits(some(number(below: 40)))
        default:
            return DERBytes.value(
                pick([0x0C, 0x13, 0x14, 0x16, 0x1C, 0x1E, 0x80, 0x82, 0x02]), some(number(below: 12)))
        }
    }
}

extension DERShape {
    /// The content of the one value that the bytes are.
    static func content(of bytes: [UInt8]) -> [UInt8]? {
        guard byteCount(ofFirstValueIn: bytes[...]) == bytes.count, bytes.count > 1 else { return nil }
        let lengthBytes = bytes[1] < 0x80 ? 0 : Int(bytes[1] & 0x7F)
        return Array(bytes.dropFirst(2 + lengthBytes))
    }
}
