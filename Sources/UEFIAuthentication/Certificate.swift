// An X.509 certificate, as far as authentication looks at it. Not for: whom to trust, nor for dates, which are ignored.
internal import SwiftASN1

/// One parsed certificate.
struct Certificate {
    /// The public key, as far as it is of use.
    enum PublicKey {
        /// In the range that is accepted for signatures.
        case rsa(RSAPublicKey)
        /// Two positive integers out of that range.
        case rsaOutOfRange
        case other
    }

    let der: ArraySlice<UInt8>
    /// The DER of the TBSCertificate: what the issuer has signed.
    let signedPart: ArraySlice<UInt8>
    /// 1 to 3.
    let version: Int
    /// The content octets of the serial number.
    let serial: ArraySlice<UInt8>
    let issuer: DistinguishedName
    let subject: DistinguishedName
    /// Issuer and subject are the same name.
    let isSelfIssued: Bool
    let publicKey: PublicKey
    let extensions: CertificateExtensions
    /// The digest below the issuer's signature; nil when it is not RSA with one that is accepted for certificates.
    let signatureDigest: DigestAlgorithm?
    let signature: ArraySlice<UInt8>

    var rsaKey: RSAPublicKey? {
        if case .rsa(let key) = publicKey { key } else { nil }
    }

    /// From exactly one DER certificate of a size that a chain may have (8.11).
    init(der bytes: ArraySlice<UInt8>) throws(AuthenticationRefusal) {
        guard bytes.count <= AuthenticationLimits.certificateBytesMax else { throw .certificateSize(bytes.count) }
        try self.init(try ASN1Node(wholly: bytes))
    }

    /// From an entry of a signature list: bytes after the certificate are padding, and it may be of any size (9.1).
    init(startOf bytes: ArraySlice<UInt8>) throws(AuthenticationRefusal) {
        guard let count = DERShape.byteCount(ofFirstValueIn: bytes) else { throw .encoding }
        try self.init(try ASN1Node(wholly: bytes.prefix(count)))
    }

    init(_ node: ASN1Node) throws(AuthenticationRefusal) {
        let bytes = node.encodedBytes
        var outer = try DERFields(node, .sequence, of: .certificate)
        let signedNode = try outer.next()
        let algorithm = try outer.next()
        signature = try outer.next().bitStringBytes(of: .certificate)
        try outer.end()

        var fields = try DERFields(signedNode, .sequence, of: .certificate)
        version = try Self.version(fields.optional(.context(0)))
        serial = try fields.next().integer(of: .certificate)
        let innerAlgorithm = try fields.next()
        issuer = try DistinguishedName(try fields.next())
        _ = try fields.next(.sequence)  // validity: not looked at (8.10)
        subject = try DistinguishedName(try fields.next())
        isSelfIssued = issuer.matches(subject)
        publicKey = try Self.publicKey(try fields.next())
        _ = fields.optional(.context(1))
        _ = fields.optional(.context(2))
        extensions = try Self.extensions(fields.optional(.context(3)), version)
        try fields.end()

        der = bytes
        signedPart = signedNode.encodedBytes
        signatureDigest =
            algorithm.encodedBytes == innerAlgorithm.encodedBytes ? try Self.signatureDigest(algorithm) : nil
    }

    private static func version(_ node: ASN1Node?) throws(AuthenticationRefusal) -> Int {
        guard let node else { return 1 }
        var fields = try DERFields(node, .context(0), of: .certificate)
        guard let value = try fields.next().smallInteger(of: .certificate), value <= 2 else {
            throw .version(.certificate)
        }
        try fields.end()
        return value + 1
    }

    private static func extensions(_ node: ASN1Node?, _ version: Int)
        throws(AuthenticationRefusal) -> CertificateExtensions
    {
        guard let node else { return CertificateExtensions() }
        guard version == 3 else { throw .version(.certificate) }
        var fields = try DERFields(node, .context(3), of: .certificate)
        let extensions = try CertificateExtensions(try fields.next())
        try fields.end()
        return extensions
    }

    private static func signatureDigest(_ node: ASN1Node) throws(AuthenticationRefusal) -> DigestAlgorithm? {
        let algorithm = try AlgorithmIdentifier(node, of: .certificate)
        return algorithm.hasNoParameters ? DigestAlgorithm(signatureAlgorithm: algorithm.type) : nil
    }

    private static func publicKey(_ node: ASN1Node) throws(AuthenticationRefusal) -> PublicKey {
        var fields = try DERFields(node, .sequence, of: .certificate)
        let algorithm = try AlgorithmIdentifier(try fields.next(), of: .certificate)
        let bits = try fields.next()
        try fields.end()
        guard algorithm.type == ObjectIdentifiers.rsaEncryption, algorithm.hasNoParameters else { return .other }
        do throws(AuthenticationRefusal) {
            let content = try bits.bitStringBytes(of: .certificate)
            var integers = try DERFields(try ASN1Node(wholly: content), .sequence, of: .certificate)
            let modulus = try integers.next().positiveInteger(of: .certificate)
            let exponent = try integers.next().positiveInteger(of: .certificate)
            try integers.end()
            guard let modulus, let exponent else { return .other }
            return RSAPublicKey(modulus: modulus, exponent: exponent).map(PublicKey.rsa) ?? .rsaOutOfRange
        } catch {
            return .other
        }
    }
}

/// An AlgorithmIdentifier: a type, and parameters that for all that we accept are NULL or absent.
struct AlgorithmIdentifier {
    /// Nil for one that nobody here can know.
    var type: ASN1ObjectIdentifier?
    var hasNoParameters: Bool

    init(_ node: ASN1Node, of part: AuthenticationRefusal.Part) throws(AuthenticationRefusal) {
        var fields = try DERFields(node, .sequence, of: part)
        type = try fields.next().objectIdentifier(of: part)
        if let parameters = fields.nextIfAny() {
            hasNoParameters = parameters.encodedBytes.elementsEqual([0x05, 0x00])
        } else {
            hasNoParameters = true
        }
        try fields.end()
    }
}
