// Rows 150 to 163 of xenstored.md 18: domains come and go.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Domains")
struct DomainRowsTests {
    @Test("150, 151: the first INTRODUCE is told, before its reply; a second one starts the ring anew")
    func introduce() throws {
        let transcript = try verify(
            """
            S> WATCH @introduceDomain|t|
            S> WATCH @introduceDomain|d|1|
            S> WATCH @introduceDomain|z|0|
            S> WATCH @introduceDomain/4|o|
            S> WATCH @introduceDomain/5|n|
            S< OK|
            S! @introduceDomain t
            S< OK|
            S! @introduceDomain d
            S< OK|
            S! @introduceDomain z
            S< OK|
            S! @introduceDomain/4 o
            S< OK|
            S! @introduceDomain/5 n
            S> INTRODUCE 4|123|5|
            S! @introduceDomain t
            S! @introduceDomain/4 d
            S! @introduceDomain/4 o
            S< OK|
            D4> WRITE /drop/n|
            D4< OK|
            D4> WATCH /pub|t|
            D4> TRANSACTION_START |
            owns 4 1
            """)
        #expect(transcript.effects.contains(.introduce(domain: 4, port: 5)))
        try verify("S> INTRODUCE 4|-5|5|\nS< OK|\nS.\nD4.\nowns 4 1\nD4:1> READ /pub|\nD4< ENOENT", transcript)
        #expect(transcript.core.counts(of: 4) == (0, 0))
    }

    @Test("152: INTRODUCE of what is no guest, or without a port, is EINVAL")
    func badIntroduce() throws {
        for text in ["4|1|", "4|1|0|", "4|1|x|", "4|1|4294967296|", "32752|1|1|", "0|1|1|", "x|1|1|", "4"] {
            let transcript = try verify("S> INTRODUCE \(text)\nS< EINVAL")
            #expect(!transcript.effects.contains(.introduce(domain: 4, port: 1)))
        }
    }

    @Test("153: a ring that can't be mapped leaves all as it was")
    func mapFails() throws {
        try verify(
            """
            S> WATCH @introduceDomain|t|
            S< OK|
            S! @introduceDomain
            S> INTRODUCE 9|1|1|
            S< EINVAL
            S> IS_DOMAIN_INTRODUCED 9|
            S< F|
            S.
            """)
    }

    @Test("later requests of a connection wait for its INTRODUCE; others don't")
    func waiting() throws {
        let machine = [UInt16(1)]
        let core = XenstoreCore { machine.contains($0) ? 1 : nil }
        let one = core.openSocket()
        let other = core.openSocket()
        func send(_ id: ConnectionID, _ operation: XenstoreOperation, _ text: String) -> [Effect] {
            var effects: [Effect] = []
            core.handle(id, XenstoreHeader(operation, requestID: 1), bytes(text).span, now: 0, into: &effects)
            return effects
        }
        #expect(send(one, .introduce, "1|1|9|") == [.introduce(domain: 1, port: 9)])
        #expect(!core.mayRead(one, now: 0) && core.mayRead(other, now: 0))
        #expect(send(one, .isDomainIntroduced, "1|").isEmpty)
        #expect(send(other, .isDomainIntroduced, "1|") == [.output(other)])
        var effects: [Effect] = []
        core.event(.introduced(domain: 1, succeeded: true), now: 0, into: &effects)
        #expect(effects == [.output(one), .resumeReading(one)])
        #expect(core.takeMessage(one).map { Array($0[16...]) } == bytes("OK|"))
        #expect(core.takeMessage(one).map { Array($0[16...]) } == bytes("T|"))
    }

    @Test("154, 155: IS_DOMAIN_INTRODUCED says T of what is introduced and of oneself, and nothing to guests")
    func isIntroduced() throws {
        try verify(
            """
            S> IS_DOMAIN_INTRODUCED 1|
            S< T|
            S> IS_DOMAIN_INTRODUCED 4|
            S< F|
            S> IS_DOMAIN_INTRODUCED 32752|
            S< T|
            D1> IS_DOMAIN_INTRODUCED 1|
            D1< EACCES
            """)
    }

