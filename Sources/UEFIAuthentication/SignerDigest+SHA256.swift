// SHA-256 of a certificate, by which Microsoft's are known. Source: varstored.md 15.3, 17.4.
// Not for: digests that signatures use (MessageDigest.swift).
public import UEFIVariables

extension SignerDigest {
    /// SHA-256 of these bytes.
    public init(sha256 bytes: [UInt8]) {
        self = SignerDigest(bytes: MessageDigest(.sha256, of: [bytes[...]]).bytes) ?? .zero
    }
}

extension PKCS7Verifier {
    /// Hashes and verifies once, so that the libraries below have made what they make at their first use: tables,
    /// tests of themselves. For before a program gives up its rights. Source: varstored.md 12.5.
    public static func touchLibraries() {
        let digest = MessageDigest(.sha256, of: [])
        // Odd, 2048 bits: a modulus as far as anybody checks.
        let modulus = [UInt8](repeating: 0xC5, count: 256)
        let key = RSAPublicKey(modulus: modulus, exponent: [1, 0, 1])
        _ = key?.verifies([UInt8](repeating: 0x3A, count: 256)[...], of: digest)
    }
}
