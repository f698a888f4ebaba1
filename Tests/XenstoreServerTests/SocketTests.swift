// Sockets (xenstored.md 10): requests in pieces, the end of a connection, who doesn't read, who asks too much.
// Not for: rules of the store (XenstoreCoreTests), rings.

import EventLoop
import ServerCalls
import SystemCalls
import Testing
import XenstoreCore
import XenstoreServer
import XenstoreWire

@Suite("Sockets of the server")
struct SocketTests {
    private let bench: StoreBench
    private let socket: TestSocket

    init() throws {
        bench = try StoreBench()
        socket = try bench.connect()
    }

    private func ask(_ messages: Message...) throws -> [String] {
        try socket.send(messages.flatMap(\.bytes))
        try bench.settle()
        return texts(try socket.messages())
    }

    @Test("10, 12: requests are answered in their order, whether they come in one piece or in single bytes")
    func pieces() throws {
        let requests = [
            Message(.write, "/a|1", id: 7), Message(.read, "/a|", id: 0xffff_ffff), Message(.read, "/none|"),
        ]
        let whole = try bench.ask(socket, requests[0], requests[1], requests[2])
        for byte in requests.flatMap(\.bytes) {
            try socket.send([byte])
            try bench.settle()
        }
        let single = try socket.messages()
        #expect(whole == single)
        #expect(whole.map(\.header.requestID) == [7, 0xffff_ffff, 0])
        #expect(texts(whole) == ["OK|", "1", "ENOENT|"])
    }

    @Test("6: a header with len 4097 closes the socket; what was asked before it is answered, others are served")
    func tooLong() throws {
        let other = try bench.connect()
        try socket.send(Message(.write, "/a|1").bytes + header(announcing: 4097) + Message(.read, "/a|").bytes)
        try bench.settle()
        #expect(texts(try socket.messages()) == ["OK|"])
        #expect(socket.isAtEnd)
        #expect(texts(try bench.ask(other, Message(.read, "/a|"))) == ["1"])
        #expect(bench.core.counts.connections == 1)
    }

    @Test("11: 15 bytes of a header, then the end: nothing comes of it, others are served")
    func halfHeader() throws {
        try socket.send(Array(Message(.read, "/a|").bytes.prefix(15)))
        try bench.settle()
        socket.close()
        let other = try bench.connect()
        #expect(texts(try bench.ask(other, Message(.write, "/a|1"))) == ["OK|"])
        #expect(bench.core.counts.connections == 1)
    }

    @Test("the end of a connection in the middle of a request, of a transaction, with watches: nothing is left of it")
    func endInTheMiddle() throws {
        let other = try bench.connect()
        #expect(try ask(Message(.watch, "/|t|"), Message(.transactionStart, "|")).count == 3)
        var write = Message(.write, "/a|1")
        write.header.transactionID = 1
        try socket.send(write.bytes + Message(.write, "/b|1").bytes.dropLast())
        try bench.settle()
        socket.close()
        try bench.settle()
        #expect(
            texts(try bench.ask(other, Message(.read, "/a|"), Message(.read, "/b|"))) == ["ENOENT|", "ENOENT|"])
        #expect(bench.core.counts.connections == 1 && bench.core.counts.watches == 0)
        #expect(bench.core.counts.otherSlots == 0)
    }

    @Test("what was read before the end is done, also when nobody reads the answers")
    func askAndGo() throws {
        for number in 0..<30 { try socket.send(Message(.write, "/n/\(number)|1")) }
        socket.close()
        let other = try bench.connect()
        try bench.settle()
        #expect(texts(try bench.ask(other, Message(.read, "/n/29|"))) == ["1"])
        #expect(bench.core.counts.connections == 1)
    }

    @Test("who writes and never reads is read no more at 256 KiB of replies, and again below 64; others are served")
    func neverReads() throws {
        let value = String(repeating: "x", count: 4000)
        #expect(try ask(Message(.write, "/big|\(value)")) == ["OK|"])
        let request = Message(.read, "/big|").bytes
        let memory = bench.core.memoryByteCount(of: 0)
        var askedCount = 0
        // Until neither the server nor the kernel takes more.
        for _ in 0..<200 {
            let piece = (0..<50).flatMap { _ in request }
            var sentCount = 0
            while sentCount < piece.count {
                let count = try socket.send(Array(piece[sentCount...]))
                if count == 0 { break }
                sentCount += count
            }
            askedCount += sentCount / request.count
            try bench.settle()
            if sentCount < piece.count {
                // The end of a request that is missing.
                askedCount += try finish(request, sentCount % request.count)
                break
            }
        }
        let id = try #require(bench.server.servedClients.first?.id)
        let waiting = bench.core.waitingReplyByteCount(id)
        #expect(waiting <= 256 << 10 && askedCount > 200)
        let other = try bench.connect()
        #expect(try texts(bench.ask(other, Message(.read, "/none|"))) == ["ENOENT|"])
        var answeredCount = 0
        for _ in 0..<10_000 where answeredCount < askedCount {
            answeredCount += try socket.messages().filter { $0.payload.count == 4000 }.count
            try bench.settle()
        }
        #expect(answeredCount == askedCount)
        #expect(bench.core.memoryByteCount(of: 0) == memory)
    }

    /// Sends the rest of a request of which a part is gone; 1 when there was one.
    private func finish(_ request: [UInt8], _ sentByteCount: Int) throws -> Int {
        if sentByteCount == 0 { return 0 }
        var rest = request[sentByteCount...]
        for _ in 0..<1000 where !rest.isEmpty {
            rest = rest.dropFirst(try socket.send(Array(rest)))
            if !rest.isEmpty { try socket.take(65536) }
            try bench.settle()
        }
        return 1
    }

    @Test("a watcher that never reads costs its limit of events, and makes no writer wait")
    func watcher() throws {
        let watcher = try bench.connect()
        _ = try bench.ask(watcher, Message(.watch, "/|t|"))
        let id = try #require(bench.server.servedClients.last?.id)
        for number in 0..<4000 {
            try socket.send(Message(.write, "/n/\(number % 2000)|1"))
            if number % 100 == 99 {
                try bench.settle()
                #expect(try socket.messages().count == 100)
            }
        }
        // One in the kernel's hands, each of the others once.
        #expect(bench.core.waiting(id).events <= 2001)
        let events = try watcher.messages().count
        #expect(events > 0)
    }

    @Test("who hangs up while it waits is let go, and is not told of for ever")
    func hangUpWhileWaiting() throws {
        let control = DelayedControl()
        bench.server.control = control
        try socket.send(Message(.control, "later|"), Message(.write, "/a|1"))
        try bench.settle()
        #expect(bench.core.counts.connections == 1)
        socket.close()
        try bench.settle()
        #expect(try bench.loop.turn(milliseconds: 0) == 0)
        let asker = try #require(control.asker)
        bench.server.answer(asker, .reply(Array("OK\0".utf8)))
        try bench.settle()
        #expect(bench.core.counts.connections == 0)
        let other = try bench.connect()
        #expect(texts(try bench.ask(other, Message(.read, "/a|"))) == ["1"])
    }
}

/// Answers what begins with `now` at once, what begins with `later` when the test does.
final class DelayedControl: StoreControl {
    private(set) var asker: ConnectionID?
    private(set) var payloads: [[UInt8]] = []

    func control(_ payload: [UInt8], from connection: ConnectionID, on server: StoreServer) -> ControlAnswer? {
        payloads.append(payload)
        asker = connection
        return payload.starts(with: Array("now".utf8)) ? .reply(Array("done\0".utf8)) : nil
    }
}
