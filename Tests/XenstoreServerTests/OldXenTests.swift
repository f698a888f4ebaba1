// Deaths on a Xen that has no domain states (xenstored.md 9.6; rows 164 to 166 of 18).
// Not for: Xen 4.21 and newer (DomainRowTests).

import Testing
import XenABI
import XenstoreCore
import XenstoreServer
import XenstoreWire

@Suite("Domains on a Xen before 4.21")
struct OldXenTests {
    private let xen: FakeXen
    private let bench: StoreBench
    private let socket: TestSocket
    private let watcher: TestSocket

    init() throws {
        xen = try FakeXen(isOld: true)
        bench = try StoreBench(xen)
        socket = try bench.connect()
        try bench.makeStandardState(socket)
        watcher = try bench.connect()
        _ = try bench.ask(watcher, Message(.watch, "@releaseDomain|t|"), Message(.watch, "/local|t|"))
    }

    private func told() throws -> [String] {
        try bench.settle()
        return texts(try watcher.messages())
    }

    @Test("the log says once that deaths are found indirectly; unique numbers are not asked for")
    func warning() {
        let text = "this Xen has no stable domain state call (Xen 4.21 or newer has it); deaths of domains are found"
        #expect(bench.lines.lines.filter { $0.contains("\(text) indirectly") }.count == 1)
        #expect(bench.domains.isIndirect && bench.domains.uniqueID(of: 1) == 0 && bench.domains.uniqueID(of: 9) == nil)
    }

    @Test("a call that fails says the same as one that isn't there", arguments: [XenErrorCode.eacces, .enosys])
    func refused(_ code: XenErrorCode) throws {
        let xen = try FakeXen()
        xen.statesFail = code
        let bench = try StoreBench(xen)
        #expect(bench.domains.isIndirect)
        #expect(bench.lines.lines.contains { $0.contains(DomainLookup.indirectText) })
    }

    @Test("164: while all ports have their peers the interrupt tells all watchers once, and removes nothing")
    func alive() throws {
        let each = try bench.connect()
        _ = try bench.ask(each, Message(.watch, "@releaseDomain|t|1|"))
        let one = try bench.connect()
        _ = try bench.ask(one, Message(.watch, "@releaseDomain/2|t|"))
        try bench.raise()
        #expect(try told() == ["event @releaseDomain|t|"])
        #expect(
            texts(try each.messages())
                == ["event @releaseDomain/1|t|", "event @releaseDomain/2|t|", "event @releaseDomain/3|t|"])
        #expect(texts(try one.messages()) == ["event @releaseDomain/2|t|"])
        #expect(bench.core.nodeCount(of: 1) == 1)
        #expect(try texts(Guest(1, bench).ask(Message(.read, "/pub|"))) == ["pub"])
    }

    @Test("165: a port without its peer, and a page that can't be mapped anew: the domain is dead")
    func dead() throws {
        let page = Guest(1, bench).page
        xen.domains[1] = nil
        try bench.raise()
        #expect(try told() == ["event /local/domain/1/data|t|", "event @releaseDomain|t|"])
        #expect(!page.isServerMapped && !xen.bound.values.contains(1))
        #expect(texts(try bench.ask(socket, Message(.isDomainIntroduced, "1|"))) == ["F|"])
        #expect(try texts(Guest(2, bench).ask(Message(.read, "/pub|"))) == ["pub"])
    }

    @Test("166: a port without its peer, and a page that can be mapped: it stays, with error 1, until INTRODUCE")
    func closed() throws {
        let guest = Guest(1, bench)
        xen.domains[1]?.hasClosedPort = true
        try bench.raise()
        #expect(try told() == ["event @releaseDomain|t|"])
        #expect(guest.page[.error] == 1 && guest.page.serverMapCount == 1)
        #expect(texts(try bench.ask(socket, Message(.isDomainIntroduced, "1|"))) == ["T|"])
        #expect(bench.core.nodeCount(of: 1) == 1)
        try bench.raise()
        #expect(guest.page[.error] == 1 && guest.page.serverMapCount == 1)
        #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|5|"))) == ["OK|"])
        #expect(guest.page[.error] == 0 && guest.page.serverMapCount == 1)
        #expect(try texts(guest.ask(Message(.read, "/pub|"))) == ["pub"])
        #expect(bench.core.nodeCount(of: 1) == 1)
    }

    @Test("after it was a suspect it may still be found dead")
    func deadLater() throws {
        let page = Guest(1, bench).page
        xen.domains[1]?.hasClosedPort = true
        try bench.raise()
        xen.domains[1]?.isGranted = false
        try bench.raise()
        #expect(!page.isServerMapped)
        #expect(texts(try bench.ask(socket, Message(.isDomainIntroduced, "1|"))) == ["F|"])
    }

    @Test("where Xen says nothing of ports, nobody who lives is touched, and a domain that Xen doesn't know is dead")
    func silent() throws {
        xen.portStatesFail = true
        let page = Guest(3, bench).page
        xen.domains[3]?.isGranted = false
        try bench.raise()
        #expect(page.isServerMapped)
        xen.domains[3] = nil
        try bench.raise()
        #expect(!page.isServerMapped)
        let guest = Guest(1, bench)
        #expect(guest.page[.error] == 0 && guest.page.serverMapCount == 1)
        #expect(try texts(guest.ask(Message(.read, "/pub|"))) == ["pub"])
    }

    @Test("INTRODUCE of an introduced domain keeps the nodes that were written for the new one")
    func reintroduced() throws {
        let old = Guest(1, bench).page
        xen.start(1)
        let new = Guest(1, bench)
        #expect(texts(try bench.ask(socket, Message(.introduce, "1|0|5|"))) == ["OK|"])
        #expect(!old.isServerMapped && new.page.isServerMapped)
        #expect(bench.core.nodeCount(of: 1) == 1)
        #expect(try texts(new.ask(Message(.read, "data|"))) == [""])
        try bench.raise()
        #expect(new.page.isServerMapped)
    }
}
