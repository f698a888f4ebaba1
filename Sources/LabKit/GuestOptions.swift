// The Linux guest of a run: what it is asked for, and its configuration for xl. What happens to it is Lab/guest-run's.
public import Foundation

/// A Linux guest that the lab makes before the command starts.
public struct GuestOptions: Equatable, Sendable {
    /// What kind of guest it is to Xen.
    public enum Kind: String, Sendable, CaseIterable {
        /// No emulated hardware at all but the local APIC.
        case pvh
        /// With QEMU's emulated PC.
        case hvm
    }

    /// When the guest begins to run.
    public enum Start: Equatable, Sendable {
        /// When the command has bound an event channel for each of its vCPUs.
        case whenServed
        /// When a line of the command's output has this text in it.
        case afterOutput(String)
        /// When the command unpauses it.
        case byCommand
    }

    /// What kind of guest it is.
    public var kind: Kind
    /// Its processors.
    public var vcpus = 1
    /// Its memory in MiB; nil for what its files need.
    public var memory: Int?
    /// Words to add to its kernel's command line.
    public var append: String
    /// What it runs, by busybox's shell; nil for a report on itself.
    public var script: URL?
    /// Files for it, later ones win.
    public var files: [LabFile] = []
    /// When it begins to run.
    public var start = Start.whenServed
    /// Seconds that the command has until then.
    public var startTimeout = 60

    /// A guest with the defaults. Words that xl's configuration can't hold are refused: it knows no way to quote them.
    public init(_ kind: Kind, append: String = "") throws(LabError) {
        guard !append.unicodeScalars.contains(where: { "\"\\\u{7f}".unicodeScalars.contains($0) || $0.value < 0x20 })
        else {
            throw LabError(.badInput, "the guest's kernel takes no quotes, backslashes or control characters")
        }
        self.kind = kind
        self.append = append
    }

    /// Its name to xl.
    static let name = "guest"

    /// Memory in MiB for an initramfs of this size, which the guest holds twice while it unpacks it.
    func memory(archiveBytes: Int) -> Int {
        memory ?? (kind == .hvm ? 160 : 128) + 3 * max(0, archiveBytes / (1 << 20) - 4)
    }

    /// The configuration. Under emulation the time stamp counter must be native and rdtscp hidden: else the guest
    /// stops at its first rdtscp. What stopped stays there until its last words were read.
    func configuration(memory: Int) -> String {
        """
        type = "\(kind.rawValue)"
        name = "\(Self.name)"
        memory = \(memory)
        vcpus = \(vcpus)
        kernel = "\(kernel)"
        ramdisk = "/corbel/guest/initrd"
        extra = "console=hvc0 loglevel=3 tsc=reliable mitigations=off cryptomgr.notests \(append)"
        tsc_mode = "native"
        cpuid = "host,rdtscp=0"
        on_poweroff = "preserve"
        on_crash = "preserve"
        on_reboot = "preserve"
        \(hardware)

        """
    }

    /// Where its kernel is in dom0.
    var kernel: String {
        switch kind {
        // The domain builder takes 8 s under emulation to unpack a bzImage.
        case .pvh: "/lab/guest/vmlinux"
        // It is not the domain builder that loads it, but QEMU's own boot code.
        case .hvm: "/lab/guest/bzImage"
        }
    }

    /// QEMU's part of the configuration: no screen, and no serial port either, in case the command serves one.
    private var hardware: String { kind == .hvm ? "vga = \"none\"\nvideoram = 0\nvnc = 0" : "" }

    /// Settings of Lab/guest-run, as lines of shell.
    func settings(key: String) -> String {
        let start =
            switch start {
            case .whenServed: "serving"
            case .afterOutput: "text"
            case .byCommand: "never"
            }
        return """
            name=\(Self.name)
            key=\(key)
            vcpus=\(vcpus)
            start=\(start)
            patience=\(startTimeout)
            script_given=\(script == nil ? "" : "yes")

            """
    }
}
