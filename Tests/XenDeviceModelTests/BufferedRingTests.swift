// The ring of posted writes, in ATOMIC mode. dmop.md section 7.

import Testing
import XenABI

@testable import XenDeviceModel

@Suite struct BufferedRingTests {
    let xen = FakeXen()
    let device = Recorder()

    private func entry(_ address: UInt32, _ sizeCode: UInt8, type: IOREQType = .copy) -> BufferedIOREQ {
        BufferedIOREQ(type: type, sizeCode: sizeCode, address: address, data: 0)
    }

    @Test func postedWritesOfEachSizeReachTheDeviceInOrder() throws {
        let server = try xen.serving(.memory(0xA0000...0xBFFFF), device, buffered: .atomic)
        for code in UInt8(0)...3 { xen.post(entry(0xA0000 + UInt32(code) * 8, code), data: 0x1122_3344_5566_7788) }
        xen.fire(remote: FakeXen.ringRemote)
        try server.process()
        #expect(
            device.accesses == [
                .init(isRead: false, offset: 0, width: .byte, value: 0x88),
                .init(isRead: false, offset: 8, width: .word, value: 0x7788),
                .init(isRead: false, offset: 16, width: .doubleWord, value: 0x5566_7788),
                .init(isRead: false, offset: 24, width: .quadWord, value: 0x1122_3344_5566_7788),
            ])
        #expect(xen.ringPointers.read == 5 && xen.ringPointers.write == 5)
        #expect(server.statistics.posted == 4)
        #expect(xen.answers.isEmpty)
    }

    @Test func theRingGoesRoundAndXenLowersBothPointers() throws {
        let server = try xen.serving(.memory(0xA0000...0xBFFFF), device, buffered: .atomic)
        for value in 0..<2000 {
            xen.post(entry(0xA0000, 2), data: UInt64(value))
            if value % 300 == 299 || value == 1999 {
                xen.fire(remote: FakeXen.ringRemote)
                try server.process()
            }
        }
        #expect(device.accesses.map(\.value) == (0..<2000).map { UInt64($0) })
        #expect(xen.ringPointers.read < 1022)
    }

    @Test func aFullRingIsServedWhole() throws {
        let server = try xen.serving(.memory(0xA0000...0xBFFFF), device, buffered: .atomic)
        for value in 0..<511 { xen.post(entry(0xA0000, 0), data: UInt64(value & 0xFF)) }
        xen.fire(remote: FakeXen.ringRemote)
        try server.process()
        #expect(device.accesses.count == 511)
    }

    @Test(arguments: [512, 70000, .max] as [UInt32])
    func aWritePointerOutOfReachIsAnErrorNotAnIndex(write: UInt32) throws {
        let server = try xen.serving(.memory(0xA0000...0xBFFFF), device, buffered: .atomic)
        try server.process()
        xen.ringPointers = (0, write)
        xen.fire(remote: FakeXen.ringRemote)
        #expect(failure { () throws(XenError) in try server.process() }?.code == .eoverflow)
        #expect(device.accesses.isEmpty)
        #expect(xen.steps.last == .unmap, "the server is down")
        #expect(xen.masked.isEmpty)
    }

    @Test func halfAnEightByteWriteIsAnError() throws {
        let server = try xen.serving(.memory(0xA0000...0xBFFFF), device, buffered: .atomic)
        xen.post(entry(0xA0000, 3), data: 1)
        xen.ringPointers.write -= 1
        xen.fire(remote: FakeXen.ringRemote)
        #expect(failure { () throws(XenError) in try server.process() }?.code == .eoverflow)
    }

    @Test func aTimeOffsetReachesTheDevicesSigned() throws {
        let server = try xen.serving(.ports(0x70...0x71), device, buffered: .atomic)
        xen.post(entry(0, 3, type: .timeOffset), data: UInt64(bitPattern: -3600))
        xen.fire(remote: FakeXen.ringRemote)
        try server.process()
        #expect(device.broadcasts == ["time -3600"])
    }

    @Test func aRequestOfAnotherTypeIsCountedAndSkipped() throws {
        let server = try xen.serving(.memory(0xA0000...0xBFFFF), device, buffered: .atomic)
        xen.post(entry(0xA0000, 0, type: IOREQType(rawValue: 33)), data: 1)
        xen.post(entry(0xA0000, 0), data: 2)
        xen.fire(remote: FakeXen.ringRemote)
        try server.process()
        #expect(device.accesses.map(\.value) == [2])
        #expect(server.statistics.malformed == 1)
    }
}
