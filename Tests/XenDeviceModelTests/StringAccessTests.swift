// rep ins, rep outs, rep movs: each element reaches a register device as one access. dmop.md section 4.2.

import Testing
import XenABI

@testable import XenDeviceModel

@Suite struct StringAccessTests {
    let xen = FakeXen()
    let device = Recorder()

    @Test func outsReadsGuestMemoryElementByElementOntoOnePort() throws {
        for index in 0..<12 { xen[ram: 0x1FFA + index] = UInt8(index + 1) }
        let server = try xen.serving(.ports(0x200...0x203), device)
        xen.access(0, string(.portIO, 0x200, size: 4, count: 3, buffer: 0x1FFA, isRead: false))
        try server.process()
        #expect(device.accesses.map(\.value) == [0x0403_0201, 0x0807_0605, 0x0C0B_0A09])
        #expect(device.accesses.allSatisfy { $0.offset == 0 && $0.width == .doubleWord })
        #expect(xen.steps.contains(.map("frames [1, 2]")))
        #expect(xen.state(0) == IOREQState.none.rawValue)
    }

    @Test func insWritesGuestMemoryAndNothingBesideIt() throws {
        device.answer = 0xABCD
        xen[ram: 0x0FFF] = 0x77
        xen[ram: 0x1004] = 0x77
        let server = try xen.serving(.ports(0x200...0x203), device)
        xen.access(0, string(.portIO, 0x200, size: 2, count: 2, buffer: 0x1000, isRead: true))
        try server.process()
        #expect((0xFFF...0x1004).map { xen[ram: $0] } == [0x77, 0xCD, 0xAB, 0xCD, 0xAB, 0x77])
    }

    @Test(arguments: [true, false])
    func closingAnswersAStringReadWithOnesInTheGuestsBuffer(isTaken: Bool) throws {
        let keeper = Keeper()
        let server = try xen.serving(.ports(0x200...0x203), keeper)
        xen.access(0, string(.portIO, 0x200, size: 2, count: 2, buffer: 0x1000, isRead: true))
        if isTaken { try server.process() }
        try server.close()
        #expect((0xFFF...0x1004).map { xen[ram: $0] } == [0, 0xFF, 0xFF, 0xFF, 0xFF, 0])
        #expect(xen.state(0) == IOREQState.none.rawValue)
        // Afterwards the buffer is the guest's again, whatever the device does.
        xen[ram: 0x1000] = 0x55
        keeper.kept = []
        #expect(xen[ram: 0x1000] == 0x55)
    }

    @Test func withTheDirectionFlagElementsLieBelowTheAddress() throws {
        for index in 0..<12 { xen[ram: 0x100 + index] = UInt8(index) }
        let server = try xen.serving(.ports(0x200...0x203), device)
        xen.access(0, string(.portIO, 0x200, size: 4, count: 3, buffer: 0x108, isRead: false, descending: true))
        try server.process()
        #expect(device.accesses.map(\.value) == [0x0B0A_0908, 0x0706_0504, 0x0302_0100])
    }

    @Test func movsMovesBothTheDeviceAddressAndTheMemory() throws {
        for index in 0..<8 { xen[ram: 0x400 + index] = UInt8(0x10 + index) }
        let server = try xen.serving(.memory(0xF000_0000...0xF000_0FFF), device)
        xen.access(0, string(.copy, 0xF000_0020, size: 4, count: 2, buffer: 0x400, isRead: false))
        try server.process()
        #expect(device.accesses.map(\.offset) == [0x20, 0x24])
        #expect(device.accesses.map(\.value) == [0x1312_1110, 0x1716_1514])
        xen.access(0, string(.copy, 0xF000_0024, size: 4, count: 2, buffer: 0x504, isRead: true, descending: true))
        try server.process()
        #expect(device.accesses.suffix(2).map(\.offset) == [0x24, 0x20])
        #expect(xen[ram: 0x504] == UInt8(truncatingIfNeeded: device.answer + 0x24))
        #expect(xen[ram: 0x500] == UInt8(truncatingIfNeeded: device.answer + 0x20))
    }

    @Test func aStringThatLeavesTheClaimIsUnclaimed() throws {
        let server = try xen.serving(.memory(0xF000_0000...0xF000_000F), device)
        xen.access(0, string(.copy, 0xF000_0008, size: 4, count: 3, buffer: 0x400, isRead: false))
        xen.vcpus = 1
        try server.process()
        #expect(device.accesses.isEmpty && server.statistics.unclaimed == 1)
        #expect(xen.state(0) == IOREQState.none.rawValue)
    }

