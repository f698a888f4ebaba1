// A GUID as EFI keeps it in memory, compared raw, and the GUIDs that variables have. Source: varstored.md 3.1, 17.2.
// Not for: which variables are special (VariableKind.swift).

/// An EFI_GUID: 16 bytes in EFI memory order, the first three groups little-endian. Source: varstored.md 3.1.
public struct VendorGUID: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// Bytes 0 to 7 of the memory form, as a little-endian number.
    public var low: UInt64
    /// Bytes 8 to 15 of the memory form, as a little-endian number.
    public var high: UInt64

    /// Bytes of a GUID.
    public static var byteCount: Int { 16 }

    /// The GUID of these two halves.
    @inlinable public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The GUID whose text has these groups; `tail` holds the last two: `00112233-4455-6677-8899-aabbccddeeff` is
    /// (0x00112233, 0x4455, 0x6677, 0x8899AABBCCDDEEFF).
    @inlinable public init(_ first: UInt32, _ second: UInt16, _ third: UInt16, _ tail: UInt64) {
        low = UInt64(first) | UInt64(second) &<< 32 | UInt64(third) &<< 48
        high = tail.byteSwapped
    }

    /// The GUID of 16 bytes in memory order; nil for any other number of bytes.
    public init?(bytes: [UInt8]) {
        if bytes.count != Self.byteCount { return nil }
        low = bytes.span.word(at: 0)
        high = bytes.span.word(at: 8)
    }

    /// The GUID of a text of 8-4-4-4-12 hex digits in either case; nil for any other text.
    public init?(text: String) {
        var digits: (first: UInt64, second: UInt64) = (0, 0)
        var place = 0
        for unit in text.utf8 {
            if place == 8 || place == 13 || place == 18 || place == 23 {
                if unit != UInt8(ascii: "-") { return nil }
            } else {
                guard place < 36, let digit = Self.digit(unit) else { return nil }
                digits.first = digits.first &<< 4 | digits.second &>> 60
                digits.second = digits.second &<< 4 | digit
            }
            place += 1
        }
        if place != 36 { return nil }
        self.init(
            UInt32(truncatingIfNeeded: digits.first &>> 32), UInt16(truncatingIfNeeded: digits.first &>> 16),
            UInt16(truncatingIfNeeded: digits.first), digits.second)
    }

    /// The 16 bytes in memory order.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        bytes.put(low)
        bytes.put(high)
        return bytes
    }

    /// The text: 8-4-4-4-12 hex digits in lower case.
    public var description: String {
        let groups = (low & 0xFFFF_FFFF) &<< 32 | (low &>> 32 & 0xFFFF) &<< 16 | low &>> 48
        let tail = high.byteSwapped
        var units: [UInt8] = []
        units.reserveCapacity(36)
        for place in 0..<32 {
            if place == 8 || place == 12 || place == 16 || place == 20 { units.append(UInt8(ascii: "-")) }
            let word = place < 16 ? groups : tail
            let digit = UInt8(truncatingIfNeeded: word &>> UInt64(60 &- 4 &* (place & 15)) & 15)
            units.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
        return String(decoding: units, as: UTF8.self)
    }

    private static func digit(_ unit: UInt8) -> UInt64? {
        switch unit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return UInt64(unit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return UInt64(unit - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): return UInt64(unit - UInt8(ascii: "A") + 10)
        default: return nil
        }
    }
}

extension VendorGUID {
    /// EFI_GLOBAL_VARIABLE: PK, KEK, the modes, Boot####.
    @inlinable public static var global: VendorGUID { .init(0x8BE4_DF61, 0x93CA, 0x11D2, 0xAA0D_00E0_9803_2B8C) }
    /// EFI_IMAGE_SECURITY_DATABASE: db, dbx, dbt.
    @inlinable public static var imageSecurity: VendorGUID {
        .init(0xD719_B2CB, 0x3D3A, 0x4596, 0xA3BC_DAD0_0E67_656F)
    }
    /// MemoryOverwriteRequestControl.
    @inlinable public static var morControl: VendorGUID {
        .init(0xE209_39BE, 0x32D4, 0x41BE, 0xA150_897F_85D4_9829)
    }
    /// MemoryOverwriteRequestControlLock.
    @inlinable public static var morLock: VendorGUID { .init(0xBB98_3CCF, 0x151D, 0x40E1, 0xA07B_4A17_BE16_8292) }
    /// The variables of the TPM's physical presence interface on Xen.
    @inlinable public static var ppi: VendorGUID { .init(0x9D19_47EB, 0x09BB, 0x4780, 0xA3CD_BEA9_56E0_E056) }
    /// EFI_CERT_TYPE_PKCS7: the type of a descriptor.
    @inlinable public static var pkcs7: VendorGUID { .init(0x4AAF_D29D, 0x68DF, 0x49EE, 0x8AA9_347D_3756_65A7) }
    /// What Corbel keeps in a save file for itself (varstored.md 11.5).
    @inlinable public static var resumeState: VendorGUID {
        .init(0x850F_E2A0, 0x086B, 0x43A8, 0x87B3_E142_C220_089C)
    }
}
