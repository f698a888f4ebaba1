// Servers that lie, stop and die: each call ends with an error by its deadline, and never hangs.

import ServerCalls
import SystemCalls
import Testing
import XenstoreClient
import XenstoreWire

@Suite("Hostile servers")
struct HostileServerTests {
    private func header(_ operation: UInt32, _ id: UInt32, announcing count: UInt32) -> [UInt8] {
        [operation, id, 0, count].flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    }

    /// A client of a server that answers the first request with these bytes and then stays, silent.
    private func client(
        _ reply: @escaping @Sendable (Request) -> [UInt8], _ body: (XenstoreClient) throws -> Void
    ) throws {
        let fake = try FakeXenstored { connection in
            guard let request = connection.request() else { return }
            connection.send(reply(request))
            connection.waitForClose()
        }
        try body(try XenstoreClient.connect(to: fake.path))
    }

    @Test("lengths above 4096, up to 4 GiB, end the connection before a byte of them is waited for")
    func lengths() throws {
        for count: UInt32 in [4097, 0x7FFF_FFFF, 0x8000_0000, .max] {
            try client({ _ in header(2, 1, announcing: count) }) { client throws in
                let fault = XenstoreError.protocolFault(.payloadTooLong(count))
                #expect(throws: fault) { try client.read("/a") }
                #expect(throws: fault) { try client.read("/a") }
                #expect(throws: fault) { try client.nextEvent() }
            }
        }
    }

