// Clients that one server hands on to another (xenstored.md 13.1, 13.4, 13.5), here on one store.
// Not for: the state file, the procedure.

import DaemonShell
import EventLoop
import ServerCalls
import SystemCalls
import Testing
import XenABI
import XenPlatform
import XenstoreCore
import XenstoreServer
import XenstoreWire

@Suite("Clients from one server to the next")
struct AdoptionTests {
    private let xen: FakeXen
    private let bench: StoreBench
    private let socket: TestSocket

    init() throws {
        xen = try FakeXen()
        bench = try StoreBench(xen)
        socket = try bench.connect()
        try bench.makeStandardState(socket)
    }

    @Test("a socket with half a request and unsent output: the output goes first, then the request goes on")
    func adoptSocket() throws {
        let path = freePath()
        let listener = try StreamSocket.listening(path: path)
        let client = try TestSocket(path: path)
        guard let taken = try listener.accept() else {
            Issue.record("nobody has connected")
            return
        }
        let request = Message(.read, "/pub|", id: 2).bytes
        let id = bench.core.openSocket()
        let rest = Array(Message(.read, "kept|", id: 1).bytes.dropFirst(5))
        let whole = Message(.write, "/new|1", id: 3).bytes
        try bench.server.adopt(
            socket: taken.intoDescriptor(), as: id, input: Array(request.prefix(18)), output: rest)
        try bench.settle()
        try client.take()
        #expect(client.taken == rest)
        client.forget()
        #expect(bench.server.servedClients.last?.input == Array(request.prefix(18)))
        try client.send(Array(request.dropFirst(18)) + whole)
        try bench.settle()
        #expect(try client.messages().map(\.header.requestID) == [2, 3])
        try removeFile(path: path)
    }

    @Test("a ring in the middle of a request and of a reply goes on with another server, word for word")
    func adoptRing() throws {
        let guest = Guest(1, bench)
        let value = [UInt8](repeating: 120, count: 1500)
        _ = try guest.ask(Message(.write, Array("data/v\0".utf8) + value))
        let half = Message(.read, "/pub|", id: 9).bytes
        try guest.send(Message(.read, "data/v|", id: 8).bytes + half.prefix(20))
        bench.server.stopReading()
        try bench.settle()
        let old = try #require(bench.server.servedClients.first { $0.id == bench.core.ring(of: 1) })
        guard case .ring(1, let port, .served, .all) = old.kind else {
            Issue.record("\(old)")
            return
        }
        #expect(old.input == Array(half.prefix(20)) && old.output.count == 16 + 1500 - 1024)
        #expect(old.partByteCount == old.output.count)
        let loop = try EventLoop()
        let log = DaemonLog(.error, sink: bench.lines)
        let server = StoreServer(bench.core, loop: loop, log: log, platform: bench.server.platform)
        let bound = BoundPort(try #require(port), owner: xen)
        server.adopt(ring: 1, as: old.id, port: bound, request: old.input, response: old.output)
        try server.watchEvents()
        var received = guest.page.receive()
        _ = guest.page.send(half.dropFirst(20))
        for _ in 0..<3 {
            try xen.notify(from: 1)
            while try loop.turn(milliseconds: 0) > 0 || loop.isAwake {}
            received += guest.page.receive()
        }
        let answers = messages(received)
        #expect(answers.map(\.header.requestID) == [8, 9])
        #expect(answers.first?.payload == value && texts(answers).last == "pub")
        loop.roundHandler = nil
    }

    @Test("a ring that can't be mapped or bound any more is ignored with error 1 until it is introduced again")
    func adoptBroken() throws {
        for isMapped in [true, false] {
            let guest = Guest(1, bench)
            let loop = try EventLoop()
            let log = DaemonLog(.error, sink: bench.lines)
            let server = StoreServer(bench.core, loop: loop, log: log, platform: bench.server.platform)
            xen.domains[1]?.isGranted = isMapped
            let id = try #require(bench.core.ring(of: 1))
            #expect(server.adopt(ring: 1, as: id, port: nil, request: [], response: []) == isMapped)
            #expect(server.servedClients.count == 1)
            if isMapped { #expect(guest.page[.error] == 1) }
            xen.domains[1]?.isGranted = true
            loop.roundHandler = nil
        }
    }

    @Test("while nobody is read requests wait, and output goes out; then all go on")
    func pause() throws {
        let watcher = try bench.connect()
        _ = try bench.ask(watcher, Message(.watch, "/pub|t|"))
        bench.server.stopReading()
        let guest = Guest(1, bench)
        #expect(try bench.ask(socket, Message(.write, "/pub|2")).isEmpty)
        #expect(try guest.ask(Message(.read, "/pub|")).isEmpty)
        #expect(try bench.loop.turn(milliseconds: 0) == 0)
        bench.server.goOn()
        try bench.settle()
        #expect(texts(try socket.messages()) == ["OK|"])
        #expect(texts(try watcher.messages()) == ["event /pub|t|"])
        #expect(try guest.messages().count == 1)
    }
}
