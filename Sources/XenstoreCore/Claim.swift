// How transactions that fail again and again come through: chains of failures, and claims on what the next attempt will
// touch (xenstored.md 5.6).
// Not for: conflicts themselves (XenstoreCore+Commit).

/// A connection's failed attempts.
struct Chain {
    /// When the first of them began.
    var startTime: UInt64
    /// What the last one looked at or changed: at most 64 paths.
    var paths: [[UInt8]]
    /// Since when the connection has no open transaction; nil: it has one.
    var idleTime: UInt64?
}

/// The paths of a chain, kept from younger chains for a while.
final class Claim {
    let connection: Connection
    let transaction: Transaction
    let chainStart: UInt64
    let startTime: UInt64
    let paths: [[UInt8]]
    /// Connections that wait for its end, in the order in which they came.
    var waiters: [Connection] = []
    var hasEnded = false

    /// Milliseconds that a claim stands at most.
    static var duration: UInt64 { 20 }
    static var pathCountMax: Int { 64 }

    var deadline: UInt64 { startTime + Self.duration }

    init(connection: Connection, transaction: Transaction, chainStart: UInt64, startTime: UInt64, paths: [[UInt8]]) {
        self.connection = connection
        self.transaction = transaction
        self.chainStart = chainStart
        self.startTime = startTime
        self.paths = paths
    }
}
