// How accesses become requests: dmop.md section 4.2, rows B6 to B9 and B26 to B31.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Cutting") struct CuttingTests {
    private func texts(_ seen: [Seen]) -> [String] { seen.map(\.description) }

    @Test("a load over an MMIO page boundary is two requests, each looked up by itself: B6")
    func twoPages() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        let (outcome, seen) = bench.run(.load(0xf000_0ffe, .four)) { $0.address == 0xf000_0ffe ? 0x1122 : 0x3344 }
        #expect(texts(seen) == ["0 0xf0000ffe/2", "1 0xf0001000/2"])
        #expect(outcome == .done(0x3344_1122))
    }

    @Test("merged ranges are one; between ranges nobody is asked: B7")
    func merged() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        #expect(texts(bench.run(.load(0xf000_4002, .four)).seen) == ["0 0xf0004002/4"])
        let (outcome, seen) = bench.run(.load(0xf000_3000, .four))
        #expect(outcome == .done(0xffff_ffff) && seen.isEmpty)
    }

    @Test("parts of an element over the boundary are powers of two: B26")
    func powersOfTwo() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        #expect(
            texts(bench.run(.load(0xf000_0fff, .four)).seen)
                == ["0 0xf0000fff/1", "1 0xf0001000/2", "1 0xf0001002/1"])
        let store = bench.run(.store(0xf000_0fff, .eight, 0x8877_6655_4433_2211)).seen
        #expect(
            texts(store) == ["0 0xf0000fff/1", "1 0xf0001000/4", "1 0xf0001004/2", "1 0xf0001006/1"])
        #expect(store.map(\.data) == [0x11, 0x5544_3322, 0x7766, 0x88])
        let answers: [UInt64: UInt64] = [0xffb: 0x4433_2211, 0xfff: 0x55, 0x1000: 0x7766, 0x1002: 0x88]
        let load = bench.run(.load(0xf000_0ffb, .eight)) { answers[$0.address & 0x1fff] ?? 0 }
        #expect(
            texts(load.seen) == ["0 0xf0000ffb/4", "0 0xf0000fff/1", "1 0xf0001000/2", "1 0xf0001002/1"])
        #expect(load.outcome == .done(0x8877_6655_4433_2211))
    }

    @Test("rep outs is one request with its data in RAM: B8")
    func repeatedOutput() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        let (outcome, seen) = bench.run(.repeatedOutput(0x200, .four, count: 4, from: 0x8000))
        #expect(texts(seen) == ["0 0x200/4 x4 @0x8000"])
        #expect(outcome == .done(0) && !seen[0].isRead && seen[0].type == .portIO)
    }

    @Test("rep movs is one COPY each way: B9")
    func repeatedMove() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        let toRAM = bench.run(.repeatedLoad(0xf000_0100, .four, count: 4, to: 0x8000)).seen
        let fromRAM = bench.run(.repeatedStore(0xf000_0100, .four, count: 4, from: 0x8000)).seen
        #expect(texts(toRAM) == ["0 0xf0000100/4 x4 @0x8000"] && texts(fromRAM) == texts(toRAM))
        #expect(toRAM[0].isRead && !fromRAM[0].isRead && toRAM[0].type == .copy)
    }

    @Test("rep movs to frames whose writes a server takes is a request for each element: B132")
    func repeatedMoveToTracked() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        try bench.call(once: DMOP.MapMemoryType(id: a.id, type: .ioreqServer, flags: .write))
        try bench.call(once: DMOP.SetMemoryType(count: 1, type: .ioreqServer, first: GuestFrame(0x210)))
        bench.guest.storeMemory(0x8000, .eight, 0x2222_2222_1111_1111)
        bench.guest.storeMemory(0x8008, .four, 0x3333_3333)
        let seen = bench.run(.repeatedStore(0x21_0ff4, .four, count: 3, from: 0x8000)).seen
        #expect(texts(seen) == ["0 0x210ff4/4", "0 0x210ff8/4", "0 0x210ffc/4"])
        #expect(seen.map(\.data) == [0x1111_1111, 0x2222_2222, 0x3333_3333])
        // From a tracked frame into an ordinary one: what is in the first is the server's, the rest is memory's.
        let over = bench.run(.repeatedStore(0x21_0ffe, .four, count: 3, from: 0x8000)).seen
        #expect(texts(over) == ["0 0x210ffe/2"] && over.map(\.data) == [0x1111])
        #expect(bench.guest.loadMemory(0x21_1000, .eight) == 0x3333_2222_2222_1111)
    }

    @Test("a string ends at a page boundary of its RAM: B27")
    func memoryBoundary() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        let seen = bench.run(.repeatedOutput(0x200, .four, count: 4, from: 0x8ff8)).seen
        #expect(texts(seen) == ["0 0x200/4 x2 @0x8ff8", "0 0x200/4 x2 @0x9000"])
    }

    @Test("an element over a page boundary of RAM goes alone, and the last one as an ordinary access: B28")
    func elementOverBoundary() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        bench.guest.storeMemory(0x9002, .four, 0xcafe_f00d)
        let seen = bench.run(.repeatedOutput(0x200, .four, count: 4, from: 0x8ff6)).seen
        #expect(texts(seen) == ["0 0x200/4 x2 @0x8ff6", "0 0x200/4 x1 @0x8ffe", "0 0x200/4"])
        #expect(seen[2].data == 0xcafe_f00d)
    }

    @Test("a rep movs element over an MMIO page boundary is one request that crosses it: B29")
    func moveOverBoundary() throws {
        let bench = try AccessBench()
        let server = try bench.add(memory: [0xf000_0000...0xf000_1fff])
        let seen = bench.run(.repeatedLoad(0xf000_0ffe, .four, count: 2, to: 0x8000)).seen
        #expect(texts(seen) == ["0 0xf0000ffe/4 x1 @0x8000", "0 0xf0001002/4"])
        try server.unmap(.memory, 0xf000_1000...0xf000_1fff)
        _ = try bench.add(memory: [0xf000_1000...0xf000_1fff])
        bench.guest.storeMemory(0x8000, .four, 0)
        let split = bench.run(.repeatedLoad(0xf000_0ffe, .four, count: 2, to: 0x8000)) { _ in 7 }
        #expect(texts(split.seen) == ["1 0xf0001002/4"])
        #expect(bench.guest.loadMemory(0x8000, .eight) == 0x0000_0007_ffff_ffff)
    }

    @Test("rep movs of one element is cut as a load: B30")
    func moveOfOne() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        let (_, seen) = bench.run(.repeatedLoad(0xf000_0ffe, .four, count: 1, to: 0x8000)) {
            $0.address == 0xf000_0ffe ? 0x1122 : 0x3344
        }
        #expect(texts(seen) == ["0 0xf0000ffe/2", "1 0xf0001000/2"])
        #expect(bench.guest.loadMemory(0x8000, .four) == 0x3344_1122)
    }

    @Test("rep ins of PCI data is one PCI_CONFIG with its data in RAM: B31")
    func repeatedPCI() throws {
        let (bench, _, _, p) = try AccessBench.rows()
        _ = bench.run(.output(0xcf8, .four, 0x8000_1040))
        let seen = bench.run(.repeatedInput(0xcfc, .four, count: 3, to: 0x8000)).seen
        #expect(seen.map(\.server) == [p.id] && seen[0].type == .pciConfig && seen[0].count == 3)
        #expect(seen[0].address == 0x10_0000_0040 && seen[0].memory == 0x8000)
        let odd = bench.run(.input(0xcff, .two)).seen
        #expect(odd[0].address == 0x10_0000_0043 && odd[0].size == 2)
    }

    @Test("no limit but the page: 1024 elements in one request")
    func wholePage() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        let seen = bench.run(.repeatedOutput(0x200, .four, count: 1030, from: 0x8000)).seen
        #expect(seen.map(\.count) == [1024, 6])
    }

    @Test(
        "a port string that goes down leaves an element at a page's first byte, or over the boundary, alone",
        arguments: [[0x9008, 0x9000, 0x8ffc], [0x9006, 0x8ffe, 0x8ffa]] as [[UInt64]])
    func descending(memory: [UInt64]) throws {
        let (bench, _, _, _) = try AccessBench.rows()
        let seen = bench.run(.repeatedOutput(0x200, .four, count: 7, from: memory[0], descending: true)).seen
        #expect(seen.map(\.memory) == memory && seen.map(\.count) == [2, 1, 4])
        #expect(seen.allSatisfy { $0.descending })
    }

    @Test("rep movs that goes down ends at the boundary of the MMIO side too, and its bytes lie below its address")
    func descendingMove() throws {
        let (bench, a, b, _) = try AccessBench.rows()
        try a.map(.memory, 0xf000_2000...0xf000_3fff)
        let seen = bench.run(.repeatedLoad(0xf000_3004, .four, count: 4, to: 0x8804, descending: true)).seen
        #expect(texts(seen) == ["0 0xf0003004/4 x2 @0x8804 down", "0 0xf0002ffc/4 x2 @0x87fc down"])
        // Down to below the range: unclaimed.
        try b.enable(false)
        let below = bench.run(.repeatedLoad(0xf000_2004, .four, count: 3, to: 0x8804, descending: true))
        #expect(below.seen.map(\.count) == [2])
        #expect(bench.guest.loadMemory(0x87fc, .four) == 0xffff_ffff)
    }

    @Test("a string without elements asks nobody")
    func nothing() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        let (outcome, seen) = bench.run(.repeatedOutput(0x200, .four, count: 0, from: 0x8000))
        #expect(outcome == .done(0) && seen.isEmpty)
    }

    @Test("an unclaimed string read fills its RAM with ones; both sides in RAM is the processor's own affair")
    func unclaimedStrings() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        #expect(bench.run(.repeatedInput(0x999, .two, count: 3, to: 0x8000)).seen.isEmpty)
        #expect(bench.guest.loadMemory(0x8000, .eight) == 0x0000_ffff_ffff_ffff)
        #expect(bench.run(.repeatedStore(0x9000, .two, count: 3, from: 0x8000)).outcome == .done(0))
        #expect(bench.guest.loadMemory(0x9000, .eight) == 0x0000_ffff_ffff_ffff)
    }
}
