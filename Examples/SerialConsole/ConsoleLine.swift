// The wire between the guest's UART and the outside: output, log, interrupt line, input.
// Not for: waiting for any of them (see Service).

import XenABI
import XenDeviceModel

/// What the UART is connected to.
final class ConsoleLine: SerialLine {
    private let output: ConsoleOutput
    private let log: ConsoleOutput?
    private var text: ConsoleText
    private let messages: Messages
    private(set) var sentByteCount: UInt64 = 0

    /// The interrupt line to drive, and whose it is.
    private let domain: DeviceModelDomain
    private let irq: UInt8?
    private var hasComplained = false

    /// Called when the guest has made room in its receiver.
    var whenRoom: () -> Void = {}

    init(
        domain: DeviceModelDomain, irq: UInt8?, output: ConsoleOutput, text: ConsoleText, log: ConsoleOutput?,
        messages: Messages
    ) {
        self.domain = domain
        self.irq = irq
        self.output = output
        self.text = text
        self.log = log
        self.messages = messages
    }

    func transmit(_ byte: UInt8) {
        sentByteCount += 1
        output.append { text.append(byte, to: &$0) }
        log?.append { $0.append(byte) }
    }

    func interrupt(level: Bool) {
        guard let irq else { return }
        do throws(XenError) {
            try domain.setISAIRQLevel(irq, level: level)
        } catch {
            // ESRCH: the domain is on its way out, which the service notices.
            if hasComplained || error.code == .esrch { return }
            hasComplained = true
            messages.say("the interrupt line can't be driven: \(error); the guest is served without")
        }
    }

    func receiverHasRoom() { whenRoom() }

    /// The guest sends nothing more: ends the last line.
    func finish() { output.append { text.finish(to: &$0) } }
}
