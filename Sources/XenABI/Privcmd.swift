// The ioctls of /dev/xen/privcmd: numbers and arguments.
// Not for: calling them (see XenLinux).

/// The ioctl numbers of /dev/xen/privcmd. Source: `sys/privcmd.h`; dmop.md section 9.
public enum PrivcmdCall {
    /// Any hypercall (`PrivcmdHypercall`); EPERM on a restricted descriptor.
    public static let hypercall: UInt32 = 0x0030_5000
    /// Maps guest frames, the older form; not used.
    public static let mmapBatch: UInt32 = 0x0018_5003
    /// Maps guest frames (`PrivcmdMMAPBatchV2`).
    public static let mmapBatchV2: UInt32 = 0x0020_5004
    /// A device-model operation (`PrivcmdDMOP`).
    public static let dmOp: UInt32 = 0x0010_5005
    /// Limits the descriptor to one domain (`PrivcmdRestrict`).
    public static let restrict: UInt32 = 0x0002_5006
    /// Maps a resource (`PrivcmdMMAPResource`).
    public static let mmapResource: UInt32 = 0x0020_5007
    /// Kept unimplemented for ever: what it answers is what this kernel answers to unknown numbers.
    public static let unimplemented: UInt32 = 0x0000_50ff
}

/// The argument of `hypercall`: any hypercall, its arguments passed on unread.
public struct PrivcmdHypercall: WireLayout {
    public static var layoutName: StaticString { "privcmd_hypercall" }
    public static var byteCount: Int { 48 }

    /// The hypercall.
    public var number: UInt64
    /// Argument 0.
    public var argument0: UInt64
    /// Argument 1.
    public var argument1: UInt64
    /// Argument 2.
    public var argument2: UInt64
    /// Argument 3.
    public var argument3: UInt64
    /// Argument 4.
    public var argument4: UInt64

    /// The structure with these fields.
    public init(
        number: UInt64, argument0: UInt64 = 0, argument1: UInt64 = 0, argument2: UInt64 = 0, argument3: UInt64 = 0,
        argument4: UInt64 = 0
    ) {
        self.number = number
        self.argument0 = argument0
        self.argument1 = argument1
        self.argument2 = argument2
        self.argument3 = argument3
        self.argument4 = argument4
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        number = bytes.u64(at: 0)
        argument0 = bytes.u64(at: 8)
        argument1 = bytes.u64(at: 16)
        argument2 = bytes.u64(at: 24)
        argument3 = bytes.u64(at: 32)
        argument4 = bytes.u64(at: 40)
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(number, at: 0)
        bytes.put(argument0, at: 8)
        bytes.put(argument1, at: 16)
        bytes.put(argument2, at: 24)
        bytes.put(argument3, at: 32)
        bytes.put(argument4, at: 40)
    }
}

/// The argument of `mmapBatchV2`: guest frames to be put into a mapping of the device.
public struct PrivcmdMMAPBatchV2: WireLayout {
    @inlinable public static var layoutName: StaticString { "privcmd_mmapbatch_v2" }
    @inlinable public static var byteCount: Int { 32 }

    /// Frames.
    public var count: UInt32
    /// Whose frames.
    public var domain: DomainID
    /// Where the mapping is.
    public var address: UInt64
    /// Address of an array of `count` 64-bit frame numbers.
    public var frames: UInt64
    /// Address of an array that receives `count` 32-bit results, 0 or a negative errno.
    public var errors: UInt64

    /// The structure with these fields.
    @inlinable public init(count: UInt32, domain: DomainID, address: UInt64, frames: UInt64, errors: UInt64) {
        self.count = count
        self.domain = domain
        self.address = address
        self.frames = frames
        self.errors = errors
    }

    @inlinable public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        count = bytes.u32(at: 0)
        domain = DomainID(rawValue: bytes.u16(at: 4))
        address = bytes.u64(at: 8)
        frames = bytes.u64(at: 16)
        errors = bytes.u64(at: 24)
    }

    @inlinable public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(count, at: 0)
        bytes.put(domain.rawValue, at: 4)
        bytes.zero(2, at: 6)
        bytes.put(address, at: 8)
        bytes.put(frames, at: 16)
        bytes.put(errors, at: 24)
    }
}

