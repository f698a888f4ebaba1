// Assembles dom0's initramfs: the release's base, then what this run adds; of two members with one name the kernel
// keeps the later.
import Foundation
import LabFiles

/// The initramfs of one run.
struct Initramfs {
    let files: ReleaseFiles
    let options: LabOptions
    let interruption: Interruption

    /// Writes it into the run's folder; returns how many bytes come on top of the base.
    func write(to run: RunFolder) throws(LabError) -> Int {
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
        try archive.add(folder: "lab")
        try archive.add(Data(options.command.shellLine.utf8), at: "corbel/command", permissions: 0o644)
        let modules = Dom0.modules.map { "\(URL(fileURLWithPath: $0).lastPathComponent)\n" }.joined()
        try archive.add(Data(modules.utf8), at: "corbel/modules", permissions: 0o644)
        if options.linuxGuest {
            try writeGuest(to: run.guestInitramfs)
            try archive.add(file: files.packagedKernel, at: "lab/guest/bzImage")
            // The same kernel, unpacked: the domain builder takes 8 s to do that under emulation.
            try archive.add(file: files.kernel, at: "lab/guest/vmlinux")
            try archive.add(file: run.guestInitramfs, at: "lab/guest/initrd")
        }
        if options.demonstration {
            try archive.add(Data(LabFiles.demoScript), at: "lab/demo.sh", permissions: 0o755)
            try archive.add(Data(LabFiles.demoGuest), at: "lab/demo-guest.cfg", permissions: 0o644)
        }
        let libraries = SharedLibraries(interruption: interruption)
        try archive.add(try libraries.needed(by: options.files.map(\.source)))
        for file in options.files { try archive.add(file: file.source, at: file.place) }
        let bytes = archive.bytes + extra
        try archive.finish()
        return bytes
    }

    /// The Linux guest's own initramfs: busybox and an init.
    private func writeGuest(to url: URL) throws(LabError) {
        var archive = CpioArchive(try .creating(url))
        try archive.add(file: files.busybox, at: "bin/busybox")
        try archive.add(Data(LabFiles.guestInit), at: "init", permissions: 0o755)
        try archive.finish()
    }
}
