// Replies and events into a connection's queue, and out of it (xenstored.md 4.5, 7.2).
// Not for: what the messages say.

internal import XenstoreWire

extension XenstoreCore {
    func reply(_ header: XenstoreHeader, _ payload: [UInt8], _ connection: Connection) {
        queue(header, connection) { $0.append(contentsOf: payload) }
    }

    /// A reply that is put straight into what waits.
    func queue(_ header: XenstoreHeader, _ connection: Connection, _ body: (inout [UInt8]) -> Void) {
        connection.domain.memoryByteCount += connection.output.add(replyTo: header, body)
        announce(connection)
    }

    func refuse(_ header: XenstoreHeader, _ code: XenstoreErrorCode, _ connection: Connection) {
        count(refusal: code, connection)
        var writer = XenstoreWriter()
        writer.refuse(header, code)
        queue(writer.bytes, connection)
    }

    func queue(_ message: [UInt8], _ connection: Connection) {
        connection.domain.memoryByteCount += message.count
        connection.output.add(reply: message)
        announce(connection)
    }

    /// Queues an event of a watch.
    func send(_ watch: Watch, _ path: [UInt8], limit: EventLimit? = nil) {
        guard let connection = connection(watch.connection) else { return }
        let (coalesced, folded) = (connection.output.coalescedCount, connection.output.foldedCount)
        connection.output.add(watch, path: path, limit: limit ?? connection.eventLimit)
        count(eventAfter: coalesced, folded, connection)
        announce(connection)
    }

    private func announce(_ connection: Connection) {
        if connection.output.isAnnounced { return }
        connection.output.isAnnounced = true
        effects.append(.output(connection.id))
    }

    /// The next message for a connection, which counts as begun from now on; nil when none waits: the next one is
    /// announced by an effect. Replies are charged to the domain until `messageSent`.
    public func takeMessage(_ id: ConnectionID) -> [UInt8]? {
        var message: [UInt8] = []
        return takeMessage(id, appendingTo: &message) == nil ? nil : message
    }

    /// As `takeMessage`, behind what is in a buffer already: how many bytes that were; nil when none waits.
    public func takeMessage(_ id: ConnectionID, appendingTo bytes: inout [UInt8]) -> Int? {
        guard let connection = connection(id) else { return nil }
        guard let (byteCount, isReply) = connection.output.take(into: &bytes) else {
            connection.output.isAnnounced = false
            return nil
        }
        count(sent: byteCount, isReply: isReply, connection)
        connection.sending.append(isReply ? byteCount : 0)
        return byteCount
    }

    /// The oldest message that was taken has wholly gone.
    public func messageSent(_ id: ConnectionID) {
        guard let connection = connection(id), !connection.sending.isEmpty else { return }
        let byteCount = connection.sending.removeFirst()
        if byteCount == 0 { return }
        connection.domain.memoryByteCount -= byteCount
        connection.output.replySent()
    }

    /// Events and replies that wait for a connection, for its limits and for statistics.
    public func waiting(_ id: ConnectionID) -> (events: Int, replies: Int) {
        guard let connection = connection(id) else { return (0, 0) }
        return (connection.output.eventCount, connection.output.replyCount)
    }
}
