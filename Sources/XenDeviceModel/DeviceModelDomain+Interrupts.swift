// Interrupt lines, MSI and events.

public import XenABI

extension DeviceModelDomain {
    /// Raises or lowers an ISA interrupt line, 0 to 15 (`set_isa_irq_level`). HVM guests: a PVH guest has no interrupt
    /// controller for it. Throws EINVAL for other lines.
    public func setISAIRQLevel(_ irq: UInt8, level: Bool) throws(XenError) {
        _ = try perform(DMOP.SetISAIRQLevel(irq: irq, level: level ? 1 : 0))
    }

    /// Raises or lowers INTA to INTD (`pin` 0 to 3) of a PCI device, 0 to 31, on bus 0 (`set_pci_intx_level`). HVM
    /// guests.
    public func setPCIINTxLevel(device: UInt8, pin: UInt8, level: Bool) throws(XenError) {
        _ = try perform(
            DMOP.SetPCIINTxLevel(segment: 0, bus: 0, device: device, pin: pin, level: level ? 1 : 0))
    }

    /// Routes a PCI link, 0 to 3, to an ISA interrupt; nil disables the link (`set_pci_link_route`). HVM guests.
    public func setPCILinkRoute(_ link: UInt8, to irq: UInt8?) throws(XenError) {
        _ = try perform(DMOP.SetPCILinkRoute(link: link, irq: irq ?? 0))
    }

    /// Raises or lowers an interrupt line of an Arm guest, from 32 on (`set_irq_level`). EOPNOTSUPP on x86.
    public func setIRQLevel(_ irq: UInt32, level: Bool) throws(XenError) {
        _ = try perform(DMOP.SetIRQLevel(irq: irq, level: level ? 1 : 0))
    }

    /// Sends a message-signalled interrupt, as a PCI device would write `data` to `address` (`inject_msi`). PVH and
    /// HVM. Throws ERANGE for vector 0 without a pirq, ESRCH when lowest priority finds no APIC.
    public func injectMSI(address: UInt64, data: UInt32) throws(XenError) {
        _ = try perform(DMOP.InjectMSI(address: address, data: data))
    }

    /// Makes a vCPU take an event when it next runs (`inject_event`). `errorCode` nil: none. `extra`: CR2 of a page
    /// fault, pending debug bits of a debug exception. Throws EBUSY when one is pending, EINVAL for a vCPU that is
    /// not there.
    ///
    /// Xen checks neither type nor vector. On AMD an external interrupt, an NMI, and a hardware exception with a vector
    /// that is no exception's crash the domain (dmop.md section 3.13): to interrupt a guest use `injectMSI`.
    public func injectEvent(
        _ vcpu: VCPUID, type: EventType, vector: UInt8, instructionByteCount: UInt8 = 0, errorCode: UInt32? = nil,
        extra: UInt64 = 0
    ) throws(XenError) {
        _ = try perform(
            DMOP.InjectEvent(
                vcpu: vcpu, vector: vector, type: type, instructionByteCount: instructionByteCount,
                errorCode: errorCode ?? .max, extra: extra))
    }
}
