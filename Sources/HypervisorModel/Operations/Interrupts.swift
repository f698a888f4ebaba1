// Ops 8, 9, 10 and 19: interrupt lines. dmop.md sections 3.8 to 3.10 and 3.19.
// Not for: how lines share GSIs (InterruptLines), messages and events (MessageDelivery).

internal import XenABI

extension Hypervisor {
    /// First shared peripheral interrupt of an Arm guest.
    private static let firstSPI: UInt32 = 32

    /// Op 8. dmop.md 3.8.
    func setPCIINTxLevel(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.SetPCIINTxLevel.self)
        try check(payload.segment == 0 && payload.bus == 0, .einval, "3.8 not segment 0, bus 0")
        try check(payload.device <= 31 && payload.pin <= 3, .einval, "3.8 no such pin")
        try check(payload.level <= 1, .einval, "3.8 level > 1")
        let before = call.domain.interruptLines
        call.domain.interruptLines.setPin(Int(payload.pin), ofDevice: Int(payload.device), payload.level == 1)
        call.domain.linesMoved(before)
    }

    /// Op 9. dmop.md 3.9.
    func setISAIRQLevel(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.SetISAIRQLevel.self)
        try check(payload.irq <= 15 && payload.level <= 1, .einval, "3.9 no such line or level")
        let before = call.domain.interruptLines
        call.domain.interruptLines.setISALine(Int(payload.irq), payload.level == 1)
        call.domain.linesMoved(before)
    }

    /// Op 10. dmop.md 3.10.
    func setPCILinkRoute(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.SetPCILinkRoute.self)
        try check(payload.link <= 3 && payload.irq <= 15, .einval, "3.10 no such link or line")
        let before = call.domain.interruptLines
        call.domain.interruptLines.setRoute(ofLink: Int(payload.link), to: payload.irq)
        call.domain.linesMoved(before)
    }

    /// Op 19, Arm. dmop.md 3.19.
    func setIRQLevel(_ call: OperationCall, _ frame: DMOPFrame) throws(Refusal) {
        let payload = frame.payload(DMOP.SetIRQLevel.self)
        let number = payload.irq.subtractingReportingOverflow(Self.firstSPI)
        try check(!number.overflow && number.partialValue < call.domain.shape.spiCount, .einval, "3.19 no such SPI")
        try check(payload.level <= 1, .einval, "3.19 level > 1")
        let hasZeroPads = frame.hasZeroPads(DMOP.SetIRQLevel.self)
        try check(hasZeroPads || release.version < .v4_21, .einval, "3.19 pad, since 4.21")
        call.domain.interruptLines.setSPI(payload.irq, payload.level == 1)
    }
}
