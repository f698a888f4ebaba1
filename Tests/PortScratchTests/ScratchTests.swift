// The README's device, at its ports of a guest in the sandbox.

import Testing
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@testable import PortScratch

@Suite struct ScratchTests {
    let bench: SandboxBench
    let scratch = Scratch()
    var guest: TestGuest { bench.guest }

    init() throws(XenError) {
        bench = try SandboxBench(restricted: true)
        try bench.serve(.ports(0x100...0x10F), by: scratch)
    }

    @Test func itKeepsWhatIsWrittenLowestByteFirst() throws {
        try guest.write(port: 0x104, .doubleWord, 0x4433_2211)
        #expect(try guest.read(port: 0x104, .doubleWord) == 0x4433_2211)
        #expect(try guest.read(port: 0x104, .byte) == 0x11)
        #expect(try guest.read(port: 0x106, .word) == 0x4433)
    }

    /// No guest has ports of 8 bytes: as a register device it is asked directly.
    @Test func aWriteChangesNothingBesideIt() throws {
        scratch.write(offset: 8, width: .quadWord, value: .max)
        try guest.write(port: 0x10A, .word, 0)
        #expect(scratch.read(offset: 8, width: .quadWord) == 0xFFFF_FFFF_0000_FFFF)
        #expect(scratch.read(offset: 0, width: .quadWord) == 0)
    }

    @Test func stringsGoInAndComeOut() throws {
        guest.poke(0x5000, Array("corbel".utf8))
        try guest.writeString(port: 0x103, .byte, count: 6, from: 0x5000)
        #expect(try guest.read(port: 0x103, .byte) == UInt64(UInt8(ascii: "l")))
        try guest.readString(port: 0x103, .byte, count: 3, to: 0x6000)
        #expect(guest.peek(0x6000, 4) == Array("lll".utf8) + [0])
    }

    @Test func besideItsPortsIsNothing() throws {
        #expect(try guest.read(port: 0xFF, .byte) == 0xFF)
        #expect(try guest.read(port: 0x110, .byte) == 0xFF)
        #expect(try guest.read(port: 0x10E, .doubleWord) == 0xFFFF_FFFF)
    }

    @Test func aHostileGuestGetsAnAnswerToEverything() throws {
        var hostile = HostileGuest(seed: 8)
        try hostile.attack(.ports(0x100...0x10F), of: guest)
        #expect(bench.log.misuses.isEmpty)
    }
}
