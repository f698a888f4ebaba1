// EFI_STATUS as a reply carries it. Source: varstored.md 17.1.
// Not for: which rule gives which status (SetDecision.swift has SetVariable's, in their order).

/// An EFI_STATUS: errors have the top bit; others survive. Source: varstored.md 17.1.
public struct VariableStatus: RawRepresentable, Hashable, Error, BitwiseCopyable {
    public var rawValue: UInt64

    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// The error of this number: the top bit is set.
    @inlinable public init(error: UInt64) { rawValue = 1 &<< 63 | error }

    /// Whether it is an error: the top bit is set.
    @inlinable public var isError: Bool { rawValue &>> 63 != 0 }
    /// The number without the top bit.
    @inlinable public var number: UInt64 { rawValue & ~(1 &<< 63) }

    /// SUCCESS.
    @inlinable public static var success: VariableStatus { .init(rawValue: 0) }
    /// INVALID_PARAMETER, 0x02.
    @inlinable public static var invalidParameter: VariableStatus { .init(error: 0x02) }
    /// UNSUPPORTED, 0x03.
    @inlinable public static var unsupported: VariableStatus { .init(error: 0x03) }
    /// BUFFER_TOO_SMALL, 0x05.
    @inlinable public static var bufferTooSmall: VariableStatus { .init(error: 0x05) }
    /// DEVICE_ERROR, 0x07.
    @inlinable public static var deviceError: VariableStatus { .init(error: 0x07) }
    /// WRITE_PROTECTED, 0x08.
    @inlinable public static var writeProtected: VariableStatus { .init(error: 0x08) }
    /// OUT_OF_RESOURCES, 0x09.
    @inlinable public static var outOfResources: VariableStatus { .init(error: 0x09) }
    /// NOT_FOUND, 0x0E.
    @inlinable public static var notFound: VariableStatus { .init(error: 0x0E) }
    /// ACCESS_DENIED, 0x0F.
    @inlinable public static var accessDenied: VariableStatus { .init(error: 0x0F) }
    /// INCOMPATIBLE_VERSION, 0x19.
    @inlinable public static var incompatibleVersion: VariableStatus { .init(error: 0x19) }
    /// SECURITY_VIOLATION, 0x1A.
    @inlinable public static var securityViolation: VariableStatus { .init(error: 0x1A) }
}
