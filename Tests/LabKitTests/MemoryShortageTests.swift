// Which lines of the console say that memory was too short, and for whom.
import Testing

@testable import LabKit

@Suite struct MemoryShortageTests {
    @Test(
        arguments: [
            ("Out of memory: Killed process 117 (tail) total-vm:104464kB, anon-rss:102324kB", .killed("tail")),
            ("[   34.2] Out of memory: Killed process 9 (a (b) c) total-vm:1kB, UID:0", .killed("a (b) c")),
            ("[    2.1] Initramfs unpacking failed: write error", .dom0),
            ("Kernel panic - not syncing: System is deadlocked on memory", .dom0),
            ("(XEN) Domain 0 allocation is too small for kernel image", .dom0),
            ("(XEN) Not enough RAM for domain 0 allocation", .machine),
        ] as [(String, MemoryShortage)]) func shortagesAreTold(line: String, shortage: MemoryShortage)
    {
        #expect(MemoryShortage(line) == shortage)
    }

    @Test(arguments: [
        "(d1) [   34.2] Out of memory: Killed process 117 (tail) total-vm:104464kB",
        "(XEN) (d1) [   34.2] Initramfs unpacking failed: write error",
        "(XEN) Out of memory: Killed process 117 (tail) total-vm:104464kB",
        "Out of memory: Killed process",
        "Out of memory: Killed process 1 (",
        "Initramfs unpacking failed: junk",
        "",
    ]) func otherLinesAreNot(line: String) {
        #expect(MemoryShortage(line) == nil)
    }
}
