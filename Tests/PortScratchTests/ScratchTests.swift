// The README's device.

import Testing
import XenDeviceModel

@testable import PortScratch

@Suite struct ScratchTests {
    let scratch = Scratch()

    @Test func itKeepsWhatIsWrittenLowestByteFirst() {
        scratch.write(offset: 4, width: .doubleWord, value: 0x4433_2211)
        #expect(scratch.read(offset: 4, width: .doubleWord) == 0x4433_2211)
        #expect(scratch.read(offset: 4, width: .byte) == 0x11)
        #expect(scratch.read(offset: 6, width: .word) == 0x4433)
    }

    @Test func aWriteChangesNothingBesideIt() {
        scratch.write(offset: 8, width: .quadWord, value: .max)
        scratch.write(offset: 10, width: .word, value: 0)
        #expect(scratch.read(offset: 8, width: .quadWord) == 0xFFFF_FFFF_0000_FFFF)
        #expect(scratch.read(offset: 0, width: .quadWord) == 0)
    }
}