    @Test("a reply to nobody's request, or to another operation, ends the connection")
    func wrongReplies() throws {
        try client({ _ in header(2, 77, announcing: 0) }) { client throws in
            #expect(throws: XenstoreError.protocolFault(.unknownReply(requestID: 77))) { try client.read("/a") }
        }
        try client({ header(11, $0.header.requestID, announcing: 0) }) { client throws in
            #expect(throws: XenstoreError.protocolFault(.wrongOperation(.write))) { try client.read("/a") }
        }
        try client({ header(4711, $0.header.requestID, announcing: 0) }) { client throws in
            #expect(throws: XenstoreError.protocolFault(.wrongOperation(XenstoreOperation(rawValue: 4711)))) {
                try client.read("/a")
            }
        }
        // Twice the same: the second is nobody's.
        try client({ replyBytes($0, "1") + replyBytes($0, "2") }) { client throws in
            #expect(throws: XenstoreError.protocolFault(.unknownReply(requestID: 1))) { try client.read("/a") }
        }
    }

    @Test("events that are none end the connection", arguments: ["", "/a|", "/a|t", "|t|", "/a|t|x|"])
    func badEvents(text: String) throws {
        let event = bytes { writer in
            writer.begin(.watchEvent, requestID: 0)
            writer.put(nuls(text))
            _ = writer.end()
        }
        try client({ event + replyBytes($0, "1") }) { client throws in
            #expect(throws: XenstoreError.protocolFault(.badEvent)) { try client.read("/a") }
        }
    }

    @Test("replies that are none: permissions, a domain's path, T or F")
    func badReplies() throws {
        try client({ replyBytes($0, "x0|") }) { client throws in
            #expect(throws: XenstoreError.protocolFault(.badReply(.getPermissions))) { try client.getPermissions("/a") }
        }
        try client({ replyBytes($0, "/local") }) { client throws in
            #expect(throws: XenstoreError.protocolFault(.badReply(.getDomainPath))) { try client.getDomainPath(1) }
        }
        try client({ replyBytes($0, "Y|") }) { client throws in
            #expect(throws: XenstoreError.protocolFault(.badReply(.isDomainIntroduced))) {
                try client.isDomainIntroduced(1)
            }
        }
    }

    @Test("silence ends at the deadline; the late reply is taken for what it is, and the connection goes on")
    func late() throws {
        let fake = try FakeXenstored { connection in
            guard let first = connection.request(), let second = connection.request() else { return }
            connection.send(replyBytes(first, "late") + replyBytes(second, "now"))
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(to: fake.path, timeoutMilliseconds: 50)
        let start = MonotonicTime.now
        #expect(throws: XenstoreError.timeout) { try client.read("/a") }
        #expect(start.advanced(byMilliseconds: 50) <= MonotonicTime.now)
        client.timeoutMilliseconds = 5000
        #expect(try client.read("/b") == Array("now".utf8))
    }

    @Test("who answers nothing at all is given up after 16 replies that are late")
    func neverAnswers() throws {
        let seen = Seen()
        let fake = try FakeXenstored { connection in
            while let request = connection.request() { seen.add(request) }
        }
        do {
            let client = try XenstoreClient.connect(to: fake.path, timeoutMilliseconds: 1)
            for _ in 0..<30 { #expect(throws: XenstoreError.timeout) { try client.read("/a") } }
            #expect(throws: XenstoreError.timeout) { try client.nextEvent() }
        }
        fake.finish()
        #expect(seen.all.count == 17)
    }

    @Test("half a message, or events without end, hold no call beyond its deadline")
    func dribbling() throws {
        try client({ Array(replyBytes($0, "value").dropLast()) }) { client throws in
            client.timeoutMilliseconds = 50
            #expect(throws: XenstoreError.timeout) { try client.read("/a") }
        }
        let fake = try FakeXenstored { connection in
            _ = connection.request()
            let event = eventBytes("/a", "t")
            let end = MonotonicTime.now.advanced(byMilliseconds: 10_000)
            // One byte of an event at a time, for as long as somebody listens.
            var index = 0
            while MonotonicTime.now < end, connection.isListening {
                connection.send([event[index % event.count]])
                index += 1
            }
        }
        let client = try XenstoreClient.connect(to: fake.path, timeoutMilliseconds: 200)
        let start = MonotonicTime.now
        #expect(throws: XenstoreError.timeout) { try client.read("/a") }
        #expect(MonotonicTime.now < start.advanced(byMilliseconds: 5000))
    }

    @Test("a server that closes before, within and behind each byte of a reply gives an error, or the reply")
    func closing() throws {
        let whole = eventBytes("/a", "t")
        let count = whole.count + 16 + 5
        let fake = try FakeXenstored(connections: count + 1) { connection in
            guard let request = connection.request() else { return }
            let cut = Int(request.text.dropFirst().dropLast()) ?? 0
            connection.send(Array((whole + replyBytes(request, "value")).prefix(cut)))
        }
        for cut in 0...count {
            let client = try XenstoreClient.connect(to: fake.path)
            if cut < count {
                #expect(throws: XenstoreError.closed) { try client.read("/\(cut)") }
            } else {
                #expect(try client.read("/\(cut)") == Array("value".utf8))
            }
            #expect(throws: XenstoreError.closed) { try client.read("/a") }
        }
    }

    /// A connection whose way to the server is full, of requests with the number 4711.
    private func full(_ path: String) throws -> XenstoreClient {
        let socket = try StreamSocket.connected(path: path)
        let filler = bytes { writer in
            writer.begin(.read, requestID: 4711)
            writer.put([UInt8](repeating: 97, count: 4000))
            _ = writer.end()
        }
        do throws(SystemError) {
            while true {
                let count = try socket.descriptor.send(filler.span)
                #expect(count == filler.count)
            }
        } catch {
            #expect(error.code == 11)
        }
        return try XenstoreClient(owning: socket, timeoutMilliseconds: 50)
    }

    @Test("a request that the server does not take ends at its deadline, and is as if it had not been made")
    func notReading() throws {
        let isReading = Counter()
        let seen = Seen()
        let fake = try FakeXenstored { connection in
            while isReading.value == 0, connection.isListening { yieldProcessor() }
            while let request = connection.request() {
                if request.header.requestID == 4711 { continue }
                seen.add(request)
                connection.reply(request, "1")
            }
        }
        do {
            let client = try full(fake.path)
            for _ in 0..<3 { #expect(throws: XenstoreError.timeout) { try client.read("/a") } }
            _ = isReading.next()
            client.timeoutMilliseconds = 5000
            #expect(try client.read("/b") == [49])
        }
        #expect(seen.texts == ["READ 0 /b|"])
    }

    @Test("a server that reads nothing until its events are taken is not waited for in vain")
    func bothFull() throws {
        let fake = try FakeXenstored { connection in
            // More events than a socket holds, before any request is read.
            let event = eventBytes("/" + String(repeating: "a", count: 3000), "t")
            for _ in 0..<500 { connection.send(event) }
            while let request = connection.request() {
                if request.header.requestID != 4711 { connection.reply(request, "OK|") }
            }
        }
        let client = try full(fake.path)
        client.timeoutMilliseconds = 10_000
        try client.write("/a", [UInt8](repeating: 1, count: 4000))
        var events = 0
        while try client.nextEvent() != nil { events += 1 }
        #expect(events == 500)
    }
}
