// Open transactions in a live update: their requests go along, and run again on the other side (xenstored.md 13.1,
// 13.4, 13.5).
// Not for: the commit (XenstoreCore+Commit).

internal import XenstoreWire

extension XenstoreCore {
    /// What a transaction has done. One in conflict with the store as it is now is doomed from here on.
    func stateLog(_ transaction: Transaction, _ connection: Connection, _ id: UInt32, _ now: UInt64) -> StateLog {
        StateLog(
            connection: id, transaction: transaction.id,
            isDoomed: transaction.isDoomed || !runsAsBefore(transaction, connection, now),
            hasFailed: transaction.hasFailed, requests: transaction.records.map(stateRequest))
    }

    private func stateRequest(_ record: RecordedRequest) -> StateRequest {
        var request = StateRequest(
            operation: UInt16(truncatingIfNeeded: record.operation.rawValue), existed: record.existed == true, error: 0,
            payload: record.payload, reply: [])
        switch record.answer {
        case .reply(let bytes): request.reply = bytes
        case .refusal(let code): request.error = UInt8(clamping: code.errno)
        }
        return request
    }

    /// Runs a transaction's record on the store as it is, without any change: whether all is as it was. Quotas were
    /// checked when the requests came, and are at the commit.
    private func runsAsBefore(_ transaction: Transaction, _ connection: Connection, _ now: UInt64) -> Bool {
        let replay = Transaction(id: transaction.id, moment: tree.takeSnapshot(), startTime: now, isReplay: true)
        let header = XenstoreHeader(.transactionEnd, requestID: 0, transactionID: transaction.id)
        let request = Request(
            connection: connection, header: header, payload: [], transaction: replay, now: now)
        ignoresQuotas = true
        defer { ignoresQuotas = false }
        let isSame = run(transaction.records, in: replay, request)
        release(replay, connection)
        return isSame
    }

    /// Begins a transaction that came with an update, on the store as it is now.
    func resumeTransaction(_ log: StateLog, _ connection: Connection, now: UInt64) {
        let transaction = begin(log.transaction, connection, now: now)
        ignoresQuotas = true
        defer { ignoresQuotas = false }
        transaction.isDoomed = log.isDoomed
        for request in log.requests {
            let operation = XenstoreOperation(rawValue: UInt32(request.operation))
            let errorCode = XenstoreErrorCode(errno: Int32(request.error))
            let answer: Answer = request.error == 0 ? .reply(request.reply) : .refusal(errorCode ?? .inputOutput)
            // Who writes another operation, or more than a request can hold, is not Corbel.
            guard operation.worksOnView, request.payload.count <= XenstoreLimits.payloadByteCount else {
                transaction.isDoomed = true
                continue
            }
            let existed = operation.isCreation ? request.existed : nil
            let record = RecordedRequest(
                operation: operation, payload: request.payload, answer: answer, existed: existed)
            resume(record, in: transaction, connection, now: now)
        }
        transaction.hasFailed = log.hasFailed
    }

    private func begin(_ id: UInt32, _ connection: Connection, now: UInt64) -> Transaction {
        let transaction = Transaction(id: id, moment: tree.takeSnapshot(), startTime: now)
        connection.transactions[id] = transaction
        connection.lastTransaction = max(connection.lastTransaction, id)
        connection.domain.transactionCount += 1
        return transaction
    }

    private func run(
        _ operation: XenstoreOperation, _ payload: [UInt8], in transaction: Transaction, _ connection: Connection,
        now: UInt64
    ) {
        let header = XenstoreHeader(
            operation, requestID: 0, transactionID: transaction.id, payloadByteCount: UInt32(clamping: payload.count))
        let request = Request(
            connection: connection, header: header, payload: payload, transaction: transaction, now: now)
        _ = perform(request, in: transaction)
    }

    /// Runs a request again; the record that came takes the place of the one just made: what the client was told counts
    /// at the commit.
    private func resume(
        _ record: RecordedRequest, in transaction: Transaction, _ connection: Connection, now: UInt64
    ) {
        let count = transaction.records.count
        run(record.operation, record.payload, in: transaction, connection, now: now)
        var record = record
        guard transaction.records.count > count, let made = transaction.records.popLast() else {
            transaction.isDoomed = true
            return
        }
        // The stream does not tell a no from a target that was never looked at.
        if made.existed == nil, record.existed == false { record.existed = nil }
        if !isSame(made.answer, record) || made.existed != record.existed { transaction.isDoomed = true }
        transaction.records.append(record)
        let more = record.byteCount - made.byteCount
        transaction.recordByteCount += more
        charge(more, transaction, connection.domain)
    }
}

extension XenstoreCore {
    /// Begins a transaction of C's daemon from the nodes that it had pending: what was read is a request whose answer
    /// was this, what was written or removed is done again (xenstored.md 13.4).
    func resumeTransaction(_ id: UInt32, pending: [StateNode], _ connection: Connection, now: UInt64) {
        let transaction = begin(id, connection, now: now)
        ignoresQuotas = true
        defer { ignoresQuotas = false }
        for node in pending {
            let path = node.path + [0]
            if node.access & 2 != 0 {
                write(node, path, in: transaction, connection, now: now)
            } else if node.access & 1 != 0 {
                look(node, path, in: transaction, connection, now: now)
            } else if node.entries.isEmpty {
                run(.remove, path, in: transaction, connection, now: now)
            }
        }
    }

    private func look(
        _ node: StateNode, _ path: [UInt8], in transaction: Transaction, _ connection: Connection, now: UInt64
    ) {
        func look(_ operation: XenstoreOperation, _ reply: [UInt8]) {
            let record = RecordedRequest(operation: operation, payload: path, answer: .reply(reply), existed: nil)
            resume(record, in: transaction, connection, now: now)
        }
        look(.read, node.value)
        if !node.entries.isEmpty { look(.getPermissions, wire(node.entries, after: [])) }
    }

    private func write(
        _ node: StateNode, _ path: [UInt8], in transaction: Transaction, _ connection: Connection, now: UInt64
    ) {
        run(.write, path + node.value, in: transaction, connection, now: now)
        let entries = node.entries.filter { !$0.isStale }
        guard !entries.isEmpty, let made = find(node.path, transaction).node,
            let list = content(made, transaction)?.permissions,
            list.entries.map(\.wire) != entries.map({ XenstorePermission($0.access, domain: $0.domain) })
        else { return }
        run(.setPermissions, wire(entries, after: path), in: transaction, connection, now: now)
    }

    private func wire(_ entries: [StateEntry], after path: [UInt8]) -> [UInt8] {
        var writer = XenstoreWriter()
        writer.put(path)
        for entry in entries { writer.put(XenstorePermission(entry.access, domain: entry.domain)) }
        return writer.bytes
    }
}

extension XenstoreOperation {
    /// Operations of which a transaction records whether their target was there.
    var isCreation: Bool { self == .write || self == .makeDirectory || self == .remove }
}
