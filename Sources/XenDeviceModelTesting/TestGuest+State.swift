// What a guest can see of its own state, and a test of what device models have made of it.
// Not for: accesses (TestGuest).

internal import HypervisorModel
public import XenABI

extension TestGuest {
    // MARK: Interrupts

    /// Vectors that MSIs have brought to a vCPU and it has not taken, oldest first. A vector that waits already is not
    /// there twice, as in a local APIC.
    public func interrupts(vcpu: Int = 0) -> [UInt8] {
        vcpu >= 0 && vcpu < target.vcpus.count ? target.vcpus[vcpu].interrupts : []
    }

    /// The vCPU takes the highest interrupt that waits; nil when none does.
    @discardableResult
    public func takeInterrupt(vcpu: Int = 0) -> UInt8? {
        vcpu >= 0 && vcpu < target.vcpus.count ? target.vcpus[vcpu].takeInterrupt() : nil
    }

    /// Whether an ISA interrupt, 0 to 15, is raised: by its own line, or by a PCI link that is led to it.
    public func isRaised(isaIRQ irq: Int) -> Bool { target.interruptLines.level(ofISAIRQ: irq) }

    /// Whether a pin of the IO-APIC is raised; PCI pins without a link are at 16 and above.
    public func isRaised(gsi: Int) -> Bool { target.interruptLines.level(ofGSI: gsi) }

    // MARK: Memory

    /// The frames of RAM that have a memory type, in order: `.ioreqServer` are the write-tracked ones.
    public func frames(of type: MemoryType) -> [GuestFrame] {
        guard let highest = target.memory.highestFrame else { return [] }
        return (0...highest.rawValue).map { GuestFrame($0) }.filter { frame in
            guard case .ram(type, _) = target.memory.use(of: frame) else { return false }
            return true
        }
    }

    /// The frames that a device model follows by `trackDirtyVRAM`; nil when it follows none.
    public var dirtyWindow: (first: GuestFrame, count: Int)? { target.dirtyWindow }
}
