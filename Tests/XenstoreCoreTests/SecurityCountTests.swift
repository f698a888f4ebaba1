// The rules of xenstored.md 16 about counts, quotas and memory, each named after the advisory.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Security rules: counts and quotas")
struct SecurityCountTests {
    /// Domain 1 may own so many nodes.
    private func limited(_ nodes: Int) throws -> Transcript {
        try verify("S> SET_QUOTA 1|nodes|\(nodes)|\nS< OK|\nowns 1 1")
    }

    @Test("XSA-272: the quota of nodes holds for WRITE, MKDIR, parents, and in transactions")
    func nodes() throws {
        try verify(
            """
            D1> WRITE data/a/b/c|
            D1< ENOSPC
            D1> WRITE data/a|
            D1< OK|
            D1> MKDIR data/b/c|
            D1< ENOSPC
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> MKDIR data/b|
            D1< OK|
            D1:1> MKDIR data/c|
            D1< ENOSPC
            D1:1> TRANSACTION_END T|
            D1< ENOMEM
            D1> MKDIR data/b|
            D1< OK|
            D1> MKDIR data/c|
            D1< ENOSPC
            owns 1 3
            """, try limited(3))
    }

    @Test("XSA-326, CVE-2022-42311: a guest that never reads its events holds its limit and one for each watch")
    func unreadEvents() throws {
        let transcript = try verify("D1> WATCH /pub|t|\nD1> WATCH /drop|t|\nS> SET_PERMS /drop|b0|")
        let id = try #require(transcript.client("D1"))
        var most = 0
        for number in 0..<3000 {
            transcript.send("S", 0, "WRITE /\(number % 2 == 0 ? "pub" : "drop")/\(number)|")
            most = max(most, transcript.core.waiting(id).events)
            _ = transcript.drain("S")
        }
        #expect(most <= 1024 + 2)
        let long = String(repeating: "w", count: 900)
        let other = try verify("D2> WATCH /pub|t|", Transcript.prepared())
        let reader = try #require(other.client("D2"))
        var mostLong = 0
        for number in 0..<400 {
            other.send("S", 0, "WRITE /pub/\(number)\(long)|")
            mostLong = max(mostLong, other.core.waiting(reader).events)
        }
        // 256 KiB of them come before 1024.
        #expect(mostLong > 250 && mostLong <= 290 && other.core.waiting(reader).events == 1)
    }

    @Test("XSA-326, CVE-2022-42312, -42318: requests with replies unread stop at the quota")
    func unreadReplies() throws {
        let transcript = Transcript.prepared()
        let id = try #require(transcript.client("D1"))
        for _ in 0..<20 { transcript.send("D1", 0, "READ /pub|") }
        try verify("rests D1", transcript)
        #expect(transcript.core.waiting(id).replies == 20)
        try verify("S> SET_QUOTA 1|outstanding|0|\nS< OK|\nreads D1", transcript)
        let bytes = transcript.core.memoryByteCount(of: 1)
        try verify("S> SET_QUOTA 1|memory|\(bytes)|\nS< OK|\nreads D1", transcript)
        try verify("S> SET_QUOTA 1|memory|\(bytes - 1)|\nS< OK|\nrests D1", transcript)
    }

    @Test("a guest that is not read for its memory does not make others wait: what was removed still goes in slices")
    func slicesGoOn() throws {
        let transcript = try verify("D1> WRITE data/x|{v*1000}\nD1< OK|\nS> SET_QUOTA 1|memory|500|\nS< OK|\nrests D1")
        let id = try #require(transcript.client("D1"))
        for index in 0..<300 { transcript.send("S", 0, "MKDIR /local/domain/1/data/x/\(index)|") }
        transcript.send("S", 0, "RM /local/domain/1/data/x|")
        #expect(transcript.core.nextDeadline() == 0, "one request has done all of it")
        var effects: [Effect] = []
        while transcript.core.nextDeadline() == 0 { transcript.core.tick(now: transcript.now, into: &effects) }
        #expect(effects.contains(.resumeReading(id)))
    }

