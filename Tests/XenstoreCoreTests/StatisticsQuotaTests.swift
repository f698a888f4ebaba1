// Each quota of table 7.1 allows exactly N, and not one more, in and outside of transactions (xenstored.md 7).
// Not for: what is counted (StatisticsTests), the rows of section 18 (QuotaRowsTests).

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Quotas allow exactly N")
struct StatisticsQuotaTests {
    private let transcript = Transcript.prepared()

    private func limit(_ quota: Quota, _ value: Int) throws {
        try verify("S> SET_QUOTA 1|\(quota.name)|\(value)|\nS< OK|", transcript)
    }

    /// D1's requests, in its transaction 1 or in none.
    private func ask(_ isInside: Bool, _ request: String, _ reply: String) throws {
        try verify("D1\(isInside ? ":1" : "")> \(request)\nD1< \(reply)", transcript)
    }

    private func begin(_ isInside: Bool) throws {
        if isInside { try verify("D1> TRANSACTION_START |\nD1< 1|", transcript) }
    }

    private func end(_ isInside: Bool, _ reply: String = "OK|", id: Int = 1) throws {
        if isInside { try verify("D1:\(id)> TRANSACTION_END T|\nD1< \(reply)", transcript) }
    }

    @Test("as many as the quota says are allowed, one more is not, and after one less it is", arguments: Quota.allCases)
    func outside(_ quota: Quota) throws { try exact(quota, isInside: false) }

    @Test("so it is in a transaction", arguments: Quota.allCases.filter { $0 != .transactions })
    func inside(_ quota: Quota) throws { try exact(quota, isInside: true) }

    private func exact(_ quota: Quota, isInside: Bool) throws {
        switch quota {
        case .nodes: try nodes(isInside)
        case .watches: try watches(isInside)
        case .outstanding: try outstanding(isInside)
        case .memory: try memory(isInside)
        case .softMemory: try softMemory(isInside)
        case .transactions: try transactions()
        case .transactionNodes: try transactionNodes(isInside)
        case .nodePermissions: try permissions(isInside)
        case .pathMax: try path(isInside)
        case .nodeSize: try size(isInside)
        case .watchEvents: try events(isInside)
        }
        #expect(transcript.drain("D1") == [])
    }

    private func nodes(_ isInside: Bool) throws {
        // It owns `data`.
        try limit(.nodes, 5)
        try begin(isInside)
        for number in 2...5 { try ask(isInside, "WRITE data/\(number)|", "OK|") }
        if isInside {
            // Less and more again leaves it at the quota.
            try ask(true, "RM data/5|", "OK|")
            try ask(true, "MKDIR data/6|", "OK|")
            try end(true)
            try verify("owns 1 5\nD1> TRANSACTION_START |\nD1< 2|", transcript)
            try verify("D1:2> WRITE data/7|\nD1< ENOSPC", transcript)
            try end(true, "ENOMEM", id: 2)
        } else {
            try ask(false, "WRITE data/6|", "ENOSPC")
            try ask(false, "RM data/5|", "OK|")
            try ask(false, "WRITE data/6|", "OK|")
        }
        try verify("owns 1 5", transcript)
        #expect(transcript.core.summary(of: 1, now: 0)?.maximum(.nodes) == 5)
    }

    private func watches(_ isInside: Bool) throws {
        try limit(.watches, 3)
        try begin(isInside)
        for number in 1...3 { try ask(isInside, "WATCH /pub|\(number)|", "OK|\nD1! /pub \(number)") }
        try ask(isInside, "WATCH /pub|4|", "ENOSPC")
        try ask(isInside, "UNWATCH /pub|2|", "OK|")
        try ask(isInside, "WATCH /pub|4|", "OK|\nD1! /pub 4")
        try ask(isInside, "WATCH /pub|5|", "ENOSPC")
        // It has nothing to do with the transaction, which does not fail.
        try end(isInside)
        #expect(transcript.core.counts(of: 1).watches == 3)
    }

