// One Xen release as the lab boots it: which packages, which programs go into dom0. No files here, only names.

/// A Xen release the lab can boot.
public struct Release: Equatable, Sendable, CustomStringConvertible {
    /// The version in package names, such as "4.17".
    public let version: String

    /// Debian 12's.
    public static let xen4_17 = Release(version: "4.17")

    /// "Xen 4.17".
    public var description: String { "Xen \(version)" }

    /// The package that depends on the current kernel's package.
    static let kernelMetapackage = "linux-image-amd64"

    /// Packages, beside the kernel's: the hypervisor, the toolstack and every library that it needs, the C library
    /// too, so that the boot does not depend on what this machine happens to have installed.
    var packages: [String] {
        [
            "xen-hypervisor-\(version)-amd64", "xen-utils-\(version)", "xenstore-utils", "libxenmisc\(version)",
            "libxencall1", "libxendevicemodel1", "libxenevtchn1", "libxenforeignmemory1", "libxengnttab1",
            "libxenhypfs1", "libxenstore4", "libxentoolcore1", "libxentoollog1", "libyajl2", "liblzma5", "libuuid1",
            "libzstd1", "zlib1g", "libc6", "libgcc-s1", "busybox-static",
        ]
    }

    /// Programs for dom0, as paths in the unpacked packages.
    var programs: [String] {
        let own = [
            "xl", "xenstored", "xen-init-dom0", "xenconsoled", "lsevtchn", "xen-hvmctx", "xenctx", "libxl-save-helper",
        ]
        let store = [
            "xenstore-ls", "xenstore-read", "xenstore-write", "xenstore-list", "xenstore-rm", "xenstore-watch",
        ]
        return own.map { "usr/lib/xen-\(version)/bin/\($0)" } + store.map { "usr/bin/\($0)" }
    }

    /// Modules of dom0's kernel, below its `drivers`, in the order of loading. The virtio ones are for the command's
    /// output: an emulated serial port costs a trap into Xen for each byte.
    static let modules = [
        "xen/xen-evtchn", "xen/xen-privcmd", "xen/xen-gntdev", "xen/xen-gntalloc", "xen/xenfs/xenfs",
        "virtio/virtio_ring", "virtio/virtio", "virtio/virtio_pci_legacy_dev", "virtio/virtio_pci_modern_dev",
        "virtio/virtio_pci", "char/virtio_console",
    ]

    /// The hypervisor in the unpacked packages.
    var hypervisor: String { "boot/xen-\(version)-amd64.gz" }
}
