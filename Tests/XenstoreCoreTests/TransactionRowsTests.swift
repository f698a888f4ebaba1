// Rows 118 to 149 of xenstored.md 18, without those that need a server: transactions.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Transactions")
struct TransactionRowsTests {
    @Test("118, 119, 120, 121, 122: transactions are numbered from 1, and end once")
    func numbers() throws {
        try verify(
            """
            S> TRANSACTION_START |
            S< 1|
            S> TRANSACTION_START |
            S< 2|
            S:1> TRANSACTION_START |
            S< EBUSY
            S:99> TRANSACTION_START |
            S< ENOENT
            S> TRANSACTION_END T|
            S< ENOENT
            S:1> TRANSACTION_END X|
            S< EINVAL
            S:1> TRANSACTION_END T
            S< EINVAL
            S:1> TRANSACTION_END T|T|
            S< EINVAL
            S:1> TRANSACTION_END T|
            S< OK|
            S:1> TRANSACTION_END T|
            S< ENOENT
            S> TRANSACTION_START |
            S< 3|
            """)
    }

    @Test("123: changes are seen inside at once, by others after the end; events come then, before the reply")
    func isolation() throws {
        try verify(
            """
            S1> WATCH /pub|t|
            S1> TRANSACTION_START |
            S1:1> WRITE /pub|n
            S2> READ /pub|
            S1:1> READ /pub|
            S1< OK|
            S1! /pub
            S1< 1|
            S1< OK|
            S1< n
            S1.
            S2< pub
            S1:1> TRANSACTION_END T|
            S1! /pub
            S1< OK|
            S2> READ /pub|
            S2< n
            """)
    }

    @Test("124: F forgets the changes")
    func abort() throws {
        try verify(
            """
            S2> WATCH /pub|t|
            S2< OK|
            S2! /pub
            S1> TRANSACTION_START |
            S1< 1|
            S1:1> WRITE /pub|n
            S1< OK|
            S1:1> TRANSACTION_END F|
            S1< OK|
            S1> READ /pub|
            S1< pub
            S2.
            """)
    }

    /// A transaction of S1 with S2's requests in the midst of it, and what its end gives; `S1 ` may be left out.
    private func attempt(_ lines: String, _ end: String, before: String = "", after: String = "") throws {
        let transcript = try verify(before)
        _ = transcript.drain("S1")
        _ = transcript.drain("S2")
        try verify("S1> TRANSACTION_START |\nS1< 1|\n\(lines)", transcript)
        _ = transcript.drain("S2")
        try verify("S1:1> TRANSACTION_END T|\nS1< \(end)\n\(after)", transcript)
        #expect(transcript.core.counts.otherSlots == 0, "no version is left over")
    }

    @Test("125: who has read what others changed, and writes, begins anew")
    func conflict() throws {
        try attempt(
            """
            S1:1> READ /pub|
            S1< pub
            S2> WRITE /pub|z
            S1:1> WRITE /drop/a|
            S1< OK|
            """, "EAGAIN", after: "S1> READ /drop/a|\nS1< ENOENT")
    }

    @Test("126, 127: what counts is what is there, not how often it was written")
    func byContent() throws {
        let transcript = try verify(
            """
            S1> TRANSACTION_START |
            S1:1> READ /pub|
            S2> WATCH /|t|
            S2> WRITE /pub|pub
            S1:1> WRITE /x|
            S1< 1|
            S1< pub
            S1< OK|
            S1:1> TRANSACTION_END T|
            S1< OK|
            """)
        #expect(transcript.drain("S2") == ["< OK|", "! /|t|", "! /pub|t|", "< OK|", "! /x|t|"])
        try attempt(
            """
            S1:1> READ /pub|
            S1< pub
            S2> WRITE /pub|z
            S2> WRITE /pub|pub
            S1:1> WRITE /x|
            S1< OK|
            """, "OK|")
    }

    @Test("128: a transaction sees the store as it was; one that has changed nothing always commits")
    func readOnly() throws {
        try attempt(
            """
            S1:1> READ /pub|
            S1< pub
            S2> WRITE /pub|z
            S1:1> READ /pub|
            S1< pub
            """, "OK|")
    }

    @Test("129, 130: changes elsewhere are no conflict, nor are new nodes beside one's own")
    func elsewhere() throws {
        try verify(
            """
            S1> TRANSACTION_START |
            S1< 1|
            S2> TRANSACTION_START |
            S2< 1|
            S1:1> WRITE /drop/a|
            S1< OK|
            S2:1> WRITE /drop/b|
            S2< OK|
            S1:1> TRANSACTION_END T|
            S1< OK|
            S2:1> TRANSACTION_END T|
            S2< OK|
            S> DIRECTORY /drop|
            S< a|b|
            """)
        try attempt("S1:1> READ /pub|\nS1< pub\nS2> WRITE /sec|z\nS1:1> WRITE /drop/a|\nS1< OK|", "OK|")
    }