/// The argument of `dmOp`.
public struct PrivcmdDMOP: WireLayout {
    @inlinable public static var layoutName: StaticString { "privcmd_dm_op" }
    @inlinable public static var byteCount: Int { 16 }

    /// The target.
    public var domain: DomainID
    /// Buffers. With 0 nothing is called and 0 answered.
    public var count: UInt16
    /// Address of an array of `count` `PrivcmdBuffer`.
    public var buffers: UInt64

    /// The structure with these fields.
    @inlinable public init(domain: DomainID, count: UInt16, buffers: UInt64) {
        self.domain = domain
        self.count = count
        self.buffers = buffers
    }

    @inlinable public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        domain = DomainID(rawValue: bytes.u16(at: 0))
        count = bytes.u16(at: 2)
        buffers = bytes.u64(at: 8)
    }

    @inlinable public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(domain.rawValue, at: 0)
        bytes.put(count, at: 2)
        bytes.zero(4, at: 4)
        bytes.put(buffers, at: 8)
    }
}

/// One buffer of a DM_OP; also `xen_dm_op_buf` where pointers have 64 bits (dmop.md section 1.1).
public struct PrivcmdBuffer: WireLayout {
    public static var layoutName: StaticString { "privcmd_dm_op_buf" }
    public static var byteCount: Int { 16 }

    /// Where it is: ordinary writable memory.
    public var address: UInt64
    /// Bytes in it.
    public var byteLength: UInt64

    /// The structure with these fields.
    public init(address: UInt64, byteLength: UInt64) {
        self.address = address
        self.byteLength = byteLength
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        address = bytes.u64(at: 0)
        byteLength = bytes.u64(at: 8)
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(address, at: 0)
        bytes.put(byteLength, at: 8)
    }
}

/// The argument of `restrict`: a `domid_t`.
public struct PrivcmdRestrict: WireLayout {
    public static var layoutName: StaticString { "privcmd_restrict" }
    public static var byteCount: Int { 2 }

    /// The only domain from here on.
    public var domain: DomainID

    /// The structure with these fields.
    public init(domain: DomainID) {
        self.domain = domain
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        domain = DomainID(rawValue: bytes.u16(at: 0))
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(domain.rawValue, at: 0)
    }
}

/// The argument of `mmapResource`; with `address` and `count` both 0 it asks for the size, which comes back in
/// `count`.
public struct PrivcmdMMAPResource: WireLayout {
    public static var layoutName: StaticString { "privcmd_mmap_resource" }
    public static var byteCount: Int { 32 }

    /// Whose resource.
    public var domain: DomainID
    /// What kind.
    public var type: ResourceType
    /// Which one: the server id.
    public var id: UInt32
    /// The first frame of the resource to map.
    public var firstFrame: UInt32
    /// Frames.
    public var count: UInt64
    /// Where the mapping of the device is.
    public var address: UInt64

    /// The structure with these fields.
    public init(
        domain: DomainID, type: ResourceType, id: UInt32, firstFrame: UInt32, count: UInt64, address: UInt64
    ) {
        self.domain = domain
        self.type = type
        self.id = id
        self.firstFrame = firstFrame
        self.count = count
        self.address = address
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        domain = DomainID(rawValue: bytes.u16(at: 0))
        type = ResourceType(rawValue: bytes.u32(at: 4))
        id = bytes.u32(at: 8)
        firstFrame = bytes.u32(at: 12)
        count = bytes.u64(at: 16)
        address = bytes.u64(at: 24)
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(domain.rawValue, at: 0)
        bytes.zero(2, at: 2)
        bytes.put(type.rawValue, at: 4)
        bytes.put(id, at: 8)
        bytes.put(firstFrame, at: 12)
        bytes.put(count, at: 16)
        bytes.put(address, at: 24)
    }
}
