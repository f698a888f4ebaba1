// What tests ask the verifier: one variable's content, its rules, and why it said no.

import UEFIVariables

@testable import UEFIAuthentication

let variableT = VendorGUID(0x0011_2233, 0x4455, 0x6677, 0x8899_AABB_CCDD_EEFF)
let time2026 = EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5)

/// What is signed for variable A with these attributes and this payload.
func content(
    _ payload: [UInt8] = Array("data".utf8), name: String = "A", guid: VendorGUID = variableT,
    attributes: VariableAttributes = .key
) -> [[UInt8]] {
    AuthenticationSigner.signedPieces(
        name: VariableName(name), guid: guid, attributes: attributes, time: time2026, payload: payload)
}

/// Why the verifier refuses; nil when it accepts.
func refusal(
    _ signedData: [UInt8], over pieces: [[UInt8]] = content(), _ rule: AuthenticationRule,
    digests: Set<DigestAlgorithm> = [.sha256]
) -> AuthenticationRefusal? {
    let verifier = PKCS7Verifier(allowedDigests: digests)
    let verdict = verifier.verify(AuthenticationRequest(signedData: signedData, content: pieces, rule: rule))
    // A reason without a refusal, or the other way round, is no answer.
    guard (verdict == .refused) == (verifier.lastRefusal != nil) else { return .structure(.privateKey) }
    return verifier.lastRefusal
}

extension AuthenticationRule {
    /// Rule private for a variable that does not exist yet.
    static var new: AuthenticationRule { .selfAnchored(bound: nil) }
    /// Rule pk.
    static func pk(_ certificate: [UInt8]) -> AuthenticationRule { .trusted(exact: certificate, anchors: []) }
    /// Rule kek alone.
    static func kek(_ certificates: [UInt8]...) -> AuthenticationRule { .trusted(exact: nil, anchors: certificates) }
}
