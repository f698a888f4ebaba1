// The loop of the server (xenstored.md 14.5): whose turn it is, how long; who is let in; who is told what.
// Not for: single sockets (SocketTests), single rings (HostileTests).

import DaemonShell
import EventLoop
import ServerCalls
import SystemCalls
import Testing
import XenABI
import XenstoreCore
import XenstoreServer
import XenstoreWire

/// Counts what each connection asks, and keeps the notes.
private final class CountingTrace: StoreTrace {
    var requests: [ConnectionID: Int] = [:]
    var messages: [ConnectionID: Int] = [:]
    var notes: [String] = []

    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from connection: ConnectionID, domain: UInt16) {
        requests[connection, default: 0] += 1
    }

    func message(_ message: Span<UInt8>, to connection: ConnectionID, domain: UInt16) {
        messages[connection, default: 0] += 1
    }

    func note(_ words: String) { notes.append(words) }
}

@Suite("Turns of the server")
struct LoopTests {
    private let trace = CountingTrace()

    private func repeated(_ message: Message, _ count: Int) -> [UInt8] { (0..<count).flatMap { _ in message.bytes } }

    @Test("a socket that floods gets 32 requests in a turn, and another one its answer in the next")
    func flood() throws {
        let bench = try StoreBench()
        bench.server.trace = trace
        let flooder = try bench.connect()
        let other = try bench.connect()
        try bench.settle()
        let ids = bench.server.servedClients.map(\.id)
        try flooder.send(repeated(Message(.read, "/none|"), 2000))
        try bench.loop.turn(milliseconds: 0)
        #expect(trace.requests[ids[0]] == 32)
        try other.send(Message(.read, "/tool|"))
        try bench.loop.turn(milliseconds: 0)
        #expect(trace.requests[ids[0]] == 64)
        #expect(texts(try other.messages()) == [""])
        try bench.settle()
        #expect(trace.requests[ids[0]] == 2000 && trace.messages[ids[0]] == 2000)
    }

    @Test("a guest that floods its ring gets 32 requests in a turn, and a socket its answer before the next one")
    func floodOfRing() throws {
        let xen = try FakeXen()
        let bench = try StoreBench(xen)
        let socket = try bench.connect()
        try bench.makeStandardState(socket)
        bench.server.trace = trace
        let guest = Guest(1, bench)
        let id = try #require(bench.core.ring(of: 1))
        // A second vCPU that fills the ring and takes all that comes, whenever a request is looked at.
        let flood = repeated(Message(.getFeature, ""), 1000)
        var rest = flood[...]
        let vCPU = Flooding { page in
            rest = rest.dropFirst(page.send(rest.prefix(320)))
            _ = page.receive()
        }
        vCPU.page = guest.page
        bench.server.trace = vCPU
        _ = guest.page.send(rest.prefix(640))
        rest = rest.dropFirst(640)
        try xen.notify(from: 1)
        try bench.loop.turn(milliseconds: 0)
        #expect(vCPU.counts[id] == 32)
        try socket.send(Message(.read, "/pub|"))
        try bench.loop.turn(milliseconds: 0)
        #expect(vCPU.counts[id] == 64)
        #expect(texts(try socket.messages()) == ["pub"])
    }

    @Test("ports that are fetched already are handed out to the last one, though their descriptor says nothing")
    func manyPorts() throws {
        let xen = try FakeXen()
        xen.fetchesAll = true
        let bench = try StoreBench(xen)
        let socket = try bench.connect()
        try bench.makeStandardState(socket)
        let domains = (100..<500).map { UInt16($0) }
        for domain in domains {
            xen.start(domain)
            _ = try bench.ask(socket, Message(.introduce, "\(domain)|0|5|"))
        }
        let guests = domains.map { Guest($0, bench) }
        for (domain, guest) in zip(domains, guests) {
            _ = guest.page.send(Message(.getDomainPath, "7|").bytes)
            try xen.notify(from: domain)
        }
        try bench.settle()
        #expect(guests.allSatisfy { texts(messages($0.page.receive())) == ["/local/domain/7|"] })
    }

    /// So many nodes below /n in one transaction, whose commit `vCPU` sees the events of.
    private func write(_ count: Int, _ socket: TestSocket, _ bench: StoreBench, _ vCPU: Flooding) throws {
        _ = try bench.ask(socket, Message(.transactionStart, "|"))
        for number in 1000..<1000 + count {
            var write = Message(.write, "/n/\(number)|1")
            write.header.transactionID = 1
            _ = try bench.ask(socket, write)
        }
        bench.server.trace = vCPU
        var end = Message(.transactionEnd, "T|")
        end.header.transactionID = 1
        #expect(texts(try bench.ask(socket, end)) == ["OK|"])
    }

