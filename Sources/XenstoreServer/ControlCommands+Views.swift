// `stats`, `domains`, `watches`, `transactions`: what the server has and has done, one thing a line (xenstored.md 12).
// Not for: metrics (MetricsEndpoint), which have the same numbers under other names.

public import XenstoreCore
internal import XenstoreWire

extension ControlCommands {
    /// More lines don't fit into an answer.
    private static var lineCountMax: Int { 1024 }

    /// `stats`: `name: value`; counters by operation, error, reason or quota are there when they are not 0.
    func statistics(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        if words.parameters.isEmpty { return .lines(statisticsLines(server.core)) }
        guard words.parameters.count == 1, let domain = words.domain(0) else { return .wrong }
        guard let summary = server.core.summary(of: domain, now: now()) else { return .unknown }
        return .lines(lines(of: summary) + lines(of: summary.statistics))
    }

    /// The lines of `stats`, for the log too (SIGUSR1, xenstored.md 14.4).
    public func statisticsLines(_ core: XenstoreCore) -> [String] {
        let sizes = core.sizes
        var lines: [String] = []
        if let rings { lines.append("domain-state: \(rings.domainStateIsDirect ? "direct" : "indirect")") }
        lines += [
            "nodes: \(sizes.nodes)", "watches: \(sizes.watches)", "transactions: \(core.transactionCount)",
            "connections: \(sizes.connections)", "domains: \(sizes.domains)",
        ]
        return lines + self.lines(of: core.totals)
    }

    private func lines(of summary: DomainSummary) -> [String] {
        let ring = rings?.ringReport(of: summary.domain)
        let hundredths = summary.credit / 10
        let credit = "\(hundredths < 0 ? "-" : "")\(hundredths.magnitude / 100).\(pad(hundredths.magnitude % 100))"
        return [
            "domain: \(summary.domain)", "state: \(state(summary, ring))", "ring: \(ringState(summary, ring))",
            "nodes: \(summary.nodeCount)", "watches: \(summary.watchCount)",
            "transactions: \(summary.transactionCount)", "memory: \(summary.memoryByteCount)",
            "outstanding: \(summary.outstanding)", "queued events: \(summary.queuedEvents)",
            "credit: \(credit)",
        ]
    }

    private func pad(_ number: UInt) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private func lines(of statistics: StoreStatistics) -> [String] {
        var lines = ["requests: \(statistics.requestCount)"]
        func add(_ name: String, _ value: UInt64) { if value != 0 { lines.append("\(name): \(value)") } }
        for number in 0...XenstoreOperation.numberEnd {
            let operation = XenstoreOperation(rawValue: number)
            add("requests \(operation.name)", statistics.requests(operation))
        }
        lines.append("refusals: \(statistics.refusalCount)")
        for code in XenstoreErrorCode.allCases { add("refusals \(code.name)", statistics.refusals(code)) }
        lines += [
            "commits: \(statistics.commitCount)", "conflicts: \(statistics.conflictCount)",
            "events sent: \(statistics.eventsSent)", "events coalesced: \(statistics.eventsCoalesced)",
            "events folded: \(statistics.eventsFolded)", "bytes received: \(statistics.receivedByteCount)",
            "bytes sent: \(statistics.sentByteCount)", "pauses: \(statistics.pauseCount)",
        ]
        for reason in PauseReason.allCases { add("pauses \(reason.name)", statistics.pauses(reason)) }
        lines.append("quota hits: \(statistics.hitCount)")
        for quota in Quota.allCases { add("quota hits \(quota.name)", statistics.hits(quota)) }
        return lines
    }

    private func state(_ summary: DomainSummary, _ ring: RingReport?) -> String {
        if !summary.isIntroduced { return "known" }
        if let ring, ring.error != 0 { return "ignored" }
        return summary.hasReportedShutdown ? "shutdown" : "introduced"
    }

    private func ringState(_ summary: DomainSummary, _ ring: RingReport?) -> String {
        guard let ring else { return "none" }
        return ring.error == 0 ? "served" : "ignored, error \(ring.error)"
    }

    /// `domains`: a heading, then a line for each known domain; `-` for a port that isn't there.
    func domains(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        if !words.parameters.isEmpty { return .wrong }
        var lines = ["domid unique_id state features port"]
        for domain in server.core.knownDomains.prefix(Self.lineCountMax) {
            guard let summary = server.core.summary(of: domain, now: now()) else { continue }
            let ring = rings?.ringReport(of: domain)
            let port = ring.map { $0.port == 0 ? "-" : "\($0.port)" } ?? "-"
            lines.append("\(domain) \(summary.uniqueID) \(state(summary, ring)) \(summary.features) \(port)")
        }
        return .lines(lines)
    }

    /// `watches`: path and token, then the depth and the number of waiting events if there are.
    func watches(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        guard words.parameters.count == 1, let domain = words.domain(0) else { return .wrong }
        if server.core.summary(of: domain, now: now()) == nil { return .unknown }
        return .lines(
            server.core.watches(of: domain, limit: Self.lineCountMax).map { watch in
                let depth = watch.depth.map { " depth \($0)" } ?? ""
                let queued = watch.queuedEvents == 0 ? "" : " queued \(watch.queuedEvents)"
                return "\(printable(watch.path)) \(printable(watch.token))\(depth)\(queued)"
            })
    }

    /// `transactions`.
    func transactions(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        if !words.parameters.isEmpty { return .wrong }
        let now = now()
        return .lines(
            server.core.openTransactions(limit: Self.lineCountMax).map { open in
                "domain \(open.domain) connection \(open.connection.index) transaction \(open.id)"
                    + " age \(now - min(now, open.startTime)) ms paths \(open.pathCount) requests \(open.requestCount)"
            })
    }
}
