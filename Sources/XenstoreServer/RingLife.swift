// The states that a domain's ring can be in, as a value (xenstored.md 8.2, 8.4, 8.5).
// Not for: what is stored on the page (GuestRing).

/// Whether a ring is served, ignored or closed, and what leads from one to the other.
public struct RingLife: Equatable, Sendable {
    /// What a ring can be.
    public enum State: Hashable, Sendable {
        /// Requests are read, messages are written.
        case served
        /// Neither, after an error: until its guest reconnects, or it is closed.
        case ignored(RingError)
        /// It is let go. For ever.
        case closed
    }

    /// What was offered to the domain; stays while it is connected.
    public let features: RingFeatures
    /// What the ring is now.
    public private(set) var state: State

    /// A ring that is served.
    public init(features: RingFeatures) {
        self.features = features
        state = .served
    }

    /// The channel has fired, and the connection word says this: true when the ring begins anew, in error states too.
    public mutating func wake(connectionWord: UInt32) -> Bool {
        guard state != .closed, connectionWord == RingConnection.reconnect, features.contains(.reconnection) else {
            return false
        }
        state = .served
        return true
    }

    /// An error: true when the ring is ignored from now on. The first error stays.
    public mutating func fail(_ error: RingError) -> Bool {
        guard state == .served else { return false }
        state = .ignored(error)
        return true
    }

    /// The domain is released or dead, or gets another ring.
    public mutating func close() { state = .closed }
}
