// A guest that runs on a thread takes its interrupts itself. Not for: scripts (GuestThread), which wait for one vector.

extension VirtualCPU {
    /// The highest interrupt that waits in the local APIC, taken from there; nil when none does.
    public func takeInterrupt() -> UInt8? {
        guard let vector = interrupts.max() else { return nil }
        interrupts.removeAll { $0 == vector }
        return vector
    }

    /// The guest ends an interrupt that it has taken: a level-triggered line that is still up comes again.
    public func endInterrupt(_ vector: UInt8) { domain.interruptEnded(vector) }
}
