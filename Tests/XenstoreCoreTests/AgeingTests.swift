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
            S3< x
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
