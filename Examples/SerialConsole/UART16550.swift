// A 16550A serial port. Pure: no clock, no I/O; what it sends goes to a SerialLine.
// Not for: where the bytes go (see SerialLine), nor what the bits mean (see UARTRegisters).

import XenDeviceModel

/// A 16550A as PCs have it at COM1: eight byte registers. Source: the PC16550D data sheet, section 8.
///
/// Bytes are sent in no time, so the transmitter is always empty. As there is no clock, a received byte below the
/// trigger level counts as timed out at once: the line is idle as soon as `receive` returns.
final class UART16550: RegisterDevice {
    /// The number of byte registers, and of ports it takes.
    static let registerCount = 8

    private let line: any SerialLine

    var interruptEnable: InterruptEnable = []
    var lineControl: LineControl = []
    var modemControl: ModemControl = []
    private var fifoControl: FIFOControl = []
    private var scratch: UInt8 = 0
    /// 9600 baud. Not 0: drivers that want to know the speed divide by it.
    private var divisor: UInt16 = 12

    var fifo = ReceiveFIFO()
    /// Errors that the CPU has been shown and has not read.
    var lineErrors: LineStatus = []
    private var modemLines = ModemStatus.connected
    var modemChanges: ModemStatus = []
    /// The transmitter became empty, and the CPU has not been told.
    var transmitterEmptyPending = false
    /// Bytes wait below the trigger level.
    private var receiveTimeoutPending = false
    /// The level of the interrupt pin that the line knows.
    private(set) var interruptLevel = false

    /// A port at rest, as after power-up.
    init(line: any SerialLine) {
        self.line = line
    }

    // MARK: The guest's side

