// All watches by the names of their paths (xenstored.md 4.7): a change finds those that it concerns by its own depth,
// however many there are.
// Not for: permissions, events.

/// A tree of names, those of special paths apart, with the watches that end at each.
struct WatchTrie {
    struct Node {
        var name: [UInt8]
        var parent: Int
        var children: [[UInt8]: Int] = [:]
        var watches: [Watch] = []
        /// Watches here and below.
        var total = 0

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

    private(set) var nodes = [Node(name: [], parent: 0), Node(name: [], parent: 1)]
    private var free: [Int] = []

    var count: Int { nodes[Self.root].total + nodes[Self.specialRoot].total }
    var nodeCount: Int { nodes.count - free.count }

    private func top(_ path: [UInt8]) -> Int { StorePath.isSpecial(path) ? Self.specialRoot : Self.root }

    mutating func insert(_ watch: Watch) {
        var at = top(watch.path)
        nodes[at].total += 1
        for range in PathNames(watch.path) {
            let name = Array(watch.path[range])
            let next = nodes[at].children[name] ?? allocate(name, parent: at)
            nodes[at].children[name] = next
            at = next
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
                nodes[parent].children[nodes[at].name] = nil
                nodes[at] = Node(name: [], parent: at)
                free.append(at)
            }
            at = parent
        }
    }

    private mutating func allocate(_ name: [UInt8], parent: Int) -> Int {
        let node = Node(name: name, parent: parent)
        guard let index = free.popLast() else {
            nodes.append(node)
            return nodes.count - 1
        }
        nodes[index] = node
        return index
    }

    /// The place of a path; nil when no watch is there or below.
    func node(_ path: [UInt8]) -> Int? {
        var at = top(path)
        for range in PathNames(path) {
            guard let next = nodes[at].children[Array(path[range])] else { return nil }
            at = next
        }
        return at
    }

    /// The watches that a change of a path and what is below concerns (kind *subtree*), as they were registered.
    func matches(_ path: [UInt8]) -> [Watch] {
        var found: [Watch] = []
        var at = top(path)
        let depth = StorePath.depth(path)
        var level = 0
        var names = PathNames(path)
        while true {
            for watch in nodes[at].watches where watch.depth.map({ depth - level <= $0 }) ?? true {
                found.append(watch)
            }
            guard let range = names.next(), let next = nodes[at].children[Array(path[range])] else { break }
            at = next
            level += 1
        }
        return found.sorted { $0.sequence < $1.sequence }
    }

    /// The names below a place, in ascending order, without those that have no watch.
    func names(below node: Int) -> [[UInt8]] { nodes[node].children.keys.sorted { $0.lexicographicallyPrecedes($1) } }
}
