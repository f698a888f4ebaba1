// The hypercall page and the one hypercall that our guests make. Not a general hypercall layer.
import Machine

enum Hypervisor {
    private static let schedulerOperation: UInt32 = 29
    private static let schedulerYield: UInt64 = 0
    private static let schedulerShutdown: UInt64 = 2

    /// Xen's first CPUID leaf; nil without Xen.
    static var firstLeaf: UInt32? {
        var leaf: UInt32 = 0x4000_0000
        while leaf < 0x4001_0000 {
            let words = read_cpuid(leaf)
            if words.ebx == 0x566e_6558, words.ecx == 0x6558_4d4d, words.edx == 0x4d4d_566e {  // XenVMMXenVMM
                return leaf
            }
            leaf += 0x100
        }
        return nil
    }

    /// Has Xen fill the hypercall page; false without Xen.
    static func setUp() -> Bool {
        guard let leaf = firstLeaf else { return false }
        write_msr(read_cpuid(leaf + 2).ebx, hypercall_page_start())
        return true
    }

    /// How fast the time stamp counter runs, by Xen's word; nil if it does not say.
    static var timeStampKilohertz: UInt64? {
        guard let leaf = firstLeaf else { return nil }
        let kilohertz = UInt64(read_cpuid(leaf + 3).ecx)
        return kilohertz > 0 ? kilohertz : nil
    }

    /// SCHEDOP_yield: another vCPU may have this processor. The page must be set up.
    static func yield() { _ = hypercall(schedulerOperation, schedulerYield, 0) }

    /// SCHEDOP_shutdown of the whole domain; comes back only if Xen refuses.
    static func shutdown(reason: UInt32) {
        let argument = hypercall_argument_start()
        store32(argument, UInt64(reason))
        _ = hypercall(schedulerOperation, schedulerShutdown, argument)
    }
}
