// What Linux's 8250 driver does to find out what it has: the accesses, replayed, and the answers that it needs.

import Testing
import XenDeviceModel

@testable import SerialConsole

@Suite struct LinuxDriverTests {
    let port = GuestPort()

    @Test func autoconfigFindsA16550A() {
        // IER: is anybody there?
        port[.ier] = 0
        #expect(port[.ier] & 0x0F == 0)
        port[.ier] = 0x0F
        #expect(port[.ier] & 0x0F == 0x0F)
        port[.ier] = 0
        // Loopback: OUT2 and RTS must come back as DCD and CTS.
        let savedMCR = port[.mcr]
        let savedLCR = port[.lcr]
        port[.mcr] = 0x1A
        #expect(port[.msr] & 0xF0 == 0x90)
        port[.mcr] = savedMCR
        // Not a part with an EFR; FIFOs that work.
        port[.lcr] = 0xBF
        port[.iirFcr] = 0
        port[.lcr] = 0
        port[.iirFcr] = 0x01
        #expect(port[.iirFcr] >> 6 == 3)
        // Where other parts have an EFR that reads 0, this one shows its FIFO bits.
        port[.lcr] = 0x80
        #expect(port[.iirFcr] != 0)
        port[.lcr] = 0xBF
        #expect(port[.iirFcr] != 0)
        expectNoOtherPart()
        port[.lcr] = savedLCR
        // Scratch, as the driver tells an 8250 from a 16450.
        for value: UInt8 in [0xA5, 0x5A, 0x55, 0xAA] {
            port[.scr] = value
            #expect(port[.scr] == value)
        }
        #expect(port.line.sent.isEmpty)
        #expect(port.line.levels.isEmpty)
    }

    private func expectNoOtherPart() {
        // National's SuperIO: bank 2's EXCR1 would follow MCR's loop bit.
        port[.lcr] = 0
        let mcr = port[.mcr]
        port[.mcr] = mcr ^ 0x10
        port[.lcr] = 0xE0
        #expect((port[.iirFcr] ^ mcr) & 0x10 == 0)
        port[.lcr] = 0
        port[.mcr] = mcr
        // 16750: its 64-byte mode would show as bit 5.
        port[.iirFcr] = 0x21
        #expect(port[.iirFcr] & 0xE0 == 0xC0)
        port[.iirFcr] = 0x01
        // XScale: bit 6 of IER would stay.
        port[.ier] = 0x40
        #expect(port[.ier] == 0)
    }

    @Test func theFIFOIsCountedAs16Bytes() {
        port[.iirFcr] = 0x07
        port[.mcr] = 0x10
        port[.lcr] = 0x83
        port.uart.write(offset: 0, width: .word, value: 1)
        port[.lcr] = 0x03
        for value in 0..<256 { port[.data] = UInt8(truncatingIfNeeded: value) }
        #expect(port.drain().count == 16)
        #expect(port.line.sent.isEmpty)
    }

    @Test func startupFindsNoTransmitterBug() {
        // The driver believes IIR only if enabling the interrupt twice reports it twice.
        port[.ier] = 0x02
        #expect(port[.iirFcr] & 1 == 0)
        port[.ier] = 0
        port[.ier] = 0x02
        #expect(port[.iirFcr] & 1 == 0)
        port[.ier] = 0
        // With an empty transmitter the interrupt must be there at once.
        port[.ier] = 0x02
        #expect(port[.lsr] & 0x40 != 0)
        #expect(port[.iirFcr] & 1 == 0)
    }

    @Test func theInterruptHandlerEndsAndSendsAll() {
        var queue = Array("hello, world: longer than one FIFO\r\n".utf8)
        let expected = queue
        port.enableEverything()
        port[.ier] = 0x05
        port[.ier] = 0x07  // start_tx
        var rounds = 0
        while port[.iirFcr] & 1 == 0 {
            rounds += 1
            #expect(rounds < 100)
            if port[.lsr] & 0x20 != 0 {
                for _ in 0..<min(16, queue.count) { port[.data] = queue.removeFirst() }
            }
            if queue.isEmpty { port[.ier] = 0x05 }  // stop_tx
        }
        #expect(port.line.sent == expected)
        #expect(!port.line.level)
    }
}
