// Devices that act on their server, or on each other, from inside of an access; guests that never stop asking; failures
// in the middle of a round.

import Testing
import XenABI
import XenPlatform

@testable import XenDeviceModel

/// Runs a closure for each access.
private final class Acting: IODevice {
    var act: (consuming IORequest) -> Void = { $0.answer() }
    func accept(_ request: consuming IORequest) { act(request) }
}

/// Holds a server for a device that takes it down.
private final class Holder {
    var server: IOREQServer<ServerState.Serving>?
    var failure: XenError?
}

@Suite struct ReentranceTests {
    let xen = FakeXen()

    @Test func aDeviceMovesItsOwnRange() throws {
        let device = Acting()
        let server = try xen.serving(.ports(0x100...0x10F), device)
        device.act = { request in
            let handle = request.server
            let error = failure { () throws(XenError) in
                try handle.release(.ports(0x100...0x10F))
                try handle.claim(.ports(0x300...0x30F), for: device)
            }
            #expect(error == nil)
            request.answer(5)
        }
        xen.access(0, portRead(0x100, 1))
        try server.process()
        device.act = { $0.answer(6) }
        xen.access(0, portRead(0x300, 1))
        try server.process()
        xen.access(0, portRead(0x100, 1))
        try server.process()
        #expect(xen.answers[0] == [5, 6, .max])
    }

    @Test func aHandleOfAClosedServerChangesNothing() throws {
        let server = try xen.serving(.ports(0x100...0x10F), Recorder())
        let handle = server.handle
        try server.close()
        xen.steps = []
        #expect(failure { () throws(XenError) in try handle.claim(.ports(1...2), for: Recorder()) }?.code == .enoent)
        #expect(failure { () throws(XenError) in try handle.release(.ports(1...2)) }?.code == .enoent)
        #expect(xen.steps.isEmpty)
    }

    /// A ring that overflows closes its server, whose devices go meanwhile: what they do to it binds no new ports.
    @Test func aServerThatIsBeingTakenDownIsNotEnabledAgain() throws {
        final class Restarting: IODevice {
            let holder: Holder
            init(_ holder: Holder) { self.holder = holder }
            func accept(_ request: consuming IORequest) {}
            deinit {
                holder.failure = failure { () throws(XenError) in
                    holder.server = try holder.server.take()?.disable().enable()
                }
            }
        }
        let holder = Holder()
        let domain = try xen.domain()
        holder.server = try domain.makeIOREQServer(buffered: .atomic).mapPages()
            .claim(.ports(0x100...0x10F), for: Restarting(holder)).enable()
        xen.ringPointers = (0, 600)
        xen.fire(remote: FakeXen.ringRemote)
        #expect(failure { () throws(XenError) in try domain.process() }?.code == .eoverflow)
        #expect(holder.failure?.code == .enoent)
        #expect(xen.steps.last == .unmap && xen.boundPorts.isEmpty)
    }

    @Test func aDeviceThatKeepsAHandleDoesNotKeepTheServer() throws {
        final class Keeping: RegisterDevice {
            var handle: ServerHandle?
            func read(offset: UInt64, width: AccessWidth) -> UInt64 { 0 }
            func write(offset: UInt64, width: AccessWidth, value: UInt64) {}
        }
        let device = Keeping()
        do {
            let server = try xen.serving(.ports(0x100...0x10F), device)
            device.handle = server.handle
        }
        #expect(xen.steps.last == .unmap)
    }

    @Test func takingTheServerDownInsideOfAnAccessKeepsTheOrder() throws {
        let device = Acting()
        let holder = Holder()
        let domain = try xen.domain()
        holder.server = try domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: device).enable()
        device.act = { request in
            holder.server = nil
            request.answer(1)
        }
        xen.access(0, portRead(0x100, 1))
        xen.steps = []
        try domain.process()
        #expect(xen.answers[0] == [.max], "closing has answered; the late answer does nothing")
        #expect(
            xen.steps == [
                .call("set_ioreq_server_state"), .notify(10), .unbind(10), .call("destroy_ioreq_server"), .unmap,
            ])
    }

    @Test func aDeviceAnswersAnothersRequest() throws {
        xen.vcpus = 2
        let keeper = Keeper()
        let device = Acting()
        device.act = { request in
            keeper.kept.removeFirst().take()?.answer(7)
            request.answer(8)
        }
        let server = try xen.domain().makeIOREQServer().mapPages()
            .claim(.ports(0x100...0x10F), for: keeper).claim(.ports(0x200...0x20F), for: device).enable()
        xen.access(0, portRead(0x100, 1))
        try server.process()
        xen.access(1, portRead(0x200, 1))
        try server.process()
        #expect(xen.answers == [0: [7], 1: [8]])
    }

    @Test func aGuestThatNeverStopsAskingCantKeepTheProgram() throws {
        let device = Acting()
        let server = try xen.serving(.ports(0x100...0x10F), device)
        var asked = 0
        xen.whenAnswered = { [xen] in
            asked += 1
            if asked < 100_000 { xen.access(0, portRead(0x100, 1)) }
        }
        xen.access(0, portRead(0x100, 1))
        try server.process()
        #expect((1...EventDispatcher.portsPerRoundMax).contains(asked))
        xen.whenAnswered = nil
    }

    @Test func afterAFailureTheRestOfTheRoundIsServed() throws {
        // The ring of a buffered server breaks, and both vCPUs have asked.
        xen.vcpus = 2
        let device = Recorder()
        let domain = try xen.domain()
        let broken = Holder()
        broken.server = try domain.makeIOREQServer(buffered: .atomic).mapPages()
            .claim(.memory(0xA0000...0xAFFFF), for: device).enable()
        let healthy = Acting()
        let bound = try xen.bindInterdomain(DomainID(5), port: EventPort(77))
        final class Count: PortHandler {
            var count = 0
            func portFired(_ port: EventPort) throws(XenError) { count += 1 }
        }
        let counter = Count()
        domain.platform.dispatcher.connect(bound.port, .afterHandler, to: counter)
        try domain.process()
        counter.count = 0
        xen.ringPointers = (0, 9999)
        xen.fire(remote: FakeXen.ringRemote)
        xen.fire(remote: 77)
        let error = failure { () throws(XenError) in try domain.process() }
        #expect(error?.code == .eoverflow)
        #expect(counter.count == 1)
        #expect(xen.masked.isEmpty)
        withExtendedLifetime(healthy) {}
        bound.close()
    }

    @Test func aFailedNotificationIsToldByTheServersOwnTurnOrItsClosing() throws {
        let keeper = Keeper()
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 1))
        try server.process()
        xen.notifyRefusal = .enotconn
        keeper.kept[0].take()?.answer(1)
        xen.notifyRefusal = nil
        var error: XenError?
        do throws(XenError) { try server.close() } catch let refusal { error = refusal }
        #expect(error?.code == .enotconn)
    }

    @Test func aPostedWriteHasNoVCPU() throws {
        let device = Acting()
        var vcpus: [VCPUID?] = []
        device.act = { request in
            vcpus.append(request.vcpu)
            request.answer()
        }
        let server = try xen.serving(.memory(0xA0000...0xBFFFF), device, buffered: .atomic)
        xen.post(BufferedIOREQ(type: .copy, sizeCode: 0, address: 0xA0000, data: 0), data: 1)
        xen.fire(remote: FakeXen.ringRemote)
        xen.access(0, IOREQ(address: 0xA0000, data: 0, count: 1, size: 1, isRead: true, type: .copy))
        try server.process()
        #expect(vcpus.contains(nil) && vcpus.contains(VCPUID(0)) && vcpus.count == 2)
    }
}
