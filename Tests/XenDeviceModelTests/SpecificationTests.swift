// The limits that SPECIFICATION.md promises and that no other suite is about.

import Testing
import XenABI
import XenDeviceModel

@Suite struct SpecificationTests {
    let xen = FakeXen()
    let device = Recorder()

    private func elements(_ count: UInt32) -> IOREQ {
        IOREQ(address: 0x100, data: 0, count: count, size: 1, isRead: false, type: .portIO)
    }

    @Test func aRequestOf65536ElementsIsServedAndALargerOneIsNot() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, elements(65536))
        try server.process()
        #expect(device.accesses.count == 65536)
        #expect(server.statistics.malformed == 0)
        xen.access(0, elements(65537))
        try server.process()
        #expect(device.accesses.count == 65536)
        #expect(server.statistics.malformed == 1)
    }

    @Test func theDomainsLifeIsAskedForEvery250Milliseconds() {
        #expect(IOREQServer<ServerState.Serving>.livenessInterval == 250)
    }
}
