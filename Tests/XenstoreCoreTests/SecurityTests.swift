// The rules of xenstored.md 16 that are the core's, each named after the advisory: rights, events, domains.
// Counts and quotas: SecurityCountTests.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Security rules: rights, events, domains")
struct SecurityTests {
    @Test("XSA-72: a reply above 4096 bytes is E2BIG, and no message is longer")
    func longReply() throws {
        let transcript = Transcript.prepared()
        try verify("S> SET_PERMS /pub|n0|{r1|*1360}\nS< OK|", transcript)
        let id = try #require(transcript.client("S"))
        transcript.send("S", 0, "GET_PERMS /pub|")
        while let message = transcript.core.takeMessage(id) { #expect(message.count <= 4112) }
        for number in 0..<100 { try verify("S> WRITE /pub/{x*60}\(number)|\nS< OK|", transcript) }
        try verify("S> DIRECTORY /pub|\nS< E2BIG", transcript)
    }

    @Test("XSA-115: what a guest may not read, it does not hear of; not of domains either, unless it may")
    func events() throws {
        try verify(
            """
            D1> WATCH /|t|
            D1< OK|
            D1! /
            D1> WATCH @introduceDomain|t|
            D1< OK|
            D1! @introduceDomain
            D1> WATCH @introduceDomain/4|t|
            D1< OK|
            D1! @introduceDomain/4
            S> WRITE /sec|x
            S> WRITE /sec/below|x
            S> RM /sec|
            S> WRITE /local/domain/2/data|x
            S> INTRODUCE 4|1|1|
            D1.
            S> SET_PERMS @introduceDomain|n0|r1|
            S> INTRODUCE 5|1|1|
            D1! @introduceDomain
            D1.
            S> SET_PERMS @releaseDomain|n0|
            D1> WATCH @releaseDomain|t|
            D1< OK|
            D1! @releaseDomain
            Xen dead 5
            batch
            D1.
            """)
    }

    @Test("XSA-206: a guest that writes what the control domain reads stops it for 16 tries at most")
    func flooding() throws {
        let transcript = try verify("S> SET_PERMS /pub|b0|\nS< OK|")
        var tries = 0
        var reply = "EAGAIN"
        let guest = try #require(transcript.client("D1"))
        while reply == "EAGAIN", tries < 17 {
            tries += 1
            transcript.send("S", 0, "TRANSACTION_START |")
            transcript.send("S", UInt32(tries), "READ /pub|")
            for number in 0..<10 where transcript.core.mayRead(guest, now: transcript.now) {
                try verify("D1> WRITE /pub|\(tries).\(number)\nD1< OK|", transcript)
            }
            transcript.send("S", UInt32(tries), "WRITE /pub|s")
            transcript.send("S", UInt32(tries), "TRANSACTION_END T|")
            reply = transcript.drain("S").last.map { String($0.dropFirst(2)) } ?? ""
        }
        #expect(reply == "OK|" && tries <= 16)
    }

    @Test("XSA-233: a stub domain and its target may go in either order, or in one batch")
    func targets() throws {
        for deaths in ["Xen dead 3\nXen dead 1", "Xen dead 1\nXen dead 3", "Xen dead 1\nbatch\nXen dead 3"] {
            try verify(
                """
                S> SET_TARGET 3|1|
                S< OK|
                \(deaths)
                batch
                Xen starts 1
                Xen starts 3
                S> INTRODUCE 1|1|1|
                S< OK|
                S> INTRODUCE 3|1|1|
                S< OK|
                S> WRITE /own|x
                S< OK|
                S> SET_PERMS /own|n1|
                S< OK|
                D3> READ /own|
                D3< EACCES
                D1> READ /own|
                D1< x
                """)
        }
    }

    @Test("XSA-322: a new domain with an old number has no right of the old one, as an owner or by an entry")
    func oldNumbers() throws {
        let transcript = try verify(
            """
            S> SET_PERMS /sec|n0|b1|
            S< OK|
            D2> WRITE /drop/two|
            D2< OK|
            D2> SET_PERMS /drop/two|n2|b1|
            D2< OK|
            Xen dead 1
            batch
            Xen starts 1
            S> INTRODUCE 1|1|1|
            S< OK|
            D1> READ /sec|
            D1< EACCES
            D1> WRITE /drop/two|x
            D1< EACCES
            S> GET_PERMS /sec|
            S< n0|
            """)
        try verify("S> RELEASE 1|\nS< OK|\nS> INTRODUCE 1|1|1|\nS< OK|\nD1> READ /sec|\nD1< EACCES", transcript)
    }

    @Test("XSA-323: absolute, relative, watched and special paths pass the same check of their length")
    func lengths() throws {
        try verify(
            """
            D1> WATCH @{x*2048}|t|
            D1< EINVAL
            D1> WATCH {x*2049}|t|
            D1< EINVAL
            D1> READ {x*2049}|
            D1< EINVAL
            D1> UNWATCH /{x*2048}|t|
            D1< EINVAL
            D1> GET_PERMS @{x*2048}|
            D1< EINVAL
            D1> READ /local/domain/123456/{x*2048}|
            D1< EINVAL
            S> WATCH @{x*3072}|t|
            S< EINVAL
            S> READ {x*3057}|
            S< EINVAL
            S> READ {x*3056}|
            S< ENOENT
            """)
    }

    @Test("XSA-324: a long token and a deep change give a shorter event, and nothing breaks")
    func longToken() throws {
        try verify(
            """
            S> WATCH /|{t*4000}|
            S< OK|
            S! / {t*4000}
            S1> WRITE /{d*90}/{e*90}|
            S! /{d*90} {t*4000}
            S1> WRITE /{d*95}/{e*90}|
            S! / {t*4000}
            S.
            """)
    }

    @Test("XSA-352: a guest can't give a node away, alone or in a transaction")
    func giving() throws {
        try verify(
            """
            D1> SET_PERMS data|n2|
            D1< EPERM
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> SET_PERMS data|n2|
            D1< EPERM
            D1:1> WRITE data/new|
            D1< OK|
            D1:1> SET_PERMS data/new|n2|
            D1< EPERM
            D1:1> TRANSACTION_END T|
            D1< OK|
            owns 1 2
            """)
    }

    @Test("XSA-353: / is a node as others: a guest can't read, list, write, remove nor chmod it")
    func root() throws {
        for request in [
            "READ /|", "DIRECTORY /|", "WRITE /|x", "RM /|", "SET_PERMS /|n1|", "GET_PERMS /|", "MKDIR /n|",
        ] {
            try verify("D1> \(request)\nD1< EACCES")
        }
    }

    @Test("XSA-417: an entry for an absent domain stays stale when that one appears; an owner can't be absent")
    func absentDomains() throws {
        try verify(
            """
            S> SET_PERMS /sec|n9|
            S< ENOENT
            D1> SET_PERMS data|n1|b9|
            D1< OK|
            Xen starts 9
            S> INTRODUCE 9|1|1|
            S< OK|
            D9> WRITE /local/domain/1/data|x
            D9< EACCES
            D1> SET_PERMS data|n1|b9|
            D1< OK|
            D9> WRITE /local/domain/1/data|x
            D9< OK|
            """)
    }

    @Test("XSA-425: RELEASE and INTRODUCE with input held back, output, watches and transactions under way")
    func releaseInside() throws {
        let transcript = try verify(
            """
            D1> WATCH /pub|t|
            D1> TRANSACTION_START |
            D1:1> WRITE data/x|
            S> WRITE /pub|
            S< OK|
            S> RELEASE 1|
            S< OK|
            S> INTRODUCE 1|1|1|
            S< OK|
            D1.
            D1:1> READ /pub|
            D1< ENOENT
            S> WRITE /pub|
            D1.
            owns 1 0
            """)
        #expect(transcript.core.memoryByteCount(of: 1) == 0)
        #expect(transcript.core.counts(of: 1) == (0, 0))
        #expect(transcript.core.counts.otherSlots == 0)
    }

    @Test("XSA-481: every malformed path gives one EINVAL, and the next request is served")
    func malformed() throws {
        let paths = ["", "//", "/a/", "a//b", "/local/domain/", "@/", "/a\\01", "/ä", "a b", "/a//", "./|..", "/\\ff"]
        for path in paths {
            for name in ["READ", "DIRECTORY", "MKDIR", "RM", "GET_PERMS", "WRITE"] {
                try verify("D1> \(name) \(path)|\nD1< EINVAL\nD1> READ /pub|\nD1< pub\nD1.")
            }
            try verify("D1> WATCH \(path)|t|\nD1< EINVAL\nD1> SET_PERMS \(path)|n1|\nD1< EINVAL\nD1.")
        }
    }

    @Test("XSA-484: RESET_WATCHES in an open transaction ends that one, too")
    func resetInside() throws {
        let transcript = try verify(
            """
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> WRITE data/x|
            D1< OK|
            D1:1> RESET_WATCHES |
            D1< OK|
            D1:1> READ data|
            D1< ENOENT
            D1> TRANSACTION_START |
            D1< 2|
            """)
        #expect(transcript.core.counts(of: 1) == (0, 1))
    }
}
