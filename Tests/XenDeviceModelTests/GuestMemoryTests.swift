// Guest memory by a domain: what is mapped, copied and reported, and what is refused.

import Testing
import XenABI
import XenPlatform

@testable import XenDeviceModel

@Suite struct GuestMemoryTests {
    let xen = FakeXen()

    @Test func aReadMapsTheFramesThatItTouchesAndNoOthers() throws {
        xen[ram: 0x1FFF] = 0x11
        xen[ram: 0x2000] = 0x22
        let domain = try xen.domain()
        xen.steps = []
        #expect(try domain.readMemory(at: 0x1FFF, byteCount: 2) == [0x11, 0x22])
        #expect(xen.steps == [.map("frames [1, 2]"), .unmap])
    }

    @Test func aWriteIsCopiedAndReported() throws {
        let domain = try xen.domain()
        let bytes: [UInt8] = [1, 2, 3]
        try domain.writeMemory(at: 0x2FFE, from: bytes.span)
        #expect([0x2FFD, 0x2FFE, 0x2FFF, 0x3000, 0x3001].map { xen[ram: $0] } == [0, 1, 2, 3, 0])
        let extent = xen.buffers[DMOpcode.modifiedMemory.rawValue]?.last
        #expect(extent == [2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func aWriteThatXenCannotRecordIsDoneAllTheSame() throws {
        xen.refusals[DMOpcode.modifiedMemory.rawValue] = .einval
        let bytes: [UInt8] = [7]
        try xen.domain().writeMemory(at: 0x1000, from: bytes.span)
        #expect(xen[ram: 0x1000] == 7)
    }

    @Test func nothingIsMappedForNoBytes() throws {
        let domain = try xen.domain()
        xen.steps = []
        #expect(try domain.readMemory(at: .max, byteCount: 0) == [])
        #expect(xen.steps.isEmpty)
    }

    @Test func whatLeavesTheAddressSpaceIsRefused() throws {
        let domain = try xen.domain()
        #expect(failure { () throws(XenError) in _ = try domain.readMemory(at: .max, byteCount: 2) }?.code == .einval)
        for (first, count) in [(0, 0), (0, -1), (.max, 1), (.max / 4096, 2)] as [(UInt64, Int)] {
            let refusal = failure { () throws(XenError) in
                try domain.mapFrames(first: GuestFrame(first), count: count, access: .read).close()
            }
            #expect(refusal?.code == .einval, "\(first) \(count)")
        }
    }

    @Test func tooMuchAtOnceIsRefused() throws {
        let domain = try xen.domain()
        for count in [DeviceModelDomain.mappedFramesMax + 1, 1 << 52, .max] {
            let refusal = failure { () throws(XenError) in
                try domain.mapFrames(first: GuestFrame(0), count: count, access: .read).close()
            }
            #expect(refusal?.code == .e2big)
        }
        for count in [-1, DeviceModelDomain.transferBytesMax + 1] {
            let refusal = failure { () throws(XenError) in _ = try domain.readMemory(at: 0, byteCount: count) }
            #expect(refusal?.code == .e2big)
        }
    }

    @Test func memoryThatTheGuestDoesNotHaveIsXensAnswer() throws {
        let domain = try xen.domain()
        let refusal = failure { () throws(XenError) in
            _ = try domain.readMemory(at: UInt64(FakeXen.ramByteCount) - 1, byteCount: 2)
        }
        #expect(refusal?.value == UInt64(FakeXen.ramByteCount / 4096))
    }

    @Test func neighbouringFramesAreMappedInOrder() throws {
        xen[ram: 0x3001] = 9
        let pages = try xen.domain().mapFrames(first: GuestFrame(2), count: 2, access: .readWrite)
        #expect(pages.byteCount == 8192)
        #expect(pages.load(byteCount: 1, at: 0x1001) == 9)
    }
}
