// Every state that a domain may die in, by every way in which either kind of Xen tells of it (xenstored.md 9.4 to 9.6,
// 9.7, 16).
// Not for: the rows of section 18 (DomainRowTests, OldXenTests).

import Testing
import XenABI
import XenstoreCore
import XenstoreServer
import XenstoreWire

/// In which order a stub domain and its target go.
enum StubOrder: CaseIterable, Sendable {
    case stubFirst
    case targetFirst
    case together
}

@Suite("Ends of domains in every state")
struct DeathStateTests {
    @Test(
        "a domain dies in the middle of anything: it is told as this Xen allows, nothing is left, a new one is new",
        arguments: Middle.allCases, DomainEnd.allCases)
    func death(_ middle: Middle, _ end: DomainEnd) throws {
        let scene = try DeathScene(isOld: end.isOld)
        let guest = Guest(1, scene.bench)
        try scene.bring(guest, to: middle)
        let all = try scene.watch("@releaseDomain|t|")
        let one = try scene.watch("@releaseDomain/1|t|")
        let each = try scene.watch("@releaseDomain|t|1|")
        let page = guest.page
        scene.end(1, end)
        try scene.bench.raise()
        #expect(texts(try all.messages()) == ["event @releaseDomain|t|"])
        #expect(texts(try one.messages()) == ["event @releaseDomain/1|t|"])
        // Without domain states they may be spurious (9.6).
        let others = end.isOld ? ["event @releaseDomain/2|t|", "event @releaseDomain/3|t|"] : []
        #expect(texts(try each.messages()) == ["event @releaseDomain/1|t|"] + others)
        try scene.expectGone(page)
        if end != .replaced { scene.xen.start(1) }
        try scene.expectNewcomer(1)
        try scene.bench.raise()
        #expect(try scene.ask(Message(.isDomainIntroduced, "1|")) == ["T|"])
        try scene.expectRight()
        // The next one of that number goes as well.
        let next = guest.page
        scene.end(1, end.isOld ? .goneUntold : .gone)
        try scene.bench.raise()
        try scene.expectGone(next)
    }

    @Test(
        "without domain states a port that closes alone is error 1 in any state, its nodes stay; death is found later",
        arguments: Middle.allCases)
    func closedFirst(_ middle: Middle) throws {
        let scene = try DeathScene(isOld: true)
        let guest = Guest(1, scene.bench)
        try scene.bring(guest, to: middle)
        let nodes = scene.bench.core.nodeCount(of: 1)
        let page = guest.page
        let error = page[.error]
        scene.xen.domains[1]?.hasClosedPort = true
        try scene.bench.raise()
        #expect(page[.error] == 1 && page.serverMapCount == 1, "it was \(error)")
        #expect(scene.bench.core.nodeCount(of: 1) == nodes && scene.bench.core.counts(of: 1) == (0, 0))
        #expect(try scene.ask(Message(.isDomainIntroduced, "1|")) == ["T|"])
        try scene.expectRight()
        scene.end(1, .goneUntold)
        try scene.bench.raise()
        try scene.expectGone(page)
        scene.xen.start(1)
        try scene.expectNewcomer(1)
    }

    /// What domain 2 sees of domain 1's node.
    private func look(_ scene: DeathScene) throws -> [String] {
        try texts(Guest(2, scene.bench).ask(Message(.read, "/local/domain/1/data|")))
    }