    private func outstanding(_ isInside: Bool) throws {
        try limit(.outstanding, 3)
        try begin(isInside)
        let id = try #require(transcript.client("D1"))
        for _ in 1...3 {
            #expect(transcript.core.mayRead(id, now: transcript.now))
            transcript.send("D1", isInside ? 1 : 0, "READ /pub|")
        }
        #expect(!transcript.core.mayRead(id, now: transcript.now))
        _ = transcript.core.takeMessage(id)
        #expect(!transcript.core.mayRead(id, now: transcript.now), "a reply on its way is outstanding")
        transcript.core.messageSent(id)
        #expect(transcript.core.mayRead(id, now: transcript.now))
        #expect(transcript.core.totals.pauses(.outstanding) == 1, "one pause, however often it was asked for")
        _ = transcript.drain("D1")
        try end(isInside)
    }

    private func memory(_ isInside: Bool) throws {
        try begin(isInside)
        let before = transcript.core.memoryByteCount(of: 1)
        let path = "/drop/m".utf8.count
        // A node of one entry and three bytes; in a transaction the path is noted before.
        let needed = before + (isInside ? 32 + path : 0) + 16 + 8 + 3 + path
        try limit(.memory, needed - 1)
        try ask(isInside, "WRITE /drop/m|abc", "ENOSPC")
        try end(isInside, "ENOMEM")
        if isInside { try verify("D1> TRANSACTION_START |\nD1< 2|", transcript) }
        try limit(.memory, needed)
        try verify("D1\(isInside ? ":2" : "")> WRITE /drop/m|abc\nD1< OK|", transcript)
        try limit(.memory, 0)
        try end(isInside, id: 2)
        #expect(transcript.core.memoryByteCount(of: 1) == before + 16 + 8 + 3 + path)
        // Removing is never refused, and what it has given back may be used again.
        try limit(.memory, 1)
        try ask(false, "WRITE /drop/n|abc", "ENOSPC")
        try ask(false, "RM /drop/m|", "OK|")
        try limit(.memory, before + 16 + 8 + 3 + path)
        try ask(false, "WRITE /drop/n|abc", "OK|")
    }

    private func lines() -> [String] {
        transcript.effects.compactMap { if case .log(_, let text, _) = $0 { text } else { nil } }
    }

    private func softMemory(_ isInside: Bool) throws {
        try begin(isInside)
        // The reply to a READ waits when that is looked at.
        let before = transcript.core.memoryByteCount(of: 1) + 16 + 3
        let inside = isInside ? 32 + "/pub".utf8.count + 16 + "/pub|".utf8.count + 3 : 0
        try limit(.softMemory, before + inside)
        try ask(isInside, "READ /pub|", "pub")
        #expect(lines() == [])
        try limit(.softMemory, before + inside - 1)
        // Seen again the path costs nothing, and the record so much.
        if isInside { try limit(.softMemory, before + inside + 16 + 5 + 3 - 1) }
        try ask(isInside, "READ /pub|", "pub")
        #expect(lines().count == 1 && lines()[0].contains("quota soft-memory of "))
        try end(isInside)
    }

    private func transactions() throws {
        try limit(.transactions, 2)
        try verify(
            """
            D1> TRANSACTION_START |
            D1< 1|
            D1> TRANSACTION_START |
            D1< 2|
            D1> TRANSACTION_START |
            D1< ENOSPC
            D1:1> TRANSACTION_END F|
            D1< OK|
            D1> TRANSACTION_START |
            D1< 3|
            D1> TRANSACTION_START |
            D1< ENOSPC
            """, transcript)
    }