    @Test("a guest that takes events while they come gets all of them, though it never says that it has taken any")
    func takingMeanwhile() throws {
        let xen = try FakeXen()
        let bench = try StoreBench(xen)
        let socket = try bench.connect()
        try bench.makeStandardState(socket)
        let guest = Guest(1, bench)
        _ = try bench.ask(socket, Message(.write, "/n|"), Message(.setPermissions, "/n|r0|"))
        // 32 bytes with header, path and token: 32 of them fill the ring to its last byte.
        _ = try guest.ask(Message(.watch, "/n|tokens7|"))
        var received: [UInt8] = []
        // It takes as much as a message has, whenever the server looks for the next one, and tells nobody.
        let vCPU = Flooding { _ in }
        vCPU.onMessage = { received += $0.receive(32) }
        vCPU.page = guest.page
        try write(200, socket, bench, vCPU)
        received += guest.page.receive()
        #expect(texts(messages(received)) == (1000..<1200).map { "event /n/\($0)|tokens7|" })
    }

    @Test("a guest that takes events while they come gets what comes later, though others waited in the middle")
    func takingWhileOthersWait() throws {
        for count in 30..<70 {
            let xen = try FakeXen()
            let bench = try StoreBench(xen)
            let socket = try bench.connect()
            let other = try bench.connect()
            try bench.makeStandardState(socket)
            let guest = Guest(1, bench)
            _ = try bench.ask(socket, Message(.write, "/n|"), Message(.setPermissions, "/n|r0|"))
            _ = try guest.ask(Message(.watch, "/n|tokens7|"))
            var received: [UInt8] = []
            let vCPU = Flooding { _ in }
            vCPU.onMessage = { page in
                received += page.receive(32)
                try? other.send(Message(.read, "/tool|"))
            }
            vCPU.page = guest.page
            try write(count, socket, bench, vCPU)
            received += guest.page.receive()
            // It has seen all that there was, and says nothing.
            _ = try bench.ask(socket, Message(.write, "/n/last|1"))
            received += guest.page.receive()
            let names = (1000..<1000 + count).map { "\($0)" } + ["last"]
            #expect(texts(messages(received)) == names.map { "event /n/\($0)|tokens7|" }, "\(count) events")
        }
    }

    @Test("148: requests of one transaction are served in one turn, up to 128 of them")
    func transactionInOneTurn() throws {
        let bench = try StoreBench()
        bench.server.trace = trace
        let socket = try bench.connect()
        try bench.settle()
        func inside(_ operation: XenstoreOperation, _ text: String) -> Message {
            var message = Message(operation, text)
            message.header.transactionID = 1
            return message
        }
        let id = try #require(bench.server.servedClients.first?.id)
        let all =
            Message(.transactionStart, "|").bytes + repeated(inside(.write, "/a|1"), 98)
            + inside(.transactionEnd, "T|").bytes + repeated(Message(.read, "/a|"), 50)
        try socket.send(all)
        try bench.loop.turn(milliseconds: 0)
        #expect(trace.requests[id] == 100)
        try bench.settle()
        #expect(try socket.messages().count == 150)
        try socket.send(Message(.transactionStart, "|").bytes + repeated(inside(.write, "/a|1"), 300))
        try bench.loop.turn(milliseconds: 0)
        #expect(trace.requests[id] == 150 + 128)
    }

    @Test("what many writes bring a watcher goes out with one send in a wake-up, and waits for nobody")
    func oneSend() throws {
        let bench = try StoreBench()
        let watcher = try bench.connect()
        let writer = try bench.connect()
        _ = try bench.ask(watcher, Message(.watch, "/|t|"))
        try writer.send((0..<30).flatMap { Message(.write, "/n/\($0)|1").bytes })
        try bench.loop.turn(milliseconds: 0)
        #expect(try watcher.messages().count == 30)
        #expect(try writer.messages().count == 30)
    }

