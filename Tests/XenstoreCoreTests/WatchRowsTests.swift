// Rows 89 to 117 of xenstored.md 18: who hears of what, in which order, and how often.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Watches")
struct WatchRowsTests {
    @Test("89, 90, 91: a watch is acknowledged, then fires once; the same path and token again is EEXIST")
    func watching() throws {
        try verify(
            """
            S> WATCH /pub|t|
            S< OK|
            S! /pub t
            S> WATCH /pub|t|
            S< EEXIST
            S> WATCH /pub|t|1|
            S< EEXIST
            S> WATCH /pub|u|
            S< OK|
            S! /pub u
            D1> WATCH data|t|
            D1< OK|
            D1! data t
            D1> WATCH /local/domain/1/data|t|
            D1< EEXIST
            """)
    }

    @Test("92, 93, 94: a watch has a path and a token, and a depth if the domain has the feature")
    func arguments() throws {
        try verify(
            """
            S> WATCH /pub|
            S< EINVAL
            S> WATCH /pub|t|x|
            S< EINVAL
            S> WATCH /pub|t|-1|
            S< EINVAL
            S> WATCH /pub|t|99999|
            S< OK|
            S! /pub
            S> SET_FEATURE 4|11|
            S< OK|
            S> INTRODUCE 4|1|1|
            S< OK|
            D4> WATCH /pub|t|1|
            D4< EINVAL
            D1> WATCH /pub|t|1|
            D1< OK|
            """)
    }

    @Test("95: a watch of what may not be read fires once, and not again")
    func unreadable() throws {
        try verify(
            """
            D1> WATCH /sec|t|
            D1< OK|
            D1! /sec t
            S> WRITE /sec|x
            S> RM /sec|
            S> WRITE /sec|x
            D1.
            """)
    }

    @Test("96, 97, 98: what is watched need not be there; what is not watched can't be unwatched")
    func absent() throws {
        try verify(
            """
            S> WATCH /not/there|t|
            S< OK|
            S! /not/there t
            S> UNWATCH /pub|other|
            S< ENOENT
            S> UNWATCH /pub|
            S< EINVAL
            S> UNWATCH /not/there|t|
            S< OK|
            S> WRITE /not/there|x
            S< OK|
            S.
            """)
    }

    @Test("99, 100: an event comes before the reply, and only for the path and what is below")
    func order() throws {
        try verify(
            """
            S> WATCH /pub|t|
            S< OK|
            S! /pub
            S> WRITE /pub|1
            S! /pub
            S< OK|
            S> WRITE /pubx|1
            S< OK|
            S.
            """)
    }

    @Test("101, 102, 103: a depth is how many levels below are watched")
    func depth() throws {
        try verify(
            """
            S> WATCH /pub|zero|0|
            S< OK|
            S! /pub zero
            S1> WATCH /pub|one|1|
            S1< OK|
            S1! /pub one
            S2> WATCH /|top|1|
            S2< OK|
            S2! / top
            S3> WRITE /pub|
            S3> WRITE /pub/k|
            S3> WRITE /pub/k/l|
            S3> WRITE /n|
            S3> WRITE /n/o|
            S! /pub zero
            S.
            S1! /pub one
            S1! /pub/k one
            S1.
            S2! /pub top
            S2! /n top
            S2.
            """)
    }

    @Test("104: a watch of a relative path reports relative paths")
    func relative() throws {
        try verify(
            """
            D1> WATCH data|t|
            D1< OK|
            D1! data
            D1> WRITE data/k|v
            D1! data/k
            D1< OK|
            D1> WRITE /local/domain/1/data|v
            D1! data
            D1< OK|
            """)
    }

    @Test("105, 106: RM tells watches below of themselves, children first, and only where a node was")
    func removal() throws {
        try verify(
            """
            S1> WRITE /drop/a/b|
            S> WATCH /drop|t|
            S> WATCH /drop/a|t|
            S> WATCH /drop/a/b|t|
            S> WATCH /drop/zz|t|
            S< OK|
            S! /drop
            S< OK|
            S! /drop/a
            S< OK|
            S! /drop/a/b
            S< OK|
            S! /drop/zz
            S1> RM /drop|
            S! /drop/a/b
            S! /drop/a
            S! /drop
            S.
            """)
    }

    @Test("107: watches of one path fire in the order in which they were registered")
    func registrationOrder() throws {
        try verify(
            """
            S> WATCH /pub|t1|
            S> WATCH /pub|t2|
            S> WATCH /|t0|
            S< OK|
            S! /pub t1
            S< OK|
            S! /pub t2
            S< OK|
            S! / t0
            S> WRITE /pub|
            S! /pub t1
            S! /pub t2
            S! /pub t0
            S< OK|
            """)
    }

    @Test("108, 109: who could read before, or can read after, hears of new permissions")
    func permissions() throws {
        try verify(
            """
            D2> WATCH /sec|t|
            D2< OK|
            D2! /sec
            S> SET_PERMS /sec|n0|r2|
            D2! /sec
            S> SET_PERMS /sec|n0|
            D2! /sec
            S> SET_PERMS /sec|n0|
            D2.
            """)
    }

