// Nodes of a live update's stream into a new store (xenstored.md 13.4, 6.5).
// Not for: other records (LiveUpdateRestore).

internal import XenstoreWire

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
        let found = find(node.path, nil)
        if found.missing.isEmpty { throw .twice(node.path) }
        guard found.missing.count == 1, restoration.fixed.contains(.root) else { throw .orphan(node.path) }
        create(node.path, found, value: node.value, nil, by: nil)
        guard let made = find(node.path, nil).node, var content = tree.current(made),
            content.permissions != permissions
        else { return }
        content.permissions = permissions
        write(made, content, nil, by: nil)
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
