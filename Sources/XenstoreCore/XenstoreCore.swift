// The store and its clients as one deterministic machine: requests and events in, effects out (xenstored.md 11).
// Not for: descriptors, clocks, threads, random numbers; all of these are the daemon's.

internal import XenstoreWire

/// Why a request is refused.
struct Refusal: Error {
    var code: XenstoreErrorCode

    init(_ code: XenstoreErrorCode) { self.code = code }
}

/// A request while it is carried out.
struct Request {
    let connection: Connection
    let header: XenstoreHeader
    let payload: [UInt8]
    let transaction: Transaction?
    let now: UInt64
}

/// Everything that a Xenstore server knows. The same calls give the same effects, byte for byte.
public final class XenstoreCore {
    /// The control domain: what belongs to nobody else is its own.
    public let controlDomain: UInt16
    /// The domain that the daemon runs in, for which sockets act.
    public let storeDomain: UInt16
    /// Whether nodes of a domain that has gone stay, as the control domain's.
    let keepsOrphans: Bool
    /// Asks the hypervisor for a domain: its unique number, 0 where that isn't known, nil when there is none.
    let lookUp: (UInt16) -> UInt64?

    var tree = NodeTree()
    var lastGeneration: UInt64 = 0
    /// Nodes that were removed, with all below them, and still have to be counted off and freed.
    var detached: [NodeID] = []
    /// Those of them that are being freed, each with the children that are left of it, the deepest one last.
    var falling: [(node: NodeID, children: ChildList)] = []
    /// The first list of permissions that may still have entries of dead domains; nil: none has.
    var uncleanList: UInt32?
    var domains: [UInt16: DomainRecord] = [:]
    var lastEpoch: UInt64 = 0
    /// Domains that have gone, with their nodes.
    var removalCount: UInt64 = 0
    var defaultQuotas = QuotaSet()
    var trie = WatchTrie()
    var lastWatchSequence: UInt64 = 0

    var connections: [Connection?] = []
    var freeConnections: [Int] = []
    /// What to do, until the call ends.
    var effects: [Effect] = []
    /// Room for the event of a plain WRITE: its path, and who may hear of it.
    var quickPath: [UInt8] = []
    var quickWatches: [Watch] = []
    /// Whether commits may go without a second run, and how many did (xenstored.md 5.3).
    var skipsRuns = true
    var skippedRunCount = 0
    /// Changes of the request under way, for the watches.
    var pathChanges: [PathChange] = []
    /// WRITE, MKDIR, RM under way: whether the target was there.
    var targetExisted: Bool?
    /// Whether requests run that were within their quotas before: those of a live update (xenstored.md 13.4).
    var ignoresQuotas = false
    /// Whether a domain's shutdown or end was reported in this batch.
    var batchHasReleases = false
    /// Who waits for rings to be mapped, in the order in which the daemon was asked.
    var introductions: [(domain: UInt16, connection: Connection)] = []
    /// Connections that go on with what they were held back from, when the request under way is done.
    var ready: [Connection] = []

    /// Guests near their quotas, that wait until what has gone is counted off.
    var patient: [Connection] = []
    /// Guests that are not read as they hold too many bytes, or have to pay (xenstored.md 5.7) until a time.
    var starved: [Connection] = []
    var resting: [(connection: Connection, time: UInt64)] = []

    /// What all domains have done, those that have gone among them; and the highest counts of quotas among guests.
    public internal(set) var totals = StoreStatistics()
    var maxima = QuotaMaxima()
    /// The time of the last request, and the epoch of the domain whose request is under way; 0: none is.
    var clock: UInt64 = 0
    var asker: UInt64 = 0

    /// The check under way.
    var check: StoreCheck?

    /// Claims that stand, in the order of their ends (xenstored.md 5.6).
    var claims: [Claim] = []
    var lastChain: UInt64 = 0
    var claimedPaths: [[UInt8]: ClaimedPath] = [:]
    /// Until when no claim of a guest begins, by domain.
    var claimPauses: [UInt16: UInt64] = [:]

    /// A store with its first contents. `lookUp` asks the hypervisor for a domain: its unique number, 0 when that isn't
    /// known, nil when there is none.
    public init(
        controlDomain: UInt16 = 0, storeDomain: UInt16 = 0, keepsOrphans: Bool = false,
        lookUp: @escaping (UInt16) -> UInt64?
    ) {
        self.controlDomain = controlDomain
        self.storeDomain = storeDomain
        self.keepsOrphans = keepsOrphans
        self.lookUp = lookUp
        _ = makeRecord(controlDomain, uniqueID: 0)
        if storeDomain != controlDomain { _ = makeRecord(storeDomain, uniqueID: 0) }
        record(controlDomain).isIntroduced = true
        record(storeDomain).isIntroduced = true
        makeFirstContents()
    }

    func connection(_ id: ConnectionID) -> Connection? {
        connections.indices.contains(id.index) ? connections[id.index] : nil
    }

    /// Begins a connection of a socket.
    public func openSocket() -> ConnectionID { makeConnection(record(storeDomain), isPrivileged: true).id }

    /// Begins the connection of the control domain's own ring.
    public func openControlRing() -> ConnectionID { makeConnection(record(controlDomain), isPrivileged: true).id }

    /// The connection of a domain's ring while it is introduced.
    public func ring(of domain: UInt16) -> ConnectionID? { domains[domain]?.connection }

    func makeConnection(_ domain: DomainRecord, isPrivileged: Bool) -> Connection {
        let index = freeConnections.popLast() ?? connections.count
        let connection = Connection(id: ConnectionID(index: index), domain: domain, isPrivileged: isPrivileged)
        if index == connections.count { connections.append(connection) } else { connections[index] = connection }
        return connection
    }

    /// The record of a domain that certainly exists.
    func record(_ domain: UInt16) -> DomainRecord {
        domains[domain] ?? makeRecord(domain, uniqueID: lookUp(domain) ?? 0)
    }

    func makeRecord(_ domain: UInt16, uniqueID: UInt64) -> DomainRecord {
        lastEpoch += 1
        let record = DomainRecord(domain: domain, epoch: lastEpoch, uniqueID: uniqueID, quotas: defaultQuotas)
        domains[domain] = record
        return record
    }

    /// `/`, `/tool`, `/tool/xenstored` and the special nodes (xenstored.md 15).
    private func makeFirstContents() {
        let owner = PermissionEntry(
            access: .none, domain: controlDomain, epoch: record(controlDomain).epoch)
        let anyone = PermissionEntry(access: .read, domain: XenstorePermission.anyDomain, epoch: 1)
        func top(_ name: String, _ permissions: PermissionList) {
            let bytes = Array(name.utf8)
            let node = tree.allocate(
                name: bytes.span, 0..<bytes.count, parent: nil, pathByteCount: bytes.count)
            write(node, NodeContent(value: [], permissions: permissions), nil, by: nil)
        }
        let own = PermissionList(owner: owner)
        top("/", own)
        top("@introduceDomain", own)
        top("@releaseDomain", PermissionList([owner, anyone]) ?? own)
        let path = Array("/tool/xenstored".utf8)
        create(path, find(path, nil), value: [], nil, by: nil)
        lastGeneration = 0
    }
}
