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
            guard try leads(from: index, length: 1, intermediates: 0, &search) else { throw .chain }
        }
    }

    /// What belongs to one trusted certificate.
    private struct Search {
        let trusted: Certificate
        /// Those on the way, so that no chain meets itself.
        var path: [Int] = []
        /// Which certificates the trusted one has issued, as far as is known.
        var links: [Int: Bool] = [:]
    }

    /// - Parameters:
    ///   - length: certificates so far, this one counted.
    ///   - intermediates: certificates between the signer's and the next one that are not self-issued, as
    ///     pathLenConstraint counts them.
    private mutating func leads(from index: Int, length: Int, intermediates: Int, _ search: inout Search)
        throws(AuthenticationRefusal) -> Bool
    {
        steps += 1
        guard steps <= AuthenticationLimits.searchStepsMax else { throw .work }
        let child = signedData.certificates[index]
        guard child.extensions.isAcceptable else { return false }
        if child.der == search.trusted.der { return true }
        guard length < AuthenticationLimits.chainMax else { return false }
        if Self.mayIssue(search.trusted, asTrusted: true, above: intermediates) {
            if search.links[index] == nil { search.links[index] = try isIssued(child, by: search.trusted) }
            if search.links[index] == true { return true }
        }
        search.path.append(index)
        defer { search.path.removeLast() }
        for next in signedData.certificates.indices where !search.path.contains(next) {
            guard try isLinked(index, to: next, above: intermediates) else { continue }
            let counted = signedData.certificates[next].isSelfIssued ? 0 : 1
            if try leads(from: next, length: length + 1, intermediates: intermediates + counted, &search) {
                return true
            }
        }
        return false
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
