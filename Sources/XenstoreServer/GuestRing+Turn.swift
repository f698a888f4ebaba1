// A turn of a ring: requests out of it, messages into it (xenstored.md 8.3, 8.6, 14.5).
// Not for: attaching, reconnection, errors (GuestRing).

internal import XenABI
internal import XenstoreWire

extension GuestRing {
    /// Passes of a turn: 64 KiB at most, and an end for a guest that adds a byte for each that is taken.
    static var passCountMax: Int { 64 }

    /// Serves the ring: reads requests while the client takes them, writes messages while there is room, and notifies
    /// the guest once if an index has moved. Called when its channel has fired (by `wake`), when a message waits, and
    /// when the client may read again.
    public func turn(_ client: any RingClient, requestCountMax: Int = 32) -> RingTurn {
        var turn = RingTurn()
        guard state == .served, !isInTurn else { return turn }
        isInTurn = true
        defer { isInTurn = false }
        let begun = epoch
        do throws(RingError) {
            turn.wantsMore = try passes(client, requestCountMax, &turn)
        } catch {
            if epoch == begun { fail(error, client) }
        }
        guard turn.takenByteCount + turn.writtenByteCount > 0, state != .closed else { return turn }
        // After the stores, once, and also for what moved before an error.
        turn.didNotify = notify()
        if !turn.didNotify { fail(.channel, client) }
        return turn
    }

    /// Whether there are bytes of requests now, whatever the guest's index says of how many.
    var hasRequests: Bool { state == .served && memory.load(.requestProducer) != requestConsumer }

    /// Passes until one of them moves nothing: that is the look at the guest's indices after the barrier, without which
    /// a guest that has just read or written would wait for us, and we for it. True when there may be more.
    private func passes(
        _ client: any RingClient, _ requestCountMax: Int, _ turn: inout RingTurn
    ) throws(RingError) -> Bool {
        let begun = epoch
        for pass in 0..<Self.passCountMax {
            let before = turn.takenByteCount + turn.writtenByteCount
            if turn.requestCount < requestCountMax { try take(client, requestCountMax, &turn) }
            guard epoch == begun else { return false }
            try put(client, &turn)
            guard epoch == begun else { return false }
            if turn.takenByteCount + turn.writtenByteCount == before { return turn.requestCount >= requestCountMax }
            memory.fence()
            if pass > 0 && client.othersWait(self) { break }
        }
        turn.wasCutShort = epoch == begun
        return turn.wasCutShort
    }

    /// One pass of reading: the guest's index once, its bytes once, then what has come of them.
    private func take(
        _ client: any RingClient, _ requestCountMax: Int, _ turn: inout RingTurn
    ) throws(RingError) {
        guard client.mayRead(self), state == .served else { return }
        let window = RingWindow(producer: memory.load(.requestProducer), consumer: requestConsumer)
        let pieces = try window.readable()
        if pieces.byteCount == 0 { return }
        var bytes = InlineArray<1024, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        copyOut(pieces, into: &span)
        let begun = epoch
        let taken = try deliver(bytes.span.extracting(0..<pieces.byteCount), client, requestCountMax, &turn)
        guard epoch == begun, taken > 0 else { return }
        turn.takenByteCount += taken
        requestConsumer &+= UInt32(truncatingIfNeeded: taken)
        memory.store(requestConsumer, to: .requestConsumer)
    }

    private func copyOut(_ pieces: RingPieces, into bytes: inout MutableSpan<UInt8>) {
        var first = bytes._mutatingExtracting(0..<pieces.first.count)
        memory.copyOut(from: RingLayout.requestBytes + pieces.first.lowerBound, into: &first)
        if pieces.second.isEmpty { return }
        var second = bytes._mutatingExtracting(pieces.first.count..<pieces.byteCount)
        memory.copyOut(from: RingLayout.requestBytes, into: &second)
    }

    /// Delivers the requests in a copy, and says how much of it was taken. What the client doesn't want yet was not
    /// looked at: it stays in the ring, and is copied again when its time comes (8.6).
    private func deliver(
        _ bytes: Span<UInt8>, _ client: any RingClient, _ requestCountMax: Int, _ turn: inout RingTurn
    ) throws(RingError) -> Int {
        let begun = epoch
        var offset = 0
        // A client may close the ring while the parser is at work: it works here, apart from the ring.
        var parser = self.parser
        self.parser = XenstoreFrameParser()
        repeat {
            var delivered: Bool?
            do throws(XenstoreFrameError) {
                delivered = try parser.next(in: bytes, at: &offset) { header, payload in
                    client.request(header, payload, from: self)
                    return true
                }
            } catch {
                throw .messageTooLong
            }
            guard epoch == begun else { return 0 }
            if delivered == nil { break }
            turn.requestCount += 1
        } while offset < bytes.count && turn.requestCount < requestCountMax && client.mayRead(self)
        guard epoch == begun else { return 0 }
        self.parser = parser
        return offset
    }

    /// One pass of writing: the guest's index once, bytes of as many messages as there is room for, our index once.
    private func put(_ client: any RingClient, _ turn: inout RingTurn) throws(RingError) {
        guard hasMessage(client), state == .served else { return }
        let window = RingWindow(producer: responseProducer, consumer: memory.load(.responseConsumer))
        var room = try window.writable().byteCount
        let begun = epoch
        var sentCount = 0
        let before = responseProducer
        while room > 0, epoch == begun, hasMessage(client), epoch == begun {
            let count = min(room, sending.count - sentByteCount)
            copyIn(sentByteCount..<sentByteCount + count)
            responseProducer &+= UInt32(truncatingIfNeeded: count)
            room -= count
            sentByteCount += count
            if sentByteCount < sending.count { break }
            if hasClientMessage { sentCount += 1 }
            sending = []
            sentByteCount = 0
        }
        guard epoch == begun, responseProducer != before else { return }
        turn.writtenByteCount += Int(responseProducer &- before)
        memory.store(responseProducer, to: .responseProducer)
        for _ in 0..<sentCount where epoch == begun { client.messageSent(by: self) }
    }

    /// Whether there is something to send: of the message under way, or of the next one.
    private func hasMessage(_ client: any RingClient) -> Bool {
        if !sending.isEmpty { return true }
        let begun = epoch
        guard let message = client.nextMessage(for: self), epoch == begun else { return false }
        precondition(!message.isEmpty, "a message has a header")
        sending = message
        sentByteCount = 0
        hasClientMessage = true
        return true
    }

    /// Copies bytes of the message to where the ring goes on.
    private func copyIn(_ range: Range<Int>) {
        let pieces = RingPieces(from: responseProducer, count: range.count)
        let middle = range.lowerBound + pieces.first.count
        let message = sending
        let bytes = message.span
        memory.copyIn(
            at: RingLayout.responseBytes + pieces.first.lowerBound,
            from: bytes.extracting(range.lowerBound..<middle))
        if pieces.second.isEmpty { return }
        memory.copyIn(at: RingLayout.responseBytes, from: bytes.extracting(middle..<range.upperBound))
    }
}
