// What this library asks of whoever checks signatures: a protocol, so that it needs no PKCS#7, RSA or SHA itself.
// Source: varstored.md 7. Not for: the descriptor around the signature (AuthenticationDescriptor.swift).

/// A signature and what it must hold for. Source: varstored.md 7 and 8.
public struct AuthenticationRequest: Sendable {
    /// CertData of the descriptor: bare or wrapped DER SignedData; may be empty. Hostile bytes.
    public var signedData: [UInt8]
    /// What was signed, to be hashed one piece after the other: name, GUID (16 bytes), attributes as sent (4 bytes),
    /// time (16 bytes), payload.
    public var content: [[UInt8]]
    /// What the signature must be.
    public var rule: AuthenticationRule

    /// A request of these parts.
    public init(signedData: [UInt8], content: [[UInt8]], rule: AuthenticationRule) {
        self.signedData = signedData
        self.content = content
        self.rule = rule
    }
}

/// Whom a signature must come from. Source: varstored.md 7, the rules pk, kek and private.
public enum AuthenticationRule: Sendable, Equatable {
    /// The SignedData must be well formed (varstored.md 8, rules 1 to 3), no more: PK's empty payload in setup mode.
    case wellFormed
    /// Accepted if `exact` is given, the last signer's certificate equals it byte by byte, and the SignedData verifies
    /// with it as anchor (rule pk); or else if the SignedData verifies, chains allowed, with one of `anchors`, tried
    /// in order (rule kek; and PK's own payload in setup mode). Certificates as DER, nothing behind it; at most 64
    /// anchors.
    case trusted(exact: [UInt8]?, anchors: [[UInt8]])
    /// Rule private: the last signer's certificate is the anchor. The digest of the signer is computed first; when
    /// `bound` is given it must equal that, before anything is verified.
    case selfAnchored(bound: SignerDigest?)
}

/// What came of it.
public enum AuthenticationVerdict: Sendable, Equatable {
    /// The rule holds. `digest` is the signer's for `selfAnchored`, else zero.
    case accepted(digest: SignerDigest)
    /// The rule does not hold: SECURITY_VIOLATION.
    case refused

    /// Accepted, where no digest is asked for.
    public static var accepted: AuthenticationVerdict { .accepted(digest: .zero) }
}

/// Checks signatures and certificates. Never traps or hangs, whatever the bytes are.
public protocol VariableAuthenticator: AnyObject {
    /// Whether the signature is what its rule asks for.
    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict

    /// How many bytes of `entry` from its start are one DER certificate with an RSA key; nil if it starts with none.
    /// More bytes may follow it. Source: varstored.md 9.1.
    func certificateByteCount(_ entry: [UInt8]) -> Int?

    /// RSA verifications done since it was made: what the daemon's budget counts. Source: varstored.md 7.
    var verificationCount: Int { get }
}
