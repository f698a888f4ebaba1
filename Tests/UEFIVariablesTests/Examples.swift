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
