// The I/O APIC of a full PC: 48 pins, which the guest leads to vectors. Lines of ops 8 to 10 come to it.
// dmop.md sections 3.8 to 3.10; the registers are the 82093AA's. Not for: how lines share pins (InterruptLines).

internal import XenABI

/// The I/O APIC's registers, and what has become of each pin's interrupt.
struct IOAPIC {
    /// Pins of Xen's, one for each GSI of an HVM guest.
    static let pinCount = 48
    /// Where its two registers are.
    static let selectOffset: UInt64 = 0
    static let windowOffset: UInt64 = 0x10
    static let base: UInt64 = 0xfec0_0000

    private var selected: UInt8 = 0
    private var identity: UInt32 = 0
    /// None until the guest has written to one.
    private var pins: [Pin] = []

    /// An entry of the redirection table.
    struct Pin {
        /// As the guest reads it; masked until it has written it.
        var register: UInt64 = 1 << 16

        var vector: UInt8 { UInt8(truncatingIfNeeded: register) }
        var isMasked: Bool { register & 1 << 16 != 0 }
        var isLevel: Bool { register & 1 << 15 != 0 }
        /// Level: it was delivered and the guest has not ended it.
        var isInService: Bool {
            get { register & Self.inService != 0 }
            set { register = newValue ? register | Self.inService : register & ~Self.inService }
        }

        /// What it sends, as a message's address and data.
        var message: MSIMessage {
            let isLogical = register >> 11 & 1
            let address = (register >> 56) << 12 | isLogical << 2
            return MSIMessage(address: address, data: UInt32(register & 0x7ff))
        }

        static let inService: UInt64 = 1 << 14
    }

    subscript(pin: Int) -> Pin {
        get { pins.isEmpty ? Pin() : pins[pin] }
        set {
            if pins.isEmpty { pins = [Pin](repeating: Pin(), count: Self.pinCount) }
            pins[pin] = newValue
        }
    }

    /// What the guest reads.
    func read(at offset: UInt64) -> UInt64 {
        if offset == Self.selectOffset { return UInt64(selected) }
        guard offset == Self.windowOffset else { return 0 }
        switch selected {
        case 0, 2: return UInt64(identity)
        case 1: return 0x11 | UInt64(Self.pinCount - 1) << 16
        default:
            guard let (pin, isHigh) = selectedPin else { return 0 }
            return isHigh ? self[pin].register >> 32 : self[pin].register & 0xffff_ffff
        }
    }

    /// The guest writes. Answers the pin that it has changed.
    mutating func write(_ value: UInt64, at offset: UInt64) -> Int? {
        if offset == Self.selectOffset { selected = UInt8(truncatingIfNeeded: value) }
        guard offset == Self.windowOffset else { return nil }
        if selected == 0 { identity = UInt32(truncatingIfNeeded: value) & 0x0f00_0000 }
        guard let (pin, isHigh) = selectedPin else { return nil }
        let old = self[pin].register
        // Delivery status and in-service are not the guest's to write.
        let readOnly: UInt64 = 1 << 12 | Pin.inService
        let half: UInt64 = isHigh ? 0xffff_ffff << 32 : 0xffff_ffff & ~readOnly
        self[pin].register = old & ~half | (isHigh ? value << 32 : value) & half
        return pin
    }

    private var selectedPin: (pin: Int, isHigh: Bool)? {
        guard selected >= 0x10, Int(selected - 0x10) / 2 < Self.pinCount else { return nil }
        return (Int(selected - 0x10) / 2, selected & 1 == 1)
    }
}

extension Domain {
    /// An access to the I/O APIC's registers, which answer 4 bytes; nil: it is none.
    func accessIOAPIC(_ piece: AccessPiece, isRead: Bool) -> UInt64? {
        guard shape.kind == .hvm, piece.memoryAddress == nil, piece.address >= IOAPIC.base,
            piece.address < IOAPIC.base + 0x100
        else { return nil }
        let offset = piece.address - IOAPIC.base
        if isRead { return ioapic.read(at: offset) }
        if let pin = ioapic.write(piece.value, at: offset), ioapic[pin].isLevel { settle(pin) }
        return 0
    }

    /// Lines have moved, which were as `before`. An edge that comes to a masked pin is lost.
    func linesMoved(_ before: InterruptLines) {
        guard shape.kind == .hvm else { return }
        for pin in 0..<IOAPIC.pinCount where interruptLines.level(ofGSI: pin) && !before.level(ofGSI: pin) {
            if ioapic[pin].isLevel { settle(pin) } else if !ioapic[pin].isMasked { deliver(ioapic[pin].message) }
        }
    }

    /// The guest has ended an interrupt: a level that is still up comes again.
    func interruptEnded(_ vector: UInt8) {
        guard shape.kind == .hvm else { return }
        for pin in 0..<IOAPIC.pinCount where ioapic[pin].vector == vector && ioapic[pin].isInService {
            ioapic[pin].isInService = false
            settle(pin)
        }
    }

    /// A level that is up and not in service is delivered.
    private func settle(_ pin: Int) {
        guard !ioapic[pin].isMasked, !ioapic[pin].isInService, interruptLines.level(ofGSI: pin) else { return }
        ioapic[pin].isInService = true
        deliver(ioapic[pin].message)
    }

    /// Modes other than fixed and lowest priority are for nobody here.
    private func deliver(_ message: MSIMessage) {
        do throws(Refusal) { try hypervisor.deliver(message, to: self) } catch {}
    }
}
