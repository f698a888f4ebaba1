// Guests that do as much harm as they can: one at its quotas that floods, one that rewrites its ring all the time. The
// others are served meanwhile.
// Not for: what single lies do (HostileTests), wall clocks (Tests/Xenstored/flood).

import EventLoop
import ServerCalls
import Synchronization
import SystemCalls
import Testing
import XenABI
import XenPlatform
import XenstoreCore
import XenstoreServer
import XenstoreWire

/// A second vCPU: whenever a request of its domain is looked at it fills the ring anew, and takes what has come.
private final class FloodingVCPU: StoreTrace {
    let page: SharedPage
    let domain: UInt16
    private let stream: [UInt8]
    private var place = 0
    private(set) var requestCount = 0
    private(set) var refusals: Set<String> = []
    private var received: [UInt8] = []

    init(_ page: SharedPage, _ domain: UInt16, _ requests: [Message]) {
        self.page = page
        self.domain = domain
        stream = requests.flatMap(\.bytes)
    }

    func pump() {
        _ = page.receive()
        for _ in 0..<4 {
            let part = stream[place...].prefix(512)
            let count = page.send(part)
            place = (place + count) % stream.count
            if count < part.count { return }
        }
    }

    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from connection: ConnectionID, domain: UInt16) {
        if domain != self.domain { return }
        requestCount += 1
        pump()
    }

    func message(_ message: Span<UInt8>, to connection: ConnectionID, domain: UInt16) {
        guard domain == self.domain, let header = XenstoreHeader(from: message), header.operation == .error else {
            return
        }
        refusals.insert(String(decoding: XenstoreText.copy(message, 16..<message.count - 1), as: UTF8.self))
    }

    func note(_ words: String) {}
}

/// Another vCPU of a guest, which writes any words to the ring's control fields, and any bytes elsewhere.
private final class Scribbler: @unchecked Sendable {
    private let page: SharedPage
    private let isOver = Atomic(false)
    private let rounds = Atomic<Int>(0)

    init(_ page: SharedPage) { self.page = page }

    var count: Int { rounds.load(ordering: .relaxed) }
    func stop() { isOver.store(true, ordering: .relaxed) }

    func run() {
        var random = Numbers(seed: 11)
        let words: [RingWord] = [
            .requestConsumer, .requestProducer, .responseConsumer, .responseProducer, .connection, .error,
        ]
        while !isOver.load(ordering: .relaxed) {
            let word = words[random.next(below: words.count)]
            let near = page[.requestProducer] &+ UInt32(random.next(below: 1100))
            let values: [UInt32] = [0, 1, near, random.next(), UInt32.max, 0x8000_0000, 1024, 1025]
            page[word] = values[random.next(below: values.count)]
            for _ in 0..<8 {
                page.guest.store(UInt64(random.next(below: 32)), byteCount: 1, at: random.next(below: 2048))
            }
            rounds.wrappingAdd(1, ordering: .relaxed)
        }
    }
}

@Suite("Floods by guests")
struct FloodTests {
    @Test("a guest at its quotas floods each operation in turn: a socket's request waits for one turn of it")
    func floods() throws {
        let xen = try FakeXen()
        let bench = try StoreBench(xen)
        let socket = try bench.connect()
        try bench.makeStandardState(socket)
        var transaction = try #require(try bench.fillQuotas())
        #expect(bench.core.nodeCount(of: 1) == 1000 && bench.core.counts(of: 1) == (128, 10))
        let page = try #require(xen.domains[1]?.page)
        // A turn is 32 requests, inside one transaction 128 (xenstored.md 14.5); the socket comes between two.
        let turnMax = 32
        for flood in Flood.all {
            let vCPU = FloodingVCPU(page, 1, flood.requests(transaction))
            bench.server.trace = vCPU
            vCPU.pump()
            try xen.notify(from: 1)
            for _ in 0..<10 {
                let before = vCPU.requestCount
                try socket.send(Message(.read, "/pub|"))
                var replies: [String] = []
                for _ in 0..<2 where replies.isEmpty {
                    try bench.loop.turn(milliseconds: 0)
                    replies = texts(try socket.messages())
                }
                #expect(replies == ["pub"], "\(flood.name)")
                let served = vCPU.requestCount - before
                #expect(served <= (flood.isInTransaction ? 4 : 1) * 2 * turnMax, "\(flood.name): \(served)")
                // A guest that does not rest: it is woken whatever the server thinks of its ring.
                vCPU.pump()
                try xen.notify(from: 1)
            }
            // Of those that are longer than the ring each takes more than a turn.
            #expect(vCPU.requestCount >= 5, "\(flood.name): it has flooded, \(vCPU.requestCount)")
            if let refusal = flood.refusal { #expect(vCPU.refusals.contains(refusal), "\(flood.name)") }
            bench.server.trace = nil
            // What is half in the ring goes with the ring's indices; its watches and transactions go, too.
            page[.connection] = 1
            try xen.notify(from: 1)
            try bench.settle()
            #expect(page.indices == [0, 0, 0, 0], "\(flood.name)")
            transaction = try #require(try bench.refillQuotas())
            #expect(bench.core.counts(of: 1) == (128, 10))
        }
        #expect(bench.lines.lines.count < 40, "\(bench.lines.lines.count) lines of the log")
    }

    @Test(
        "XSA-38: a guest rewrites its ring for a second: others are served, and it is again when it stops"
    )
    func scribbling() throws {
        let xen = try FakeXen()
        let bench = try StoreBench(xen)
        let socket = try bench.connect()
        try bench.makeStandardState(socket)
        let page = try #require(xen.domains[1]?.page)
        let scribbler = Scribbler(page)
        let thread = try PlainThread { scribbler.run() }
        let other = Guest(2, bench)
        let end = MonotonicTime.now.advanced(byMilliseconds: 1000)
        var rounds = 0
        while MonotonicTime.now < end || scribbler.count < 1000 {
            try xen.notify(from: 1)
            _ = other.page.send(Message(.read, "/pub|").bytes)
            try xen.notify(from: 2)
            try socket.send(Message(.read, "/pub|"))
            var bytes: [UInt8] = []
            var replies: [String] = []
            for _ in 0..<5 {
                try bench.loop.turn(milliseconds: 0)
                bytes += other.page.receive()
                replies += texts(try socket.messages())
            }
            #expect(texts(messages(bytes)) == ["pub"] && replies == ["pub"], "round \(rounds)")
            rounds += 1
        }
        scribbler.stop()
        thread.join()
        #expect(rounds > 10 && bench.core.ring(of: 1) != nil)
        #expect(bench.lines.lines.count < 40, "\(bench.lines.lines.count) lines of the log")
        page[.connection] = 1
        try xen.notify(from: 1)
        try bench.settle()
        #expect(texts(try Guest(1, bench).ask(Message(.read, "/pub|"))) == ["pub"])
    }
}
