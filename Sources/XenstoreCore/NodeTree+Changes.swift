// Nodes made, changed and removed in the tree; whatever a snapshot sees is kept for it first.
// Not for: permissions and counts of owners (XenstoreCore+Nodes).

internal import XenstoreWire

extension NodeTree {
    /// A new node that nobody sees yet. A node that is its own parent stands at the top.
    mutating func allocate(name: Span<UInt8>, _ range: Range<Int>, parent: NodeID?, pathByteCount: Int) -> NodeID {
        let slot = NodeSlot(
            name: names.intern(name, range), parent: parent?.index ?? 0, pathByteCount: pathByteCount)
        let node = NodeID(index: slots.insert(slot))
        if parent == nil { slots[node.index].parent = node.index }
        return node
    }

    /// Gives the place of a node back that never came into the store.
    mutating func discard(_ node: NodeID) { releaseIfUnseen(node) }

    /// Frees a node's slot when no version is left.
    mutating func releaseIfUnseen(_ node: NodeID) {
        if slots[node.index].exists || slots[node.index].older != noSlot { return }
        names.release(slots[node.index].name)
        slots.remove(node.index)
    }

    /// Makes a version the newest one; nil removes the node. Snapshots go on seeing the one before.
    mutating func set(_ node: NodeID, _ content: NodeContent?) {
        guard let content else { return remove(node) }
        let packed = pack(content)
        if slots[node.index].exists {
            keep(node)
            free(slots[node.index].content)
            permissions.countCurrent(slots[node.index].content.permissions, -1)
        } else {
            count += 1
        }
        permissions.countCurrent(packed.permissions, 1)
        slots[node.index].content = packed
        slots[node.index].exists = true
        slots[node.index].born = clock
    }

    private mutating func remove(_ node: NodeID) {
        guard slots[node.index].exists else { return }
        count -= 1
        permissions.countCurrent(slots[node.index].content.permissions, -1)
        if let last = snapshots.last, last.moment >= slots[node.index].born {
            // What the tables have for it goes over to the older version.
            push(node, slots[node.index].content)
        } else {
            free(slots[node.index].content)
        }
        slots[node.index].content = PackedContent()
        slots[node.index].exists = false
        slots[node.index].born = clock
        releaseIfUnseen(node)
    }

    /// Before a node of the store is changed in its place.
    private mutating func keep(_ node: NodeID) {
        guard let last = snapshots.last, last.moment >= slots[node.index].born else { return }
        push(node, copied(slots[node.index].content))
        slots[node.index].born = clock
    }

    private mutating func push(_ node: NodeID, _ content: PackedContent) {
        let last = snapshots.count - 1
        slots[node.index].older = versions.insert(
            OlderVersion(
                content: content, node: node.index, older: slots[node.index].older,
                nextKept: snapshots[last].firstKept, born: slots[node.index].born))
        snapshots[last].firstKept = slots[node.index].older
    }

    /// Who made the version that is made now, and its number.
    private mutating func stamp(_ node: NodeID, _ generation: UInt64, _ guest: UInt16?) {
        slots[node.index].content.generation = generation
        slots[node.index].content.changedBy = guest ?? PackedContent.noGuest
    }

    /// Another value for a node of the store.
    mutating func setValue(
        _ node: NodeID, _ bytes: Span<UInt8>, _ range: Range<Int>, _ generation: UInt64, by guest: UInt16?
    ) {
        keep(node)
        if slots[node.index].content.value.isLong { values.remove(slots[node.index].content.value.longNumber) }
        let value: NodeValue
        if range.count <= NodeValue.inlineByteCount {
            value = NodeValue(bytes, range)
        } else {
            value = NodeValue(longNumber: values.insert(LongBytes(bytes: XenstoreText.copy(bytes, range))))
        }
        slots[node.index].content.value = value
        stamp(node, generation, guest)
    }

    /// A new child of a node of the store.
    mutating func insertChild(_ child: NodeID, of node: NodeID, _ generation: UInt64, by guest: UInt16?) {
        keep(node)
        if slots[node.index].content.children == noSlot {
            slots[node.index].content.children = lists.insert(ListSlot())
        }
        let number = slots[node.index].content.children
        var list = ChildList()
        swap(&list, &lists[number].list)
        insert(child, into: &list)
        swap(&list, &lists[number].list)
        stamp(node, generation, guest)
    }

