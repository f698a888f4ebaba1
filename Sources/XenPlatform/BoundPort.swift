// A bound event channel, owned.
// Not for: binding, notifying, waiting (see EventChannels).

public import XenABI

/// What bound a port, and unbinds it.
public protocol PortOwner: AnyObject {
    /// Unbinds the local port. Called once.
    func unbind(_ port: EventPort)
}

/// A local event-channel port that is ours until this value is closed or goes away.
public struct BoundPort: ~Copyable {
    /// The local port.
    public let port: EventPort
    private let owner: any PortOwner

    /// Takes over a port that `owner` has bound and unbinds.
    public init(_ port: EventPort, owner: any PortOwner) {
        self.port = port
        self.owner = owner
    }

    deinit { owner.unbind(port) }

    /// Unbinds now.
    public consuming func close() {}
}
