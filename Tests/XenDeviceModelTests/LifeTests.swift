// The order of making and undoing a server, whatever fails. dmop.md sections 8.1 and 16.

import Testing
import XenABI
import XenPlatform

@testable import XenDeviceModel

@Suite struct LifeTests {
    let xen = FakeXen()
    let device = Recorder()

    @Test func theOrderIsCreatePagesRangesEnableBind() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        #expect(
            xen.steps == [
                .call("nr_vcpus"), .call("track_dirty_vram"), .call("create_ioreq_server"),
                .map("resource 0 frame 1 count 1"), .call("map_io_range_to_ioreq_server"),
                .call("set_ioreq_server_state"), .call("nr_vcpus"), .bind(10),
            ])
        try server.close()
    }

    @Test func aBufferedServerMapsBothPagesInOneCallAndBindsTheRing() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device, buffered: .atomic)
        #expect(xen.steps.contains(.map("resource 0 frame 0 count 2")))
        #expect(xen.steps.suffix(3) == [.bind(10), .call("get_ioreq_server_info"), .bind(FakeXen.ringRemote)])
        // Only no_gfns is ever asked for (section 3.2).
        #expect(xen.payloads[DMOpcode.getIOREQServerInfo.rawValue]?[2] == 1)
        try server.close()
    }

    @Test func undoingGoesDisableUnbindDestroyUnmap() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device, buffered: .atomic)
        xen.steps = []
        try server.close()
        #expect(
            xen.steps == [
                .call("set_ioreq_server_state"), .unbind(10), .unbind(FakeXen.ringRemote),
                .call("destroy_ioreq_server"), .unmap,
            ])
    }

    @Test func lettingTheServerGoUndoesItToo() throws {
        do {
            let server = try xen.serving(.ports(0x100...0x10F), device)
            _ = server.id
        }
        #expect(xen.steps.last == .unmap)
    }

    @Test(arguments: [DMOpcode.mapIORange, .setIOREQServerState])
    func aFailureHalfWayDestroysTheServer(operation: DMOpcode) throws {
        xen.refusals[operation.rawValue] = .enomem
        let error = failure { () throws(XenError) in
            let server = try xen.serving(.ports(0x100...0x10F), device)
            try server.close()
        }
        #expect(error?.code == .enomem)
        #expect(xen.steps.suffix(2) == [.call("destroy_ioreq_server"), .unmap])
    }

    @Test func aFailedPageMappingDestroysTheServer() throws {
        xen.mapRefusal = .enoent
        let error = failure { () throws(XenError) in
            let server = try xen.serving(.ports(0x100...0x10F), device)
            try server.close()
        }
        #expect(error?.code == .enoent)
        #expect(xen.steps.last == .call("destroy_ioreq_server"))
    }

    @Test func aFailedBindingDisablesAndDestroys() throws {
        xen.bindRefusal = .einval
        let error = failure { () throws(XenError) in
            let server = try xen.serving(.ports(0x100...0x10F), device)
            try server.close()
        }
        #expect(error?.code == .einval)
        #expect(xen.steps.suffix(3) == [.call("set_ioreq_server_state"), .call("destroy_ioreq_server"), .unmap])
    }

    @Test func aRefusedUndoingIsReportedAfterAllOfItWasTried() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.refusals[DMOpcode.setIOREQServerState.rawValue] = .esrch
        xen.refusals[DMOpcode.destroyIOREQServer.rawValue] = .enoent
        var error: XenError?
        do throws(XenError) { try server.close() } catch let refusal { error = refusal }
        #expect(error?.code == .esrch)
        #expect(xen.steps.suffix(2) == [.call("destroy_ioreq_server"), .unmap])
    }

    /// An answer that was not fetched when the server is destroyed is lost (dmop.md section 3.6).
    @Test func aServerIsDestroyedWhenItsAnswersWereFetched() throws {
        let keeper = Keeper()
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 1))
        try server.process()
        xen.waitsUntilFetching = 3
        xen.whenAnswered = { [xen] in #expect(!xen.steps.contains(.call("destroy_ioreq_server"))) }
        try server.close()
        #expect(xen.answers[0] == [.max])
        #expect(xen.steps.suffix(2) == [.call("destroy_ioreq_server"), .unmap])
    }

    /// What comes in meanwhile must not shorten the time that the guest's vCPUs have.
    @Test func anEventThatIsPendingDoesNotShortenTheWaitForAnswersToBeFetched() throws {
        let clock = GuestClock(xen)
        let keeper = Keeper()
        xen.vcpus = 2
        let platform = Platform(calls: xen, memory: xen, events: xen, clock: clock)
        let server = try platform.domain(DomainID(5), restricted: false).makeIOREQServer().mapPages()
            .claim(.ports(0x100...0x10F), for: keeper).enable()
        xen.access(0, portRead(0x100, 1))
        try server.process()
        xen.fire(remote: 11)
        xen.waitsUntilFetching = 20
        try server.close()
        #expect(xen.answers[0] == [.max] && clock.pauses == 20)
    }

    @Test func aGuestThatDoesNotRunHoldsUpNoClosing() throws {
        let keeper = Keeper()
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 1))
        try server.process()
        xen.waitsUntilFetching = .max
        try server.close()
        #expect(xen.answers[0] == nil)
        #expect(xen.steps.suffix(2) == [.call("destroy_ioreq_server"), .unmap])
    }

    @Test func theRefusedRangeIsNamed() throws {
        xen.refusals[DMOpcode.mapIORange.rawValue] = .eexist
        let error = failure { () throws(XenError) in
            let server = try xen.serving(.ports(0x3F8...0x3FF), device)
            try server.close()
        }
        #expect(error?.code == .eexist && error?.domain == DomainID(5) && error?.value == 0x3F8)
    }

    @Test func beforeXen4_15TheSlotsTellHowManyVCPUsThereAre() throws {
        xen.refusals[DMOpcode.vcpuCount.rawValue] = .eopnotsupp
        xen.vcpus = 3
        let server = try xen.serving(.ports(0x100...0x10F), device)
        #expect(xen.steps.filter { if case .bind = $0 { true } else { false } } == [.bind(10), .bind(11), .bind(12)])
        try server.close()
    }

    @Test func moreVCPUsThanSlotsIsAClearError() throws {
        xen.vcpus = 129
        let error = failure { () throws(XenError) in
            let server = try xen.serving(.ports(0x100...0x10F), device)
            try server.close()
        }
        #expect(error?.code == .e2big)
    }

    /// Found by Fuzz/XenDeviceModel: it trapped, as the claims were being changed.
    @Test func aDeviceThatGoesMayUseItsServer() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        let domain = server.domain
        var goings = 0
        let leave = {
            goings += 1
            self.xen.access(0, portRead(0x104, 1))
            let told = failure { () throws(XenError) in try domain.process() }
            #expect(told == nil)
        }
        try server.claim(.ports(0x200...0x20F), for: Leaver(leave))
        try server.release(.ports(0x200...0x20F))
        #expect(goings == 1)
        #expect(device.accesses.count == 1)
        try server.claim(.ports(0x200...0x20F), for: Leaver(leave))
        try server.close()
        #expect(goings == 2)
    }

    @Test func restrictionComesAfterTheDomainWasFoundAndBeforeAServerIsMade() throws {
        let server = try xen.domain(restricted: true).makeIOREQServer()
        #expect(
            xen.steps == [
                .call("nr_vcpus"), .call("track_dirty_vram"), .restrict("domain 5"), .restrict("domain 5"),
                .call("create_ioreq_server"),
            ])
        try server.close()
    }

    @Test func aDyingDomainIsRefusedBeforeAnythingIsMade() throws {
        xen.isDying = true
        let error = failure { () throws(XenError) in _ = try xen.domain() }
        #expect(error?.code == .esrch)
    }

    @Test func aVCPUWithoutAPortIsAnErrorNotAHang() throws {
        xen.portlessVCPU = 1
        xen.vcpus = 2
        let error = failure { () throws(XenError) in
            let server = try xen.serving(.ports(0x100...0x10F), device)
            try server.close()
        }
        #expect(error?.code == .enodev && error?.value == 1)
        #expect(xen.steps.last == .unmap)
    }

    @Test func twoDomainObjectsOnOnePlatformHearOfTheirOwnPorts() throws {
        // One event-channel handle: whoever looks first must not swallow the other's events.
        let platform = xen.platform
        let first = try platform.domain(DomainID(5), restricted: false)
        let second = try platform.domain(DomainID(6), restricted: false)
        let server = try first.makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: device).enable()
        xen.access(0, portRead(0x101, 1))
        try second.process()
        #expect(device.accesses.map(\.offset) == [1])
        try server.close()
    }

    @Test func aPortThatAProgramBoundItselfReachesItsHandler() throws {
        final class Counter: PortHandler {
            var count = 0
            func portFired(_ port: EventPort) throws(XenError) { count += 1 }
        }
        let platform = xen.platform
        let bound = try platform.events.bindInterdomain(DomainID(5), port: EventPort(77))
        let counter = Counter()
        platform.dispatcher.connect(bound.port, .afterHandler, to: counter)
        try platform.domain(DomainID(5), restricted: false).process()
        #expect(counter.count == 1)
        platform.dispatcher.disconnect(bound.port)
        xen.fire(remote: 77)
        try platform.dispatcher.process()
        #expect(counter.count == 1)
        bound.close()
    }

    @Test func severalServersShareTheDomainAndTheirPortsLeadToTheRightOne() throws {
        // The fake has one set of pages, so the second server is made before anything is served.
        let domain = try xen.domain()
        let first = try domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: device).enable()
        let second = try domain.makeIOREQServer().mapPages().claim(.ports(0x200...0x20F), for: Recorder()).enable()
        #expect(first.id != second.id)
        try second.close()
        try first.process()
        xen.access(0, portRead(0x101, 1))
        try first.process()
        #expect(device.accesses.map(\.offset) == [1])
    }

    @Test func servingEndsWhenAskedTo() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.timeouts = 3
        #expect(try server.serve(until: NeverStop()) == .stopped)
    }

    @Test func servingEndsWhenTheDomainIsGone() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.isDying = true
        #expect(try server.serve(until: NeverStop()) == .domainGone)
    }
}

/// Does something when it goes.
private final class Leaver: IODevice {
    private let leave: () -> Void

    init(_ leave: @escaping () -> Void) { self.leave = leave }

    deinit { leave() }

    func accept(_ request: consuming IORequest) {}
}

/// A clock by whose pauses the guest gets to run.
private final class GuestClock: MonotonicClock {
    private let xen: FakeXen
    var time: UInt64 = 0
    var pauses = 0
    var nanoseconds: UInt64 { time }

    init(_ xen: FakeXen) { self.xen = xen }

    func pause(milliseconds: Int32) {
        pauses += 1
        time += UInt64(milliseconds) * 1_000_000
        xen.letTimePass()
    }
}
