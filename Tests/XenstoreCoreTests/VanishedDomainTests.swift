// Domains that SET_PERMS finds gone before Xen's interrupt has told of it: their nodes go at that moment, and no
// request that is under way may write below them. The soak (Tests/Xenstored/soak) has found these.
// Not for: domains of which Xen tells (DomainRowsTests).

import Testing
import XenstoreCore

@Suite("Domains found gone")
struct VanishedDomainTests {
    /// Domain 7 exists and was never introduced; `/x` is its own, `/x/y` is not.
    private func prepared() throws -> Transcript {
        let transcript = try verify(
            """
            S> WRITE /x|
            S< OK|
            S> SET_PERMS /x|n7|
            S< OK|
            S> WRITE /x/y|
            S< OK|
            S> SET_PERMS /x/y|n0|
            S< OK|
            """)
        return transcript
    }

    @Test("SET_PERMS of a node below one of a domain that it names and finds gone: the node is gone, too")
    func outside() throws {
        let transcript = try prepared()
        let nodes = transcript.core.counts.nodes
        transcript.machine.domains[7] = nil
        try verify("S> SET_PERMS /x/y|n0|r7|\nS< ENOENT\nS> READ /x|\nS< ENOENT", transcript)
        #expect(transcript.core.counts.nodes == nodes - 2)
    }

    @Test("a commit whose SET_PERMS finds a domain gone sees the store without its nodes: EAGAIN, and no node is lost")
    func inside() throws {
        let transcript = try prepared()
        let nodes = transcript.core.counts.nodes
        try verify(
            """
            S> WRITE /other|
            S< OK|
            S> TRANSACTION_START |
            S< 1|
            S:1> WRITE /x/y|new
            S< OK|
            S:1> SET_PERMS /other|n0|r7|
            S< OK|
            """, transcript)
        transcript.machine.domains[7] = nil
        try verify("S:1> TRANSACTION_END T|\nS< EAGAIN\nS> READ /x|\nS< ENOENT", transcript)
        #expect(transcript.core.counts.nodes == nodes - 1)
        #expect(transcript.core.counts.otherSlots == 0)
    }

    @Test("a commit that does not touch the nodes of the domain that it finds gone is made")
    func elsewhere() throws {
        let transcript = try prepared()
        try verify("S> TRANSACTION_START |\nS< 1|\nS:1> WRITE /other|v\nS< OK|", transcript)
        try verify("S:1> SET_PERMS /other|n0|r7|\nS< OK|", transcript)
        transcript.machine.domains[7] = nil
        try verify("S:1> TRANSACTION_END T|\nS< OK|\nS> READ /other|\nS< v\nS> READ /x|\nS< ENOENT", transcript)
    }
}
