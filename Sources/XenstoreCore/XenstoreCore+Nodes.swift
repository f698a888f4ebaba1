// Nodes found, changed, made and removed, in the store or in a transaction, and every count that goes with that
// (xenstored.md 6.4, 7.2, 7.3). Counts change here and nowhere else.
// Not for: whether it is permitted.

/// Where a path leads.
struct Found {
    /// The node; nil when the path has none.
    var node: NodeID?
    /// The node, or the deepest one above it; nil for special paths without a node.
    var nearest: NodeID?
    /// Names of the path that have no node.
    var missing: [Range<Int>] = []
}

extension XenstoreCore {
    /// A node's version as a transaction sees it; without one, that of the store.
    func content(_ node: NodeID, _ transaction: Transaction?) -> NodeContent? {
        guard let transaction else { return tree.current(node) }
        if let change = transaction.changes[node] { return change }
        return tree.content(node, at: transaction.moment)
    }

    /// The permissions of that version; nil when there is none.
    func permissions(_ node: NodeID, _ transaction: Transaction?) -> PermissionList? {
        if let change = transaction?.changes[node] { return change?.permissions }
        guard let packed = tree.packed(node, at: transaction?.moment) else { return nil }
        return tree.permissions[packed.permissions]
    }

    /// The children of that version.
    func children(_ node: NodeID, _ transaction: Transaction?) -> ChildList {
        if let change = transaction?.changes[node] { return change?.children ?? ChildList() }
        guard let packed = tree.packed(node, at: transaction?.moment) else { return ChildList() }
        return tree.children(packed)
    }

    /// The child with the name that stands in a path.
    func child(of node: NodeID, _ path: [UInt8], _ range: Range<Int>, _ transaction: Transaction?) -> NodeID? {
        guard let transaction else { return tree.child(of: node, path.span, range) }
        if let change = transaction.changes[node] {
            return change?.children.find { tree.compare($0, path.span, range) }
        }
        guard let packed = tree.packed(node, at: transaction.moment) else { return nil }
        return tree.child(in: packed.children, path.span, range)
    }

    /// Follows a canonical path.
    func find(_ path: [UInt8], _ transaction: Transaction?) -> Found {
        if StorePath.isSpecial(path) {
            for node in [NodeID.introduceDomain, .releaseDomain] where tree.name(node) == path {
                return Found(node: node, nearest: node)
            }
            return Found()
        }
        var at = NodeID.root
        var names = PathNames(path)
        while let range = names.next() {
            guard let next = child(of: at, path, range, transaction) else {
                return Found(nearest: at, missing: [range] + Array(names))
            }
            at = next
        }
        return Found(node: at, nearest: at)
    }

    /// The number of the version that is made now.
    func nextGeneration() -> UInt64 {
        lastGeneration += 1
        return lastGeneration
    }

    /// Makes a version the one that a transaction, or the store, has; nil removes the node.
    func write(_ node: NodeID, _ content: NodeContent?, _ transaction: Transaction?, by connection: Connection?) {
        var content = content
        if content != nil {
            content?.generation = nextGeneration()
            content?.changedBy = connection?.guest?.domain
        }
        guard let transaction else {
            if check != nil { noteForCheck(node, content) }
            count(node, -1)
            tree.set(node, content)
            if content != nil { count(node, 1) }
            return
        }
        if let connection { count(node, content, in: transaction, connection.domain) }
        if transaction.changes.updateValue(content, forKey: node) == nil { transaction.changedNodes.append(node) }
    }

    /// The record of a node's owner, unless that has died.
    func owner(_ packed: PackedContent) -> DomainRecord? {
        let owner = tree.permissions[packed.permissions].owner
        guard let record = domains[owner.domain], record.epoch == owner.epoch else { return nil }
        return record
    }

    /// A node of the store comes (1) or goes (-1), as it is now: its owner's nodes and bytes.
    private func count(_ node: NodeID, _ sign: Int) {
        guard let packed = tree.packed(node, at: nil) else { return }
        guard let owner = owner(packed) else { return tree.unlink(node) }
        owner.memoryByteCount += sign * (tree.sizeByteCount(packed) + tree.pathByteCount(node))
        if sign < 0 { return tree.disown(node, &owner.nodes) }
        tree.own(node, &owner.nodes)
        noteGrowth(of: owner)
    }

