// What is counted of requests, events, pauses, hits; the highest counts; what is shown (xenstored.md 7.3, 12).
// Not for: what a quota allows (StatisticsQuotaTests).

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Statistics of the store")
struct StatisticsTests {
    private let transcript = Transcript.prepared()
    private var core: XenstoreCore { transcript.core }

    private func done(_ domain: UInt16) throws -> StoreStatistics {
        try #require(core.summary(of: domain, now: transcript.now)).statistics
    }

    private func lines() -> [String] {
        transcript.effects.compactMap { if case .log(_, let text, _) = $0 { text } else { nil } }
    }

    @Test("requests are counted by operation, refusals by name, bytes both ways, for the domain and for all")
    func requests() throws {
        let before = core.totals
        try verify(
            """
            D1> READ /pub|
            D1< pub
            D1> READ /nothing|
            D1< EACCES
            D1> WRITE data/x|12345
            D1< OK|
            D1> CONTROL print|hi|
            D1< EACCES
            D1> 27 x|
            D1< ENOSYS
            D1> 4000000000
            D1< ENOSYS
            D2> READ /pub|
            D2< pub
            """, transcript)
        let one = try done(1)
        #expect(one.requests(.read) == 2 && one.requests(.write) == 1 && one.requests(.control) == 1)
        #expect(one.requests(XenstoreOperation(rawValue: 27)) == 2 && one.requestCount == 6)
        #expect(one.refusals(.access) == 2 && one.refusals(.notImplemented) == 2 && one.refusalCount == 4)
        let received = 6 * 16 + 5 + 9 + "data/x|12345".utf8.count + "print|hi|".utf8.count + 2 + 0
        #expect(one.receivedByteCount == UInt64(received))
        let sent = 6 * 16 + 3 + "EACCES|".utf8.count * 2 + 3 + "ENOSYS|".utf8.count * 2
        #expect(one.sentByteCount == UInt64(sent))
        #expect(try done(2).requestCount == 1)
        #expect(core.totals.requestCount == before.requestCount + 7)
        #expect(core.totals.requests(.read) == before.requests(.read) + 3)
    }

    @Test("commits and conflicts are counted")
    func transactions() throws {
        try verify(
            """
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> READ /pub|
            D1< pub
            D1:1> WRITE data|1
            D1< OK|
            S> WRITE /pub|other
            S< OK|
            D1:1> TRANSACTION_END T|
            D1< EAGAIN
            D1> TRANSACTION_START |
            D1< 2|
            D1:2> WRITE data|1
            D1< OK|
            D1:2> TRANSACTION_END T|
            D1< OK|
            D1> TRANSACTION_START |
            D1< 3|
            D1:3> TRANSACTION_END F|
            D1< OK|
            """, transcript)
        let one = try done(1)
        #expect(one.commitCount == 1 && one.conflictCount == 1 && one.refusals(.tryAgain) == 1)
        #expect(one.requests(.write) == 2, "a run for a commit is no request")
    }

    @Test("events are counted when they are sent, when an equal one waited, and when they were folded")
    func events() throws {
        try verify(
            """
            S> SET_QUOTA 1|watch-events|2|
            S< OK|
            D1> WATCH data|t|
            D1< OK|
            D1! data t
            S> WRITE /local/domain/1/data/a|
            S< OK|
            S> WRITE /local/domain/1/data/a|
            S< OK|
            S> WRITE /local/domain/1/data/b|
            S< OK|
            S> WRITE /local/domain/1/data/c|
            S< OK|
            S> WRITE /local/domain/1/data/d|
            S< OK|
            D1! data t
            """, transcript)
        let one = try done(1)
        #expect(one.eventsSent == 2 && one.eventsCoalesced == 1)
        // Two that waited, and one that came behind.
        #expect(one.eventsFolded == 3)
        #expect(one.hits(.watchEvents) == 2)
        #expect(lines().filter { $0.contains("watch-events of 2 hit by WATCH_EVENT") }.count == 1)
    }

    @Test("a domain's counters end with it, those of all do not")
    func death() throws {
        try verify("D1> READ /pub|\nD1< pub", transcript)
        let before = core.totals
        try verify("Xen dead 1\nbatch", transcript)
        #expect(core.summary(of: 1, now: 0) == nil)
        #expect(core.totals.requestCount == before.requestCount)
        try verify("Xen starts 1\nS> INTRODUCE 1|1|1|\nS< OK|", transcript)
        #expect(try done(1).requestCount == 0)
        #expect(core.summary(of: 1, now: 0)?.maximum(.nodes) == 0)
    }

    @Test("the highest counts are kept, of each domain and of all guests, until they are reset")
    func maxima() throws {
        try verify(
            """
            D1> WRITE data/a|
            D1< OK|
            D1> WRITE data/b|
            D1< OK|
            D1> RM data/a|
            D1< OK|
            D2> WATCH /pub|t|
            D2< OK|
            D2! /pub t
            S> WRITE /local/domain/2/data/a/b/c/d|
            S< OK|
            """, transcript)
        #expect(core.summary(of: 1, now: 0)?.maximum(.nodes) == 3)
        // What the toolstack makes below a guest's node is the guest's.
        #expect(core.summary(of: 2, now: 0)?.maximum(.nodes) == 5)
        #expect(core.maximum(.nodes) == 5 && core.maximum(.watches) == 1)
        let bytes = core.memoryByteCount(of: 2)
        #expect(core.maximum(.memory) >= bytes && core.maximum(.memory) == core.maximum(.softMemory))
        try verify("S> RM /local/domain/2/data/a|\nS< OK|\nowns 2 1", transcript)
        core.resetMaxima()
        #expect(core.maximum(.nodes) == 2 && core.maximum(.watches) == 1 && core.maximum(.nodeSize) == 0)
        #expect(core.summary(of: 2, now: 0)?.maximum(.nodes) == 5)
        // Of the control domain, which owns more, nothing is kept.
        #expect(core.nodeCount(of: 0) > 5 && core.summary(of: 0, now: 0)?.maximum(.nodes) == 0)
    }

