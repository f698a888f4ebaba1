// Assembles dom0's initramfs: the release's base, then what this run adds; of two members with one name the kernel
// keeps the later.
import Foundation
import LabFiles

/// The initramfs of one run.
struct Initramfs {
    let files: ReleaseFiles
    let options: LabOptions
    let interruption: Interruption

    /// What a run adds to the base.
    struct Overlay {
        var bytes: Int
        /// MiB of the guest that the lab makes.
        var guestMemory: Int?
    }

    /// Writes it into the run's folder.
    func write(to run: RunFolder) throws(LabError) -> Overlay {
        let file = try FileHandle.creating(run.initramfs)
        defer { try? file.close() }
        var extra = 0
        for (number, part) in files.archives.enumerated() {
            let content = try Data.mapped(part)
            try file.writeAll(content)
            if number >= ReleaseFiles.baseArchives { extra += content.count }
        }

        var archive = CpioArchive(file)
        try archive.add(Data(LabFiles.dom0Init), at: "init", permissions: 0o755)
        try archive.add(Data(LabFiles.labMark), at: "bin/lab-mark", permissions: 0o755)
        try archive.add(Data(LabFiles.labLeave), at: "bin/lab-leave", permissions: 0o755)
        try archive.add(Data(LabFiles.guestLines), at: "bin/guest-lines", permissions: 0o755)
        try archive.add(folder: "lab")
        if options.input != .nothing { try addShell(to: &archive) }
        try add(command: options.command, to: &archive)
        let modules = Dom0.modules.map { "\(URL(fileURLWithPath: $0).lastPathComponent)\n" }.joined()
        try archive.add(Data(modules.utf8), at: "corbel/modules", permissions: 0o644)
        let guestMemory = try addGuest(to: &archive, run)
        if options.demonstration {
            try archive.add(Data(LabFiles.demoScript), at: "lab/demo.sh", permissions: 0o755)
            try archive.add(Data(LabFiles.demoGuest), at: "lab/demo-guest.cfg", permissions: 0o644)
            try archive.add(Data(LabFiles.demoVariables), at: "lab/demo-variables.sh", permissions: 0o755)
            try archive.add(Data(LabFiles.demoFirmware), at: "lab/demo-firmware.cfg", permissions: 0o644)
        }
        var programs = options.files
        if options.toolstack, options.xenstored == .ours {
            let program = XenstoreDaemon.stripped(try XenstoreDaemon.program(), to: run.xenstored, interruption)
            programs.append(LabFile(program, at: XenstoreDaemon.place))
        }
        let libraries = SharedLibraries(interruption: interruption)
        try archive.add(try libraries.needed(by: programs.map(\.source)))
        for file in programs { try archive.add(file: file.source, at: file.place) }
        let overlay = Overlay(bytes: archive.bytes + extra, guestMemory: guestMemory)
        try archive.finish()
        return overlay
    }

    private func add(command: CommandWords, to archive: inout CpioArchive) throws(LabError) {
        var line = command.shellLine
        if options.guest != nil {
            try archive.add(Data(LabFiles.guestRun), at: "corbel/guest/run", permissions: 0o755)
            try archive.add(Data(command.shellLineWithGuest.utf8), at: "corbel/guest/command", permissions: 0o644)
            line = "sh /corbel/guest/run\n"
        }
        try archive.add(Data(line.utf8), at: "corbel/command", permissions: 0o644)
    }

    /// Adds what guests are made of, and the guest that the lab makes; returns that one's memory.
    private func addGuest(to archive: inout CpioArchive, _ run: RunFolder) throws(LabError) -> Int? {
        if options.guestFiles {
            _ = try writeGuest(nil, key: nil, to: run.guestInitramfs)
            try archive.add(file: run.guestInitramfs, at: "lab/guest/initrd")
        }
        for (file, place) in [(files.kernel, "/lab/guest/vmlinux"), (files.packagedKernel, "/lab/guest/bzImage")]
        where options.guestFiles || options.guest?.kernel == place {
            try archive.add(file: file, at: place)
        }
        guard let guest = options.guest else { return nil }
        let key = Boot.freshKey()
        let memory = guest.memory(archiveBytes: try writeGuest(guest, key: key, to: run.guestInitramfs))
        try archive.add(file: run.guestInitramfs, at: "corbel/guest/initrd")
        let place = options.input == .nothing ? "corbel/guest/config" : "lab/guest.cfg"
        try archive.add(Data(guest.configuration(memory: memory).utf8), at: place, permissions: 0o644)
        try archive.add(Data(guest.settings(key: key).utf8), at: "corbel/guest/settings", permissions: 0o644)
        return memory
    }

    /// A Linux guest's own initramfs: busybox, an init, and what the guest is to have and to run; returns its size.
    private func writeGuest(_ guest: GuestOptions?, key: String?, to url: URL) throws(LabError) -> Int {
        var archive = CpioArchive(try .creating(url))
        try archive.add(file: files.busybox, at: "bin/busybox")
        try archive.add(Data(LabFiles.guestInit), at: "init", permissions: 0o755)
        if let key { try archive.add(Data("\(key)\n".utf8), at: "corbel/key", permissions: 0o600) }
        if let guest {
            let libraries = SharedLibraries(interruption: interruption)
            try archive.add(try libraries.needed(by: guest.files.map(\.source)))
            for file in guest.files { try archive.add(file: file.source, at: file.place) }
            if let script = guest.script { try archive.add(file: script, at: "script") }
        }
        let bytes = archive.bytes
        try archive.finish()
        return bytes
    }

    private func addShell(to archive: inout CpioArchive) throws(LabError) {
        try archive.add(Data(LabFiles.shell), at: "corbel/shell", permissions: 0o644)
        try archive.add(Data(LabFiles.shellProfile), at: "corbel/profile", permissions: 0o644)
        try archive.add(Data(LabFiles.shellReadme), at: "lab/README", permissions: 0o644)
    }
}
