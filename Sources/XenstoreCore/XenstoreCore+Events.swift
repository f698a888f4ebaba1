// Which connections hear of a change, and in which order (xenstored.md 4.1, 4.3, 5.5).
// Not for: queues (OutputQueue).

extension XenstoreCore {
    /// Notes a change, before it is made. A transaction's are noted when its requests are run again.
    func changes(_ path: [UInt8], _ kind: PathChange.Kind, _ transaction: Transaction?) {
        var change = PathChange(path: path, kind: kind)
        guard let transaction else {
            // Nobody can begin to watch before it is made.
            if trie.count == 0 { return }
            lookBefore(&change)
            pathChanges.append(change)
            return
        }
        if transaction.isReplay { transaction.note(change) }
    }

    /// Notes the removal of a node and of all below it, children before their parents: outside a transaction of those
    /// that somebody watches; in one all of them, if what comes later may make them again.
    func removes(_ node: NodeID, _ path: [UInt8], _ transaction: Transaction?) {
        if let transaction {
            if !transaction.isReplay { return }
            if trie.count > 0, transaction.makesLater {
                walk(node, path, transaction, watched: nil)
            } else if let watched = trie.node(path) {
                walk(node, path, transaction, watched: watched)
            }
        } else if let watched = trie.node(path) {
            walk(node, path, nil, watched: watched)
        }
        changes(path, .subtree, transaction)
    }

    /// Notes what is below a node, without recursion; with a place in the trie only where that goes on.
    private func walk(_ node: NodeID, _ path: [UInt8], _ transaction: Transaction?, watched: Int?) {
        struct Place {
            var node: NodeID
            var path: [UInt8]
            var watched: Int?
            /// Names still to be gone through, the first one last.
            var names: [[UInt8]]
        }
        func place(_ node: NodeID, _ path: [UInt8], _ watched: Int?) -> Place {
            var names: [[UInt8]] = []
            if let watched {
                names = trie.names(below: watched)
            } else {
                children(node, transaction).forEach { names.append(tree.name($0)) }
            }
            return Place(node: node, path: path, watched: watched, names: names.reversed())
        }
        var stack = [place(node, path, watched)]
        while let top = stack.last {
            if let name = stack[stack.count - 1].names.popLast() {
                let below = child(of: top.node, name, 0..<name.count, transaction)
                let next = top.watched.flatMap { trie.child(of: $0, name.span, 0..<name.count) }
                if let below { stack.append(place(below, StorePath.child(top.path, name), next)) }
                continue
            }
            stack.removeLast()
            if stack.isEmpty || top.watched.map({ trie.nodes[$0].watches.isEmpty }) == true { continue }
            changes(top.path, .exact, transaction)
        }
    }

    private func permissions(_ path: [UInt8]?) -> PermissionList? {
        guard let path, let node = find(path, nil).node else { return nil }
        return permissions(node, nil)
    }

    func lookBefore(_ change: inout PathChange) {
        change.before = permissions(change.path)
        change.parentBefore = permissions(StorePath.parent(change.path))
    }

    /// Queues the events of all changes that were noted, now that they are made.
    func tellWatches() {
        if pathChanges.isEmpty { return }
        let changes = pathChanges
        pathChanges.removeAll(keepingCapacity: true)
        if trie.count == 0 { return }
        for var change in changes {
            let watches: [Watch]
            switch change.kind {
            case .subtree: watches = trie.matches(change.path)
            case .exact: watches = trie.node(change.path).map { trie.nodes[$0].watches } ?? []
            }
            if watches.isEmpty { continue }
            change.after = permissions(change.path)
            change.parentAfter = permissions(StorePath.parent(change.path))
            if change.before == nil && change.after == nil { continue }
            for watch in watches where maySee(change, watch) { send(watch, change.path) }
        }
    }

    /// The filter of xenstored.md 4.3.
    private func maySee(_ change: PathChange, _ watch: Watch) -> Bool {
        guard let connection = connection(watch.connection) else { return false }
        if connection.isPrivileged { return true }
        return [change.before, change.after, change.parentAfter ?? change.parentBefore].contains { list in
            list.map { rights(of: connection, on: $0).read } ?? false
        }
    }
}
