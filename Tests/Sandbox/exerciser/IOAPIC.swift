// The IO-APIC of an HVM guest, as much of it as the exerciser programs: pins of the model's lines, edge or level,
// masked or not, all to vCPU 0. Xen has one of its own; the model ends at the lines.

final class IOAPIC {
    static let base: UInt64 = 0xFEC0_0000

    private struct Pin {
        var vector: UInt8 = 0
        var isMasked = true
        var isLevel = false
        /// Edge: what it was when it was last looked at.
        var wasRaised = false
    }

    private var pins = [Pin](repeating: Pin(), count: 48)
    private var selected: UInt64 = 0

    /// The guest writes to a register: 0 selects, 0x10 is what is selected.
    func store(_ register: UInt64, _ value: UInt64) {
        if register == 0 { selected = value }
        guard register == 0x10, selected >= 0x10, selected & 1 == 0 else { return }
        let index = Int(selected - 0x10) / 2
        guard index < pins.count else { return }
        pins[index].vector = UInt8(truncatingIfNeeded: value)
        pins[index].isLevel = value & 0x8000 != 0
        pins[index].isMasked = value & 0x1_0000 != 0
    }

    /// The next interrupt: of an edge that was not seen before, or of a level that is up. Handlers are over when they
    /// return, so a level that is up comes again.
    func next(level: (Int) -> Bool) -> UInt8? {
        for index in pins.indices {
            let isRaised = level(index)
            let isNew = isRaised && !pins[index].wasRaised
            pins[index].wasRaised = isRaised
            if !pins[index].isMasked, pins[index].isLevel ? isRaised : isNew { return pins[index].vector }
        }
        return nil
    }
}
