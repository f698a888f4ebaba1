// `check`: what it finds, what it repairs, and that a store which goes on changing looks right to it (xenstored.md 12).
// Not for: its turns (ControlTests of the server).

import Testing
@testable import XenstoreCore
import XenstoreWire

@Suite("The check of the store's counts")
struct StatisticsCheckTests {
    private let transcript = Transcript.prepared()
    private var core: XenstoreCore { transcript.core }

    /// A whole check in slices, with something done between them.
    private func check(repairs: Bool = false, slice: Int = 3, _ between: () throws -> Void = {}) throws -> CheckReport {
        core.beginCheck(repairs: repairs)
        for _ in 0..<10_000 {
            if let report = core.continueCheck(slice) { return report }
            try between()
        }
        throw TranscriptError(description: "the check has no end")
    }

    @Test("a store as it should be has no differences")
    func clean() throws {
        try verify(
            """
            D1> WATCH data|t|
            D1< OK|
            D1> TRANSACTION_START |
            D1> WRITE data/x/y|12345
            """, transcript)
        let report = try check()
        #expect(report.differences == [] && report.differenceCount == 0)
        #expect(report.nodeCount == core.counts.nodes && report.domainCount == 4)
        #expect(core.continueCheck(10) == nil && !core.isChecking)
    }

    @Test("wrong counts are told of, and left; `repair` sets them to what was counted")
    func wrong() throws {
        try verify("D1> WATCH /pub|t|\nD1< OK|\nD1! /pub t\nD1> WRITE data/x|1\nD1< OK|", transcript)
        let record = try #require(core.domains[1])
        let right = (record.memoryByteCount, record.watchCount, record.transactionCount)
        record.memoryByteCount += 7
        record.watchCount += 1
        record.transactionCount += 1
        let told = [
            "watches counted 2, found 1", "transactions counted 1, found 0",
            "bytes counted \(right.0 + 7), found \(right.0)",
        ]
        let found = try check()
        for text in told { #expect(found.differences.contains("domain 1: " + text)) }
        // The watches of all domains don't add up either.
        #expect(found.differenceCount == 4 && record.watchCount == 2)
        let repaired = try check(repairs: true)
        for text in told { #expect(repaired.differences.contains("domain 1: \(text), set to that")) }
        #expect((record.memoryByteCount, record.watchCount, record.transactionCount) == right)
        #expect(try check().differenceCount == 0)
    }

    @Test("what belongs to a guest and isn't counted for it is found, and counted")
    func lostNode() throws {
        try verify("D1> WRITE data/x|1\nD1< OK|", transcript)
        let record = try #require(core.domains[1])
        let node = try #require(core.find(bytes("/local/domain/1/data/x"), nil).node)
        core.tree.disown(node, &record.nodes)
        #expect(try check().differences.contains("/local/domain/1/data/x: domain 1 doesn't count it"))
        #expect(core.nodeCount(of: 1) == 1)
        _ = try check(repairs: true)
        #expect(core.nodeCount(of: 1) == 2)
        #expect(try check().differenceCount == 0)
    }

    @Test("a store that changes all the while, with domains that come and go, is right at the end", arguments: 1...4)
    func changing(_ seed: UInt64) throws {
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        func act() {
            let who = ["S", "D1", "D2", "D3"][next(4)]
            let path = "/drop/\(next(4))/\(next(4))/\(next(4))"
            switch next(12) {
            case 0...3: transcript.send(who, 0, "WRITE \(path)|{v*\(next(50) + 1)}")
            case 4: transcript.send(who, 0, "RM /drop/\(next(4))|")
            case 5: transcript.send(who, 0, "RM \(path)|")
            case 6: transcript.send("S", 0, "SET_PERMS \(path)|b\(next(4))|r\(next(4))|")
            case 7: transcript.send(who, 0, "WATCH \(path)|\(next(9))|")
            case 8: transcript.send(who, 0, next(5) == 0 ? "RESET_WATCHES |" : "TRANSACTION_START |")
            case 9: transcript.send(who, UInt32(next(9)), "WRITE \(path)|x")
            case 10: transcript.send(who, UInt32(next(9)), "TRANSACTION_END T|")
            default:
                transcript.machine.domains[3] = nil
                transcript.event(.domainChanged(domain: 3, state: .dead(uniqueID: 0)))
                transcript.machine.domains[3] = state
                transcript.send("S", 0, "INTRODUCE 3|1|1|")
            }
            if next(3) == 0 { for client in ["S", "D1", "D2", "D3"] { _ = transcript.drain(client) } }
        }
        for _ in 0..<200 { act() }
        for round in 0..<4 {
            let report = try check(slice: 15 + 20 * round) { for _ in 0..<next(3) { act() } }
            #expect(report.differences == [], "seed \(seed), round \(round)")
        }
    }
}