    @Test(
        "XSA-233: a stub domain and its target die in either order, or in one batch: no link is left to either",
        arguments: StubOrder.allCases, [DomainEnd.dead, .gone, .goneUntold, .closedUntold])
    func stub(_ order: StubOrder, _ end: DomainEnd) throws {
        let scene = try DeathScene(isOld: end.isOld)
        #expect(try scene.ask(Message(.setTarget, "2|1|")) == ["OK|"])
        #expect(try look(scene) == [""])
        // A transaction of its target's nodes is under way.
        let stub = Guest(2, scene.bench)
        _ = try stub.ask(Message(.transactionStart, "|"), scene.inside(Message(.read, "/local/domain/1/data|")))
        let all = try scene.watch("@releaseDomain|t|")
        let pages = [Guest(1, scene.bench).page, stub.page]
        if order != .targetFirst { scene.end(2, end) }
        if order != .stubFirst { scene.end(1, end) }
        try scene.bench.raise()
        #expect(texts(try all.messages()) == ["event @releaseDomain|t|"])
        try scene.expectRight()
        switch order {
        case .stubFirst:
            #expect(!pages[1].isServerMapped && pages[0].isServerMapped)
            #expect(try texts(Guest(1, scene.bench).ask(Message(.read, "data|"))) == [""])
            scene.xen.start(2)
            try scene.expectNewcomer(2)
            #expect(try look(scene) == ["EACCES|"])
            scene.end(1, end)
        case .targetFirst:
            #expect(!pages[0].isServerMapped && pages[1].isServerMapped)
            #expect(scene.bench.core.summary(of: 2, now: 0)?.target == nil)
            scene.xen.start(1)
            try scene.expectNewcomer(1)
            _ = try scene.ask(
                Message(.write, "/local/domain/1/data|anew"), Message(.setPermissions, "/local/domain/1/data|n1|"))
            #expect(try texts(Guest(1, scene.bench).ask(Message(.read, "data|"))) == ["anew"])
            #expect(try look(scene) == ["EACCES|"])
            let reads = scene.inside(Message(.read, "/local/domain/1/data|"))
            #expect(try texts(stub.ask(reads)) == ["EACCES|"])
            scene.end(2, end)
        case .together: break
        }
        try scene.bench.raise()
        #expect(!pages.contains { $0.isServerMapped })
        let left = order == .stubFirst ? 2 : 1 as UInt16
        #expect(scene.bench.core.knownDomains == (order == .together ? [0, 3] : [0, left, 3].sorted()))
        #expect(scene.bench.core.openTransactions().isEmpty)
        try scene.expectRight()
        let gone = order == .together ? [1, 2] : [3 - left]
        for domain in gone {
            scene.xen.start(domain)
            try scene.expectNewcomer(domain)
        }
        #expect(scene.bench.core.summary(of: 2, now: 0)?.target == nil)
        #expect(try texts(Guest(3, scene.bench).ask(Message(.read, "/pub|"))) == ["pub"])
    }

    /// Domain 4 was named and not introduced: it has a node, an entry, a quota and features.
    private func nameOnly(_ scene: DeathScene) throws {
        let answers = try scene.ask(
            Message(.setPermissions, "/pub|r0|w4|"), Message(.write, "/four|"), Message(.setPermissions, "/four|n4|"),
            Message(.setQuota, "4|nodes|7|"), Message(.setFeature, "4|3|"))
        #expect(answers == ["OK|", "OK|", "OK|", "OK|", "OK|"])
        #expect(scene.bench.core.nodeCount(of: 4) == 1 && scene.bench.core.knownDomains == [0, 1, 2, 3, 4])
    }

    private func expectUnknown(_ scene: DeathScene) throws {
        #expect(scene.bench.core.knownDomains == [0, 1, 2, 3] && scene.bench.core.nodeCount(of: 4) == 0)
        #expect(scene.bench.core.memoryByteCount(of: 4) == 0)
        #expect(
            try scene.ask(Message(.read, "/four|"), Message(.getPermissions, "/pub|")) == ["ENOENT|", "r0|"])
        try scene.expectRight()
        if scene.xen.domains[4]?.state != 1 { scene.xen.start(4) }
        try scene.expectNewcomer(4)
        #expect(try texts(Guest(4, scene.bench).ask(Message(.write, "/pub|4"))) == ["EACCES|"])
    }

    @Test(
        "a domain that is known only dies: its nodes and rights go, and nobody is told of an end",
        arguments: [DomainEnd.dead, .gone, .replaced])
    func knownOnly(_ end: DomainEnd) throws {
        let scene = try DeathScene()
        try nameOnly(scene)
        let watcher = try scene.watch("@releaseDomain|t|")
        let nodes = try scene.watch("/four|t|")
        scene.end(4, end)
        try scene.bench.raise()
        #expect(try texts(watcher.messages()) == [] && texts(nodes.messages()) == ["event /four|t|"])
        try expectUnknown(scene)
    }

    @Test("on a Xen without domain states one that is known only goes when it is asked for")
    func knownOnlyUntold() throws {
        let scene = try DeathScene(isOld: true)
        try nameOnly(scene)
        let nodes = try scene.watch("/four|t|")
        scene.end(4, .goneUntold)
        try scene.bench.raise()
        #expect(try scene.ask(Message(.getFeature, "4|")) == ["ENOENT|"])
        #expect(texts(try nodes.messages()) == ["event /four|t|"])
        try expectUnknown(scene)
    }

    @Test("XSA-322: on a Xen without domain states one that is known only dies, its successor has nothing of it")
    func knownOnlySucceeded() throws {
        let scene = try DeathScene(isOld: true)
        try nameOnly(scene)
        scene.end(4, .goneUntold)
        try scene.bench.raise()
        scene.xen.start(4)
        try expectUnknown(scene)
    }
}
