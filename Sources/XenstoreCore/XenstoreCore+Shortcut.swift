// A commit without a second run, where nothing that the transaction looked at has changed (xenstored.md 5.3): what its
// requests made of the view is what they would make of the store.
// Not for: transactions of guests, whose quotas are asked again, and those with RM or SET_PERMS: these run.

internal import XenstoreWire

extension XenstoreCore {
    /// Makes a transaction's own changes those of the store, if the second run would make the same; says whether.
    func commitAtOnce(_ transaction: Transaction, _ request: Request) -> Bool {
        guard skipsRuns, request.connection.isPrivileged, !transaction.isDoomed,
            transaction.lifeCount == lifeCount, isUnchanged(transaction),
            let twin = twin(of: transaction, request)
        else { return false }
        skippedRunCount += 1
        transaction.created = []
        apply(twin, request.connection)
        transaction.created = twin.created
        return true
    }

    /// Grows whenever a domain comes to be known, or goes: what entries grant may be another thing then.
    var lifeCount: UInt64 { lastEpoch &+ UInt64(truncatingIfNeeded: removalCount) }

    /// Whether all that it looked at, and all that it has changed, is as it was at its start.
    private func isUnchanged(_ transaction: Transaction) -> Bool {
        for path in transaction.paths where !leadsTheSameWay(path, transaction) { return false }
        for node in transaction.changedNodes {
            // Of those that it has made nobody else knows.
            guard let before = tree.packed(node, at: transaction.moment) else { continue }
            if !isSame(node, before) { return false }
        }
        return true
    }

    /// Whether a path leads where it led at the start: to the same node, unchanged, or from the same one on nowhere.
    private func leadsTheSameWay(_ path: [UInt8], _ transaction: Transaction) -> Bool {
        let span = path.span
        var at = NodeID.root
        if StorePath.isSpecial(path) {
            guard let node = find(path, nil).node else { return true }
            at = node
        } else {
            var start = 1
            while let range = StorePath.name(span, from: start) {
                let now = tree.child(of: at, span, range)
                let children = tree.packed(at, at: transaction.moment)?.children ?? noSlot
                if tree.child(in: children, span, range) != now { return false }
                guard let next = now else { return isSameOrGone(at, transaction.moment) }
                at = next
                start = range.upperBound + 1
            }
        }
        guard let before = tree.packed(at, at: transaction.moment) else { return false }
        return isSame(at, before)
    }

    /// The deepest node above an absent path: its permissions decide who is told what; its other children don't matter.
    private func isSameOrGone(_ node: NodeID, _ moment: UInt64) -> Bool {
        guard let before = tree.packed(node, at: moment), let now = tree.packed(node, at: nil) else { return false }
        return before.permissions == now.permissions
    }

    private func isSame(_ node: NodeID, _ before: PackedContent) -> Bool {
        guard let now = tree.packed(node, at: nil) else { return false }
        return before.generation == now.generation || tree.unpacked(before).says(as: tree.unpacked(now))
    }

    /// A transaction with the same changes, and what there is to tell of them; nil when its requests have to run.
    private func twin(of transaction: Transaction, _ request: Request) -> Transaction? {
        let twin = Transaction(
            id: transaction.id, moment: transaction.moment, startTime: request.now, isReplay: true)
        for record in transaction.records {
            switch record.operation {
            case .write, .makeDirectory:
                guard case .reply = record.answer, record.operation == .write || record.existed == false else {
                    continue
                }
                guard let path = path(of: record, request) else { return nil }
                twin.note(PathChange(path: path, kind: .subtree))
            case .remove, .setPermissions: return nil
            default: break
            }
        }
        twin.changes = transaction.changes
        twin.changedNodes = transaction.changedNodes
        twin.created = transaction.created
        return twin
    }

    private func path(of record: RecordedRequest, _ request: Request) -> [UInt8]? {
        guard let text = XenstoreText.string(in: record.payload.span, from: 0) else { return nil }
        var path: [UInt8] = []
        try? XenstorePath.canonicalize(
            record.payload.span.extracting(text), home: request.connection.domain.domain, guestByteCountMax: nil,
            allowsSpecial: false, into: &path)
        return path.isEmpty ? nil : path
    }
}
