// Rows 150 to 166 and 192 of xenstored.md 18, from a request or an interrupt to pages, ports and events.
// Not for: the same rows within the core (XenstoreCoreTests).

import Testing
import XenABI
import XenstoreCore
import XenstoreServer
import XenstoreWire

@Suite("Domains of the server, row by row")
struct DomainRowTests {
    private let xen: FakeXen
    private let bench: StoreBench
    private let socket: TestSocket

    init() throws {
        xen = try FakeXen()
        bench = try StoreBench(xen)
        socket = try bench.connect()
        try bench.makeStandardState(socket)
    }

    private func ask(_ messages: Message...) throws -> [String] {
        try socket.send(messages.flatMap(\.bytes))
        try bench.settle()
        return texts(try socket.messages())
    }

    private func watch(_ path: String, depth: Int? = nil, by client: TestSocket? = nil) throws -> TestSocket {
        let client = try client ?? bench.connect()
        let answer = try bench.ask(client, Message(.watch, "\(path)|t|" + (depth.map { "\($0)|" } ?? "")))
        #expect(texts(answer) == ["OK|", "event \(path)|t|"])
        return client
    }

    private func events(_ client: TestSocket) throws -> [String] {
        try bench.settle()
        return texts(try client.messages())
    }

    @Test("150: the first INTRODUCE maps and binds, and tells the watchers before it is answered")
    func introduce() throws {
        let all = try watch("@introduceDomain")
        let each = try watch("@introduceDomain", depth: 1)
        #expect(try texts(bench.ask(socket, Message(.watch, "@introduceDomain|s|"))).count == 2)
        #expect(try ask(Message(.introduce, "4|123|5|")) == ["event @introduceDomain|s|", "OK|"])
        #expect(try events(all) == ["event @introduceDomain|t|"])
        #expect(try events(each) == ["event @introduceDomain/4|t|"])
        let domain = try #require(xen.domains[4])
        #expect(domain.page.isServerMapped && domain.localPort != nil)
        #expect(domain.page[.features] == 15)
        #expect(try texts(Guest(4, bench).ask(Message(.read, "/pub|"))) == ["pub"])
    }

    @Test("151: INTRODUCE of an introduced domain begins its ring anew, without an event")
    func introduceAgain() throws {
        let all = try watch("@introduceDomain")
        let guest = Guest(1, bench)
        _ = try guest.ask(Message(.watch, "/pub|t|"), Message(.transactionStart, "|"))
        let before = try #require(xen.domains[1]?.localPort)
        #expect(guest.page[.requestProducer] > 0)
        #expect(try ask(Message(.introduce, "1|-5|5|")) == ["OK|"])
        #expect(guest.page.indices == [0, 0, 0, 0])
        #expect(guest.page.serverMapCount == 1)
        #expect(try events(all) == [])
        #expect(xen.domains[1]?.localPort != nil && xen.domains[1]?.localPort != before)
        #expect(bench.core.counts(of: 1) == (0, 0))
        #expect(bench.core.nodeCount(of: 1) == 1)
        #expect(try texts(guest.ask(Message(.read, "/pub|"))) == ["pub"])
    }

    @Test("152: arguments of INTRODUCE that are wrong map nothing")
    func introduceWrong() throws {
        for text in ["4|1|", "4|1|0|", "4|1|x|", "32752|1|1|", "0|1|1|"] {
            #expect(try ask(Message(.introduce, text)) == ["EINVAL|"])
        }
        #expect(xen.domains[4]?.page.isServerMapped == false)
    }

    @Test("153: INTRODUCE of a domain whose page can't be mapped, or whose port can't be bound, leaves nothing")
    func introduceAbsent() throws {
        let all = try watch("@introduceDomain")
        #expect(try ask(Message(.introduce, "9|1|1|")) == ["EINVAL|"])
        #expect(try ask(Message(.isDomainIntroduced, "9|")) == ["F|"])
        #expect(try ask(Message(.introduce, "4|1|6|")) == ["EINVAL|"])
        #expect(try ask(Message(.isDomainIntroduced, "4|")) == ["F|"])
        #expect(xen.domains[4]?.page.isServerMapped == false && xen.domains[4]?.localPort == nil)
        #expect(try events(all) == [])
    }

