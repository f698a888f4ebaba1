// What servers claim: dmop.md sections 3.3 and 3.4; rows R.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Ranges") struct RangeTests {
    @Test("pad, order, id, type, in this order: R1 to R4, R11")
    func checks() throws {
        let bench = try Bench()
        let id = try bench.create()
        let bad = DMOP.MapIORange(id: id, type: .port, start: 5, end: 4)
        #expect(bench.op(bad, poke: [2: 1]) == .einval)
        #expect(bench.op(DMOP.UnmapIORange(id: id, type: .port, start: 4, end: 5), poke: [2: 1]) == .einval)
        #expect(bench.map(badID, 0, 5, 4) == .einval)
        #expect([bench.map(badID, 0, 4, 5), bench.map(badID, 3, 4, 5)] == [.enoent, .enoent])
        #expect(bench.map(id, 3, 4, 5) == .einval)
        #expect(
            [bench.unmap(id, 0, 9, 8), bench.unmap(id, 7, 8, 8), bench.unmap(badID, 0, 8, 8)] == [
                .einval, .einval, .enoent,
            ])
    }

    @Test("overlaps, merging, parts and ends: R5 to R10")
    func merging() throws {
        let bench = try Bench()
        let id = try bench.create()
        #expect(bench.map(id, 0, 0x100, 0x10f) == ok)
        #expect([bench.map(id, 0, 0x100, 0x10f), bench.map(id, 0, 0x10f, 0x120)] == [.eexist, .eexist])
        #expect(bench.map(id, 0, 0x110, 0x11f) == ok)
        #expect(bench.guest.server(id)?.claimedRanges(.port) == [0x100...0x11f])
        #expect([bench.map(id, 1, 0x100, 0x10f), bench.map(id, 1, 0, .max)] == [nil, .eexist])
        #expect(bench.map(id, 0, 0xffff0, 0x1ffff0) == ok)
        #expect(bench.unmap(id, 0, 0x108, 0x117) == ok)
        #expect(bench.guest.server(id)?.claimedRanges(.port) == [0x100...0x107, 0x118...0x11f, 0xffff0...0x1ffff0])
        #expect([bench.unmap(id, 0, 0x100, 0x108), bench.unmap(id, 0, 0x110, 0x110)] == [.enoent, .enoent])
    }

    @Test("PCI ranges are numbers, and the last address is one: R12, R13")
    func bounds() throws {
        let bench = try Bench()
        let id = try bench.create()
        #expect(
            [bench.map(id, 2, 0x10, 0x10), bench.map(id, 2, 0x18, 0x1f), bench.map(id, 2, 1 << 40, 1 << 40)] == [
                nil, nil, nil,
            ])
        #expect(bench.map(id, 1, .max, .max) == ok)
        #expect(bench.map(id, 1, 0, .max - 1) == ok)
        #expect(bench.guest.server(id)?.claimedRanges(.memory) == [0 ... .max])
    }

    @Test("256 nodes, no more by adding or by cutting: R14, R15")
    func nodes() throws {
        let bench = try Bench()
        let id = try bench.create()
        for node: UInt64 in 0..<256 { #expect(bench.map(id, 1, node * 32, node * 32 + 7) == ok) }
        #expect(bench.map(id, 1, 0x10000, 0x10000) == .enomem)
        // Who goes on where another ends needs no node; who ends where another begins needs one until they merge.
        #expect(bench.map(id, 1, 8, 9) == ok)
        #expect([bench.map(id, 1, 61, 62), bench.map(id, 1, 63, 63)] == [.enomem, .enomem])
        #expect(bench.map(id, 1, 10, 31) == ok)
        #expect(bench.map(id, 1, 63, 63) == ok)
        #expect(bench.map(id, 1, 0x20000, 0x20000) == ok)
        #expect(bench.map(id, 1, 0x30000, 0x30000) == .enomem)
        #expect(bench.unmap(id, 1, 0x20000, 0x20000) == ok)
        #expect(bench.map(id, 1, 0x20000, 0x20000) == ok)
        #expect(bench.unmap(id, 1, 255 * 32, 255 * 32 + 7) == ok)
        #expect(bench.map(id, 1, 0x10000, 0x10010) == ok)
        #expect(bench.unmap(id, 1, 0x10008, 0x10008) == .enomem)
        #expect(bench.unmap(id, 1, 0x10010, 0x10010) == ok)
    }

    @Test("ranges of other servers do not count: R16")
    func others() throws {
        let bench = try Bench()
        let (first, second) = (try bench.create(), try bench.create())
        #expect([bench.map(first, 0, 1, 9), bench.map(second, 0, 1, 9)] == [nil, nil])
    }

    @Test("a lookup is a hit only where one range has all of it")
    func lookup() throws {
        var set = RangeSet()
        try set.insert(0x100...0x103)
        try set.insert(0x200...0x20f)
        try set.insert(0x104...0x107)
        #expect(set.contains(first: 0x102, last: 0x105))
        #expect(!set.contains(first: 0x106, last: 0x108))
        #expect(!set.contains(first: 0x107, last: 0x200))
        #expect(!set.contains(first: 0x105, last: 0x104))
        #expect(!set.contains(first: 0, last: .max))
    }
}
