// The ioctls of /dev/xen/gntdev and /dev/xen/xenbus_backend: numbers and arguments.
// Not for: calling them (see XenLinux).

/// The ioctl numbers of /dev/xen/gntdev. Source: `sys/gntdev.h`; dmop.md section 11.
public enum GrantDeviceCall {
    /// Announces granted pages to be mapped (`MapGrantReference`).
    public static let mapGrantReference: UInt32 = 0x0018_4700
    /// Forgets them (`UnmapGrantReference`).
    public static let unmapGrantReference: UInt32 = 0x0010_4701
    /// Finds the index of a mapping (`GetOffsetForAddress`).
    public static let getOffsetForAddress: UInt32 = 0x0018_4702
    /// Sets a limit that current kernels no longer have (`SetMaxGrants`).
    public static let setMaxGrants: UInt32 = 0x0004_4703
    /// What to do when a mapping goes away (`SetUnmapNotify`).
    public static let setUnmapNotify: UInt32 = 0x0010_4707
    /// Grants that one `mapGrantReference` accepts by default.
    public static let grantsMax: UInt32 = 65_536
}

/// The ioctl number of /dev/xen/xenbus_backend, by which the Xenstore daemon reaches its own domain's ring.
public enum XenbusBackendCall {
    /// Answers the event-channel port of the ring; no argument. One page at offset 0 is the ring.
    public static let eventChannel: UInt32 = 0x0000_4200
}

/// What the kernel does when a mapping goes away (`UNMAP_NOTIFY_*`). The two can be combined.
public struct UnmapAction: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Writes 0 to the byte at the index.
    public static let clearByte = UnmapAction(rawValue: 1)
    /// Notifies the port.
    public static let sendEvent = UnmapAction(rawValue: 2)
}

/// One granted page: whose, and under which reference.
public struct GrantReferencePair: WireLayout {
    public static var layoutName: StaticString { "ioctl_gntdev_grant_ref" }
    public static var byteCount: Int { 8 }

    /// The domain that grants it.
    public var domain: UInt32
    /// Its reference.
    public var reference: GrantReference

    /// The structure with these fields.
    public init(domain: UInt32, reference: GrantReference) {
        self.domain = domain
        self.reference = reference
    }

    /// The structure with these fields.
    public init(domain: DomainID, reference: GrantReference) {
        self.init(domain: UInt32(domain.rawValue), reference: reference)
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        domain = bytes.u32(at: 0)
        reference = GrantReference(rawValue: bytes.u32(at: 4))
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(domain, at: 0)
        bytes.put(reference.rawValue, at: 4)
    }
}

/// The argument of `mapGrantReference` for one page; more pages append their pairs.
public struct MapGrantReference: WireLayout {
    public static var layoutName: StaticString { "ioctl_gntdev_map_grant_ref" }
    public static var byteCount: Int { 24 }

    /// Pages.
    public var count: UInt32
    /// Out: the offset to mmap at.
    public var index: UInt64
    /// The domain that grants the page.
    public var domain: UInt32
    /// Its reference.
    public var reference: GrantReference

    /// The structure with these fields.
    public init(count: UInt32 = 1, index: UInt64 = 0, domain: UInt32, reference: GrantReference) {
        self.count = count
        self.index = index
        self.domain = domain
        self.reference = reference
    }

    /// One page.
    public init(domain: DomainID, reference: GrantReference) {
        self.init(domain: UInt32(domain.rawValue), reference: reference)
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        count = bytes.u32(at: 0)
        index = bytes.u64(at: 8)
        domain = bytes.u32(at: 16)
        reference = GrantReference(rawValue: bytes.u32(at: 20))
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(count, at: 0)
        bytes.zero(4, at: 4)
        bytes.put(index, at: 8)
        bytes.put(domain, at: 16)
        bytes.put(reference.rawValue, at: 20)
    }
}

/// The argument of `unmapGrantReference`: index and count of one mapGrantReference.
public struct UnmapGrantReference: WireLayout {
    public static var layoutName: StaticString { "ioctl_gntdev_unmap_grant_ref" }
    public static var byteCount: Int { 16 }

    /// The offset that was answered.
    public var index: UInt64
    /// Pages.
    public var count: UInt32

    /// The structure with these fields.
    public init(index: UInt64, count: UInt32) {
        self.index = index
        self.count = count
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        index = bytes.u64(at: 0)
        count = bytes.u32(at: 8)
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(index, at: 0)
        bytes.put(count, at: 8)
        bytes.zero(4, at: 12)
    }
}

/// The argument of `getOffsetForAddress`.
public struct GetOffsetForAddress: WireLayout {
    public static var layoutName: StaticString { "ioctl_gntdev_get_offset_for_vaddr" }
    public static var byteCount: Int { 24 }

    /// The start of a mapping of the device.
    public var address: UInt64
    /// Out: its index.
    public var offset: UInt64
    /// Out: its pages.
    public var count: UInt32

    /// The structure with these fields.
    public init(address: UInt64, offset: UInt64 = 0, count: UInt32 = 0) {
        self.address = address
        self.offset = offset
        self.count = count
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        address = bytes.u64(at: 0)
        offset = bytes.u64(at: 8)
        count = bytes.u32(at: 16)
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(address, at: 0)
        bytes.put(offset, at: 8)
        bytes.put(count, at: 16)
        bytes.zero(4, at: 20)
    }
}

/// The argument of `setMaxGrants`; current kernels answer ENOTTY, which is as good as success.
public struct SetMaxGrants: WireLayout {
    public static var layoutName: StaticString { "ioctl_gntdev_set_max_grants" }
    public static var byteCount: Int { 4 }

    /// Pages.
    public var count: UInt32

    /// The structure with these fields.
    public init(count: UInt32) {
        self.count = count
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        count = bytes.u32(at: 0)
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(count, at: 0)
    }
}

/// The argument of `setUnmapNotify`: what the kernel does when the mapping goes away.
public struct SetUnmapNotify: WireLayout {
    public static var layoutName: StaticString { "ioctl_gntdev_unmap_notify" }
    public static var byteCount: Int { 16 }

    /// The byte to clear, as an offset of the device.
    public var index: UInt64
    /// What to do.
    public var action: UnmapAction
    /// The local port to notify.
    public var port: EventPort

    /// The structure with these fields.
    public init(index: UInt64, action: UnmapAction, port: EventPort) {
        self.index = index
        self.action = action
        self.port = port
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        index = bytes.u64(at: 0)
        action = UnmapAction(rawValue: bytes.u32(at: 8))
        port = EventPort(rawValue: bytes.u32(at: 12))
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(index, at: 0)
        bytes.put(action.rawValue, at: 8)
        bytes.put(port.rawValue, at: 12)
    }
}
