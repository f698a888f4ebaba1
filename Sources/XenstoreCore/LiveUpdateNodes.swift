// Nodes of a live update's stream into a new store (xenstored.md 13.4, 6.5).
// Not for: other records (LiveUpdateRestore).

internal import XenstoreWire

/// Where the last node of a stream stands: those above it, so that the next one is not looked for from `/` on, however
/// deep it lies.
struct StateTrail {
    struct Place {
        var node: NodeID
        /// Bytes of its path; 0 of `/`.
        var byteCount: Int
        /// Whether its children have come in their order so far.
        var isAscending = true
    }

    private var path: [UInt8] = []
    private var places = [Place(node: .root, byteCount: 0)]

    /// The node above a path, when it is on the way; and whether the path's name is behind those of all its children.
    mutating func parent(of next: [UInt8]) -> (place: Place, isLast: Bool)? {
        guard let byteCount = next.lastIndex(of: StorePath.slash) else { return nil }
        var same = 0
        let end = min(path.count, next.count)
        while same < end, path[same] == next[same] { same += 1 }
        while let last = places.last, last.byteCount > min(same, byteCount) { places.removeLast() }
        guard let place = places.last, place.byteCount == byteCount else { return nil }
        let isBehind: Bool
        if path.count == byteCount {
            isBehind = true
        } else if same == next.count {
            isBehind = false
        } else {
            isBehind = same == path.count || path[same] == StorePath.slash || path[same] < next[same]
        }
        if !isBehind { places[places.count - 1].isAscending = false }
        return (place, isBehind && place.isAscending)
    }

    mutating func append(_ node: NodeID, _ next: [UInt8], isAscending: Bool = true) {
        path = next
        places.append(Place(node: node, byteCount: next.count, isAscending: isAscending))
    }

    /// Goes to a node that is not on the way.
    mutating func move(to node: NodeID, _ next: [UInt8]) {
        places.removeLast(places.count - 1)
        places[0].isAscending = false
        append(node, next, isAscending: false)
    }
}

/// Permissions as the last node had them: the next one's are the same more often than not.
struct StatePermissions {
    var entries: [StateEntry]
    var number: UInt32
    var owner: DomainRecord?
}

extension XenstoreCore {
    func take(_ node: StateNode, at offset: Int, _ restoration: inout StateRestoration) throws(StateError) {
        guard Self.isNodePath(node.path) else { throw .path(node.path) }
        if node.connection != 0 {
            guard restoration.connections[node.connection] != nil else { throw .connection(node.connection) }
            let key = StateRestoration.TransactionKey(connection: node.connection, id: node.transaction)
            restoration.pending[key, default: []].append(node)
            return
        }
        if node.entries.isEmpty { throw .record(type: StateRecordType.node, offset: offset) }
        if node.path.count == 1 || StorePath.isSpecial(node.path) { return try takeFixed(node, &restoration) }
        guard restoration.fixed.contains(.root),
            let (parent, isLast) = parent(of: node.path, &restoration.trail)
        else { throw .orphan(node.path) }
        let name = parent.byteCount + 1..<node.path.count
        let made: NodeID
        if isLast {
            let permissions = packed(node.entries, &restoration)
            made = tree.add(
                node.path, name, below: parent.node, node.value, permissions: permissions.number, nextGeneration())
            if let owner = permissions.owner { count(made, node, owner) }
        } else {
            if tree.child(of: parent.node, node.path.span, name) != nil { throw .twice(node.path) }
            guard let list = permissions(node.entries, &restoration) else { return }
            made = tree.allocate(
                name: node.path.span, name, parent: parent.node, pathByteCount: node.path.count)
            write(made, NodeContent(value: node.value, permissions: list), nil, by: nil)
            tree.insertChild(made, of: parent.node, nextGeneration(), by: nil)
        }
        restoration.trail.append(made, node.path)
    }

    /// A new node's owner has it.
    private func count(_ made: NodeID, _ node: StateNode, _ owner: DomainRecord) {
        owner.memoryByteCount +=
            NodeContent.sizeByteCount(value: node.value.count, entries: node.entries.count) + node.path.count
        tree.own(made, &owner.nodes)
        noteGrowth(of: owner)
    }

    private func parent(
        of path: [UInt8], _ trail: inout StateTrail
    ) -> (place: StateTrail.Place, isLast: Bool)? {
        if let parent = trail.parent(of: path) { return parent }
        guard let above = StorePath.parent(path), let node = find(above, nil).node else { return nil }
        trail.move(to: node, above)
        return (StateTrail.Place(node: node, byteCount: above.count, isAscending: false), false)
    }

    /// Permissions by the number that the tree has for them.
    private func packed(_ entries: [StateEntry], _ restoration: inout StateRestoration) -> StatePermissions {
        if let last = restoration.permissions, last.entries == entries { return last }
        if let last = restoration.permissions { tree.permissions.release(last.number) }
        let list = permissions(entries, &restoration)
        // It has one user more for as long as it is the last one.
        let number = tree.permissions.intern(list ?? tree.permissions[0])
        let owner = list.flatMap { list in
            domains[list.owner.domain].flatMap { $0.epoch == list.owner.epoch ? $0 : nil }
        }
        let permissions = StatePermissions(entries: entries, number: number, owner: owner)
        restoration.permissions = permissions
        return permissions
    }

    /// `/` and the special nodes, which are there already.
    private func takeFixed(_ node: StateNode, _ restoration: inout StateRestoration) throws(StateError) {
        for fixed in [NodeID.root, .introduceDomain, .releaseDomain] where tree.path(fixed) == node.path {
            guard restoration.fixed.insert(fixed).inserted else { throw .twice(node.path) }
            guard var content = tree.current(fixed), let list = permissions(node.entries, &restoration) else { return }
            content.permissions = list
            if fixed == .root { content.value = node.value }
            return write(fixed, content, nil, by: nil)
        }
        restoration.state.lines.append("the state has a special node that is not known: left out")
    }

    /// The rules of xenstored.md 1.4, for a whole path.
    private static func isNodePath(_ path: [UInt8]) -> Bool {
        do throws(XenstorePathError) {
            let kind = try XenstorePath.check(path.span)
            try XenstorePath.checkLength(path.span, guestByteCountMax: nil)
            return kind != .relative
        } catch {
            return false
        }
    }

    /// Entries of domains that are known, or exist and so become known; others are stale. nil without an entry.
    private func permissions(_ entries: [StateEntry], _ restoration: inout StateRestoration) -> PermissionList? {
        var list: [PermissionEntry] = []
        list.reserveCapacity(entries.count)
        for entry in entries {
            let epoch = entry.isStale ? 0 : epoch(of: entry.domain, &restoration)
            list.append(PermissionEntry(access: entry.access, domain: entry.domain, epoch: epoch))
        }
        return PermissionList(list)
    }

    private func epoch(of domain: UInt16, _ restoration: inout StateRestoration) -> UInt64 {
        if domain == XenstorePermission.anyDomain { return 1 }
        if let record = domains[domain] { return record.epoch }
        if domain >= Self.reservedDomain || restoration.absent.contains(domain) { return 0 }
        guard let uniqueID = lookUp(domain) else {
            restoration.absent.insert(domain)
            return 0
        }
        return makeRecord(domain, uniqueID: uniqueID).epoch
    }
}
