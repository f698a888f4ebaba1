// Nodes of a live update's stream into a new store (xenstored.md 13.4, 6.5).
// Not for: other records (LiveUpdateRestore).

internal import XenstoreWire

/// Where the last node of a stream stands: those above it, so that the next one is not looked for from `/` on, however
/// deep it lies.
struct StateTrail {
    private var path: [UInt8] = []
    /// Nodes on the way, with the bytes of their paths.
    private var places: [(node: NodeID, byteCount: Int)] = []

    /// The node above a path, when it is on the way.
    mutating func parent(of next: [UInt8]) -> (node: NodeID, byteCount: Int)? {
        guard let byteCount = next.lastIndex(of: StorePath.slash) else { return nil }
        var same = 0
        while same < path.count, same < byteCount, path[same] == next[same] { same += 1 }
        while let last = places.last, last.byteCount > same { places.removeLast() }
        if byteCount == 0 { return (.root, 0) }
        guard let last = places.last, last.byteCount == byteCount else { return nil }
        return last
    }

    mutating func append(_ node: NodeID, _ next: [UInt8]) {
        path = next
        places.append((node, next.count))
    }
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
        guard let permissions = permissions(node.entries, &restoration) else {
            throw .record(type: StateRecordType.node, offset: offset)
        }
        if try takeFixed(node, permissions, &restoration) { return }
        if StorePath.isSpecial(node.path) {
            restoration.state.lines.append("the state has a special node that is not known: left out")
            return
        }
        guard restoration.fixed.contains(.root), let parent = parent(of: node.path, &restoration.trail) else {
            throw .orphan(node.path)
        }
        let name = parent.byteCount + 1..<node.path.count
        if tree.child(of: parent.node, node.path.span, name) != nil { throw .twice(node.path) }
        let made = tree.allocate(
            name: node.path.span, name, parent: parent.node, pathByteCount: node.path.count)
        write(made, NodeContent(value: node.value, permissions: permissions), nil, by: nil)
        tree.insertChild(made, of: parent.node, nextGeneration(), by: nil)
        restoration.trail.append(made, node.path)
    }

    private func parent(of path: [UInt8], _ trail: inout StateTrail) -> (node: NodeID, byteCount: Int)? {
        if let parent = trail.parent(of: path) { return parent }
        guard let above = StorePath.parent(path), let node = find(above, nil).node else { return nil }
        trail.append(node, above)
        return (node, above.count)
    }

    /// `/` and the special nodes are there already; says whether it is one of these.
    private func takeFixed(
        _ node: StateNode, _ permissions: PermissionList, _ restoration: inout StateRestoration
    ) throws(StateError) -> Bool {
        for fixed in [NodeID.root, .introduceDomain, .releaseDomain] where tree.path(fixed) == node.path {
            guard restoration.fixed.insert(fixed).inserted else { throw .twice(node.path) }
            guard var content = tree.current(fixed) else { return true }
            content.permissions = permissions
            if fixed == .root { content.value = node.value }
            write(fixed, content, nil, by: nil)
            return true
        }
        return false
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
