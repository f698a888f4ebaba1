// What each call sends, and what it makes of the replies (xenstored.md 3).

import SystemCalls
import Testing
import XenstoreClient
import XenstoreWire

@Suite("Requests of the client")
struct RequestTests {
    /// Runs calls against a server that gives these replies in this order.
    private func seen(
        _ replies: [String], _ body: (XenstoreClient) throws -> Void
    ) throws -> [String] {
        let seen = Seen()
        let fake = try FakeXenstored { connection in
            for reply in replies {
                guard let request = connection.request() else { return }
                seen.add(request)
                if reply.hasPrefix("!") {
                    connection.send(
                        bytes { writer in
                            writer.begin(.error, requestID: request.header.requestID)
                            writer.putString(String(reply.dropFirst()))
                            _ = writer.end()
                        })
                } else {
                    connection.reply(request, reply)
                }
            }
            connection.waitForClose()
        }
        try body(try XenstoreClient.connect(to: fake.path))
        return seen.texts
    }

    @Test("read, write, mkdir and rm send their arguments as the examples do")
    func nodes() throws {
        let texts = try seen(["1", "OK|", "OK|", "OK|", "OK|", ""]) { client throws in
            #expect(try client.read("/a") == [49])
            try client.write("/a", "1")
            try client.write("/a/b", [0, 255])
            try client.mkdir("/a/c")
            try client.rm("/a/c")
            #expect(try client.read("data") == [])
        }
        #expect(
            texts.map { $0.replacing("\u{FFFD}", with: "?") } == [
                "READ 0 /a|", "WRITE 0 /a|1", "WRITE 0 /a/b||?", "MKDIR 0 /a/c|", "RM 0 /a/c|", "READ 0 data|",
            ])
    }

    @Test("permissions, domain paths and whether a domain is known")
    func others() throws {
        let texts = try seen(["n0|r5|", "OK|", "/local/domain/5|", "T|", "F|"]) { client throws in
            #expect(try client.getPermissions("/a") == [.init(.none, domain: 0), .init(.read, domain: 5)])
            try client.setPermissions("/a", [.init(.none, domain: 0), .init(.both, domain: 65535)])
            #expect(try client.getDomainPath(5) == "/local/domain/5")
            #expect(try client.isDomainIntroduced(5))
            #expect(try !client.isDomainIntroduced(6))
        }
        #expect(
            texts == [
                "GET_PERMS 0 /a|", "SET_PERMS 0 /a|n0|b65535|", "GET_DOMAIN_PATH 0 5|", "IS_DOMAIN_INTRODUCED 0 5|",
                "IS_DOMAIN_INTRODUCED 0 6|",
            ])
    }

    @Test("each refusal is told by its name, an unknown one as EINVAL, and the connection goes on")
    func refusals() throws {
        let names = XenstoreErrorCode.allCases.map(\.name)
        _ = try seen(names.map { "!" + $0 } + ["!EWHATEVER", "!", "1"]) { client throws in
            for code in XenstoreErrorCode.allCases {
                #expect(throws: XenstoreError.refused(code)) { try client.read("/a") }
            }
            #expect(throws: XenstoreError.refused(.invalid)) { try client.read("/a") }
            #expect(throws: XenstoreError.refused(.invalid)) { try client.read("/a") }
            #expect(try client.read("/a") == [49])
        }
    }

    @Test("a node that is not there is nil where that is asked for, other refusals are errors")
    func absent() throws {
        _ = try seen(["!ENOENT", "!EACCES", "1"]) { client throws in
            #expect(try client.readIfPresent("/a") == nil)
            #expect(throws: XenstoreError.refused(.access)) { try client.readIfPresent("/a") }
            #expect(try client.readIfPresent("/a") == [49])
        }
    }

    @Test("request numbers go up by one, and are not 0")
    func numbers() throws {
        let seen = Seen()
        let fake = try FakeXenstored { connection in
            while let request = connection.request() {
                seen.add(request)
                connection.reply(request, "x")
            }
        }
        do {
            let client = try XenstoreClient.connect(to: fake.path)
            for _ in 0..<5 { _ = try client.read("/a") }
            #expect(seen.all.map(\.header.requestID) == [1, 2, 3, 4, 5])
        }
    }

    @Test("an argument with a NUL, or one that is too long, is not sent, and the connection goes on")
    func arguments() throws {
        let texts = try seen(["OK|", "1"]) { client throws in
            for path in ["/a\u{0}", "\u{0}"] {
                #expect(throws: XenstoreError.argument(.containsNUL)) { try client.read(path) }
                #expect(throws: XenstoreError.argument(.containsNUL)) { try client.write(path, "1") }
                #expect(throws: XenstoreError.argument(.containsNUL)) { try client.setPermissions(path, []) }
                #expect(throws: XenstoreError.argument(.containsNUL)) { try client.watch("/a", token: path) }
            }
            #expect(throws: XenstoreError.argument(.tooLong)) {
                try client.write("/w", [UInt8](repeating: 1, count: 4094))
            }
            // Row 9: 4093 octets behind `/w|`.
            try client.write("/w", [UInt8](repeating: 1, count: 4093))
            #expect(try client.read("/a") == [49])
        }
        #expect(texts.count == 2)
    }

    @Test("operations without a method of their own can be asked for")
    func any() throws {
        let texts = try seen(["15|"]) { client throws in
            #expect(try client.request(.getFeature) { _ in } == nuls("15|"))
        }
        #expect(texts == ["GET_FEATURE 0 "])
    }
}