    @Test("131, 132, 133: a list that changed, a node that is there now, or no more, is a conflict")
    func existence() throws {
        try attempt("S1:1> DIRECTORY /drop|\nS1< \nS2> WRITE /drop/q|\nS1:1> WRITE /x|\nS1< OK|", "EAGAIN")
        try verify(
            """
            S1> TRANSACTION_START |
            S1< 1|
            S2> TRANSACTION_START |
            S2< 1|
            S1:1> WRITE /drop/id|
            S1< OK|
            S2:1> WRITE /drop/id|
            S2< OK|
            S1:1> TRANSACTION_END T|
            S1< OK|
            S2:1> TRANSACTION_END T|
            S2< EAGAIN
            """)
        try attempt(
            "S1:1> WRITE /drop/k|\nS1< OK|\nS2> RM /drop/k|", "EAGAIN", before: "S> WRITE /drop/k|\nS< OK|")
    }

    @Test("134, 135: writing without reading is no conflict; reading that there is nothing can be one")
    func lastWriter() throws {
        try attempt(
            "S1:1> WRITE /pub|1\nS1< OK|\nS2> WRITE /pub|2", "OK|", after: "S1> READ /pub|\nS1< 1")
        try attempt(
            "S1:1> READ /drop/n|\nS1< ENOENT\nS2> WRITE /drop/n|\nS1:1> WRITE /x|\nS1< OK|", "EAGAIN")
    }

    @Test("136: a right that was taken away is a conflict")
    func rights() throws {
        try verify(
            """
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> READ /pub|
            D1< pub
            S> SET_PERMS /pub|n0|
            D1:1> WRITE data/x|
            D1< OK|
            D1:1> TRANSACTION_END T|
            D1< EAGAIN
            """)
    }

    @Test("137: what was made and removed inside is not told of, nor are parents")
    func madeAndRemoved() throws {
        try verify(
            """
            S> WATCH /x|t|
            S< OK|
            S! /x
            S1> TRANSACTION_START |
            S1< 1|
            S1:1> WRITE /x/y|
            S1< OK|
            S1:1> RM /x/y|
            S1< OK|
            S1:1> TRANSACTION_END T|
            S1< OK|
            S.
            S> READ /x|
            S< 
            """)
    }

    @Test("138, 139: one event for a path, children before what was removed, all before the reply")
    func events() throws {
        try verify(
            """
            S> WATCH /pub|t|
            S> WATCH /drop|t|
            S> WATCH /drop/a|t|
            S< OK|
            S! /pub
            S< OK|
            S! /drop
            S< OK|
            S! /drop/a
            S1> WRITE /drop/a|
            S! /drop/a
            S! /drop/a
            S> TRANSACTION_START |
            S< 1|
            S:1> WRITE /pub|1
            S:1> WRITE /pub|2
            S:1> SET_PERMS /pub|r0|
            S:1> RM /drop|
            S< OK|
            S< OK|
            S< OK|
            S< OK|
            S:1> TRANSACTION_END T|
            S! /pub
            S! /drop/a
            S! /drop
            S< OK|
            S.
            """)
    }

    @Test("140: WATCH fires at once, whatever transaction it names")
    func watchInside() throws {
        try verify("S> TRANSACTION_START |\nS< 1|\nS:1> WATCH /pub|t|\nS< OK|\nS! /pub t")
    }

    @Test("141: RESET_WATCHES ends the transaction that it names, too")
    func resetInside() throws {
        try verify("S> TRANSACTION_START |\nS< 1|\nS:1> RESET_WATCHES |\nS< OK|\nS:1> TRANSACTION_END T|\nS< ENOENT")
    }

    @Test("142: a transaction is its connection's alone")
    func ofOthers() throws {
        try verify("D1> TRANSACTION_START |\nD1< 1|\nD2:1> TRANSACTION_END T|\nD2< ENOENT")
    }

    @Test("143: a guest has 10 transactions, and not one more")
    func transactionQuota() throws {
        let transcript = Transcript.prepared()
        for number in 1...10 { try verify("D1> TRANSACTION_START |\nD1< \(number)|", transcript) }
        try verify(
            """
            D1> TRANSACTION_START |
            D1< ENOSPC
            D1:4> TRANSACTION_END F|
            D1< OK|
            D1> TRANSACTION_START |
            D1< 11|
            """, transcript)
    }

    @Test("144: a guest's transaction looks at 1024 paths; one more, and it can't be committed")
    func pathQuota() throws {
        let transcript = try verify("D1> TRANSACTION_START |\nD1< 1|")
        for number in 0..<1024 { try verify("D1:1> READ /pub/\(number)|\nD1< ENOENT", transcript) }
        try verify(
            """
            D1:1> READ /pub/1|
            D1< ENOENT
            D1:1> READ /pub/more|
            D1< ENOSPC
            D1:1> TRANSACTION_END T|
            D1< ENOMEM
            """, transcript)
        #expect(transcript.core.counts(of: 1) == (0, 0))
    }

