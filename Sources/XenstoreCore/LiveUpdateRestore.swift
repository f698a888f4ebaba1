// The stream of a live update into a store that is new (xenstored.md 13.4).
// Not for: the records' bytes (StateReader), transactions (LiveUpdateTransactions), descriptors and rings (the server).

internal import XenstoreWire

/// What a restored store asks of the daemon.
public struct RestoredState: Equatable, Sendable {
    /// The listening socket, -1: none.
    public var listening: Int32 = -1
    /// The event channel device, -1: none.
    public var events: Int32 = -1
    /// All clients, with the bytes that were read and not handled, and those that complete a message sent in part:
    /// whole messages are the core's again.
    public var clients: [StateClient] = []
    /// Lines for the log: what was left out.
    public var lines: [String] = []

    /// Nothing.
    public init() {}
}

/// A stream while it is read: what can be done only at its end.
struct StateRestoration {
    var state = RestoredState()
    var connections: [UInt32: (connection: Connection, output: [UInt8], target: UInt16?)] = [:]
    /// Connection numbers in their order.
    var order: [UInt32] = []
    var descriptors: Set<Int32> = []
    /// Domains of rings.
    var rings: Set<UInt16> = []
    var transactions: [TransactionKey] = []
    var transactionKeys: Set<TransactionKey> = []
    var logs: [TransactionKey: StateLog] = [:]
    var pending: [TransactionKey: [StateNode]] = [:]
    var domains: [StateDomain] = []
    /// `/` and the special nodes, of which there were records.
    var fixed: Set<NodeID> = []
    var trail = StateTrail()
    var permissions: StatePermissions?
    /// Domains that are not there, as far as that was asked.
    var absent: Set<UInt16> = []

    struct TransactionKey: Hashable {
        var connection: UInt32
        var id: UInt32
    }
}

extension XenstoreCore {
    /// Takes a stream in. The store has to be new; after an error it is of no use. Effects are those of `handle`.
    /// Throws the first thing for which the stream is refused.
    public func restore(
        _ bytes: [UInt8], now: UInt64, into effects: inout [Effect]
    ) throws(StateError) -> RestoredState {
        var reader = try StateReader(bytes)
        // No host of ours is big-endian (13.4).
        if reader.format.isBigEndian { throw .byteOrder }
        // What a new store begins with and the stream need not have.
        if let tool = find(Array("/tool".utf8), nil).node { remove(tool, nil, by: nil) }
        reclaim()
        var restoration = StateRestoration()
        while let record = try reader.next() {
            try take(record, at: reader.recordOffset, &restoration)
        }
        if let last = restoration.permissions { tree.permissions.release(last.number) }
        finish(&restoration, now: now, hasFeatures: reader.format.version > 1)
        hand(over: &effects, now: now)
        return restoration.state
    }

    private func take(_ record: StateRecord, at offset: Int, _ restoration: inout StateRestoration) throws(StateError) {
        switch record {
        case .end: break
        case .global(let listening, let events):
            restoration.state.listening = listening
            restoration.state.events = events
        case .connection(let connection): try take(connection, at: offset, &restoration)
        case .watch(let watch): try take(watch, &restoration)
        case .badWatch:
            restoration.state.lines.append("the watch at byte \(offset) of the state is wrong: left out")
        case .transaction(let id, let transaction):
            guard restoration.connections[id] != nil else { throw .connection(id) }
            let key = StateRestoration.TransactionKey(connection: id, id: transaction)
            if transaction == 0 || !restoration.transactionKeys.insert(key).inserted {
                throw .transaction(transaction)
            }
            restoration.transactions.append(key)
        case .log(let log):
            guard restoration.connections[log.connection] != nil else { throw .connection(log.connection) }
            let key = StateRestoration.TransactionKey(connection: log.connection, id: log.transaction)
            if restoration.logs.updateValue(log, forKey: key) != nil { throw .transaction(log.transaction) }
        case .node(let node): try take(node, at: offset, &restoration)
        case .quotas(let quotas, _): set(&defaultQuotas, quotas)
        case .domain(let domain): restoration.domains.append(domain)
        case .unknown(let type):
            restoration.state.lines.append("a record of the state has the unknown type \(type): left out")
        }
    }

    private func take(
        _ record: StateConnection, at offset: Int, _ restoration: inout StateRestoration
    ) throws(StateError) {
        if restoration.connections[record.id] != nil { throw .connectionTwice(record.id) }
        let output = Array(record.output[record.unfinishedByteCount...])
        guard Self.isWholeMessages(output) else { throw .record(type: StateRecordType.connection, offset: offset) }
        let connection: Connection
        var target: UInt16?
        switch record.transport {
        case .socket(let descriptor):
            guard descriptor >= 0, restoration.descriptors.insert(descriptor).inserted else {
                throw .connectionTwice(record.id)
            }
            connection = makeConnection(self.record(storeDomain), isPrivileged: true)
        case .ring(let domain, let of, _):
            guard domain < Self.reservedDomain else {
                throw .record(type: StateRecordType.connection, offset: offset)
            }
            if !restoration.rings.insert(domain).inserted { throw .connectionTwice(record.id) }
            connection = ring(of: domain, uniqueID: record.uniqueID)
            target = of
        }
        restoration.state.clients.append(
            StateClient(
                id: connection.id, transport: record.transport, input: record.input,
                output: Array(record.output[..<record.unfinishedByteCount]),
                unfinishedByteCount: record.unfinishedByteCount))
        restoration.order.append(record.id)
        restoration.connections[record.id] = (connection, output, target)
    }

