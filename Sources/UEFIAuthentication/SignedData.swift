// PKCS#7 SignedData, bare or in a ContentInfo, parsed with bounds (varstored.md 8.1 to 8.5, 8.11).
// Not for: verifying it (SignatureCheck).
internal import SwiftASN1

/// Parsed SignedData: its certificates, its signers.
struct SignedData {
    let certificates: [Certificate]
    let signers: [SignerInformation]

    /// - Parameter allowed: the digests that policy allows; SHA-256 unless it says more (8.6).
    init(_ bytes: ArraySlice<UInt8>, allowed: Set<DigestAlgorithm>) throws(AuthenticationRefusal) {
        guard
            (AuthenticationLimits.signedDataBytesMin...AuthenticationLimits.signedDataBytesMax).contains(bytes.count)
        else { throw .size(bytes.count) }
        var fields = try Self.fields(of: try ASN1Node(wholly: bytes))
        guard try fields.next().smallInteger(of: .signedData) == 1 else { throw .version(.signedData) }
        var algorithms = try fields.next(.set)
        _ = try DigestAlgorithm(try algorithms.next(), allowed: allowed, of: .signedData)
        var content = try fields.next(.sequence)
        guard try content.next().objectIdentifier(of: .signedData) == ObjectIdentifiers.data else {
            throw .contentType
        }
        // Embedded content is ignored: the caller's bytes are what was signed (8.3).
        _ = content.optional(.context(0))
        try content.end()
        certificates = try Self.certificates(try fields.next())
        _ = fields.optional(.context(1))  // CRLs: ignored
        signers = try Self.signers(try fields.next(), allowed)
        try fields.end()
    }

    /// Wrapped is told by the OID at its fixed place (8.1): bare SignedData starts with an INTEGER.
    private static func fields(of root: ASN1Node) throws(AuthenticationRefusal) -> DERFields {
        var outer = try DERFields(root, .sequence, of: .signedData)
        guard let type = outer.optional(.objectIdentifier) else { return outer }
        guard try type.objectIdentifier(of: .signedData) == ObjectIdentifiers.signedData else { throw .contentType }
        var explicit = try outer.next(.context(0))
        try outer.end()
        let inner = try explicit.next(.sequence)
        try explicit.end()
        return inner
    }

    private static func certificates(_ node: ASN1Node) throws(AuthenticationRefusal) -> [Certificate] {
        var nodes = try DERFields(node, .context(0), of: .signedData)
        var found: [ASN1Node] = []
        while let next = nodes.nextIfAny() {
            found.append(next)
            guard found.count <= AuthenticationLimits.certificatesMax else { throw .certificates(found.count) }
        }
        var certificates: [Certificate] = []
        for node in found {
            let count = node.encodedBytes.count
            guard count <= AuthenticationLimits.certificateBytesMax else { throw .certificateSize(count) }
            certificates.append(try Certificate(node))
        }
        return certificates
    }

    private static func signers(_ node: ASN1Node, _ allowed: Set<DigestAlgorithm>)
        throws(AuthenticationRefusal) -> [SignerInformation]
    {
        var nodes = try DERFields(node, .set, of: .signedData)
        var found: [ASN1Node] = []
        while let next = nodes.nextIfAny() {
            found.append(next)
            guard found.count <= AuthenticationLimits.signersMax else { throw .signers(found.count) }
        }
        guard !found.isEmpty else { throw .signers(0) }
        var signers: [SignerInformation] = []
        for node in found { signers.append(try SignerInformation(node, allowed: allowed)) }
        return signers
    }

    /// The index of the one certificate that a signer names (8.5).
    func certificate(of signer: SignerInformation) throws(AuthenticationRefusal) -> Int {
        let matching = certificates.indices.filter {
            certificates[$0].issuer.encoded == signer.issuer && certificates[$0].serial == signer.serial
        }
        guard matching.count == 1, let index = matching.first else { throw .signerCertificates(matching.count) }
        return index
    }
}
