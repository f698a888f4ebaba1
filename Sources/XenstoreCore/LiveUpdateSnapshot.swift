// All that the store knows into the stream of a live update (xenstored.md 13.1, 13.2).
// Not for: reading it (LiveUpdateRestore), when that is done (the server).

internal import XenstoreWire

/// A client as the daemon sees it, for a live update.
public struct StateClient: Equatable, Sendable {
    /// The connection.
    public var id: ConnectionID
    /// What it comes by; the target of a ring is the core's to say.
    public var transport: StateTransport
    /// Bytes that were read and not handed to the core.
    public var input: [UInt8]
    /// Bytes that were taken from the core, or came with an update before, and are not sent.
    public var output: [UInt8]
    /// How many of `output` complete a message that was sent in part.
    public var unfinishedByteCount: Int

    /// A client.
    public init(
        id: ConnectionID, transport: StateTransport, input: [UInt8] = [], output: [UInt8] = [],
        unfinishedByteCount: Int = 0
    ) {
        self.id = id
        self.transport = transport
        self.input = input
        self.output = output
        self.unfinishedByteCount = unfinishedByteCount
    }
}

/// What goes into a snapshot beside the store.
public struct StateOutline: Equatable, Sendable {
    /// How it is written.
    public var format = StateFormat()
    /// The listening socket, -1: none.
    public var listening: Int32 = -1
    /// The event channel device, -1: none.
    public var events: Int32 = -1
    /// All clients; a connection of the core that is not among them is left out.
    public var clients: [StateClient] = []
    /// Who asked for the update, and hears of it by the next program.
    public var asker: ConnectionID?
    /// Whether transactions go along: the next program is Corbel's too.
    public var carriesTransactions = true

    /// An outline.
    public init() {}
}

/// What two stores are compared by.
public struct StateSummary: Equatable, Sendable, CustomStringConvertible {
    /// Nodes, special ones among them.
    public var nodes = 0
    /// Connections.
    public var connections = 0
    /// Watches.
    public var watches = 0
    /// Known domains.
    public var domains = 0
    /// Of paths, values and permissions.
    public var treeHash: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Nothing.
    public init() {}

    /// All of it as a line, without its end.
    public var description: String {
        "\(nodes) nodes, \(connections) connections, \(watches) watches, \(domains) domains, tree "
            + String(treeHash, radix: 16)
    }

    mutating func mix(_ byte: UInt8) { treeHash = (treeHash ^ UInt64(byte)) &* 0x100_0000_01b3 }

    mutating func mix(_ bytes: [UInt8]) {
        for byte in bytes { mix(byte) }
        mix(0)
    }

    mutating func add(_ path: [UInt8], _ value: [UInt8], _ entries: [StateEntry]) {
        nodes += 1
        mix(path)
        mix(UInt8(truncatingIfNeeded: value.count))
        mix(value)
        for entry in entries {
            mix(entry.access.rawValue)
            mix(UInt8(truncatingIfNeeded: entry.domain))
            mix(UInt8(truncatingIfNeeded: entry.domain >> 8))
            mix(entry.isStale ? 1 : 0)
        }
        mix(0)
    }
}

extension XenstoreCore {
    /// The store and its clients as a stream. Nothing changes by it but that a conflict of a transaction is noted.
    /// Call `settle` before. Throws `inputTooLong`.
    public func snapshot(_ outline: StateOutline, now: UInt64) throws(StateError) -> [UInt8] {
        var writer = StateWriter(outline.format)
        writer.put(.global(listening: outline.listening, events: outline.events))
        writer.put(.quotas(stateQuotas(defaultQuotas), global: []))
        let clients = outline.clients.sorted { $0.id.index < $1.id.index }
        for (index, client) in clients.enumerated() {
            guard let connection = connection(client.id) else { continue }
            try put(connection, client, UInt32(index + 1), outline, now, into: &writer)
        }
        forEachStateNode { path, value, entries in
            writer.put(.node(StateNode(path: path, value: value, entries: entries)))
        }
        for domain in domains.values.sorted(by: { $0.domain < $1.domain }) {
            let quotas = stateQuotas(domain.quotas)
            writer.put(.domain(StateDomain(domain: domain.domain, features: domain.features, quotas: quotas)))
        }
        writer.put(.end)
        return writer.bytes
    }

    /// What the store is, to be compared with what another has read of it.
    public func stateSummary(clientCount: Int) -> StateSummary {
        var summary = StateSummary()
        summary.connections = clientCount
        summary.watches = trie.count
        summary.domains = domains.count
        forEachStateNode { summary.add($0, $1, $2) }
        return summary
    }

    /// Domains with open transactions, each once, in ascending order: who has to end them before an update that can't
    /// carry them (xenstored.md 13.5). A socket's is the store domain.
    public var domainsWithTransactions: [UInt16] {
        var found: Set<UInt16> = []
        for case let connection? in connections where !connection.transactions.isEmpty {
            found.insert(connection.domain.domain)
        }
        return found.sorted()
    }

