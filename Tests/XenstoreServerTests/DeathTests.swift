// Domains that go while the server is at work for them, and those that come back (xenstored.md 9.4, 16).
// Not for: deaths in every state (DeathStateTests), the rows of section 18 (DomainRowTests, OldXenTests).

import EventLoop
import SystemCalls
import Testing
import XenABI
import XenstoreCore
import XenstoreServer
import XenstoreWire

@Suite("Ends of domains")
struct DeathTests {
    private let scene: DeathScene
    private var xen: FakeXen { scene.xen }
    private var bench: StoreBench { scene.bench }
    private var socket: TestSocket { scene.socket }

    init() throws { scene = try DeathScene() }

    @Test(
        "XSA-425: RELEASE and INTRODUCE of a domain in the middle of anything, its channel fired in the same wake-up",
        arguments: Middle.allCases)
    func releaseWhileServed(_ middle: Middle) throws {
        let guest = Guest(1, bench)
        try scene.bring(guest, to: middle)
        for number in 0..<4 {
            _ = guest.page.send(Message(.write, "data/r\(number)|1").bytes)
            // The channel's event comes before the socket's, or after it.
            if number % 2 == 0 { try xen.notify(from: 1) }
            try socket.send(Message(.release, "1|"), Message(.introduce, "1|0|5|"))
            if number % 2 == 1 { try xen.notify(from: 1) }
            try bench.settle()
            let answers = texts(try socket.messages()).filter { !$0.hasPrefix("event") }
            #expect(answers.suffix(2) == ["OK|", "OK|"])
            #expect(guest.page.serverMapCount == 1 && guest.page.indices == [0, 0, 0, 0])
            #expect(bench.core.counts(of: 1) == (0, 0) && bench.core.nodeCount(of: 1) == 0)
        }
        let anew = Guest(1, bench)
        #expect(try texts(anew.ask(Message(.getFeature, ""))) == ["15|"])
        _ = try bench.ask(socket, Message(.release, "1|"))
        try scene.expectGone(guest.page)
    }

    @Test("XSA-325: after each violation the ring is ignored, and its domain's death is reported and frees all")
    func violations() throws {
        let watcher = try bench.connect()
        _ = try bench.ask(watcher, Message(.watch, "@releaseDomain/1|t|"))
        for (number, middle) in [Middle.ignoredForIndices, .ignoredForLength].enumerated() {
            let guest = Guest(1, bench)
            try scene.bring(guest, to: middle)
            let page = guest.page
            let consumer = page[.requestConsumer]
            #expect(page[.error] == UInt32(number + 2))
            page[.requestProducer] = consumer &+ 20
            try guest.notify()
            #expect(page[.requestConsumer] == consumer)
            xen.set(1, 0)
            try bench.raise()
            #expect(texts(try watcher.messages()) == ["event @releaseDomain/1|t|"])
            try scene.expectGone(page)
            xen.start(1)
            #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|5|"))) == ["OK|"])
        }
    }

    @Test("XSA-38: whatever a guest writes into its words, others are served and its death frees all", arguments: 0..<8)
    func words(_ seed: Int) throws {
        var numbers = Numbers(seed: UInt64(seed))
        let guest = Guest(1, bench)
        let page = guest.page
        for _ in 0..<200 {
            let word = [RingWord.requestConsumer, .requestProducer, .responseConsumer, .responseProducer, .connection][
                numbers.next(below: 5)]
            page[word] = numbers.next() % 3 == 0 ? numbers.next() : numbers.next() % 1100
            try xen.notify(from: 1)
            // Two rounds at most: a turn, and one more for what it has left.
            var roundCount = 0
            while try bench.loop.turn(milliseconds: 0) > 0 || bench.loop.isAwake { roundCount += 1 }
            #expect(roundCount < 100)
        }
        #expect(texts(try bench.ask(socket, Message(.read, "/sec|"))) == ["sec"])
        xen.set(1, 0)
        try bench.raise()
        try scene.expectGone(page)
    }

    @Test("a domid that is used 500 times over: each begins with nothing, and nothing is left at the end")
    func reuse() throws {
        let slots = bench.core.counts.nodes
        for _ in 0..<500 {
            let guest = Guest(1, bench)
            _ = try guest.ask(
                Message(.watch, "/local/domain/1/data|t|"), Message(.write, "/drop/mine|1"),
                Message(.transactionStart, "|"), scene.inside(Message(.write, "/drop/more|1")))
            #expect(bench.core.counts(of: 1) == (1, 1))
            xen.start(1)
            try bench.raise()
            #expect(!guest.page.isServerMapped)
            #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|5|"))) == ["OK|"])
            #expect(bench.core.counts(of: 1) == (0, 0) && bench.core.nodeCount(of: 1) == 0)
        }
        #expect(xen.bound.count == 4)
        #expect(bench.core.counts.nodes <= slots && bench.core.counts.watches == 0)
    }

    @Test("domain states that can't be fetched are said once, and again after they could; nobody is lost")
    func fetchFails() throws {
        func count() -> Int { bench.lines.lines.filter { $0.contains("can't be fetched") }.count }
        xen.statesFail = .eperm
        for _ in 0..<5 { try bench.raise() }
        #expect(count() == 1)
        xen.statesFail = nil
        xen.set(1, 0)
        try bench.raise()
        try scene.expectGone(SharedPage())
        xen.statesFail = .eperm
        try bench.raise()
        #expect(count() == 2)
    }

    @Test("a guest that can't be notified any more is ignored with error 1, and INTRODUCE brings it back")
    func brokenChannel() throws {
        let guest = Guest(1, bench)
        xen.notifyFails = true
        try guest.send(Message(.read, "/pub|"))
        #expect(guest.page[.error] == 1)
        xen.notifyFails = false
        #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|5|"))) == ["OK|"])
        #expect(try texts(guest.ask(Message(.read, "/pub|"))) == ["pub"])
    }

    @Test("INTRODUCE again that can't map or bind is EINVAL, and leaves the domain with error 1")
    func introduceAgainFails() throws {
        let guest = Guest(1, bench)
        _ = try guest.ask(Message(.watch, "/pub|t|"))
        xen.bindFails = true
        #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|5|"))) == ["EINVAL|"])
        #expect(guest.page[.error] == 1 && bench.core.counts(of: 1) == (0, 0))
        xen.bindFails = false
        xen.domains[1]?.isGranted = false
        #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|5|"))) == ["EINVAL|"])
        xen.domains[1]?.isGranted = true
        #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|5|"))) == ["OK|"])
        #expect(guest.page.serverMapCount == 1 && guest.page[.error] == 0)
        #expect(try texts(guest.ask(Message(.read, "/pub|"))) == ["pub"])
        xen.domains[1]?.isGranted = false
        #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|5|"))) == ["EINVAL|"])
        #expect(guest.page[.error] == 1)
        xen.set(1, 0)
        try bench.raise()
        try scene.expectGone(guest.page)
    }
}
