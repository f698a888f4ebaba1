// Signatures for tests where PKCS#7 is not the matter: certificates of a few bytes, signatures that hash what they
// sign. Not for: UEFIAuthentication, which has the true ones.

import UEFIVariables

/// A certificate: `C`, a length, the subject, a length, the issuer. `E` instead of `C` stands for an EC certificate.
struct FakeCertificate: Equatable, Sendable {
    var subject: String
    var issuer: String
    var mark = UInt8(ascii: "C")

    init(_ subject: String, under issuer: String? = nil) {
        self.subject = subject
        self.issuer = issuer ?? subject
    }

    var der: [UInt8] {
        [mark, UInt8(subject.utf8.count)] + subject.utf8 + [UInt8(issuer.utf8.count)] + issuer.utf8
    }

    /// The certificate at the start of these bytes.
    static func read(_ bytes: ArraySlice<UInt8>) -> (certificate: FakeCertificate, count: Int)? {
        guard bytes.first == UInt8(ascii: "C"), let subject = text(bytes.dropFirst()) else { return nil }
        guard let issuer = text(bytes.dropFirst(2 + subject.utf8.count)) else { return nil }
        return (FakeCertificate(subject, under: issuer), 3 + subject.utf8.count + issuer.utf8.count)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        guard let count = bytes.first, bytes.count > Int(count) else { return nil }
        return String(decoding: bytes.dropFirst().prefix(Int(count)), as: UTF8.self)
    }
}

/// A signature: `S`, a hash of the content, the signer's certificate, then the certificates that travel with it.
struct FakeSignature {
    static func sign(_ content: [[UInt8]], by signer: FakeCertificate, with others: [FakeCertificate]) -> [UInt8] {
        [UInt8(ascii: "S")] + hash(content) + signer.der + others.flatMap(\.der)
    }

    static func hash(_ content: [[UInt8]]) -> [UInt8] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in content.joined() { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }
    }

    /// Which digest a private variable of this signer has.
    static func digest(_ signer: FakeCertificate) -> SignerDigest {
        let hash = hash([signer.der])
        return SignerDigest(bytes: hash + hash + hash + hash) ?? .zero
    }
}

/// Checks fake signatures by the rules of varstored.md 7, and keeps what it was asked.
final class FakeAuthenticator: VariableAuthenticator {
    private(set) var asked: [AuthenticationRequest] = []
    private(set) var verificationCount = 0
    /// Answers every question, if set.
    var verdict: AuthenticationVerdict?

    func certificateByteCount(_ entry: [UInt8]) -> Int? { FakeCertificate.read(entry[...])?.count }

    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict {
        asked.append(request)
        verificationCount += 1
        if let verdict { return verdict }
        guard let certificates = read(request.signedData), let signer = certificates.first else { return .refused }
        if request.rule == .wellFormed { return .accepted }
        if Array(request.signedData[1..<9]) != FakeSignature.hash(request.content) { return .refused }
        switch request.rule {
        case .wellFormed: return .accepted
        case .trusted(let exact, let anchors):
            if signer.der == exact { return .accepted }
            return anchors.contains { chain(certificates, to: $0) } ? .accepted : .refused
        case .selfAnchored(let bound):
            let digest = FakeSignature.digest(signer)
            return bound == nil || bound == digest ? .accepted(digest: digest) : .refused
        }
    }

    private func read(_ bytes: [UInt8]) -> [FakeCertificate]? {
        if bytes.count < 9 || bytes[0] != UInt8(ascii: "S") { return nil }
        var certificates: [FakeCertificate] = []
        var rest = bytes[9...]
        while !rest.isEmpty {
            guard let next = FakeCertificate.read(rest) else { return nil }
            certificates.append(next.certificate)
            rest = rest.dropFirst(next.count)
        }
        return certificates
    }

    /// From the first certificate by issuers among the others to the anchor.
    private func chain(_ certificates: [FakeCertificate], to anchor: [UInt8]) -> Bool {
        guard let anchor = FakeCertificate.read(anchor[...])?.certificate, var link = certificates.first else {
            return false
        }
        for _ in certificates {
            if link == anchor || link.issuer == anchor.subject { return true }
            guard let next = certificates.first(where: { $0.subject == link.issuer && $0 != link }) else { break }
            link = next
        }
        return false
    }
}
