// Vendor GUIDs as the wire has them, 16 bytes in two words, and who they stand for (varstored.md 17.2 and 17.3).
import Machine

struct VendorGUID {
    let low: UInt64
    let high: UInt64

    init(_ low: UInt64, _ high: UInt64) { (self.low, self.high) = (low, high) }
    init(at place: UInt64) { (low, high) = (load64(place), load64(place + 8)) }

    func write(at place: UInt64) {
        store64(place, low)
        store64(place + 8, high)
    }

    static func == (left: VendorGUID, right: VendorGUID) -> Bool { left.low == right.low && left.high == right.high }
    static func != (left: VendorGUID, right: VendorGUID) -> Bool { !(left == right) }

    /// PK, KEK, modes, boot entries.
    static var global: VendorGUID { VendorGUID(0x11d2_93ca_8be4_df61, 0x8c2b_0398_e000_0daa) }
    /// db, dbx, dbt.
    static var image: VendorGUID { VendorGUID(0x4596_3d3a_d719_b2cb, 0x6f65_670e_d0da_bca3) }
    static var morControl: VendorGUID { VendorGUID(0x41be_32d4_e209_39be, 0x2998_d485_7f89_50a1) }
    static var morLock: VendorGUID { VendorGUID(0x40e1_151d_bb98_3ccf, 0x9282_16be_174a_7ba0) }
    static var physicalPresence: VendorGUID { VendorGUID(0x4780_09bb_9d19_47eb, 0x56e0_e056_a9be_cda3) }
    /// GUID T of the specification's rows.
    static var test: VendorGUID { VendorGUID(0x6677_4455_0011_2233, 0xffee_ddcc_bbaa_9988) }
    /// Whom the example keys say they are from.
    static var owner: VendorGUID { VendorGUID(0x47e1_5f19_5148_dc26, 0x5f2a_dda1_3ad4_f2b6) }
    /// The descriptor's certificate type.
    static var pkcs7: VendorGUID { VendorGUID(0x49ee_68df_4aaf_d29d, 0xa765_5637_7d34_a98a) }

    /// A word for those that people know.
    var word: StaticString? {
        if self == .global { return "global" }
        if self == .image { return "image security" }
        if self == .morControl { return "MOR control" }
        if self == .morLock { return "MOR lock" }
        if self == .physicalPresence { return "TCG PPI" }
        if self == .owner { return "Corbel example" }
        return nil
    }
}
