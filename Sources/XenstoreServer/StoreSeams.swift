// Who else has a part in a server: control commands, the trace log. Each is set once, before it serves.
// Not for: the serving itself (StoreServer).

public import XenstoreCore
public import XenstoreWire

/// Answers CONTROL (xenstored.md 12).
public protocol StoreControl: AnyObject {
    /// A command, the payload of a request: the answer, or nil when it is given later by `server.answer(_:_:)`; the
    /// connection waits for it, others do not.
    func control(_ payload: [UInt8], from connection: ConnectionID, on server: StoreServer) -> ControlAnswer?
}

/// Is told of all that comes and goes, while the trace log is on (xenstored.md 14.4).
public protocol StoreTrace: AnyObject {
    /// A request has come from a connection of a domain.
    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from connection: ConnectionID, domain: UInt16)
    /// A message goes to a connection, header and all: a reply or an event.
    func message(_ message: Span<UInt8>, to connection: ConnectionID, domain: UInt16)
    /// A connection has begun or ended, a domain was introduced or is gone; `words` says what.
    func note(_ words: String)
}
