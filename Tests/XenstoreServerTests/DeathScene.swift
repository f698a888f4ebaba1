// A server with domains, one of which is brought into the middle of something and dies, as either kind of Xen has it
// (xenstored.md 9.4 to 9.6).
// Not for: what has to follow (DeathTests, DeathStateTests).

import SystemCalls
import Testing
import XenABI
import XenstoreCore
import XenstoreServer
import XenstoreWire

/// What a domain is in the middle of.
enum Middle: CaseIterable, Sendable {
    case nothing
    case halfARequest
    case unreadInput
    case fullOutput
    case transaction
    case watches
    case ignoredForChannel
    case ignoredForIndices
    case ignoredForLength
    case reconnecting
    case pausedForOutstanding
    case pausedForMemory
    case pausedForCredit
    /// Its transaction waits for a claim of the control domain's.
    case heldBack
    /// Its transaction waits for a claim of domain 2.
    case heldBackByGuest
    /// It has the right of way, and domain 2 waits for it (5.6).
    case holdsClaim
}

/// How a domain goes.
enum DomainEnd: CaseIterable, Sendable {
    /// Xen says that it is dead, or that it is gone, or has another one of its number.
    case dead
    case gone
    case replaced
    /// On a Xen before 4.21: it is gone; or it is being taken apart: its port is closed, its page can't be mapped.
    case goneUntold
    case closedUntold

    var isOld: Bool { self == .goneUntold || self == .closedUntold }
}

/// The state of section 18, on a Xen of either kind.
final class DeathScene {
    let xen: FakeXen
    let bench: StoreBench
    let socket: TestSocket
    /// Domain 2, which lives: what it asks when domain 1 is gone, and what it has been told by then.
    let other: Guest
    var otherAsks = [Message(.read, "/none|")]
    var otherHears = ["EACCES|"]

    init(isOld: Bool = false) throws {
        xen = try FakeXen(isOld: isOld)
        // A claim does not end while a test is kept from running: the core's time stands still, an hour from now, where
        // no timer of the loop's comes to it.
        bench = try StoreBench(xen, time: MonotonicTime.now.nanoseconds / 1_000_000 + 3_600_000)
        socket = try bench.connect()
        other = Guest(2, bench)
        try bench.makeStandardState(socket)
    }

    func inside(_ message: Message, _ transaction: UInt32 = 1) -> Message {
        var message = message
        message.header.transactionID = transaction
        return message
    }

    func ask(_ messages: Message...) throws -> [String] {
        try socket.send(messages.flatMap(\.bytes))
        try bench.settle()
        return texts(try socket.messages())
    }

    /// Somebody who watches a path.
    func watch(_ text: String) throws -> TestSocket {
        let client = try bench.connect()
        #expect(try texts(bench.ask(client, Message(.watch, text))).first == "OK|")
        return client
    }

    /// A domain goes; Xen has not told of it yet.
    func end(_ domain: UInt16, _ end: DomainEnd) {
        switch end {
        case .dead: xen.set(domain, 8)
        case .gone, .goneUntold: xen.set(domain, 0)
        case .replaced: xen.start(domain)
        case .closedUntold:
            xen.domains[domain]?.hasClosedPort = true
            xen.domains[domain]?.isGranted = false
        }
    }

    /// Brings domain 1 there; what lies in its ring then, the server hasn't seen.
    func bring(_ guest: Guest, to middle: Middle) throws {
        switch middle {
        case .nothing: break
        case .halfARequest: try guest.send(Array(Message(.read, "/pub|").bytes.prefix(19)))
        case .unreadInput: _ = guest.page.send(Message(.write, "data/late|1").bytes)
        case .fullOutput: try fill(guest, readCount: 4)
        case .transaction:
            _ = try guest.ask(Message(.transactionStart, "|"), inside(Message(.write, "data/t|1")))
        case .watches: _ = try guest.ask(Message(.watch, "/|t|"), Message(.watch, "@releaseDomain|t|"))
        case .ignoredForChannel:
            _ = try guest.ask(Message(.watch, "/pub|t|"), Message(.write, "data/c|1"))
            xen.notifyFails = true
            try guest.send(Message(.read, "/pub|"))
            xen.notifyFails = false
            #expect(guest.page[.error] == 1)
        case .ignoredForIndices:
            guest.page[.requestProducer] = guest.page[.requestConsumer] &+ 5000
            try guest.notify()
        case .ignoredForLength: try guest.send(header(announcing: .max))
        case .reconnecting: guest.page[.connection] = 1
        case .pausedForOutstanding, .pausedForMemory, .pausedForCredit: try pause(guest, for: middle)
        case .heldBack: try holdBack(guest)
        case .heldBackByGuest:
            try claim(other)
            try wait(guest)
            otherAsks = [inside(Message(.read, "/pub|"), 2), inside(Message(.transactionEnd, "T|"), 2)]
            otherHears = ["new", "OK|"]
        case .holdsClaim:
            try claim(guest)
            try wait(other)
            otherHears = ["new", "pub of all"] + otherHears
            _ = try ask(Message(.write, "/sec|pub of all"), Message(.setPermissions, "/sec|r0|"))
        }
    }

    /// A value that is too long for the ring is read so many times, and nothing of it is taken.
    private func fill(_ guest: Guest, readCount: Int) throws {
        let value = [UInt8](repeating: 120, count: 2000)
        _ = try guest.ask(Message(.write, Array("data/v\0".utf8) + value))
        for _ in 0..<readCount { try guest.send(Message(.read, "data/v|")) }
    }