    @Test("2000 sockets are served, and nothing is left of them")
    func manySockets() throws {
        raiseDescriptorLimit()
        try #require(descriptorLimit() > 5000, "this process may not have the descriptors: see ulimit -Hn")
        let bench = try StoreBench()
        var sockets: [TestSocket] = []
        for _ in 0..<20 {
            for _ in 0..<100 { sockets.append(try bench.connect()) }
            try bench.settle()
        }
        #expect(bench.core.counts.connections == 2000)
        for (number, socket) in sockets.enumerated() { try socket.send(Message(.write, "/n/\(number)|1")) }
        try bench.settle()
        for socket in sockets { #expect(texts(try socket.messages()) == ["OK|"]) }
        for socket in sockets { socket.close() }
        try bench.settle()
        #expect(bench.core.counts.connections == 0)
        #expect(bench.server.servedClients.isEmpty)
    }

    @Test("nobody is let in when descriptors are few, until one is freed; those who are there are served meanwhile")
    func fewDescriptors() throws {
        let bench = try StoreBench()
        let path = freePath()
        // So few that each connection is one too many.
        try bench.server.listen(try StreamSocket.listening(path: path), descriptorCountMax: 0)
        let first = try TestSocket(path: path)
        let second = try TestSocket(path: path)
        #expect(texts(try bench.ask(first, Message(.write, "/a|1"))) == ["OK|"])
        try second.send(Message(.read, "/a|"))
        try bench.settle()
        #expect(try second.messages().isEmpty && bench.core.counts.connections == 1)
        #expect(texts(try bench.ask(first, Message(.read, "/a|"))) == ["1"])
        first.close()
        try bench.settle()
        #expect(texts(try second.messages()) == ["1"])
        try removeFile(path: path)
    }

    @Test("taking a connection that fails is logged once a minute, and the loop sleeps meanwhile")
    func failingAccept() throws {
        let bench = try StoreBench()
        let path = freePath()
        let listener = try StreamSocket.listening(path: path)
        let connected = try StreamSocket.connected(path: path)
        // No listening socket: taking a connection of it is EINVAL. Bytes that wait make it readable.
        guard let taken = try listener.accept() else {
            Issue.record("nobody has connected")
            return
        }
        _ = try taken.descriptor.send([1].span)
        try bench.server.listen(connected)
        try bench.settle()
        #expect(bench.lines.lines.filter { $0.contains("no connection can be taken") }.count == 1)
        for _ in 0..<5 { #expect(try bench.loop.turn(milliseconds: 0) == 0) }
        try removeFile(path: path)
    }

    @Test("CONTROL goes to who answers it, at once or later; its connection waits, others don't")
    func control() throws {
        let bench = try StoreBench()
        let socket = try bench.connect()
        let other = try bench.connect()
        #expect(texts(try bench.ask(socket, Message(.control, "now|"))) == ["EINVAL|"])
        let control = DelayedControl()
        bench.server.control = control
        #expect(texts(try bench.ask(socket, Message(.control, "now|"))) == ["done|"])
        #expect(try bench.ask(socket, Message(.control, "later|x|"), Message(.write, "/a|1")).isEmpty)
        #expect(texts(try bench.ask(other, Message(.read, "/a|"))) == ["ENOENT|"])
        bench.server.answer(try #require(control.asker), .refused(.busy))
        try bench.settle()
        #expect(texts(try socket.messages()) == ["EBUSY|", "OK|"])
        #expect(control.payloads.last == Array("later\0x\0".utf8))
    }

    @Test("the trace is told of requests, replies, events, and of who comes and goes")
    func tracing() throws {
        let xen = try FakeXen()
        let bench = try StoreBench(xen)
        bench.server.trace = trace
        let socket = try bench.connect()
        try bench.makeStandardState(socket)
        let id = try #require(bench.core.ring(of: 1))
        let guest = Guest(1, bench)
        #expect(try guest.ask(Message(.watch, "/pub|t|"), Message(.read, "/pub|")).count == 3)
        #expect(trace.requests[id] == 2 && trace.messages[id] == 3)
        try guest.send(header(announcing: 4097))
        xen.set(1, 0)
        try bench.raise()
        socket.close()
        try bench.settle()
        for words in ["begins, socket", "begins, domain 1", "domain 1: ring ignored, error 3", "ends, domain 1"] {
            #expect(trace.notes.contains { $0.contains(words) }, "\(words)")
        }
    }

    @Test("a guest brings about ten lines of the log in a minute, and the next line counts those left out")
    func guestLines() throws {
        let xen = try FakeXen()
        let bench = try StoreBench(xen)
        let socket = try bench.connect()
        try bench.makeStandardState(socket)
        for domain in [1, 2] as [UInt16] {
            let guest = Guest(domain, bench)
            for _ in 0..<(domain == 1 ? 25 : 3) {
                try guest.send(header(announcing: 4097))
                guest.page[.connection] = 1
                try guest.notify()
            }
        }
        #expect(bench.lines.lines.filter { $0.contains("domain=1") }.count == 10)
        #expect(bench.lines.lines.filter { $0.contains("domain=2") }.count == 3)
    }

    @Test("work that waits for rest is done when no turn is under way, and may ask again")
    func rest() throws {
        let bench = try StoreBench()
        var doneCount = 0
        func again(_ server: StoreServer) {
            doneCount += 1
            if doneCount < 5 { server.whenAtRest(again) }
        }
        bench.server.whenAtRest(again)
        try bench.settle()
        #expect(doneCount == 5)
    }
}

/// A guest's second vCPU, which works whenever one of its requests is handled.
private final class Flooding: StoreTrace {
    var page: SharedPage?
    private(set) var counts: [ConnectionID: Int] = [:]
    private let work: (SharedPage) -> Void
    var onMessage: (SharedPage) -> Void = { _ in }

    init(_ work: @escaping (SharedPage) -> Void) { self.work = work }

    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from connection: ConnectionID, domain: UInt16) {
        counts[connection, default: 0] += 1
        if domain == 1, let page { work(page) }
    }

    func message(_ message: Span<UInt8>, to connection: ConnectionID, domain: UInt16) {
        if domain == 1, let page { onMessage(page) }
    }

    func note(_ words: String) {}
}
