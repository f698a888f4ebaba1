// What the library publishes about its servers, when, and what it costs; servers that are there already.

import StatisticsPage
import Testing
import XenABI
import XenPlatform

@testable import XenDeviceModel

/// Decodes every page that is published; a bad one fails the test.
private final class PageSink: StatisticsSink {
    var pages: [StatisticsSnapshot] = []
    var whenPublished: ((StatisticsSnapshot) -> Void)?

    func publish(_ page: Span<UInt8>) {
        var bytes = [UInt8](repeating: 0, count: PageLayout.pageByteCount)
        for index in 0..<page.count { bytes[index] = page[index] }
        do {
            let page = try StatisticsSnapshot(bytes)
            pages.append(page)
            whenPublished?(page)
        } catch {
            Issue.record("\(error)")
        }
    }
}

private final class SetClock: MonotonicClock {
    var time: UInt64 = 1
    var readings = 0
    var nanoseconds: UInt64 {
        readings += 1
        return time
    }
}

private final class NamedDevice: RegisterDevice {
    let deviceName = "COM1"
    func read(offset: UInt64, width: AccessWidth) -> UInt64 { 0 }
    func write(offset: UInt64, width: AccessWidth, value: UInt64) {}
}

@Suite struct PublishingTests {
    private let xen = FakeXen()
    private let sink = PageSink()
    private let clock = SetClock()
    private let device = Recorder()

    private func domain() throws -> DeviceModelDomain {
        let page = StatisticsEncoder(
            StatisticsProcess(program: "test", processID: 1, started: 1, platform: .xen))
        let platform = Platform(
            calls: xen, memory: xen, events: xen, clock: clock,
            statistics: StatisticsBoard(page, sink: sink, clock: clock))
        return try platform.domain(DomainID(5), restricted: false)
    }

    @Test func everyChangeOfServersAndRangesIsPublishedAtOnce() throws {
        let created = try domain().makeIOREQServer()
        #expect(sink.pages.last?.servers.map(\.record.state) == [.created])
        #expect(sink.pages.last?.domains.map(\.domain) == [5])
        let mapped = try created.mapPages().claim(.ports(0x100...0x10F), for: device)
        #expect(sink.pages.last?.ranges.map(\.device) == ["Recorder"])
        let serving = try mapped.enable()
        #expect(sink.pages.last?.servers.map(\.record.state) == [.serving])
        try serving.claim(.memory(0x1000...0x1FFF), for: NamedDevice())
        #expect(sink.pages.last?.ranges.map(\.device) == ["Recorder", "COM1"])
        #expect(sink.pages.last?.ranges.map(\.type) == [0, 1])
        try serving.release(.ports(0x104...0x104))
        #expect(sink.pages.last?.ranges.map(\.start) == [0x100, 0x105, 0x1000])
        #expect(sink.pages.last?.ranges.map(\.device) == ["Recorder", "Recorder", "COM1"])
        try serving.release(.ports(0x100...0x103))
        try serving.release(.ports(0x105...0x10F))
        #expect(sink.pages.last?.ranges.map(\.device) == ["COM1"])
        let quiet = try serving.disable()
        #expect(sink.pages.last?.servers.map(\.record.state) == [.quiet])
        try quiet.close()
        #expect(sink.pages.last?.servers.isEmpty == true)
        #expect(sink.pages.last?.domains.isEmpty == true)
    }

    @Test func aServerThatCouldNotBeMadeIsNotShown() throws {
        let domain = try domain()
        xen.refusals[DMOpcode.createIOREQServer.rawValue] = .enospc
        #expect(throws: XenError.self) { _ = try domain.makeIOREQServer().mapPages() }
        xen.refusals = [:]
        xen.mapRefusal = .enomem
        #expect(throws: XenError.self) { _ = try domain.makeIOREQServer().mapPages() }
        #expect(sink.pages.last?.servers.isEmpty == true)
    }