    @Test("a guest that is not read for its memory, or its credit, is read again when it may be")
    func readAgain() throws {
        let transcript = try verify("D1> WRITE data/x|{v*1000}\nD1< OK|\nS> SET_QUOTA 1|memory|500|\nS< OK|\nrests D1")
        let id = try #require(transcript.client("D1"))
        transcript.effects.removeAll()
        try verify("S> WRITE /pub|\nS< OK|", transcript)
        #expect(!transcript.effects.contains(.resumeReading(id)))
        try verify("S> RM /local/domain/1/data/x|\nS< OK|", transcript)
        #expect(transcript.effects.count { $0 == .resumeReading(id) } == 1)
        try verify("S> SET_QUOTA 1|memory|0|\nS< OK|\nS> SET_PERMS /pub|b0|\nS< OK|\nreads D1", transcript)
        for number in 1...11 {
            try verify(
                """
                S> TRANSACTION_START |
                S:\(number)> READ /pub|
                D1> WRITE /pub|\(number)
                D1< OK|
                S:\(number)> WRITE /sec|
                S:\(number)> TRANSACTION_END T|
                """, transcript)
        }
        transcript.effects.removeAll()
        try verify("rests D1", transcript)
        #expect(transcript.core.nextDeadline() == transcript.now + 50)
        try verify("time 49\nrests D1\ntime 1\nreads D1", transcript)
        #expect(transcript.effects.count { $0 == .resumeReading(id) } == 1)
        #expect(transcript.core.nextDeadline() == nil)
    }

