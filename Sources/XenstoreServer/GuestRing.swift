// One domain's ring, from the server's side: attached, served in turns, reconnected, ignored (xenstored.md 8).
// Not for: mapping, binding, the store; who does these calls `wake` and `turn` and implements RingClient.

public import XenABI
internal import XenstoreWire

/// How a ring begins.
public enum RingStart: Equatable, Sendable {
    /// By INTRODUCE: all indices 0 (xenstored.md 9.2).
    case introduced
    /// The store domain's own at start: the indices are those on the page (8.7).
    case own
    /// After a live update: as the other program left it, with the bytes of its unfinished request and those of
    /// messages that it had not sent yet (13.1). A ring that was ignored still is.
    case continued(request: [UInt8], response: [UInt8])
}

/// A ring. It holds the bytes of one unfinished request and of one unsent message, 4112 each, whatever the guest does.
public final class GuestRing {
    /// The domain at the other end.
    public let domain: DomainID
    let memory: any RingMemory
    let notification: any RingNotification
    private(set) var life: RingLife
    /// Ours: the page's copies are stored and not read back.
    var requestConsumer: UInt32 = 0
    var responseProducer: UInt32 = 0
    var parser = XenstoreFrameParser()
    /// The message that is being sent; empty when none is.
    var sending: [UInt8] = []
    var sentByteCount = 0
    /// Whether `sending` is a message of the client's, who hears of its end; not what a live update brought.
    var hasClientMessage = false
    /// Whether a turn is under way: a client that starts another one from within is served by this one.
    var isInTurn = false
    /// Grows when what was under way is dropped: a turn that finds another number has been overtaken.
    private(set) var epoch: UInt64 = 0

    /// Attaches to a page. It may be ignored from the beginning, when the guest can't be notified.
    public init(
        _ domain: DomainID, _ memory: any RingMemory, _ notification: any RingNotification,
        features: RingFeatures = .all, start: RingStart = .introduced
    ) {
        self.domain = domain
        self.memory = memory
        self.notification = notification
        life = RingLife(features: features)
        // Before the first byte is consumed or produced (8.2).
        memory.store(features.rawValue, to: .features)
        switch start {
        case .introduced:
            memory.store(0, to: .error)
            zeroIndices()
            if memory.load(.connection) == RingConnection.reconnect { connect() }
        case .own:
            memory.store(0, to: .error)
            adoptIndices()
            connect()
        case .continued(let request, let response):
            adoptIndices()
            resume(request, response)
        }
    }

    /// What the ring is now.
    public var state: RingLife.State { life.state }

    /// What was offered to the domain.
    public var features: RingFeatures { life.features }

    /// The port that Xen has written on the page of a domain that was built at boot, read once; nil: INTRODUCE says it.
    public static func port(on memory: any RingMemory) -> EventPort? {
        let port = memory.load(.port)
        return port == 0 ? nil : EventPort(rawValue: port)
    }

    /// Bytes of the unfinished request, and those not yet sent of a message, for a live update (xenstored.md 13.1).
    /// Not from within a turn.
    public var unfinished: (request: [UInt8], response: [UInt8]) {
        (parser.unfinished, Array(sending[sentByteCount...]))
    }

    /// The domain's channel has fired: looks at the connection word, once, and serves the ring.
    public func wake(_ client: any RingClient, requestCountMax: Int = 32) -> RingTurn {
        if life.state == .closed || isInTurn { return RingTurn() }
        if life.wake(connectionWord: memory.load(.connection)) { reconnect(client) }
        return turn(client, requestCountMax: requestCountMax)
    }

    /// Ignores the ring from now on, for a cause that the ring does not see: its channel can't be bound again. Does
    /// nothing when it is ignored or closed.
    public func fail(_ error: RingError, _ client: any RingClient) {
        if ignore(error) { client.dropped(self, because: error) }
    }

    /// True when it was served until now.
    @discardableResult
    private func ignore(_ error: RingError) -> Bool {
        guard life.fail(error) else { return false }
        if life.features.contains(.errors) { memory.store(error.rawValue, to: .error) }
        drop()
        return true
    }

    /// Touches the page no more, from within a turn too. The page is unmapped when the last reference goes.
    public func close() {
        life.close()
        drop()
    }

    private func drop() {
        epoch &+= 1
        parser = XenstoreFrameParser()
        sending = []
        sentByteCount = 0
        hasClientMessage = false
    }

    /// In this order (8.4): a guest that sees the connection word 0 may use the indices.
    private func reconnect(_ client: any RingClient) {
        drop()
        let begun = epoch
        // A turn from within would still see the old indices.
        isInTurn = true
        client.dropped(self, because: nil)
        isInTurn = false
        guard epoch == begun, life.state == .served else { return }
        zeroIndices()
        memory.store(0, to: .error)
        memory.store(RingConnection.connected, to: .connection)
        if !notify() { fail(.channel, client) }
    }

    /// Says that the server is there.
    private func connect() {
        memory.store(RingConnection.connected, to: .connection)
        if !notify() { ignore(.channel) }
    }

    private func zeroIndices() {
        requestConsumer = 0
        responseProducer = 0
        let indices: [RingWord] = [.requestConsumer, .requestProducer, .responseConsumer, .responseProducer]
        for word in indices { memory.store(0, to: word) }
    }

    /// The only time that our indices are read back (8.3).
    private func adoptIndices() {
        requestConsumer = memory.load(.requestConsumer)
        responseProducer = memory.load(.responseProducer)
    }

    private func resume(_ request: [UInt8], _ response: [UInt8]) {
        // The stream has no word for it (13.1); who writes on the page here harms itself alone.
        if life.features.contains(.errors), let error = RingError(rawValue: memory.load(.error)) {
            ignore(error)
            return
        }
        do throws(XenstoreFrameError) {
            parser = try XenstoreFrameParser(unfinished: request.span)
            sending = response
        } catch {
            ignore(.messageTooLong)
        }
    }

    /// Tells the guest; false when that failed.
    func notify() -> Bool {
        do throws(XenError) {
            try notification.notify()
            return true
        } catch {
            return false
        }
    }
}