    /// Domain 1 owns so many nodes.
    private func owning(_ count: Int) throws -> Transcript {
        let transcript = Transcript.prepared()
        for number in 1..<count { try verify("D1> WRITE data/n\(number)|\nD1< OK|", transcript) }
        return try verify("owns 1 \(count)", transcript)
    }

    @Test("145: nodes are counted again at the commit")
    func nodesAtCommit() throws {
        try verify(
            """
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> WRITE data/inside|
            D1< OK|
            D1> WRITE data/outside|
            D1< OK|
            D1:1> TRANSACTION_END T|
            D1< ENOSPC
            owns 1 1000
            """, try owning(999))
    }

    @Test("146: a transaction's count may be nothing, or less, whatever was removed meanwhile")
    func negativeCount() throws {
        try verify(
            """
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> WRITE /drop/g|
            D1< OK|
            D1:1> RM /drop/g|
            D1< OK|
            S> RM /local/domain/1/data|
            S< OK|
            D1:1> TRANSACTION_END T|
            D1< OK|
            owns 1 0
            """)
    }

    @Test("147: a connection that closes takes its transactions with it")
    func closing() throws {
        let transcript = try verify(
            """
            S> WATCH /|t|
            S< OK|
            S! /
            S1> TRANSACTION_START |
            S1:1> WRITE /pub|n
            close S1
            S> READ /pub|
            S< pub
            S.
            """)
        #expect(transcript.core.counts.otherSlots == 0)
        #expect(transcript.core.counts(of: 0) == (1, 0))
    }

    /// START, READ, WRITE and END of the transaction with a number, 49 clients writing the node before the requests
    /// that `gaps` names. The reply of END.
    private func among49(_ transcript: Transcript, _ id: UInt32, gaps: Set<Int>) throws -> String {
        let requests = ["TRANSACTION_START |", "READ /pub|", "WRITE /pub|mine", "TRANSACTION_END T|"]
        for (index, request) in requests.enumerated() {
            for writer in 2...50 where gaps.contains(index) {
                // Nothing holds back who asks outside transactions.
                try verify(
                    "S\(writer)> WRITE /pub|\(id) \(index) \(writer)\nS\(writer)< OK|\nreads S\(writer)", transcript)
            }
            try verify("reads S1", transcript)
            transcript.send("S1", index == 0 ? 0 : id, request)
        }
        let answers = transcript.drain("S1")
        #expect(answers.count == 4 && answers.first == "< \(id)|" && answers[2] == "< OK|")
        return answers.last ?? ""
    }

    // Row 148 is the server's, whose turns let nobody come between (OnePieceTests).
    @Test("148: 49 clients that write between two of its requests break a transaction; before or behind it they don't")
    func onePiece() throws {
        for gap in 1...3 { #expect(try among49(.prepared(), 1, gaps: [gap]) == "< EAGAIN") }
        let transcript = Transcript.prepared()
        for round in 1...10 as ClosedRange<UInt32> {
            #expect(try among49(transcript, round, gaps: [0]) == "< OK|")
            try verify("S9> READ /pub|\nS9< mine", transcript)
        }
        #expect(try among49(transcript, 11, gaps: [0, 1, 2, 3]) == "< EAGAIN")
        // Right of way keeps transactions away, not them.
        #expect(try among49(transcript, 12, gaps: [2]) == "< EAGAIN")
        #expect(try among49(transcript, 13, gaps: [0]) == "< OK|")
    }

    @Test("149: a guest that breaks a transaction of the control domain again and again has to pause")
    func credit() throws {
        let transcript = try verify("S> SET_PERMS /pub|b0|\nS< OK|")
        var attempts = 0
        var reply = "EAGAIN"
        while reply == "EAGAIN", attempts < 20 {
            attempts += 1
            try verify("D0> TRANSACTION_START |\nD0< \(attempts)|", transcript)
            transcript.send("D0", UInt32(attempts), "READ /pub|")
            _ = transcript.take("D0")
            let mayWrite = transcript.core.mayRead(try #require(transcript.client("D1")), now: transcript.now)
            if mayWrite { try verify("D1> WRITE /pub|\(attempts)\nD1< OK|", transcript) }
            transcript.send("D0", UInt32(attempts), "WRITE /sec|\(attempts)")
            _ = transcript.take("D0")
            transcript.send("D0", UInt32(attempts), "TRANSACTION_END T|")
            reply = transcript.take("D0").map { shown($0.text) } ?? ""
        }
        #expect(reply == "OK|" && attempts > 1 && attempts <= 16)
        try verify("rests D1\ntime 50\nreads D1", transcript)
    }
}
