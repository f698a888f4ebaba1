// The children of one version of a node, in ascending order of their names' bytes: chunks of at most 64, so that a
// change copies one chunk and not all of 10 000 names.
// Not for: names; the table of nodes has them.

/// An ordered list of nodes that is copied when it is changed.
struct ChildList {
    struct Chunk {
        var nodes: [NodeID]
        /// Bytes of the names, each with its NUL.
        var byteCount: Int
    }

    static var chunkCountMax: Int { 64 }

    private(set) var chunks: [Chunk] = []
    /// How many.
    private(set) var count = 0
    /// Bytes of all names, each with its NUL: what DIRECTORY would send.
    private(set) var byteCount = 0

    /// Where a node stands, or would have to.
    struct Place {
        var chunk: Int
        var index: Int
        var found: NodeID?
    }

    /// Looks for a name. `precedes` says of a node's name: -1 it is before the name looked for, 0 equal, 1 behind.
    func place(_ compare: (NodeID) -> Int) -> Place {
        var low = 0
        var high = chunks.count
        // The last chunk whose first name is not behind.
        while low < high {
            let middle = (low + high) / 2
            if compare(chunks[middle].nodes[0]) <= 0 { low = middle + 1 } else { high = middle }
        }
        let chunk = max(0, low - 1)
        guard chunk < chunks.count else { return Place(chunk: 0, index: 0, found: nil) }
        let nodes = chunks[chunk].nodes
        low = 0
        high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            let order = compare(nodes[middle])
            if order == 0 { return Place(chunk: chunk, index: middle, found: nodes[middle]) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return Place(chunk: chunk, index: low, found: nil)
    }

    /// Puts a node in where `place` says.
    mutating func insert(_ node: NodeID, nameByteCount: Int, at place: Place) {
        count += 1
        byteCount += nameByteCount + 1
        if chunks.isEmpty {
            chunks.append(Chunk(nodes: [node], byteCount: nameByteCount + 1))
            return
        }
        chunks[place.chunk].nodes.insert(node, at: place.index)
        chunks[place.chunk].byteCount += nameByteCount + 1
    }

    /// Cuts a chunk that has become too long in two; `nameByteCount` is asked for the second half.
    mutating func split(chunk: Int, nameByteCount: (NodeID) -> Int) {
        guard chunk < chunks.count, chunks[chunk].nodes.count > Self.chunkCountMax else { return }
        let half = Self.chunkCountMax / 2
        let tail = Array(chunks[chunk].nodes[half...])
        var tailByteCount = 0
        for node in tail { tailByteCount += nameByteCount(node) + 1 }
        chunks[chunk].nodes.removeSubrange(half...)
        chunks[chunk].byteCount -= tailByteCount
        chunks.insert(Chunk(nodes: tail, byteCount: tailByteCount), at: chunk + 1)
    }

    /// Takes out the node at a place where one was found.
    mutating func remove(nameByteCount: Int, at place: Place) {
        count -= 1
        byteCount -= nameByteCount + 1
        chunks[place.chunk].nodes.remove(at: place.index)
        chunks[place.chunk].byteCount -= nameByteCount + 1
        if chunks[place.chunk].nodes.isEmpty { chunks.remove(at: place.chunk) }
    }

    /// Whether the same nodes stand in two lists.
    func isSame(as other: ChildList) -> Bool {
        count == other.count && chunks.lazy.flatMap(\.nodes).elementsEqual(other.chunks.lazy.flatMap(\.nodes))
    }

    /// All nodes in order.
    func forEach(_ body: (NodeID) -> Void) {
        for chunk in chunks { for node in chunk.nodes { body(node) } }
    }
}
