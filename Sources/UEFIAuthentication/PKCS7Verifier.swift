// The VariableAuthenticator: whom each rule of varstored.md 7 trusts, and SignedData verified for it.
// Not for: which rule a variable has, the descriptor, the time: UEFIVariables decides those.
public import UEFIVariables

/// Checks signatures of requests (varstored.md 7, 8). It keeps nothing of a request but the reason of its refusal.
public final class PKCS7Verifier: VariableAuthenticator {
    /// Digests that a signature may use: SHA-256 unless policy says more (varstored.md 8.6).
    public let allowedDigests: Set<DigestAlgorithm>
    /// RSA verifications since it was made.
    public private(set) var verificationCount = 0
    /// Why the last request was refused, for the log; nil when it was accepted.
    public private(set) var lastRefusal: AuthenticationRefusal?

    /// - Parameter allowedDigests: SHA-384 and SHA-512 are refused unless they are in it.
    public init(allowedDigests: Set<DigestAlgorithm> = [.sha256]) {
        self.allowedDigests = allowedDigests
    }

    /// Whether the signature is what its rule asks for. Cost: at most 128 RSA verifications.
    public func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict {
        do throws(AuthenticationRefusal) {
            let digest = try identity(request)
            lastRefusal = nil
            return .accepted(digest: digest)
        } catch {
            lastRefusal = error
            return .refused
        }
    }

    /// How many bytes of the entry are one DER certificate with an RSA key of any size (varstored.md 9.1).
    public func certificateByteCount(_ entry: [UInt8]) -> Int? {
        guard let certificate = try? Certificate(startOf: entry[...]) else { return nil }
        switch certificate.publicKey {
        case .rsa, .rsaOutOfRange: return certificate.der.count
        case .other: return nil
        }
    }

    private func identity(_ request: AuthenticationRequest) throws(AuthenticationRefusal) -> SignerDigest {
        let signedData = try SignedData(request.signedData[...], allowed: allowedDigests)
        guard request.rule != .wellFormed else { return .zero }
        var check = try SignatureCheck(signedData)
        defer { verificationCount &+= check.verifications }
        let pieces = request.content.map { $0[...] }
        switch request.rule {
        case .wellFormed: return .zero
        case .trusted(let exact, let anchors):
            try Self.verify(&check, pieces, exact: exact, anchors: anchors)
            return .zero
        case .selfAnchored(let bound): return try Self.verify(&check, pieces, bound: bound)
        }
    }

    /// Rules pk and kek. The signatures are verified once; what they cost besides is the way to each anchor.
    private static func verify(
        _ check: inout SignatureCheck, _ pieces: [ArraySlice<UInt8>], exact: [UInt8]?, anchors: [[UInt8]]
    ) throws(AuthenticationRefusal) {
        guard exact != nil || !anchors.isEmpty else { throw .noTrustedCertificate }
        var refusal = AuthenticationRefusal.wrongSigner
        if let exact, let last = check.lastSigner, last.der.elementsEqual(exact) {
            do throws(AuthenticationRefusal) {
                try check.verifySigners(over: pieces)
                return try check.verifyChains(to: last)
            } catch {
                refusal = error
            }
        }
        guard !anchors.isEmpty else { throw refusal }
        try check.verifySigners(over: pieces)
        for anchor in anchors.prefix(AuthenticationLimits.keyEntriesMax) {
            do throws(AuthenticationRefusal) {
                return try check.verifyChains(to: try Certificate(der: anchor[...]))
            } catch {
                guard error != .work else { throw error }
                refusal = error
            }
        }
        throw refusal
    }

    /// Rule private: bound to whom it was, and the last signer is the anchor.
    private static func verify(
        _ check: inout SignatureCheck, _ pieces: [ArraySlice<UInt8>], bound: SignerDigest?
    ) throws(AuthenticationRefusal) -> SignerDigest {
        guard let first = check.firstSigner, let last = check.lastSigner,
            let digest = SignerDigest(bytes: try SignerIdentity.digest(first: first, last: last))
        else { throw .signers(0) }
        guard bound == nil || bound == digest else { throw .wrongSigner }
        try check.verifySigners(over: pieces)
        try check.verifyChains(to: last)
        return digest
    }
}
