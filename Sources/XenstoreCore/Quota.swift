// The quotas (xenstored.md 7.1).
// Not for: when one is hit (the operations), what is counted (DomainRecord).

internal import XenstoreWire

/// A quota, in the table's order.
public enum Quota: Int, CaseIterable, Sendable {
    /// Nodes that a domain owns.
    case nodes
    /// Registered watches.
    case watches
    /// Requests whose reply is not wholly sent.
    case outstanding
    /// Bytes (xenstored.md 7.2).
    case memory
    /// The same bytes; the log hears of it.
    case softMemory
    /// Open transactions.
    case transactions
    /// Paths looked at or changed in one transaction.
    case transactionNodes
    /// Entries in one SET_PERMS.
    case nodePermissions
    /// Bytes of a path.
    case pathMax
    /// Bytes of a node.
    case nodeSize
    /// Unsent events.
    case watchEvents

    /// Its name, as GET_QUOTA has it.
    public var name: String {
        switch self {
        case .nodes: "nodes"
        case .watches: "watches"
        case .outstanding: "outstanding"
        case .memory: "memory"
        case .softMemory: "soft-memory"
        case .transactions: "transactions"
        case .transactionNodes: "transaction-nodes"
        case .nodePermissions: "node-permissions"
        case .pathMax: "path-max"
        case .nodeSize: "node-size"
        case .watchEvents: "watch-events"
        }
    }

    /// The quota of a name, `permissions` included; nil for a name that none has.
    public init?(name: [UInt8]) { self.init(name, 0..<name.count) }

    var standard: Int {
        switch self {
        case .nodes: 1000
        case .watches: 128
        case .outstanding: 20
        case .memory: 2_621_440
        case .softMemory: 2_097_152
        case .transactions: 10
        case .transactionNodes: 1024
        case .nodePermissions: 5
        case .pathMax: 2048
        case .nodeSize: 2048
        case .watchEvents: 1024
        }
    }

    /// The quota of a name in a payload; nil for a name that none has.
    init?(_ payload: [UInt8], _ range: Range<Int>) {
        for quota in Self.allCases where XenstoreText.equals(payload.span, range, quota.name) {
            self = quota
            return
        }
        guard XenstoreText.equals(payload.span, range, "permissions") else { return nil }
        self = .nodePermissions
    }
}

/// The quotas of one domain, or those that new ones get.
struct QuotaSet: Sendable {
    private var values = Quota.allCases.map(\.standard)

    /// A value; 0 is unlimited. A path can't be made longer than the protocol has it: `path-max` is at most 2048.
    subscript(_ quota: Quota) -> Int {
        get { values[quota.rawValue] }
        set {
            let isTooLong = quota == .pathMax && (newValue == 0 || newValue > XenstoreLimits.guestPathByteCount)
            values[quota.rawValue] = isTooLong ? XenstoreLimits.guestPathByteCount : newValue
        }
    }

    /// Whether a count may be reached.
    func allows(_ quota: Quota, _ count: Int) -> Bool {
        let limit = self[quota]
        return limit == 0 || count <= limit
    }
}
