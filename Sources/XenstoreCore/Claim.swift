// How transactions that fail again and again come through: chains of failures, and claims on what the next attempt will
// touch (xenstored.md 5.6).
// Not for: conflicts themselves (XenstoreCore+Commit).

/// How old a chain is: of two one is older, though they began in the same millisecond.
struct ChainAge: Comparable {
    /// When the first attempt began.
    var startTime: UInt64
    /// Ascending in the order in which chains' first attempts failed.
    var number: UInt64

    static func < (one: ChainAge, other: ChainAge) -> Bool {
        (one.startTime, one.number) < (other.startTime, other.number)
    }
}

/// A connection's failed attempts.
struct Chain {
    let age: ChainAge
    /// What the last one looked at or changed: at most 64 paths.
    var paths: [[UInt8]]
    /// Since when the connection has no open transaction; nil: it has one.
    var idleTime: UInt64?
}

/// The paths of a chain, kept from younger chains for a while.
final class Claim {
    let connection: Connection
    let transaction: Transaction
    let age: ChainAge
    let startTime: UInt64
    let paths: [[UInt8]]
    /// When it ends at the latest.
    private(set) var deadline: UInt64
    private var hasTakenOver = false

    /// Milliseconds that a claim stands at most, and once more from when it takes a path over.
    static var duration: UInt64 { 20 }
    static var pathCountMax: Int { 64 }

    init(connection: Connection, transaction: Transaction, age: ChainAge, startTime: UInt64, paths: [[UInt8]]) {
        self.connection = connection
        self.transaction = transaction
        self.age = age
        self.startTime = startTime
        self.paths = paths
        deadline = startTime + Self.duration
    }

    /// It has a path that it had to wait for: from now on its holder can go on. Says whether its end is another now.
    func takeOver(now: UInt64) -> Bool {
        if hasTakenOver { return false }
        hasTakenOver = true
        deadline = now + Self.duration
        return true
    }
}

/// Who wants a path, and who waits for it.
struct ClaimedPath {
    /// Standing claims of the path, the oldest chain first: that one has it.
    private(set) var claims: [Claim] = []
    /// Connections that wait for the first of them, in the order in which they came.
    var waiters: [Connection] = []

    /// Puts a claim in its place.
    mutating func insert(_ claim: Claim) {
        var place = claims.count
        while place > 0, claims[place - 1].age > claim.age { place -= 1 }
        claims.insert(claim, at: place)
    }

    /// Takes a claim out that has ended; says whether it had the path.
    mutating func remove(_ claim: Claim) -> Bool {
        guard let place = claims.firstIndex(where: { $0 === claim }) else { return false }
        claims.remove(at: place)
        return place == 0
    }
}
