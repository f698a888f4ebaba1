// Who is served, as statistics and a live update see them (xenstored.md 12, 13.1).
// Not for: what the core knows of a connection.

public import XenABI
public import XenstoreCore

/// A client of the server.
public struct ServedClient: Equatable, Sendable {
    /// How it is connected.
    public enum Kind: Equatable, Sendable {
        /// By a socket with this descriptor.
        case socket(Int32)
        /// By the ring of a domain; its local port, nil when none is bound.
        case ring(domain: UInt16, port: EventPort?, state: RingLife.State, features: RingFeatures)
    }

    /// Its connection.
    public let id: ConnectionID
    /// How it is connected.
    public let kind: Kind
    /// Bytes that were read and not handled: of an unfinished request, of a socket also of whole ones; 65535 at most.
    public let input: [UInt8]
    /// Bytes that were taken from the core and are not sent.
    public let output: [UInt8]
    /// How many bytes of `output`, from its beginning on, complete a message that is sent in part.
    public let partByteCount: Int
}
