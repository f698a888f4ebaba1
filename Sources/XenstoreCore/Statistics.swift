// What is counted of requests, events and pauses: plain integers (xenstored.md 17.1, rule 7), of each domain and of the
// whole store; and the highest counts of quotas.
// Not for: where they are counted (XenstoreCore+Counting), who shows them (the daemon).

public import XenstoreWire

/// Why a connection is not read for a while (xenstored.md 8.6).
public enum PauseReason: Int, CaseIterable, Sendable {
    /// Too many replies wait.
    case outstanding
    /// The domain holds too many bytes.
    case memory
    /// It pays for breaking others' transactions.
    case credit
    /// Another one's claim stands.
    case claim

    /// The reason in one word.
    public var name: String {
        switch self {
        case .outstanding: "outstanding"
        case .memory: "memory"
        case .credit: "credit"
        case .claim: "claim"
        }
    }
}

/// Counters of a domain, from its beginning on; or of the store, with what domains did that have gone.
public struct StoreStatistics: Sendable {
    /// One more than the operations with a meaning: all others are counted there.
    private static var operationCount: Int { Int(XenstoreOperation.numberEnd) }

    private var requestCounts = InlineArray<28, UInt64>(repeating: 0)
    private var refusalCounts = InlineArray<16, UInt64>(repeating: 0)
    private var pauseCounts = InlineArray<4, UInt64>(repeating: 0)
    private var hitCounts = InlineArray<11, UInt64>(repeating: 0)

    /// Requests of all operations.
    public internal(set) var requestCount: UInt64 = 0
    /// Refusals of all kinds.
    public internal(set) var refusalCount: UInt64 = 0
    /// Transactions that were committed.
    public internal(set) var commitCount: UInt64 = 0
    /// Ends of transactions with `EAGAIN`.
    public internal(set) var conflictCount: UInt64 = 0
    /// Events handed to the daemon for sending.
    public internal(set) var eventsSent: UInt64 = 0
    /// Events that were not added as an equal one waited.
    public internal(set) var eventsCoalesced: UInt64 = 0
    /// Events that went into another one as too many waited.
    public internal(set) var eventsFolded: UInt64 = 0
    /// Bytes of requests, their headers among them.
    public internal(set) var receivedByteCount: UInt64 = 0
    /// Bytes of messages handed to the daemon for sending.
    public internal(set) var sentByteCount: UInt64 = 0

    /// Requests of an operation; those of all numbers without a meaning together.
    public func requests(_ operation: XenstoreOperation) -> UInt64 { requestCounts[Self.place(operation)] }

    /// Requests that were refused with a name.
    public func refusals(_ code: XenstoreErrorCode) -> UInt64 { refusalCounts[Int(code.rawValue)] }

    /// How often a connection began not to be read.
    public func pauses(_ reason: PauseReason) -> UInt64 { pauseCounts[reason.rawValue] }

    /// Hits of a quota.
    public func hits(_ quota: Quota) -> UInt64 { hitCounts[quota.rawValue] }

    /// Pauses for all reasons.
    public var pauseCount: UInt64 { PauseReason.allCases.reduce(0) { $0 &+ pauses($1) } }

    /// Hits of all quotas.
    public var hitCount: UInt64 { Quota.allCases.reduce(0) { $0 &+ hits($1) } }

    private static func place(_ operation: XenstoreOperation) -> Int {
        min(Int(truncatingIfNeeded: operation.rawValue), operationCount)
    }

    mutating func add(request operation: XenstoreOperation, byteCount: Int) {
        requestCounts[Self.place(operation)] &+= 1
        requestCount &+= 1
        receivedByteCount &+= UInt64(byteCount)
    }

    mutating func add(refusal code: XenstoreErrorCode) {
        refusalCounts[Int(code.rawValue)] &+= 1
        refusalCount &+= 1
    }

    mutating func add(pause reason: PauseReason) { pauseCounts[reason.rawValue] &+= 1 }

    mutating func add(hit quota: Quota) { hitCounts[quota.rawValue] &+= 1 }
}

/// The highest count of each quota that was seen.
struct QuotaMaxima: Sendable {
    private var values = InlineArray<11, Int>(repeating: 0)

    /// The highest count. Of `soft-memory` it is that of `memory`.
    subscript(_ quota: Quota) -> Int { values[quota == .softMemory ? Quota.memory.rawValue : quota.rawValue] }

    mutating func note(_ quota: Quota, _ count: Int) {
        if count > values[quota.rawValue] { values[quota.rawValue] = count }
    }
}
