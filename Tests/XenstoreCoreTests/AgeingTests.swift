// Progress of transactions in conflict (xenstored.md 5.6): who waits for whom, and how long.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Ageing of transactions")
struct AgeingTests {
    /// `who` has failed once on `/pub`, and has begun anew: it claims what it looked at.
    private func claiming(_ who: String) throws -> Transcript {
        let transcript = try verify("S> SET_PERMS /pub|b0|\nS< OK|")
        try verify(
            """
            \(who)> TRANSACTION_START |
            \(who)< 1|
            \(who):1> READ /pub|
            \(who)< pub
            S9> WRITE /pub|new
            S9< OK|
            \(who):1> WRITE /pub|mine
            \(who)< OK|
            \(who):1> TRANSACTION_END T|
            \(who)< EAGAIN
            \(who)> TRANSACTION_START |
            \(who)< 2|
            """, transcript)
        return transcript
    }

    @Test("who failed before keeps its paths from others' transactions until its next attempt has ended")
    func held() throws {
        let transcript = try claiming("S1")
        try verify(
            """
            S2> TRANSACTION_START |
            S2< 1|
            S2:1> READ /sec|
            S2< sec
            S2:1> READ /pub|
            S2:1> WRITE /pub|two
            S2> READ /sec|
            S2.
            rests S2
            S1:2> READ /pub|
            S1< new
            S1:2> WRITE /pub|one
            S1< OK|
            S1:2> TRANSACTION_END T|
            S1< OK|
            S2< new
            S2< OK|
            S2< sec
            S2.
            reads S2
            """, transcript)
        let id = try #require(transcript.client("S2"))
        #expect(transcript.effects.contains(.resumeReading(id)))
    }

    @Test("who waited before it saw anything sees what it waited for, and commits")
    func renewed() throws {
        let waiting = """
            S2> TRANSACTION_START |
            S2< 1|
            S2:1> READ /pub|
            S2:1> WRITE /pub|two
            S2:1> TRANSACTION_END T|
            S2.
            """
        let transcript = try claiming("S1")
        let before = transcript.core.counts
        try verify(waiting, transcript)
        try verify(
            """
            S1:2> READ /pub|
            S1< new
            S1:2> WRITE /pub|one
            S1< OK|
            S1:2> TRANSACTION_END T|
            S1< OK|
            S2< one
            S2< OK|
            S2< OK|
            S3> READ /pub|
            S3< two
            """, transcript)
        #expect(transcript.core.counts.otherSlots <= before.otherSlots)
        // A request that was refused has seen the store as well.
        try verify(
            waiting.replacing("S2:1> READ /pub|", with: "S2:1> READ /none|\nS2< ENOENT\nS2:1> READ /pub|")
                + "\nS1:2> READ /pub|\nS1< new\nS1:2> WRITE /pub|one\nS1< OK|\nS1:2> TRANSACTION_END T|\nS1< OK|"
                + "\nS2< new\nS2< OK|\nS2< EAGAIN", try claiming("S1"))
    }

    @Test("who has a claim sees what was changed after its start and before its first request")
    func claimSeesLast() throws {
        try verify(
            """
            S9> WRITE /pub|last
            S9< OK|
            S1:2> READ /pub|
            S1< last
            S9> WRITE /pub|later
            S9< OK|
            S1:2> READ /pub|
            S1< last
            """, try claiming("S1"))
    }

    /// Each has failed once on `/pub`, a millisecond after the one before, and has begun anew; all
    /// but the first wait, and so do `others`, which have not failed.
    private func claiming(_ claimants: [String], others: [String], pause: Int = 1) throws -> Transcript {
        let transcript = try verify("S> SET_PERMS /pub|b0|\nS< OK|")
        for who in claimants {
            try verify(
                "\(who)> TRANSACTION_START |\n\(who)< 1|\n\(who):1> READ /pub|\n\(who)< pub\ntime \(pause)", transcript)
        }
        try verify("S9> WRITE /pub|new\nS9< OK|", transcript)
        for who in claimants {
            try verify("\(who):1> WRITE /pub|x\n\(who)< OK|\n\(who):1> TRANSACTION_END T|\n\(who)< EAGAIN", transcript)
        }
        for who in claimants { try verify("\(who)> TRANSACTION_START |\n\(who)< 2|", transcript) }
        for who in others { try verify("\(who)> TRANSACTION_START |\n\(who)< 1|", transcript) }
        for who in claimants { transcript.send(who, 2, "READ /pub|") }
        for who in others { transcript.send(who, 1, "READ /pub|") }
        try verify("\(claimants[0])< new", transcript)
        for who in claimants.dropFirst() + others { try verify("\(who).", transcript) }
        return transcript
    }

    /// Commits what `who` has tried before.
    private func commit(_ who: String) -> String {
        "\(who):2> WRITE /pub|\(who)\n\(who)< OK|\n\(who):2> TRANSACTION_END T|\n\(who)< OK|\n"
    }

    @Test("when a claim ends its path goes to the oldest that stands, and all others go on waiting", arguments: [1, 0])
    func handedOver(_ pause: Int) throws {
        let transcript = try claiming(["S1", "S2", "S3"], others: ["S4", "S5"], pause: pause)
        try verify(commit("S1") + "S2< S1\nS3.\nS4.\nS5.", transcript)
        try verify(commit("S2") + "S3< S2\nS4.\nS5.", transcript)
        try verify(commit("S3") + "S4< S3\nS5< S3", transcript)
        transcript.tick(0)
        #expect(transcript.core.nextDeadline() == nil)
    }

