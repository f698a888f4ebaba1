// The registers of a 16550A as bits. Source: the PC16550D data sheet, section 8.
// Not for: what they do (see UART16550).

/// Interrupt enable register (IER): four bits, the others read 0.
struct InterruptEnable: OptionSet {
    let rawValue: UInt8

    static let receivedData = InterruptEnable(rawValue: 0x01)
    static let transmitterEmpty = InterruptEnable(rawValue: 0x02)
    static let lineStatus = InterruptEnable(rawValue: 0x04)
    static let modemStatus = InterruptEnable(rawValue: 0x08)
    static let all = InterruptEnable(rawValue: 0x0F)
}

/// What the interrupt identification register (IIR) says in its low four bits, most urgent first.
enum InterruptCause: UInt8, CaseIterable {
    case lineStatus = 0x06
    case receivedData = 0x04
    /// Bytes below the trigger level, and the line is idle.
    case receiveTimeout = 0x0C
    case transmitterEmpty = 0x02
    case modemStatus = 0x00
    case none = 0x01
}

/// FIFO control register (FCR), written at the IIR's place.
struct FIFOControl: OptionSet {
    let rawValue: UInt8

    static let enable = FIFOControl(rawValue: 0x01)
    static let resetReceiver = FIFOControl(rawValue: 0x02)
    /// Nothing to do: our transmitter is always empty.
    static let resetTransmitter = FIFOControl(rawValue: 0x04)

    /// The number of received bytes that raise the interrupt: 1, 4, 8 or 14.
    var triggerLevel: Int {
        switch rawValue >> 6 {
        case 0: 1
        case 1: 4
        case 2: 8
        default: 14
        }
    }
}

/// Line control register (LCR). Word length, stop bits and parity are kept and change nothing: our line carries whole
/// bytes.
struct LineControl: OptionSet {
    let rawValue: UInt8

    static let breakControl = LineControl(rawValue: 0x40)
    /// DLAB: offsets 0 and 1 are the divisor latch.
    static let divisorLatchAccess = LineControl(rawValue: 0x80)
}

/// Modem control register (MCR): five bits, the others read 0.
struct ModemControl: OptionSet {
    let rawValue: UInt8

    static let dataTerminalReady = ModemControl(rawValue: 0x01)
    static let requestToSend = ModemControl(rawValue: 0x02)
    static let out1 = ModemControl(rawValue: 0x04)
    /// On a PC this output connects the interrupt pin to the interrupt controller.
    static let out2 = ModemControl(rawValue: 0x08)
    /// The transmitter feeds the receiver, the modem outputs feed the modem inputs, and the pins are idle.
    static let loop = ModemControl(rawValue: 0x10)
    static let all = ModemControl(rawValue: 0x1F)
}

/// Line status register (LSR).
struct LineStatus: OptionSet {
    let rawValue: UInt8

    static let dataReady = LineStatus(rawValue: 0x01)
    static let overrun = LineStatus(rawValue: 0x02)
    static let parityError = LineStatus(rawValue: 0x04)
    static let framingError = LineStatus(rawValue: 0x08)
    static let breakReceived = LineStatus(rawValue: 0x10)
    static let transmitterHoldingEmpty = LineStatus(rawValue: 0x20)
    static let transmitterEmpty = LineStatus(rawValue: 0x40)
    static let errorInFIFO = LineStatus(rawValue: 0x80)

    /// Errors that belong to one received byte.
    static let ofByte: LineStatus = [.parityError, .framingError, .breakReceived]
    /// What raises the line status interrupt, and what reading the register clears.
    static let errors: LineStatus = [.overrun, .parityError, .framingError, .breakReceived]
}

/// Modem status register (MSR): four lines, and for each whether it changed since the register was read.
struct ModemStatus: OptionSet {
    let rawValue: UInt8

    static let clearToSendChanged = ModemStatus(rawValue: 0x01)
    static let dataSetReadyChanged = ModemStatus(rawValue: 0x02)
    /// The ring indicator went off; its going on does not count.
    static let ringEnded = ModemStatus(rawValue: 0x04)
    static let carrierChanged = ModemStatus(rawValue: 0x08)
    static let clearToSend = ModemStatus(rawValue: 0x10)
    static let dataSetReady = ModemStatus(rawValue: 0x20)
    static let ringIndicator = ModemStatus(rawValue: 0x40)
    static let carrierDetect = ModemStatus(rawValue: 0x80)

    static let changes: ModemStatus = [.clearToSendChanged, .dataSetReadyChanged, .ringEnded, .carrierChanged]
    /// What a device that is there and listens shows.
    static let connected: ModemStatus = [.clearToSend, .dataSetReady, .carrierDetect]

    /// The lines as the loop connects them: RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD.
    init(looping outputs: ModemControl) {
        var lines: ModemStatus = []
        if outputs.contains(.requestToSend) { lines.insert(.clearToSend) }
        if outputs.contains(.dataTerminalReady) { lines.insert(.dataSetReady) }
        if outputs.contains(.out1) { lines.insert(.ringIndicator) }
        if outputs.contains(.out2) { lines.insert(.carrierDetect) }
        self = lines
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The change bits that `self` becoming `next` sets.
    func changes(to next: ModemStatus) -> ModemStatus {
        var changes: ModemStatus = []
        let flipped = symmetricDifference(next)
        if flipped.contains(.clearToSend) { changes.insert(.clearToSendChanged) }
        if flipped.contains(.dataSetReady) { changes.insert(.dataSetReadyChanged) }
        if flipped.contains(.ringIndicator) && !next.contains(.ringIndicator) { changes.insert(.ringEnded) }
        if flipped.contains(.carrierDetect) { changes.insert(.carrierChanged) }
        return changes
    }
}
