// Signatures that cost nothing: who signs is a byte, and a checksum stands for RSA. The rules are the real ones.

import UEFIVariables

/// Signers 0 to 255. SignedData is the signer's byte and 8 bytes of checksum over signer and content.
final class FakeAuthenticator: VariableAuthenticator {
    private(set) var verificationCount = 0

    /// DER in its shape: SEQUENCE, two bytes of length.
    static func certificate(_ signer: UInt8) -> [UInt8] { [0x30, 0x82, 0, 2, signer, 0xEE] }

    static func digest(_ signer: UInt8) -> SignerDigest { SignerDigest(words: (UInt64(signer), 2, 3, 4)) }

    static func signature(_ signer: UInt8, _ content: [[UInt8]]) -> [UInt8] {
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(signer)
        for byte in content.joined() { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return [signer] + (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(8 * $0)) }
    }

    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict {
        verificationCount += 1
        guard request.signedData.count == 9 else { return .refused }
        let signer = request.signedData[0]
        let holds = request.signedData == Self.signature(signer, request.content)
        switch request.rule {
        case .wellFormed: return .accepted
        case .trusted(let exact, let anchors):
            assume(anchors.count <= 64)
            let certificate = Self.certificate(signer)
            return holds && (exact == certificate || anchors.contains(certificate)) ? .accepted : .refused
        case .selfAnchored(let bound):
            let digest = Self.digest(signer)
            return holds && (bound == nil || bound == digest) ? .accepted(digest: digest) : .refused
        }
    }

    func certificateByteCount(_ entry: [UInt8]) -> Int? {
        guard entry.count >= 6, entry.starts(with: [0x30, 0x82, 0, 2]) else { return nil }
        return 6
    }
}