    /// A request lies in the ring that is not read, for one of the reasons of 8.6.
    private func pause(_ guest: Guest, for middle: Middle) throws {
        switch middle {
        case .pausedForOutstanding:
            #expect(try ask(Message(.setQuota, "1|outstanding|2|")) == ["OK|"])
            try fill(guest, readCount: 2)
        case .pausedForMemory:
            _ = try guest.ask(Message(.write, "data/m|1"))
            #expect(try ask(Message(.setQuota, "1|memory|10|")) == ["OK|"])
        default:
            // Eleven times it breaks a transaction of the control domain's, whose time stands still.
            for number in 1...11 as ClosedRange<UInt32> {
                _ = try ask(Message(.transactionStart, "|"), inside(Message(.read, "/local/domain/1/data/k|"), number))
                #expect(try texts(guest.ask(Message(.write, "data/k|\(number)"))) == ["OK|"])
                let end = inside(Message(.transactionEnd, "T|"), number)
                #expect(try ask(inside(Message(.write, "/x|1"), number), end) == ["OK|", "EAGAIN|"])
            }
        }
        let consumer = guest.page[.requestConsumer]
        try guest.send(Message(.write, "data/never|1"))
        #expect(guest.page[.requestConsumer] == consumer && guest.page[.requestProducer] != consumer)
        #expect(guest.page[.error] == 0)
    }

    /// The control domain's next try claims what its last one broke at.
    private func holdBack(_ guest: Guest) throws {
        _ = try ask(
            Message(.transactionStart, "|"), inside(Message(.read, "/pub|")), inside(Message(.write, "/x|1")),
            Message(.write, "/pub|2"), inside(Message(.transactionEnd, "T|")), Message(.transactionStart, "|"))
        try wait(guest)
    }

    /// A guest has failed once on `/pub`, and has begun anew: it claims that.
    private func claim(_ guest: Guest) throws {
        _ = try guest.ask(Message(.transactionStart, "|"), inside(Message(.read, "/pub|")))
        _ = try ask(Message(.write, "/pub|new"))
        let answers = try guest.ask(
            inside(Message(.write, "data/x|1")), inside(Message(.transactionEnd, "T|")),
            Message(.transactionStart, "|"))
        #expect(texts(answers) == ["OK|", "EAGAIN|", "2|"])
    }

    /// A guest's transaction is held back at `/pub`, and what comes after it.
    private func wait(_ guest: Guest) throws {
        try guest.send(
            Message(.transactionStart, "|").bytes + inside(Message(.read, "/pub|")).bytes
                + Message(.read, "/sec|").bytes)
        #expect(texts(try guest.messages()) == ["1|"])
    }

    /// Nothing is left of domain 1, and everybody else is served.
    func expectGone(_ page: SharedPage) throws {
        #expect(!page.isServerMapped && !xen.bound.values.contains(1))
        #expect(bench.core.ring(of: 1) == nil && bench.core.nodeCount(of: 1) == 0)
        #expect(bench.core.counts(of: 1) == (0, 0) && bench.core.memoryByteCount(of: 1) == 0)
        #expect(!bench.core.knownDomains.contains(1) && bench.core.watches(of: 1).isEmpty)
        #expect(!bench.core.openTransactions().contains { $0.domain == 1 })
        try expectRight()
        let another = try bench.connect()
        #expect(texts(try bench.ask(another, Message(.isDomainIntroduced, "1|"))) == ["F|"])
        try other.send(otherAsks.flatMap(\.bytes))
        #expect(try texts(other.messages()) == otherHears)
        (otherAsks, otherHears) = ([Message(.read, "/none|")], ["EACCES|"])
        another.close()
        try bench.settle()
    }

    /// What is counted is what one finds by counting.
    func expectRight() throws {
        bench.core.beginCheck(repairs: false)
        let report = try #require(bench.core.continueCheck(.max))
        #expect(report.differences == [])
    }

    /// A new domain with the number begins with nothing that the old one had.
    func expectNewcomer(_ domain: UInt16) throws {
        #expect(try ask(Message(.introduce, "\(domain)|0|5|")) == ["OK|"])
        let page = try #require(xen.domains[domain]?.page)
        #expect(page.serverMapCount == 1 && page.indices == [0, 0, 0, 0] && page[.error] == 0)
        let summary = try #require(bench.core.summary(of: domain, now: 0))
        #expect(summary.isIntroduced && !summary.hasReportedShutdown && summary.target == nil)
        #expect(summary.nodeCount == 0 && summary.memoryByteCount == 0 && summary.outstanding == 0)
        #expect(summary.watchCount == 0 && summary.transactionCount == 0 && summary.queuedEvents == 0)
        #expect(summary.credit == 10_000 && summary.statistics.requestCount == 0)
        for quota in Quota.allCases { #expect(summary.quota(quota) == bench.core.defaultQuota(quota)) }
        let guest = Guest(domain, bench)
        let answers = try guest.ask(
            Message(.getFeature, ""), Message(.read, "data|"), Message(.read, "/local/domain/\(domain)|"),
            Message(.transactionStart, "|"), inside(Message(.read, "/drop|")), inside(Message(.transactionEnd, "T|")))
        #expect(texts(answers) == ["15|", "EACCES|", "EACCES|", "1|", "", "OK|"])
    }
}
