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
