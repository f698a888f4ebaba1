// How many requests of a client are served before it is others' turn, as a value (xenstored.md 14.5).
// Not for: bytes; buffers bound those.

internal import XenstoreWire

/// The length of one turn.
struct TurnLimit {
    /// Requests of a turn, and those of one that is inside one transaction.
    static let requestCount = 32
    static let transactionRequestCount = 128
    /// Requests of a guest's turn, and nanoseconds of them, after which it is over when somebody else waits: so few
    /// that these others hardly notice, so many that a look whether there is somebody costs little beside them.
    static let lookRequestCount = 8
    static let lookNanoseconds: UInt64 = 5000

    private(set) var requestCount = 0
    /// The transaction that the last requests were inside; 0: one that has just started.
    private var transaction: UInt32?

    /// A turn that begins.
    init() {}

    /// Whether there may be another request.
    var goesOn: Bool {
        requestCount < Self.requestCount || transaction != nil && requestCount < Self.transactionRequestCount
    }

    /// A request was served.
    mutating func note(_ header: XenstoreHeader) {
        requestCount += 1
        let number = header.transactionID
        if header.operation == .transactionStart {
            // Of two beginnings one after the other neither is the one transaction of this turn.
            transaction = transaction == nil ? 0 : nil
        } else if header.operation == .transactionEnd || number == 0 {
            transaction = nil
        } else {
            transaction = transaction == nil || transaction == 0 || transaction == number ? number : nil
        }
    }
}
