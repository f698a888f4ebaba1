// Calls for toolstacks and tools: domains, features, quotas, commands; watches with a depth (xenstored.md 3).

import SystemCalls
import Testing
import XenstoreClient
import XenstoreWire

@Suite("Domains, features, quotas and commands of the client")
struct SettingsTests {
    /// Runs calls against a server that gives these replies in this order; `!NAME` is a refusal.
    private func seen(_ replies: [String], _ body: (XenstoreClient) throws -> Void) throws -> [String] {
        let seen = Seen()
        let fake = try FakeXenstored { connection in
            for reply in replies {
                guard let request = connection.request() else { return }
                seen.add(request)
                let code = XenstoreErrorCode.allCases.first { reply == "!" + $0.name }
                if let code { connection.refuse(request, code) } else { connection.reply(request, reply) }
            }
            connection.waitForClose()
        }
        try body(try XenstoreClient.connect(to: fake.path))
        return seen.texts
    }

    @Test("introduce, release, resume and set target send their numbers as text")
    func domains() throws {
        let texts = try seen(["OK|", "OK|", "OK|", "OK|", "OK|", "!ENOENT"]) { client throws in
            try client.introduce(5, frame: 104476, port: 3)
            try client.introduce(4, frame: -5, port: .max)
            try client.release(5)
            try client.resume(5)
            try client.setTarget(of: 6, to: 5)
            #expect(throws: XenstoreError.refused(.notFound)) { try client.release(77) }
        }
        #expect(
            texts == [
                "INTRODUCE 0 5|104476|3|", "INTRODUCE 0 4|-5|4294967295|", "RELEASE 0 5|", "RESUME 0 5|",
                "SET_TARGET 0 6|5|", "RELEASE 0 77|",
            ])
    }

    @Test("features are bits, of the connection or of a domain; unknown bits survive")
    func features() throws {
        let texts = try seen(["15|", "6|", "4294967295|", "OK|", "!ENOSYS"]) { client throws in
            #expect(try client.features() == [.reconnection, .ringErrors, .watchDepth, .anyDomain])
            #expect(try client.features(of: 4) == [.ringErrors, .watchDepth])
            #expect(try client.features(of: 4).rawValue == .max)
            try client.setFeatures([.watchDepth, .ringErrors], of: 7)
            #expect(throws: XenstoreError.refused(.notImplemented)) { try client.features() }
        }
        #expect(
            texts == [
                "GET_FEATURE 0 ", "GET_FEATURE 0 4|", "GET_FEATURE 0 4|", "SET_FEATURE 0 7|6|", "GET_FEATURE 0 ",
            ])
    }

    @Test("quotas are listed, read and set, for all or for a domain")
    func quotas() throws {
        let texts = try seen(["nodes watches|", "1000|", "0|", "OK|", "OK|", "!EINVAL"]) { client throws in
            #expect(try client.quotaNames() == ["nodes", "watches"])
            #expect(try client.quota("nodes") == 1000)
            #expect(try client.quota("nodes", of: 5) == 0)
            try client.setQuota("watches", to: 256, of: 5)
            try client.setQuota("watches", to: 5)
            #expect(throws: XenstoreError.refused(.invalid)) { try client.quota("bogus") }
        }
        #expect(
            texts == [
                "GET_QUOTA 0 ", "GET_QUOTA 0 nodes|", "GET_QUOTA 0 5|nodes|", "SET_QUOTA 0 5|watches|256|",
                "SET_QUOTA 0 watches|5|", "GET_QUOTA 0 bogus|",
            ])
    }

    @Test("a number that is none ends the connection", arguments: ["", "|", "x|", "5", "4294967296|", "5|5|"])
    func badNumbers(text: String) throws {
        let calls: [(XenstoreOperation, (XenstoreClient) throws(XenstoreError) -> Void)] = [
            (.getFeature, { client throws(XenstoreError) in _ = try client.features() }),
            (.getQuota, { client throws(XenstoreError) in _ = try client.quota("nodes") }),
        ]
        for (operation, call) in calls {
            _ = try seen([text]) { client throws in
                let fault = XenstoreError.protocolFault(.badReply(operation))
                #expect(throws: fault) { try call(client) }
                #expect(throws: fault) { try client.read("/a") }
            }
        }
    }

    @Test("a command's words each have their NUL; its text comes without the one at its end")
    func commands() throws {
        let texts = try seen(["OK|", "a|b|", "abc", "", "!EINVAL"]) { client throws in
            #expect(try client.control(["print", "hi"]) == Array("OK".utf8))
            #expect(try client.control(["stats"]) == nuls("a|b"))
            #expect(try client.control(["stats", ""]) == Array("abc".utf8))
            #expect(try client.control([]) == [])
            #expect(throws: XenstoreError.refused(.invalid)) { try client.control(["bogus"]) }
            #expect(throws: XenstoreError.argument(.containsNUL)) { try client.control(["print", "a\u{0}"]) }
        }
        #expect(
            texts == ["CONTROL 0 print|hi|", "CONTROL 0 stats|", "CONTROL 0 stats||", "CONTROL 0 ", "CONTROL 0 bogus|"])
    }

    @Test("a watch's depth is its third argument; without one there are two")
    func depth() throws {
        let texts = try seen(["OK|", "OK|", "!EINVAL"]) { client throws in
            try client.watch("@releaseDomain", token: "r", depth: 1)
            try client.watch("/a", token: "t")
            #expect(throws: XenstoreError.refused(.invalid)) { try client.watch("/b", token: "t", depth: .max) }
        }
        #expect(texts == ["WATCH 0 @releaseDomain|r|1|", "WATCH 0 /a|t|", "WATCH 0 /b|t|65535|"])
    }

    @Test("resetting watches forgets the events that were not taken")
    func reset() throws {
        let seen = Seen()
        let fake = try FakeXenstored { connection in
            guard let watch = connection.request() else { return }
            connection.send(replyBytes(watch, "OK|") + eventBytes("/a", "t"))
            guard let reset = connection.request() else { return }
            seen.add(reset)
            connection.send(eventBytes("/a/b", "t") + replyBytes(reset, "OK|"))
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(to: fake.path)
        try client.watch("/a", token: "t")
        try client.resetWatches()
        #expect(!client.hasEvents)
        #expect(try client.nextEvent() == nil)
        #expect(seen.texts == ["RESET_WATCHES 0 |"])
    }
}
