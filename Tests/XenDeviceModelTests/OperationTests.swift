// Every operation as a method: the payload that is sent, the splitting of large calls. dmop.md sections 2, 3 and 15.5.

import Testing
import XenABI

@testable import XenDeviceModel

@Suite struct OperationTests {
    let xen = FakeXen()

    private func sent(_ operation: DMOpcode) -> [UInt8] { xen.payloads[operation.rawValue] ?? [] }

    @Test func interruptLinesAreSentAsAsked() throws {
        let domain = try xen.domain()
        try domain.setISAIRQLevel(4, level: true)
        #expect(sent(.setISAIRQLevel).prefix(2) == [4, 1])
        try domain.setPCIINTxLevel(device: 3, pin: 2, level: true)
        #expect(sent(.setPCIINTxLevel).prefix(6) == [0, 0, 0, 3, 2, 1])
        try domain.setPCILinkRoute(1, to: 11)
        #expect(sent(.setPCILinkRoute).prefix(2) == [1, 11])
        try domain.setPCILinkRoute(1, to: nil)
        #expect(sent(.setPCILinkRoute).prefix(2) == [1, 0])
        try domain.setIRQLevel(33, level: true)
        #expect(sent(.setIRQLevel).prefix(5) == [33, 0, 0, 0, 1])
    }

    @Test func messagesAndEventsAreSentAsAsked() throws {
        let domain = try xen.domain()
        try domain.injectMSI(address: 0xFEE0_1000, data: 0x4041)
        #expect(sent(.injectMSI).prefix(16) == [0x41, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x10, 0xE0, 0xFE, 0, 0, 0, 0])
        try domain.injectEvent(VCPUID(1), type: .hardwareException, vector: 14, errorCode: 2, extra: 0x1234)
        #expect(sent(.injectEvent).prefix(12) == [1, 0, 0, 0, 14, 3, 0, 0, 2, 0, 0, 0])
        try domain.injectEvent(VCPUID(0), type: .nmi, vector: 2)
        #expect(sent(.injectEvent)[8..<12] == [0xFF, 0xFF, 0xFF, 0xFF])
    }

    @Test func memoryOperationsAreSentAsAsked() throws {
        let domain = try xen.domain()
        try domain.setMemoryType(.ramReadOnly, first: GuestFrame(0x200), count: 2)
        #expect(sent(.setMemoryType).prefix(10) == [2, 0, 0, 0, 1, 0, 0, 0, 0, 2])
        try domain.relocateMemory(count: 1, from: GuestFrame(0x20), to: GuestFrame(0x30))
        #expect(sent(.relocateMemory)[8] == 0x20 && sent(.relocateMemory)[16] == 0x30)
        try domain.pinCacheAttribute(.writeCombining, GuestFrame(0x10)...GuestFrame(0x1F))
        #expect(sent(.pinMemoryCacheAttribute)[0] == 0x10 && sent(.pinMemoryCacheAttribute)[16] == 1)
        try domain.unpinCacheAttribute(GuestFrame(0x10)...GuestFrame(0x1F))
        #expect(sent(.pinMemoryCacheAttribute)[16..<20] == [0xFF, 0xFF, 0xFF, 0xFF])
        try domain.shutDown(.crash)
        #expect(sent(.remoteShutdown)[0] == 3)
    }

    @Test func writeTrackingIsClaimedByTheServer() throws {
        let server = try xen.serving(.ports(0x100...0x10F), Recorder())
        try server.claimMemoryType()
        #expect(sent(.mapMemoryType).prefix(8) == [0, 0, 4, 0, 2, 0, 0, 0])
        try server.releaseMemoryType()
        #expect(sent(.mapMemoryType).prefix(8) == [0, 0, 4, 0, 0, 0, 0, 0])
    }

    /// Frames that keep the type of a destroyed server hang the vCPU that writes to one (dmop.md section 3.15).
    @Test func aServerThatGoesGivesTheMemoryTypeBackFirst() throws {
        let server = try xen.serving(.ports(0x100...0x10F), Recorder())
        try server.claimMemoryType()
        xen.steps = []
        try server.close()
        #expect(xen.steps.first == .call("map_mem_type_to_ioreq_server"))
        #expect(sent(.mapMemoryType).prefix(8) == [0, 0, 4, 0, 0, 0, 0, 0])
        #expect(xen.steps.filter { $0 == .call("map_mem_type_to_ioreq_server") }.count == 1)
    }

