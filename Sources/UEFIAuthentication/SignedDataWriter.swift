// Makes PKCS#7 SignedData that section 8 of varstored.md accepts: detached, SHA-256, the certificates embedded.
// Not for: descriptors and payloads (AuthenticationSigner).

/// SignedData to be.
public struct SignedDataWriter: Sendable {
    /// How SignedData is put into CertData (varstored.md 8.1).
    public enum Form: Hashable, Sendable {
        /// SignedData alone.
        case bare
        /// In a ContentInfo.
        case wrapped
    }

    private var signers: [(key: RSASigningKey, certificate: Certificate)] = []
    private var extras: [[UInt8]] = []
    /// Bare unless it says else.
    public var form = Form.bare
    /// Sign attributes (contentType, messageDigest) instead of the content itself.
    public var hasSignedAttributes = false

    /// Without signers yet.
    public init() {}

    /// A further signer: a key, and the DER certificate with its public half. Throws `key` when they do not belong
    /// together.
    public mutating func addSigner(_ key: RSASigningKey, certificate: [UInt8]) throws(AuthenticationRefusal) {
        let certificate = try Certificate(der: certificate[...])
        guard certificate.rsaKey == key.publicKey else { throw .key }
        signers.append((key, certificate))
    }

    /// A further DER certificate to embed: an intermediate one, say.
    public mutating func addCertificate(_ certificate: [UInt8]) throws(AuthenticationRefusal) {
        extras.append(Array(try Certificate(der: certificate[...]).der))
    }

    /// The SignedData over the pieces, joined.
    public func bytes(over pieces: [[UInt8]]) throws(AuthenticationRefusal) -> [UInt8] {
        var informations: [[UInt8]] = []
        for signer in signers { informations.append(try information(signer.key, signer.certificate, over: pieces)) }
        var certificates: [[UInt8]] = []
        for certificate in signers.map({ Array($0.certificate.der) }) + extras
        where !certificates.contains(certificate) {
            certificates.append(certificate)
        }
        let signedData = DERBytes.sequence(
            DERBytes.integer(1),
            DERBytes.set(DERBytes.algorithm(ObjectIdentifierBytes.sha256)),
            DERBytes.sequence(DERBytes.value(0x06, ObjectIdentifierBytes.data)),
            DERBytes.value(0xA0, joining: certificates),
            DERBytes.value(0x31, joining: informations))
        switch form {
        case .bare: return signedData
        case .wrapped:
            return DERBytes.sequence(
                DERBytes.value(0x06, ObjectIdentifierBytes.signedData), DERBytes.value(0xA0, signedData))
        }
    }

    private func information(_ key: RSASigningKey, _ certificate: Certificate, over pieces: [[UInt8]])
        throws(AuthenticationRefusal) -> [UInt8]
    {
        var attributes: [UInt8] = []
        var signed = pieces
        if hasSignedAttributes {
            let digest = MessageDigest(.sha256, of: pieces.map { $0[...] }).bytes
            let content = Self.attributes(digest)
            attributes = DERBytes.value(0xA0, content)
            signed = [DERBytes.value(0x31, content)]
        }
        return DERBytes.sequence(
            DERBytes.integer(1),
            DERBytes.sequence(
                Array(certificate.issuer.encoded), DERBytes.value(0x02, Array(certificate.serial))),
            DERBytes.algorithm(ObjectIdentifierBytes.sha256),
            attributes,
            DERBytes.algorithm(ObjectIdentifierBytes.rsaEncryption),
            DERBytes.octets(try key.signature(over: signed)))
    }

    /// contentType and messageDigest, in the order that a SET OF has: the shorter one first.
    private static func attributes(_ digest: [UInt8]) -> [UInt8] {
        DERBytes.sequence(
            DERBytes.value(0x06, ObjectIdentifierBytes.contentType),
            DERBytes.set(DERBytes.value(0x06, ObjectIdentifierBytes.data)))
            + DERBytes.sequence(
                DERBytes.value(0x06, ObjectIdentifierBytes.messageDigest), DERBytes.set(DERBytes.octets(digest)))
    }
}
