// Rows 167 to 184 of xenstored.md 18: features and quotas. Of 183 the core's part; the ring's is the server's.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Features and quotas")
struct QuotaRowsTests {
    @Test("167, 168, 169: a guest asks for its own features, a privileged connection for any existing domain's")
    func getFeature() throws {
        try verify(
            """
            D1> GET_FEATURE
            D1< 15|
            D1> GET_FEATURE |
            D1< 15|
            D1> GET_FEATURE 1|
            D1< EACCES
            S> GET_FEATURE 9|
            S< ENOENT
            S> GET_FEATURE x|
            S< EINVAL
            S> GET_FEATURE 1|1|
            S< EINVAL
            S> GET_FEATURE 4|
            S< 15|
            """)
    }

    @Test("170, 171: features are set before a domain is introduced")
    func setFeature() throws {
        try verify(
            """
            S> SET_FEATURE 4|6|
            S< OK|
            S> GET_FEATURE 4|
            S< 6|
            S> INTRODUCE 4|1|1|
            S< OK|
            D4> GET_FEATURE
            D4< 6|
            S> SET_FEATURE 1|6|
            S< EBUSY
            S> SET_FEATURE 5|16|
            S< EINVAL
            S> SET_FEATURE 9|1|
            S< ENOENT
            S> SET_FEATURE 4|
            S< EINVAL
            """)
    }

    @Test("172, 173: quotas have names, defaults and values of each domain")
    func getQuota() throws {
        let names =
            "nodes watches outstanding memory soft-memory transactions transaction-nodes node-permissions path-max"
            + " node-size watch-events"
        try verify(
            """
            S> GET_QUOTA
            S< \(names)|
            S> GET_QUOTA nodes|
            S< 1000|
            S> GET_QUOTA 1|nodes|
            S< 1000|
            S> GET_QUOTA permissions|
            S< 5|
            S> GET_QUOTA bogus|
            S< EINVAL
            S> GET_QUOTA 9|nodes|
            S< ENOENT
            S> GET_QUOTA 1|nodes|x|
            S< EINVAL
            """)
        let values = [1000, 128, 20, 2_621_440, 2_097_152, 10, 1024, 5, 2048, 2048, 1024]
        for (name, value) in zip(names.split(separator: " "), values) {
            try verify("S> GET_QUOTA \(name)|\nS< \(value)|")
        }
    }

    @Test("174, 175, 176: a domain's quota is its own; a default is for domains that become known later")
    func setQuota() throws {
        try verify(
            """
            S> SET_QUOTA 1|nodes|3|
            S< OK|
            D1> WRITE data/a|
            D1< OK|
            D1> WRITE data/b|
            D1< OK|
            D1> WRITE data/c|
            D1< ENOSPC
            S> SET_QUOTA watches|5|
            S< OK|
            S> GET_QUOTA 1|watches|
            S< 128|
            S> INTRODUCE 4|1|1|
            S< OK|
            S> GET_QUOTA 4|watches|
            S< 5|
            S> SET_QUOTA 1|watches|0|
            S< OK|
            S> SET_QUOTA 1|watches|2147483648|
            S< EINVAL
            S> SET_QUOTA 1|bogus|1|
            S< EINVAL
            S> SET_QUOTA 9|nodes|1|
            S< ENOENT
            S> SET_QUOTA path-max|4000|
            S< OK|
            S> GET_QUOTA path-max|
            S< 2048|
            """)
        let transcript = try verify("S> SET_QUOTA 1|watches|0|\nS< OK|")
        for number in 0..<200 { try verify("D1> WATCH /pub|\(number)|\nD1< OK|\nD1! /pub \(number)", transcript) }
    }

    @Test("177: quotas are not for guests")
    func ofGuests() throws {
        try verify("D1> SET_QUOTA nodes|1|\nD1< EACCES\nD1> GET_QUOTA nodes|\nD1< EACCES")
    }

    private func owning999() throws -> Transcript {
        let transcript = Transcript.prepared()
        for number in 1..<999 { try verify("D1> WRITE data/n\(number)|\nD1< OK|", transcript) }
        return transcript
    }

    @Test("178, 179, 182: nodes are counted to exactly the quota, all or none of a path; RM is never refused")
    func nodes() throws {
        try verify(
            """
            owns 1 999
            D1> WRITE data/p/q/r|
            D1< ENOSPC
            owns 1 999
            D1> READ data/p|
            D1< ENOENT
            D1> WRITE data/p|
            D1< OK|
            D1> WRITE data/q|
            D1< ENOSPC
            D1> MKDIR data/q|
            D1< ENOSPC
            D1> WRITE data/p|v
            D1< OK|
            D1> RM data/p|
            D1< OK|
            owns 1 999
            D1> WRITE data/q|
            D1< OK|
            """, try owning999())
    }

    @Test("180, 181: a node has 2024 bytes and a guest's list of permissions 5 entries, and not one more")
    func sizes() throws {
        try verify(
            """
            D1> WRITE data/v|{v*2024}
            D1< OK|
            D1> WRITE data/v|{v*2025}
            D1< ENOSPC
            D1> WRITE data/w|{v*2025}
            D1< ENOSPC
            D1> READ data/v|
            D1< {v*2024}
            D1> SET_PERMS data/v|n1|r2|
            D1< ENOSPC
            D1> SET_PERMS data|n1|r2|r3|r2|r3|
            D1< OK|
            D1> SET_PERMS data|n1|r2|r3|r2|r3|r2|
            D1< ENOSPC
            """)
    }

