// A guest at a serial port's registers, and a line with errors on its other side.
// Not for: text (see Fuzz.swift).

import XenDeviceModel

/// What the port does to its line. It may feed the port again when told of room.
private final class Line: SerialLine {
    var level = false
    var sent = 0
    var mayTransmit = true
    var whenRoom: () -> Void = {}

    func transmit(_ byte: UInt8) {
        hold(mayTransmit, "a port that loops, or sends a break, transmits nothing")
        sent += 1
    }

    func interrupt(level: Bool) {
        hold(level != self.level, "the pin tells of changes only")
        self.level = level
    }

    func receiverHasRoom() { whenRoom() }
}

final class Guest {
    private var bytes: [UInt8]
    private var position = 0
    private let line = Line()
    private let uart: UART16550

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        uart = UART16550(line: line)
    }

    func run() {
        let feeds = next() & 1 != 0
        if feeds { line.whenRoom = { [unowned self] in self.receive() } }
        while position < bytes.count {
            step()
            hold(line.level == expectedLevel, "the pin is what the registers say")
            hold(uart.fifo.count <= ReceiveFIFO.capacity, "the FIFO has 16 places")
            hold(uart.isLooping || uart.receiveRoom >= 0, "room is never negative")
        }
        checkRegistersAgree()
    }

    private func next() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    private func raw64() -> UInt64 { (0..<8).reduce(0) { value, _ in value << 8 | UInt64(next()) } }

    private func step() {
        let choice = next()
        let width = AccessWidth.allCases[choice & 0x30 == 0 ? Int(choice >> 6) : 0]
        switch choice & 0x0F {
        case 0...5: write(offset(), width)
        case 6...10:
            let value = uart.read(offset: offset(), width: width)
            hold(value & ~width.allOnes == 0, "a read is no wider than its access")
        case 11...13: receive()
        case 14: receiveSpoiled()
        default: checkIdentification()
        }
    }

    /// One of the registers, just past them, or anywhere.
    private func offset() -> UInt64 {
        let choice = next()
        return choice < 0xF8 ? UInt64(choice % 10) : choice < 0xFC ? .max - UInt64(choice & 3) : raw64()
    }

    private func write(_ offset: UInt64, _ width: AccessWidth) {
        let value = width == .byte ? UInt64(next()) : raw64() & width.allOnes
        // Wider accesses may change the mode half-way, so the rule is checked where it is plain.
        let isPlain = width == .byte
        line.mayTransmit = !isPlain || !uart.isLooping && !uart.lineControl.contains(.breakControl)
        let before = line.sent
        uart.write(offset: offset, width: width, value: value)
        line.mayTransmit = false
        hold(line.sent - before <= width.byteCount, "a write sends no more than it holds")
        let sends = isPlain && offset == 0 && !uart.lineControl.contains(.divisorLatchAccess)
        if sends && !uart.isLooping && !uart.lineControl.contains(.breakControl) {
            hold(line.sent == before + 1, "a byte that is written is sent")
        }
    }

    private func receive() {
        let count = Int(next() % 20)
        let room = uart.receiveRoom
        let held = uart.fifo.count
        let hadErrors = !uart.lineErrors.isEmpty
        uart.receive((0..<count).map { _ in next() })
        if uart.isLooping {
            hold(uart.fifo.count == held, "a port that loops is deaf")
        } else if count <= room {
            hold(uart.fifo.count == held + count, "what there is room for is kept")
            hold(hadErrors || !uart.lineErrors.contains(.overrun), "what there is room for overruns nothing")
        } else {
            hold(uart.lineErrors.contains(.overrun), "what there is no room for is an overrun")
        }
    }

    private func receiveSpoiled() {
        let errors = LineStatus(rawValue: next())
        uart.receive(next(), errors: errors)
        hold(!uart.lineErrors.contains(.dataReady), "errors are errors")
    }

    /// IIR says that an interrupt is pending when the pin is up, and the pin follows what reading it clears.
    private func checkIdentification() {
        let wasUp = line.level
        let cause = UInt8(uart.read(offset: 2, width: .byte))
        hold(!wasUp || cause & 1 == 0, "the pin is up for a cause")
        hold((cause & 0xC0 != 0) == uart.isFIFOEnabled, "IIR tells of FIFOs")
    }

    /// The pin as the data sheet and the PC's gate have it.
    private var expectedLevel: Bool {
        guard uart.modemControl.contains(.out2), !uart.modemControl.contains(.loop) else { return false }
        let enabled = uart.interruptEnable
        return enabled.contains(.lineStatus) && !uart.lineErrors.isEmpty
            || enabled.contains(.receivedData) && uart.fifo.count > 0
            || enabled.contains(.transmitterEmpty) && uart.transmitterEmptyPending
            || enabled.contains(.modemStatus) && !uart.modemChanges.isEmpty
    }

    /// At the end the guest reads everything: the port comes to rest.
    private func checkRegistersAgree() {
        line.whenRoom = {}
        line.mayTransmit = false
        uart.write(offset: 3, width: .byte, value: 0)
        for _ in 0...ReceiveFIFO.capacity where uart.read(offset: 5, width: .byte) & 1 != 0 {
            _ = uart.read(offset: 0, width: .byte)
        }
        let status = uart.read(offset: 5, width: .byte)
        hold(status == 0x60, "an empty port has nothing but an empty transmitter")
        _ = uart.read(offset: 6, width: .byte)
        _ = uart.read(offset: 2, width: .byte)
        hold(!line.level, "a port at rest has its pin down")
        hold(UInt8(uart.read(offset: 2, width: .byte)) & 0x0F == 0x01, "and no interrupt is pending")
    }
}
