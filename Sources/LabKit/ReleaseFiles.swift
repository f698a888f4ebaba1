// What a boot of one release takes from the distribution: made from packages once, then kept in the cache.
import Foundation

/// The files of a release, in the cache.
public struct ReleaseFiles: Sendable {
    /// To be raised whenever what is below would come out differently.
    private static let format = 3

    let folder: URL

    /// The hypervisor, a 32-bit ELF that QEMU loads by multiboot.
    var hypervisor: URL { folder.appendingPathComponent("xen") }
    /// dom0's kernel, unpacked.
    var kernel: URL { folder.appendingPathComponent("vmlinux") }
    /// The same kernel as the distribution packages it, for guests.
    var packagedKernel: URL { folder.appendingPathComponent("bzImage") }
    /// The part of dom0's initramfs that does not change.
    var base: URL { folder.appendingPathComponent("base.cpio") }
    /// busybox, for guests.
    var busybox: URL { folder.appendingPathComponent("busybox") }

    /// The files of `release`, downloaded and assembled when the cache lacks them.
    static func of(
        _ release: Release, in cache: PackageCache, interruption: Interruption, progress: ProgressLine
    ) throws(LabError) -> ReleaseFiles {
        let folder = try cache.entry(
            "xen-\(release.version)-\(format)", interruption: interruption,
            waiting: { progress.stage("waiting for another corbel that fills the cache") },
            build: { (fresh) throws(LabError) in
                let assembly = Assembly(release: release, folder: fresh, interruption: interruption)
                defer { assembly.work.remove() }
                try assembly.work.makeFolder()
                try PackageDownload(interruption: interruption, progress: progress)
                    .fetch(release, into: assembly.work)
                progress.stage("unpacking packages")
                try assembly.unpack()
                progress.stage("assembling the boot files")
                try assembly.assemble()
            })
        return ReleaseFiles(folder: folder)
    }
}

/// Packages on their way to boot files.
private struct Assembly {
    let release: Release
    let folder: URL
    let interruption: Interruption

    var work: URL { folder.appendingPathComponent("work") }
    private var root: URL { work.appendingPathComponent("root") }
    private var kernelRoot: URL { work.appendingPathComponent("kernel") }

    func unpack() throws(LabError) {
        try root.makeFolder()
        try kernelRoot.makeFolder()
        for package in work.entries() where package.pathExtension == "deb" {
            if package.lastPathComponent.hasPrefix("linux-image-") {
                // All of its modules would be 400 MB; a few files are enough.
                let script = "dpkg-deb --fsys-tarfile \"$1\" | { shift; tar -x --wildcards \"$@\"; }"
                let modules = Release.modules.map { "./lib/modules/*/kernel/drivers/\($0).ko" }
                try run(
                    ["sh", "-c", script, "sh", package.path, "-C", kernelRoot.path, "./boot/vmlinuz-*"] + modules)
            } else {
                try run(["dpkg-deb", "-x", package.path, root.path])
            }
            package.remove()
        }
    }

    func assemble() throws(LabError) {
        let files = ReleaseFiles(folder: folder)
        let packed = root.appendingPathComponent(release.hypervisor)
        _ = try ChildProcess.runChecked(
            ["gzip", "-dc"], input: .reading(packed), output: .creating(files.hypervisor), interruption: interruption)
        let boot = kernelRoot.appendingPathComponent("boot")
        guard let kernel = boot.entries().first(where: { $0.lastPathComponent.hasPrefix("vmlinuz-") }) else {
            throw LabError(.failed, "the kernel's package has no /boot/vmlinuz-*")
        }
        try move(kernel, to: files.packagedKernel)
        try KernelImage.unpack(files.packagedKernel, to: files.kernel, interruption: interruption)
        try move(root.appendingPathComponent("bin/busybox"), to: files.busybox)
        try writeBase(files)
    }

    private func writeBase(_ files: ReleaseFiles) throws(LabError) {
        var archive = CpioArchive(try .creating(files.base))
        try archive.add(file: files.busybox, at: "bin/busybox")
        let modules = kernelRoot.appendingPathComponent("lib/modules")
        guard let version = modules.entries().first else {
            throw LabError(.failed, "the kernel's package has no modules")
        }
        for module in Release.modules {
            let url = version.appendingPathComponent("kernel/drivers/\(module).ko")
            try archive.add(file: url, at: "lib/modules/\(url.lastPathComponent)")
        }
        let programs = release.programs.map { root.appendingPathComponent($0) }
        for program in programs {
            try archive.add(file: program, at: "usr/lib/xen/bin/\(program.lastPathComponent)")
        }
        // libxl looks for its own programs below its version's folder.
        try archive.add(link: "usr/lib/xen-\(release.version)/bin", to: "../xen/bin")
        try archive.add(Data(), at: "etc/xen/xl.conf", permissions: 0o644)
        let libraries = SharedLibraries(
            folders: ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map { root.appendingPathComponent($0) },
            interruption: interruption)
        try archive.add(try libraries.needed(by: programs))
        // glibc's pthread_cancel opens this one by name: no program lists it, xl aborts without it.
        let unwinder = root.appendingPathComponent("lib/x86_64-linux-gnu/libgcc_s.so.1")
        try archive.add(file: unwinder, at: "lib/x86_64-linux-gnu/libgcc_s.so.1")
        try archive.finish()
    }

    private func run(_ words: [String]) throws(LabError) {
        try ChildProcess.runChecked(words, interruption: interruption)
    }

    private func move(_ from: URL, to: URL) throws(LabError) {
        do { try FileManager.default.moveItem(at: from, to: to) } catch { throw .file(error, "move \(from.path)") }
    }
}