    /// A transaction's change: what its domain owns more or less, and the bytes of changed nodes.
    private func count(_ node: NodeID, _ content: NodeContent?, in transaction: Transaction, _ domain: DomainRecord) {
        if permissions(node, transaction)?.owner.domain == domain.domain { transaction.netNodeCount -= 1 }
        if content?.permissions.owner.domain == domain.domain { transaction.netNodeCount += 1 }
        let pathByteCount = tree.pathByteCount(node)
        if let before = transaction.changes[node], let before {
            charge(-(before.sizeByteCount + pathByteCount), transaction, domain)
        }
        if let content { charge(content.sizeByteCount + pathByteCount, transaction, domain) }
    }

    func charge(_ byteCount: Int, _ transaction: Transaction, _ domain: DomainRecord) {
        transaction.memoryByteCount += byteCount
        domain.memoryByteCount += byteCount
    }

    /// Another value for a node of the store.
    func setValue(_ node: NodeID, _ bytes: Span<UInt8>, _ range: Range<Int>, by connection: Connection) {
        guard let packed = tree.packed(node, at: nil) else { return }
        let growth = range.count - tree.valueByteCount(packed)
        if growth != 0, let owner = owner(packed) {
            owner.memoryByteCount += growth
            noteGrowth(of: owner)
            if check != nil { noteForCheck(node, growth: growth) }
        }
        tree.setValue(node, bytes, range, nextGeneration(), by: connection.guest?.domain)
    }

    /// Permissions of a node that is made below another (xenstored.md 6.4).
    func inherited(_ parent: PermissionList, by connection: Connection?) -> PermissionList {
        let list = parent.without(isGone)
        guard let guest = connection?.guest else { return list }
        return list.owned(by: guest.domain, epoch: guest.epoch)
    }

    /// Makes a node and those missing above it; `found` is what the path led to.
    func create(
        _ path: [UInt8], _ found: Found, value: [UInt8], _ transaction: Transaction?, by connection: Connection?
    ) {
        guard let nearest = found.nearest, var permissions = permissions(nearest, transaction) else { return }
        var nodes: [NodeID] = []
        for range in found.missing {
            let node = tree.allocate(
                name: path.span, range, parent: nodes.last ?? nearest, pathByteCount: range.upperBound)
            nodes.append(node)
        }
        transaction?.created.append(contentsOf: nodes)
        if connection?.guest != nil { transaction?.hasCreated = true }
        for (index, node) in nodes.enumerated() {
            permissions = inherited(permissions, by: connection)
            var made = NodeContent(value: [], permissions: permissions)
            if index + 1 < nodes.count {
                tree.insert(nodes[index + 1], into: &made.children)
            } else {
                made.value = value
            }
            write(node, made, transaction, by: connection)
        }
        guard transaction != nil else {
            return tree.insertChild(nodes[0], of: nearest, nextGeneration(), by: connection?.guest?.domain)
        }
        guard var above = content(nearest, transaction) else { return }
        tree.insert(nodes[0], into: &above.children)
        write(nearest, above, transaction, by: connection)
    }

    /// Removes a node, not `/`, and all below it.
    func remove(_ node: NodeID, _ transaction: Transaction?, by connection: Connection?) {
        let parent = tree.parent(node)
        guard let transaction else {
            tree.removeChild(node, of: parent, nextGeneration(), by: connection?.guest?.domain)
            return detach(node)
        }
        if var above = content(parent, transaction) {
            tree.remove(node, from: &above.children)
            write(parent, above, transaction, by: connection)
        }
        if connection?.isPrivileged == true {
            // No quota asks how many nodes go: what is below is out of reach, and stays as it is until the commit.
            transaction.hasCut = true
            return write(node, nil, transaction, by: connection)
        }
        var left = [node]
        while let next = left.popLast() {
            children(next, transaction).forEach { left.append($0) }
            write(next, nil, transaction, by: connection)
        }
    }
}