    @Test("a claim that takes a path over has 20 ms from then, once")
    func ownTime() throws {
        let transcript = try claiming(["S1", "S2"], others: ["S4"])
        try verify("time 15\n" + commit("S1") + "S2< S1\nS4.\ntime 19\nS4.\ntime 1\nS4< S1", transcript)
        transcript.tick(0)
        #expect(transcript.core.nextDeadline() == nil)
    }

    @Test("a guest's claim that takes a path over holds back no privileged connection, and closed ones wait no more")
    func handedToGuest() throws {
        let transcript = try claiming(["S1", "D1"], others: ["S4", "D2", "S5", "D3"])
        try verify("close S5\nXen dead 3\n" + commit("S1") + "D1< S1\nS4< S1\nD2.", transcript)
        try verify(commit("D1") + "D2< D1", transcript)
    }

    @Test("a claim ends after 20 ms, and its holder's transaction is not hurt by that")
    func deadline() throws {
        let transcript = try claiming("S1")
        #expect(transcript.core.nextDeadline() == transcript.now + 20)
        try verify(
            """
            S2> TRANSACTION_START |
            S2< 1|
            S2:1> READ /pub|
            time 19
            S2.
            time 1
            S2< new
            S1:2> READ /pub|
            S1< new
            S1:2> TRANSACTION_END T|
            S1< OK|
            """, transcript)
        #expect(transcript.core.nextDeadline() == nil)
    }

    @Test("requests outside transactions are never held back")
    func outside() throws {
        try verify("S2> READ /pub|\nS2< new\nS2> WRITE /pub|x\nS2< OK|", try claiming("S1"))
    }

    @Test("a guest's claim holds back guests, and no privileged connection")
    func guests() throws {
        try verify(
            """
            S2> TRANSACTION_START |
            S2< 1|
            S2:1> READ /pub|
            S2< new
            D2> TRANSACTION_START |
            D2< 1|
            D2:1> READ /pub|
            D2.
            D1:2> TRANSACTION_END F|
            D1< OK|
            D2< new
            """, try claiming("D1"))
    }

    @Test("a guest claims for a tenth of the time at most")
    func share() throws {
        let transcript = try claiming("D1")
        func attempt(_ id: Int) throws {
            try verify(
                """
                D1:\(id)> READ /pub|
                D1:\(id)> WRITE /pub|mine
                S9> WRITE /pub|\(id)
                S9< OK|
                D1:\(id)> TRANSACTION_END T|
                D1> TRANSACTION_START |
                """, transcript)
            _ = transcript.drain("D1")
        }
        transcript.tick(10)
        try attempt(2)
        // It had its claim for 10 ms: none for 100 ms.
        #expect(transcript.core.nextDeadline() == nil)
        transcript.tick(99)
        try attempt(3)
        #expect(transcript.core.nextDeadline() == nil)
        transcript.tick(1)
        try attempt(4)
        #expect(transcript.core.nextDeadline() == transcript.now + 20)
    }

    @Test("of two chains the older one's claim holds, and the two don't wait for each other")
    func older() throws {
        let transcript = try claiming("S1")
        transcript.tick(20)
        try verify(
            """
            S1:2> TRANSACTION_END T|
            S1< OK|
            S1> TRANSACTION_START |
            S1< 3|
            S2> TRANSACTION_START |
            S2< 1|
            S1:3> READ /pub|
            S1< new
            time 1
            S3> TRANSACTION_START |
            S3< 1|
            S2:1> READ /pub|
            S2< new
            S3:1> READ /pub|
            S3< new
            S9> WRITE /pub|x
            S9< OK|
            S2:1> WRITE /pub|2
            S2< OK|
            S3:1> WRITE /pub|3
            S3< OK|
            S3:1> TRANSACTION_END T|
            S3< EAGAIN
            S2:1> TRANSACTION_END T|
            S2< EAGAIN
            S3> TRANSACTION_START |
            S3< 2|
            S2> TRANSACTION_START |
            S2< 2|
            S3:2> READ /pub|
            S3.
            S2:2> READ /pub|
            S2< x
            S2:2> WRITE /pub|2
            S2< OK|
            S2:2> TRANSACTION_END T|
            S2< OK|
            S3< 2
            """, transcript)
    }

    @Test("a chain is forgotten after a second without a transaction, by F and by RESET_WATCHES")
    func forgotten() throws {
        for ending in [
            "D1:2> TRANSACTION_END F|\nD1< OK|", "D1> RESET_WATCHES |\nD1< OK|", "D1:2> TRANSACTION_END T|\nD1< OK|",
        ] {
            let transcript = try claiming("D1")
            transcript.tick(300)
            try verify("\(ending)\ntime 300\nD1> TRANSACTION_START |\nD1< 3|", transcript)
            #expect(transcript.core.nextDeadline() == nil)
        }
        for (pause, isForgotten) in [(UInt64(999), false), (1000, true)] {
            let transcript = try verify(
                """
                S1> TRANSACTION_START |
                S1:1> READ /pub|
                S9> WRITE /pub|new
                S1:1> WRITE /pub|mine
                S1:1> TRANSACTION_END T|
                time \(pause)
                S1> TRANSACTION_START |
                """)
            #expect((transcript.core.nextDeadline() == nil) == isForgotten)
        }
    }

    @Test("a connection that closes, or a domain that dies, holds nobody back any more")
    func gone() throws {
        for (who, ending) in [("S1", "close S1"), ("D1", "Xen dead 1"), ("D1", "reset D1")] {
            try verify(
                """
                D2> TRANSACTION_START |
                D2< 1|
                D2:1> READ /pub|
                D2.
                \(ending)
                D2< new
                """, try claiming(who))
        }
        // And who waits may go itself.
        try verify(
            """
            D2> TRANSACTION_START |
            D2:1> READ /pub|
            Xen dead 2
            S1:2> TRANSACTION_END T|
            S1< OK|
            """, try claiming("S1"))
    }
}