    /// Wider accesses are accesses to consecutive registers, the lowest first, as a PC's bus makes of them. Past the
    /// last register there is nothing: all ones.
    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        let hadRoom = receiveRoom > 0
        var value: UInt64 = 0
        for index in 0..<UInt64(width.byteCount) {
            value |= UInt64(readRegister(offset &+ index)) << (8 * index)
        }
        if !hadRoom && receiveRoom > 0 { line.receiverHasRoom() }
        return value
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        let hadRoom = receiveRoom > 0
        for index in 0..<UInt64(width.byteCount) {
            writeRegister(offset &+ index, UInt8(truncatingIfNeeded: value >> (8 * index)))
        }
        if !hadRoom && receiveRoom > 0 { line.receiverHasRoom() }
    }

    private func readRegister(_ offset: UInt64) -> UInt8 {
        let latch = lineControl.contains(.divisorLatchAccess)
        switch offset {
        case 0: return latch ? UInt8(truncatingIfNeeded: divisor) : readReceived()
        case 1: return latch ? UInt8(truncatingIfNeeded: divisor >> 8) : interruptEnable.rawValue
        case 2: return readInterruptIdentification()
        case 3: return lineControl.rawValue
        case 4: return modemControl.rawValue
        case 5: return readLineStatus()
        case 6: return readModemStatus()
        case 7: return scratch
        default: return 0xFF
        }
    }

    private func writeRegister(_ offset: UInt64, _ value: UInt8) {
        let latch = lineControl.contains(.divisorLatchAccess)
        switch offset {
        case 0 where latch: divisor = divisor & 0xFF00 | UInt16(value)
        case 0: send(value)
        case 1 where latch: divisor = divisor & 0x00FF | UInt16(value) << 8
        case 1: enableInterrupts(InterruptEnable(rawValue: value).intersection(.all))
        case 2: controlFIFO(FIFOControl(rawValue: value))
        case 3: lineControl = LineControl(rawValue: value)
        case 4: controlModem(ModemControl(rawValue: value).intersection(.all))
        case 7: scratch = value
        default: break  // LSR and MSR are the port's to write; past them there is nothing.
        }
    }

    // MARK: The line's side

    /// How many bytes `receive` takes now without losing one.
    var receiveRoom: Int {
        if isLooping { return 0 }
        return (isFIFOEnabled ? ReceiveFIFO.capacity : 1) - fifo.count
    }

    /// Bytes arrive from the line. What does not fit is lost and sets the overrun bit, as on a real line. While the
    /// port loops it is deaf.
    func receive(_ bytes: some Sequence<UInt8>) {
        guard !isLooping else { return }
        for byte in bytes { store(byte, errors: []) }
        settleReceiver()
    }

    /// One byte arrives that the line spoiled: `errors` is any of parity, framing and break (a break arrives as byte
    /// 0).
    func receive(_ byte: UInt8, errors: LineStatus) {
        guard !isLooping else { return }
        store(byte, errors: errors.intersection(.ofByte))
        settleReceiver()
    }

    // MARK: Parts of both

    var isLooping: Bool { modemControl.contains(.loop) }
    var isFIFOEnabled: Bool { fifoControl.contains(.enable) }
    private var triggerLevel: Int { isFIFOEnabled ? fifoControl.triggerLevel : 1 }

    private func store(_ byte: UInt8, errors: LineStatus) {
        if receiverIsFull {
            lineErrors.insert(.overrun)
            // With FIFOs the new byte is lost, without them the old one.
            if isFIFOEnabled { return }
            fifo.removeAll()
        }
        fifo.append(byte, errors: errors)
        showErrorsOfFirst()
    }

    private var receiverIsFull: Bool { isFIFOEnabled ? fifo.isFull : fifo.count > 0 }

    private func showErrorsOfFirst() {
        lineErrors.formUnion(fifo.takeErrorsOfFirst())
    }

    /// Nothing more comes for now: what lies below the trigger level has timed out.
    private func settleReceiver() {
        receiveTimeoutPending = isFIFOEnabled && fifo.count > 0
        updateInterrupt()
    }

    private func readReceived() -> UInt8 {
        guard let byte = fifo.removeFirst() else { return 0 }
        showErrorsOfFirst()
        // Reading ends a timeout, and rest on the line begins the next one. Who waits for edges sees one for each byte.
        receiveTimeoutPending = false
        updateInterrupt()
        settleReceiver()
        return byte
    }

    private func send(_ byte: UInt8) {
        transmitterEmptyPending = false
        updateInterrupt()
        if isLooping {
            store(byte, errors: [])
            settleReceiver()
        } else if !lineControl.contains(.breakControl) {
            // During a break the line is held low and no byte gets through.
            line.transmit(byte)
        }
        transmitterEmptyPending = true
        updateInterrupt()
    }

    private func enableInterrupts(_ next: InterruptEnable) {
        // Enabling the transmitter's interrupt while it is empty raises it; drivers test for this.
        if next.subtracting(interruptEnable).contains(.transmitterEmpty) { transmitterEmptyPending = true }
        interruptEnable = next
        updateInterrupt()
    }

    private func controlFIFO(_ next: FIFOControl) {
        let switched = next.contains(.enable) != isFIFOEnabled
        // The other bits count only along with the enable bit.
        if switched || next.isSuperset(of: [.enable, .resetReceiver]) {
            fifo.removeAll()
            lineErrors.subtract(.ofByte)
        }
        fifoControl = next
        settleReceiver()
    }

    private func controlModem(_ next: ModemControl) {
        modemControl = next
        let lines = isLooping ? ModemStatus(looping: next) : .connected
        modemChanges.formUnion(modemLines.changes(to: lines))
        modemLines = lines
        updateInterrupt()
    }

    private func readLineStatus() -> UInt8 {
        var status = lineErrors.union([.transmitterHoldingEmpty, .transmitterEmpty])
        if fifo.count > 0 { status.insert(.dataReady) }
        if isFIFOEnabled && (!lineErrors.isDisjoint(with: .ofByte) || fifo.holdsErrors) { status.insert(.errorInFIFO) }
        lineErrors = []
        updateInterrupt()
        return status.rawValue
    }

    private func readModemStatus() -> UInt8 {
        let status = modemLines.union(modemChanges)
        modemChanges = []
        updateInterrupt()
        return status.rawValue
    }

    private func readInterruptIdentification() -> UInt8 {
        let cause = interruptCause
        // Reading clears the transmitter's interrupt, if it is the one that was reported.
        if cause == .transmitterEmpty {
            transmitterEmptyPending = false
            updateInterrupt()
        }
        return cause.rawValue | (isFIFOEnabled ? 0xC0 : 0)
    }

    /// The most urgent interrupt that is enabled and pending.
    private var interruptCause: InterruptCause {
        if interruptEnable.contains(.lineStatus) && !lineErrors.isEmpty { return .lineStatus }
        if interruptEnable.contains(.receivedData) {
            if fifo.count >= triggerLevel { return .receivedData }
            if receiveTimeoutPending { return .receiveTimeout }
        }
        if interruptEnable.contains(.transmitterEmpty) && transmitterEmptyPending { return .transmitterEmpty }
        if interruptEnable.contains(.modemStatus) && !modemChanges.isEmpty { return .modemStatus }
        return .none
    }

    private func updateInterrupt() {
        // On a PC the pin goes through a gate that OUT2 opens; in loopback the OUT2 pin is idle.
        let level = interruptCause != .none && modemControl.contains(.out2) && !isLooping
        guard level != interruptLevel else { return }
        interruptLevel = level
        line.interrupt(level: level)
    }
}
