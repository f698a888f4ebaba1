// The registers of MemoryMappedRegisters, without Xen.

import FakeGuest
import Testing
import XenDeviceModel

@testable import MemoryMappedRegisters

@Suite struct RegisterBlockTests {
    let block = RegisterBlock()

    @Test func theIdIsReadOnly() {
        block.write(offset: 0, width: .quadWord, value: 0)
        #expect(block.read(offset: 0, width: .doubleWord) == 0x4C42_5243)
    }

    @Test func aWideAccessIsSeveralRegisters() {
        block.write(offset: 4, width: .doubleWord, value: 0xAABB_CCDD)
        #expect(block.read(offset: 0, width: .quadWord) == 0xAABB_CCDD_4C42_5243)
        #expect(block.read(offset: 3, width: .word) == 0xDD4C)
    }

    @Test func theCounterCountsEachAccessOnceAndItsReadToo() {
        #expect(block.read(offset: 8, width: .quadWord) == 1)
        block.write(offset: 4, width: .byte, value: 0)
        #expect(block.read(offset: 8, width: .doubleWord) == 3)
    }

    @Test func theLimitSetsItsBitOnceAndWritingOneClearsIt() {
        block.write(offset: 0x10, width: .doubleWord, value: 3)
        #expect(block.read(offset: 0x14, width: .doubleWord) == 0)
        #expect(block.read(offset: 0x14, width: .doubleWord) == 1)
        block.write(offset: 0x14, width: .doubleWord, value: 0xFFFF_FFFE)
        #expect(block.read(offset: 0x14, width: .doubleWord) == 1)
        block.write(offset: 0x14, width: .byte, value: 1)
        #expect(block.read(offset: 0x14, width: .doubleWord) == 0)
    }

    @Test func beyondTheLastRegisterIsNothingAndItIsNoted() {
        #expect(block.read(offset: 0x16, width: .doubleWord) == 0xFFFF_0000)
        #expect(block.read(offset: 0x14, width: .doubleWord) == 2)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var guest = HostileGuest(seed: 1)
        let tooWide = try guest.run(against: block, byteCount: 0x1000)
        #expect(tooWide == 0)
    }
}
