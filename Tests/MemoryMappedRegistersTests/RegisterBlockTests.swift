// The registers of MemoryMappedRegisters, in the memory of a guest in the sandbox.

import Testing
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@testable import MemoryMappedRegisters

@Suite struct RegisterBlockTests {
    let bench: SandboxBench
    let block = RegisterBlock()

    init() throws(XenError) {
        bench = try SandboxBench(restricted: true)
        try bench.serve(RegisterBlock.range, by: block)
    }

    private func read(_ offset: UInt64, _ width: AccessWidth) throws(GuestFailure) -> UInt64 {
        try bench.guest.read(address: 0xF000_0000 + offset, width)
    }

    private func write(_ offset: UInt64, _ width: AccessWidth, _ value: UInt64) throws(GuestFailure) {
        try bench.guest.write(address: 0xF000_0000 + offset, width, value)
    }

    @Test func theIdIsReadOnly() throws {
        try write(0, .quadWord, 0)
        #expect(try read(0, .doubleWord) == 0x4C42_5243)
    }

    @Test func aWideAccessIsSeveralRegisters() throws {
        try write(4, .doubleWord, 0xAABB_CCDD)
        #expect(try read(0, .quadWord) == 0xAABB_CCDD_4C42_5243)
        #expect(try read(3, .word) == 0xDD4C)
    }

    @Test func theCounterCountsEachAccessOnceAndItsReadToo() throws {
        #expect(try read(8, .quadWord) == 1)
        try write(4, .byte, 0)
        #expect(try read(8, .doubleWord) == 3)
    }

    @Test func theLimitSetsItsBitOnceAndWritingOneClearsIt() throws {
        try write(0x10, .doubleWord, 3)
        #expect(try read(0x14, .doubleWord) == 0)
        #expect(try read(0x14, .doubleWord) == 1)
        try write(0x14, .doubleWord, 0xFFFF_FFFE)
        #expect(try read(0x14, .doubleWord) == 1)
        try write(0x14, .byte, 1)
        #expect(try read(0x14, .doubleWord) == 0)
    }

    @Test func beyondTheLastRegisterIsNothingAndItIsNoted() throws {
        #expect(try read(0x16, .doubleWord) == 0xFFFF_0000)
        #expect(try read(0x14, .doubleWord) == 2)
    }

    @Test func aStringCountsAsItsElements() throws {
        bench.guest.poke(0x5000, [1, 0, 0, 0, 2, 0, 0, 0])
        try bench.guest.copy(toDevice: 0xF000_0004, .doubleWord, count: 2, from: 0x5000)
        #expect(try read(8, .quadWord) == 3)
        #expect(try read(4, .doubleWord) == 1)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var guest = HostileGuest(seed: 1)
        let tooWide = try guest.run(against: block, byteCount: 0x1000)
        #expect(tooWide == 0)
        try guest.attack(RegisterBlock.range, of: bench.guest)
        #expect(bench.log.misuses.isEmpty)
    }
}
