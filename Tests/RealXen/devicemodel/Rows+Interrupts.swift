// Interrupts that arrive in the guest, counted there: MSI on both vCPUs; ISA lines, INTx and its links on HVM.

import GuestDriving
import TAP
import XenABI
import XenDeviceModel

extension Stage {
    func interruptRows(_ domain: DeviceModelDomain) throws(DriverError) {
        _ = try guest.run(.armVector, [0x40])
        let got = try countMSIs(domain, 20, vector: 0x40, vcpu: 0)
        tap.check(got == 20, "20 MSIs arrive, each counted once", detail: "\(got)")
    }

    /// To the other vCPU (APIC id 2), which is up.
    func secondVCPUInterruptRows(_ domain: DeviceModelDomain) throws(DriverError) {
        _ = try guest.run(.armVector, [0x41])
        let got = try countMSIs(domain, 20, vector: 0x41, vcpu: 1)
        tap.check(got == 20, "20 MSIs for vCPU 1 are counted there", detail: "\(got)")
        let other = try guest.run(.awaitVector, [0x41, 1, 1000], results: 1)
        tap.check(other == [0], "and not by vCPU 0", detail: "\(other)")
    }

    /// One after another; answers what the guest has counted when one did not arrive, or all did.
    private func countMSIs(
        _ domain: DeviceModelDomain, _ wanted: UInt32, vector: UInt32, vcpu: Int
    ) throws(DriverError) -> UInt32 {
        var counted: UInt32 = 0
        while counted < wanted {
            guest.send(.awaitVector, [vector, counted + 1, 1 << 24], vcpu: vcpu)
            do throws(XenError) {
                try domain.injectMSI(address: 0xFEE0_0000 | UInt64(vcpu) << 13, data: vector)
            } catch {
                throw .xen(error)
            }
            let got = try guest.results(1, vcpu: vcpu)[0]
            guard got == counted + 1 else { return got }
            counted = got
        }
        return counted
    }
}

/// Interrupt lines, which only an HVM guest has, by its IO-APIC. Rows N2, O1 and P1 of dmop.md section 18.5.
struct LineRows {
    let stage: Stage
    let domain: DeviceModelDomain
    /// Lowers INTA of device 3.
    let device: Acknowledged

    /// INTA of device 3: GSI 28, link 3 (dmop.md section 3.8).
    private static let slot: UInt8 = 3
    private static let gsi: UInt32 = 28
    private static let link: UInt8 = 3
    private static let acknowledgePort: UInt16 = 0x3A0

    init(_ stage: Stage, _ domain: DeviceModelDomain) {
        self.stage = stage
        self.domain = domain
        device = Acknowledged { () throws(XenError) in
            try domain.setPCIINTxLevel(device: Self.slot, pin: 0, level: false)
        }
    }

    func run(_ server: borrowing IOREQServer<ServerState.Serving>) throws(DriverError) {
        try isaRows()
        let port = Self.acknowledgePort
        stage.tap.succeeds("a port for the interrupt handlers' acknowledgements") { () throws(XenError) in
            try server.claim(.ports(port...port), for: device)
        }
        try intxRows()
        try linkRows()
    }

    private func isaRows() throws(DriverError) {
        try route(pin: 4, to: 0x50, .edge)
        set("set_isa_irq_level raises a line, twice", [true, true])
        try count(0x50, 1, "an ISA line raised twice interrupts once (edge)")
        set("set_isa_irq_level lowers it, twice", [false, false])
        try count(0x50, 1, "a lowered ISA line does not interrupt")
        set("set_isa_irq_level raises it again", [true])
        try count(0x50, 2, "an ISA line lowered and raised interrupts again")
        try route(pin: 4, to: 0x50, .masked)
        set("set_isa_irq_level pulses a masked line", [false, true, false])
        try count(0x50, 2, "a masked ISA line does not interrupt")
    }

    private func intxRows() throws(DriverError) {
        try route(pin: Self.gsi, to: 0x51, .level)
        _ = try stage.guest.run(.acknowledge, [0x51, UInt32(Self.acknowledgePort)])
        raise("set_pci_intx_level raises INTA of device 3, twice", [true, true])
        try count(0x51, 1, "INTA interrupts, and not again when its handler made the device lower it (level)")
        stage.tap.check(device.count == 1, "its acknowledgement has reached the device")
        device.patience = 1
        raise("set_pci_intx_level raises it again", [true])
        try count(0x51, 2, "INTA lowered and raised interrupts again")
        device.patience = 5
        raise("set_pci_intx_level raises it for five", [true])
        try count(0x51, 7, "INTA that stays up interrupts after each end of interrupt, until it is lowered: five times")
        raise("set_pci_intx_level lowers what is low", [false])
        try count(0x51, 7, "and no more")
    }

    private func linkRows() throws(DriverError) {
        try route(pin: Self.gsi, to: 0x51, .masked)
        try route(pin: 5, to: 0x52, .level)
        _ = try stage.guest.run(.acknowledge, [0x52, UInt32(Self.acknowledgePort)])
        setRoute("set_pci_link_route leads link 3 to ISA interrupt 5, twice", [5, 5])
        device.patience = 1
        raise("set_pci_intx_level raises what leads to the link", [true])
        try count(0x52, 1, "INTA interrupts by its link's ISA line too")
        setRoute("set_pci_link_route disables the link", [nil])
        raise("set_pci_intx_level pulses it without a link", [true, false])
        try count(0x52, 1, "a link that was disabled interrupts no more")
    }

    // MARK: Steps

    private enum Trigger: UInt64 {
        case edge = 0
        case level = 0x8000
        case masked = 0x1_0000
    }

    /// Programs a pin of the IO-APIC: to vCPU 0, fixed delivery, active high.
    private func route(pin: UInt32, to vector: UInt32, _ trigger: Trigger) throws(DriverError) {
        _ = try stage.guest.run(.armVector, [vector])
        let registers: [(UInt32, UInt64)] = [(0x11 + 2 * pin, 0), (0x10 + 2 * pin, UInt64(vector) | trigger.rawValue)]
        for (index, value) in registers {
            _ = try stage.guest.run(.store, pair(0xFEC0_0000) + [4] + pair(UInt64(index)))
            _ = try stage.guest.run(.store, pair(0xFEC0_0010) + [4] + pair(value))
        }
    }

    private func set(_ text: String, _ levels: [Bool]) {
        call(text) { () throws(XenError) in
            for level in levels { try domain.setISAIRQLevel(4, level: level) }
        }
    }

    private func raise(_ text: String, _ levels: [Bool]) {
        call(text) { () throws(XenError) in
            for level in levels { try domain.setPCIINTxLevel(device: Self.slot, pin: 0, level: level) }
        }
    }

    private func setRoute(_ text: String, _ routes: [UInt8?]) {
        call(text) { () throws(XenError) in
            for irq in routes { try domain.setPCILinkRoute(Self.link, to: irq) }
        }
    }

    private func call(_ text: String, _ body: () throws(XenError) -> Void) {
        stage.tap.succeeds(text, body)
    }

    /// The guest opens its interrupts until it has one more than wanted, or has waited long enough for one more.
    private func count(_ vector: UInt32, _ wanted: UInt32, _ text: String) throws(DriverError) {
        _ = try stage.guest.run(.awaitVector, [vector, wanted, 1 << 24], results: 1)
        let got = try stage.guest.run(.awaitVector, [vector, wanted + 1, 20_000], results: 1)
        stage.tap.check(got == [wanted], text, detail: "\(got), wanted \(wanted)")
    }
}
