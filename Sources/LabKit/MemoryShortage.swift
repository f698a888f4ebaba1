// Tells from a line of the console that memory was too short, and what gives more of it. Not for memory of guests.
import Foundation

/// Who had too little memory.
enum MemoryShortage: Hashable, Sendable {
    /// dom0's kernel ended a program for want of memory.
    case killed(String)
    /// dom0 can't hold its files, or its kernel gave up.
    case dom0
    /// The machine can't hold dom0.
    case machine

    /// Reads a line of the console; nil when it does not say so. A guest's lines begin with "(dN)", Xen's with "(XEN)".
    init?(_ line: String) {
        if line.hasPrefix("(d") || line.hasPrefix("(XEN) (d") { return nil }
        if line.hasPrefix("(XEN)") {
            // Xen's xen/arch/x86/pv/dom0_build.c and xen/arch/x86/setup.c panic with these.
            if line.contains("Domain 0 allocation is too small") || line.contains("Could not construct domain 0") {
                self = .dom0
            } else if line.contains("Not enough RAM for domain 0") {
                self = .machine
            } else {
                return nil
            }
            return
        }
        // The kernel's mm/oom_kill.c: "Out of memory: Killed process PID (NAME) total-vm:...", and init/initramfs.c.
        if let found = line.range(of: "Out of memory: Killed process "),
            let open = line[found.upperBound...].firstIndex(of: "("),
            let close = line[open...].range(of: ") total-vm:")?.lowerBound ?? line[open...].lastIndex(of: ")")
        {
            self = .killed(String(line[line.index(after: open)..<close]))
        } else if line.contains("Initramfs unpacking failed: write error") || line.contains("deadlocked on memory") {
            self = .dom0
        } else {
            return nil
        }
    }

    /// What happened and what helps.
    var text: String {
        switch self {
        case .killed(let name): "dom0 ran out of memory and killed \(name); --dom0-memory gives it more"
        case .dom0: "dom0's memory is too small for what is in it; --dom0-memory gives it more"
        case .machine: "the machine's memory is too small for dom0; --memory gives it more"
        }
    }
}