    @Test("156: RELEASE removes the domain's nodes, then tells, then replies")
    func release() throws {
        let transcript = try verify(
            """
            S> WATCH /local|t|
            S> WATCH @releaseDomain|t|
            S< OK|
            S! /local
            S< OK|
            S! @releaseDomain
            S> RELEASE 1|
            S! /local/domain/1/data
            S! @releaseDomain
            S< OK|
            S> IS_DOMAIN_INTRODUCED 1|
            S< F|
            S> DIRECTORY /local/domain/1|
            S< 
            """)
        #expect(transcript.effects.contains(.unbind(domain: 1)))
    }

    @Test("157: RELEASE of the own domain is EINVAL, of an unknown one ENOENT; RESUME has the same checks")
    func badRelease() throws {
        for name in ["RELEASE", "RESUME"] {
            try verify(
                "S> \(name) 0|\nS< EINVAL\nS> \(name) 77|\nS< ENOENT\nS> \(name) x|\nS< EINVAL\nS> \(name) 1\nS< EINVAL"
            )
        }
    }

    private let watching = """
        S> WATCH @releaseDomain|t|
        S> WATCH @releaseDomain|d|1|
        S> WATCH @releaseDomain|z|0|
        S< OK|
        S! @releaseDomain t
        S< OK|
        S! @releaseDomain d
        S< OK|
        S! @releaseDomain z

        """

    @Test("158, 159, 160: shutdowns are told once for each domain and once for all; dying is not told")
    func shutdown() throws {
        try verify(
            watching + """
                Xen shutdown 1
                Xen shutdown 2
                batch
                S! @releaseDomain/1 d
                S! @releaseDomain/2 d
                S! @releaseDomain t
                S.
                Xen shutdown 1
                batch
                S.
                S> RESUME 1|
                S< OK|
                Xen shutdown 1
                batch
                S! @releaseDomain/1 d
                S! @releaseDomain t
                Xen dying 1
                batch
                S.
                D1> READ /pub|
                D1< pub
                """)
    }

    @Test("161: a dead domain's nodes go, then its end is told")
    func death() throws {
        try verify(
            """
            S> WATCH /local|n|
            S< OK|
            S! /local n

            """ + watching + """
                Xen dead 1
                batch
                S! /local/domain/1/data n
                S! @releaseDomain/1 d
                S! @releaseDomain t
                S.
                owns 1 0
                """)
    }

    @Test("162: another domain with a known number is another domain: the old one is removed first")
    func reuse() throws {
        try verify(
            """
            S> SET_PERMS /sec|n0|b1|
            S< OK|
            Xen new 1
            batch
            S> IS_DOMAIN_INTRODUCED 1|
            S< F|
            S> INTRODUCE 1|1|1|
            S< OK|
            owns 1 0
            D1> READ /sec|
            D1< EACCES
            D1> READ data|
            D1< EACCES
            """)
    }

    @Test("163: who watches one domain hears of that one only")
    func oneDomain() throws {
        try verify(
            """
            D2> WATCH @releaseDomain/1|t|
            D2< OK|
            D2! @releaseDomain/1
            Xen dead 1
            Xen dead 3
            batch
            D2! @releaseDomain/1
            D2.
            """)
    }

    @Test("orphans are kept, as the control domain's, when that is asked for")
    func orphans() throws {
        try verify(
            """
            S> WATCH /local|t|
            S< OK|
            S! /local
            Xen dead 1
            batch
            S.
            S> GET_PERMS /local/domain/1/data|
            S< n0|
            owns 1 0
            """, .prepared(keepsOrphans: true))
    }

    @Test("nodes that can't be removed are the control domain's when their owner dies: / and the special ones")
    func unremovable() throws {
        try verify(
            """
            S> SET_PERMS /|n1|
            S< OK|
            S> SET_PERMS @releaseDomain|n1|r2|
            S< OK|
            Xen dead 1
            Xen dead 2
            batch
            S> GET_PERMS /|
            S< n0|
            S> GET_PERMS @releaseDomain|
            S< n0|
            S> READ /pub|
            S< pub
            """)
    }

    @Test("the store begins with five nodes, all of the control domain")
    func firstContents() throws {
        let transcript = try verify(
            """
            S> DIRECTORY /|
            S< tool|
            S> DIRECTORY /tool|
            S< xenstored|
            S> READ /tool/xenstored|
            S< 
            S> GET_PERMS /tool/xenstored|
            S< n0|
            S> GET_PERMS /|
            S< n0|
            S> GET_PERMS @releaseDomain|
            S< n0|r32757|
            owns 0 5
            """, Transcript())
        #expect(transcript.core.counts.nodes == 5)
    }
}
