// Guests at their quotas while what was removed is counted off in slices (xenstored.md 7.3, 17.1).

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Quotas while removed nodes are counted off")
struct PatienceTests {
    /// Sends requests and leaves the replies' codes.
    private func send(_ transcript: Transcript, _ who: String, _ texts: some Sequence<String>) -> [String] {
        texts.flatMap { text in
            transcript.send(who, 0, text)
            return replies(transcript, who)
        }
    }

    private func replies(_ transcript: Transcript, _ who: String) -> [String] {
        var found: [String] = []
        while let message = transcript.take(who) { found.append(shown(message.text)) }
        return found
    }

    private func tickToTheEnd(_ transcript: Transcript) {
        while transcript.core.nextDeadline() == 0 { transcript.tick(0) }
    }

    /// Domain 1 has all nodes that it may have, 900 of them below `data/x`; domain 0 has 2000 below `/big`.
    private func full() throws -> Transcript {
        let transcript = Transcript.prepared()
        let owned = transcript.core.nodeCount(of: 1)
        var answers = send(transcript, "D1", (0..<900).map { "WRITE data/x/\($0)|" })
        answers += send(transcript, "D1", (0..<1000 - 901 - owned).map { "WRITE data/y\($0)|" })
        answers += send(transcript, "S", (0..<2000).map { "WRITE /big/\($0 / 50)/\($0)|" })
        #expect(Set(answers) == ["OK|"] && transcript.core.nodeCount(of: 1) == 1000)
        return transcript
    }

    @Test("right after a large removal exactly so many nodes may be made as the quota allows, and others don't wait")
    func ownNodes() throws {
        let transcript = try full()
        try verify("D1> RM data/x|\nD1< OK|", transcript)
        let before = transcript.core.sizes.nodes
        // It may need 304 nodes; each call counts 64 off.
        let deep = String(repeating: "/a", count: 300)
        try verify(
            "D1> WRITE data\(deep)|\nD1> READ data/y0|\nD1.\nrests D1\nS> READ /pub|\nS< pub\nD1.", transcript)
        #expect(before - transcript.core.sizes.nodes <= 3 * 64, "slices")
        try verify("D2> WRITE data/b|\nD2< OK|", transcript)
        tickToTheEnd(transcript)
        try verify("D1< OK|\nD1< \nreads D1", transcript)
        let answers = send(transcript, "D1", (0..<1000).map { "WRITE data/z\($0)|" })
        #expect(answers.filter { $0 == "OK|" }.count == 901 - 300 && answers.last == "ENOSPC")
        #expect(transcript.core.nodeCount(of: 1) == 1000)
    }

    @Test("who is at its quota is refused when what others have removed is counted off")
    func othersNodes() throws {
        let transcript = try full()
        try verify("S> RM /big|\nS< OK|", transcript)
        let before = transcript.core.sizes.nodes
        try verify("D1> WRITE data/a|\nD1.\nD2> WRITE data/a|\nD2< OK|\nD1> READ /pub|\nD1.", transcript)
        #expect(before - transcript.core.sizes.nodes <= 4 * 64, "slices")
        tickToTheEnd(transcript)
        try verify("D1< ENOSPC\nD1< pub\nS> RM /local/domain/1/data/y1|\nS< OK|", transcript)
        try verify("D1> WRITE data/a|\nD1< OK|\nD1> WRITE data/b|\nD1< ENOSPC", transcript)
    }

    @Test("a transaction's end and its nodes are counted exactly as well")
    func transactions() throws {
        let transcript = try full()
        try verify(
            """
            D1> RM data/y0|
            D1< OK|
            D1> TRANSACTION_START |
            D1< 1|
            D1:1> WRITE data/a|
            D1< OK|
            D1> WRITE data/y0|
            D1< OK|
            S> RM /big|
            S< OK|
            S> RM /local/domain/1/data/y1|
            S< OK|
            D1:1> TRANSACTION_END T|
            D1.
            """, transcript)
        tickToTheEnd(transcript)
        try verify("D1< OK|\nD1> WRITE data/b|\nD1< ENOSPC", transcript)
    }

    @Test("bytes that have gone hold nobody but their guest, which is read again when they are counted off")
    func bytes() throws {
        let transcript = try full()
        let most = transcript.core.memoryByteCount(of: 1)
        try verify("S> SET_QUOTA 1|memory|\(most - 1)|\nS< OK|\nrests D1", transcript)
        try verify("S> RM /local/domain/1/data/x|\nS< OK|", transcript)
        let before = transcript.core.sizes.nodes
        try verify("S> SET_QUOTA 1|memory|1000|\nS< OK|\nrests D1", transcript)
        #expect(before - transcript.core.sizes.nodes <= 4 * 64, "slices")
        try verify("S> SET_QUOTA 1|memory|\(most - 1)|\nS< OK|", transcript)
        tickToTheEnd(transcript)
        try verify("reads D1", transcript)
        let id = try #require(transcript.client("D1"))
        #expect(transcript.effects.contains(.resumeReading(id)))
    }

    @Test("a guest that waits may go")
    func gone() throws {
        for ending in ["Xen dead 1", "reset D1"] {
            let transcript = try full()
            try verify("S> RM /big|\nS< OK|\nD1> WRITE data/a|\nD1.\n\(ending)", transcript)
            tickToTheEnd(transcript)
            try verify("S> READ /local/domain/1/data/a|\nS< ENOENT", transcript)
        }
    }
}
