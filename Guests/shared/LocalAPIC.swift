// The local APIC at its architectural address: enabling it, and starting another vCPU by INIT and SIPI.
import Machine

enum LocalAPIC {
    private static let base: UInt64 = 0xfee0_0000
    private static let spuriousVector: UInt64 = 0xf0
    private static let taskPriority: UInt64 = 0x80
    private static let commandLow: UInt64 = 0x300
    private static let commandHigh: UInt64 = 0x310

    /// Page-aligned and below 1 MiB, as a SIPI wants it; RAM that nobody else uses.
    private static let trampoline: UInt64 = 0x8000

    static func enable() {
        store32(base + spuriousVector, 0x1ff)
        store32(base + taskPriority, 0)
    }

    /// Sends INIT and SIPI. Xen gives vCPU n the APIC id 2n.
    static func start(vcpu: UInt32) {
        move_string(trampoline, trampoline_start(), 1, trampoline_stop() - trampoline_start(), 0)
        store32(vcpu_starting(), UInt64(vcpu))
        store32(base + commandHigh, UInt64(vcpu) * 2 << 24)
        store32(base + commandLow, 0x4500)  // INIT, assert
        store32(base + commandHigh, UInt64(vcpu) * 2 << 24)
        store32(base + commandLow, 0x4600 | trampoline >> 12)  // start-up
    }
    /// Sends INIT alone: the vCPU waits for a start-up message that never comes.
    static func stop(vcpu: UInt32) {
        store32(base + commandHigh, UInt64(vcpu) * 2 << 24)
        store32(base + commandLow, 0x4500)
    }
}
