// The families of metrics. Documentation/xenstored-metrics.md lists them for those who read them.
// Not for: slices (MetricsPage).

internal import XenstoreCore
internal import XenstoreWire

/// What is shown of a domain, as of one moment.
struct MetricsRow {
    var domain: UInt16
    var hasRing: Bool
    var ringError: UInt32?
    var gauges: [Int]
    var counters: [UInt64]
    var quotas: [Int]

    /// The order of `DomainFamily.gauges` and `.counters`, and the quotas that are shown.
    init(_ summary: DomainSummary, ringError: UInt32?) {
        domain = summary.domain
        hasRing = summary.connection != nil
        self.ringError = ringError
        gauges = [
            summary.nodeCount, summary.watchCount, summary.transactionCount, summary.memoryByteCount,
            summary.outstanding, summary.queuedEvents, summary.credit,
        ]
        let done = summary.statistics
        counters = [
            done.requestCount, done.refusalCount, done.commitCount, done.conflictCount, done.eventsSent,
            done.eventsCoalesced, done.eventsFolded, done.receivedByteCount, done.sentByteCount, done.pauseCount,
            done.hitCount, Self.reads.reduce(0) { $0 &+ done.requests($1) },
            Self.writes.reduce(0) { $0 &+ done.requests($1) },
        ]
        quotas = DomainFamily.quotas.map { summary.quota($0) }
    }

    private static let reads: [XenstoreOperation] = [.read, .directory, .directoryPart, .getPermissions]
    private static let writes: [XenstoreOperation] = [.write, .makeDirectory, .remove, .setPermissions]
}

/// A family that has a sample for each domain.
struct DomainFamily: Sendable {
    var name: String
    var kind: MetricKind
    var help: String
    /// The samples of a domain: a quota's name if the family has one for each, and the value.
    var samples: @Sendable (MetricsRow) -> [(quota: String?, value: MetricValue)]

    static let quotas: [Quota] = [.nodes, .watches, .outstanding, .memory, .transactions, .watchEvents]

    private static func gauge(
        _ name: String, _ index: Int, ofRing: Bool = false, thousandths: Bool = false, _ help: String
    ) -> DomainFamily {
        DomainFamily(name: "xenstored_domain_" + name, kind: .gauge, help: help) { row in
            if ofRing && !row.hasRing { return [] }
            let value = row.gauges[index]
            return [(nil, thousandths ? .thousandths(value) : .integer(value))]
        }
    }

    private static func counter(_ name: String, _ index: Int, _ help: String) -> DomainFamily {
        DomainFamily(name: "xenstored_domain_\(name)_total", kind: .counter, help: help) { row in
            [(nil, .counter(row.counters[index]))]
        }
    }

    static let all: [DomainFamily] = [
        gauge("nodes", 0, "Nodes that the domain owns."),
        gauge("watches", 1, "Watches of the domain."),
        gauge("transactions", 2, "Open transactions of the domain."),
        gauge("memory_bytes", 3, "Bytes that the quota memory counts."),
        gauge("outstanding", 4, ofRing: true, "Replies on the domain's ring that are not wholly sent."),
        gauge("queued_events", 5, ofRing: true, "Events that wait for the domain's ring."),
        gauge("credit", 6, thousandths: true, "Credit for breaking the transactions of others."),
        DomainFamily(
            name: "xenstored_domain_ring_error", kind: .gauge,
            help: "0: the ring is served; else it is ignored, and this is the error on it."
        ) { row in
            row.ringError.map { [(nil, .integer(Int($0)))] } ?? []
        },
        DomainFamily(name: "xenstored_domain_quota", kind: .gauge, help: "Quotas of the domain; 0: unlimited.") { row in
            zip(quotas, row.quotas).map { ($0.name, .integer($1)) }
        },
        counter("requests", 0, "Requests of the domain."),
        counter("refusals", 1, "Refused requests of the domain."),
        counter("commits", 2, "Transactions committed."),
        counter("conflicts", 3, "Transactions that ended with EAGAIN."),
        counter("events_sent", 4, "Events handed to the domain's connections."),
        counter("events_coalesced", 5, "Events not added as an equal one waited."),
        counter("events_folded", 6, "Events that went into another one as too many waited."),
        counter("received_bytes", 7, "Bytes of the domain's requests."),
        counter("sent_bytes", 8, "Bytes of messages handed to the domain's connections."),
        counter("pauses", 9, "Times that a connection of the domain began not to be read."),
        counter("quota_hits", 10, "Hits of the domain's quotas."),
        counter("reads", 11, "Requests that read: READ, DIRECTORY, DIRECTORY_PART, GET_PERMS."),
        counter("writes", 12, "Requests that change: WRITE, MKDIR, RM, SET_PERMS."),
    ]
}