    private func transactionNodes(_ isInside: Bool) throws {
        try limit(.transactionNodes, 3)
        try begin(isInside)
        for path in ["/pub", "data", "data/x", "data"] {
            try ask(isInside, "READ \(path)|", path == "/pub" ? "pub" : path == "data" ? "" : "ENOENT")
        }
        // Only in transactions is anything noted.
        try ask(isInside, "READ data/y|", isInside ? "ENOSPC" : "ENOENT")
        try end(isInside, "ENOMEM")
        if isInside {
            try verify("D1> TRANSACTION_START |\nD1< 2|\nD1:2> WRITE data/y|\nD1< OK|", transcript)
            try end(true, id: 2)
            #expect(transcript.core.maximum(.transactionNodes) == 3)
        }
    }

    private func permissions(_ isInside: Bool) throws {
        try limit(.nodePermissions, 3)
        try begin(isInside)
        try ask(isInside, "SET_PERMS data|n1|r2|r3|", "OK|")
        if isInside {
            try end(true)
            try verify("D1> TRANSACTION_START |\nD1< 2|", transcript)
        }
        let who = isInside ? "D1:2" : "D1"
        try verify("\(who)> SET_PERMS data|n1|r2|r3|r2|\nD1< ENOSPC", transcript)
        try end(isInside, "ENOMEM", id: 2)
        try ask(false, "SET_PERMS data|n1|r2|", "OK|")
        #expect(transcript.core.maximum(.nodePermissions) == 3)
    }

    private func path(_ isInside: Bool) throws {
        try limit(.pathMax, 20)
        try begin(isInside)
        // The home of a domain is not counted.
        try ask(isInside, "WRITE data/{a*15}|", "OK|")
        try ask(isInside, "WRITE data/{a*16}|", "EINVAL")
        try ask(isInside, "WRITE /local/domain/1/data/{b*15}|", "OK|")
        try ask(isInside, "WRITE /drop/{a*14}|", "OK|")
        try ask(isInside, "WRITE /drop/{a*15}|", "EINVAL")
        try ask(isInside, "RM data/{a*15}|", "OK|")
        // EINVAL does not fail a transaction.
        try end(isInside)
        #expect(transcript.core.maximum(.pathMax) == 20)
        #expect(transcript.core.totals.hits(.pathMax) == 2)
    }

    private func size(_ isInside: Bool) throws {
        try limit(.nodeSize, 100)
        try begin(isInside)
        try ask(isInside, "WRITE data/v|{v*76}", "OK|")
        try ask(isInside, "SET_PERMS data/v|n1|r2|", "ENOSPC")
        if isInside {
            try end(true, "ENOMEM")
            try verify("D1> TRANSACTION_START |\nD1< 2|\nD1:2> WRITE data/v|{v*76}\nD1< OK|", transcript)
            try end(true, id: 2)
        }
        try ask(false, "WRITE data/v|{v*77}", "ENOSPC")
        try ask(false, "WRITE data/w|{v*77}", "ENOSPC")
        try ask(false, "WRITE data/v|{v*68}", "OK|")
        try ask(false, "SET_PERMS data/v|n1|r2|", "OK|")
        #expect(transcript.core.maximum(.nodeSize) == 100)
    }

    private func events(_ isInside: Bool) throws {
        try limit(.watchEvents, 3)
        try verify("D1> WATCH data|t|\nD1< OK|\nD1! data t", transcript)
        if isInside { try verify("S> TRANSACTION_START |\nS< 1|", transcript) }
        let who = isInside ? "S:1" : "S"
        for number in 1...3 {
            try verify("\(who)> WRITE /local/domain/1/data/\(number)|\nS< OK|", transcript)
        }
        if isInside { try verify("S:1> TRANSACTION_END T|\nS< OK|", transcript) }
        try verify("D1 waits 3", transcript)
        #expect(transcript.core.totals.eventsFolded == 0 && transcript.core.totals.hits(.watchEvents) == 0)
        // One more: all of them are one event of the path above.
        try verify("S> WRITE /local/domain/1/data/4|\nS< OK|\nD1 waits 1\nD1! data t", transcript)
        #expect(transcript.core.totals.eventsFolded == 3 && transcript.core.totals.hits(.watchEvents) == 1)
        #expect(transcript.core.maximum(.watchEvents) == 3)
    }
}