    @Test("a guest's commits cost it credit by what they run again; a socket's cost nothing")
    func commitCredit() throws {
        let transcript = Transcript.prepared()
        func commit(_ who: String, _ number: UInt32) throws {
            transcript.send(who, 0, "TRANSACTION_START |")
            for index in 0..<100 { transcript.send(who, number, "WRITE data/\(index)|\(number)") }
            transcript.send(who, number, "TRANSACTION_END T|")
            #expect(transcript.drain(who).last == "< OK|")
        }
        let (guest, socket) = (try #require(transcript.client("D1")), try #require(transcript.client("S")))
        for number in 1...6 as ClosedRange<UInt32> {
            try commit("D1", number)
            #expect(transcript.core.mayRead(guest, now: transcript.now), "after \(number)")
        }
        // 7 x (100 x 16 + 2900 / 256) are more than 10,000.
        try commit("D1", 7)
        try verify("rests D1\ntime 63\nrests D1\ntime 1\nreads D1", transcript)
        for number in 1...20 as ClosedRange<UInt32> { try commit("S", number) }
        #expect(transcript.core.mayRead(socket, now: transcript.now))
    }

    @Test("credit grows back from any debt: a guest that broke 2500 transactions is read again")
    func deepDebt() throws {
        let transcript = try verify("S> SET_PERMS /pub|b0|\nS< OK|")
        for number in 1...2500 {
            transcript.send("S", 0, "TRANSACTION_START |")
            transcript.send("S", UInt32(number), "READ /pub|")
            transcript.send("S", UInt32(number), "WRITE /sec|")
        }
        transcript.send("D1", 0, "WRITE /pub|broken")
        for number in 1...2500 { transcript.send("S", UInt32(number), "TRANSACTION_END T|") }
        #expect(transcript.drain("S").last == "< EAGAIN")
        try verify("rests D1\ntime 124499\nrests D1\ntime 1\nreads D1", transcript)
    }

    @Test("XSA-326, CVE-2022-42313: nodes are counted for their owner, whoever made them, and move with SET_PERMS")
    func owners() throws {
        try verify(
            """
            S> WRITE /local/domain/1/data/s|
            owns 1 2
            S> SET_PERMS /local/domain/1/data/s|n2|
            owns 1 1
            owns 2 2
            D2> WRITE /local/domain/1/data/s/t|
            owns 2 3
            D1> RM data|
            D1< OK|
            owns 1 0
            owns 2 1
            """)
    }

    @Test("XSA-326, CVE-2022-42314, -42317: a transaction looks at so many paths, and records so many requests")
    func transactions() throws {
        let transcript = try verify("S> SET_QUOTA 1|transaction-nodes|3|\nS< OK|\nD1> TRANSACTION_START |\nD1< 1|")
        try verify(
            """
            D1:1> READ /pub|
            D1< pub
            D1:1> WRITE data/a/b/c|
            D1< ENOSPC
            D1:1> WRITE data/a|
            D1< OK|
            D1:1> READ data/x|
            D1< ENOSPC
            D1:1> TRANSACTION_END T|
            D1< ENOMEM
            D1> TRANSACTION_START |
            D1< 2|
            """, transcript)
        for _ in 0..<4096 { try verify("D1:2> READ /pub|\nD1< pub", transcript) }
        try verify("D1:2> READ /pub|\nD1< ENOSPC\nD1:2> TRANSACTION_END T|\nD1< ENOMEM", transcript)
        #expect(transcript.core.counts.otherSlots == 0)
    }

    @Test("XSA-326, CVE-2022-42315: memory covers nodes, watches, transactions and replies, and all comes back")
    func memory() throws {
        let transcript = Transcript.prepared()
        let core = transcript.core
        func more(_ lines: String) throws -> Bool {
            let before = core.memoryByteCount(of: 1)
            try verify(lines, transcript)
            return core.memoryByteCount(of: 1) > before
        }
        let start = core.memoryByteCount(of: 1)
        #expect(try more("D1> WRITE data/a|\nD1< OK|"))
        #expect(try more("D1> WRITE data/a|{v*100}\nD1< OK|"))
        #expect(try more("D1> SET_PERMS data/a|n1|r2|\nD1< OK|"))
        #expect(try more("D1> WATCH /pub|t|\nD1< OK|\nD1! /pub"))
        #expect(try more("D1> TRANSACTION_START |\nD1< 1|\nD1:1> READ /pub|\nD1< pub"))
        #expect(try more("D1:1> READ /pub|\nD1< pub"))
        #expect(try more("D1:1> WRITE data/a|{w*200}\nD1< OK|"))
        #expect(try more("D1> READ /pub|"))
        try verify("D1< pub\nD1> RESET_WATCHES |\nD1< OK|\nD1> RM data/a|\nD1< OK|", transcript)
        #expect(core.memoryByteCount(of: 1) == start)
    }

    @Test("XSA-326, CVE-2022-42316: the defaults are there without a configuration")
    func defaults() throws {
        let transcript = Transcript.prepared()
        for number in 0..<1100 { transcript.send("D1", 0, "WRITE data/\(number)|") }
        try verify("owns 1 1000", transcript)
    }

    @Test("XSA-330: rounds of WATCH and RESET_WATCHES leave everything where it was")
    func rounds() throws {
        let transcript = Transcript.prepared()
        let counts = transcript.core.counts
        let memory = transcript.core.memoryByteCount(of: 1)
        let id = try #require(transcript.client("D1"))
        for _ in 0..<20_000 {
            transcript.send("D1", 0, .watch, [47, 112, 117, 98, 47, 120, 0, 116, 0])
            transcript.send("D1", 0, .resetWatches, [0])
            while transcript.core.takeMessage(id) != nil { transcript.core.messageSent(id) }
        }
        #expect(transcript.core.counts == counts)
        #expect(transcript.core.memoryByteCount(of: 1) == memory)
    }

    @Test("XSA-414: a WRITE with several parents that hits a quota at any step leaves all as it was")
    func parents() throws {
        for quota in ["nodes|4|", "node-size|30|", "memory|200|"] {
            let transcript = try verify("S> SET_QUOTA 1|\(quota)\nS< OK|")
            let counts = transcript.core.counts
            let memory = transcript.core.memoryByteCount(of: 1)
            try verify("D1> WRITE data/a/b/c/d|{v*20}\nD1< ENOSPC\nowns 1 1\nD1> DIRECTORY data|\nD1< ", transcript)
            #expect(transcript.core.counts == counts)
            #expect(transcript.core.memoryByteCount(of: 1) == memory, "\(quota)")
        }
    }

    @Test("XSA-415: the same in a transaction: no node without its parent, no parent with a child that isn't there")
    func parentsInside() throws {
        let transcript = try limited(4)
        try verify(
            """
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> WRITE data/x|
            D1< OK|
            D1:1> WRITE data/a/b/c/d|
            D1< ENOSPC
            D1:1> DIRECTORY data|
            D1< x|
            D1:1> TRANSACTION_END T|
            D1< ENOMEM
            D1> DIRECTORY data|
            D1< 
            owns 1 1
            """, transcript)
        #expect(transcript.core.counts.otherSlots == 0)
    }

    @Test("XSA-416: a reply that waits costs its bytes, and no more once it is sent")
    func waitingReply() throws {
        let transcript = Transcript.prepared()
        let id = try #require(transcript.client("D1"))
        let memory = transcript.core.memoryByteCount(of: 1)
        transcript.send("D1", 0, "READ /pub|")
        #expect(transcript.core.memoryByteCount(of: 1) == memory + 19)
        #expect(transcript.core.takeMessage(id)?.count == 19)
        #expect(transcript.core.memoryByteCount(of: 1) == memory + 19)
        transcript.core.messageSent(id)
        transcript.core.messageSent(id)
        #expect(transcript.core.memoryByteCount(of: 1) == memory)
    }

    /// A chain of so many levels.
    private func chain(_ count: Int) -> String { String(repeating: "/d", count: count) }

    /// Each level of the chain has the next one as its only child, whichever way it is asked for.
    private func verifyListed(_ who: String, _ transcript: Transcript) throws {
        for depth in [1, 2, 31, 32, 33, 700, 1023, 1499] {
            try verify(
                """
                \(who)> DIRECTORY \(chain(depth))|
                \(who)< d|
                \(who)> DIRECTORY_PART \(chain(depth))|0|
                \(who)< gen|d||
                """, transcript)
        }
        try verify(
            """
            \(who)> DIRECTORY \(chain(1500))|
            \(who)<\u{20}
            \(who)> DIRECTORY_PART \(chain(1500))|0|
            \(who)< gen||
            \(who)> READ \(chain(1500))|
            \(who)< v
            \(who)> DIRECTORY \(chain(1501))|
            \(who)< ENOENT
            """, transcript)
    }

    @Test("XSA-418: 1500 levels are made, listed, watched and removed")
    func deep() throws {
        let path = chain(1500)
        let transcript = try verify("S> WRITE \(path)|v\nS< OK|")
        try verifyListed("S", transcript)
        let counts = transcript.core.counts
        try verify(
            """
            S1> WATCH \(path)|t|
            S1< OK|
            S1! \(path)
            S> TRANSACTION_START |
            S< 1|
            S:1> RM /d/d|
            S< OK|
            S:1> TRANSACTION_END T|
            S< OK|
            S1! \(path)
            S> RM /d|
            S< OK|
            S1.
            S1> UNWATCH \(path)|t|
            S1< OK|
            S> DIRECTORY /|
            S< drop|local|pub|sec|tool|
            """, transcript)
        #expect(transcript.core.counts.nodes == counts.nodes - 1500)
        #expect(transcript.core.counts.otherSlots == 0 && transcript.core.counts.trieNodes == 2)
    }

    @Test("XSA-418: 1500 levels are saved and restored, listed by the next program, watched and removed there")
    func deepSaved() throws {
        let path = chain(1500)
        let transcript = try verify("S> WRITE \(path)|v\nS< OK|\nS1> WATCH \(path)|t|\nS1< OK|\nS1! \(path)")
        let before = transcript.core.counts.nodes
        var outline = StateOutline()
        let clients = try [#require(transcript.client("S")), #require(transcript.client("S1"))]
        outline.clients = clients.enumerated().map { index, id in
            StateClient(id: id, transport: .socket(descriptor: Int32(7 + index)), input: [])
        }
        let stream = try transcript.core.snapshot(outline, now: transcript.now)
        // Each record has its whole path.
        #expect(stream.count < 1500 * 1500 * 2 + 100_000)
        let machine = transcript.machine
        let core = XenstoreCore { machine.domains[$0] }
        var effects: [Effect] = []
        let state = try core.restore(stream, now: transcript.now, into: &effects)
        #expect(state.lines.isEmpty && core.counts.nodes == before)
        #expect(core.stateSummary(clientCount: 2) == transcript.core.stateSummary(clientCount: 2))
        var named: [String: ConnectionID] = [:]
        for client in state.clients {
            if case .socket(let descriptor) = client.transport { named[descriptor == 7 ? "S" : "S1"] = client.id }
        }
        let next = Transcript(core, machine, clients: named, now: transcript.now)
        try verifyListed("S", next)
        outline.clients = state.clients
        #expect(try core.snapshot(outline, now: next.now) == stream)
        try verify("S> RM /d|\nS< OK|\nS1! \(path)\nS1.\nS> DIRECTORY /|\nS< drop|local|pub|sec|tool|", next)
        #expect(next.core.counts.nodes == before - 1500 && next.core.counts.otherSlots == 0)
        // The old one, had the update been given up, goes on as if nothing had been.
        try verifyListed("S", transcript)
        try verify("S> RM /d|\nS< OK|\nS1! \(path)\nS1.", transcript)
        #expect(transcript.core.counts.nodes == before - 1500 && transcript.core.counts.otherSlots == 0)
    }

    @Test("XSA-419: a dead domain's nodes disappear everywhere, and two domains can't grow beyond their quotas")
    func reboots() throws {
        let transcript = Transcript.prepared()
        try verify("D1> WRITE /drop/one|\nD1< OK|\nD1> SET_PERMS /drop/one|b1|\nD1< OK|", transcript)
        try verify("D2> WRITE /drop/one/two|\nD2< OK|\nD1> WRITE /drop/one/two/three|\nD1< OK|", transcript)
        try verify("Xen dead 2\nbatch\nS> DIRECTORY /drop/one|\nS< \nowns 1 2\nowns 2 0", transcript)
        try verify("Xen starts 2\nS> INTRODUCE 2|1|1|\nS< OK|", transcript)
        for _ in 0..<5 {
            for number in 0..<600 {
                transcript.send("D1", 0, "WRITE /drop/one/two/\(number)|")
                transcript.send("D2", 0, "WRITE /drop/one/\(number)|")
            }
            #expect(transcript.core.nodeCount(of: 1) <= 1000 && transcript.core.nodeCount(of: 2) <= 1000)
            try verify("Xen dead 2\nbatch\nXen starts 2\nS> INTRODUCE 2|1|1|\nS< OK|\nowns 2 0", transcript)
            #expect(transcript.core.counts.nodes < 1100)
        }
    }

    @Test("XSA-421, XSA-440: counts stay exact whatever a transaction makes and removes, and others meanwhile")
    func transactionCounts() throws {
        let transcript = try verify(
            """
            D1> WRITE data/a/b|
            D1< OK|
            D1> WRITE data/c|
            D1< OK|
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> RM data/a|
            D1< OK|
            D1:1> RM data/c|
            D1< OK|
            D1:1> WRITE data/d|
            D1< OK|
            D1:1> RM data/d|
            D1< OK|
            S> RM /local/domain/1/data/a/b|
            S< OK|
            owns 1 3
            D1:1> TRANSACTION_END T|
            D1< OK|
            owns 1 1
            D1> TRANSACTION_START |
            D1< 2|
            D1:2> RM data|
            D1< OK|
            S> RM /local/domain/1/data|
            S< OK|
            D1:2> TRANSACTION_END T|
            D1< EAGAIN
            owns 1 0
            """)
        #expect(transcript.core.memoryByteCount(of: 1) == 0)
        #expect(transcript.core.counts.otherSlots == 0)
    }

    @Test("XSA-483: a domain's counts begin at nothing, 10 000 times over")
    func reuse() throws {
        let transcript = Transcript.prepared()
        let counts = transcript.core.counts
        let socket = try #require(transcript.client("S"))
        for round in 0..<10_000 {
            transcript.machine.domains[4] = UInt64(1000 + round)
            transcript.send("S", 0, "INTRODUCE 4|1|1|")
            transcript.send("D4", 0, "WRITE /drop/n|v")
            transcript.send("D4", 0, "WATCH /drop|t|")
            transcript.send("D4", 0, "TRANSACTION_START |")
            transcript.send("D4", 1, "WRITE /drop/m|v")
            if transcript.core.nodeCount(of: 4) != 1 || transcript.core.counts(of: 4) != (1, 1) {
                Issue.record("round \(round): counts \(transcript.core.counts(of: 4))")
                break
            }
            transcript.event(.domainChanged(domain: 4, state: .dead(uniqueID: UInt64(1000 + round))))
            while transcript.core.takeMessage(socket) != nil { transcript.core.messageSent(socket) }
            transcript.effects.removeAll()
        }
        #expect(transcript.core.memoryByteCount(of: 4) == 0)
        #expect(transcript.core.counts.nodes == counts.nodes && transcript.core.counts.domains == counts.domains)
        #expect(transcript.core.counts.watches == 0 && transcript.core.counts.otherSlots == 0)
    }

    @Test("a large tree that was removed goes in parts, and never counts against anybody")
    func parts() throws {
        let transcript = Transcript.prepared()
        for number in 0..<900 { transcript.send("D1", 0, "WRITE data/\(number)|") }
        _ = transcript.drain("D1")
        try verify("D1> RM data/1|\nD1< OK|\nS> RM /local/domain/1/data|\nS< OK|", transcript)
        #expect(transcript.core.nextDeadline() == 0)
        try verify(
            """
            S> DIRECTORY /local/domain/1|
            S< 
            S> WRITE /local/domain/1/data|
            S> SET_PERMS /local/domain/1/data|n1|
            S> SET_QUOTA 1|nodes|3|
            S< OK|
            S< OK|
            S< OK|
            D1> WRITE data/a|
            D1> WRITE data/b|
            D1> WRITE data/c|
            D1.
            """, transcript)
        while transcript.core.nextDeadline() == 0 { transcript.tick(0) }
        try verify("D1< OK|\nD1< OK|\nD1< ENOSPC", transcript)
        #expect(transcript.core.nextDeadline() == nil)
        try verify("time 1\nowns 1 3", transcript)
    }
}