    @Test func whileServingAPageIsPublishedEveryQuarterOfASecondAndNoMore() throws {
        let server = try domain().makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: device).enable()
        try server.process()
        let before = sink.pages.count
        let start = clock.time
        for step in 1...1000 {
            clock.time = start + UInt64(step) * 1_000_000
            xen.access(0, portRead(0x100, 1))
            try server.process()
        }
        // The clock is looked at with one request of 16: a page may come so much later.
        #expect(3...4 ~= sink.pages.count - before)
        let shown = try #require(sink.pages.last)
        let requests = try #require(shown.servers.first?.record.counters.requests)
        #expect(requests >= 750 && shown.servers.first?.record.counters.reads == requests)
        #expect(shown.published >= start + 750_000_000)
        try server.close()
    }

    @Test func aGuestThatAsksForLittleIsShownAsItIs() throws {
        let server = try domain().makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: device).enable()
        let before = sink.pages.count
        var left = 60
        // Five requests a second: the loop never finds that nothing comes.
        xen.whenWaiting = { [xen, clock] in
            clock.time += 200_000_000
            left -= 1
            if left > 0 { xen.access(0, portRead(0x100, 1)) }
        }
        var shown: [UInt64] = []
        sink.whenPublished = { shown.append($0.servers.first?.record.counters.requests ?? 0) }
        try server.serve(until: NeverStop())
        // The loop has to see once that the guest is slow.
        #expect(sink.pages.count - before >= 20)
        #expect(zip(shown.dropFirst(), shown.dropFirst(2)).allSatisfy { $1 - $0 <= 3 }, "\(shown)")
        try server.close()
    }

    @Test func publishingReadsNoClockOnTheWayOfARequest() throws {
        func readings(_ publishes: Bool) throws -> Int {
            let platform = try domain().platform
            let bare = Platform(
                calls: xen, memory: xen, events: xen, clock: clock, statistics: publishes ? platform.statistics : nil)
            let server = try bare.domain(DomainID(5), restricted: false).makeIOREQServer().mapPages()
                .claim(.ports(0x100...0x10F), for: device).enable()
            try server.process()
            let before = clock.readings
            for _ in 0..<100 {
                clock.time += 10_000_000
                xen.access(0, portRead(0x100, 1))
                try server.process()
            }
            let count = clock.readings - before
            try server.close()
            return count
        }
        #expect(try readings(true) == readings(false))
    }

    @Test func aQuietServerHasItsLastNumbersOnThePage() throws {
        let server = try domain().makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: device).enable()
        xen.access(0, portRead(0x100, 1))
        clock.time += 1_000_000
        #expect(try server.serve(until: NeverStop()) == .stopped)
        #expect(sink.pages.last?.servers.first?.record.counters.requests == 1)
        #expect(sink.pages.last?.servers.first?.record.latencyCount == 1)
        try server.close()
    }

    @Test func aDeviceThatThrowsDoesNotKeepThePageFromBeingWritten() throws {
        let server = try domain().makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: device).enable()
        xen.notifyRefusal = .einval
        clock.time += 1_000_000_000
        xen.access(0, portRead(0x100, 1))
        #expect(throws: XenError.self) { try server.process() }
        #expect(sink.pages.last?.servers.first?.record.counters.requests == 1)
        xen.notifyRefusal = nil
        try server.close()
    }

    @Test func twoServersOfADomainShareItsRecordAndShowTheOperations() throws {
        let domain = try domain()
        let one = try domain.makeIOREQServer().mapPages()
        let other = try domain.makeIOREQServer(buffered: .atomic).mapPages()
        let page = try #require(sink.pages.last)
        #expect(page.domains.count == 1)
        #expect(page.servers.map(\.record.id) == [0, 1])
        #expect(page.servers.map(\.record.isBuffered) == [false, true])
        let created = page.domains.first?.operations.first { $0.operation == DMOpcode.createIOREQServer.rawValue }
        #expect(created?.count == 2)
        try other.close()
        try one.close()
    }

    @Test func theBucketsOfThePageAreTheLibrarys() {
        for bucket in Array(0..<4) + Array(8..<256) {
            let end = PageLayout.upperEnd(ofBucket: bucket)
            #expect(LatencyHistogram.bucket(of: end) == bucket)
            if end < .max { #expect(LatencyHistogram.bucket(of: end + 1) > bucket) }
        }
    }
}

@Suite struct ExistingServerTests {
    private let xen = FakeXen()

    @Test func theIdsThatXenAnswersForAreOurs() throws {
        let domain = try xen.domain()
        #expect(try domain.ioreqServerIDs().map(\.rawValue) == Array(0...7))
        // Nothing is mapped or allocated by asking: no_gfns is set (dmop.md section 3.2).
        #expect(xen.payloads[DMOpcode.getIOREQServerInfo.rawValue]?[2] == 1)
    }

    @Test(arguments: [XenErrorCode.enoent, .eperm])
    func noServerAndSomebodyElsesAreNotOurs(_ code: XenErrorCode) throws {
        let domain = try xen.domain()
        xen.refusals[DMOpcode.getIOREQServerInfo.rawValue] = code
        #expect(try domain.ioreqServerIDs().isEmpty)
    }