    private func ring(of domain: UInt16, uniqueID: UInt64?) -> Connection {
        let record = record(domain)
        record.isIntroduced = true
        if let uniqueID, uniqueID != 0 { record.uniqueID = uniqueID }
        let connection = makeConnection(record, isPrivileged: domain == controlDomain || domain == storeDomain)
        // The store domain's own ring was not introduced.
        if domain != storeDomain { record.connection = connection.id }
        return connection
    }

    private static func isWholeMessages(_ bytes: [UInt8]) -> Bool {
        var isWhole = true
        forEachMessage(in: bytes) { isWhole = $0 != nil }
        return isWhole
    }

    /// The messages of an output, as ranges; nil for what is no whole one, which is the last.
    private static func forEachMessage(in bytes: [UInt8], _ body: (Range<Int>?) -> Void) {
        var start = 0
        while start < bytes.count {
            guard let header = XenstoreHeader(from: bytes.span, at: start), !header.isTooLong,
                bytes.count - start - XenstoreLimits.headerByteCount >= Int(header.payloadByteCount)
            else { return body(nil) }
            let end = start + XenstoreLimits.headerByteCount + Int(header.payloadByteCount)
            body(start..<end)
            start = end
        }
    }

    /// A watch as its connection named it. No event comes of it: its first one was sent, or waits.
    private func take(_ record: StateWatch, _ restoration: inout StateRestoration) throws(StateError) {
        guard let connection = restoration.connections[record.connection]?.connection else {
            throw .connection(record.connection)
        }
        var path: [UInt8] = []
        do throws(XenstorePathError) {
            try XenstorePath.canonicalize(
                record.path.span, home: connection.domain.domain, guestByteCountMax: nil, allowsSpecial: true,
                into: &path)
        } catch {
            restoration.state.lines.append(
                "a watch of connection \(record.connection) in the state has a wrong path: left out")
            return
        }
        let key = WatchKey(path: path, token: record.token)
        if connection.watches[key] != nil {
            restoration.state.lines.append(
                "a watch of connection \(record.connection) is in the state twice: left out once")
            return
        }
        lastWatchSequence += 1
        let watch = Watch(
            connection: connection.id, path: path, token: record.token, depth: record.depth.map { Int($0) },
            sequence: lastWatchSequence, skippedByteCount: path.count - record.path.count)
        connection.watches[key] = watch
        trie.insert(watch)
        connection.domain.watchCount += 1
        connection.domain.memoryByteCount += watch.memoryByteCount
    }

    private func set(_ quotas: inout QuotaSet, _ values: [StateQuota]) {
        for value in values {
            if let quota = Quota(value.name, 0..<value.name.count) { quotas[quota] = Int(value.value) }
        }
    }

    /// What needs all records: features, targets, then what waits to be sent, then transactions.
    private func finish(_ restoration: inout StateRestoration, now: UInt64, hasFeatures: Bool) {
        for record in domains.values { record.quotas = defaultQuotas }
        for domain in restoration.domains where domain.domain < Self.reservedDomain {
            let record = domains[domain.domain] ?? makeRecord(domain.domain, uniqueID: lookUp(domain.domain) ?? 0)
            record.quotas = defaultQuotas
            set(&record.quotas, domain.quotas)
            if hasFeatures { record.features = domain.features & 15 }
        }
        for id in restoration.order {
            guard let (connection, output, target) = restoration.connections[id] else { continue }
            if let target, let record = domains[target] { connection.target = (target, record.epoch) }
            requeue(output, connection)
        }
        for key in restoration.transactions {
            guard let connection = restoration.connections[key.connection]?.connection else { continue }
            if let log = restoration.logs[key] {
                resumeTransaction(log, connection, now: now)
            } else if let pending = restoration.pending[key] {
                resumeTransaction(key.id, pending: pending, connection, now: now)
            }
        }
    }

    /// Queues messages again. Events become those of their watches, which can fold or withdraw them.
    private func requeue(_ output: [UInt8], _ connection: Connection) {
        var used: Set<StateEvent> = []
        Self.forEachMessage(in: output) { range in
            guard let range else { return }
            let message = Array(output[range])
            guard let (watch, path) = event(message, connection, used) else { return queue(message, connection) }
            used.insert(StateEvent(watch: ObjectIdentifier(watch), path: path))
            send(watch, path, limit: EventLimit(count: .max, byteCount: .max))
        }
    }

    private struct StateEvent: Hashable {
        var watch: ObjectIdentifier
        var path: [UInt8]
    }

    /// The watch that an event is of: the lowest one that has its token and may have such an event.
    private func event(
        _ message: [UInt8], _ connection: Connection, _ used: Set<StateEvent>
    ) -> (watch: Watch, path: [UInt8])? {
        let payload = Array(message[XenstoreLimits.headerByteCount...])
        guard let header = XenstoreHeader(from: message.span), header.operation == .watchEvent,
            let event = XenstoreWatchEvent(payload: payload.span)
        else { return nil }
        var path: [UInt8] = []
        let canonical: Void? = try? XenstorePath.canonicalize(
            event.path.span, home: connection.domain.domain, guestByteCountMax: nil, allowsSpecial: true, into: &path)
        if canonical == nil { return nil }
        let skippedByteCount = path.count - event.path.count
        var above: [UInt8]? = path
        var level = 0
        while let at = above {
            if let watch = connection.watches[WatchKey(path: at, token: event.token)],
                watch.skippedByteCount == skippedByteCount, level <= watch.depth ?? .max,
                !used.contains(StateEvent(watch: ObjectIdentifier(watch), path: path))
            {
                return (watch, path)
            }
            above = StorePath.parent(at)
            level += 1
        }
        return nil
    }
}
