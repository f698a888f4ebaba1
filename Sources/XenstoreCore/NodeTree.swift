// All nodes, and their versions: a transaction sees the store as it was at its start, which costs nothing then; whoever
// changes a node that such a view may see keeps the old version with the node (xenstored.md 5.1, 11, 17.1).
// Not for: permissions, quotas, counts.

/// A table of nodes addressed by small numbers, with a clock that each snapshot moves.
struct NodeTree {
    /// A moment that some transaction looks at, and the versions for which no later snapshot is the reason to live.
    private struct Snapshot {
        var moment: UInt64
        var kept: [(node: NodeID, born: UInt64)] = []
    }

    private(set) var slots: [NodeSlot] = []
    private var free: [NodeID] = []
    /// Moments in ascending order.
    private var snapshots: [Snapshot] = []
    private var clock: UInt64 = 1

    /// Nodes of the store now, special ones too.
    private(set) var count = 0
    /// Places of nodes, those that are free among them.
    var placeCount: Int { slots.count }
    /// Slots in use: nodes of the store, of snapshots, of transactions.
    var usedSlotCount: Int { slots.count - free.count }

    func name(_ node: NodeID) -> [UInt8] { slots[Int(node.index)].name }
    func parent(_ node: NodeID) -> NodeID { slots[Int(node.index)].parent }
    func pathByteCount(_ node: NodeID) -> Int { slots[Int(node.index)].pathByteCount }

    /// A node's version now; nil when it is not in the store.
    func current(_ node: NodeID) -> NodeContent? { slots[Int(node.index)].content }

    /// A node's version at a moment; nil when it was not there.
    func content(_ node: NodeID, at moment: UInt64) -> NodeContent? {
        let index = Int(node.index)
        if slots[index].born <= moment { return slots[index].content }
        return slots[index].older.last { $0.born <= moment }?.content
    }

    /// The path of a node.
    func path(_ node: NodeID) -> [UInt8] {
        var names: [[UInt8]] = []
        var at = node
        while at != .root {
            let slot = slots[Int(at.index)]
            if slot.parent == at { return slot.name }
            names.append(slot.name)
            at = slot.parent
        }
        if names.isEmpty { return StorePath.root }
        var path: [UInt8] = []
        for name in names.reversed() {
            path.append(StorePath.slash)
            path.append(contentsOf: name)
        }
        return path
    }

    /// A new node that nobody sees yet. A node that is its own parent stands at the top.
    mutating func allocate(name: [UInt8], parent: NodeID?, pathByteCount: Int) -> NodeID {
        let node = free.popLast() ?? NodeID(index: UInt32(slots.count))
        let slot = NodeSlot(name: name, parent: parent ?? node, pathByteCount: pathByteCount)
        if Int(node.index) == slots.count { slots.append(slot) } else { slots[Int(node.index)] = slot }
        return node
    }

    /// Gives the place of a node back that never came into the store.
    mutating func discard(_ node: NodeID) {
        if slots[Int(node.index)].content == nil, slots[Int(node.index)].older.isEmpty { release(node) }
    }

    /// The child with the name that stands in a path, of the version now.
    func child(of node: NodeID, _ path: [UInt8], _ range: Range<Int>) -> NodeID? {
        slots[Int(node.index)].content?.children.place { compare($0, path, range) }.found
    }

    /// Gives a node's list of children up that the caller has, and will `set` at once with a change: unless a snapshot
    /// looks at it, nobody else has the list then, and it is changed in its place.
    mutating func loosenChildren(_ node: NodeID) {
        let index = Int(node.index)
        if let last = snapshots.last, last.moment >= slots[index].born { return }
        slots[index].content?.children = ChildList()
    }

    /// Makes a version the newest one; nil removes the node. Snapshots go on seeing the one before.
    mutating func set(_ node: NodeID, _ content: NodeContent?) {
        let index = Int(node.index)
        let old = slots[index].content
        let born = slots[index].born
        if (old == nil) != (content == nil) { count += content == nil ? -1 : 1 }
        slots[index].content = content
        slots[index].born = clock
        if let last = snapshots.last, last.moment >= born, old != nil {
            slots[index].older.append(OlderVersion(born: born, content: old))
            snapshots[snapshots.count - 1].kept.append((node, born))
        } else if content == nil, slots[index].older.isEmpty {
            release(node)
        }
    }

    private mutating func release(_ node: NodeID) {
        slots[Int(node.index)] = NodeSlot(name: [], parent: node, pathByteCount: 0)
        free.append(node)
    }

    /// Begins a view of the store as it is. Each moment is one snapshot's own.
    mutating func takeSnapshot() -> UInt64 {
        let moment = clock
        clock += 1
        snapshots.append(Snapshot(moment: moment))
        return moment
    }

    /// Ends a view: versions that an earlier one sees are kept for that, the others go.
    mutating func endSnapshot(_ moment: UInt64) {
        var index = 0
        var end = snapshots.count
        while index < end {
            let middle = (index + end) / 2
            if snapshots[middle].moment < moment { index = middle + 1 } else { end = middle }
        }
        guard index < snapshots.count, snapshots[index].moment == moment else { return }
        let kept = snapshots.remove(at: index).kept
        for (node, born) in kept {
            if index > 0, snapshots[index - 1].moment >= born {
                snapshots[index - 1].kept.append((node, born))
                continue
            }
            let slot = Int(node.index)
            slots[slot].older.removeAll { $0.born == born }
            if slots[slot].content == nil, slots[slot].older.isEmpty { release(node) }
        }
    }

    /// -1, 0, 1: a node's name is before, equal to or behind the name that stands in a path.
    func compare(_ node: NodeID, _ path: [UInt8], _ range: Range<Int>) -> Int {
        let index = Int(node.index)
        let count = min(slots[index].name.count, range.count)
        for offset in 0..<count {
            let byte = slots[index].name[offset]
            let other = path[range.lowerBound + offset]
            if byte != other { return byte < other ? -1 : 1 }
        }
        let difference = slots[index].name.count - range.count
        return difference == 0 ? 0 : difference < 0 ? -1 : 1
    }
}
