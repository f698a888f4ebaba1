// The event channel of one ring, until it is unbound.
// Not for: what is done when it fires (StoreRing).

internal import XenABI
internal import XenPlatform

/// A bound port, which the ring notifies. When it is unbound, or never could be bound, notifying fails.
final class RingChannel: RingNotification {
    private let events: any EventChannels
    /// The local port; nil: none.
    private(set) var port: EventPort?
    private var bound: BoundPort?

    /// Takes over a port.
    init(_ events: any EventChannels, _ bound: consuming BoundPort) {
        self.events = events
        port = bound.port
        self.bound = consume bound
    }

    /// Of a guest whose port could not be bound.
    init(unbound events: any EventChannels) {
        self.events = events
        bound = nil
    }

    func notify() throws(XenError) {
        guard let port else { throw XenError(.enotconn, "notify") }
        try events.notify(port)
    }

    func unbind() {
        port = nil
        bound = nil
    }
}
