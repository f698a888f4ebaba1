// TRANSACTION_START and TRANSACTION_END (xenstored.md 3, 5).
// Not for: whether changes may be made (XenstoreCore+Commit).

internal import XenstoreWire

extension XenstoreCore {
    /// TRANSACTION_START.
    func transactionStart(_ request: Request, _ reply: inout [UInt8]) throws(Refusal) {
        if request.transaction != nil { throw Refusal(.busy) }
        let connection = request.connection
        try check(.transactions, connection.domain.transactionCount + 1, request)
        try check(.memory, connection.domain.memoryByteCount, request)
        var id = connection.lastTransaction
        repeat { id &+= 1 } while id == 0 || connection.transactions[id] != nil
        connection.lastTransaction = id
        let transaction = Transaction(id: id, moment: tree.takeSnapshot(), startTime: request.now)
        transaction.lifeCount = lifeCount
        connection.transactions[id] = transaction
        connection.domain.transactionCount += 1
        startClaim(of: connection, transaction, now: request.now)
        var writer = XenstoreWriter()
        writer.putDecimal(UInt64(id))
        reply = writer.bytes + [0]
    }

    /// TRANSACTION_END.
    func transactionEnd(_ request: Request) throws(Refusal) {
        let text = try one(request)
        let commits = XenstoreText.equals(request.payload.span, text, "T")
        if !commits && !XenstoreText.equals(request.payload.span, text, "F") { throw Refusal(.invalid) }
        guard let transaction = request.transaction else { throw Refusal(.notFound) }
        let connection = request.connection
        connection.transactions[transaction.id] = nil
        defer {
            if connection.claim?.transaction === transaction { endClaim(of: connection, now: request.now) }
            noteEnd(of: connection, now: request.now)
        }
        if !commits {
            discard(transaction, connection)
            connection.chain = nil
            return
        }
        // Its changes are forgotten: they are made anew, on the store as it is now.
        defer { discard(transaction, connection) }
        try checkEnd(transaction, request)
        let isKept = transaction.changesNothing || !transaction.isDoomed && commit(transaction, request)
        if isKept {
            connection.chain = nil
            count(commit: true, connection)
            return
        }
        count(commit: false, connection)
        payForConflict(transaction, request)
        noteConflict(transaction, connection, now: request.now)
        throw Refusal(.tryAgain)
    }

    private func checkEnd(_ transaction: Transaction, _ request: Request) throws(Refusal) {
        if transaction.hasFailed { throw Refusal(.noMemory) }
        if transaction.hasCreated {
            try check(.nodes, request.connection.domain.nodes.count + transaction.netNodeCount, request)
        }
    }

    /// Gives back what a transaction holds.
    func discard(_ transaction: Transaction, _ connection: Connection) {
        release(transaction, connection)
        connection.domain.transactionCount -= 1
    }

    /// What a transaction, or its replay, has in the tree and in its domain's memory.
    func release(_ transaction: Transaction, _ connection: Connection) {
        tree.endSnapshot(transaction.moment)
        for node in transaction.created { tree.discard(node) }
        transaction.created.removeAll()
        charge(-transaction.memoryByteCount, transaction, connection.domain)
    }
}
