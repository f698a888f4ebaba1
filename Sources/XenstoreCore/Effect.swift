// What the core asks of the daemon (xenstored.md 11).
// Not for: how it is done.

public import XenstoreWire

/// One connection: a socket or a ring. Numbers are used again after a connection was closed.
public struct ConnectionID: Hashable, Sendable {
    /// The place in the core's table.
    public var index: Int

    /// A connection by its place.
    public init(index: Int) { self.index = index }
}

/// How much a line of the log matters (xenstored.md 14.4).
public enum LogLevel: Sendable {
    /// The store is in trouble.
    case error
    /// A quota, or a guest against the rules.
    case warning
}

/// What the daemon has to do, in this order.
public enum Effect: Equatable, Sendable {
    /// Messages wait for a connection that had none: take them with `takeMessage`.
    case output(ConnectionID)
    /// Map the ring of a domain and bind its port; tell the core with `.introduced`.
    case introduce(domain: UInt16, port: UInt32)
    /// Unbind the port and unmap the page of a domain.
    case unbind(domain: UInt16)
    /// A connection that was held back is read again.
    case resumeReading(ConnectionID)
    /// A command for the daemon, a payload of CONTROL; answer with `.controlled`.
    case control(ConnectionID, payload: [UInt8])
    /// A line for the log.
    case log(LogLevel, String, domain: UInt16)
}

/// What the daemon tells the core (xenstored.md 11).
public enum CoreEvent: Sendable {
    /// An `.introduce` was done, or could not be.
    case introduced(domain: UInt16, succeeded: Bool)
    /// The state of a domain changed, as Xen has it (xenstored.md 9.5). Ended by `.batchEnd`.
    case domainChanged(domain: UInt16, state: DomainState)
    /// All changes of one interrupt were told.
    case batchEnd
    /// The daemon has answered a CONTROL.
    case controlled(ConnectionID, ControlAnswer)
    /// A connection is at its end.
    case connectionClosed(ConnectionID)
    /// A ring was connected anew by its guest (xenstored.md 8.4), or is ignored (8.5): what was under way is dropped.
    case connectionReset(ConnectionID)
}

/// How the daemon answers a CONTROL (xenstored.md 12).
public enum ControlAnswer: Equatable, Sendable {
    /// The payload of the reply, its NUL included, 4096 bytes at most.
    case reply([UInt8])
    /// It can't be done.
    case refused(XenstoreErrorCode)
}

/// What Xen says of a domain (xenstored.md 9.5).
public enum DomainState: Equatable, Sendable {
    /// It exists, runs or is paused.
    case exists(uniqueID: UInt64)
    /// It has shut down.
    case shutDown(uniqueID: UInt64)
    /// It is being taken apart.
    case dying(uniqueID: UInt64)
    /// It is dead.
    case dead(uniqueID: UInt64)
    /// There is none with this number.
    case absent

    /// Xen's own number of the domain; nil: there is none.
    var uniqueID: UInt64? {
        switch self {
        case .exists(let id), .shutDown(let id), .dying(let id), .dead(let id): id
        case .absent: nil
        }
    }
}
