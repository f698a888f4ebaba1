// What the tests of this folder share: hex, variables, stores at random, and who tells certificates.

import UEFIVariables

@testable import VariableFormats

/// Bytes of hex digits; white space is skipped.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

extension VendorGUID {
    /// The test GUID of varstored.md 4.
    static let t = VendorGUID(0x0011_2233, 0x4455, 0x6677, 0x8899_AABB_CCDD_EEFF)
}

extension SignerDigest {
    /// That of the example in varstored.md 16.1.
    static let example =
        SignerDigest(bytes: hex("94a1d957d939037bf85e0a6c8508ca02e39025c7768fc07482869df27546b95e")) ?? .zero
}

extension VariableRecord {
    static func named(
        _ name: String, _ guid: VendorGUID = .t, _ attributes: VariableAttributes = .ordinary, _ data: [UInt8] = [1]
    ) -> VariableRecord {
        VariableRecord(guid: guid, name: VariableName(name), attributes: attributes, data: data)
    }

    /// `T = abc` of varstored.md 11.2 and 16.1.
    static let t = named("T", .t, .ordinary, Array("abc".utf8))
    /// `A` of 16.1: authenticated, private, with its signer.
    static let a = VariableRecord(
        guid: .t, name: VariableName("A"), attributes: .key, data: Array("data".utf8),
        timestamp: EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5), digest: .example)
}

/// Takes what begins like a certificate: a SEQUENCE with a length of two bytes.
final class FakeAuthenticator: VariableAuthenticator {
    let verificationCount = 0

    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict { .refused }

    func certificateByteCount(_ entry: [UInt8]) -> Int? {
        guard entry.count >= 4, entry[0] == 0x30, entry[1] == 0x82 else { return nil }
        let count = 4 + Int(entry[2]) << 8 + Int(entry[3])
        return count <= entry.count ? count : nil
    }
}

/// Something that such an authenticator takes.
let fakeCertificate: [UInt8] = [0x30, 0x82, 0, 2, 5, 0]

/// Numbers that are the same in each run (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

/// A valid store of non-volatile variables: keys with lists, plain ones, authenticated ones with and without a signer,
/// names with all sorts of units, among them halves of surrogate pairs.
func randomStore(_ random: inout Seeded, oddNames: Bool = false) -> [VariableRecord] {
    var records: [VariableRecord] = []
    for (name, guid) in [("PK", VendorGUID.global), ("KEK", .global), ("db", .imageSecurity), ("dbx", .imageSecurity)]
    where Bool.random(using: &random) {
        let entries = (0..<(name == "PK" ? 1 : Int.random(in: 1...9, using: &random))).map { _ in
            (owner: VendorGUID.t, data: random.bytes(32))
        }
        records.append(
            VariableRecord(
                guid: guid, name: VariableName(name), attributes: .key,
                data: SignatureLists.list(of: .sha256, entries), timestamp: randomTime(&random)))
    }
    for _ in 0..<Int.random(in: 0...24, using: &random) {
        records.append(randomRecord(&random, oddNames: oddNames))
    }
    return VariableStore(records: records.shuffled(using: &random)).records
}

private func randomTime(_ random: inout Seeded) -> EFITime {
    EFITime(
        year: UInt16.random(in: 1...9999, using: &random), month: UInt8.random(in: 1...12, using: &random), day: 28,
        hour: 23, minute: 59, second: UInt8.random(in: 0...59, using: &random))
}

private func randomRecord(_ random: inout Seeded, oddNames: Bool) -> VariableRecord {
    let length = Int.random(in: 1...20, using: &random)
    let kinds: [ClosedRange<UInt16>] = [0x20...0x7E, 0x01...0x1F, 0xA0...0x7FFF, 0xD800...0xDFFF, 0x7F...0xFFFF]
    let kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
    var name = VariableName(units: (0..<length).map { _ in UInt16.random(in: kind, using: &random) })
    if oddNames, Bool.random(using: &random) { name.bytes.append(0x41) }
    let attributes = VariableAttributes([0x03, 0x07, 0x23, 0x27][Int.random(in: 0..<4, using: &random)])
    let isSigned = attributes.contains(.timeAuthenticated)
    let digest = SignerDigest(bytes: random.bytes(32)) ?? .zero
    return VariableRecord(
        guid: VendorGUID(low: random.next(), high: random.next()), name: name, attributes: attributes,
        data: random.bytes(Int.random(in: 1...300, using: &random)), timestamp: isSigned ? randomTime(&random) : .zero,
        digest: isSigned && Bool.random(using: &random) ? digest : .zero)
}

/// Why `body` throws; nil when it doesn't.
func refusal(_ body: () throws(FormatError) -> Void) -> FormatError.Reason? {
    do {
        try body()
        return nil
    } catch {
        return error.reason
    }
}
