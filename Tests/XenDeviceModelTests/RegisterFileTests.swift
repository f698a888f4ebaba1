// Registers as bytes: who may change what, and the edges of the block.

import Testing
import XenDeviceModel

@Suite struct RegisterFileTests {
    @Test func aFreshBlockIsZeroAndTheGuestCannotChangeIt() {
        var block = RegisterFile(byteCount: 8)
        block.write(offset: 0, width: .quadWord, value: .max)
        #expect(block.read(offset: 0, width: .quadWord) == 0)
        #expect(block.byteCount == 8)
    }

    @Test func theGuestChangesTheWritableBitsAlone() {
        var block = RegisterFile(byteCount: 4)
        block.define(0, value: 0xAAAA_AAAA, writable: 0x00FF_0F00)
        block.write(offset: 0, width: .doubleWord, value: 0x5555_5555)
        #expect(block.read(offset: 0, width: .doubleWord) == 0xAA55_A5AA)
    }

    @Test func writingOneClearsWhatIsClearableAndWritingZeroDoesNot() {
        var block = RegisterFile(byteCount: 4)
        block.define(0, value: 0xFF, clearable: 0x0F)
        block.write(offset: 0, width: .doubleWord, value: 0)
        #expect(block[0] == 0xFF)
        block.write(offset: 0, width: .doubleWord, value: 0x33)
        #expect(block[0] == 0xFC)
    }

    @Test func aNarrowWriteLeavesTheOtherBytes() {
        var block = RegisterFile(byteCount: 8)
        block.define(0, .quadWord, value: 0x8877_6655_4433_2211, writable: .max)
        block.write(offset: 3, width: .word, value: 0xFFFF)
        #expect(block.read(offset: 0, width: .quadWord) == 0x8877_66FF_FF33_2211)
        #expect(block.read(offset: 2, width: .word) == 0xFF33)
    }

    @Test func beyondTheBlockReadsAllOnesAndWritesAreDropped() {
        var block = RegisterFile(byteCount: 6)
        block.define(4, .word, writable: .max)
        block.write(offset: 4, width: .doubleWord, value: 0x1234_5678)
        #expect(block.read(offset: 4, width: .doubleWord) == 0xFFFF_5678)
        #expect(block.read(offset: .max, width: .doubleWord) == 0xFFFF_FFFF)
        block.write(offset: .max - 1, width: .quadWord, value: 0)
        #expect(block.read(offset: 4, width: .word) == 0x5678)
    }

    @Test func theDeviceSetsEveryBitInAnyWidth() {
        var block = RegisterFile(byteCount: 8)
        block[0, .quadWord] = 0x8877_6655_4433_2211
        block[2, .byte] = 0xEE
        #expect(block[0] == 0x44EE_2211)
        #expect(block[4, .word] == 0x6655)
    }
}
