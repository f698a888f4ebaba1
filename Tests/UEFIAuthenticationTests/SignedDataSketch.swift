// SignedData as tests need it, broken one too: every field may be given. Not for: what ships (SignedDataWriter).

@testable import UEFIAuthentication

/// SignedData to be. What is left alone is as varstored.md 8 wants it.
struct SignedDataSketch {
    /// A SignerInfo to be.
    struct Signer {
        var key: RSASigningKey
        /// Whose issuer and serial it names.
        var certificate: [UInt8]
        var digest = ObjectIdentifierBytes.sha256
        var signatureAlgorithm = ObjectIdentifierBytes.rsaEncryption
        /// What is signed with: the algorithm of the signature itself.
        var signedWith = DigestAlgorithm.sha256
        var version: UInt8 = 1
        /// The attributes, each encoded. Nil for none; the signature is then over the content.
        var attributes: [[UInt8]]?
        var unsignedAttributes: [[UInt8]]?
        /// The signature instead of a right one.
        var signature: [UInt8]?
    }

    var signers: [Signer] = []
    var certificates: [[UInt8]] = []
    var version: UInt8 = 1
    var digests = [DERBytes.algorithm(ObjectIdentifierBytes.sha256)]
    var contentType = ObjectIdentifierBytes.data
    var embedded: [UInt8]?
    var revocations: [UInt8]?
    var hasCertificates = true
    var isWrapped = false

    init() {}

    /// One signer, whose certificate is embedded.
    init(_ key: RSASigningKey, _ certificate: [UInt8], _ others: [UInt8]...) {
        signers = [Signer(key: key, certificate: certificate)]
        certificates = [certificate] + others
    }

    func bytes(over pieces: [[UInt8]]) throws -> [UInt8] {
        let signedData = DERBytes.value(
            0x30,
            joining: [
                DERBytes.integer(version),
                DERBytes.value(0x31, joining: digests),
                DERBytes.sequence(
                    DERBytes.value(0x06, contentType),
                    embedded.map { DERBytes.value(0xA0, DERBytes.octets($0)) } ?? []),
                hasCertificates ? DERBytes.value(0xA0, joining: certificates) : [],
                revocations.map { DERBytes.value(0xA1, $0) } ?? [],
                DERBytes.value(0x31, joining: try signers.map { try Self.information($0, pieces) }),
            ])
        guard isWrapped else { return signedData }
        return DERBytes.sequence(
            DERBytes.value(0x06, ObjectIdentifierBytes.signedData), DERBytes.value(0xA0, signedData))
    }

    private static func information(_ signer: Signer, _ pieces: [[UInt8]]) throws -> [UInt8] {
        let certificate = try Certificate(der: signer.certificate[...])
        let signed = signer.attributes.map { [DERBytes.value(0x31, joining: $0)] } ?? pieces
        return DERBytes.value(
            0x30,
            joining: [
                DERBytes.integer(signer.version),
                DERBytes.sequence(
                    Array(certificate.issuer.encoded), DERBytes.value(0x02, Array(certificate.serial))),
                DERBytes.algorithm(signer.digest),
                signer.attributes.map { DERBytes.value(0xA0, joining: $0) } ?? [],
                DERBytes.algorithm(signer.signatureAlgorithm),
                DERBytes.octets(
                    try signer.signature ?? signer.key.signature(over: signed, digest: signer.signedWith)),
                signer.unsignedAttributes.map { DERBytes.value(0xA1, joining: $0) } ?? [],
            ])
    }

    /// An attribute 1.2.840.113549.1.9.number with these values.
    static func attribute(_ number: UInt8, _ values: [UInt8]...) -> [UInt8] {
        DERBytes.sequence(
            DERBytes.value(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, number]),
            DERBytes.value(0x31, joining: values))
    }

    /// The attribute messageDigest for these bytes.
    static func messageDigest(_ pieces: [[UInt8]]) -> [UInt8] {
        attribute(4, DERBytes.octets(MessageDigest(.sha256, of: pieces.map { $0[...] }).bytes))
    }
}
