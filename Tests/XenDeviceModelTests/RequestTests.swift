// Single accesses: from the slot to the device and back.

import Testing
import XenABI

@testable import XenDeviceModel

@Suite struct RequestTests {
    let xen = FakeXen()
    let device = Recorder()

    @Test(arguments: [1, 2, 4] as [UInt32])
    func aPortReadGetsTheDevicesValueCutToItsWidth(size: UInt32) throws {
        let server = try xen.serving(.ports(0x3F8...0x3FF), device)
        xen.access(0, portRead(0x3F8, size))
        try server.process()
        let width = try #require(AccessWidth(rawValue: size))
        #expect(device.accesses == [.init(isRead: true, offset: 0, width: width)])
        #expect(xen.answers[0] == [0x1122_3344_5566_7788 & width.allOnes])
        #expect(xen.state(0) == IOREQState.none.rawValue)
    }

    @Test func aPortWriteReachesTheDeviceWithoutBitsAboveItsWidth() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, portWrite(0x104, 2, 0xFFFF_FFFF_1234))
        try server.process()
        #expect(device.accesses == [.init(isRead: false, offset: 4, width: .word, value: 0x1234)])
        #expect(xen.answers[0]?.count == 1)
    }

    @Test func memoryAccessesOfEachWidthCarryTheOffsetInTheRange() throws {
        let server = try xen.serving(.memory(0xF000_0000...0xF000_0FFF), device)
        for width in AccessWidth.allCases {
            xen.access(
                0, IOREQ(address: 0xF000_0010, data: 0, count: 1, size: width.rawValue, isRead: true, type: .copy))
            try server.process()
        }
        #expect(device.accesses.map(\.width) == AccessWidth.allCases)
        #expect(device.accesses.allSatisfy { $0.offset == 0x10 })
        #expect(xen.answers[0] == AccessWidth.allCases.map { (0x1122_3344_5566_7788 + 0x10) & $0.allOnes })
    }

    @Test func aPCIAccessGoesToItsFunctionWithTheRegisterAsOffset() throws {
        let other = Recorder()
        let server = try xen.domain().makeIOREQServer().mapPages()
            .claim(.pci(PCIAddress(segment: 0, bus: 0, device: 2, function: 0)), for: device)
            .claim(.pci(PCIAddress(segment: 0, bus: 0, device: 3, function: 1)), for: other).enable()
        xen.access(0, IOREQ(address: 0x10 << 32 | 0x3C, data: 0, count: 1, size: 4, isRead: true, type: .pciConfig))
        try server.process()
        xen.access(0, IOREQ(address: 0x19 << 32 | 0x04, data: 7, count: 1, size: 2, isRead: false, type: .pciConfig))
        try server.process()
        #expect(device.accesses == [.init(isRead: true, offset: 0x3C, width: .doubleWord)])
        #expect(other.accesses == [.init(isRead: false, offset: 4, width: .word, value: 7)])
    }

    @Test(
        arguments: [(0xFF, 4), (0xFD, 4), (0x43, 2), (0xFFE, 4), (0x1000, 1), (0xFFFF_FFFF, 4)] as [(UInt64, UInt32)])
    func aPCIAccessThatLeavesItsRegisterReachesNoDevice(register: UInt64, size: UInt32) throws {
        // The guest gets there by a wide access at 0xcff; a device may index its 4096 bytes without a check.
        let server = try xen.serving(.pci(PCIAddress(device: 2)), device)
        xen.access(
            0, IOREQ(address: 0x10 << 32 | register, data: 0, count: 1, size: size, isRead: true, type: .pciConfig))
        try server.process()
        #expect(device.accesses.isEmpty && xen.answers[0] == [.max])
        xen.access(0, IOREQ(address: 0x10 << 32 | 0xFFC, data: 0, count: 1, size: 4, isRead: true, type: .pciConfig))
        try server.process()
        #expect(device.accesses.map(\.offset) == [0xFFC])
    }

    @Test func anAccessAcrossTwoClaimsIsUnclaimedAndReadsAllOnes() throws {
        // Xen merges touching ranges of one server, so such an access does arrive (dmop.md section 3.3).
        let second = Recorder()
        let server = try xen.domain().makeIOREQServer().mapPages()
            .claim(.ports(0x100...0x103), for: device).claim(.ports(0x104...0x107), for: second).enable()
        xen.access(0, portRead(0x102, 4))
        try server.process()
        #expect(device.accesses.isEmpty && second.accesses.isEmpty)
        #expect(xen.answers[0] == [.max])
        #expect(server.statistics.unclaimed == 1)
    }

    @Test(arguments: [
        IOREQ(address: 0x100, data: 0, count: 0, size: 4, isRead: true, type: .portIO),
        IOREQ(address: 0x100, data: 0, count: .max, size: 4, isRead: true, type: .portIO),
        IOREQ(address: 0x100, data: 0, count: 1, size: 3, isRead: true, type: .portIO),
        IOREQ(address: 0x100, data: 0, count: 1, size: 0, isRead: true, type: .portIO),
        IOREQ(address: 0x100, data: 0, count: 1, size: 4, isRead: true, type: IOREQType(rawValue: 99)),
        IOREQ(address: .max, data: 0, count: 1, size: 4, isRead: true, type: .copy),
        IOREQ(address: 4, data: 0, count: 3, size: 4, isRead: true, descending: true, type: .copy),
    ])
    func impossibleFieldsAreAnsweredWithAllOnesAndCounted(request: IOREQ) throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, request)
        try server.process()
        #expect(xen.answers[0] == [.max])
        #expect(device.accesses.isEmpty)
        #expect(server.statistics.malformed == 1)
        // The server goes on.
        xen.access(0, portRead(0x100, 1))
        try server.process()
        #expect(xen.answers[0]?.count == 2)
    }

    @Test func aPortThatFiresWithoutARequestDoesNothing() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.fire(remote: 10)
        try server.process()
        xen.fire(remote: 10)
        try server.process()
        #expect(device.accesses.isEmpty && xen.answers.isEmpty)
        #expect(xen.masked.isEmpty)
    }

    @Test func eachVCPUIsAnsweredInItsOwnSlot() throws {
        xen.vcpus = 3
        let server = try xen.serving(.ports(0x100...0x10F), device)
        xen.access(0, portRead(0x100, 1))
        xen.access(2, portRead(0x102, 1))
        xen.access(1, portRead(0x101, 1))
        try server.process()
        #expect(xen.answers == [0: [0x88], 1: [0x89], 2: [0x8A]])
    }

    @Test func aReleasedRangeIsUnclaimedAndItsRestKeepsItsOffsets() throws {
        let server = try xen.serving(.ports(0x100...0x10F), device)
        try server.release(.ports(0x104...0x107))
        for port in [0x103, 0x104, 0x108] as [UInt64] {
            xen.access(0, portRead(port, 1))
            try server.process()
        }
        #expect(device.accesses.map(\.offset) == [3, 8])
        #expect(server.statistics.unclaimed == 1)
    }

    @Test func broadcastsReachEachDeviceOnceAndAreAnswered() throws {
        let server = try xen.domain().makeIOREQServer(buffered: .atomic).mapPages()
            .claim(.ports(0x100...0x103), for: device).claim(.ports(0x200...0x203), for: device).enable()
        xen.access(0, IOREQ(address: 0, data: .max, count: 1, size: 4, isRead: false, type: .invalidate))
        try server.process()
        #expect(device.broadcasts == ["mappings"])
        #expect(xen.state(0) == IOREQState.none.rawValue)
        #expect(server.statistics.broadcasts == 1)
    }
}
