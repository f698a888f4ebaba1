// Which frames were written to: dmop.md sections 3.7 and 3.11; rows V and Y.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Dirty frames") struct DirtyMemoryTests {
    private func track(
        _ bench: Bench, _ first: UInt64, _ count: UInt32, _ byteCount: Int, buffers: UInt32 = 2, pad: UInt8 = 0
    ) -> (XenErrorCode?, [UInt8]) {
        var payload = DMOP.TrackDirtyVRAM(count: count, first: GuestFrame(first))
        var data = [UInt8](repeating: 0xaa, count: byteCount)
        let answer = bench.op(&payload, poke: pad == 0 ? [:] : [4: pad], data: &data, buffers: buffers)
        return (answer, data)
    }

    @Test("pads, buffers, sizes: V1, V2, V3")
    func checks() throws {
        let bench = try Bench()
        #expect(track(bench, 0, 8, 1, pad: 1).0 == .einval)
        #expect(track(bench, 0, 8, 1, buffers: 1).0 == .einval)
        #expect(track(bench, 0, 262_145, 40000).0 == .einval)
        #expect(track(bench, 0, 262_144, 32768).0 == ok)
        #expect(track(bench, 0, 32769, 4096).0 == .einval)
        #expect(track(bench, 0, 9, 1).0 == .einval)
        #expect(track(bench, 0, 0, 1).0 == ok)
        #expect(track(try Bench(), 0, 0, 1).0 == ok)
    }

    @Test("the first look at a window says that all is dirty, the next what was written: V4, V5, V6")
    func window() throws {
        let bench = try Bench()
        #expect(track(bench, 0x100, 16, 2) == (ok, [0xff, 0xff]))
        #expect(track(bench, 0x100, 16, 2) == (ok, [0, 0]))
        #expect(track(bench, 0x100, 9, 2) == (ok, [0xff, 0xff]))
        #expect(track(bench, 0x100, 9, 3) == (ok, [0, 0, 0xaa]))
        #expect(track(bench, 0, 32768, 4096).0 == ok)
    }

    @Test("what the guest writes is seen once, what a device model reports is not: V7")
    func guestWrites() throws {
        let bench = try Bench()
        for _ in 0..<2 { _ = track(bench, 0x100, 4, 1) }
        for frame: UInt64 in [0x101, 0x103, 0x104, 0xff] { bench.guest.markDirty(GuestFrame(frame)) }
        #expect(track(bench, 0x100, 4, 1) == (ok, [0b1010]))
        #expect(track(bench, 0x100, 4, 1) == (ok, [0]))
        bench.guest.isLogDirty = true
        #expect(report(bench, [(0x102, 1)]) == ok)
        #expect(track(bench, 0x100, 4, 1) == (ok, [0]))
        #expect(track(bench, 0x100, 0, 1).0 == ok)
        #expect(track(bench, 0x100, 4, 1) == (ok, [0xff]))
    }

    @Test("shadow paging: no data at first, nothing beyond the memory map")
    func shadow() throws {
        let bench = try Bench(.standard, DomainShape(usesHAP: false))
        #expect(track(bench, 0x3f0, 16, 2) == (.enodata, [0xaa, 0xaa]))
        bench.guest.markDirty(GuestFrame(0x3ff))
        #expect(track(bench, 0x3f0, 16, 2) == (ok, [0, 0x80]))
        #expect(track(bench, 0x3f0, 17, 3).0 == .einval)
        #expect(track(bench, .max, 2, 1).0 == .einval)
        #expect(track(bench, 0x3f0, 0, 1).0 == ok)
        #expect(track(bench, 0x3f0, 16, 2).0 == .enodata)
    }

    // MARK: Op 11

    /// The answer; a refusal that changes the count is none that Xen gives.
    private func report(
        _ bench: Bench, _ extents: [(UInt64, UInt32)], count: UInt32? = nil, opaque: UInt32 = 0, pad: UInt8 = 0,
        buffers: UInt32 = 2
    ) -> XenErrorCode? {
        let (answer, payload) = reported(
            bench, extents, count: count, opaque: opaque, pad: pad, buffers: buffers)
        if answer != nil { #expect(payload.extentCount == count ?? UInt32(extents.count)) }
        return answer
    }

    /// The answer, and what is in the payload afterwards.
    private func reported(
        _ bench: Bench, _ extents: [(UInt64, UInt32)], count: UInt32? = nil, opaque: UInt32 = 0, pad: UInt8 = 0,
        buffers: UInt32 = 2
    ) -> (XenErrorCode?, DMOP.ModifiedMemory) {
        var payload = DMOP.ModifiedMemory(extentCount: count ?? UInt32(extents.count), opaque: opaque)
        var data = extents.flatMap { DMOP.Extent(count: $0.1, first: GuestFrame($0.0)).encodedBytes }
        if pad != 0 { data[4] = pad }
        return (bench.op(&payload, data: &data, buffers: buffers), payload)
    }

    @Test("with log-dirty off nothing is looked at: Y1")
    func off() throws {
        let bench = try Bench()
        #expect(report(bench, [(0, 0)], opaque: 5, pad: 7) == ok)
        #expect(report(bench, [(0, 0)], count: 3) == ok)
    }

    @Test("not exactly two buffers is EINVAL with XSA-506: Y2")
    func oneBuffer() throws {
        #expect(report(try Bench(), [(1, 1)], buffers: 1) == .einval)
        #expect(report(try Bench(Release(.v4_14)), [(1, 1)], buffers: 1) == ok)
        let logging = try Bench(Release(.v4_14))
        logging.guest.isLogDirty = true
        #expect(report(logging, [(1, 1)], buffers: 1) == .einval)
    }

    @Test("one frame: Y3")
    func oneFrame() throws {
        let bench = try Bench()
        bench.guest.isLogDirty = true
        let (answer, payload) = reported(bench, [(0x100, 1)])
        #expect(answer == ok && payload.extentCount == 1)
        #expect(bench.guest.loggedFrames == [GuestFrame(0x100)])
    }

    @Test("what is wrong with extents leaves the count as it was: Y4")
    func checksOfExtents() throws {
        let bench = try Bench()
        bench.guest.isLogDirty = true
        #expect(report(bench, [(0, 1)], count: 2) == .einval)
        #expect(report(bench, [(0, 1)], pad: 1) == .einval)
        #expect(report(bench, [(0, 0)]) == .einval)
        #expect(report(bench, [(.max, 2)]) == .einval)
        #expect(report(bench, [(0, 1)], opaque: 1) == .einval)
        // A progress that nobody has handed out: 1.5.
        #expect(report(bench, [(0, 9)], opaque: 1) == .einval)
        #expect(bench.guest.loggedFrames.isEmpty)
    }

    @Test("the highest frame cannot be reported: Y5")
    func highest() throws {
        let bench = try Bench()
        bench.guest.isLogDirty = true
        #expect(report(bench, [(0x3ff, 1)]) == .einval)
        #expect(report(bench, [(0x3fe, 1)]) == ok)
    }

    @Test("more than a round's worth of frames, holes skipped: Y6")
    func rounds() throws {
        let bench = try Bench()
        bench.guest.isLogDirty = true
        bench.guest.memory.remove(7)
        #expect(reported(bench, [(0, 0x300), (5, 1)]).0 == ok)
        #expect(bench.guest.loggedFrames.count == 0x2ff)
        #expect(!bench.guest.loggedFrames.contains(GuestFrame(7)))
    }

    @Test("extents are done from the last one on: Y7")
    func lastFirst() throws {
        let bench = try Bench()
        bench.guest.isLogDirty = true
        #expect(report(bench, [(0xfffff, 1), (5, 1)]) == .einval)
        #expect(bench.guest.loggedFrames == [GuestFrame(5)])
        bench.guest.isLogDirty = false
        #expect(bench.guest.loggedFrames.isEmpty)
    }
}
