// The attribute bits of a variable. Source: varstored.md 5.
// Not for: in which order they are checked (SetDecision.swift).

/// A variable's attributes (EFI_VARIABLE_*): a set of bits in which unknown ones survive. Source: varstored.md 5.
public struct VariableAttributes: OptionSet, Hashable, Sendable, BitwiseCopyable {
    public var rawValue: UInt32

    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The attributes of these bits.
    @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// NV, 0x01: kept over a reboot.
    @inlinable public static var nonVolatile: VariableAttributes { .init(0x01) }
    /// BS, 0x02: seen before ExitBootServices.
    @inlinable public static var bootService: VariableAttributes { .init(0x02) }
    /// RT, 0x04: seen at runtime.
    @inlinable public static var runtime: VariableAttributes { .init(0x04) }
    /// 0x08: refused.
    @inlinable public static var hardwareErrorRecord: VariableAttributes { .init(0x08) }
    /// 0x10: authenticated by a count; not supported.
    @inlinable public static var countAuthenticated: VariableAttributes { .init(0x10) }
    /// AT, 0x20: authenticated by a signature and a time.
    @inlinable public static var timeAuthenticated: VariableAttributes { .init(0x20) }
    /// 0x40: add to what is there; never stored.
    @inlinable public static var append: VariableAttributes { .init(0x40) }
    /// 0x80: not supported.
    @inlinable public static var enhanced: VariableAttributes { .init(0x80) }

    /// NV, BS and RT, 0x07: most variables of a firmware.
    @inlinable public static var ordinary: VariableAttributes { .init(0x07) }
    /// NV, BS, RT and AT, 0x27: PK, KEK, db, dbx, dbt.
    @inlinable public static var key: VariableAttributes { .init(0x27) }
    /// The bits that may be stored, 0x27. Source: varstored.md 11.3.
    @inlinable public static var storable: VariableAttributes { .init(0x27) }
    /// The bits that have a meaning on the wire, 0xFF. Source: varstored.md 3.3.
    @inlinable public static var known: VariableAttributes { .init(0xFF) }
    /// BS and RT: without either nobody sees a variable.
    @inlinable public static var access: VariableAttributes { .init(0x06) }
}
