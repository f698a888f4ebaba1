// Posted writes and broadcasts: dmop.md sections 4.3, 4.4, 5.2 and 7, row B25.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Buffered ring") struct RingTests {
    /// An HVM guest whose RAM ends below the VGA window, and a server that has claimed the window.
    private func window(_ handling: BufferedHandling) throws -> (AccessBench, TestServer) {
        let bench = try AccessBench(DomainShape(.hvm, frameCount: 0x80))
        return (bench, try bench.add(handling, memory: [0xa0000...0xcffff]))
    }

    @Test("a byte write to the VGA window is posted; in a full ring's place comes a request: B25")
    func posted() throws {
        let (bench, server) = try window(.atomic)
        #expect(bench.vcpu.perform(.store(0xa0123, .one, 0x55)) == .done(0))
        #expect(server.pointers == (0, 1) && bench.fired == server.ringPort.map { [$0] })
        #expect(server.entry(0) == BufferedIOREQ(type: .copy, sizeCode: 0, address: 0xa0123, data: 0x55))
        server.setPointers(0, 511)
        #expect(bench.run(.store(0xa0124, .one, 0x56)).seen.map(\.data) == [0x56])
        server.setPointers(1, 511)
        #expect(bench.run(.store(0xa0124, .one, 0x56)).seen.isEmpty)
        #expect(server.pointers == (1, 512) && server.entry(511).data == 0x56)
    }

    @Test("8 bytes take two slots, and are full one slot earlier")
    func eightBytes() throws {
        let (bench, server) = try window(.atomic)
        server.setPointers(0, 509)
        #expect(bench.run(.store(0xa0008, .eight, 0x8877_6655_4433_2211)).seen.isEmpty)
        #expect(server.pointers == (0, 511))
        #expect(server.entry(509) == BufferedIOREQ(type: .copy, sizeCode: 3, address: 0xa0008, data: 0x4433_2211))
        #expect(server.entry(510) == BufferedIOREQ(type: .copy, sizeCode: 3, address: 0xa0008, data: 0x8877_6655))
        server.setPointers(0, 510)
        #expect(bench.run(.store(0xa0008, .eight, 1)).seen.count == 1)
        #expect(bench.run(.store(0xa0008, .four, 1)).seen.isEmpty)
    }

    @Test("what is not a single write to the window goes the synchronous way")
    func synchronous() throws {
        let (bench, server) = try window(.atomic)
        #expect(bench.run(.load(0xa0000, .four)).seen.count == 1)
        #expect(bench.run(.repeatedStore(0xa0000, .four, count: 2, from: 0x8000)).seen.count == 1)
        #expect(bench.run(.store(0xc0000, .four, 1)).seen.count == 1)
        #expect(bench.run(.store(0xbfffe, .four, 1)).seen.map(\.address) == [0xc0000])
        #expect(server.pointers == (0, 1))
        let (off, _) = try window(.off)
        #expect(off.run(.store(0xa0000, .one, 1)).seen.count == 1)
        let small = try AccessBench(DomainShape(.pvh, frameCount: 0x80))
        _ = try small.add(.atomic, memory: [0xa0000...0xcffff])
        #expect(small.run(.store(0xa0000, .one, 1)).seen.count == 1)
    }

    @Test("ATOMIC: both pointers are reduced by the same multiple of 511; LEGACY: never")
    func reducing() throws {
        let (bench, server) = try window(.atomic)
        server.setPointers(510, 515)
        _ = bench.run(.store(0xa0000, .one, 1))
        #expect(server.pointers == (510, 516))
        server.setPointers(511 * 3 + 7, 511 * 3 + 20)
        _ = bench.run(.store(0xa0000, .one, 9))
        #expect(server.pointers == (7, 21) && server.entry(20).data == 9)
        let (old, legacy) = try window(.legacy)
        legacy.setPointers(UInt32.max - 1, UInt32.max)
        _ = old.run(.store(0xa0000, .one, 1))
        #expect(legacy.pointers == (UInt32.max - 1, 0) && legacy.entry(UInt32.max).data == 1)
    }

    @Test(
        "pointers out of reach are a full ring", arguments: [(0, 512), (5, 4), (1, 0x8000_0000)] as [(UInt32, UInt32)])
    func hostile(read: UInt32, write: UInt32) throws {
        let (bench, server) = try window(.atomic)
        server.setPointers(read, write)
        #expect(bench.run(.store(0xa0000, .one, 1)).seen.count == 1)
        #expect(server.pointers == (read, write))
    }

    @Test("setting the clock tells servers with a ring; all others hear nothing: 5.2")
    func timeOffset() throws {
        let (bench, server) = try window(.atomic)
        let plain = try bench.add()
        let asleep = try bench.add(.atomic, enabled: false)
        bench.guest.setClock(by: -5)
        #expect(server.pointers == (0, 2) && asleep.pointers == (0, 0) && plain.slot().state == .none)
        #expect(server.entry(0) == BufferedIOREQ(type: .timeOffset, sizeCode: 3, address: 0, data: 0xffff_fffb))
        #expect(server.entry(1).data == 0xffff_ffff)
        #expect(bench.fired == server.ringPort.map { [$0] })
    }

    @Test("INVALIDATE goes to every enabled server, and the vCPU waits for all of them: 5.2")
    func invalidate() throws {
        let (bench, a, b, p) = try AccessBench.rows()
        try p.enable(false)
        #expect(bench.vcpu.invalidateMappings() == .waiting)
        #expect(a.isAsked(VCPUID(0)) && b.isAsked(VCPUID(0)) && !p.isAsked(VCPUID(0)))
        let request = a.slot()
        #expect(request.type == .invalidate && request.size == 4 && !request.isRead && request.data == ~0)
        a.answer(0)
        #expect(bench.vcpu.resume() == .waiting && a.slot().state == .none)
        b.answer(0)
        #expect(bench.vcpu.resume() == .done(0) && bench.misuses.isEmpty)
        #expect(bench.run(.input(0x200, .one)) { _ in 4 }.outcome == .done(4))
        try a.enable(false)
        try b.enable(false)
        #expect(bench.vcpu.invalidateMappings() == .done(0))
    }

    @Test("a broadcast ends when the server that has not answered is destroyed")
    func invalidateDestroyed() throws {
        let (bench, a, b, p) = try AccessBench.rows()
        #expect(bench.vcpu.invalidateMappings() == .waiting)
        for server in [a, b] { server.answer(0) }
        #expect(bench.vcpu.resume() == .waiting)
        try p.destroy()
        #expect(bench.vcpu.resume() == .done(0))
    }
}
