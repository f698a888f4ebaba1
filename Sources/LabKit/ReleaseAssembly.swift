// How the entries of the cache are made of unpacked packages: dom0's kernel and userland, a release's hypervisor and
// tools, and what HVM guests need. Not for fetching.
import Foundation

/// One kind of entry.
protocol ReleaseAssembly {
    var suite: String { get }
    var packages: [String] { get }
    /// A package whose dependency on the current version is meant.
    var metapackage: String? { get }
    /// Whether the library packages that they depend on are wanted.
    var bringsLibraries: Bool { get }
    /// Bytes of its packages, and what unpacking and assembling take at most besides; measured, with some room.
    var packageBytes: Int { get }
    var workBytes: Int { get }

    /// Unpacks one package below `root`.
    func unpack(_ package: URL, into root: URL, _ interruption: Interruption) throws(LabError)
    /// Writes the entry's files.
    func assemble(_ root: URL, _ interruption: Interruption) throws(LabError)
}

extension ReleaseAssembly {
    var metapackage: String? { nil }
    var bringsLibraries: Bool { true }

    func unpack(_ package: URL, into root: URL, _ interruption: Interruption) throws(LabError) {
        try ChildProcess.runChecked(["dpkg-deb", "-x", package.path, root.path], interruption: interruption)
    }
}

/// dom0's kernel and userland.
struct Dom0Assembly: ReleaseAssembly {
    let folder: URL

    var suite: String { Dom0.suite }
    var packages: [String] { [Dom0.busyboxPackage] }
    var metapackage: String? { Dom0.kernelMetapackage }
    var bringsLibraries: Bool { false }
    var packageBytes: Int { 75_000_000 }
    var workBytes: Int { 95_000_000 }

    func unpack(_ package: URL, into root: URL, _ interruption: Interruption) throws(LabError) {
        let kernel = package.lastPathComponent.hasPrefix("linux-image-")
        // All of its modules would be 400 MB; a few files are enough.
        let members =
            kernel
            ? ["./boot/vmlinuz-*"] + Dom0.modules.map { "./lib/modules/*/kernel/drivers/\($0).ko" } : ["./bin/busybox"]
        // dpkg-deb's own failure would be lost in a pipe, but tar notices an archive that ends early.
        let script = "dpkg-deb --fsys-tarfile \"$1\" | { shift; tar -x --wildcards \"$@\"; }"
        try ChildProcess.runChecked(
            ["sh", "-c", script, "sh", package.path, "-C", root.path] + members, interruption: interruption)
    }

    func assemble(_ root: URL, _ interruption: Interruption) throws(LabError) {
        let (kernel, packed) = (folder.appendingPathComponent("vmlinux"), folder.appendingPathComponent("bzImage"))
        let boot = root.appendingPathComponent("boot").entries()
        guard let image = boot.first(where: { $0.lastPathComponent.hasPrefix("vmlinuz-") }) else {
            throw LabError(.failed, "the kernel's package has no /boot/vmlinuz-*")
        }
        try image.move(to: packed)
        try KernelImage.unpack(packed, to: kernel, interruption: interruption)
        let busybox = folder.appendingPathComponent("busybox")
        try root.appendingPathComponent("bin/busybox").move(to: busybox)

        var archive = CpioArchive(try .creating(folder.appendingPathComponent("dom0.cpio")))
        try archive.add(file: busybox, at: "bin/busybox")
        guard let modules = root.appendingPathComponent("lib/modules").entries().first else {
            throw LabError(.failed, "the kernel's package has no modules")
        }
        for module in Dom0.modules {
            let file = modules.appendingPathComponent("kernel/drivers/\(module).ko")
            try archive.add(file: file, at: "lib/modules/\(file.lastPathComponent)")
        }
        try archive.finish()
    }
}

/// A release's hypervisor and tools.
struct XenAssembly: ReleaseAssembly {
    let release: Release
    let folder: URL

    var suite: String { release.suite }
    var packages: [String] { release.packages }
    var packageBytes: Int { 17_000_000 }
    var workBytes: Int { 75_000_000 }

    func assemble(_ root: URL, _ interruption: Interruption) throws(LabError) {
        let hypervisor = folder.appendingPathComponent("xen")
        _ = try ChildProcess.runChecked(
            ["gzip", "-dc"], input: .reading(root.appendingPathComponent(release.hypervisor)),
            output: .creating(hypervisor), interruption: interruption)
        var archive = CpioArchive(try .creating(folder.appendingPathComponent("tools.cpio")))
        let tools = OwnPrograms(folder: "usr/lib/xen", root: root)
        try tools.add(release.programs, at: "usr/lib/xen/bin", to: &archive)
        // libxl looks for its own programs below its version's folder.
        try archive.add(link: "\(release.folder)/bin", to: "../xen/bin")
        try archive.add(Data(), at: "etc/xen/xl.conf", permissions: 0o644)
        try archive.finish()
        try assembleOCaml(tools)
    }
}

extension XenAssembly {
    /// oxenstored, as large as all the other tools: an archive of its own, for those who ask for it.
    private func assembleOCaml(_ tools: OwnPrograms) throws(LabError) {
        var archive = CpioArchive(try .creating(folder.appendingPathComponent(ReleaseFiles.ocamlArchive)))
        // 4.20's asks Xen by plugins.
        let place = release.ocamlPlugins
        let plugins = tools.root.appendingPathComponent(place).entries()
        try tools.add([release.ocamlXenstored], at: "usr/lib/xen/bin", plugins: plugins, to: &archive)
        for plugin in plugins { try archive.add(file: plugin, at: "\(place)/\(plugin.lastPathComponent)") }
        // It does not start without being told these.
        let settings = """
            pid-file = /run/xen/xenstored.pid
            xenstored-kva = /proc/xen/xsd_kva
            xenstored-port = /proc/xen/xsd_port

            """
        try archive.add(Data(settings.utf8), at: "etc/xen/oxenstored.conf", permissions: 0o644)
        try archive.finish()
    }
}

extension URL {
    /// Moves a file.
    func move(to place: URL) throws(LabError) {
        do { try FileManager.default.moveItem(at: self, to: place) } catch { throw .file(error, "move \(path)") }
    }
}
