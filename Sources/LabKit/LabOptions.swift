// What a run of the lab is asked for. Values only; Lab acts on them.
public import Foundation

/// A file of this machine that goes into dom0.
public struct LabFile: Equatable, Sendable {
    /// Where it is here.
    public let source: URL
    /// Where it will be in dom0, an absolute path.
    public let place: String

    /// Reads `FILE` or `FILE=DEST`. Without DEST the file goes to `/lab`; a relative DEST is below `/lab`; one that
    /// ends with a slash is a folder.
    public init(_ text: String) throws(LabError) {
        var (file, place) = (text, "")
        // A file that is called so with its "=" is that file.
        if !FileManager.default.fileExists(atPath: text), let equals = text.firstIndex(of: "=") {
            file = String(text[..<equals])
            place = String(text[text.index(after: equals)...])
        }
        source = URL(fileURLWithPath: file)
        guard FileManager.default.fileExists(atPath: file) else {
            throw LabError(.badInput, "there is no file \"\(file)\"")
        }
        guard !source.isFolder else { throw LabError(.badInput, "\"\(file)\" is a folder; name its files") }
        if place.isEmpty || place.hasSuffix("/") { place += source.lastPathComponent }
        self.place = place.hasPrefix("/") ? place : "/lab/\(place)"
    }

    /// A file at a place in dom0, as they are.
    public init(_ source: URL, at place: String) {
        self.source = source
        self.place = place
    }
}

/// What to boot and run.
public struct LabOptions: Sendable {
    /// The command, run in `/lab`.
    public var command: CommandWords
    /// The Xen release.
    public var release = Release.xen4_17
    /// Files for dom0, later ones win.
    public var files: [LabFile] = []
    /// What the command reads. Anything but nothing runs a shell in its place.
    public var input = LabInput.nothing
    /// Whether to start xenstored and xenconsoled first.
    public var toolstack = false
    /// The Xenstore daemon of the toolstack.
    public var xenstored = XenstoreDaemon.ours
    /// Whether what a Linux guest is made of is to be there: `/lab/guest/bzImage`, `vmlinux` (the same, unpacked) and
    /// `initrd`.
    public var guestFiles = false
    /// The guest that the lab makes for the command; it needs the toolstack.
    public var guest: GuestOptions?
    /// Whether the demonstration's scripts and guest configurations are to be in `/lab`.
    public var demonstration = false
    /// Seconds that the boot and the command may take together.
    public var timeout = 180.0
    /// The machine's memory in MiB; nil for what the rest of the options needs.
    public var memory: Int?
    /// dom0's part of it.
    public var dom0Memory: Int?
    /// The machine's processors; dom0 has one of them.
    public var processors = 1
    /// Where packages and boot files are kept.
    public var cache = PackageCache.ofUser()

    /// The mirrors of Debian that packages come from, each suite from the first that has it; none for what the
    /// machine's apt is set to.
    public var mirrors: [DebianMirror] = []

    /// Where to put the logs of this run, whatever its end; nil to keep them after a failure only.
    public var logs: RunLogs?

    /// A run of `command` with the defaults.
    public init(command: CommandWords) { self.command = command }

    /// Whether a Linux guest may run.
    var linuxGuest: Bool { guestFiles || guest != nil }
    /// Whether QEMU is needed, as the device model of an HVM guest.
    var hvmGuest: Bool { guest?.kind == .hvm }

    /// Memory of the machine and of dom0, in MiB, for an initramfs with `overlayBytes` beside its base.
    func memoryPlan(overlayBytes: Int, guestMemory: Int? = nil) throws(LabError) -> (machine: Int, dom0: Int) {
        // dom0 holds the archive and what it unpacks to. 20 MiB of files fit into the defaults.
        let extra = max(0, overlayBytes / (1 << 20) - 20) * 2
        // QEMU 10 asks for 384 MiB in one piece, of which it uses little; Linux refuses what can't be there at all.
        let dom0 = dom0Memory ?? (hvmGuest ? 512 : linuxGuest ? 384 : 256) + extra
        // Xen itself, and guests.
        let machine = memory ?? max(dom0 + (linuxGuest ? 512 + (guestMemory ?? 128) : 256), 512)
        guard dom0 >= 128, machine >= dom0 + 128 else {
            throw LabError(
                .badInput, "\(machine) MiB with \(dom0) MiB for dom0 do not work",
                remedy: "give dom0 128 MiB at least, and the machine 128 MiB more")
        }
        return (machine, dom0)
    }
}