    @Test("154, 155: who is introduced; a guest may not ask")
    func isIntroduced() throws {
        let asked = try ask(
            Message(.isDomainIntroduced, "1|"), Message(.isDomainIntroduced, "4|"),
            Message(.isDomainIntroduced, "32752|"))
        #expect(asked == ["T|", "F|", "T|"])
        #expect(try texts(Guest(1, bench).ask(Message(.isDomainIntroduced, "1|"))) == ["EACCES|"])
    }

    @Test("156: RELEASE removes the nodes, tells, and frees page and port before it is answered")
    func release() throws {
        let client = try watch("@releaseDomain", by: try watch("/local"))
        let page = Guest(1, bench).page
        #expect(try ask(Message(.release, "1|"), Message(.isDomainIntroduced, "1|")) == ["OK|", "F|"])
        #expect(try events(client) == ["event /local/domain/1/data|t|", "event @releaseDomain|t|"])
        #expect(!page.isServerMapped && xen.domains[1]?.localPort == nil)
    }

    @Test("157: RELEASE of the store domain, of one that isn't introduced, of none")
    func releaseWrong() throws {
        #expect(
            try ask(Message(.release, "0|"), Message(.release, "77|"), Message(.release, "x|"))
                == ["EINVAL|", "ENOENT|", "EINVAL|"])
    }

    @Test("158: two domains that shut down are one batch: one plain event, and one for each with a depth")
    func shutDowns() throws {
        let all = try watch("@releaseDomain")
        let each = try watch("@releaseDomain", depth: 1)
        xen.set(1, 3)
        xen.set(2, 3)
        try bench.raise()
        #expect(try events(all) == ["event @releaseDomain|t|"])
        #expect(try events(each) == ["event @releaseDomain/1|t|", "event @releaseDomain/2|t|"])
        #expect(xen.domains[1]?.page.isServerMapped == true)
    }

    @Test("159: a shutdown is told once; after RESUME the next one is told again")
    func shutDownTwice() throws {
        let each = try watch("@releaseDomain", depth: 1)
        xen.set(1, 3)
        try bench.raise()
        xen.set(1, 3)
        try bench.raise()
        #expect(try events(each) == ["event @releaseDomain/1|t|"])
        #expect(try ask(Message(.resume, "1|")) == ["OK|"])
        xen.set(1, 3)
        try bench.raise()
        #expect(try events(each) == ["event @releaseDomain/1|t|"])
    }

    @Test("160, 161: a dying domain is nothing yet; dead, it goes with its nodes, its page and its port")
    func death() throws {
        let client = try watch("@releaseDomain", by: try watch("/local"))
        let each = try watch("@releaseDomain", depth: 1)
        let page = Guest(1, bench).page
        xen.set(1, 7)
        try bench.raise()
        #expect(try events(client) == [])
        xen.set(1, 15)
        try bench.raise()
        #expect(try events(client) == ["event /local/domain/1/data|t|", "event @releaseDomain|t|"])
        #expect(try events(each) == ["event @releaseDomain/1|t|"])
        #expect(!page.isServerMapped && !xen.bound.values.contains(1))
        #expect(try ask(Message(.isDomainIntroduced, "1|")) == ["F|"])
        xen.set(1, 0)
        try bench.raise()
        #expect(try events(client) == [])
    }

    @Test("162: a domid with another unique number is the old one's death; the new one has nothing of it")
    func reuse() throws {
        let client = try watch("@releaseDomain", by: try watch("/local"))
        let old = Guest(1, bench)
        _ = try old.ask(Message(.watch, "/pub|t|"), Message(.write, "data/x|1"))
        _ = try events(client)
        let page = old.page
        xen.start(1)
        try bench.raise()
        #expect(try events(client) == ["event /local/domain/1/data|t|", "event @releaseDomain|t|"])
        #expect(!page.isServerMapped)
        #expect(try ask(Message(.introduce, "1|0|5|")) == ["OK|"])
        #expect(bench.core.nodeCount(of: 1) == 0 && bench.core.counts(of: 1) == (0, 0))
        #expect(try texts(Guest(1, bench).ask(Message(.read, "/local/domain/1|"))) == ["EACCES|"])
    }

    @Test("162: the same when the new one is introduced before Xen has told of anything")
    func reuseUnseen() throws {
        let client = try watch("@introduceDomain", by: try watch("@releaseDomain", by: try watch("/local")))
        let old = Guest(1, bench)
        _ = try old.ask(Message(.watch, "/pub|t|"), Message(.write, "data/x|1"))
        _ = try events(client)
        let page = old.page
        xen.start(1)
        #expect(try ask(Message(.introduce, "1|0|5|")) == ["OK|"])
        #expect(
            try events(client) == [
                "event /local/domain/1/data|t|", "event @releaseDomain|t|", "event @introduceDomain|t|",
            ])
        #expect(!page.isServerMapped)
        #expect(bench.core.nodeCount(of: 1) == 0 && bench.core.counts(of: 1) == (0, 0))
        #expect(try texts(Guest(1, bench).ask(Message(.read, "/local/domain/1|"))) == ["EACCES|"])
        try bench.raise()
        #expect(try events(client) == [])
        #expect(try ask(Message(.isDomainIntroduced, "1|")) == ["T|"])
    }

    @Test("162: what the toolstack writes for the new one before it introduces it is the new one's")
    func reuseAsToolstacksDo() throws {
        let client = try watch("@releaseDomain")
        _ = try Guest(1, bench).ask(Message(.write, "data/x|1"))
        xen.start(1)
        let home = "/local/domain/1"
        #expect(
            try ask(
                Message(.remove, "\(home)|"), Message(.makeDirectory, "\(home)|"),
                Message(.setPermissions, "\(home)|n0|r1|"), Message(.makeDirectory, "\(home)/data|"),
                Message(.setPermissions, "\(home)/data|n1|"))
                == ["OK|", "OK|", "OK|", "OK|", "OK|"])
        #expect(try events(client) == ["event @releaseDomain|t|"])
        #expect(try ask(Message(.isDomainIntroduced, "1|")) == ["F|"])
        #expect(try ask(Message(.introduce, "1|0|5|")) == ["OK|"])
        let new = Guest(1, bench)
        #expect(try texts(new.ask(Message(.directory, "\(home)|"), Message(.write, "data/x|2"))) == ["data|", "OK|"])
        #expect(bench.core.nodeCount(of: 1) == 2)
        try bench.raise()
        #expect(try events(client) == [])
    }

    @Test("162: a domain that can't be introduced is not, and its predecessor is gone")
    func reuseFails() throws {
        xen.start(1)
        xen.domains[1]?.isGranted = false
        #expect(try ask(Message(.introduce, "1|0|5|")) == ["EINVAL|"])
        #expect(try ask(Message(.isDomainIntroduced, "1|")) == ["F|"])
        #expect(bench.core.nodeCount(of: 1) == 0 && !xen.bound.values.contains(1))
    }

    @Test("163: who watches the end of one domain is not told of another's")
    func watchOne() throws {
        let guest = Guest(2, bench)
        _ = try guest.ask(Message(.watch, "@releaseDomain/1|t|"))
        xen.set(3, 0)
        try bench.raise()
        #expect(try guest.messages() == [])
        xen.set(1, 0)
        try bench.raise()
        #expect(try texts(guest.messages()) == ["event @releaseDomain/1|t|"])
    }

    @Test("192: a domain whose ring is ignored dies: it is told, and page and port are freed")
    func deathOfTheIgnored() throws {
        let all = try watch("@releaseDomain")
        let guest = Guest(1, bench)
        try guest.send(header(announcing: 4097))
        let page = guest.page
        #expect(page[.error] == 3 && page.isServerMapped)
        #expect(try ask(Message(.isDomainIntroduced, "1|")) == ["T|"])
        xen.set(1, 0)
        try bench.raise()
        #expect(try events(all) == ["event @releaseDomain|t|"])
        #expect(!page.isServerMapped && !xen.bound.values.contains(1))
    }
}
