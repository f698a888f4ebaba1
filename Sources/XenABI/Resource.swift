// XENMEM_acquire_resource as values.

/// What kind of resource is mapped (`XENMEM_resource_*`). Source: `memory.h`; dmop.md section 8.1.
public struct ResourceType: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The pages of an ioreq server: frame 0 is the buffered ring, frame 1 the synchronous slots.
    public static let ioreqServer = ResourceType(rawValue: 0)
    /// A domain's grant table.
    public static let grantTable = ResourceType(rawValue: 1)
    /// A vCPU's trace buffer.
    public static let vmtraceBuffer = ResourceType(rawValue: 2)
}

/// The frames of an ioreq server's resource. dmop.md section 8.1.
public enum IOREQServerFrame {
    /// The buffered ring; ENOENT when buffering is off.
    public static let buffered: UInt32 = 0
    /// The synchronous slots, of vCPUs 0 to 127.
    public static let synchronous: UInt32 = 1
}

/// `struct xen_mem_acquire_resource`: frames of a resource, or with a null list and no frames its size. dmop.md
/// section 8.1.
public struct AcquireResource: WireLayout {
    public static var layoutName: StaticString { "xen_mem_acquire_resource" }
    public static var byteCount: Int { 32 }

    /// Whose resource.
    public var domain: DomainID
    /// What kind; 16 bits of it are sent.
    public var type: ResourceType
    /// Which one: the server id.
    public var id: UInt32
    /// Frames; out for a size query.
    public var count: UInt32
    /// The first frame.
    public var firstFrame: UInt64
    /// Address of an array of `count` 64-bit frame numbers; 0 asks for the size.
    public var frameList: UInt64

    /// The structure with these fields.
    public init(
        domain: DomainID, type: ResourceType, id: UInt32, count: UInt32, firstFrame: UInt64, frameList: UInt64
    ) {
        self.domain = domain
        self.type = type
        self.id = id
        self.count = count
        self.firstFrame = firstFrame
        self.frameList = frameList
    }

    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        domain = DomainID(rawValue: bytes.u16(at: 0))
        type = ResourceType(rawValue: UInt32(bytes.u16(at: 2)))
        id = bytes.u32(at: 4)
        count = bytes.u32(at: 8)
        firstFrame = bytes.u64(at: 16)
        frameList = bytes.u64(at: 24)
    }

    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(domain.rawValue, at: 0)
        bytes.put(UInt16(truncatingIfNeeded: type.rawValue), at: 2)
        bytes.put(id, at: 4)
        bytes.put(count, at: 8)
        bytes.zero(4, at: 12)
        bytes.put(firstFrame, at: 16)
        bytes.put(frameList, at: 24)
    }
}
