// The Xen releases that the lab boots: which Debian suite has one, which packages and programs make it. Names only, no
// files: ReleaseFiles and ReleaseAssembly act on them.

/// A Xen release the lab can boot.
public struct Release: Hashable, Sendable, CustomStringConvertible {
    /// The version in package names, such as "4.17".
    public let version: String
    /// The Debian suite that has it.
    public let suite: String

    /// Debian 11's.
    public static let xen4_14 = Release(version: "4.14", suite: "bullseye")
    /// Debian 12's, the default.
    public static let xen4_17 = Release(version: "4.17", suite: "bookworm")
    /// Debian 13's.
    public static let xen4_20 = Release(version: "4.20", suite: "trixie")
    /// All of them, oldest first.
    public static let all = [xen4_14, xen4_17, xen4_20]

    /// "Xen 4.17".
    public var description: String { "Xen \(version)" }

    /// The packages that hold the hypervisor and the tools. libgcc_s is opened by name (glibc's pthread_cancel), so no
    /// program asks for it, and xl aborts without it.
    var packages: [String] {
        ["xen-hypervisor-\(version)-amd64", "xen-utils-\(version)", "xenstore-utils", Self.unwinder.package]
    }

    static let unwinder = (package: "libgcc-s1", library: "libgcc_s.so.1")

    /// Programs for dom0, as paths in the unpacked packages.
    var programs: [String] {
        let own = [
            "xl", "xenstored", "xen-init-dom0", "xenconsoled", "xenconsole", "lsevtchn", "xen-hvmctx", "xenctx",
            "libxl-save-helper",
        ]
        let store = [
            "xenstore-ls", "xenstore-read", "xenstore-write", "xenstore-list", "xenstore-rm", "xenstore-watch",
            "xenstore-chmod", "xenstore-exists",
        ]
        return own.map { "\(folder)/bin/\($0)" } + store.map { "usr/bin/\($0)" }
    }

    /// oxenstored in the unpacked packages.
    var ocamlXenstored: String { "\(folder)/bin/oxenstored" }

    /// What it opens by itself, where there is such a folder.
    var ocamlPlugins: String { "\(folder)/ocaml/xsd_glue/xenctrl_plugin" }

    /// Where libxl of this release looks for programs and firmware of its own.
    var folder: String { "usr/lib/xen-\(version)" }

    /// The hypervisor in the unpacked packages.
    var hypervisor: String { "boot/xen-\(version)-amd64.gz" }
}

/// dom0: one Debian's kernel and busybox under every release, so that a difference seen is one of Xen's.
enum Dom0 {
    static let suite = Release.xen4_17.suite

    /// The package that depends on the current kernel's package.
    static let kernelMetapackage = "linux-image-amd64"
    static let busyboxPackage = "busybox-static"

    /// Modules of its kernel, below its `drivers`, in the order of loading. The virtio ones are for the command's
    /// output: an emulated serial port costs a trap into Xen for each byte.
    static let modules = [
        "xen/xen-evtchn", "xen/xen-privcmd", "xen/xen-gntdev", "xen/xen-gntalloc", "xen/xenfs/xenfs",
        "virtio/virtio_ring", "virtio/virtio", "virtio/virtio_pci_legacy_dev", "virtio/virtio_pci_modern_dev",
        "virtio/virtio_pci", "char/virtio_console",
    ]
}
