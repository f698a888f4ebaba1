// Which connections hear of a change, and in which order (xenstored.md 4.1, 4.3, 5.5).
// Not for: queues (OutputQueue).

extension XenstoreCore {
    /// Notes a change, before it is made.
    func changes(_ path: [UInt8], _ kind: PathChange.Kind, _ transaction: Transaction?) {
        var change = PathChange(path: path, kind: kind)
        guard let transaction else {
            lookBefore(&change)
            pathChanges.append(change)
            return
        }
        transaction.note(change)
    }

    /// Notes the removal of a node and of all below it that somebody watches, children before their parents.
    func removes(_ node: NodeID, _ path: [UInt8], _ transaction: Transaction?) {
        struct Place {
            var watched: Int
            var node: NodeID
            var path: [UInt8]
            var names: [[UInt8]]
        }
        if let watched = trie.node(path) {
            var stack = [Place(watched: watched, node: node, path: path, names: trie.names(below: watched).reversed())]
            while var top = stack.popLast() {
                if let name = top.names.popLast() {
                    stack.append(top)
                    guard let next = trie.nodes[top.watched].children[name],
                        let below = content(top.node, transaction)?.children
                            .place({ tree.compare($0, name, 0..<name.count) }).found
                    else { continue }
                    let path = StorePath.child(top.path, name)
                    stack.append(
                        Place(watched: next, node: below, path: path, names: trie.names(below: next).reversed()))
                } else if !stack.isEmpty, !trie.nodes[top.watched].watches.isEmpty {
                    changes(top.path, .exact, transaction)
                }
            }
        }
        changes(path, .subtree, transaction)
    }

    private func permissions(_ path: [UInt8]?) -> PermissionList? {
        guard let path, let node = find(path, nil).node else { return nil }
        return tree.current(node)?.permissions
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
