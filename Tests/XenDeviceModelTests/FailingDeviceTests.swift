// Devices that throw: the guest gets an answer, the program an error, and the server stays up.

import Testing
import XenABI
import XenDeviceModel

/// Throws at its accesses from number `failsFrom` on.
private final class FailingRegister: RegisterDevice {
    var failsFrom = 0
    var served = 0

    private func serve() throws(XenError) {
        guard served < failsFrom else { throw XenError(.ebusy, "inject_msi") }
        served += 1
    }

    func read(offset: UInt64, width: AccessWidth) throws(XenError) -> UInt64 {
        try serve()
        return 0x55
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) throws(XenError) { try serve() }
}

@Suite struct FailingDeviceTests {
    let xen = FakeXen()
    private let device = FailingRegister()

    @Test func aReadWhoseDeviceThrowsAnswersAllOnesAndTheErrorComesOut() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, portRead(0x100, 1))
        #expect(failure { () throws(XenError) in try server.process() }?.code == .ebusy)
        #expect(xen.answers[0] == [.max])
        #expect(server.statistics.failures == 1)
    }

    @Test func aWriteWhoseDeviceThrowsIsAnswered() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, portWrite(0x100, 1, 7))
        #expect(failure { () throws(XenError) in try server.process() }?.code == .ebusy)
        #expect(xen.answers[0]?.count == 1)
    }

    @Test func theServerGoesOnAfterADeviceHasThrown() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, portRead(0x100, 1))
        #expect(failure { () throws(XenError) in try server.process() } != nil)
        device.failsFrom = 1
        xen.access(0, portRead(0x101, 1))
        try server.process()
        #expect(xen.answers[0] == [.max, 0x55])
    }

    @Test func theRestOfTheRoundIsServedBeforeTheErrorComesOut() throws {
        xen.vcpus = 2
        device.failsFrom = 0
        let recorder = Recorder()
        let server = try xen.serving(.ports(0x100...0x10F), device)
        try server.claim(.ports(0x200...0x20F), for: recorder)
        xen.access(0, portRead(0x100, 1))
        xen.access(1, portRead(0x200, 1))
        #expect(failure { () throws(XenError) in try server.process() }?.code == .ebusy)
        #expect(recorder.accesses.count == 1 && xen.answers[1]?.count == 1)
    }

    @Test func aStringReadWhoseDeviceThrowsHalfWayReadsAllOnes() throws {
        device.failsFrom = 2
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, string(.portIO, 0x100, size: 1, count: 4, buffer: 0x1000, isRead: true))
        #expect(failure { () throws(XenError) in try server.process() }?.code == .ebusy)
        #expect((0..<4).map { xen[ram: 0x1000 + $0] } == [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(xen.answers[0]?.count == 1)
    }

    @Test func aStringWriteWhoseDeviceThrowsHalfWayIsAnsweredOnce() throws {
        device.failsFrom = 2
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, string(.portIO, 0x100, size: 1, count: 4, buffer: 0x1000, isRead: false))
        #expect(failure { () throws(XenError) in try server.process() }?.code == .ebusy)
        #expect(device.served == 2 && xen.answers[0]?.count == 1)
    }

    @Test func theLoopEndsWithTheDevicesError() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, portRead(0x100, 1))
        let stop = NeverStop()
        #expect(failure { () throws(XenError) in try server.serve(until: stop) }?.code == .ebusy)
    }

    @Test func anErrorBecauseTheDomainHasGoneIsTheDomainsEnd() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, portRead(0x100, 1))
        xen.isDying = true
        #expect(try server.serve(until: NeverStop()) == .domainGone)
    }
}
