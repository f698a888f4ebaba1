// All nodes, and their versions: a transaction sees the store as it was at its start, which costs nothing then; whoever
// changes a node that such a view may see keeps the old version (xenstored.md 5.1, 11, 17.1).
// Not for: changes (NodeTree+Changes), snapshots (NodeTree+Versions), quotas.

/// A table of nodes addressed by small numbers, with a clock that each snapshot moves.
struct NodeTree: ~Copyable {
    /// A moment that some transaction looks at, and the versions for which no later snapshot is the reason to live.
    struct Snapshot {
        var moment: UInt64
        var firstKept = noSlot
    }

    var slots = Slab<NodeSlot>()
    var names = NameTable()
    var permissions = PermissionTable()
    var values = Slab<LongBytes>()
    var lists = Slab<ListSlot>()
    var versions = Slab<OlderVersion>()
    /// Moments in ascending order.
    var snapshots: [Snapshot] = []
    /// Snapshots that ended, whose versions are still to be looked through.
    var ended: [Snapshot] = []
    var clock: UInt64 = 1
    /// Nodes of the store now, special ones too.
    var count = 0
    /// Places of nodes, those that are free among them.
    var placeCount: Int { slots.end }
    /// Slots in use: nodes of the store, of snapshots, of transactions.
    var usedSlotCount: Int { slots.count }

    /// Whether there is a place of a number below `placeCount`.
    func hasPlace(_ node: NodeID) -> Bool { slots.contains(node.index) }

    func name(_ node: NodeID) -> [UInt8] {
        var bytes: [UInt8] = []
        appendName(node, to: &bytes)
        return bytes
    }

    /// Puts a node's name behind what is there.
    func appendName(_ node: NodeID, to bytes: inout [UInt8]) {
        names.append(slots[node.index].name, to: &bytes)
    }

    func nameByteCount(_ node: NodeID) -> Int { names.byteCount(slots[node.index].name) }
    func parent(_ node: NodeID) -> NodeID { NodeID(index: slots[node.index].parent) }
    func pathByteCount(_ node: NodeID) -> Int { slots[node.index].pathByteCount }

    /// Whether a node is in the store now.
    func exists(_ node: NodeID) -> Bool { slots[node.index].exists }

    /// A node's version now; nil when it is not in the store.
    func current(_ node: NodeID) -> NodeContent? {
        slots[node.index].exists ? unpacked(slots[node.index].content) : nil
    }

    /// A node's version at a moment; nil when it was not there.
    func content(_ node: NodeID, at moment: UInt64) -> NodeContent? {
        guard let packed = packed(node, at: moment) else { return nil }
        return unpacked(packed)
    }

    /// What the tables say of a node at a moment; nil moment: now.
    func packed(_ node: NodeID, at moment: UInt64?) -> PackedContent? {
        guard let moment, slots[node.index].born > moment else {
            return slots[node.index].exists ? slots[node.index].content : nil
        }
        var at = slots[node.index].older
        while at != noSlot {
            if versions[at].born <= moment { return versions[at].content }
            at = versions[at].older
        }
        return nil
    }

    func unpacked(_ packed: PackedContent) -> NodeContent {
        NodeContent(
            value: value(packed), permissions: permissions[packed.permissions], children: children(packed),
            generation: packed.generation,
            changedBy: packed.changedBy == PackedContent.noGuest ? nil : packed.changedBy)
    }

    func value(_ packed: PackedContent) -> [UInt8] {
        if packed.value.isLong { return values[packed.value.longNumber].bytes }
        var bytes: [UInt8] = []
        append(packed, to: &bytes)
        return bytes
    }

    /// Puts a value behind what is there.
    func append(_ packed: PackedContent, to bytes: inout [UInt8]) {
        if packed.value.isLong {
            bytes.append(contentsOf: values[packed.value.longNumber].bytes)
            return
        }
        packed.value.append(to: &bytes)
    }

    func valueByteCount(_ packed: PackedContent) -> Int {
        packed.value.isLong ? values[packed.value.longNumber].bytes.count : packed.value.byteCount
    }

    /// Bytes that the quotas `node-size`, and with the path `memory`, count.
    func sizeByteCount(_ packed: PackedContent) -> Int {
        16 + permissions.byteCount(packed.permissions) + valueByteCount(packed)
    }

    func children(_ packed: PackedContent) -> ChildList {
        packed.children == noSlot ? ChildList() : lists[packed.children].list
    }

    /// The path of a node.
    func path(_ node: NodeID) -> [UInt8] {
        var chain: [NodeID] = []
        var at = node
        while at != .root {
            let parent = parent(at)
            if parent == at { return name(at) }
            chain.append(at)
            at = parent
        }
        if chain.isEmpty { return StorePath.root }
        var path: [UInt8] = []
        path.reserveCapacity(pathByteCount(node))
        for node in chain.reversed() {
            path.append(StorePath.slash)
            appendName(node, to: &path)
        }
        return path
    }

    /// The node that the names of a path lead to, from a node and a byte of the path on.
    func find(_ path: Span<UInt8>, from top: NodeID, _ start: Int) -> NodeID? {
        var at = top
        var start = start
        while let range = StorePath.name(path, from: start) {
            guard let next = child(of: at, path, range) else { return nil }
            at = next
            start = range.upperBound + 1
        }
        return at
    }

    /// The child with the name that stands in a path, of the version now.
    func child(of node: NodeID, _ path: Span<UInt8>, _ range: Range<Int>) -> NodeID? {
        guard slots[node.index].exists else { return nil }
        return child(in: slots[node.index].content.children, path, range)
    }

    /// The same of a list's number.
    func child(in list: UInt32, _ path: Span<UInt8>, _ range: Range<Int>) -> NodeID? {
        if list == noSlot { return nil }
        let words = NameWords(path, range)
        return lists[list].list.find { names.compare(slots[$0.index].name, words, path, range) }
    }

    /// -1, 0, 1: a node's name is before, equal to or behind the name that stands in a path.
    func compare(_ node: NodeID, _ path: Span<UInt8>, _ range: Range<Int>) -> Int {
        names.compare(slots[node.index].name, NameWords(path, range), path, range)
    }
}
