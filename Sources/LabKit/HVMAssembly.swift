// What libxl needs in dom0 for an HVM guest with QEMU as its device model: QEMU, its own libraries, SeaBIOS, hvmloader.
// An entry of its own, because it is as large as all the rest of a release.
import Foundation

/// QEMU, SeaBIOS and hvmloader of a release.
struct HVMAssembly: ReleaseAssembly {
    let release: Release
    let folder: URL

    var suite: String { release.suite }
    var packages: [String] {
        [
            release.machinePackage, "qemu-system-data", "seabios", "xen-utils-\(release.version)",
            Release.unwinder.package,
        ]
    }
    var packageBytes: Int { 60_000_000 }
    var workBytes: Int { 220_000_000 }

    func assemble(_ root: URL, _ interruption: Interruption) throws(LabError) {
        var archive = CpioArchive(try .creating(folder.appendingPathComponent("hvm.cpio")))
        let place = URL(fileURLWithPath: "/\(release.machine)").deletingLastPathComponent().path
        // QEMU looks for its data beside itself, and /proc/self/exe is the dynamic linker.
        let options = " -L /usr/share/qemu -L /usr/share/seabios"
        try OwnPrograms(folder: "usr/lib/xen-qemu", root: root)
            .add([release.machine], at: place, options: options, to: &archive)
        for name in ["bios-256k", "vgabios-stdvga", "vgabios-cirrus"] {
            try copy("usr/share/seabios/\(name).bin", root, to: &archive)
        }
        for name in ["linuxboot.bin", "linuxboot_dma.bin", "kvmvapic.bin"] {
            try copy("usr/share/qemu/\(name)", root, to: &archive)
        }
        // QEMU ends without its key maps, also when it has no screen.
        for file in root.appendingPathComponent("usr/share/qemu/keymaps").entries() {
            try copy("usr/share/qemu/keymaps/\(file.lastPathComponent)", root, to: &archive)
        }
        try copy("\(release.folder)/boot/hvmloader", root, to: &archive)
        try archive.finish()
    }

    private func copy(_ path: String, _ root: URL, to archive: inout CpioArchive) throws(LabError) {
        let file = root.appendingPathComponent(path)
        guard file.isInside(root) else { throw LabError(.failed, "the packages lack \(path)") }
        try archive.add(try .mapped(file), at: path, permissions: 0o644)
    }
}

extension Release {
    /// The package of the QEMU that was built with Xen.
    fileprivate var machinePackage: String { self == .xen4_14 ? "qemu-system-x86" : "qemu-system-xen" }

    /// That QEMU, where libxl looks for it.
    fileprivate var machine: String {
        self == .xen4_14 ? "usr/bin/qemu-system-i386" : "usr/libexec/xen-qemu-system-i386"
    }
}
