// What the core has counted, for statistics, tests and `check` (xenstored.md 7, 12).
// Not for: quotas.

/// Sizes of the whole store.
public struct StoreCounts: Equatable, Sendable {
    /// Nodes, special ones among them.
    public var nodes: Int
    /// Versions of nodes and nodes of transactions, in use beyond those of the store.
    public var otherSlots: Int
    /// Watches of all connections.
    public var watches: Int
    /// Names of watched paths.
    public var trieNodes: Int
    /// Open connections.
    public var connections: Int
    /// Known domains.
    public var domains: Int
}

extension XenstoreCore {
    /// Nodes that a domain owns; 0 when it isn't known.
    public func nodeCount(of domain: UInt16) -> Int {
        reclaim()
        return domains[domain]?.nodes.count ?? 0
    }

    /// Bytes that the quota `memory` counts for a domain.
    public func memoryByteCount(of domain: UInt16) -> Int {
        reclaim()
        return domains[domain]?.memoryByteCount ?? 0
    }

    /// Watches and open transactions of a domain's connections.
    public func counts(of domain: UInt16) -> (watches: Int, transactions: Int) {
        (domains[domain]?.watchCount ?? 0, domains[domain]?.transactionCount ?? 0)
    }

    /// Sizes of everything.
    public var counts: StoreCounts {
        reclaim()
        return StoreCounts(
            nodes: tree.count, otherSlots: tree.usedSlotCount - tree.count, watches: trie.count,
            trieNodes: trie.nodeCount, connections: connections.count - freeConnections.count, domains: domains.count)
    }
}
