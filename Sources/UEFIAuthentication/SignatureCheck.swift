// Verifies parsed SignedData over given bytes against trusted certificates, one after the other (varstored.md 8.5 to
// 8.11). Signatures are verified once, whatever the number of trusted certificates, and the work has an end.
// Not for: which certificates are trusted (PKCS7Verifier).

/// One request's SignedData and what is already known of it.
struct SignatureCheck {
    let signedData: SignedData
    /// For each signer, the index of its certificate.
    let signerCertificates: [Int]
    /// RSA verifications so far.
    private(set) var verifications = 0
    private var steps = 0
    private var areSignersVerified = false
    /// Which embedded certificates are issued by which others, as far as is known: child * 16 + parent. Ways through
    /// them are many more than they are: neither names nor signatures are compared again on each way.
    private var links: [Int: Bool] = [:]

    init(_ signedData: SignedData) throws(AuthenticationRefusal) {
        self.signedData = signedData
        var indices: [Int] = []
        for signer in signedData.signers { indices.append(try signedData.certificate(of: signer)) }
        signerCertificates = indices
    }

    /// The certificate of the first signer. There is one: SignedData without signers does not parse.
    var firstSigner: Certificate? { signerCertificates.first.map { signedData.certificates[$0] } }
    /// The certificate of the last signer.
    var lastSigner: Certificate? { signerCertificates.last.map { signedData.certificates[$0] } }

    /// Every signer's signature verifies over the pieces, joined (8.6 to 8.8).
    mutating func verifySigners(over pieces: [ArraySlice<UInt8>]) throws(AuthenticationRefusal) {
        guard !areSignersVerified else { return }
        var contents: [DigestAlgorithm: MessageDigest] = [:]
        for (signer, index) in zip(signedData.signers, signerCertificates) {
            guard let key = signedData.certificates[index].rsaKey else { throw .key }
            let algorithm = signer.digestAlgorithm
            let content = contents[algorithm] ?? MessageDigest(algorithm, of: pieces)
            contents[algorithm] = content
            var signed = content
            if let attributes = signer.attributes {
                guard attributes.messageDigest.elementsEqual(content.bytes) else { throw .messageDigest }
                signed = MessageDigest(algorithm, of: [attributes.signedBytes[...]])
            }
            guard try verify(signer.signature, of: signed, with: key) else { throw .signature }
        }
        areSignersVerified = true
    }

    /// Every signer's certificate leads to the trusted one (8.9).
    mutating func verifyChains(to trusted: Certificate) throws(AuthenticationRefusal) {
        var search = Search(trusted: trusted)
        for index in Set(signerCertificates).sorted() {
            guard try leads(from: index, &search) else { throw .chain }
        }
    }

    /// What belongs to one trusted certificate.
    private struct Search {
        let trusted: Certificate
        /// Which certificates the trusted one has issued, as far as is known.
        var links: [Int: Bool] = [:]
    }

    /// A certificate that a chain from the signer's leads to.
    private struct Way {
        let index: Int
        /// Certificates so far, this one counted.
        let length: Int
        /// Certificates between the signer's and the next one that are not self-issued, as pathLenConstraint counts.
        let intermediates: Int
    }

    /// Short chains first: what leads to a certificate again is no shorter, and of use only with fewer intermediates.
    private mutating func leads(from start: Int, _ search: inout Search) throws(AuthenticationRefusal) -> Bool {
        var ways = [Way(index: start, length: 1, intermediates: 0)]
        var next = 0
        while next < ways.count {
            let way = ways[next]
            next += 1
            steps += 1
            guard steps <= AuthenticationLimits.searchStepsMax else { throw .work }
            guard signedData.certificates[way.index].extensions.isAcceptable else { continue }
            if try reaches(way, &search) { return true }
            guard way.length < AuthenticationLimits.chainMax else { continue }
            for parent in signedData.certificates.indices where parent != way.index {
                let counted = way.intermediates + (signedData.certificates[parent].isSelfIssued ? 0 : 1)
                guard !ways.contains(where: { $0.index == parent && $0.intermediates <= counted }),
                    try isLinked(way.index, to: parent, above: way.intermediates)
                else { continue }
                ways.append(Way(index: parent, length: way.length + 1, intermediates: counted))
            }
        }
        return false
    }

    /// The certificate is the trusted one, or issued by it.
    private mutating func reaches(_ way: Way, _ search: inout Search) throws(AuthenticationRefusal) -> Bool {
        let child = signedData.certificates[way.index]
        if child.der == search.trusted.der { return true }
        guard way.length < AuthenticationLimits.chainMax,
            Self.mayIssue(search.trusted, asTrusted: true, above: way.intermediates)
        else { return false }
        if let known = search.links[way.index] { return known }
        let isIssued = try isIssued(child, by: search.trusted)
        search.links[way.index] = isIssued
        return isIssued
    }

    /// An embedded certificate is issued by another that may issue it there.
    private mutating func isLinked(_ index: Int, to next: Int, above intermediates: Int)
        throws(AuthenticationRefusal) -> Bool
    {
        steps += 1
        guard steps <= AuthenticationLimits.searchStepsMax else { throw .work }
        let parent = signedData.certificates[next]
        guard Self.mayIssue(parent, asTrusted: false, above: intermediates), try isEmbedded(index, issuedBy: next)
        else { return false }
        guard parent.authority == .whenSelfSigned else { return true }
        return try isEmbedded(next, issuedBy: next)
    }

    private mutating func isEmbedded(_ index: Int, issuedBy next: Int) throws(AuthenticationRefusal) -> Bool {
        let link = index * AuthenticationLimits.certificatesMax + next
        if let known = links[link] { return known }
        let isIssued = try isIssued(signedData.certificates[index], by: signedData.certificates[next])
        links[link] = isIssued
        return isIssued
    }

    /// The parent is an authority, and its pathLenConstraint is honoured.
    private static func mayIssue(_ parent: Certificate, asTrusted: Bool, above intermediates: Int) -> Bool {
        guard parent.extensions.isAcceptable, parent.rsaKey != nil else { return false }
        switch parent.authority {
        case .never: return false
        case .whenTrusted: if !asTrusted { return false }
        case .whenSelfSigned, .always: break
        }
        guard let constraints = parent.extensions.basicConstraints, let most = constraints.pathLength else {
            return true
        }
        return intermediates <= most
    }

    /// Names and key identifiers fit, and the signature is the parent's.
    private mutating func isIssued(_ child: Certificate, by parent: Certificate)
        throws(AuthenticationRefusal) -> Bool
    {
        guard child.names(parent: parent), let algorithm = child.signatureDigest, let key = parent.rsaKey else {
            return false
        }
        return try verify(child.signature, of: MessageDigest(algorithm, of: [child.signedPart]), with: key)
    }

    private mutating func verify(_ signature: ArraySlice<UInt8>, of digest: MessageDigest, with key: RSAPublicKey)
        throws(AuthenticationRefusal) -> Bool
    {
        guard verifications < AuthenticationLimits.verificationsMax else { throw .work }
        verifications += 1
        return key.verifies(signature, of: digest)
    }
}