    @Test("a commit counts no bytes twice among the highest")
    func commitMaximum() throws {
        try verify(
            """
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> WRITE data/a|{v*1000}
            D1< OK|
            """, transcript)
        let before = try #require(core.summary(of: 1, now: 0)).maximum(.memory)
        try verify("D1:1> TRANSACTION_END T|\nD1< OK|", transcript)
        #expect(core.summary(of: 1, now: 0)?.maximum(.memory) == before)
    }

    @Test("a quota hit is logged at once with domain, quota, value and operation, then once a minute with the number")
    func hits() throws {
        try verify("S> SET_QUOTA 1|watches|0|\nS< OK|\nS> SET_QUOTA 1|nodes|1|\nS< OK|", transcript)
        for _ in 0..<7 { try verify("D1> MKDIR data/x|\nD1< ENOSPC", transcript) }
        #expect(lines() == ["domain 1: quota nodes of 1 hit by MKDIR: 2 (1 times)"])
        try verify("time 59999\nD1> WRITE data/x|\nD1< ENOSPC", transcript)
        #expect(lines().count == 1)
        try verify("time 1\nD1> WRITE data/x/y|\nD1< ENOSPC", transcript)
        #expect(lines().last == "domain 1: quota nodes of 1 hit by WRITE: 3 (8 times)" && lines().count == 2)
        #expect(try done(1).hits(.nodes) == 9 && core.totals.hitCount == 9)
        // Another quota, and another domain, are told of at once.
        try verify("D1> WRITE data|{x*3000}\nD1< ENOSPC", transcript)
        #expect(lines().last == "domain 1: quota node-size of 2048 hit by WRITE: 3024 (1 times)")
        try verify("S> SET_QUOTA 2|nodes|1|\nS< OK|\nD2> MKDIR data/x|\nD2< ENOSPC", transcript)
        #expect(lines().last == "domain 2: quota nodes of 1 hit by MKDIR: 2 (1 times)" && lines().count == 4)
    }

    @Test("a pause is counted when it begins: for bytes, for credit, for a claim")
    func pauses() throws {
        let id = try #require(transcript.client("D1"))
        try verify("S> SET_QUOTA 1|memory|1|\nS< OK|", transcript)
        for _ in 0..<3 { #expect(!core.mayRead(id, now: transcript.now)) }
        #expect(try done(1).pauses(.memory) == 1 && done(1).hits(.memory) == 1)
        try verify("S> SET_QUOTA 1|memory|0|\nS< OK|", transcript)
        #expect(core.mayRead(id, now: transcript.now))
        #expect(core.totals.pauseCount == 1)
        try verify("S> SET_PERMS /pub|b0|\nS< OK|", transcript)
        for round in 1...11 {
            // The guest writes outside of transactions, which no claim holds back.
            let conflict = """
                S1> TRANSACTION_START |
                S1< \(round)|
                S1:\(round)> READ /pub|
                S1< \(round == 1 ? "pub" : "\(round - 1)")
                S1:\(round)> WRITE /sec|x
                S1< OK|
                D1> WRITE /pub|\(round)
                D1< OK|
                S1:\(round)> TRANSACTION_END T|
                S1< EAGAIN
                """
            try verify(conflict, transcript)
        }
        for _ in 0..<3 { #expect(!core.mayRead(id, now: transcript.now)) }
        #expect(try done(1).pauses(.credit) == 1)
        try verify(
            "S1> TRANSACTION_START |\nS1< 12|\nS2> TRANSACTION_START |\nS2< 1|\nS2:1> READ /pub|\nS2.", transcript)
        #expect(core.totals.pauses(.claim) == 1 && core.totals.pauses(.credit) == 1)
        #expect(core.totals.pauseCount == 3)
    }

    @Test("domains, watches and transactions are shown as they are")
    func views() throws {
        try verify(
            """
            D1> WATCH data|t1|
            D1< OK|
            D1! data t1
            D1> WATCH /pub|t2|3|
            D1< OK|
            D1! /pub t2
            S> WRITE /pub|x
            S< OK|
            S> SET_TARGET 2|1|
            S< OK|
            S> TRANSACTION_START |
            S< 1|
            S:1> READ /pub|
            S< x
            """, transcript)
        #expect(core.knownDomains == [0, 1, 2, 3])
        let watches = core.watches(of: 1)
        #expect(watches.map { String(decoding: $0.path, as: UTF8.self) } == ["/local/domain/1/data", "/pub"])
        #expect(watches.map(\.depth) == [nil, 3] && watches.map(\.queuedEvents) == [0, 1])
        #expect(core.watches(of: 1, limit: 1) == [watches[0]] && core.watches(of: 9) == [])
        let one = try #require(core.summary(of: 1, now: transcript.now))
        #expect(one.isIntroduced && one.uniqueID == 101 && one.features == 15 && one.queuedEvents == 1)
        #expect(one.count(.watches) == 2 && one.count(.nodeSize) == nil && one.quota(.nodes) == 1000)
        #expect(core.summary(of: 2, now: 0)?.target == 1)
        let open = core.openTransactions()
        #expect(open.count == 1 && open[0].domain == 0 && open[0].pathCount == 1 && open[0].requestCount == 1)
        #expect(open[0].startTime == transcript.now && core.openTransactions(limit: 0) == [])
    }
}