    @Test func aServerWithoutTheMemoryTypeDoesNotGiveItBack() throws {
        let server = try xen.serving(.ports(0x100...0x10F), Recorder())
        try server.claimMemoryType()
        try server.releaseMemoryType()
        xen.steps = []
        try server.close()
        #expect(!xen.steps.contains(.call("map_mem_type_to_ioreq_server")))
    }

    @Test(arguments: [1, 255, 256, 257, 1000])
    func extentsAreSplitAtTheKernelsLimit(count: Int) throws {
        let domain = try xen.domain()
        let extents = (0..<count).map { DMOP.Extent(count: 1, first: GuestFrame(UInt64($0))) }
        try domain.reportModified(extents)
        let buffers = xen.buffers[DMOpcode.modifiedMemory.rawValue] ?? []
        #expect(buffers.map { $0.count / 16 }.reduce(0, +) == count)
        #expect(buffers.allSatisfy { $0.count <= 4096 && !$0.isEmpty })
        #expect(buffers.count == (count + 255) / 256)
        #expect(buffers.joined().elementsEqual(extents.flatMap { $0.encodedBytes }))
    }

    @Test func noExtentsIsNoCall() throws {
        try xen.domain().reportModified([])
        #expect(xen.buffers[DMOpcode.modifiedMemory.rawValue] == nil)
    }

    @Test func aRefusalTellsHowManyExtentsWereDone() throws {
        let domain = try xen.domain()
        xen.refusals[DMOpcode.modifiedMemory.rawValue] = .einval
        let empty = DMOP.Extent(count: 0, first: GuestFrame(0))
        let error = failure { () throws(XenError) in try domain.reportModified([empty]) }
        #expect(error?.code == .einval && error?.completed == 0)
    }

    @Test(arguments: [1, 8, 9, 32767, 32768, 32769, 262_144])
    func aDirtyWindowIsSplitAtTheKernelsLimit(count: Int) throws {
        let domain = try xen.domain()
        xen.buffers = [:]
        xen.dirtyByte = 0xFF
        var bitmap = [UInt8](repeating: 0, count: (count + 7) / 8 + 1)
        var span = bitmap.mutableSpan
        try domain.trackDirtyVRAM(first: GuestFrame(0x100), count: count, into: &span)
        let buffers = xen.buffers[DMOpcode.trackDirtyVRAM.rawValue] ?? []
        #expect(buffers.allSatisfy { $0.count <= 4096 })
        #expect(buffers.map(\.count).reduce(0, +) == (count + 7) / 8)
        #expect(bitmap.dropLast().allSatisfy { $0 == 0xFF } && bitmap.last == 0)
    }

    @Test func aWindowThatCantBeTrackedIsRefusedWithoutACall() throws {
        let domain = try xen.domain()
        xen.buffers = [:]
        var bitmap = [UInt8](repeating: 0, count: 1)
        for count in [0, -1, 9, 262_145] {
            let error = failure { () throws(XenError) in
                var span = bitmap.mutableSpan
                try domain.trackDirtyVRAM(first: GuestFrame(0), count: count, into: &span)
            }
            #expect(error?.code == .einval)
        }
        #expect(xen.buffers.isEmpty)
    }

    @Test func callsAreCountedByOperation() throws {
        let domain = try xen.domain()
        try domain.injectMSI(address: 0, data: 0)
        xen.refusals[DMOpcode.injectMSI.rawValue] = .erange
        #expect(failure { () throws(XenError) in try domain.injectMSI(address: 0, data: 0) }?.code == .erange)
        #expect(domain.counter(of: .injectMSI).count == 2)
        #expect(domain.counter(of: .injectMSI).refused == 1)
        #expect(domain.counter(of: .setISAIRQLevel).count == 0)
    }

    @Test func whatIsTimedStandsForAllCalls() {
        var counter = CallCounter()
        let weights = (0..<160).map { _ in counter.begin() }
        #expect(weights.prefix(16).allSatisfy { $0 == 1 }, "few calls are all timed")
        #expect(weights.reduce(0, +) == 160)
        #expect(weights.count { $0 > 0 } == 16 + 9)
        #expect(counter.count == 160)
    }
}
