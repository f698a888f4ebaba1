// Stores at random that every peer can hold.

import UEFIVariables

/// A store that is the same for the same seed. Names are of the Basic Multilingual Plane and differ, as peers find
/// variables by name alone.
struct Sample {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Keys with lists, plain variables, authenticated ones with and without a signer.
    mutating func records() -> [VariableRecord] {
        var records: [VariableRecord] = []
        for (name, guid) in [("KEK", VendorGUID.global), ("db", .imageSecurity), ("dbx", .imageSecurity)] {
            let entries = (0...number(5)).map { _ in (owner: guid, data: bytes(32)) }
            records.append(
                VariableRecord(
                    guid: guid, name: VariableName(name), attributes: .key,
                    data: SignatureLists.list(of: .sha256, entries), timestamp: time()))
        }
        for index in 0...number(20) {
            let first: UInt16 = [0x41, 0xE9, 0x3B1, 0x4E00][number(4)]
            let units = (0...UInt16(number(12))).map { first + $0 }
            let attributes = VariableAttributes([0x03, 0x07, 0x23, 0x27][number(4)])
            let isSigned = attributes.contains(.timeAuthenticated)
            let digest = isSigned && number(2) == 0 ? SignerDigest(bytes: bytes(32)) : nil
            records.append(
                VariableRecord(
                    guid: VendorGUID(low: next(), high: next()),
                    name: VariableName(units: units + Array("\(index)".utf16)), attributes: attributes,
                    data: bytes(1 + number(500)), timestamp: isSigned ? time() : .zero, digest: digest ?? .zero))
        }
        return records
    }

    private mutating func time() -> EFITime {
        EFITime(
            year: UInt16(2000 + number(100)), month: UInt8(1 + number(12)), day: UInt8(1 + number(28)),
            hour: UInt8(number(24)), minute: UInt8(number(60)), second: UInt8(number(60)))
    }

    private mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(number(256)) } }

    /// From 0 to below `limit`.
    private mutating func number(_ limit: UInt64) -> Int { Int((next() >> 33) % limit) }

    private mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
