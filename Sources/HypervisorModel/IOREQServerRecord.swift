// An ioreq server as the hypervisor keeps it. Not for: finding the one that an access is for (Selection).

public import XenABI

/// An ioreq server of a domain.
public final class IOREQServerRecord {
    /// Its id within the domain.
    public let id: IOREQServerID
    /// The domain that created it, and owns it: no process does. dmop.md section 1.7.
    public let owner: DomainID
    /// Whether and how it has a buffered ring.
    public let handling: BufferedHandling
    /// Whether accesses are looked up in it.
    public internal(set) var isEnabled: Bool {
        get { isEnabledNow }
        set { isEnabledNow = newValue }
    }
    /// Behind a computed property, as some of the domain's are.
    private var isEnabledNow = false
    /// Whether its slots have the vCPUs' ports: it was enabled with pages. Until then nothing is sent to it (15.1).
    var hasPublishedPorts = false
    /// Claimed ranges: PORT, MEMORY, PCI.
    var ranges = [RangeSet(), RangeSet(), RangeSet()]
    /// The target's port of each vCPU.
    var vcpuPorts: [EventPort] = []
    /// The target's port of the ring; nil when buffering is off.
    var bufferedPort: EventPort?
    /// Page 0 is the ring, page 1 the slots; made at the first request for any frame (dmop.md section 8.1).
    var pages: PageRun?
    /// The frames, when it has its pages from the legacy pool instead (dmop.md section 8.2).
    var legacyFrames: LegacyFrames?

    init(_ id: IOREQServerID, owner: DomainID, handling: BufferedHandling) {
        self.id = id
        self.owner = owner
        self.handling = handling
    }

    /// The claimed ranges of a type, merged, in order.
    public func claimedRanges(_ type: IORangeType) -> [ClosedRange<UInt64>] {
        type.rawValue < 3 ? ranges[Int(type.rawValue)].ranges : []
    }
}

/// A frame of the legacy pool, and the page that it was when the server got it.
struct LegacyFrame: Hashable {
    var frame: GuestFrame
    /// Index in the domain's run of RAM pages.
    var page: UInt64
    /// It has left the memory map, because the server is enabled.
    var isTakenOut = false
}

/// Frames of the legacy pool that a server holds.
struct LegacyFrames: Hashable {
    var synchronous: LegacyFrame
    var buffered: LegacyFrame?
}