    @Test("183: 20 requests whose replies are not read are taken, and no more until one is (the core's part)")
    func outstanding() throws {
        let transcript = Transcript.prepared()
        let id = try #require(transcript.client("D1"))
        var taken = 0
        while transcript.core.mayRead(id, now: 0), taken < 25 {
            transcript.send("D1", 0, "READ /pub|")
            taken += 1
        }
        #expect(taken == 20)
        _ = transcript.core.takeMessage(id)
        #expect(!transcript.core.mayRead(id, now: 0), "a reply that is on its way is outstanding")
        transcript.core.messageSent(id)
        #expect(transcript.core.mayRead(id, now: 0))
    }

    @Test("184: sockets have no quotas")
    func sockets() throws {
        let transcript = Transcript.prepared()
        let id = try #require(transcript.client("S"))
        for number in 0..<100_000 {
            transcript.send("S", 0, .write, Array("/many/\(number / 1000)/\(number % 1000)\0".utf8))
            if number < 1000 { transcript.send("S", 0, .watch, Array("/many/\(number)\0t\0".utf8)) }
            if number < 100 { transcript.send("S", 0, .transactionStart, [0]) }
            while let message = transcript.core.takeMessage(id) {
                if message[0] == 16 { Issue.record("refused: \(shown(message))") }
                transcript.core.messageSent(id)
            }
        }
        #expect(transcript.core.counts(of: 0) == (1000, 100))
        #expect(transcript.core.nodeCount(of: 0) > 100_000)
    }

    @Test("the memory quota allows exactly so many bytes, of nodes, watches and transactions, and gives all back")
    func memory() throws {
        let transcript = Transcript.prepared()
        let core = transcript.core
        let before = core.memoryByteCount(of: 1)
        // A node of one entry and a watch.
        let node = 16 + 8 + "/drop/m".utf8.count
        try verify("S> SET_QUOTA 1|memory|\(before + node - 1)|\nS< OK|\nD1> WRITE /drop/m|\nD1< ENOSPC", transcript)
        try verify("S> SET_QUOTA 1|memory|\(before + node)|\nS< OK|\nD1> WRITE /drop/m|\nD1< OK|", transcript)
        #expect(core.memoryByteCount(of: 1) == before + node)
        try verify("D1> WATCH /pub|t|\nD1< ENOSPC", transcript)
        try verify(
            "S> SET_QUOTA 1|memory|\(before + node + 5)|\nS< OK|\nD1> WATCH /pub|t|\nD1< OK|\nD1! /pub",
            transcript)
        try verify("S> SET_QUOTA 1|memory|0|\nS< OK|\nD1> TRANSACTION_START |\nD1< 1|", transcript)
        try verify("D1:1> WRITE /drop/n|value\nD1< OK|\nD1:1> READ /pub|\nD1< pub", transcript)
        let paths = 32 + 7 + 32 + 4
        let records = 16 + 13 + 3 + 16 + 5 + 3
        // `/drop` changes too: it has a child more.
        let changed = 16 + 8 + 5 + 7 + 16 + 8 + 5
        #expect(core.memoryByteCount(of: 1) == before + node + 5 + paths + records + changed)
        try verify(
            "D1:1> TRANSACTION_END F|\nD1< OK|\nD1> UNWATCH /pub|t|\nD1< OK|\nD1> RM /drop/m|\nD1< OK|", transcript)
        #expect(core.memoryByteCount(of: 1) == before)
        transcript.send("D1", 0, "READ /pub|")
        #expect(core.memoryByteCount(of: 1) == before + 19)
    }

    @Test("the soft quota of memory refuses nothing, and the log hears of it")
    func softMemory() throws {
        let transcript = try verify("S> SET_QUOTA 1|soft-memory|100|\nS< OK|\nD1> WRITE data/x|{v*100}\nD1< OK|")
        let lines = transcript.effects.compactMap { if case .log(_, let text, _) = $0 { text } else { nil } }
        #expect(lines.count == 1 && lines[0].contains("quota soft-memory of 100 hit by WRITE"))
    }

    @Test("the log hears of a quota at its first hit, then at most once a minute")
    func logging() throws {
        let transcript = try verify("S> SET_QUOTA 1|nodes|1|\nS< OK|")
        func lines() -> [String] {
            transcript.effects.compactMap { if case .log(_, let text, _) = $0 { text } else { nil } }
        }
        for _ in 0..<5 { try verify("D1> WRITE data/x|\nD1< ENOSPC", transcript) }
        #expect(lines() == ["domain 1: quota nodes of 1 hit by WRITE: 2 (1 times)"])
        try verify("time 60000\nD1> WRITE data/x|\nD1< ENOSPC", transcript)
        #expect(lines().last == "domain 1: quota nodes of 1 hit by WRITE: 2 (5 times)" && lines().count == 2)
    }
}
