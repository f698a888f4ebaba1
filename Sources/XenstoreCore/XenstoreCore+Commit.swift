// The commit: the recorded requests run again on the store as it is, and count if all is as it was (xenstored.md 5.3).
// Not for: what else the end of a transaction does.

internal import XenstoreWire

extension XenstoreCore {
    /// Makes a transaction's changes if that is possible without a conflict; says whether.
    func commit(_ transaction: Transaction, _ request: Request) -> Bool {
        let connection = request.connection
        connection.guest?.pay(thousandths: transaction.commitCost, request.now)
        // The bytes of the first run are not those of the second.
        charge(-transaction.memoryByteCount, transaction, connection.domain)
        if commitAtOnce(transaction, request) { return true }
        while true {
            let before = removalCount
            let replay = Transaction(
                id: transaction.id, moment: tree.takeSnapshot(), startTime: request.now, isReplay: true)
            let isSame = run(transaction.records, in: replay, request)
            defer { release(replay, connection) }
            // A SET_PERMS has found a domain gone, whose nodes went with it: the view is the store's no more.
            if isSame, removalCount != before { continue }
            if isSame { apply(replay, connection) }
            return isSame
        }
    }

    func run(_ records: [RecordedRequest], in replay: Transaction, _ request: Request) -> Bool {
        let lastMaking = records.lastIndex { $0.operation == .write || $0.operation == .makeDirectory } ?? -1
        for (index, record) in records.enumerated() {
            replay.makesLater = index < lastMaking
            var header = request.header
            header.operation = record.operation
            let again = Request(
                connection: request.connection, header: header, payload: record.payload, transaction: replay,
                now: request.now)
            let answer = perform(again, in: replay)
            if !isSame(answer, record) || targetExisted != record.existed { return false }
        }
        return true
    }

    /// Of DIRECTORY_PART the generation is not compared.
    func isSame(_ answer: Answer, _ record: RecordedRequest) -> Bool {
        guard record.operation == .directoryPart, case .reply(let new) = answer, case .reply(let old) = record.answer
        else { return answer == record.answer }
        return new.drop { $0 != 0 } == old.drop { $0 != 0 }
    }

    /// Makes the replay's changes those of the store.
    func apply(_ replay: Transaction, _ connection: Connection) {
        pathChanges = replay.events
        for index in pathChanges.indices { lookBefore(&pathChanges[index]) }
        // The view is not needed any more: no version is kept for it.
        tree.endSnapshot(replay.moment)
        for node in replay.changedNodes {
            guard let content = replay.changes[node] else { continue }
            // With what was above it.
            if content == nil, isRemoved(tree.parent(node), replay) { continue }
            if replay.hasCut, isCut(node, replay) { continue }
            if content != nil {
                write(node, content, nil, by: connection)
            } else if tree.exists(node) {
                detach(node)
            }
        }
        replay.created.removeAll { tree.exists($0) }
    }

    /// Whether something above a node was removed.
    private func isCut(_ node: NodeID, _ transaction: Transaction) -> Bool {
        var at = node
        while at != .root, tree.parent(at) != at {
            at = tree.parent(at)
            if isRemoved(at, transaction) { return true }
        }
        return false
    }

    private func isRemoved(_ node: NodeID, _ transaction: Transaction) -> Bool {
        if let change = transaction.changes[node] { return change == nil }
        return false
    }
}