    @Test(arguments: [0x10_0000, 0xFFFF_FFFF_FFFF_FFFC, 0xFFFE] as [UInt64])
    func aBufferOutsideOfGuestMemoryIsCountedAndAnswered(buffer: UInt64) throws {
        let server = try xen.serving(.ports(0x200...0x203), device)
        xen.access(0, string(.portIO, 0x200, size: 4, count: 4, buffer: buffer, isRead: true))
        try server.process()
        #expect(device.accesses.isEmpty)
        #expect(server.statistics.malformed == 1)
        #expect(xen.state(0) == IOREQState.none.rawValue)
    }

    @Test func whatWasWrittenToTheGuestIsReportedForMigration() throws {
        let server = try xen.serving(.ports(0x200...0x203), device)
        xen.access(0, string(.portIO, 0x200, size: 4, count: 4, buffer: 0x1FF8, isRead: true))
        try server.process()
        let extent = DMOP.Extent(count: 2, first: GuestFrame(1))
        #expect(xen.buffers[DMOpcode.modifiedMemory.rawValue] == [extent.encodedBytes])
        xen.access(0, string(.portIO, 0x200, size: 4, count: 4, buffer: 0x1FF8, isRead: false))
        try server.process()
        #expect(xen.buffers[DMOpcode.modifiedMemory.rawValue]?.count == 1, "a read of its memory is none")
    }

    @Test func aDeviceOfWholeRequestsSeesAndAnswersElements() throws {
        let keeper = Keeper()
        for index in 0..<6 { xen[ram: 0x300 + index] = UInt8(index) }
        let server = try xen.serving(.ports(0x200...0x203), keeper)
        xen.access(0, string(.portIO, 0x200, size: 2, count: 3, buffer: 0x300, isRead: false))
        try server.process()
        if let request = keeper.kept.removeFirst().take() {
            #expect(request.elements() == [0x0100, 0x0302, 0x0504])
            request.answer()
        }
        xen.access(0, string(.portIO, 0x200, size: 2, count: 3, buffer: 0x304, isRead: true, descending: true))
        try server.process()
        keeper.kept.removeFirst().take()?.answer(elements: [0xAAAA, 0xBBBB])
        #expect((0x300..<0x306).map { xen[ram: $0] } == [0xFF, 0xFF, 0xBB, 0xBB, 0xAA, 0xAA])
        #expect(xen.state(0) == IOREQState.none.rawValue)
    }

    @Test func oneValueAnswersEveryElementAndDroppingFillsWithOnes() throws {
        let keeper = Keeper()
        let server = try xen.serving(.ports(0x200...0x203), keeper)
        xen.access(0, string(.portIO, 0x200, size: 1, count: 3, buffer: 0x300, isRead: true))
        try server.process()
        keeper.kept.removeFirst().take()?.answer(0x41)
        #expect((0x300..<0x304).map { xen[ram: $0] } == [0x41, 0x41, 0x41, 0])
        xen.access(0, string(.portIO, 0x200, size: 1, count: 2, buffer: 0x310, isRead: true))
        try server.process()
        keeper.kept.removeAll()
        #expect((0x310..<0x313).map { xen[ram: $0] } == [0xFF, 0xFF, 0])
    }

    @Test func aLateAnswerDoesNotWriteToAGuestThatWentOn() throws {
        // Closing has answered; the guest may use the buffer for something else by now.
        let keeper = Keeper()
        let server = try xen.serving(.ports(0x200...0x203), keeper)
        xen.access(0, string(.portIO, 0x200, size: 1, count: 2, buffer: 0x300, isRead: true))
        try server.process()
        try server.close()
        let kept = keeper.kept.removeFirst()
        kept.take()?.answer(0x41)
        #expect(xen[ram: 0x300] == 0xFF && xen[ram: 0x301] == 0xFF)
    }

    @Test func aPCIStringStaysAtItsRegister() throws {
        // rep insl at 0xcfc comes as one request (row B31).
        device.answer = 0x1234_0000
        let server = try xen.serving(.pci(PCIAddress(device: 2)), device)
        xen.access(0, string(.pciConfig, 0x10 << 32 | 0x40, size: 4, count: 3, buffer: 0x400, isRead: true))
        try server.process()
        #expect(device.accesses.map(\.offset) == [0x40, 0x40, 0x40])
        #expect(xen[ram: 0x408] == 0x40 && xen[ram: 0x40C] == 0)
    }

    @Test func theMappingIsGoneAfterTheRequest() throws {
        let server = try xen.serving(.ports(0x200...0x203), device)
        xen.access(0, string(.portIO, 0x200, size: 1, count: 4096, buffer: 0x1800, isRead: true))
        try server.process()
        #expect(xen.steps.filter { $0 == .unmap }.count == 1)
        #expect(server.statistics.strings == 1)
    }
}
