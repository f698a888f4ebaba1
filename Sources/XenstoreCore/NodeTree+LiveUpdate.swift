// All nodes one after the other, out of the tree and into a new one: what a live update does with them (xenstored.md 13).
// Each is one call, for 100,000 of them are to take a few hundredths of a second.
// Not for: requests.

extension NodeTree {
    /// All nodes of the store, parents before their children, these in their order, the special ones last: path, value,
    /// the number of the permissions.
    func forEachNode(_ body: (_ path: [UInt8], _ value: [UInt8], _ permissions: UInt32) -> Void) {
        var path: [UInt8] = []
        var value: [UInt8] = []
        var stack = [(node: NodeID.root, parentByteCount: 0)]
        var below: [NodeID] = []
        func visit(_ path: [UInt8], _ content: PackedContent) {
            value.removeAll(keepingCapacity: true)
            append(content, to: &value)
            body(path, value, content.permissions)
        }
        while let (node, parentByteCount) = stack.popLast() {
            guard let content = packed(node, at: nil) else { continue }
            path.removeSubrange(parentByteCount...)
            if node != .root {
                path.append(StorePath.slash)
                appendName(node, to: &path)
            }
            visit(path.isEmpty ? StorePath.root : path, content)
            if content.children == noSlot { continue }
            let byteCount = path.count
            below.removeAll(keepingCapacity: true)
            children(content).forEach { below.append($0) }
            for child in below.reversed() { stack.append((child, byteCount)) }
        }
        for node in [NodeID.introduceDomain, .releaseDomain] {
            if let content = packed(node, at: nil) { visit(name(node), content) }
        }
    }

    /// A new node of the store, a name of a path, below another one, where its name is behind those of all others.
    /// `number` is of permissions, which have one user more then.
    mutating func add(
        _ path: [UInt8], _ name: Range<Int>, below parent: NodeID, _ value: [UInt8], permissions number: UInt32,
        _ generation: UInt64
    ) -> NodeID {
        let node = allocate(name: path.span, name, parent: parent, pathByteCount: path.count)
        var content = PackedContent(generation: generation, permissions: number)
        content.value = pack(value)
        permissions.retain(number)
        permissions.countCurrent(number, 1)
        slots[node.index].content = content
        slots[node.index].exists = true
        slots[node.index].born = clock
        count += 1
        appendChild(node, of: parent)
        return node
    }

    private mutating func appendChild(_ child: NodeID, of node: NodeID) {
        if slots[node.index].content.children == noSlot {
            slots[node.index].content.children = lists.insert(ListSlot())
        }
        let number = slots[node.index].content.children
        var list = ChildList()
        swap(&list, &lists[number].list)
        list.insert(child, { nameByteCount($0) }, { _ in -1 })
        swap(&list, &lists[number].list)
    }
}