    /// What version 1 of the stream has no place for and this store has, in words.
    public var lostInVersionOne: [String] {
        var lost: [String] = []
        let hasDepth = connections.contains { $0?.watches.values.contains { $0.depth != nil } == true }
        if hasDepth { lost.append("the depth of watches") }
        if domains.values.contains(where: { $0.features != 15 }) { lost.append("the features of domains") }
        return lost
    }

    /// Ends all open transactions without their changes (`live-update -s -F`).
    public func endTransactions(now: UInt64, into effects: inout [Effect]) {
        for case let connection? in connections where !connection.transactions.isEmpty {
            for transaction in connection.transactions.values { discard(transaction, connection) }
            connection.transactions.removeAll()
            connection.chain = nil
            endClaim(of: connection, now: now)
        }
        hand(over: &effects, now: now)
    }

    /// Ends what holds requests back, and handles those: what is still held then waits for the daemon.
    public func settle(now: UInt64, into effects: inout [Effect]) {
        for claim in claims { endClaim(of: claim.connection, now: now) }
        hand(over: &effects, now: now)
    }

    private func put(
        _ connection: Connection, _ client: StateClient, _ id: UInt32, _ outline: StateOutline, _ now: UInt64,
        into writer: inout StateWriter
    ) throws(StateError) {
        var record = StateConnection(id: id, transport: client.transport)
        record.input = heldBytes(of: connection) + client.input
        if record.input.count > StateLayout.inputByteCountMax {
            throw .inputTooLong(domain: connection.domain.domain)
        }
        record.output = client.output
        record.unfinishedByteCount = client.unfinishedByteCount
        connection.output.forEachMessage { record.output.append(contentsOf: $0) }
        record.output += lastAnswer(to: connection, isAsker: connection.id == outline.asker)
        if case .ring(let domain, _, let port) = client.transport {
            record.transport = .ring(domain: domain, target: target(of: connection)?.domain, port: port)
            record.uniqueID = connection.domain.uniqueID == 0 ? nil : connection.domain.uniqueID
        }
        writer.put(.connection(record))
        for watch in connection.watches.values.sorted(by: { $0.sequence < $1.sequence }) {
            writer.put(.watch(stateWatch(watch, id)))
        }
        if !outline.carriesTransactions { return }
        for transaction in connection.transactions.values.sorted(by: { $0.id < $1.id }) {
            writer.put(.transaction(connection: id, id: transaction.id))
            writer.put(.log(stateLog(transaction, connection, id, now)))
        }
    }

    private func stateWatch(_ watch: Watch, _ id: UInt32) -> StateWatch {
        StateWatch(
            connection: id, path: Array(watch.path[watch.skippedByteCount...]), token: watch.token,
            depth: watch.depth.map { UInt16(clamping: $0) })
    }

    /// Requests that are held back, as they came.
    private func heldBytes(of connection: Connection) -> [UInt8] {
        var writer = XenstoreWriter()
        for frame in connection.held {
            writer.begin(
                frame.header.operation, requestID: frame.header.requestID,
                transactionID: frame.header.transactionID)
            writer.put(frame.payload)
            _ = writer.end()
        }
        return writer.bytes
    }

    /// The answer that a connection waits for, when it is the daemon's to give: who asked for the update gets its `OK`;
    /// others can't be answered by the next program, and may ask it again.
    private func lastAnswer(to connection: Connection, isAsker: Bool) -> [UInt8] {
        var writer = XenstoreWriter()
        switch connection.wait {
        case .control(let header) where isAsker: writer.reply(to: header) { $0.put(Array("OK\0".utf8)) }
        case .control(let header), .introduction(_, let header): writer.refuse(header, .tryAgain)
        case .claim, .counts, nil: break
        }
        return writer.bytes
    }

    func stateQuotas(_ quotas: QuotaSet) -> [StateQuota] {
        Quota.allCases.map { StateQuota(name: Array($0.name.utf8), value: UInt32(clamping: quotas[$0])) }
    }

    /// All nodes of the store, parents before their children, the special ones last. An entry of a domain that has died
    /// is not listed any more, and is left out.
    func forEachStateNode(_ body: ([UInt8], [UInt8], [StateEntry]) -> Void) {
        var known: [UInt32: [StateEntry]] = [:]
        var last: (number: UInt32, entries: [StateEntry])?
        tree.forEachNode { path, value, number in
            if last?.number != number {
                let entries = known[number] ?? stateEntries(number)
                known[number] = entries
                last = (number, entries)
            }
            body(path, value, last?.entries ?? [])
        }
    }

    private func stateEntries(_ number: UInt32) -> [StateEntry] {
        let all = tree.permissions[number].entries
        return all.indices.filter { $0 == 0 || !isGone(all[$0]) }.map { index in
            StateEntry(all[index].access, domain: all[index].domain, isStale: isStale(all[index]))
        }
    }
}
