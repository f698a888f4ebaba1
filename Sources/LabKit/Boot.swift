// QEMU as the machine that Xen boots on: how it is started. What comes out of it is BootWatch's.
import Foundation

/// A boot of a release with an initramfs, as QEMU's command line.
struct Boot: Equatable {
    /// The files' names in the run's folder, in which QEMU runs: its option for multiboot modules splits at spaces
    /// and commas, which the path of a cache may have.
    static let (hypervisor, kernel, initramfs, output) = ("xen", "vmlinux", "initrd", "output")

    var key: String
    var memory: Int
    var dom0Memory: Int
    var processors = 1
    /// The toolstack's Xenstore daemon; nil: no toolstack is started.
    var toolstack: XenstoreDaemon?
    var linuxGuest = false
    var verbose = false
    /// Whether somebody types, by the files that ShellInput makes.
    var input = false

    /// Options of the hypervisor. Xen's docs/misc/xen-command-line.
    var xenOptions: [String] {
        [
            "console=com1", "com1=115200,8n1", "dom0_mem=\(dom0Memory)M,max:\(dom0Memory)M", "dom0_max_vcpus=1",
            "no-real-mode", "edd=off", "spec-ctrl=no", "bootscrub=0", "cpufreq=none", "cpuidle=0", "guest_loglvl=all",
        ]
            + (verbose ? ["loglvl=all"] : [])
            // Under emulation programs in dom0 were seen to die, or to read what nobody wrote, when a guest's vCPU had
            // run in between: the wide registers of their string functions do not survive that. Without xsave they
            // have none.
            + (toolstack != nil || linuxGuest || processors > 1 ? ["xsave=0"] : [])
            // With the default scheduler, credit2, on two emulated processors dom0 was seen runnable and in the queue
            // while both slept, for good (Xen's key `r` shows it): an interrupt from one processor to the other was
            // lost, probably (see Heartbeat), and credit2 needs each of them. credit looks again with every tick.
            + (processors > 1 ? ["sched=credit"] : [])
            + (linuxGuest ? ["conring_size=512k"] : [])
    }

    /// Options of dom0's kernel, and words for Lab/dom0-init.
    var kernelOptions: [String] {
        [
            "console=hvc0", "mitigations=off", "rodata=off", "tsc=reliable", "clocksource=tsc", "random.trust_cpu=on",
            "cryptomgr.notests",
        ]
            + (verbose ? [] : ["loglevel=4"])
            + ["corbel.key=\(key)"]
            + (toolstack.map { ["corbel.toolstack=\($0.rawValue)"] } ?? [])
    }

    /// The command. COM1 is its stdout; the command's output goes to a file, because a virtio console drops what a
    /// full pipe would not take. TCG only: Xen does not start on a KVM without nested paging.
    /// -smap: QEMU's iret reads a ring 3 dom0's stack as the supervisor would, which SMAP forbids.
    var command: [String] {
        var words = ["qemu-system-x86_64"]
        words += ["-accel", "tcg", "-cpu", "EPYC,-smap", "-smp", "\(processors)", "-m", "\(memory)"]
        words += ["-nodefaults", "-no-user-config", "-display", "none", "-vga", "none", "-monitor", "none"]
        words += ["-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        words += ["-serial", "stdio"]
        words += [
            "-chardev", input ? "pipe,id=output,path=\(ShellInput.console)" : "file,id=output,path=\(Self.output)",
            "-device", "virtio-serial-pci,vectors=0", "-device", "virtconsole,nr=0,chardev=output",
        ]
        if input {
            words += ["-chardev", "pipe,id=port,path=\(ShellInput.port)"]
            words += ["-device", "virtserialport,nr=1,chardev=port,name=corbel"]
        }
        words += ["-kernel", Self.hypervisor, "-append", xenOptions.joined(separator: " ")]
        words += ["-initrd", "\(Self.kernel) \(kernelOptions.joined(separator: " ")),\(Self.initramfs)"]
        return words
    }

    /// A key that nothing printed in the boot can guess.
    static func freshKey() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36)
    }
}
