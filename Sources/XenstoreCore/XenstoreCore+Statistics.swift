// What the core shows of itself: domains, watches, transactions, totals. Reading changes nothing (but frees nothing
// either: nodes that were removed and wait to be freed are still counted for their owners).
// Not for: who shows it, and how (the daemon's control commands and metrics).

/// A domain, as control commands and metrics show it.
public struct DomainSummary: Sendable {
    /// Its number.
    public var domain: UInt16
    /// Xen's own number of it; 0: not known.
    public var uniqueID: UInt64
    /// Whether its ring is served; false: it is known because it was named.
    public var isIntroduced: Bool
    /// Whether its shutdown was reported.
    public var hasReportedShutdown: Bool
    /// Its features (xenstored.md 8.2).
    public var features: UInt32
    /// The domain whose rights it has, by SET_TARGET.
    public var target: UInt16?
    /// The connection of its ring.
    public var connection: ConnectionID?
    /// Nodes that it owns.
    public var nodeCount: Int
    /// Its watches.
    public var watchCount: Int
    /// Its open transactions.
    public var transactionCount: Int
    /// Bytes that the quota `memory` counts.
    public var memoryByteCount: Int
    /// Replies of its ring that are not wholly sent.
    public var outstanding: Int
    /// Events that wait on its ring.
    public var queuedEvents: Int
    /// Credit for breaking others' transactions, in thousandths (xenstored.md 5.7).
    public var credit: Int
    /// What it has done.
    public var statistics: StoreStatistics
    let quotas: QuotaSet
    let maxima: QuotaMaxima

    /// A quota of it; 0: unlimited.
    public func quota(_ quota: Quota) -> Int { quotas[quota] }

    /// The highest count of a quota; 0 for domains without quotas.
    public func maximum(_ quota: Quota) -> Int { maxima[quota] }

    /// The present count of a quota; nil for those of a single request.
    public func count(_ quota: Quota) -> Int? {
        switch quota {
        case .nodes: nodeCount
        case .watches: watchCount
        case .outstanding: outstanding
        case .memory, .softMemory: memoryByteCount
        case .transactions: transactionCount
        case .watchEvents: queuedEvents
        case .transactionNodes, .nodePermissions, .pathMax, .nodeSize: nil
        }
    }
}

/// A watch, as control commands show it.
public struct WatchSummary: Equatable, Sendable {
    /// Whose it is.
    public var connection: ConnectionID
    /// The canonical path.
    public var path: [UInt8]
    /// The token.
    public var token: [UInt8]
    /// How many levels below the path; nil: all.
    public var depth: Int?
    /// Events that wait.
    public var queuedEvents: Int
}

/// An open transaction, as control commands show it.
public struct TransactionSummary: Equatable, Sendable {
    /// Whose it is.
    public var connection: ConnectionID
    /// The domain that it acts for.
    public var domain: UInt16
    /// Its number on the connection.
    public var id: UInt32
    /// When it began, in milliseconds of the caller's clock.
    public var startTime: UInt64
    /// Paths looked at or changed.
    public var pathCount: Int
    /// Requests recorded.
    public var requestCount: Int
}

extension XenstoreCore {
    /// The numbers of all known domains, ascending.
    public var knownDomains: [UInt16] { domains.keys.sorted() }

    /// A known domain; nil when it isn't.
    public func summary(of domain: UInt16, now: UInt64) -> DomainSummary? {
        guard let record = domains[domain] else { return nil }
        let connection = record.connection.flatMap { self.connection($0) }
        return DomainSummary(
            domain: domain, uniqueID: record.uniqueID, isIntroduced: record.isIntroduced,
            hasReportedShutdown: record.hasReportedShutdown, features: record.features,
            target: connection.flatMap { target(of: $0)?.domain }, connection: record.connection,
            nodeCount: record.nodes.count, watchCount: record.watchCount, transactionCount: record.transactionCount,
            memoryByteCount: record.memoryByteCount, outstanding: connection?.output.replyCount ?? 0,
            queuedEvents: connection?.output.eventCount ?? 0, credit: record.creditNow(now),
            statistics: record.statistics, quotas: record.quotas, maxima: record.maxima)
    }

    /// All known domains, ascending.
    public func domainSummaries(now: UInt64) -> [DomainSummary] {
        knownDomains.compactMap { summary(of: $0, now: now) }
    }

    /// Watches of a domain's connections, so many at most, those registered first.
    public func watches(of domain: UInt16, limit: Int = .max) -> [WatchSummary] {
        guard let record = domains[domain] else { return [] }
        var first: [Watch] = []
        for case let connection? in connections where connection.domain === record {
            for watch in connection.watches.values {
                if first.count >= limit, let last = first.last, last.sequence < watch.sequence { continue }
                let place = first.firstIndex { $0.sequence > watch.sequence } ?? first.count
                first.insert(watch, at: place)
                if first.count > limit { first.removeLast() }
            }
        }
        return first.map {
            WatchSummary(
                connection: $0.connection, path: $0.path, token: $0.token, depth: $0.depth,
                queuedEvents: $0.queued.count)
        }
    }

    /// Open transactions by connection and number, so many at most.
    public func openTransactions(limit: Int = .max) -> [TransactionSummary] {
        var found: [TransactionSummary] = []
        for case let connection? in connections where !connection.transactions.isEmpty {
            for transaction in connection.transactions.values.sorted(by: { $0.id < $1.id }) {
                if found.count >= limit { return found }
                found.append(
                    TransactionSummary(
                        connection: connection.id, domain: connection.domain.domain, id: transaction.id,
                        startTime: transaction.startTime, pathCount: transaction.paths.count,
                        requestCount: transaction.records.count))
            }
        }
        return found
    }

    /// The highest count of a quota among guests, since the start or `resetMaxima`.
    public func maximum(_ quota: Quota) -> Int { maxima[quota] }

    /// What new domains get of a quota; 0: unlimited.
    public func defaultQuota(_ quota: Quota) -> Int { defaultQuotas[quota] }

    /// Sets what new domains get of a quota; 0: unlimited. Those known already keep theirs (xenstored.md 3, SET_QUOTA).
    public func setDefaultQuota(_ quota: Quota, to value: Int) { defaultQuotas[quota] = value }

    /// Sizes of everything, as `counts`, without freeing what waits for that.
    public var sizes: StoreCounts {
        StoreCounts(
            nodes: tree.count, otherSlots: tree.usedSlotCount - tree.count, watches: trie.count,
            trieNodes: trie.nodeCount, connections: connections.count - freeConnections.count, domains: domains.count)
    }

    /// Open transactions of all connections.
    public var transactionCount: Int { domains.values.reduce(0) { $0 + $1.transactionCount } }
}