    @Test("110: who can read the parent hears of its children, whatever their permissions")
    func readableParent() throws {
        try verify(
            """
            D2> WATCH /pub|t|
            D2< OK|
            D2! /pub
            S> WRITE /pub/h|
            D2! /pub/h
            S> SET_PERMS /pub/h|n0|
            D2! /pub/h
            S> WRITE /pub/h|
            D2! /pub/h
            """)
    }

    @Test("111: equal events that nobody has read wait once")
    func coalescing() throws {
        let transcript = try verify("S2> WATCH /pub|t|\nS2< OK|\nS2! /pub")
        for _ in 0..<1000 { try verify("S> WRITE /pub|x\nS< OK|", transcript) }
        try verify("S2 waits 1\nS2! /pub\nS2.", transcript)
    }

    @Test("112: a watcher that never reads costs at most its limit and one event for each watch")
    func folding() throws {
        let transcript = try verify("S2> WATCH /|t|\nS2< OK|\nS2! / t")
        var most = 0
        let watcher = try #require(transcript.client("S2"))
        for number in 0..<100_000 {
            transcript.send("S", 0, .write, Array("/p/\(number)\0".utf8))
            most = max(most, transcript.core.waiting(watcher).events)
            if number % 1000 == 0 { _ = transcript.drain("S") }
        }
        #expect(most <= 65537 && most >= 65536)
        try verify("S2 waits 1\nS2! /p t\nS2.", transcript)
    }

    @Test("a folded event stands at the tail, for the deepest path above all that it replaces, and not above its watch")
    func foldedPath() throws {
        try verify(
            """
            S> SET_QUOTA 2|watch-events|3|
            D2> WATCH /pub/d|t|
            D2> WATCH /drop|u|
            D2< OK|
            D2! /pub/d
            D2< OK|
            D2! /drop u
            S> WRITE /pub/d/a/one|
            S> WRITE /drop/x|
            S> WRITE /pub/d/a/two|
            D2 waits 3
            S> WRITE /pub/d/a/three|
            D2 waits 2
            S> WRITE /pub/d/a/four|
            D2 waits 2
            S> WRITE /drop/y|
            D2! /drop/x u
            D2! /pub/d/a t
            D2! /drop/y u
            D2.
            S> WRITE /pub/d/a/four|
            D2! /pub/d/a/four
            S> WRITE /pub/d/1|
            S> WRITE /pub/d/2|
            S> WRITE /pub/d/3|
            S> WRITE /pub/d/4|
            D2! /pub/d t
            D2.
            """)
    }

    @Test("113: an event that is too long is for an ancestor that fits, at or below the watch")
    func longEvent() throws {
        let transcript = Transcript.prepared()
        let below = String(repeating: "y", count: 900)
        try verify("S> SET_PERMS /drop|b0|r1|\nD1> WATCH /drop|{t*2000}|\nD1< OK|\nD1! /drop {t*2000}", transcript)
        try verify("S> WRITE /drop/\(below)/\(below)/{z*1200}|\nD1! /drop/\(below)/\(below) {t*2000}", transcript)
    }

    @Test("114: a guest has 128 watches, and not one more")
    func watchQuota() throws {
        let transcript = Transcript.prepared()
        for number in 0..<128 { try verify("D1> WATCH /pub|\(number)|\nD1< OK|\nD1! /pub \(number)", transcript) }
        try verify(
            "D1> WATCH /pub|more|\nD1< ENOSPC\nD1> UNWATCH /pub|7|\nD1< OK|\nD1> WATCH /pub|more|\nD1< OK|",
            transcript)
    }

    @Test("115: events of a watch that ends are withdrawn")
    func withdrawal() throws {
        try verify(
            """
            D1> WATCH /pub|t|
            D1> WATCH /pub|u|
            D1< OK|
            D1! /pub t
            D1< OK|
            D1! /pub u
            S> WRITE /pub|
            S> WRITE /pub/a|
            S> WRITE /pub/b|
            D1 waits 6
            D1> UNWATCH /pub|t|
            D1! /pub u
            D1! /pub/a u
            D1! /pub/b u
            D1< OK|
            D1.
            """)
    }

    @Test("116: special paths that mean nothing may be watched, and fire once")
    func unknownSpecial() throws {
        try verify("S> WATCH @foo|t|\nS< OK|\nS! @foo t\nS> INTRODUCE 4|1|1|\nS< OK|\nS> RELEASE 4|\nS< OK|\nS.")
    }

    @Test("117: RESET_WATCHES ends watches and transactions, and the counts with them")
    func resetWatches() throws {
        let transcript = Transcript.prepared()
        for number in 0..<5 { try verify("S> WATCH /pub|\(number)|\nS< OK|\nS! /pub \(number)", transcript) }
        try verify(
            """
            S> TRANSACTION_START |
            S< 1|
            S> TRANSACTION_START |
            S< 2|
            S1> WRITE /pub|
            S> RESET_WATCHES |
            S< OK|
            S> WRITE /pub|
            S< OK|
            S:1> TRANSACTION_END T|
            S< ENOENT
            S.
            """, transcript)
        #expect(transcript.core.counts(of: 0) == (0, 0))
        #expect(transcript.core.counts.trieNodes == 2)
    }
}
