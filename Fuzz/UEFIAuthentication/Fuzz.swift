// modules: UEFIVariables UEFIAuthentication
// packages: SwiftASN1 Crypto CryptoExtras CryptoBoringWrapper CCryptoBoringSSL CCryptoBoringSSLShims CXKCP CXKCPShims
// sources: Tests/UEFIAuthenticationTests/CertificateSketch.swift Tests/UEFIAuthenticationTests/SignedDataSketch.swift
// Signatures of variables from arbitrary bytes, in four rungs: noise; noise in the frame of SignedData; right
// SignedData with bytes changed; well signed SignedData, accepted or refused as a naive judge says.
// Not for: the descriptor and the store around it.

import UEFIVariables

@testable import UEFIAuthentication

/// What must hold whatever a guest sends. A breach ends the run, and libFuzzer keeps the input.
func hold(_ condition: Bool, _ rule: @autoclosure () -> String) {
    if !condition { fatalError("broken rule: \(rule())") }
}

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    var program = Program(bytes)
    switch program.byte() & 3 {
    case 0: noise(&program)
    case 1: framed(&program)
    case 2: changed(&program)
    default: signed(&program)
    }
    return 0
}

private let rules: [AuthenticationRule] = [
    .wellFormed, .selfAnchored(bound: nil), .selfAnchored(bound: .zero),
    .trusted(exact: World.shared.nodes[0].der, anchors: []),
    .trusted(exact: nil, anchors: World.shared.nodes.map(\.der)),
]

/// Any bytes, as SignedData and as an entry of a list.
private func noise(_ program: inout Program) {
    let bytes = program.rest()
    for rule in rules { _ = ask(bytes, rule) }
    if let count = PKCS7Verifier().certificateByteCount(bytes) {
        hold((1...bytes.count).contains(count), "a certificate lies in its entry")
        hold(PKCS7Verifier().certificateByteCount(Array(bytes.prefix(count))) == count, "padding changes nothing")
    }
}

/// SignedData whose parts are random DER, or right ones.
private func framed(_ program: inout Program) {
    let world = World.shared
    var sketch = SignedDataSketch()
    if program.chance(4) { sketch.digests = [program.der(4)] }
    for _ in 0..<program.number(below: 4) {
        sketch.certificates.append(
            program.chance(8) ? certificate(&program) : program.pick(world.nodes).der)
    }
    if program.chance(2) { sketch.revocations = program.der(6) }
    let right = (try? sketch.bytes(over: content)) ?? []
    // The set of signers, which is empty, makes room for others.
    guard right.suffix(2) == [0x31, 0x00], let frame = DERShape.content(of: right) else { return }
    var signers: [[UInt8]] = []
    for _ in 0..<1 + program.number(below: 3) { signers.append(program.chance(8) ? signer(&program) : program.der(6)) }
    let bytes = DERBytes.value(0x30, Array(frame.dropLast(2)), DERBytes.value(0x31, joining: signers))
    for rule in rules { _ = ask(bytes, rule) }
}

/// A certificate with a random part.
private func certificate(_ program: inout Program) -> [UInt8] {
    var sketch = CertificateSketch("x", FuzzKeys.leaf)
    sketch.subject = program.chance(8) ? program.der(4) : CertificateSketch.name("x")
    if program.chance(4) { sketch.publicKeyInfo = program.der(4) }
    for _ in 0..<program.number(below: 4) {
        sketch.extensions.append(
            CertificateSketch.certificateExtension(
                program.pick([14, 15, 17, 19, 31, 32, 35, 37, 99]), critical: program.chance(8), program.der(4)))
    }
    let der = (try? sketch.der) ?? []
    if let count = PKCS7Verifier().certificateByteCount(der + [0]) {
        hold(count == der.count, "a certificate of our own ends where it ends")
    }
    return der
}

/// A SignerInfo of random parts.
private func signer(_ program: inout Program) -> [UInt8] {
    let node = program.pick(World.shared.nodes)
    return DERBytes.sequence(
        DERBytes.integer(1),
        DERBytes.sequence(node.issuer, program.chance(2) ? program.der(2) : DERBytes.value(0x02, node.serial)),
        DERBytes.algorithm(ObjectIdentifierBytes.sha256),
        program.chance(8) ? DERBytes.value(0xA0, program.der(4), program.der(4)) : [],
        DERBytes.algorithm(ObjectIdentifierBytes.rsaEncryption),
        program.chance(8) ? DERBytes.octets(program.some(8)) : program.der(2))
}

/// Right SignedData with some bytes changed, taken away or put in.
private func changed(_ program: inout Program) {
    let case_ = SignedCase(&program)
    guard var bytes = try? case_.sketch.bytes(over: content) else { return }
    for _ in 0..<1 + program.number(below: 6) where !bytes.isEmpty {
        let place = program.word() % bytes.count
        switch program.byte() & 7 {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(program.byte(), at: place)
        case 2: bytes.removeLast(min(bytes.count, program.number(below: 64)))
        case 3: bytes[place] = program.byte()
        default: bytes[place] ^= 1 << (program.byte() & 7)
        }
    }
    let verdict = ask(bytes, case_.rule)
    for rule in rules where rule != case_.rule { _ = ask(bytes, rule) }
    if case_.rule == .selfAnchored(bound: .zero) { hold(verdict == .refused, "nobody has the digest zero") }
}

/// SignedData by the keys that we have: the verdict is that of the judge.
private func signed(_ program: inout Program) {
    let case_ = SignedCase(&program)
    guard let bytes = try? case_.sketch.bytes(over: content) else { return }
    let verdict = ask(bytes, case_.rule)
    hold((verdict != .refused) == case_.isRight, "verdict \(verdict), the judge says \(case_.isRight)")
}

/// What is signed, and all that is signed.
let content: [[UInt8]] = [Array("content".utf8), [1, 2, 3]]

/// Asks twice, and for content that nobody has signed.
func ask(_ bytes: [UInt8], _ rule: AuthenticationRule) -> AuthenticationVerdict {
    let verifier = PKCS7Verifier()
    func verdict(_ content: [[UInt8]]) -> AuthenticationVerdict {
        let before = verifier.verificationCount
        let verdict = verifier.verify(AuthenticationRequest(signedData: bytes, content: content, rule: rule))
        hold(verifier.verificationCount - before <= AuthenticationLimits.verificationsMax, "the work has an end")
        hold((verdict == .refused) == (verifier.lastRefusal != nil), "a refusal has a reason")
        return verdict
    }
    let first = verdict(content)
    guard first != .refused else { return first }
    hold((256...57304).contains(bytes.count), "the size is in its bounds")
    hold(verdict(content) == first, "the same is the same")
    if rule != .wellFormed { hold(verdict(content + [[0]]) == .refused, "what nobody signed is refused") }
    return first
}