extension MetricsText {
    private mutating func single(_ name: String, _ value: Int, _ help: String) {
        family("xenstored_" + name, .gauge, help)
        sample("xenstored_" + name, [], .integer(value))
    }

    private mutating func total(_ name: String, _ value: UInt64, _ help: String) {
        family("xenstored_\(name)_total", .counter, help)
        sample("xenstored_\(name)_total", [], .counter(value))
    }

    private mutating func totals(_ name: String, _ label: String, _ help: String, _ values: [(String, UInt64)]) {
        family("xenstored_\(name)_total", .counter, help)
        for (word, value) in values { sample("xenstored_\(name)_total", [(label, word)], .counter(value)) }
    }

    /// The families of the server.
    mutating func putServer(_ core: XenstoreCore, uptimeMilliseconds: UInt64, isDirect: Bool, scrapes: UInt64) {
        family("xenstored_uptime_seconds", .gauge, "Seconds since the server began to serve.")
        sample("xenstored_uptime_seconds", [], .thousandths(Int(clamping: uptimeMilliseconds)))
        single("domain_state_direct", isDirect ? 1 : 0, "1: Xen tells of domains' ends; 0: they are found indirectly.")
        let sizes = core.sizes
        single("nodes", sizes.nodes, "Nodes of the store.")
        single("kept_versions", sizes.otherSlots, "Nodes and versions that only transactions look at.")
        single("watches", sizes.watches, "Watches of all connections.")
        single("watched_names", sizes.trieNodes, "Names in the tree of watched paths.")
        single("transactions", core.transactionCount, "Open transactions.")
        single("connections", sizes.connections, "Sockets and rings.")
        single("domains", sizes.domains, "Known domains.")
        putCounters(core.totals)
        family("xenstored_quota_default", .gauge, "Quotas that new domains get; 0: unlimited.")
        for quota in Quota.allCases {
            sample("xenstored_quota_default", [("quota", quota.name)], .integer(core.defaultQuota(quota)))
        }
        family("xenstored_quota_maximum", .gauge, "Highest count among guests since the start or quota max -r.")
        for quota in Quota.allCases {
            sample("xenstored_quota_maximum", [("quota", quota.name)], .integer(core.maximum(quota)))
        }
        total("scrapes", scrapes, "Answers of the metrics endpoint.")
    }

    private mutating func putCounters(_ done: StoreStatistics) {
        let operations = (0...XenstoreOperation.numberEnd).map { XenstoreOperation(rawValue: $0) }
            .filter { $0.isRequest || $0.rawValue == XenstoreOperation.numberEnd }
        // The numbers that are no request's are told of with those that have no meaning.
        let others = [XenstoreOperation.watchEvent, .error, .restrict].reduce(0) { $0 &+ done.requests($1) }
        totals(
            "requests", "operation", "Requests by operation.",
            operations.map { ("\($0.name)", done.requests($0) &+ ($0.isRequest ? 0 : others)) })
        totals(
            "refusals", "error", "Refused requests by error.",
            XenstoreErrorCode.allCases.map { ($0.name, done.refusals($0)) })
        total("commits", done.commitCount, "Transactions committed.")
        total("conflicts", done.conflictCount, "Transactions that ended with EAGAIN.")
        total("events_sent", done.eventsSent, "Events handed to connections.")
        total("events_coalesced", done.eventsCoalesced, "Events not added as an equal one waited.")
        total("events_folded", done.eventsFolded, "Events that went into another one as too many waited.")
        total("received_bytes", done.receivedByteCount, "Bytes of requests.")
        total("sent_bytes", done.sentByteCount, "Bytes of messages handed to connections.")
        totals(
            "pauses", "reason", "Times that a connection began not to be read.",
            PauseReason.allCases.map { ($0.name, done.pauses($0)) })
        totals("quota_hits", "quota", "Hits of quotas.", Quota.allCases.map { ($0.name, done.hits($0)) })
    }
}
