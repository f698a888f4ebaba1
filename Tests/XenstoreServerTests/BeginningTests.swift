// The beginning of a server that has Xen (xenstored.md 14.3, steps 5 to 8): who is there, whose ring is attached.
// Not for: options and files (XenstoredTests).

import DaemonShell
import EventLoop
import Testing
import XenABI
import XenstoreCore
import XenstoreServer
import XenstoreWire

@Suite("The server's beginning")
struct BeginningTests {
    private let xen: FakeXen

    init() throws { xen = try FakeXen() }

    @Test("Xen says which domain is the control domain, the first one, and which one has the store, the last one")
    func capabilities() throws {
        xen.start(0).capabilities = 3
        xen.start(1).capabilities = 5
        xen.start(2)
        xen.start(3).capabilities = 4
        let domains = DomainLookup(xen.platform)
        try domains.begin()
        #expect(domains.controlDomain == 0 && domains.storeDomain == 3 && !domains.isIndirect)
        #expect(domains.present.map(\.domain.rawValue) == [0, 1, 2, 3])
        #expect(domains.uniqueID(of: 2) == xen.domains[2]?.uniqueID)
        #expect(domains.uniqueID(of: 9) == nil && domains.uniqueID(of: 0x7FF0) == nil)
        xen.domains[2]?.state = 15
        #expect(domains.uniqueID(of: 2) == nil)
    }

    @Test("where Xen says nothing nobody is known; a question that is refused later is answered by the ports")
    func silent() throws {
        let old = DomainLookup(try FakeXen(isOld: true).platform)
        try old.begin()
        #expect(old.isIndirect && old.controlDomain == nil && old.storeDomain == nil && old.present.isEmpty)
        xen.start(1)
        let domains = DomainLookup(xen.platform)
        try domains.begin()
        xen.statesFail = .eperm
        #expect(domains.uniqueID(of: 1) == 0 && domains.uniqueID(of: 2) == nil)
        #expect(DomainLookup(nil).uniqueID(of: 77) == 0)
    }

    @Test("an interrupt that can't be bound, and an own ring that can't be had, end the start")
    func noBeginning() throws {
        xen.bindFails = true
        #expect(throws: StoreStartError.self) { _ = try StoreBench(xen) }
        xen.bindFails = false
        let own = FakeOwnRing()
        own.fails = true
        xen.own = own
        xen.start(0)
        #expect(throws: StoreStartError.self) { _ = try StoreBench(xen) }
    }

    @Test("the own ring is the control domain's: it is told that the store is there, and may do everything")
    func ownRing() throws {
        let own = FakeOwnRing()
        own.page[.connection] = 1
        own.page.indices = [100, 100, 7, 7]
        xen.own = own
        xen.start(0)
        xen.start(4)
        let bench = try StoreBench(xen)
        #expect(own.page[.connection] == 0 && xen.domains[0]?.notificationCount == 1)
        #expect(own.page.indices == [100, 100, 7, 7] && own.page[.features] == 15)
        _ = own.page.send(Message(.write, "/a|1").bytes + Message(.introduce, "4|0|5|").bytes)
        try xen.notify(from: 0)
        try bench.settle()
        #expect(texts(messages(own.page.receive())) == ["OK|", "OK|"])
        #expect(xen.domains[4]?.page.isServerMapped == true)
        xen.domains[0]?.state = 0
        xen.changed.append(0)
        try bench.raise()
        _ = own.page.send(Message(.read, "/a|").bytes)
        try xen.notify(from: 0)
        try bench.settle()
        #expect(texts(messages(own.page.receive())) == ["1"])
    }

    @Test("domains that are there with a page and a port are introduced at the beginning, without INTRODUCE")
    func found() throws {
        let waiting = xen.start(1)
        waiting.page[.port] = 5
        waiting.page[.connection] = 1
        let withoutPort = xen.start(2)
        let withoutPage = xen.start(3)
        withoutPage.page[.port] = 5
        withoutPage.isGranted = false
        let dying = xen.start(4)
        dying.page[.port] = 5
        dying.state = 5
        let bench = try StoreBench(xen)
        #expect(waiting.page[.connection] == 0 && waiting.notificationCount == 1 && waiting.page[.features] == 15)
        let socket = try bench.connect()
        for (domain, answer) in [(1, "T|"), (2, "F|"), (3, "F|"), (4, "F|")] {
            #expect(texts(try bench.ask(socket, Message(.isDomainIntroduced, "\(domain)|"))) == [answer])
        }
        #expect(!withoutPort.page.isServerMapped && !dying.page.isServerMapped)
        #expect(try texts(Guest(1, bench).ask(Message(.getFeature, ""))) == ["15|"])
        xen.set(1, 0)
        try bench.raise()
        #expect(!waiting.page.isServerMapped)
    }

    @Test("the port that Xen has written on the page goes before that of INTRODUCE")
    func portOfThePage() throws {
        let bench = try StoreBench(xen)
        xen.start(1).page[.port] = 5
        let socket = try bench.connect()
        #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|99|"))) == ["OK|"])
    }

    @Test("one wake-up unmasks all channels that have fired with one call, after they were served")
    func unmasking() throws {
        let bench = try StoreBench(xen)
        let socket = try bench.connect()
        try bench.makeStandardState(socket)
        let before = xen.unmaskCallCount
        for domain in [1, 2, 3] as [UInt16] {
            _ = xen.domains[domain]?.page.send(Message(.read, "/pub|").bytes)
            try xen.notify(from: domain)
        }
        try bench.loop.turn(milliseconds: 0)
        #expect(xen.unmaskCallCount == before + 1)
        for domain in [1, 2, 3] as [UInt16] {
            #expect(texts(messages(xen.domains[domain]?.page.receive() ?? [])) == ["pub"])
            #expect(xen.domains[domain]?.notificationCount == 1)
        }
    }
}
