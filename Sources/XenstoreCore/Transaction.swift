// A transaction: the moment that it sees, its own changes on top, the record of its requests (xenstored.md 5.1, 5.2).
// Not for: its commit (XenstoreCore+Commit).

internal import XenstoreWire

/// What a request was answered.
enum Answer: Equatable {
    case reply([UInt8])
    case refusal(XenstoreErrorCode)

    var byteCount: Int {
        switch self {
        case .reply(let bytes): bytes.count
        case .refusal(let code): code.name.utf8.count + 1
        }
    }
}

/// One request of a transaction.
struct RecordedRequest {
    var operation: XenstoreOperation
    var payload: [UInt8]
    var answer: Answer
    /// WRITE, MKDIR, RM: whether the target was there.
    var existed: Bool?

    var byteCount: Int { 16 + payload.count + answer.byteCount }

    /// Whether it has changed anything.
    var hasChanged: Bool {
        guard case .reply = answer else { return false }
        switch operation {
        case .write, .setPermissions: return true
        case .makeDirectory: return existed != true
        case .remove: return existed == true
        default: return false
        }
    }
}

/// An open transaction.
final class Transaction {
    let id: UInt32
    /// The moment of the tree that it sees: that of its start, or when it went on after a wait (xenstored.md 5.6).
    var moment: UInt64
    let startTime: UInt64
    /// Whether its requests are those of another one, run again for its commit.
    let isReplay: Bool

    /// Nodes that it has changed; nil: removed.
    var changes: [NodeID: NodeContent?] = [:]
    /// The same nodes as they were first changed: a commit goes in this order.
    var changedNodes: [NodeID] = []
    /// Nodes that it has made, which nobody else knows.
    var created: [NodeID] = []
    /// Nodes of the connection's domain more than at the start.
    var netNodeCount = 0
    /// What `lifeCount` was at the start.
    var lifeCount: UInt64 = 0
    /// Whether nodes were removed of which only the topmost one is among `changes`.
    var hasCut = false
    /// Of a replay: whether nodes may still be made where others were removed.
    var makesLater = true
    var hasCreated = false

    var records: [RecordedRequest] = []
    var recordByteCount = 0
    /// Paths that it has looked at or changed, in the order of their first use.
    var paths: [[UInt8]] = []
    var pathSet: Set<[UInt8]> = []
    /// What to tell the watches of, at the commit.
    var events: [PathChange] = []
    var eventPlaces: [[UInt8]: Int] = [:]
    /// A request hit a quota: it can only end without its changes.
    var hasFailed = false
    /// It was in conflict when a live update carried it here: it can't change anything (xenstored.md 13.5).
    var isDoomed = false
    /// What it costs of the domain's `memory`.
    var memoryByteCount = 0

    /// What a guest pays for the second run of its requests, in thousandths of a credit: so much that it takes half a
    /// percent of the time for long (xenstored.md 5.7).
    var commitCost: Int { 16 * records.count + recordByteCount / 256 }

    /// Whether it may always be committed. What a doomed one has changed here is not what its client has seen.
    var changesNothing: Bool { isDoomed ? !records.contains(where: \.hasChanged) : changes.isEmpty }

    init(id: UInt32, moment: UInt64, startTime: UInt64, isReplay: Bool = false) {
        self.id = id
        self.moment = moment
        self.startTime = startTime
        self.isReplay = isReplay
    }

    /// Notes a change for the watches: one for a path, and *subtree* is more than *exact* (xenstored.md 5.5).
    func note(_ change: PathChange) {
        if let place = eventPlaces[change.path] {
            if change.kind == .subtree { events[place].kind = .subtree }
            return
        }
        eventPlaces[change.path] = events.count
        events.append(change)
    }
}
