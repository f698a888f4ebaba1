// A piece of a long list of children: nodes, or pieces below it, at most 64. Recursion goes as deep as the tree of
// pieces, which is 8 for the most that there can be: every piece but the root is at least a quarter full when it is
// split off, and 16 to the 8th is more than there are numbers.
// Not for: short lists (ChildList).

/// A piece of a B-tree. Changed only by who has the only reference.
final class ChildPiece {
    static var countMax: Int { 64 }

    fileprivate(set) var nodes: ContiguousArray<NodeID>
    fileprivate(set) var pieces: ContiguousArray<ChildPiece>
    private var first: NodeID
    private var byteCount: Int

    /// A piece of nodes, one at least.
    init(nodes: ContiguousArray<NodeID>, byteCount: Int) {
        self.nodes = nodes
        pieces = []
        first = nodes[0]
        self.byteCount = byteCount
    }

    private init(pieces: ContiguousArray<ChildPiece>) {
        nodes = []
        self.pieces = pieces
        first = pieces[0].first
        byteCount = 0
        for piece in pieces { byteCount += piece.byteCount }
    }

    /// A piece above two.
    convenience init(above one: ChildPiece, _ two: ChildPiece) { self.init(pieces: [one, two]) }

    var isEmpty: Bool { nodes.isEmpty && pieces.isEmpty }
    private var count: Int { pieces.isEmpty ? nodes.count : pieces.count }

    func copy() -> ChildPiece {
        let copy = ChildPiece(nodes: [first], byteCount: byteCount)
        copy.nodes = nodes
        copy.pieces = pieces
        return copy
    }

    /// The piece in which a node is, or has to be put.
    private func place(_ order: (NodeID) -> Int) -> Int {
        var low = 0
        var high = pieces.count
        while low < high {
            let middle = (low + high) / 2
            if order(pieces[middle].first) <= 0 { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    func find(_ order: (NodeID) -> Int) -> NodeID? {
        var at = self
        while !at.pieces.isEmpty { at = at.pieces[at.place(order)] }
        let index = at.nodes.partition(order)
        return index < at.nodes.count && order(at.nodes[index]) == 0 ? at.nodes[index] : nil
    }

    private func own(_ index: Int) {
        if !isKnownUniquelyReferenced(&pieces[index]) { pieces[index] = pieces[index].copy() }
    }

    /// Puts a node in; answers the second half when the piece was split.
    func insert(
        _ node: NodeID, _ nodeByteCount: Int, _ nameByteCount: (NodeID) -> Int, _ order: (NodeID) -> Int
    ) -> ChildPiece? {
        byteCount += nodeByteCount
        if pieces.isEmpty {
            nodes.insert(node, at: nodes.partition(order))
            first = nodes[0]
        } else {
            let index = place(order)
            own(index)
            if let second = pieces[index].insert(node, nodeByteCount, nameByteCount, order) {
                pieces.insert(second, at: index + 1)
            }
            first = pieces[0].first
        }
        return count > Self.countMax ? split(nameByteCount) : nil
    }

    private func split(_ nameByteCount: (NodeID) -> Int) -> ChildPiece {
        let second: ChildPiece
        if pieces.isEmpty {
            let tail = ContiguousArray(nodes[(nodes.count / 2)...])
            var tailByteCount = 0
            for node in tail { tailByteCount += nameByteCount(node) + 1 }
            nodes.removeLast(tail.count)
            second = ChildPiece(nodes: tail, byteCount: tailByteCount)
        } else {
            second = ChildPiece(pieces: ContiguousArray(pieces[(pieces.count / 2)...]))
            pieces.removeLast(second.pieces.count)
        }
        byteCount -= second.byteCount
        return second
    }

    /// Takes a node out that is there.
    func remove(_ nodeByteCount: Int, _ order: (NodeID) -> Int) {
        byteCount -= nodeByteCount
        if pieces.isEmpty {
            nodes.remove(at: nodes.partition(order))
            if !nodes.isEmpty { first = nodes[0] }
            return
        }
        let index = place(order)
        own(index)
        pieces[index].remove(nodeByteCount, order)
        mend(index)
        if !pieces.isEmpty { first = pieces[0].first }
    }

    /// A piece that has become empty goes, a small one joins its neighbour.
    private func mend(_ index: Int) {
        if pieces[index].isEmpty {
            pieces.remove(at: index)
            return
        }
        let other = index > 0 ? index - 1 : 1
        let quarter = Self.countMax / 4
        guard pieces[index].count < quarter, other < pieces.count,
            pieces[index].count + pieces[other].count <= Self.countMax - quarter
        else { return }
        let left = min(index, other)
        own(left)
        let right = pieces.remove(at: left + 1)
        pieces[left].nodes.append(contentsOf: right.nodes)
        pieces[left].pieces.append(contentsOf: right.pieces)
        pieces[left].byteCount += right.byteCount
    }

    /// Takes the last node out; `byteCount` is wrong from then on.
    func popLast() -> NodeID? {
        if pieces.isEmpty { return nodes.popLast() }
        let last = pieces.count - 1
        own(last)
        let node = pieces[last].popLast()
        if pieces[last].isEmpty { pieces.removeLast() }
        return node
    }

    func visit(_ left: inout Int, _ body: (ContiguousArray<NodeID>, Int) -> Bool) -> Bool {
        if pieces.isEmpty {
            defer { left = 0 }
            return body(nodes, left)
        }
        for piece in pieces {
            if left >= piece.byteCount {
                left -= piece.byteCount
                continue
            }
            if !piece.visit(&left, body) { return false }
        }
        return true
    }
}
