// What a ring needs of the world, as two protocols, and what it says of a turn.
// Not for: the store's rules; who notifies how.

public import XenABI
public import XenstoreWire

/// Wakes the guest at the other end of a ring's event channel.
public protocol RingNotification: AnyObject {
    /// Fires the channel. What it throws is the ring's error 1.
    func notify() throws(XenError)
}

/// The server behind a ring. May close the ring from within each call (XSA-425). A turn of it that is started from
/// within does nothing: the one under way sees what there is.
public protocol RingClient: AnyObject {
    /// Whether the next request may be read (xenstored.md 8.6). When a no becomes a yes for another cause than a
    /// message that was sent, the ring wants another turn.
    func mayRead(_ ring: GuestRing) -> Bool
    /// Whether a turn that has moved bytes more than once is to end, as others wait. The ring then wants another one.
    func othersWait(_ ring: GuestRing) -> Bool
    /// A request has come. The payload is a copy, good for the time of the call.
    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from ring: GuestRing)
    /// The next message for the guest, header and all; nil: none. It counts as begun. One is asked for at a time, when
    /// the one before lies wholly in the ring.
    func nextMessage(for ring: GuestRing) -> [UInt8]?
    /// The oldest message that was given lies wholly in the ring.
    func messageSent(by ring: GuestRing)
    /// What was under way is dropped, here already: queue, transactions, watches. Nil: the guest has reconnected
    /// (xenstored.md 8.4); else the ring is ignored (8.5).
    func dropped(_ ring: GuestRing, because error: RingError?)
}

/// What happened in a turn of a ring.
public struct RingTurn: Equatable, Sendable {
    /// Requests that were delivered.
    public var requestCount = 0
    /// Bytes of requests that were taken.
    public var takenByteCount = 0
    /// Bytes of messages that were written.
    public var writtenByteCount = 0
    /// Whether the guest was told.
    public var didNotify = false
    /// Whether the turn ended for its length: the ring wants another one, after the others'.
    public var wantsMore = false
    /// Whether it ended without a pass that moved nothing: the guest may be asleep though there is room, or a request.
    public var wasCutShort = false

    /// Nothing.
    public init() {}
}
