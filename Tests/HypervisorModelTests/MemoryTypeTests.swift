// Types of frames, their holder, moves: dmop.md sections 3.12, 3.15, 3.17; rows W, X and U.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Memory types") struct MemoryTypeTests {
    private func type(_ bench: Bench, _ frame: UInt64) -> MemoryType? {
        guard case .ram(let type, _) = bench.use(frame) else { return nil }
        return type
    }

    @Test("pad, bounds, type: W1, W2")
    func checks() throws {
        let bench = try Bench()
        #expect(
            bench.op(DMOP.SetMemoryType(count: 1, type: .ramReadOnly, first: GuestFrame(5)), poke: [6: 1]) == .einval)
        #expect(
            [bench.setType(5, 0, 1), bench.setType(0, 0, 1), bench.setType(0xfffff, 1, 1), bench.setType(.max, 2, 1)]
                == [.einval, .einval, .einval, .einval])
        #expect(
            [bench.setType(5, 1, 3), bench.setType(5, 1, 5), bench.setType(5, 1, 4)] == [.einval, .einval, .einval])
        #expect([bench.setType(0x3ff, 1, 1), bench.setType(0x3ff, 2, 1)] == [nil, .einval])
        let shadow = try Bench(.standard, DomainShape(usesHAP: false))
        #expect(shadow.setType(5, 1, 4) == .eopnotsupp)
    }

    @Test("read-only and back, and RAM that is given up stays so: W3, W4")
    func transitions() throws {
        let bench = try Bench()
        #expect(
            [bench.setType(0x200, 2, 1), bench.setType(0x200, 2, 0), bench.setType(0x200, 2, 0)] == [nil, nil, nil])
        #expect(type(bench, 0x201) == .ramReadWrite)
        #expect(
            [bench.setType(0x202, 1, 2), bench.setType(0x202, 1, 0), bench.setType(0x202, 1, 2)] == [nil, .einval, nil])
        #expect(bench.use(0x202) == .deviceMemory)
        #expect(bench.guest.page(of: GuestFrame(0x202)) == nil)
    }

    @Test("a hole becomes a place for devices, nothing else")
    func holes() throws {
        let bench = try Bench()
        bench.guest.memory.remove(0x100)
        for type: UInt16 in [0, 1] { #expect(bench.setType(0x100, 1, type) == .einval) }
        #expect(bench.setType(0x100, 1, 2) == ok)
    }

    @Test("it stops at the first bad frame, and what was done stays: W5")
    func stops() throws {
        let bench = try Bench()
        #expect(bench.setType(0x202, 1, 2) == ok)
        var payload = DMOP.SetMemoryType(count: 600, type: .ramReadOnly, first: GuestFrame(0x180))
        var none: [UInt8] = []
        #expect(bench.op(&payload, data: &none) == .einval)
        #expect(payload == DMOP.SetMemoryType(count: 600, type: .ramReadOnly, first: GuestFrame(0x180)))
        for frame: UInt64 in 0x180...0x201 { #expect(type(bench, frame) == .ramReadOnly) }
        #expect(type(bench, 0x203) == .ramReadWrite)
    }

    @Test("a round's worth of frames and back: W6")
    func round() throws {
        let bench = try Bench()
        #expect([bench.setType(0x280, 0x100, 1), bench.setType(0x280, 0x100, 0)] == [nil, nil])
        #expect(bench.guest.memory.extents.count == 1)
    }

    @Test("more than a round: the payload says how far it came")
    func progress() throws {
        let bench = try Bench()
        var payload = DMOP.SetMemoryType(count: 600, type: .ramReadOnly, first: GuestFrame(0x40))
        var none: [UInt8] = []
        #expect(bench.op(&payload, data: &none) == ok)
        #expect(payload.count == 88 && payload.first == GuestFrame(0x240))
        for frame: UInt64 in 0x40..<(0x40 + 600) { #expect(type(bench, frame) == .ramReadOnly) }
        #expect(type(bench, 0x40 + 600) == .ramReadWrite)
    }

    @Test("who may hold type 4: X1, X2, X6")
    func holder() throws {
        let bench = try Bench()
        let (first, second) = (try bench.create(), try bench.create())
        #expect(
            [bench.hold(first, type: 0), bench.hold(first, flags: 1), bench.hold(first, flags: 4)] == [
                .einval, .einval, .einval,
            ])
        #expect([bench.hold(badID), bench.hold(first, flags: 0)] == [.enoent, .einval])
        #expect(bench.hold(first, opaque: 1) == .einval)
        #expect(bench.guest.memoryTypeHolder == nil)
        #expect(
            [bench.hold(first), bench.hold(first), bench.hold(second), bench.hold(second, flags: 0)] == [
                nil, .ebusy, .ebusy, .einval,
            ])
        #expect(bench.guest.memoryTypeHolder == first)
        #expect(bench.hold(first, flags: 0, opaque: 1) == .einval)
        let shadow = try Bench(.standard, DomainShape(usesHAP: false))
        #expect(shadow.hold(badID) == .eopnotsupp)
    }

    @Test("what frames of type 4 become, and giving it back frees them: X3, X4")
    func tracked() throws {
        let bench = try Bench()
        let (first, second) = (try bench.create(), try bench.create())
        #expect(bench.hold(first) == ok)
        #expect(bench.setType(0x210, 2, 4) == ok)
        #expect(
            [bench.setType(0x210, 1, 1), bench.setType(0x210, 1, 2), bench.setType(0x210, 1, 0)] == [
                .einval, .einval, nil,
            ])
        #expect(bench.setType(0x220, 1, 1) == ok)
        #expect(bench.setType(0x220, 1, 4) == .einval)
        #expect(bench.guest.memory.trackedFrameCount == 1)
        #expect([bench.hold(first, flags: 0), bench.hold(second)] == [nil, nil])
        #expect(type(bench, 0x211) == .ramReadWrite)
        #expect(bench.guest.memoryTypeHolder == second)
    }

    @Test("giving back more than a round's worth of frames")
    func manyTracked() throws {
        let bench = try Bench()
        let id = try bench.create()
        #expect(bench.hold(id) == ok)
        #expect(bench.setType(0x10, 600, 4) == ok)
        var payload = DMOP.MapMemoryType(id: id, type: .ioreqServer, flags: [])
        var none: [UInt8] = []
        #expect(bench.op(&payload, data: &none) == ok)
        #expect(payload.opaque == 0x10 + 512)
        #expect(bench.guest.memory.trackedFrameCount == 0)
        #expect(bench.guest.memory.extents.count == 1)
    }

    @Test("the holder's end frees the type; frames that it leaves keep it busy: X5, X7")
    func destroyed() throws {
        let bench = try Bench()
        let (first, second) = (try bench.create(), try bench.create())
        #expect([bench.hold(first), bench.destroy(first), bench.hold(second)] == [nil, nil, nil])
        #expect([bench.setType(0x210, 1, 4), bench.destroy(second)] == [nil, nil])
        #expect(type(bench, 0x210) == .ioreqServer)
        let third = try bench.create()
        #expect(bench.hold(third) == .ebusy)
        #expect([bench.setType(0x210, 1, 0), bench.hold(third)] == [nil, nil])
    }
}

