// One test for each rule of the 16550A's registers.

import Testing
import XenDeviceModel

@testable import SerialConsole

@Suite struct RegisterTests {
    let port = GuestPort()

    @Test func scratchKeepsWhatIsWritten() {
        for value: UInt8 in [0x55, 0xAA, 0x00, 0xFF] {
            port[.scr] = value
            #expect(port[.scr] == value)
        }
    }

    @Test func ierKeepsFourBits() {
        port[.ier] = 0xFF
        #expect(port[.ier] == 0x0F)
        port[.ier] = 0
        #expect(port[.ier] == 0)
    }

    @Test func mcrKeepsFiveBits() {
        port[.mcr] = 0xFF
        #expect(port[.mcr] == 0x1F)
    }

    @Test func lcrKeepsAllBits() {
        port[.lcr] = 0x5B
        #expect(port[.lcr] == 0x5B)
    }

    @Test func dlabPutsTheDivisorLatchInFrontOfDataAndIER() {
        port[.ier] = 0x05
        port[.lcr] = 0x83
        port[.data] = 0x34
        port[.ier] = 0x12
        #expect(port[.data] == 0x34)
        #expect(port[.ier] == 0x12)
        port[.lcr] = 0x03
        #expect(port[.ier] == 0x05)
        #expect(port.line.sent.isEmpty)
        port[.lcr] = 0x83
        #expect(port[.data] == 0x34)
    }

    @Test func theDivisorIsNotZeroAtFirst() {
        port[.lcr] = 0x80
        #expect(port.uart.read(offset: 0, width: .word) == 12)
    }

    @Test func aWrittenByteIsSentAndTheTransmitterIsEmptyAgain() {
        #expect(port[.lsr] == 0x60)
        port[.data] = 0x41
        #expect(port.line.sent == [0x41])
        #expect(port[.lsr] == 0x60)
    }

    @Test func nothingGetsThroughDuringABreak() {
        port[.lcr] = 0x43
        port[.data] = 0x41
        port[.lcr] = 0x03
        port[.data] = 0x42
        #expect(port.line.sent == [0x42])
    }

    @Test func statusRegistersCannotBeWritten() {
        port[.lsr] = 0x1F
        port[.msr] = 0x0F
        #expect(port[.lsr] == 0x60)
        #expect(port[.msr] == 0xB0)
    }

    @Test func modemLinesShowAConnectedDevice() {
        #expect(port[.msr] == 0xB0)
    }

    @Test func iirShowsTheFIFOsWhenTheyAreOn() {
        #expect(port[.iirFcr] == 0x01)
        port[.iirFcr] = 0x01
        #expect(port[.iirFcr] == 0xC1)
        port[.iirFcr] = 0x00
        #expect(port[.iirFcr] == 0x01)
    }

    @Test func fcrBitsWithoutTheEnableBitAreNotTaken() {
        port[.iirFcr] = 0x01
        port.uart.receive([1, 2])
        port[.iirFcr] = 0xC7
        port[.iirFcr] = 0xC6  // switches the FIFOs off
        port[.ier] = 0x01
        port.uart.receive([3])
        #expect(port[.iirFcr] == 0x04)
    }

    // MARK: Widths and places

    @Test func aWideAccessIsConsecutiveRegistersLowestFirst() {
        port.uart.write(offset: 3, width: .doubleWord, value: 0xAABB_0203)  // LCR, MCR, LSR, MSR
        #expect(port[.lcr] == 0x03)
        #expect(port[.mcr] == 0x02)
        #expect(port.uart.read(offset: 3, width: .doubleWord) == 0xB060_0203)
    }

    @Test func pastTheLastRegisterThereIsNothing() {
        port[.scr] = 0x5A
        #expect(port.uart.read(offset: 7, width: .doubleWord) == 0xFFFF_FF5A)
        #expect(port.uart.read(offset: 8, width: .quadWord) == UInt64.max)
        port.uart.write(offset: 8, width: .quadWord, value: 0)
        #expect(port[.scr] == 0x5A)
    }

    @Test func anOffsetAtTheEndOfTheNumbersWrapsWithoutATrap() {
        port[.data] = 0x41
        port.uart.write(offset: .max, width: .word, value: 0x4200)
        #expect(port.line.sent == [0x41, 0x42])
        #expect(port.uart.read(offset: .max, width: .byte) == 0xFF)
    }

    // MARK: Loopback

    @Test func loopbackMirrorsTheModemOutputsInMSR() {
        let mirrored: [(UInt8, UInt8)] = [
            (0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80), (0x1A, 0x90), (0x1F, 0xF0),
        ]
        for (outputs, lines) in mirrored {
            port[.mcr] = outputs
            #expect(port[.msr] & 0xF0 == lines)
        }
        port[.mcr] = 0
        #expect(port[.msr] & 0xF0 == 0xB0)
    }

    @Test func loopbackSendsToTheReceiverAndNotToTheLine() {
        port[.mcr] = 0x10
        port[.data] = 0x77
        #expect(port.line.sent.isEmpty)
        #expect(port[.lsr] == 0x61)
        #expect(port[.data] == 0x77)
        #expect(port[.lsr] == 0x60)
    }

    @Test func loopbackIsDeafToTheLine() {
        port[.mcr] = 0x10
        #expect(port.uart.receiveRoom == 0)
        port.uart.receive([1])
        port.uart.receive(2, errors: .framingError)
        #expect(port[.lsr] == 0x60)
        port[.mcr] = 0
        #expect(port.line.roomCalls == 1)
    }

    @Test func modemChangesAreLatchedAndClearedByReading() {
        port[.mcr] = 0x10  // all inputs fall; RI was off
        #expect(port[.msr] == 0x0B)
        #expect(port[.msr] == 0x00)
        port[.mcr] = 0x14  // RI on: does not count
        #expect(port[.msr] == 0x40)
        port[.mcr] = 0x10  // RI off: does
        #expect(port[.msr] == 0x04)
    }
}
