// An RSA private key that signs: from integers, from DER (read here, in Swift), or new. Not for: keys of guests.
internal import Crypto
internal import CryptoExtras
internal import SwiftASN1

/// An RSA private key of 2048 to 8192 bits.
public struct RSASigningKey: Sendable {
    private let key: _RSA.Signing.PrivateKey
    let publicKey: RSAPublicKey

    /// The modulus, big-endian, without leading zeros.
    public var modulus: [UInt8] { publicKey.modulus }
    /// The public exponent, big-endian, without leading zeros.
    public var exponent: [UInt8] { publicKey.exponent }

    /// From the integers of the key, big-endian. Throws `key` when they are out of range or do not belong together.
    public init(
        modulus: [UInt8], exponent: [UInt8], privateExponent: [UInt8], prime1: [UInt8], prime2: [UInt8]
    ) throws(AuthenticationRefusal) {
        let (modulus, exponent) = (Array(modulus.drop { $0 == 0 }), Array(exponent.drop { $0 == 0 }))
        guard let publicKey = RSAPublicKey(modulus: modulus, exponent: exponent),
            let key = try? _RSA.Signing.PrivateKey(
                n: modulus, e: exponent, d: privateExponent, p: prime1, q: prime2)
        else { throw .key }
        self.key = key
        self.publicKey = publicKey
    }

    /// A new key of so many bits: 2048, 3072 or 4096. Throws `key` for any other number.
    public static func generated(bits: Int = 2048) throws(AuthenticationRefusal) -> RSASigningKey {
        guard [2048, 3072, 4096].contains(bits),
            let key = try? _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits)),
            let parts = try? key.publicKey.getKeyPrimitives()
        else { throw .key }
        return try RSASigningKey(key, Array(parts.modulus), Array(parts.publicExponent))
    }

    private init(_ key: _RSA.Signing.PrivateKey, _ modulus: [UInt8], _ exponent: [UInt8])
        throws(AuthenticationRefusal)
    {
        guard let publicKey = RSAPublicKey(modulus: modulus, exponent: exponent) else { throw .key }
        self.key = key
        self.publicKey = publicKey
    }

    /// From DER: an RSAPrivateKey (PKCS#1, RFC 8017 A.1.2) or a PrivateKeyInfo with one (PKCS#8, RFC 5208) that is not
    /// encrypted. Throws `structure`, `encoding` or `key`.
    public init(der: [UInt8]) throws(AuthenticationRefusal) {
        try self.init(try ASN1Node(wholly: der[...]), mayBeWrapped: true)
    }

    private init(_ node: ASN1Node, mayBeWrapped: Bool) throws(AuthenticationRefusal) {
        var fields = try DERFields(node, .sequence, of: .privateKey)
        guard try fields.next().smallInteger(of: .privateKey) == 0 else { throw .version(.privateKey) }
        if mayBeWrapped, let node = fields.optional(.sequence) {
            let algorithm = try AlgorithmIdentifier(node, of: .privateKey)
            guard algorithm.type == ObjectIdentifiers.rsaEncryption else { throw .key }
            let inner = try fields.nextContent(.octetString)
            try self.init(try ASN1Node(wholly: inner), mayBeWrapped: false)
            return
        }
        var integers: [[UInt8]] = []
        for _ in 0..<5 {
            guard let integer = try fields.next().positiveInteger(of: .privateKey) else { throw .key }
            integers.append(integer)
        }
        try self.init(
            modulus: integers[0], exponent: integers[1], privateExponent: integers[2], prime1: integers[3],
            prime2: integers[4])
    }

    /// RSASSA-PKCS1-v1_5 over the pieces, joined: as many bytes as the modulus has.
    public func signature(over pieces: [[UInt8]], digest: DigestAlgorithm = .sha256)
        throws(AuthenticationRefusal) -> [UInt8]
    {
        do {
            let signature =
                switch MessageDigest(digest, of: pieces.map { $0[...] }) {
                case .sha256(let digest): try key.signature(for: digest, padding: .insecurePKCS1v1_5)
                case .sha384(let digest): try key.signature(for: digest, padding: .insecurePKCS1v1_5)
                case .sha512(let digest): try key.signature(for: digest, padding: .insecurePKCS1v1_5)
                }
            return Array(signature.rawRepresentation)
        } catch {
            throw .key
        }
    }
}
