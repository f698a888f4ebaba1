// A client on a ring: what the ring wants to know of the store (xenstored.md 8.6).
// Not for: indices and bytes (GuestRing), attaching (StoreServer+Rings).

internal import SystemCalls
internal import XenABI
internal import XenPlatform
internal import XenstoreCore
internal import XenstoreWire

/// A domain's ring that is served, or ignored.
final class StoreRing: RingClient, PortHandler {
    let domain: UInt16
    let id: ConnectionID
    unowned let server: StoreServer
    /// Nil while it is mapped anew.
    var ring: GuestRing?
    var channel: RingChannel

    /// Whether its channel has fired since it was served.
    var hasFired = false
    var isReady = false
    /// The number of the round in which it had its last turn.
    var servedRound: UInt64 = 0
    var isTouched = false
    var isClosed = false
    /// The turn under way, and when it began.
    var isInTurn = false
    var limit = TurnLimit()
    var turnTime: UInt64 = 0
    /// Whether requests were left for the length of the turn, or as others wait.
    var wasCutShort = false
    /// How many requests there were when it was last looked whether others wait, and when that was.
    var lookCount = 0
    var lookTime = MonotonicTime.now

    init(_ domain: UInt16, _ id: ConnectionID, _ ring: GuestRing?, _ channel: RingChannel, _ server: StoreServer) {
        self.domain = domain
        self.id = id
        self.ring = ring
        self.channel = channel
        self.server = server
    }

    func portFired(_ port: EventPort) { server.ringFired(self) }

    func mayRead(_ ring: GuestRing) -> Bool {
        if server.isStopped || isClosed { return false }
        if wasCutShort { return false }
        if !limit.goesOn || limit.requestCount > lookCount && othersWait(ring) {
            wasCutShort = true
            return false
        }
        return server.core.mayRead(id, now: turnTime)
    }

    /// After a few requests, or some time: whether it is others' turn. The control domain's is as long as a socket's.
    func othersWait(_ ring: GuestRing) -> Bool {
        if domain == server.core.controlDomain || domain == server.core.storeDomain { return false }
        if limit.requestCount - lookCount < TurnLimit.lookRequestCount {
            let time = MonotonicTime.now.nanoseconds - lookTime.nanoseconds
            if time < TurnLimit.lookNanoseconds { return false }
        }
        if server.othersWait() { return true }
        lookCount = limit.requestCount
        lookTime = .now
        return false
    }

    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from ring: GuestRing) {
        limit.note(header)
        server.handle(id, header, payload, now: turnTime)
        server.drain()
    }

    func nextMessage(for ring: GuestRing) -> [UInt8]? {
        guard !isClosed, let message = server.core.takeMessage(id) else { return nil }
        if let trace = server.trace { trace.message(message.span, to: id, domain: domain) }
        return message
    }

    func messageSent(by ring: GuestRing) {
        if !isClosed { server.core.messageSent(id) }
    }

    func dropped(_ ring: GuestRing, because error: RingError?) { server.ringDropped(self, error) }
}
