// From one look at the pages to the next: rates and latencies of the time between them.
// Not for: showing them (see TopTable and TopJSON).

public import DaemonShell
public import StatisticsPage

/// A server (or a process that has none) at one look, with what it has done since the look before.
public struct TopRow: Sendable {
    /// Whose it is.
    public var process: StatisticsProcess
    /// Whether its process lives.
    public var isLive: Bool
    /// The server; nil for a process without one.
    public var server: ServerRecord?
    /// Its ranges, as far as the page had room.
    public var ranges: [RangeRecord] = []
    /// Requests a second; nil before the second look, and when the counters went back.
    public var requestsPerSecond: Double?
    /// Which share of the requests were reads, 0 to 1; nil when there were none.
    public var readShare: Double?
    /// Mean and 99th percentile of the time from event to answer, in nanoseconds; nil when nothing was timed.
    public var meanNanoseconds: UInt64?
    public var percentile99Nanoseconds: UInt64?
    /// Operations called on its domain, by all servers of the process.
    public var operations: [OperationRecord] = []

    /// Requests that were not what they must be, or whose device failed.
    public var errorCount: UInt64 {
        guard let counters = server?.counters else { return 0 }
        return counters.malformed &+ counters.failures
    }
}

/// Looks at pages again and again.
public struct TopSampler {
    private struct Key: Hashable {
        // A page's name is never used again, so a process that was started anew is another one.
        var path: String
        var domain: UInt16
        var server: UInt16
    }

    private struct Look {
        var server: StatisticsSnapshot.Server
        var generation: UInt64
        var published: UInt64
        var observed: UInt64
    }

    private var looks: [Key: Look] = [:]

    public init() {}

    /// A row for each server of these pages. `now` is when they were read, in nanoseconds of CLOCK_MONOTONIC.
    public mutating func rows(of pages: [FoundPage], now: UInt64) -> [TopRow] {
        var rows: [TopRow] = []
        var next: [Key: Look] = [:]
        for found in pages {
            let page = found.page
            if page.servers.isEmpty { rows.append(TopRow(process: page.process, isLive: found.isLive)) }
            for server in page.servers {
                let key = Key(path: found.path, domain: server.record.domain, server: server.record.id)
                let look = Look(
                    server: server, generation: page.generation, published: page.published, observed: now)
                next[key] = look
                var row = Self.row(look, since: looks[key])
                row.process = page.process
                row.isLive = found.isLive
                row.ranges = page.ranges(of: server.record)
                row.operations = page.domains.first { $0.domain == server.record.domain }?.operations ?? []
                if !found.isLive { row.requestsPerSecond = nil }
                rows.append(row)
            }
        }
        looks = next
        return rows
    }

    private static func row(_ look: Look, since before: Look?) -> TopRow {
        let nobody = StatisticsProcess(program: "", processID: 0, started: 0, platform: .xen)
        var row = TopRow(process: nobody, isLive: false, server: look.server.record)
        var base = StatisticsSnapshot.Server(
            record: ServerRecord(domain: 0, id: 0, state: .created, isBuffered: false, rangeCount: 0),
            buckets: [UInt64](repeating: 0, count: PageLayout.bucketCount))
        if let before, !look.server.wentBack(since: before.server) {
            base = before.server
            let requests = look.server.record.counters.requests - base.record.counters.requests
            row.requestsPerSecond = Double(requests) / max(seconds(look, since: before), 1e-3)
        }
        let now = look.server.record
        let requests = now.counters.requests - base.record.counters.requests
        // A hostile page may count more reads than requests.
        let reads = min(now.counters.reads &- base.record.counters.reads, requests)
        if requests > 0 { row.readShare = Double(reads) / Double(requests) }
        let timed = now.latencyCount - base.record.latencyCount
        if timed > 0 {
            row.meanNanoseconds = (now.latencyTotal &- base.record.latencyTotal) / timed
            row.percentile99Nanoseconds = percentile99(look.server, since: base)
        }
        return row
    }

    /// The time that the counters have grown in. A page is written four times a second while there is something to
    /// tell; one that was quiet for long and is written again tells of the time since the last look.
    private static func seconds(_ look: Look, since before: Look) -> Double {
        let observed = Double(look.observed &- before.observed) / 1e9
        guard look.published > before.published else { return observed }
        let published = Double(look.published - before.published) / 1e9
        return published > 2 * observed ? observed : published
    }

    private static func percentile99(
        _ server: StatisticsSnapshot.Server, since base: StatisticsSnapshot.Server
    ) -> UInt64 {
        var count = 0.0
        for index in server.buckets.indices { count += Double(server.buckets[index] &- base.buckets[index]) }
        let wanted = (count * 0.99).rounded(.up)
        var seen = 0.0
        for index in server.buckets.indices {
            seen += Double(server.buckets[index] &- base.buckets[index])
            if seen > 0, seen >= wanted {
                return min(PageLayout.upperEnd(ofBucket: index), server.record.latencyMaximum)
            }
        }
        return server.record.latencyMaximum
    }
}

extension StatisticsSnapshot.Server {
    /// Whether it can't be the server of the look before: its id was given anew.
    fileprivate func wentBack(since before: StatisticsSnapshot.Server) -> Bool {
        let (now, then) = (record.counters, before.record.counters)
        return now.requests < then.requests || now.reads < then.reads
            || record.latencyCount < before.record.latencyCount
            || buckets.indices.contains { buckets[$0] < before.buckets[$0] }
    }
}
