// What a descriptor of a program leads to, in one word: a node of Xen's by its identity, whatever its path.
// Not for: asking the kernel (see xen-fence).

/// What stat says of a file.
public struct TracedFile: Equatable, Sendable {
    /// `st_mode`.
    public var mode: UInt32
    /// `st_dev`: the file system.
    public var device: UInt64
    /// `st_ino`.
    public var inode: UInt64
    /// `st_rdev`: for a device node, the device.
    public var node: UInt64

    public init(mode: UInt32, device: UInt64, inode: UInt64, node: UInt64) {
        self.mode = mode
        self.device = device
        self.inode = inode
        self.node = node
    }

    /// The bits of the mode that say what it is (`S_IFMT`).
    var type: UInt32 { mode & 0o170000 }

    /// The device's numbers, as the C library packs them.
    var major: UInt64 { node >> 8 & 0xFFF }
    var minor: UInt64 { node & 0xFF | node >> 12 & 0xFFF00 }
}

/// The nodes and file systems of this machine that matter to the fence.
public struct KnownFiles: Sendable {
    private var nodes: [(name: String, identity: TracedFile)] = []
    private var systems: [(name: String, device: UInt64)] = []

    /// Nodes of Xen's drivers, and where they may be.
    public static let names = [
        "privcmd", "evtchn", "gntdev", "gntalloc", "hypercall", "xenbus", "xenbus_backend", "xsd_kva", "xsd_port",
        "capabilities",
    ]
    public static let folders = ["/dev/xen/", "/proc/xen/"]
    /// File systems whose every file is more than bytes on a disk. A file is named after the first one that it is on.
    public static let fileSystems = [("/proc/xen", "xenfs"), ("/sys", "sysfs"), ("/proc", "proc")]

    public init() {}

    /// Asks `identify` for all of the above; nil from it: not there.
    public init(identify: (String) -> TracedFile?) {
        for folder in Self.folders {
            for name in Self.names {
                if let identity = identify(folder + name) { nodes.append((name, identity)) }
            }
        }
        for (path, name) in Self.fileSystems {
            if let identity = identify(path) { systems.append((name, identity.device)) }
        }
    }

    /// One word, or two for a device that is not known. `link` is asked only where the identity says nothing.
    public func kind(of file: TracedFile, link: () -> String) -> String {
        if let name = nodeName(of: file) { return name }
        switch file.type {
        case 0o020000: return characterDevice(file)
        case 0o060000: return "block-device"
        case 0o010000: return "pipe"
        case 0o140000: return "socket"
        case 0o100000, 0o040000:
            return systems.first { $0.device == file.device }?.name ?? (file.type == 0o040000 ? "folder" : "file")
        default: return Self.anonymous(link())
        }
    }

    /// The same for a path that can't be opened, when it is one of Xen's; nil for others.
    public static func kind(ofAbsent path: String) -> String? {
        for folder in folders where path.hasPrefix(folder) { return String(path.dropFirst(folder.count)) }
        return path.hasPrefix("/sys/hypervisor") ? "sysfs" : nil
    }

    private func nodeName(of file: TracedFile) -> String? {
        nodes.first { _, known in
            guard known.type == file.type else { return false }
            // A device has as many nodes as somebody makes; a file of xenfs is itself alone.
            return file.type == 0o020000
                ? known.node == file.node : known.device == file.device && known.inode == file.inode
        }?.name
    }

    /// Majors: `devices.txt` of the Linux documentation.
    private func characterDevice(_ file: TracedFile) -> String {
        switch (file.major, file.minor) {
        case (1, 3): "null"
        case (4, _), (5, _), (136...143, _), (204, _), (229, _): "terminal"
        default: "device \(file.major):\(file.minor)"
        }
    }

    /// "anon_inode:[eventfd]" is eventfd.
    private static func anonymous(_ link: String) -> String {
        guard link.hasPrefix("anon_inode:[") && link.hasSuffix("]") else { return "unknown" }
        return String(link.dropFirst(12).dropLast())
    }
}
