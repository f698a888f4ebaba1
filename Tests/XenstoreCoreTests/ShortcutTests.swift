// Commits with a second run and without one: they must come to the same (xenstored.md 5.3).
// Not for: what a commit is (TransactionRowsTests).

import Testing
import XenstoreWire

@testable import XenstoreCore

/// Two stores that get the same requests; one runs the requests of every transaction again.
private struct Twins {
    let quick = Transcript()
    let slow = Transcript()
    var chance: Chance
    var open: [String: [UInt32]] = [:]
    var last: [String: UInt32] = [:]

    init(seed: UInt64) {
        chance = Chance(state: seed)
        slow.core.skipsRuns = false
        for text in ["WATCH /|t|", "WATCH /a|u|", "WATCH /a/b|v|0|"] { send("S3", 0, text) }
    }

    func send(_ client: String, _ transaction: UInt32, _ text: String) {
        for one in [quick, slow] { one.send(client, transaction, text) }
    }

    /// A random request of a client; what all of them get of it.
    mutating func step() -> (quick: [String], slow: [String], isCommit: Bool) {
        let client = chance.pick(["S1", "S2"])
        let inside = chance.below(3) > 0 ? open[client]?.randomElement(&chance) ?? 0 : 0
        var path = ""
        for _ in 0...chance.below(3) { path += "/" + chance.pick(["a", "b", "c", "d", "e"]) }
        var text = "READ \(path)|"
        var isCommit = false
        switch chance.below(24) {
        case 0...7: text = "WRITE \(path)|\(chance.below(3))"
        case 8: text = "MKDIR \(path)|"
        case 9 where inside == 0 || chance.below(4) == 0: text = "RM \(path)|"
        case 10...11: text = "DIRECTORY \(path)|"
        case 12: text = "GET_PERMS \(path)|"
        case 13 where inside == 0 || chance.below(4) == 0: text = "SET_PERMS \(path)|n0|r\(chance.below(4))|"
        case 14...16 where (open[client]?.count ?? 0) < 2:
            text = "TRANSACTION_START |"
            last[client, default: 0] += 1
            open[client, default: []].append(last[client, default: 0])
            send(client, 0, text)
            return (drained(quick), drained(slow), false)
        case 17...20 where inside != 0:
            isCommit = chance.below(6) > 0
            text = "TRANSACTION_END \(isCommit ? "T" : "F")|"
            open[client]?.removeAll { $0 == inside }
        default: break
        }
        send(client, inside, text)
        for one in [quick, slow] { one.tick(25) }
        return (drained(quick), drained(slow), isCommit)
    }

    private func drained(_ one: Transcript) -> [String] { ["S1", "S2", "S3"].flatMap { one.drain($0) } }
}

extension [UInt32] {
    fileprivate func randomElement(_ chance: inout Chance) -> UInt32? { isEmpty ? nil : chance.pick(self) }
}

@Suite("Commits without a second run")
struct ShortcutTests {
    @Test("a commit without a second run has the replies, events and counts of one with it", arguments: 1...4)
    func random(seed: UInt64) throws {
        var twins = Twins(seed: seed)
        var commits = 0
        for step in 0..<4000 {
            let (quick, slow, isCommit) = twins.step()
            if quick != slow { throw TranscriptError(description: "step \(step): \(quick), should be \(slow)") }
            commits += isCommit ? 1 : 0
            if step % 100 == 0 {
                #expect(twins.quick.core.counts == twins.slow.core.counts)
                #expect(twins.quick.core.memoryByteCount(of: 0) == twins.slow.core.memoryByteCount(of: 0))
            }
        }
        // Some went the short way, others could not.
        let skipped = twins.quick.core.skippedRunCount
        #expect(skipped > 50 && skipped < commits && twins.slow.core.skippedRunCount == 0, "\(skipped) of \(commits)")
    }

    @Test("a domain that has come or gone meanwhile, RM, SET_PERMS and guests' transactions: the second run is made")
    func runs() throws {
        let transcript = Transcript.prepared()
        func commit(_ who: String, _ transaction: Int, _ request: String, between: String = "") throws {
            try verify("\(who)> TRANSACTION_START |\n\(who)< \(transaction)|", transcript)
            try verify("\(who):\(transaction)> \(request)\n\(who)< OK|\n" + between, transcript)
            try verify("\(who):\(transaction)> TRANSACTION_END T|\n\(who)< OK|", transcript)
        }
        try commit("S", 1, "WRITE /pub|new")
        #expect(transcript.core.skippedRunCount == 1)
        try commit("S", 2, "WRITE /pub|newer", between: "Xen dead 2")
        try commit("S", 3, "SET_PERMS /pub|r0|r1|")
        try commit("S", 4, "RM /pub|")
        try commit("D1", 1, "WRITE data/x|1")
        #expect(transcript.core.skippedRunCount == 1)
    }
}
