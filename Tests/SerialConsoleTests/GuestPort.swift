// A UART with a guest on one side and a recorded line on the other, for tests.

import XenDeviceModel

@testable import SerialConsole

/// What came out of a UART, in order.
final class RecordedLine: SerialLine {
    var sent: [UInt8] = []
    var levels: [Bool] = []
    var roomCalls = 0
    var whenRoom: () -> Void = {}

    var level: Bool { levels.last ?? false }

    func transmit(_ byte: UInt8) { sent.append(byte) }
    func interrupt(level: Bool) { levels.append(level) }
    func receiverHasRoom() {
        roomCalls += 1
        whenRoom()
    }
}

/// A guest's driver: byte accesses by register name.
struct GuestPort {
    enum Register: UInt64 {
        case data, ier, iirFcr, lcr, mcr, lsr, msr, scr
    }

    let line = RecordedLine()
    let uart: UART16550

    init() { uart = UART16550(line: line) }

    subscript(_ register: Register) -> UInt8 {
        get { UInt8(uart.read(offset: register.rawValue, width: .byte)) }
        nonmutating set { uart.write(offset: register.rawValue, width: .byte, value: UInt64(newValue)) }
    }

    /// Reads bytes for as long as LSR shows data.
    func drain() -> [UInt8] {
        var bytes: [UInt8] = []
        while self[.lsr] & 0x01 != 0 { bytes.append(self[.data]) }
        return bytes
    }

    /// Interrupts from all four sources, FIFOs on, OUT2 open.
    func enableEverything(trigger: UInt8 = 0) {
        self[.iirFcr] = 0x01 | trigger << 6
        self[.mcr] = 0x08
        self[.ier] = 0x0F
        _ = self[.iirFcr]  // the transmitter's interrupt
    }
}
