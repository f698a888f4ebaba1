// One SignerInfo of SignedData, parsed and held to varstored.md 8.5 to 8.8. Not for: its certificate and its chain.
internal import SwiftASN1

/// Who signed, what, and how.
struct SignerInformation {
    /// The signed attributes: what is signed instead of the content, and what ties them to it.
    struct Attributes {
        /// As they are signed: a SET with their original content.
        var signedBytes: [UInt8]
        var messageDigest: ArraySlice<UInt8>
    }

    /// The DER of the issuer's name in the signer's certificate.
    let issuer: ArraySlice<UInt8>
    /// The content octets of its serial number.
    let serial: ArraySlice<UInt8>
    let digestAlgorithm: DigestAlgorithm
    let attributes: Attributes?
    let signature: ArraySlice<UInt8>

    init(_ node: ASN1Node, allowed: Set<DigestAlgorithm>) throws(AuthenticationRefusal) {
        var fields = try DERFields(node, .sequence, of: .signer)
        guard try fields.next().smallInteger(of: .signer) == 1 else { throw .version(.signer) }
        var identifier = try fields.next(.sequence)
        let name = try identifier.next()
        guard name.identifier == .sequence, case .constructed = name.content else { throw .structure(.signer) }
        issuer = name.encodedBytes
        serial = try identifier.next().integer(of: .signer)
        try identifier.end()
        digestAlgorithm = try DigestAlgorithm(try fields.next(), allowed: allowed, of: .signer)
        if let node = fields.optional(.context(0)) { attributes = try Self.attributes(node) } else { attributes = nil }
        let algorithm = try AlgorithmIdentifier(try fields.next(), of: .signer)
        guard algorithm.hasNoParameters,
            algorithm.type == ObjectIdentifiers.rsaEncryption
                || DigestAlgorithm(signatureAlgorithm: algorithm.type) == digestAlgorithm
        else { throw .signatureAlgorithm(.signer) }
        signature = try fields.nextContent(.octetString)
        _ = fields.optional(.context(1))  // unsigned attributes: ignored (8.8)
        try fields.end()
    }

    /// varstored.md 8.8: exactly one messageDigest; contentType, if there, is data.
    private static func attributes(_ node: ASN1Node) throws(AuthenticationRefusal) -> Attributes {
        var list = try DERFields(node, .context(0), of: .signer)
        var digests: [ArraySlice<UInt8>] = []
        while let attribute = list.nextIfAny() {
            var fields = try DERFields(attribute, .sequence, of: .signer)
            let type = try fields.next().objectIdentifier(of: .signer)
            var values = try fields.next(.set)
            try fields.end()
            switch type {
            case ObjectIdentifiers.messageDigest:
                digests.append(try values.nextContent(.octetString))
                try values.end()
            case ObjectIdentifiers.contentType:
                guard try values.next().objectIdentifier(of: .signer) == ObjectIdentifiers.data else {
                    throw .contentType
                }
                try values.end()
            default: break
            }
        }
        guard digests.count == 1 else { throw .messageDigest }
        return Attributes(signedBytes: [0x31] + node.encodedBytes.dropFirst(), messageDigest: digests[0])
    }
}

extension DigestAlgorithm {
    /// From an AlgorithmIdentifier that is one of those allowed, with parameters NULL or absent.
    init(_ node: ASN1Node, allowed: Set<DigestAlgorithm>, of part: AuthenticationRefusal.Part)
        throws(AuthenticationRefusal)
    {
        let algorithm = try AlgorithmIdentifier(node, of: part)
        guard algorithm.hasNoParameters, let digest = DigestAlgorithm(algorithm.type), allowed.contains(digest) else {
            throw .digest(part)
        }
        self = digest
    }
}
