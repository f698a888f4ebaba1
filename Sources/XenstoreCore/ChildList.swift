// The children of one version of a node, in ascending order of their names' bytes (xenstored.md 11): up to 32 in an
// array, more in a B-tree whose pieces are shared by versions, so that a change copies a few of them.
// Not for: names; the table of nodes has them.

/// An ordered list of nodes that is copied when it is changed.
struct ChildList {
    static var fewCountMax: Int { 32 }

    private var few: ContiguousArray<NodeID> = []
    private var root: ChildPiece?
    private var counts: (nodes: UInt32, bytes: UInt32) = (0, 0)

    /// How many.
    var count: Int { Int(counts.nodes) }
    /// Bytes of all names, each with its NUL: what DIRECTORY would send.
    var byteCount: Int { Int(counts.bytes) }

    /// The node that `order` says 0 of: -1 is before the one looked for, 1 behind.
    func find(_ order: (NodeID) -> Int) -> NodeID? {
        guard let root else {
            let index = few.partition(order)
            return index < few.count && order(few[index]) == 0 ? few[index] : nil
        }
        return root.find(order)
    }

    /// Puts a node in, whose name no other one has. `nameByteCount` tells of other nodes too.
    mutating func insert(_ node: NodeID, _ nameByteCount: (NodeID) -> Int, _ order: (NodeID) -> Int) {
        let byteCount = nameByteCount(node) + 1
        counts.nodes += 1
        counts.bytes += UInt32(byteCount)
        if root == nil {
            few.insert(node, at: few.partition(order))
            if few.count <= Self.fewCountMax { return }
            root = ChildPiece(nodes: few, byteCount: self.byteCount)
            few = []
            return
        }
        guard var top = root else { return }
        root = nil
        if !isKnownUniquelyReferenced(&top) { top = top.copy() }
        if let second = top.insert(node, byteCount, nameByteCount, order) { top = ChildPiece(above: top, second) }
        root = top
    }

    /// Takes out the node that `order` says 0 of.
    mutating func remove(nameByteCount: Int, _ order: (NodeID) -> Int) {
        counts.nodes -= 1
        counts.bytes -= UInt32(nameByteCount + 1)
        if root == nil {
            few.remove(at: few.partition(order))
            return
        }
        guard var top = root else { return }
        root = nil
        if !isKnownUniquelyReferenced(&top) { top = top.copy() }
        top.remove(nameByteCount + 1, order)
        while top.pieces.count == 1 { top = top.pieces[0] }
        if top.pieces.isEmpty, top.nodes.count <= Self.fewCountMax / 2 { few = top.nodes } else { root = top }
    }

    /// Takes the last node out of a list whose numbers of bytes nobody asks for any more.
    mutating func popLast() -> NodeID? {
        if counts.nodes == 0 { return nil }
        counts.nodes -= 1
        if root == nil { return few.popLast() }
        guard var top = root else { return nil }
        root = nil
        if !isKnownUniquelyReferenced(&top) { top = top.copy() }
        let last = top.popLast()
        if !top.isEmpty { root = top }
        return last
    }

    /// Whether the same nodes stand in two lists.
    func isSame(as other: ChildList) -> Bool {
        if count != other.count || byteCount != other.byteCount { return false }
        if root == nil && other.root == nil { return few == other.few }
        if let root, let otherRoot = other.root, root === otherRoot { return true }
        var one = Array<NodeID>()
        var two = Array<NodeID>()
        forEach { one.append($0) }
        other.forEach { two.append($0) }
        return one == two
    }

    /// All nodes in order.
    func forEach(_ body: (NodeID) -> Void) {
        _ = visit(from: 0) { nodes, _ in
            for node in nodes { body(node) }
            return true
        }
    }

    /// Rows of nodes in order, from the row on in which a byte of the list of all names lies, with the offset of that
    /// byte in the row, 0 for the others; until `body` says false. Says whether the end was reached.
    func visit(from offset: Int, _ body: (ContiguousArray<NodeID>, Int) -> Bool) -> Bool {
        if offset >= byteCount, offset > 0 { return true }
        guard let root else { return body(few, offset) }
        var left = offset
        return root.visit(&left, body)
    }
}

extension ContiguousArray<NodeID> {
    /// The index of the first node that is not before the one looked for.
    func partition(_ order: (NodeID) -> Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if order(self[middle]) < 0 { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
