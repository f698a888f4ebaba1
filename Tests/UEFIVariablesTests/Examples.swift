// What the tests of this folder share: hex, the spec's test variable, names.

import UEFIVariables

/// Bytes of hex digits; white space is skipped.
func hex(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var high: Int?
    for digit in text.compactMap(\.hexDigitValue) {
        if let first = high {
            bytes.append(UInt8(first << 4 | digit))
            high = nil
        } else {
            high = digit
        }
    }
    return bytes
}

extension VendorGUID {
    /// The test GUID of varstored.md 4.
    static let t = VendorGUID(0x0011_2233, 0x4455, 0x6677, 0x8899_AABB_CCDD_EEFF)
}

extension VariableRecord {
    /// Variable T of the test GUID.
    static func t(_ text: String, _ attributes: VariableAttributes = .ordinary) -> VariableRecord {
        VariableRecord(guid: .t, name: VariableName("T"), attributes: attributes, data: Array(text.utf8))
    }
}

/// Numbers that look random and are the same each time.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func next(below bound: Int) -> Int { Int(next() >> 1) % bound }
}
