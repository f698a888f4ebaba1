// The examples of xenstored.md 3, byte for byte, each on a store of its own as the section describes it.
// The table is the page's own text, so that the two can't differ.

import Testing
import XenstoreCore
import XenstoreWire
import XenstoreVectors

@Suite("Golden vectors")
struct GoldenVectorTests {
    /// `/a` with its children, domains 5 and 6 introduced, and what the vector needs; the generation of `/a` is 42.
    private func store(for name: String) throws -> Transcript {
        let transcript = Transcript()
        if name != "IS_DOMAIN_INTRODUCED" && name != "INTRODUCE" { transcript.send("setup", 0, "INTRODUCE 5|1|1|") }
        transcript.send("setup", 0, "INTRODUCE 6|1|1|")
        try verify(
            """
            S0> WRITE /a/b|
            S0> WRITE /a/c|
            S0> SET_PERMS /a|n0|r5|
            """, transcript)
        var generation = 0
        while generation < 42 {
            transcript.send("S0", 0, "WRITE /a|1")
            transcript.send("S0", 0, "DIRECTORY_PART /a|9|")
            let text = shown(try #require(transcript.drain("S0").last?.dropFirst(2).utf8.map { $0 }))
            generation = Int(text.prefix { $0 != "|" }) ?? 99
        }
        #expect(generation == 42)
        if name == "UNWATCH" { transcript.send("S", 0, "WATCH /a|tok|") }
        if name.hasPrefix("TRANSACTION_END") {
            for _ in 1...2 { transcript.send("S", 0, "TRANSACTION_START |") }
            transcript.send("S", 2, "READ /a|")
            transcript.send("S", 2, "WRITE /n|")
            transcript.send("S0", 0, "WRITE /a|2")
        }
        _ = transcript.drain("S")
        return transcript
    }

    @Test("every example of section 3 is answered as it stands there")
    func examples() throws {
        #expect(goldenVectors.count == 32)
        for example in goldenVectors {
            let transcript = try store(for: example.name)
            let id = try #require(transcript.client("S"))
            let header = try #require(firstHeader(example.request))
            var effects: [Effect] = []
            let payload = Array(example.request[16...])
            transcript.core.handle(id, header, payload.span, now: 0, into: &effects)
            transcript.act(on: effects)
            var replies: [[UInt8]] = []
            while let message = transcript.core.takeMessage(id) { replies.append(message) }
            #expect(replies == example.replies, "\(example.name)")
        }
    }
}

private func firstHeader(_ bytes: [UInt8]) -> XenstoreHeader? { XenstoreHeader(from: bytes.span) }
