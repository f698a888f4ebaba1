// Rings from one store to another by the stream of a live update (xenstored.md 13.4, 13.5, step 7).
// Not for: sockets, whose descriptors the process hands on (XenstoredTests).

import DaemonShell
import EventLoop
import Testing
import XenABI
import XenPlatform
import XenstoreCore
import XenstoreServer
import XenstoreWire

/// Ports that the server before has bound.
private final class Inheritance: InheritedPorts {
    let xen: FakeXen
    /// Ports that are not bound any more.
    var lost: Set<UInt32> = []

    init(_ xen: FakeXen) { self.xen = xen }

    func adopt(_ port: EventPort) throws(XenError) -> BoundPort {
        if lost.contains(port.rawValue) { throw XenError(.enotconn, "adopt") }
        return BoundPort(port, owner: xen)
    }
}

@Suite("Rings over a live update")
struct TakeOverTests {
    private let xen: FakeXen
    private let bench: StoreBench
    private let inheritance: Inheritance

    init() throws { try self.init(isOld: false) }

    private init(isOld: Bool) throws {
        xen = try FakeXen(isOld: isOld)
        bench = try StoreBench(xen)
        inheritance = Inheritance(xen)
        try bench.makeStandardState(try bench.connect())
    }

    /// The next server, over a store that was read from a stream, and its loop; rings only.
    private func next() throws -> (server: StoreServer, loop: EventLoop) {
        bench.server.stopReading()
        try bench.settle()
        var outline = bench.server.stateOutline
        outline.clients.removeAll { client in
            if case .socket = client.transport { return true }
            return false
        }
        let stream = try bench.core.snapshot(outline, now: 5)
        let old = xen.platform
        let platform = StorePlatform(
            grants: old.grants, events: old.events, dispatcher: EventDispatcher(xen), states: old.states,
            ports: old.ports, ownRing: nil, inherited: inheritance)
        let domains = DomainLookup(platform)
        let core = XenstoreCore(lookUp: domains.uniqueID)
        var effects: [Effect] = []
        let state = try core.restore(stream, now: 5, into: &effects)
        let loop = try EventLoop()
        let server = StoreServer(
            core, loop: loop, log: DaemonLog(.information, sink: bench.lines), platform: platform, domains: domains)
        bench.domains.end()
        try server.watchEvents()
        server.takeOver(state, effects)
        return (server, loop)
    }

    private func settle(_ loop: EventLoop) throws { while try loop.turn(milliseconds: 0) > 0 || loop.isAwake {} }

    @Test("a guest's reply that was sent in part, queued replies, watches and a request that is not whole go on")
    func goesOn() throws {
        let guest = Guest(1, bench)
        let value = [UInt8](repeating: 120, count: 1500)
        _ = try guest.ask(Message(.write, Array("data/v\0".utf8) + value), Message(.watch, "data/w|t|"))
        let half = Message(.write, "data/w|1", id: 10).bytes
        try guest.send(Message(.read, "data/v|", id: 8).bytes + Message(.read, "/pub|", id: 9).bytes + half.prefix(20))
        let (server, loop) = try next()
        var received = guest.page.receive()
        _ = guest.page.send(half.dropFirst(20))
        for _ in 0..<4 {
            try xen.notify(from: 1)
            try settle(loop)
            received += guest.page.receive()
        }
        let answers = messages(received)
        #expect(answers.map(\.header.requestID) == [8, 9, 0, 10])
        #expect(answers.first?.payload == value)
        #expect(texts(Array(answers.dropFirst())) == ["pub", "event data/w|t|", "OK|"])
        #expect(server.core.nodeCount(of: 1) == bench.core.nodeCount(of: 1) + 1)
        loop.roundHandler = nil
    }

    @Test("a shutdown that came while nobody listened is told afterwards, also where Xen can't be asked for it")
    func shutdown() throws {
        for isOld in [false, true] {
            let suite = try TakeOverTests(isOld: isOld)
            let watcher = Guest(2, suite.bench)
            _ = try watcher.ask(Message(.watch, "@releaseDomain|t|"))
            suite.xen.set(1, 3)
            let (_, loop) = try suite.next()
            try suite.settle(loop)
            #expect(texts(messages(watcher.page.receive())) == ["event @releaseDomain|t|"], "old: \(isOld)")
            loop.roundHandler = nil
        }
    }

    @Test("a domain that died meanwhile is removed, one whose page or port is lost is ignored with error 1")
    func lost() throws {
        xen.set(2, 8)
        xen.domains[3]?.isGranted = false
        inheritance.lost = Set([xen.domains[1]?.localPort ?? 0])
        let (server, loop) = try next()
        try settle(loop)
        #expect(server.core.ring(of: 2) == nil)
        #expect(server.core.nodeCount(of: 2) == 0)
        #expect(xen.domains[1]?.page[.error] == 1)
        #expect(server.core.ring(of: 3) != nil)
        #expect(server.ringReport(of: 3)?.error == 1)
        loop.roundHandler = nil
    }
}
