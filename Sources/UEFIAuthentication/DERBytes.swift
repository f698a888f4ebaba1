// DER as bytes to be written: what the signer makes. Not for: reading DER (DERFields).

/// Makes DER values.
enum DERBytes {
    /// One value: tag, length in as few bytes as it can have, content.
    static func value(_ tag: UInt8, _ contents: [UInt8]...) -> [UInt8] { value(tag, joining: contents) }

    /// One value of several parts.
    static func value(_ tag: UInt8, joining contents: [[UInt8]]) -> [UInt8] {
        let count = contents.reduce(0) { $0 + $1.count }
        var bytes = [tag]
        bytes.reserveCapacity(count + 6)
        if count < 0x80 {
            bytes.append(UInt8(count))
        } else {
            let lengthBytes = (Int.bitWidth - count.leadingZeroBitCount + 7) / 8
            bytes.append(0x80 | UInt8(lengthBytes))
            for shift in (0..<lengthBytes).reversed() { bytes.append(UInt8(truncatingIfNeeded: count >> (8 * shift))) }
        }
        for content in contents { bytes += content }
        return bytes
    }

    static func sequence(_ contents: [UInt8]...) -> [UInt8] { value(0x30, joining: contents) }
    static func set(_ contents: [UInt8]...) -> [UInt8] { value(0x31, joining: contents) }
    static func octets(_ content: [UInt8]) -> [UInt8] { value(0x04, content) }
    static func bits(_ content: [UInt8]) -> [UInt8] { value(0x03, [0], content) }
    static let null: [UInt8] = [0x05, 0x00]

    /// An INTEGER from 0 to 127.
    static func integer(_ value: UInt8) -> [UInt8] { self.value(0x02, [value & 0x7F]) }

    /// An INTEGER from its magnitude.
    static func integer(magnitude: [UInt8]) -> [UInt8] {
        let digits = Array(magnitude.drop { $0 == 0 })
        guard let first = digits.first else { return integer(0) }
        return first < 0x80 ? value(0x02, digits) : value(0x02, [0], digits)
    }

    /// An AlgorithmIdentifier with parameters NULL.
    static func algorithm(_ identifier: [UInt8]) -> [UInt8] { sequence(value(0x06, identifier), null) }
}

/// The content octets of the OBJECT IDENTIFIERs that the signer writes.
enum ObjectIdentifierBytes {
    /// 1.2.840.113549.1.7.1
    static let data: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01]
    /// 1.2.840.113549.1.7.2
    static let signedData: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02]
    /// 1.2.840.113549.1.9.3
    static let contentType: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03]
    /// 1.2.840.113549.1.9.4
    static let messageDigest: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04]
    /// 1.2.840.113549.1.1.1
    static let rsaEncryption: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]
    /// 2.16.840.1.101.3.4.2.1
    static let sha256: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]
}
