// The numbers inside of the operations' payloads, each kind an open struct: a number without a name here survives.
// Not for: opcodes (DMOpcode.swift), ioreq types and states (IOREQ.swift).

/// How an ioreq server's buffered ring works (`HVM_IOREQSRV_BUFIOREQ_*`). Source: `hvm/hvm_op.h`; dmop.md section 7.
public struct BufferedHandling: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The handling of this number.
    public init(_ rawValue: UInt8) { self.rawValue = rawValue }

    /// No ring.
    public static let off = BufferedHandling(0)
    /// Xen never reduces the pointers.
    public static let legacy = BufferedHandling(1)
    /// Xen reduces both pointers by one compare-exchange, so readers advance theirs by an atomic add.
    public static let atomic = BufferedHandling(2)
}

/// What `get_ioreq_server_info` is not to do. Source: `hvm/dm_op.h`; dmop.md section 3.2.
public struct ServerInfoFlags: OptionSet, Hashable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Do not make and map legacy frames.
    public static let noGFNs = ServerInfoFlags(rawValue: 1)
}

/// What the numbers of a range count (`XEN_DMOP_IO_RANGE_*`). Source: `hvm/dm_op.h`; dmop.md section 3.3.
public struct IORangeType: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The type of this number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// I/O ports.
    public static let port = IORangeType(0)
    /// Guest-physical byte addresses.
    public static let memory = IORangeType(1)
    /// PCI functions (`PCIAddress`).
    public static let pci = IORangeType(2)
}

/// What accesses to a guest frame do (`HVMMEM_*`). Source: `hvm/hvm_op.h`; dmop.md section 3.12.
public struct MemoryType: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The type of this number.
    public init(_ rawValue: UInt16) { self.rawValue = rawValue }

    /// Ordinary memory.
    public static let ramReadWrite = MemoryType(0)
    /// Memory whose writes are dropped.
    public static let ramReadOnly = MemoryType(1)
    /// No memory: reads and writes go to the device model.
    public static let mmioDM = MemoryType(2)
    /// Reads are memory, writes go to the server that holds the type.
    public static let ioreqServer = MemoryType(4)
}

/// Which accesses go to the holder of a memory type (`XEN_DMOP_IOREQ_MEM_ACCESS_*`). dmop.md section 3.15.
public struct MemoryAccessFlags: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Reads: every release refuses it.
    public static let read = MemoryAccessFlags(rawValue: 1)
    /// Writes.
    public static let write = MemoryAccessFlags(rawValue: 2)
}

/// What kind of event a vCPU is given (`XEN_DMOP_EVENT_*`). Source: `hvm/dm_op.h`; dmop.md section 3.13.
public struct EventType: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The type of this number.
    public init(_ rawValue: UInt8) { self.rawValue = rawValue }

    /// An interrupt, as if from a controller.
    public static let externalInterrupt = EventType(0)
    /// A non-maskable interrupt.
    public static let nmi = EventType(2)
    /// An exception that the processor raises.
    public static let hardwareException = EventType(3)
    /// `INT n`.
    public static let softwareInterrupt = EventType(4)
    /// `ICEBP` (opcode F1).
    public static let debugException = EventType(5)
    /// `INT3` and `INTO`.
    public static let softwareException = EventType(6)
}

/// Why a domain shuts down (`SHUTDOWN_*`). Source: `sched.h`; dmop.md section 3.16.
public struct ShutdownReason: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The reason of this number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// The guest is done.
    public static let powerOff = ShutdownReason(0)
    /// The guest wants to start again.
    public static let reboot = ShutdownReason(1)
    /// The guest wants to be saved.
    public static let suspend = ShutdownReason(2)
    /// The guest, or its device model, has failed.
    public static let crash = ShutdownReason(3)
    /// The guest's watchdog has run out.
    public static let watchdog = ShutdownReason(4)
    /// The guest wants a fresh domain with its memory kept.
    public static let softReset = ShutdownReason(5)
}

/// How frames are cached (`XEN_DMOP_MEM_CACHEATTR_*`). Source: `hvm/dm_op.h`; dmop.md section 3.18.
public struct CacheAttribute: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The attribute of this number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// UC.
    public static let uncacheable = CacheAttribute(0)
    /// WC.
    public static let writeCombining = CacheAttribute(1)
    /// WT.
    public static let writeThrough = CacheAttribute(4)
    /// WP.
    public static let writeProtected = CacheAttribute(5)
    /// WB, as ordinary memory.
    public static let writeBack = CacheAttribute(6)
    /// UC-: uncacheable, unless the guest asks for write combining.
    public static let uncacheableMinus = CacheAttribute(7)
    /// Not an attribute: forget the range that has exactly these ends.
    public static let delete = CacheAttribute(~0)
}
