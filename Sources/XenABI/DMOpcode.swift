// The 20 device-model operations: numbers, names, sizes. The one table of them.
// Not for: the payloads (DMOP+*.swift) and what the operations do (HypervisorModel).

/// The number of a device-model operation (`XEN_DMOP_*`). Open: a number without a name here survives.
/// Source: `hvm/dm_op.h`; dmop.md section 2.
public struct DMOpcode: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The operation of this number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// Makes an ioreq server.
    public static let createIOREQServer = DMOpcode(1)
    /// Where a server's pages and buffered port are.
    public static let getIOREQServerInfo = DMOpcode(2)
    /// Claims a range for a server.
    public static let mapIORange = DMOpcode(3)
    /// Gives a range up.
    public static let unmapIORange = DMOpcode(4)
    /// Enables or disables a server.
    public static let setIOREQServerState = DMOpcode(5)
    /// Removes a server.
    public static let destroyIOREQServer = DMOpcode(6)
    /// Reports the frames of a window that the guest has written to.
    public static let trackDirtyVRAM = DMOpcode(7)
    /// Moves the interrupt pin of a PCI device.
    public static let setPCIINTxLevel = DMOpcode(8)
    /// Moves an ISA interrupt line.
    public static let setISAIRQLevel = DMOpcode(9)
    /// Leads a PCI interrupt link to an ISA line.
    public static let setPCILinkRoute = DMOpcode(10)
    /// Reports frames that the device model has written to.
    public static let modifiedMemory = DMOpcode(11)
    /// Changes what accesses to frames do.
    public static let setMemoryType = DMOpcode(12)
    /// Gives an exception or interrupt to a vCPU.
    public static let injectEvent = DMOpcode(13)
    /// Raises a message-signalled interrupt.
    public static let injectMSI = DMOpcode(14)
    /// Claims a memory type for a server.
    public static let mapMemoryType = DMOpcode(15)
    /// Shuts the domain down.
    public static let remoteShutdown = DMOpcode(16)
    /// Moves frames within the guest's memory map.
    public static let relocateMemory = DMOpcode(17)
    /// Fixes how frames are cached.
    public static let pinMemoryCacheAttribute = DMOpcode(18)
    /// Moves a shared peripheral interrupt (Arm).
    public static let setIRQLevel = DMOpcode(19)
    /// The domain's number of vCPUs.
    public static let vcpuCount = DMOpcode(20)

    /// Every operation that exists, by number. Allocates.
    public static var all: [DMOpcode] { (1...20).map { DMOpcode($0) } }

    public static func < (left: DMOpcode, right: DMOpcode) -> Bool { left.rawValue < right.rawValue }
}

extension DMOpcode {
    /// When Xen writes the payload back to its caller. Source: dmop.md section 1.4.
    public enum WriteBack: UInt8, Sendable {
        /// Never: the payload keeps its value.
        case never
        /// When the operation succeeds.
        case onSuccess
        /// Only when it stopped half-way and was continued.
        case onContinuation
    }

    /// Where an operation exists.
    public enum Architectures: UInt8, Sendable {
        /// x86 and Arm.
        case all
        /// x86 only.
        case x86
        /// Arm only.
        case arm
    }

    /// What does not depend on the values in a payload.
    private struct Traits {
        var name: StaticString
        var payloadByteCount: Int
        var writeBack = WriteBack.never
        var architectures = Architectures.x86
    }

    private var traits: Traits? {
        switch rawValue {
        case 1: Traits(name: "create_ioreq_server", payloadByteCount: 6, writeBack: .onSuccess, architectures: .all)
        case 2: Traits(name: "get_ioreq_server_info", payloadByteCount: 24, writeBack: .onSuccess, architectures: .all)
        case 3: Traits(name: "map_io_range_to_ioreq_server", payloadByteCount: 24, architectures: .all)
        case 4: Traits(name: "unmap_io_range_from_ioreq_server", payloadByteCount: 24, architectures: .all)
        case 5: Traits(name: "set_ioreq_server_state", payloadByteCount: 4, architectures: .all)
        case 6: Traits(name: "destroy_ioreq_server", payloadByteCount: 4, architectures: .all)
        case 7: Traits(name: "track_dirty_vram", payloadByteCount: 16)
        case 8: Traits(name: "set_pci_intx_level", payloadByteCount: 6)
        case 9: Traits(name: "set_isa_irq_level", payloadByteCount: 2)
        case 10: Traits(name: "set_pci_link_route", payloadByteCount: 2)
        case 11: Traits(name: "modified_memory", payloadByteCount: 8, writeBack: .onContinuation)
        case 12: Traits(name: "set_mem_type", payloadByteCount: 16, writeBack: .onSuccess)
        case 13: Traits(name: "inject_event", payloadByteCount: 24)
        case 14: Traits(name: "inject_msi", payloadByteCount: 16)
        case 15: Traits(name: "map_mem_type_to_ioreq_server", payloadByteCount: 16, writeBack: .onSuccess)
        case 16: Traits(name: "remote_shutdown", payloadByteCount: 4)
        case 17: Traits(name: "relocate_memory", payloadByteCount: 24, writeBack: .onContinuation)
        case 18: Traits(name: "pin_memory_cacheattr", payloadByteCount: 24)
        case 19: Traits(name: "set_irq_level", payloadByteCount: 8, architectures: .arm)
        case 20: Traits(name: "nr_vcpus", payloadByteCount: 4, writeBack: .onSuccess, architectures: .all)
        default: nil
        }
    }

    /// Whether the number is that of an operation (1 to 20).
    public var isKnown: Bool { traits != nil }

    /// The name in Xen's header, without its prefix; "unknown operation" for other numbers.
    public var name: StaticString { traits?.name ?? "unknown operation" }

    /// Bytes of the payload, at most 24. 0 for numbers that are no operation.
    public var payloadByteCount: Int { traits?.payloadByteCount ?? 0 }

    /// When Xen writes the payload back.
    public var writeBack: WriteBack { traits?.writeBack ?? .never }

    /// Where the operation exists; elsewhere it is EOPNOTSUPP.
    public var architectures: Architectures { traits?.architectures ?? .all }

    /// Whether the operation has a buffer 1: a dirty bitmap or extents. Source: dmop.md section 1.1.
    public var usesSecondBuffer: Bool { self == .trackDirtyVRAM || self == .modifiedMemory }
}

extension DMOpcode: CustomStringConvertible {
    /// The name, with the number where it has none.
    public var description: String { isKnown ? name.description : "\(name.description) \(rawValue)" }
}
