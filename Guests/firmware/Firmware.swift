// A guest that talks to the variable service as OVMF's driver for Xen does, and says in plain lines what came of it.
// What it does is its command line's choice; Guests/README.md has the list.
import Machine

/// Boot.S calls this on each vCPU, with a stack of its own, SSE on, interrupts off.
@c(guest_main)
public func firmwareMain(_ vcpu: UInt32) -> Never {
    load_idt(idt_pointer_start())
    if vcpu != 0 { Race.run() }
    SerialPort.find()
    Firmware.end(Firmware.run(CommandLine()))
}

enum Firmware {
    /// Whether all was as it should be.
    static func run(_ line: CommandLine) -> Verdict {
        if !VariableService.isThere {
            Line("firmware: waiting for the variable service at port 0x100").end()
            VariableService.wait(untilThere: true)
        }
        let mode = line.word(0)
        if mode.isEmpty || mode.is("demo") { return Demo.run() }
        if mode.is("demo1") { return Demo.firstBoot() }
        if mode.is("demo2") { return Demo.secondBoot() }
        if mode.is("vectors") { return Vectors.run() }
        if mode.is("rows") { return Rows.run() }
        if mode.is("rows1") { return Rows.first() }
        if mode.is("rows2") { return Rows.second() }
        if mode.is("runtime") { return Rows.runtimeAlone() }
        if mode.is("enrolled") { return Rows.enrolled() }
        if mode.is("permissive") { return Rows.permissive() }
        if mode.is("unsecured") { return Rows.unsecured() }
        if mode.is("relaxed") { return Rows.relaxed() }
        if mode.is("migrate1") { return Migration.run() }
        if mode.is("migrate2") { return Migration.runLatched() }
        if mode.is("load") { return Load.run(line.word(1).number ?? 100) }
        if mode.is("noise") { return Noise.run(line.word(1).number ?? 1000, seed: line.word(2).number ?? 1) }
        mode.print(after: "firmware: no such mode: ")
        return .failed
    }

    /// Shuts the domain down: poweroff, or reboot if a test goes on after one; crash if something was wrong.
    static func end(_ verdict: Verdict) -> Never {
        let reason: UInt32
        switch verdict {
        case .passed: reason = 0
        case .reboot: reason = 1
        case .failed: reason = 3
        }
        if Hypervisor.setUp() { Hypervisor.shutdown(reason: reason) }
        while true { spin_pause() }
    }
}

/// How a mode has ended.
enum Verdict {
    case passed
    /// So far: the second half comes after a reboot.
    case reboot
    case failed
}
