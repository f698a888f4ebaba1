// A domain: what it is made of. Its parts are files of their own.

public import XenABI

/// What a domain is when it is made.
public struct DomainShape: Hashable, Sendable {
    /// What kind of domain.
    public enum Kind: UInt8, Sendable {
        /// Paravirtualised: no device-model operations.
        case pv
        /// Hardware-virtualised with a full PC: PIC, IO-APIC, local APICs, VGA window.
        case hvm
        /// Hardware-virtualised with local APICs only.
        case pvh
    }

    /// Frames that the model gives a domain at most: 16 GiB of guest-physical memory.
    public static let framesMax: UInt64 = 4 << 20

    /// The kind.
    public var kind: Kind
    /// vCPUs.
    public var vcpuCount: Int
    /// RAM from frame 0 on.
    public var frameCount: UInt64
    /// Hardware-assisted paging; otherwise shadow paging. They differ in ops 7, 12 and 15.
    public var usesHAP: Bool
    /// An Arm guest: op 19, no PCI type, no buffering, data aborts instead of all ones.
    public var isArm: Bool
    /// An IOMMU or the right to flush caches: op 18 takes the uncached types also on 4.21 and later.
    public var hasIOMMU: Bool
    /// Shared peripheral interrupts of an Arm guest, from number 32 on.
    public var spiCount: UInt32
    /// PIRQs of an HVM guest that MSIs of vector 0 may name.
    public var pirqCount: UInt32

    /// A guest of this kind.
    public init(
        _ kind: Kind = .pvh, vcpuCount: Int = 1, frameCount: UInt64 = 1024, usesHAP: Bool = true, isArm: Bool = false,
        hasIOMMU: Bool = false, spiCount: UInt32 = 64, pirqCount: UInt32 = 256
    ) {
        self.kind = kind
        self.vcpuCount = vcpuCount
        self.frameCount = frameCount
        self.usesHAP = usesHAP
        self.isArm = isArm
        self.hasIOMMU = hasIOMMU
        self.spiCount = spiCount
        self.pirqCount = pirqCount
    }

    /// Dom0.
    static let control = DomainShape(.pv, vcpuCount: 1, frameCount: 0)
}

/// A domain of the model.
public final class Domain {
    /// Its id.
    public let id: DomainID
    /// What it was made as.
    public let shape: DomainShape
    /// Different for each domain ever created. dmop.md section 12.
    public let uniqueID: UInt64
    unowned let hypervisor: Hypervisor

    /// Which frame is what.
    public internal(set) var memory: MemoryMap
    /// Its ioreq servers, ids 0 to 7.
    var servers: [IOREQServerRecord?] {
        get { serversNow }
        set { serversNow = newValue }
    }
    /// Its vCPUs.
    public var vcpus: [VirtualCPU] { vcpusNow }
    /// Its event channels.
    var ports: PortTable {
        get { portsNow }
        set { portsNow = newValue }
    }
    /// The domain's own kernel, where its events go.
    public var eventSink: (any EventSink)? {
        get { eventSinkNow }
        set { eventSinkNow = newValue }
    }
    /// Shut down, dying, dead.
    public internal(set) var life: DomainLife {
        get { lifeNow }
        set { lifeNow = newValue }
    }
    /// Here, beside other small ones: each domain is smaller for it.
    private var lifeNow = DomainLife()
    /// The latched CF8 value, one for all vCPUs. dmop.md section 6.
    package var configurationAddress: UInt32 = 0
    /// CF8 bits 24 to 27 are register bits 8 to 11: an AMD processor whose NB_CFG says so. dmop.md section 6, rule 4.
    public var extendsConfigurationAddress = false
    /// Some events of op 13 crash the domain: an AMD processor. dmop.md section 3.13.
    public var refusesBadEvents = false
    /// The pages of its RAM, once somebody has asked for them: see `ramPages()`.
    var ram: PageRun?
    /// The server that gets writes to frames of memory type 4. dmop.md section 3.15.
    public internal(set) var memoryTypeHolder: IOREQServerID?
    /// What the guest has written to.
    var dirtyFrames = DirtyFrames()
    /// PCI and ISA interrupt lines, shared peripheral interrupts.
    public internal(set) var interruptLines = InterruptLines()
    /// Where a full PC's lines lead.
    var ioapic = IOAPIC()
    /// Cache attributes that op 18 has pinned.
    public internal(set) var pinnedCaches: [PinnedCache] = []
    /// HVM parameters, and the pool of legacy frames.
    var parameters = HVMParameters()
    /// Mappings of its pages in other domains (`MappingToken`): while there are some, a dead domain stays.
    public internal(set) var mappingCount = 0

    // What each access of the guest goes through, behind computed properties: nobody can hold on to it while it is read
    // or replaced, so that Swift need not check at run time that no two changes overlap.
    private var serversNow: [IOREQServerRecord?] = []
    private var vcpusNow: [VirtualCPU] = []
    private var portsNow = PortTable()
    private weak var eventSinkNow: (any EventSink)?

    init(_ id: DomainID, _ shape: DomainShape, uniqueID: UInt64, on hypervisor: Hypervisor) {
        self.id = id
        self.shape = shape
        self.uniqueID = uniqueID
        self.hypervisor = hypervisor
        memory = MemoryMap(ramFrameCount: shape.frameCount)
        // A toolstack leaves the window of a full PC's VGA card empty. dmop.md section 7.
        if shape.kind == .hvm {
            for frame in 0xa0..<min(0xc0, max(0xa0, shape.frameCount)) { memory.remove(frame) }
        }
        guard shape.kind != .pv else { return }
        vcpusNow = (0..<shape.vcpuCount).map { VirtualCPU(VCPUID(UInt32($0)), of: self) }
    }

    /// The server of this id; nil when there is none.
    public func server(_ id: IOREQServerID) -> IOREQServerRecord? {
        let index = Int(id.rawValue)
        return index < servers.count ? servers[index] : nil
    }

    /// Whether device-model operations work on it (row 6 of dmop.md section 1.2).
    public var isTranslated: Bool { shape.kind != .pv }
}

/// Where a domain is in its life. dmop.md sections 3.16 and 12.
public struct DomainLife: Hashable, Sendable {
    /// Why it shut down; nil: it has not.
    public internal(set) var shutdownReason: ShutdownReason?
    /// Why it is about to: vCPUs still wait for device models (row B32).
    public internal(set) var shutdownBegun: ShutdownReason?
    /// It is being torn down: ops 1, 2 and 7 refuse.
    public internal(set) var isDying = false
    /// Whether vCPUs begin anything.
    public var isRunning: Bool { shutdownReason == nil && shutdownBegun == nil && !isDying }
    /// It is torn down, and stays until the last mapping of a page of its own goes.
    public internal(set) var isDead = false
}