    /// Puts a node into a list by its name.
    func insert(_ child: NodeID, into list: inout ChildList) {
        let name = name(child)
        let words = NameWords(name.span, 0..<name.count)
        list.insert(child, { nameByteCount($0) }) {
            names.compare(slots[$0.index].name, words, name.span, 0..<name.count)
        }
    }

    /// Takes a node out of a list that has it.
    func remove(_ child: NodeID, from list: inout ChildList) {
        let name = name(child)
        let words = NameWords(name.span, 0..<name.count)
        list.remove(nameByteCount: name.count) {
            names.compare(slots[$0.index].name, words, name.span, 0..<name.count)
        }
    }

    /// A child of a node of the store goes.
    mutating func removeChild(_ child: NodeID, of node: NodeID, _ generation: UInt64, by guest: UInt16?) {
        keep(node)
        let number = slots[node.index].content.children
        if number == noSlot { return }
        var list = ChildList()
        swap(&list, &lists[number].list)
        remove(child, from: &list)
        if list.count == 0 {
            lists.remove(number)
            slots[node.index].content.children = noSlot
        } else {
            swap(&list, &lists[number].list)
        }
        stamp(node, generation, guest)
    }

    private mutating func pack(_ content: NodeContent) -> PackedContent {
        var packed = PackedContent(
            generation: content.generation, permissions: permissions.intern(content.permissions),
            changedBy: content.changedBy ?? PackedContent.noGuest)
        packed.value = pack(content.value)
        if content.children.count > 0 { packed.children = lists.insert(ListSlot(list: content.children)) }
        return packed
    }

    /// A value of a new version.
    mutating func pack(_ bytes: [UInt8]) -> NodeValue {
        if bytes.count <= NodeValue.inlineByteCount { return NodeValue(bytes.span, 0..<bytes.count) }
        return NodeValue(longNumber: values.insert(LongBytes(bytes: bytes)))
    }

    /// The same for another version.
    private mutating func copied(_ packed: PackedContent) -> PackedContent {
        var copy = packed
        permissions.retain(packed.permissions)
        if packed.value.isLong { copy.value = NodeValue(longNumber: values.insert(values[packed.value.longNumber])) }
        if packed.children != noSlot { copy.children = lists.insert(lists[packed.children]) }
        return copy
    }

    /// Gives back what the tables have for a version.
    mutating func free(_ packed: PackedContent) {
        permissions.release(packed.permissions)
        if packed.value.isLong { values.remove(packed.value.longNumber) }
        if packed.children != noSlot { lists.remove(packed.children) }
    }
}

extension NodeTree {
    /// Puts a node that has come into the store among those of its owner.
    mutating func own(_ node: NodeID, _ owned: inout OwnedNodes) {
        slots[node.index].nextOwned = owned.first
        slots[node.index].previousOwned = noSlot
        if owned.first != noSlot { slots[owned.first].previousOwned = node.index }
        owned.first = node.index
        owned.count += 1
    }

    /// Takes a node from among those of its owner.
    mutating func disown(_ node: NodeID, _ owned: inout OwnedNodes) {
        if owned.first == node.index { owned.first = slots[node.index].nextOwned }
        owned.count -= 1
        unlink(node)
    }

    /// The same when the owner is not known any more.
    mutating func unlink(_ node: NodeID) {
        let next = slots[node.index].nextOwned
        let previous = slots[node.index].previousOwned
        if previous != noSlot { slots[previous].nextOwned = next }
        if next != noSlot { slots[next].previousOwned = previous }
        slots[node.index].nextOwned = noSlot
        slots[node.index].previousOwned = noSlot
    }

    /// Whether a node stands among those of an owner.
    func isLinked(_ node: NodeID, _ owned: OwnedNodes) -> Bool {
        let previous = slots[node.index].previousOwned
        return previous == noSlot ? owned.first == node.index : slots[previous].nextOwned == node.index
    }
}
