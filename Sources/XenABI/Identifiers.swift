// The numbers by which Xen names things, each a type of its own so that they cannot be mixed up.
// Not for: wire enums (see the file of the structure that uses them).

/// A domain id (`domid_t`). Source: `xen.h`; dmop.md section 19.
public struct DomainID: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The domain of this number.
    public init(_ rawValue: UInt16) { self.rawValue = rawValue }

    /// `DOMID_SELF`, the first reserved id.
    public static let caller = DomainID(0x7FF0)
    /// `DOMID_IO`.
    public static let io = DomainID(0x7FF1)
    /// `DOMID_XEN`.
    public static let xen = DomainID(0x7FF2)
    /// `DOMID_COW`.
    public static let copyOnWrite = DomainID(0x7FF3)
    /// `DOMID_INVALID`: no domain; also the poll argument of domctl 90.
    public static let invalid = DomainID(0x7FF4)
    /// `DOMID_IDLE`.
    public static let idle = DomainID(0x7FFF)

    /// Whether the id can never belong to a domain of a user's (`DOMID_FIRST_RESERVED` and up).
    public var isReserved: Bool { rawValue >= 0x7FF0 }

    public static func < (left: DomainID, right: DomainID) -> Bool { left.rawValue < right.rawValue }
}

/// A guest frame number (gfn): the number of a 4096-byte frame of guest-physical memory.
public struct GuestFrame: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// The frame of this number: its first byte lies at 4096 times that.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The frame that holds a guest-physical byte address.
    public init(containing address: UInt64) { rawValue = address / UInt64(Self.byteCount) }

    /// Bytes in a frame, on every architecture that Xen's ABI serves.
    public static var byteCount: Int { 4096 }

    public static func < (left: GuestFrame, right: GuestFrame) -> Bool { left.rawValue < right.rawValue }
}

/// An event-channel port (`evtchn_port_t`): of the local or of the remote domain, as the place of use says.
public struct EventPort: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The port of this number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }
}

/// The id of an ioreq server within its target domain (`ioservid_t`), 0 to 7.
public struct IOREQServerID: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The server of this number.
    public init(_ rawValue: UInt16) { self.rawValue = rawValue }
}

/// A virtual CPU's number within its domain, from 0.
public struct VCPUID: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The vCPU of this number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }
}

/// A grant reference (`grant_ref_t`) of some domain.
public struct GrantReference: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The reference of this number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// The reserved reference under which a domain grants its Xenstore page (`GNTTAB_RESERVED_XENSTORE`).
    public static let xenstore = GrantReference(1)
}

/// A virtual interrupt that Xen raises (`VIRQ_*`).
public struct VIRQ: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The virtual interrupt of this number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// `VIRQ_DOM_EXC`: some domain's state has changed.
    public static let domainException = VIRQ(3)
}
