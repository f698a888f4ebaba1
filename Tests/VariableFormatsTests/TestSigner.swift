// A key and the plainest certificate for it, made once in a run: version 1, signed by itself.

import UEFIAuthentication

enum TestSigner {
    static let key: RSASigningKey = {
        do { return try RSASigningKey.generated() } catch { preconditionFailure("no key: \(error)") }
    }()

    /// Certificate as RFC 5280 section 4.1 has it.
    static let certificate: [UInt8] = {
        let name = der(0x30, der(0x31, der(0x30, der(0x06, [0x55, 0x04, 0x03]), der(0x0C, Array("Formats".utf8)))))
        let times = der(0x17, Array("260101000000Z".utf8))
        let publicKey = der(0x30, integer(key.modulus), integer(key.exponent))
        // rsaEncryption and sha256WithRSAEncryption
        let rsa = der(0x30, der(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]), der(0x05))
        let signing = der(0x30, der(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B]), der(0x05))
        let signed = der(
            0x30, integer([1]), signing, name, der(0x30, times, times), name, der(0x30, rsa, der(0x03, [0], publicKey)))
        do {
            return der(0x30, signed, signing, der(0x03, [0], try key.signature(over: [signed])))
        } catch {
            preconditionFailure("no signature: \(error)")
        }
    }()

    private static func integer(_ value: [UInt8]) -> [UInt8] { der(0x02, (value[0] & 0x80 == 0 ? [] : [0]) + value) }

    private static func der(_ tag: UInt8, _ parts: [UInt8]...) -> [UInt8] {
        let count = parts.reduce(0) { $0 + $1.count }
        let length: [UInt8] =
            switch count {
            case ..<0x80: [UInt8(count)]
            case ..<0x100: [0x81, UInt8(count)]
            default: [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
            }
        return [tag] + length + parts.joined()
    }
}
