// All watches by the names of their paths (xenstored.md 4.7): a change finds those that it concerns by its own depth,
// however many there are.
// Not for: permissions, events.

/// A tree of names, those of special paths apart, with the watches that end at each. Children are found in one table by
/// their parent and name.
struct WatchTrie: ~Copyable {
    struct Node {
        var name: [UInt8]
        var parent: Int
        var watches: [Watch] = []
        /// Watches here and below.
        var total = 0
        fileprivate var hash: UInt64 = 0
        /// The next one of its bucket.
        fileprivate var next = -1
        fileprivate var firstChild = -1
        fileprivate var nextSibling = -1
        fileprivate var previousSibling = -1

        fileprivate init(name: [UInt8], parent: Int) {
            self.name = name
            self.parent = parent
        }

        /// Takes a watch out; they stand in the order of their registration.
        mutating func remove(_ watch: Watch) {
            var low = 0
            var high = watches.count
            while low < high {
                let middle = (low + high) / 2
                if watches[middle].sequence < watch.sequence { low = middle + 1 } else { high = middle }
            }
            if low < watches.count, watches[low] === watch { watches.remove(at: low) }
        }
    }

    static var root: Int { 0 }
    static var specialRoot: Int { 1 }

    private(set) var nodes: ContiguousArray<Node> = [Node(name: [], parent: 0), Node(name: [], parent: 1)]
    private var free: [Int] = []
    private var buckets = ContiguousArray<Int>(repeating: -1, count: 16)

    var count: Int { nodes[Self.root].total + nodes[Self.specialRoot].total }
    var nodeCount: Int { nodes.count - free.count }

    private func top(_ path: Span<UInt8>) -> Int {
        path.count > 0 && path[0] == UInt8(ascii: "@") ? Self.specialRoot : Self.root
    }

    /// The place of a name below another place, of those that have a watch there or below.
    func child(of node: Int, _ path: Span<UInt8>, _ range: Range<Int>) -> Int? {
        if nodes[node].firstChild < 0 { return nil }
        let hash = ByteHash.hash(path, range, UInt64(node))
        var at = buckets[Int(truncatingIfNeeded: hash) & (buckets.count - 1)]
        while at >= 0 {
            if nodes[at].hash == hash, nodes[at].parent == node, hasName(at, path, range) { return at }
            at = nodes[at].next
        }
        return nil
    }

    private func hasName(_ node: Int, _ path: Span<UInt8>, _ range: Range<Int>) -> Bool {
        if nodes[node].name.count != range.count { return false }
        for offset in 0..<range.count where nodes[node].name[offset] != path[range.lowerBound + offset] {
            return false
        }
        return true
    }

    mutating func insert(_ watch: Watch) {
        let path = watch.path
        var at = top(path.span)
        nodes[at].total += 1
        for range in PathNames(path) {
            at = child(of: at, path.span, range) ?? allocate(path, range, parent: at)
            nodes[at].total += 1
        }
        nodes[at].watches.append(watch)
    }

    mutating func remove(_ watch: Watch) {
        guard var at = node(watch.path) else { return }
        nodes[at].remove(watch)
        while true {
            nodes[at].total -= 1
            let parent = nodes[at].parent
            if parent == at { return }
            if nodes[at].total == 0 {
                unlink(at)
                nodes[at] = Node(name: [], parent: at)
                free.append(at)
            }
            at = parent
        }
    }

    private mutating func allocate(_ path: [UInt8], _ range: Range<Int>, parent: Int) -> Int {
        var node = Node(name: Array(path[range]), parent: parent)
        node.hash = ByteHash.hash(path.span, range, UInt64(parent))
        node.nextSibling = nodes[parent].firstChild
        let index = free.popLast() ?? nodes.count
        if index == nodes.count { nodes.append(node) } else { nodes[index] = node }
        if node.nextSibling >= 0 { nodes[node.nextSibling].previousSibling = index }
        nodes[parent].firstChild = index
        if nodeCount > buckets.count {
            buckets = ContiguousArray(repeating: -1, count: buckets.count * 4)
            for other in 2..<nodes.count where nodes[other].parent != other { link(other) }
        } else {
            link(index)
        }
        return index
    }

    private mutating func link(_ node: Int) {
        let bucket = Int(truncatingIfNeeded: nodes[node].hash) & (buckets.count - 1)
        nodes[node].next = buckets[bucket]
        buckets[bucket] = node
    }

    /// Takes a node out of its bucket and from among its siblings.
    private mutating func unlink(_ node: Int) {
        let bucket = Int(truncatingIfNeeded: nodes[node].hash) & (buckets.count - 1)
        let (next, previous) = (nodes[node].nextSibling, nodes[node].previousSibling)
        if buckets[bucket] == node {
            buckets[bucket] = nodes[node].next
        } else {
            var at = buckets[bucket]
            while at >= 0, nodes[at].next != node { at = nodes[at].next }
            if at >= 0 { nodes[at].next = nodes[node].next }
        }
        if next >= 0 { nodes[next].previousSibling = previous }
        if previous >= 0 { nodes[previous].nextSibling = next } else { nodes[nodes[node].parent].firstChild = next }
    }

    /// The place of a path; nil when no watch is there or below.
    func node(_ path: [UInt8]) -> Int? {
        var at = top(path.span)
        for range in PathNames(path) {
            guard let next = child(of: at, path.span, range) else { return nil }
            at = next
        }
        return at
    }

    /// The watches that a change of a path and what is below concerns (kind *subtree*), as they were registered.
    func matches(_ path: [UInt8]) -> [Watch] {
        var found: [Watch] = []
        findMatches(path.span, &found)
        return found
    }

    /// Puts them in place of what is there.
    func findMatches(_ path: Span<UInt8>, _ found: inout [Watch]) {
        found.removeAll(keepingCapacity: true)
        var at = top(path)
        let depth = StorePath.depth(path)
        var level = 0
        var start = at == Self.specialRoot ? 0 : 1
        while true {
            for watch in nodes[at].watches where watch.depth.map({ depth - level <= $0 }) ?? true {
                found.append(watch)
            }
            guard let range = StorePath.name(path, from: start), let next = child(of: at, path, range) else { break }
            start = range.upperBound + 1
            at = next
            level += 1
        }
        if found.count > 1 { found.sort { $0.sequence < $1.sequence } }
    }

    /// The names below a place, in ascending order, without those that have no watch.
    func names(below node: Int) -> [[UInt8]] {
        var names: [[UInt8]] = []
        var child = nodes[node].firstChild
        while child >= 0 {
            names.append(nodes[child].name)
            child = nodes[child].nextSibling
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
