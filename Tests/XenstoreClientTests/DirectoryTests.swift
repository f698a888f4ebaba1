// Lists of children, whole and in parts (xenstored.md 3, operations 1 and 22).

import SystemCalls
import Testing
import XenstoreClient
import XenstoreWire

@Suite("Directories")
struct DirectoryTests {
    private let names = (0..<3000).map { "name-\($0)" }

    /// A server with one directory of these names; its generation goes up at the parts named.
    private func directory(
        of names: [String], changingAt changes: Set<Int> = [], _ body: (XenstoreClient) throws -> Void
    ) throws -> [String] {
        let list: [UInt8] = names.flatMap { (name: String) -> [UInt8] in Array(name.utf8) + [0] }
        let seen = Seen()
        let fake = try FakeXenstored { connection in
            var generation = 42
            var part = 0
            while let request = connection.request() {
                seen.add(request)
                if request.header.operation == .directory {
                    if list.count > 4096 {
                        connection.refuse(request, .tooBig)
                    } else {
                        send(list, connection, request)
                    }
                    continue
                }
                if changes.contains(part) { generation += 1 }
                part += 1
                let offset = Int(request.text.split(separator: "|").last ?? "") ?? 0
                let head = nuls("\(generation)|")
                var end = min(list.count, offset + 4095 - head.count)
                while end > offset, end < list.count, list[end - 1] != 0 { end -= 1 }
                if end == list.count && head.count + end - offset + 1 > 4095 { end -= 1 }
                while end > offset, list[end - 1] != 0 { end -= 1 }
                send(head + list[offset..<end] + (end == list.count ? [0] : []), connection, request)
            }
        }
        try body(try XenstoreClient.connect(to: fake.path))
        return seen.texts
    }

    @Test("a list that fits into one message is one request; an empty one is no name")
    func short() throws {
        let texts = try directory(of: ["b", "c"]) { client throws in
            let found = try client.directory("/a")
            #expect(found == ["b", "c"])
        }
        #expect(texts == ["DIRECTORY 0 /a|"])
        _ = try directory(of: []) { client throws in
            let found = try client.directory("/a")
            #expect(found == [])
        }
    }

    @Test("rows 45 and 46: a longer list comes in parts, each from where the last one ended")
    func long() throws {
        let texts = try directory(of: names) { client throws in
            let found = try client.directory("/a")
            #expect(found == names)
        }
        #expect(texts.count > 5)
        #expect(texts.prefix(2) == ["DIRECTORY 0 /a|", "DIRECTORY_PART 0 /a|0|"])
    }

    @Test("row 49: a node that changes between two parts is listed again from the beginning")
    func changing() throws {
        let texts = try directory(of: names, changingAt: [1, 4, 6]) { client throws in
            let found = try client.directory("/a")
            #expect(found == names)
        }
        #expect(texts.filter { $0 == "DIRECTORY_PART 0 /a|0|" }.count == 4)
    }

    @Test("a node that changes all the time ends at the deadline")
    func changingAlways() throws {
        _ = try directory(of: names, changingAt: Set(0..<1_000_000)) { client throws in
            client.timeoutMilliseconds = 100
            #expect(throws: XenstoreError.timeout) { try client.directory("/a") }
        }
    }

    @Test("a server without the operation: the list is too long")
    func old() throws {
        let fake = try FakeXenstored { connection in
            for code in [XenstoreErrorCode.tooBig, .notImplemented] {
                if let request = connection.request() { connection.refuse(request, code) }
            }
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(to: fake.path)
        #expect(throws: XenstoreError.refused(.tooBig)) { try client.directory("/a") }
    }

    @Test(
        "a list that is none ends the connection, and asks for nothing without end",
        arguments: ["a", "|", "a/b|", "a||"])
    func badLists(list: String) throws {
        let fake = try FakeXenstored { connection in
            if let request = connection.request() { connection.reply(request, list) }
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(to: fake.path)
        let fault = XenstoreError.protocolFault(.badReply(.directory))
        #expect(throws: fault) { try client.directory("/a") }
        #expect(throws: fault) { try client.read("/a") }
    }

    @Test("a part that is none, or has no name and is not the last, ends the connection", arguments: ["", "x|", "42|"])
    func badParts(part: String) throws {
        let fake = try FakeXenstored { connection in
            if let request = connection.request() { connection.refuse(request, .tooBig) }
            while let request = connection.request() { connection.reply(request, part) }
        }
        let client = try XenstoreClient.connect(to: fake.path)
        #expect(throws: XenstoreError.protocolFault(.badReply(.directoryPart))) { try client.directory("/a") }
    }
}

private func send(_ payload: [UInt8], _ connection: FakeConnection, _ request: Request) {
    connection.send(bytes { $0.reply(to: request.header) { $0.put(payload) } })
}
