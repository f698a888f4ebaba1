// READ, WRITE of a node that is there, and lists of children, outside transactions: the way of most requests, without
// arrays made for it (xenstored.md 17.1, rules 3 and 6). Whatever is not plain (a refusal, a quota near, a special
// path) goes the long way, which does the same.
// Not for: other operations (XenstoreCore+Handle).

internal import XenstoreWire

extension XenstoreCore {
    /// Does a request if that is plain; says whether. If not, nothing has changed.
    func handleQuickly(
        _ connection: Connection, _ header: XenstoreHeader, _ payload: Span<UInt8>, now: UInt64
    ) -> Bool {
        if header.transactionID != 0 { return false }
        switch header.operation {
        case .read: return readQuickly(connection, header, payload, now: now)
        case .directory: return listQuickly(connection, header, payload, now: now)
        case .directoryPart: return listPartQuickly(connection, header, payload, now: now)
        case .write: return writeQuickly(connection, header, payload, now: now)
        default: return false
        }
    }

    /// The node of a path that is right, as the connection names it; nil: none, or the path is not plain.
    private func quickNode(_ path: Span<UInt8>, _ connection: Connection) -> NodeID? {
        guard let kind = try? XenstorePath.check(path), kind != .special else { return nil }
        let start = kind == .relative ? connection.home.count + 1 : 0
        if start + path.count > XenstoreLimits.absolutePathByteCount { return nil }
        if let guest = connection.guest {
            if path.count > guest.quotas[.pathMax] { return nil }
            if path.count > guest.maxima[.pathMax] || path.count > maxima[.pathMax] {
                note(highest: .pathMax, path.count - XenstorePath.homePrefixByteCount(path), guest)
            }
        }
        guard kind == .relative else { return tree.find(path, from: .root, 1) }
        let home = connection.home
        guard let top = tree.find(home.span, from: .root, 1) else { return nil }
        return tree.find(path, from: top, 0)
    }

    /// The newest version of a node that the connection may read.
    private func quickContent(_ path: Span<UInt8>, _ connection: Connection) -> PackedContent? {
        guard let node = quickNode(path, connection), let content = tree.packed(node, at: nil),
            connection.isPrivileged || rights(of: connection, on: tree.permissions[content.permissions]).read
        else { return nil }
        return content
    }

    private func readQuickly(
        _ connection: Connection, _ header: XenstoreHeader, _ payload: Span<UInt8>, now: UInt64
    ) -> Bool {
        guard let text = XenstoreText.one(payload), let content = quickContent(payload.extracting(text), connection)
        else { return false }
        beginCounting(connection, now: now)
        queue(header, connection) { tree.append(content, to: &$0) }
        endCounting(connection)
        return true
    }

    private func listQuickly(
        _ connection: Connection, _ header: XenstoreHeader, _ payload: Span<UInt8>, now: UInt64
    ) -> Bool {
        guard let text = XenstoreText.one(payload), let content = quickContent(payload.extracting(text), connection)
        else { return false }
        let children = tree.children(content)
        if children.byteCount > XenstoreLimits.payloadByteCount { return false }
        beginCounting(connection, now: now)
        queue(header, connection) { _ = tree.appendNames(children, byteCountMax: children.byteCount, to: &$0) }
        endCounting(connection)
        return true
    }

    private func listPartQuickly(
        _ connection: Connection, _ header: XenstoreHeader, _ payload: Span<UInt8>, now: UInt64
    ) -> Bool {
        guard let path = XenstoreText.string(in: payload, from: 0),
            let digits = XenstoreText.string(in: payload, from: path.upperBound + 1),
            digits.upperBound == payload.count - 1, let offset = XenstoreText.number(payload, digits, max: .max),
            let content = quickContent(payload.extracting(path), connection)
        else { return false }
        beginCounting(connection, now: now)
        queue(header, connection) {
            putPart(of: tree.children(content), content.generation, from: Int(clamping: offset), &$0)
        }
        endCounting(connection)
        return true
    }

    private func writeQuickly(
        _ connection: Connection, _ header: XenstoreHeader, _ payload: Span<UInt8>, now: UInt64
    ) -> Bool {
        guard let (text, octets) = XenstoreText.stringAndOctets(payload),
            let node = quickNode(payload.extracting(text), connection), let content = tree.packed(node, at: nil)
        else { return false }
        if let guest = connection.guest {
            let list = tree.permissions[content.permissions]
            let size = NodeContent.sizeByteCount(value: octets.count, entries: list.entries.count)
            if uncleanList != nil || !guest.quotas.allows(.nodeSize, size) || !rights(of: connection, on: list).write {
                return false
            }
            note(highest: .nodeSize, size, guest)
        }
        beginCounting(connection, now: now)
        setValue(node, payload, octets, by: connection)
        if trie.count > 0 { tellQuickly(payload.extracting(text), node, content.permissions, connection) }
        queue(header, connection) { bytes in for byte in "OK\0".utf8 { bytes.append(byte) } }
        endCounting(connection)
        return true
    }

    /// The events of a change that leaves permissions as they were.
    private func tellQuickly(_ name: Span<UInt8>, _ node: NodeID, _ permissions: UInt32, _ connection: Connection) {
        let isAbsolute = name[0] == StorePath.slash
        if isAbsolute {
            trie.findMatches(name, &quickWatches)
            if quickWatches.isEmpty { return }
        }
        quickPath.removeAll(keepingCapacity: true)
        if !isAbsolute {
            quickPath.append(contentsOf: connection.home)
            quickPath.append(StorePath.slash)
        }
        for index in name.indices { quickPath.append(name[index]) }
        if !isAbsolute { trie.findMatches(quickPath.span, &quickWatches) }
        for watch in quickWatches where maySee(node, permissions, watch) { send(watch, quickPath) }
        quickWatches.removeAll(keepingCapacity: quickWatches.capacity <= 1024)
    }

    /// The filter of xenstored.md 4.3, where nothing but the value changes.
    private func maySee(_ node: NodeID, _ permissions: UInt32, _ watch: Watch) -> Bool {
        guard let watcher = self.connection(watch.connection) else { return false }
        if watcher.isPrivileged || rights(of: watcher, on: tree.permissions[permissions]).read { return true }
        guard node != .root, let above = tree.packed(tree.parent(node), at: nil) else { return false }
        return rights(of: watcher, on: tree.permissions[above.permissions]).read
    }
}
