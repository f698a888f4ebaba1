// Interrupt lines of a domain and how they are wired: PCI pins, PCI links, ISA lines, GSIs; SPIs of Arm guests.
// dmop.md sections 3.8 to 3.10 and 3.19. Not for: messages (MessageDelivery).

/// Levels of lines. Lines that share a GSI or a link are ORed by counting.
public struct InterruptLines: Sendable {
    /// Raised pins: a bit for each device, pin by pin.
    private var pins = InlineArray<4, UInt32>(repeating: 0)
    private var isaLines: UInt16 = 0
    private var links = InlineArray<4, UInt8>(repeating: 0)
    private var routes = InlineArray<4, UInt8>(repeating: 0)
    private var gsis = InlineArray<48, UInt8>(repeating: 0)
    private var spis: Set<UInt32> = []

    init() {}

    /// Whether a GSI is raised.
    public func level(ofGSI gsi: Int) -> Bool { gsis.indices.contains(gsi) && gsis[gsi] > 0 }

    /// Whether a PCI link, 0 to 3, is raised.
    public func level(ofLink link: Int) -> Bool { links.indices.contains(link) && links[link] > 0 }

    /// Whether an ISA interrupt, 0 to 15, is raised, by its own line or by a link that is routed to it.
    public func level(ofISAIRQ irq: Int) -> Bool { irq < 16 && level(ofGSI: Self.gsi(ofISAIRQ: irq)) }

    /// Whether a shared peripheral interrupt of an Arm guest is raised.
    public func level(ofSPI irq: UInt32) -> Bool { spis.contains(irq) }

    /// The ISA interrupt that a link is led to; 0: none.
    public func route(ofLink link: Int) -> Int { links.indices.contains(link) ? Int(routes[link]) : 0 }

    /// Moves a pin. Device up to 31, pin up to 3. dmop.md 3.8.
    mutating func setPin(_ pin: Int, ofDevice device: Int, _ isRaised: Bool) {
        let bit = UInt32(1) << UInt32(device)
        guard (pins[pin] & bit != 0) != isRaised else { return }
        pins[pin] ^= bit
        count(gsi: ((device << 2) + (device >> 3) + pin) & 31 + 16, isRaised)
        let link = (device + pin) & 3
        links[link] = isRaised ? links[link] + 1 : links[link] - 1
        let isFirstOrLast = links[link] == (isRaised ? 1 : 0)
        if isFirstOrLast, routes[link] > 0 { count(gsi: Int(routes[link]), isRaised) }
    }

    /// Moves an ISA line, up to 15. dmop.md 3.9.
    mutating func setISALine(_ irq: Int, _ isRaised: Bool) {
        let bit = UInt16(1) << UInt16(irq)
        guard (isaLines & bit != 0) != isRaised else { return }
        isaLines ^= bit
        count(gsi: Self.gsi(ofISAIRQ: irq), isRaised)
    }

    /// Leads a link to another ISA interrupt; a raised one takes its level along. dmop.md 3.10.
    mutating func setRoute(ofLink link: Int, to irq: UInt8) {
        let old = routes[link]
        routes[link] = irq
        guard links[link] > 0, old != irq else { return }
        if old > 0 { count(gsi: Int(old), false) }
        if irq > 0 { count(gsi: Int(irq), true) }
    }

    /// Moves a shared peripheral interrupt. dmop.md 3.19.
    mutating func setSPI(_ irq: UInt32, _ isRaised: Bool) {
        if isRaised { spis.insert(irq) } else { spis.remove(irq) }
    }

    private mutating func count(gsi: Int, _ isRaised: Bool) {
        gsis[gsi] = isRaised ? gsis[gsi] + 1 : gsis[gsi] - 1
    }

    /// IRQ 0 appears as GSI 2, others as themselves.
    private static func gsi(ofISAIRQ irq: Int) -> Int { irq == 0 ? 2 : irq }
}