    @Test func whatElseGoesWrongIsThrown() throws {
        let domain = try xen.domain()
        xen.refusals[DMOpcode.getIOREQServerInfo.rawValue] = .esrch
        #expect(throws: XenError.self) { _ = try domain.ioreqServerIDs() }
    }

    @Test func aServerThatSomebodyListensToStaysAsItIs() throws {
        let served = try xen.serving(.ports(0x100...0x10F), Keeper())
        xen.bindRefusal = .einval
        xen.steps = []
        let id = IOREQServerID(rawValue: 0)
        #expect(failure { () throws(XenError) in try xen.domain().destroyLeftOverServer(id) }?.code == .ebusy)
        #expect(!xen.steps.contains(.call("set_ioreq_server_state")) && xen.steps.last == .unmap)
        #expect(!xen.steps.contains(.call("destroy_ioreq_server")))
        try xen.domain().destroyLeftOverServer(id, force: true)
        #expect(xen.steps.contains(.call("destroy_ioreq_server")))
        withExtendedLifetime(served) {}
    }

    @Test func aServerThatWasNeverEnabledIsNobodys() throws {
        xen.portlessVCPU = 0
        _ = try xen.domain().makeIOREQServer()
        try xen.domain().destroyLeftOverServer(IOREQServerID(rawValue: 0))
        #expect(xen.steps.suffix(2) == [.call("destroy_ioreq_server"), .unmap])
    }

    @Test func aStringReadThatWasLeftOverHasOnesInTheGuestsBuffer() throws {
        let lost = try xen.serving(.ports(0x100...0x10F), Keeper())
        xen.access(0, string(.portIO, 0x100, size: 2, count: 2, buffer: 0x1000, isRead: true))
        try lost.process()
        try xen.domain().destroyLeftOverServer(IOREQServerID(rawValue: 0))
        #expect((0xFFF...0x1004).map { xen[ram: $0] } == [0, 0xFF, 0xFF, 0xFF, 0xFF, 0])
        withExtendedLifetime(lost) {}
    }

    @Test func aLeftOverServerIsDisabledAndItsRequestsAnsweredBeforeItIsDestroyed() throws {
        xen.vcpus = 3
        let lost = try xen.serving(.ports(0x100...0x10F), Keeper())
        xen.access(0, portRead(0x100, 1))  // taken, and never answered
        try lost.process()
        xen.access(2, portRead(0x101, 1))  // not looked at yet
        xen.steps = []
        try xen.domain().destroyLeftOverServer(IOREQServerID(rawValue: 0))
        #expect(xen.answers[0] == [.max] && xen.answers[1] == nil && xen.answers[2] == [.max])
        #expect(
            xen.steps.dropFirst(2) == [
                .call("get_ioreq_server_info"), .map("resource 0 frame 1 count 1"), .call("nr_vcpus"), .bind(10),
                .bind(11), .bind(12), .call("map_mem_type_to_ioreq_server"), .call("set_ioreq_server_state"),
                .notify(10), .notify(12), .unbind(10), .unbind(11), .unbind(12), .call("destroy_ioreq_server"), .unmap,
            ])
        #expect(xen.payloads[DMOpcode.destroyIOREQServer.rawValue]?[0] == 0)
        withExtendedLifetime(lost) {}
    }

    @Test func aServerWhosePagesAreNotToBeHadIsDestroyedByForceOnly() throws {
        let domain = try xen.domain()
        xen.mapRefusal = .eperm
        let id = IOREQServerID(rawValue: 6)
        #expect(failure { () throws(XenError) in try domain.destroyLeftOverServer(id) }?.code == .ebusy)
        #expect(!xen.steps.contains(.call("destroy_ioreq_server")))
        try domain.destroyLeftOverServer(id, force: true)
        #expect(xen.steps.suffix(2) == [.call("set_ioreq_server_state"), .call("destroy_ioreq_server")])
    }

    @Test func aServerThatIsNotThereOrNotOursIsLeftAlone() throws {
        let domain = try xen.domain()
        xen.refusals[DMOpcode.setIOREQServerState.rawValue] = .enoent
        #expect(throws: XenError.self) { try domain.destroyLeftOverServer(IOREQServerID(rawValue: 6)) }
        #expect(!xen.steps.contains(.call("destroy_ioreq_server")))
    }
}
