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

    /// The child with the name that stands in a path.
    private func child(of node: NodeID, _ path: [UInt8], _ range: Range<Int>, _ transaction: Transaction?) -> NodeID? {
        guard transaction != nil else { return tree.child(of: node, path, range) }
        return content(node, transaction)?.children.place { tree.compare($0, path, range) }.found
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

    /// Makes a version the one that a transaction, or the store, has; nil removes the node.
    func write(_ node: NodeID, _ content: NodeContent?, _ transaction: Transaction?, by connection: Connection?) {
        var content = content
        let guest = connection?.guest
        if content != nil {
            lastGeneration += 1
            content?.generation = lastGeneration
            content?.changedBy = guest?.domain
        }
        guard let transaction else {
            if check != nil { noteForCheck(node, content) }
            count(node, tree.current(node), -1)
            tree.set(node, content)
            count(node, content, 1)
            return
        }
        if let connection { count(node, content, in: transaction, connection.domain) }
        if transaction.changes.updateValue(content, forKey: node) == nil { transaction.changedNodes.append(node) }
    }

    /// A version comes (1) or goes (-1): its owner's nodes and bytes.
    private func count(_ node: NodeID, _ content: NodeContent?, _ sign: Int) {
        guard let content, let owner = domains[content.permissions.owner.domain],
            owner.epoch == content.permissions.owner.epoch
        else { return }
        owner.memoryByteCount += sign * (content.sizeByteCount + tree.pathByteCount(node))
        if sign > 0 { owner.nodes.insert(node) } else { owner.nodes.remove(node) }
        if sign > 0 { noteGrowth(of: owner) }
    }

    /// A transaction's change: what its domain owns more or less, and the bytes of changed nodes.
    private func count(_ node: NodeID, _ content: NodeContent?, in transaction: Transaction, _ domain: DomainRecord) {
        let old = self.content(node, transaction)
        if old?.permissions.owner.domain == domain.domain { transaction.netNodeCount -= 1 }
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
        guard let nearest = found.nearest, var above = content(nearest, transaction) else { return }
        var permissions = above.permissions
        var nodes: [NodeID] = []
        for range in found.missing {
            let node = tree.allocate(
                name: Array(path[range]), parent: nodes.last ?? nearest, pathByteCount: range.upperBound)
            nodes.append(node)
        }
        transaction?.created.append(contentsOf: nodes)
        if connection?.guest != nil { transaction?.hasCreated = true }
        for (index, node) in nodes.enumerated() {
            permissions = inherited(permissions, by: connection)
            var made = NodeContent(value: [], permissions: permissions)
            if index + 1 < nodes.count {
                insert(nodes[index + 1], into: &made.children)
            } else {
                made.value = value
            }
            write(node, made, transaction, by: connection)
        }
        if transaction == nil { tree.loosenChildren(nearest) }
        insert(nodes[0], into: &above.children)
        write(nearest, above, transaction, by: connection)
    }

    private func insert(_ node: NodeID, into list: inout ChildList) {
        let name = tree.name(node)
        let place = list.place { tree.compare($0, name, 0..<name.count) }
        list.insert(node, nameByteCount: name.count, at: place)
        list.split(chunk: place.chunk) { tree.name($0).count }
    }

    /// Removes a node, not `/`, and all below it.
    func remove(_ node: NodeID, _ transaction: Transaction?, by connection: Connection?) {
        let parent = tree.parent(node)
        if var above = content(parent, transaction) {
            let name = tree.name(node)
            let place = above.children.place { tree.compare($0, name, 0..<name.count) }
            if place.found == node {
                if transaction == nil { tree.loosenChildren(parent) }
                above.children.remove(nameByteCount: name.count, at: place)
                write(parent, above, transaction, by: connection)
            }
        }
        if transaction == nil {
            detached.append(node)
            return
        }
        var left = [node]
        while let next = left.popLast() {
            content(next, transaction)?.children.forEach { left.append($0) }
            write(next, nil, transaction, by: connection)
        }
    }

    /// Counts off and frees so many of the nodes that were removed: a large tree goes between requests (xenstored.md
    /// 17.1). Whoever would be refused for a count, or shows one, has all of it done before.
    func reclaim(_ countMax: Int = .max) {
        var left = countMax
        while left > 0, let node = detached.popLast() {
            left -= 1
            guard let content = tree.current(node) else { continue }
            content.children.forEach { detached.append($0) }
            write(node, nil, nil, by: nil)
        }
    }
}