@Suite("Moving frames") struct RelocationTests {
    private func move(
        _ bench: Bench, _ source: UInt64, _ destination: UInt64, _ count: UInt32 = 1, pad: [Int: UInt8] = [:]
    ) -> XenErrorCode? {
        bench.op(
            DMOP.RelocateMemory(count: count, source: GuestFrame(source), destination: GuestFrame(destination)),
            poke: pad)
    }

    @Test("pad, ends, nothing, holes: U1, U2")
    func checks() throws {
        let bench = try Bench()
        #expect(move(bench, 0x220, 0x500, pad: [4: 1]) == .einval)
        #expect(
            [move(bench, 0, .max), move(bench, 0, .max - 1, 3), move(bench, .max - 1, 0, 3)] == [
                .einval, .eoverflow, .eoverflow,
            ])
        #expect([move(bench, 0x900, 0x500, 0), move(bench, 0x900, 0x500)] == [nil, .einval])
        let later = try Bench(Release(.v4_20))
        #expect([move(later, 0x900, 0x500, 0), move(later, 0x900, 0x500)] == [nil, .eacces])
    }

    @Test("there, again, and back: U3")
    func thereAndBack() throws {
        let bench = try Bench()
        #expect([move(bench, 0x220, 0x500), move(bench, 0x220, 0x500)] == [nil, .einval])
        #expect(bench.use(0x220) == .hole)
        #expect(bench.use(0x500) == .ram(.ramReadWrite, page: 0x220))
        #expect(move(bench, 0x500, 0x220) == ok)
        #expect(bench.guest.memory.extents.count == 1)
    }

    @Test("several frames leave the payload alone; what was at the destination is freed: U4")
    func several() throws {
        let bench = try Bench()
        var payload = DMOP.RelocateMemory(count: 16, source: GuestFrame(0x230), destination: GuestFrame(0x600))
        let before = payload
        var none: [UInt8] = []
        #expect(bench.op(&payload, data: &none) == ok)
        #expect(payload == before)
        #expect(bench.use(0x60f) == .ram(.ramReadWrite, page: 0x23f))
        #expect(move(bench, 0x60f, 0x100) == ok)
        #expect(bench.use(0x100) == .ram(.ramReadWrite, page: 0x23f))
    }

    @Test("what op 12 has given to device models is in nobody's way, and is no source; earlier frames stay moved: U10")
    func ontoDevices() throws {
        let bench = try Bench()
        #expect(bench.setType(0x301, 1, 2) == ok && bench.setType(0x12, 1, 2) == ok)
        #expect(move(bench, 0x10, 0x300, 3) == .einval)
        #expect(bench.use(0x300) == .ram(.ramReadWrite, page: 0x10))
        #expect(bench.use(0x301) == .ram(.ramReadWrite, page: 0x11))
    }

    @Test("operations compare with the highest frame that there ever was: U9")
    func highestEver() throws {
        let bench = try Bench()
        #expect(bench.setType(0x500, 1, 2) == .einval)
        #expect(move(bench, 0x10, 0x500) == ok && move(bench, 0x500, 0x10) == ok)
        #expect(bench.setType(0x500, 1, 2) == ok && bench.setType(0x501, 1, 2) == .einval)
    }

    @Test("more than a round: the payload says how far it came")
    func rounds() throws {
        let bench = try Bench()
        var payload = DMOP.RelocateMemory(count: 300, source: GuestFrame(0), destination: GuestFrame(0x1000))
        var none: [UInt8] = []
        #expect(bench.op(&payload, data: &none) == ok)
        #expect(
            payload == DMOP.RelocateMemory(count: 44, source: GuestFrame(256), destination: GuestFrame(0x1100)))
        #expect(bench.use(0x1000 + 299) == .ram(.ramReadWrite, page: 299))
        #expect(bench.use(299) == .hole)
    }

    @Test("overlapping moves keep every page since 4.22")
    func overlapping() throws {
        for (version, wanted) in [(Release.Version.v4_22, true), (.v4_21, false)] {
            let bench = try Bench(Release(version))
            #expect(move(bench, 0x100, 0x101, 0x200) == ok)
            let isRight = (0x101...UInt64(0x300)).allSatisfy {
                bench.use($0) == .ram(.ramReadWrite, page: $0 - 1)
            }
            #expect(isRight == wanted)
        }
        let down = try Bench()
        #expect(move(down, 0x101, 0x100, 0x200) == ok)
        #expect(down.use(0x2ff) == .ram(.ramReadWrite, page: 0x300))
    }
}
