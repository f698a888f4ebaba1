// An RSA public key as two integers, checked here before swift-crypto sees it, and what it verifies.
// Not for: DER; it never reaches the C library behind swift-crypto (varstored.md 1).
internal import Crypto
internal import CryptoExtras

/// Modulus and exponent, big-endian without leading zeros.
struct RSAPublicKey: Hashable, Sendable {
    let modulus: [UInt8]
    let exponent: [UInt8]

    /// Only keys in the range of varstored.md 8.7 and 8.11: 2048 to 8192 bits, both odd, exponent from 3 to 2^33.
    init?(modulus: [UInt8], exponent: [UInt8]) {
        guard let lastOfModulus = modulus.last, let lastOfExponent = exponent.last,
            AuthenticationLimits.modulusBits.contains(Self.bits(modulus)), lastOfModulus & 1 == 1,
            Self.bits(exponent) <= AuthenticationLimits.exponentBitsMax, lastOfExponent & 1 == 1,
            exponent != [1]
        else { return nil }
        self.modulus = modulus
        self.exponent = exponent
    }

    private static func bits(_ magnitude: [UInt8]) -> Int {
        guard let first = magnitude.first else { return 0 }
        return magnitude.count * 8 - first.leadingZeroBitCount
    }

    /// RSASSA-PKCS1-v1_5 (varstored.md 8.7).
    func verifies(_ signature: ArraySlice<UInt8>, of digest: MessageDigest) -> Bool {
        guard signature.count == modulus.count, let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) else {
            return false
        }
        let raw = _RSA.Signing.RSASignature(rawRepresentation: signature)
        return switch digest {
        case .sha256(let digest): key.isValidSignature(raw, for: digest, padding: .insecurePKCS1v1_5)
        case .sha384(let digest): key.isValidSignature(raw, for: digest, padding: .insecurePKCS1v1_5)
        case .sha512(let digest): key.isValidSignature(raw, for: digest, padding: .insecurePKCS1v1_5)
        }
    }
}
