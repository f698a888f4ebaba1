// What descriptors lead to: Xen's nodes are recognised by what they are.

import FenceRules
import Testing

@Suite struct DescriptorKindTests {
    private static let device: UInt64 = 10 << 8 | 121
    private static let files: [String: TracedFile] = [
        "/dev/xen/privcmd": TracedFile(mode: 0o020600, device: 6, inode: 90, node: device),
        "/dev/xen/evtchn": TracedFile(mode: 0o020600, device: 6, inode: 91, node: 10 << 8 | 120),
        "/proc/xen/privcmd": TracedFile(mode: 0o100600, device: 40, inode: 5, node: 0),
        "/proc/xen": TracedFile(mode: 0o040755, device: 40, inode: 1, node: 0),
        "/proc": TracedFile(mode: 0o040555, device: 20, inode: 1, node: 0),
        "/sys": TracedFile(mode: 0o040555, device: 21, inode: 1, node: 0),
    ]
    private let known = KnownFiles { files[$0] }

    private func kind(_ mode: UInt32, device: UInt64 = 1, inode: UInt64 = 7, node: UInt64 = 0, link: String = "")
        -> String
    {
        known.kind(of: TracedFile(mode: mode, device: device, inode: inode, node: node)) { link }
    }

    @Test func aNodeIsItsDriversWhateverItsPath() {
        #expect(kind(0o020600, device: 6, inode: 90, node: Self.device) == "privcmd")
        #expect(kind(0o020666, device: 99, inode: 4, node: Self.device) == "privcmd")
        #expect(kind(0o060666, device: 99, inode: 4, node: Self.device) == "block-device")
    }

    @Test func theOldNodeIsRecognised() {
        #expect(kind(0o100600, device: 40, inode: 5) == "privcmd")
        #expect(kind(0o100600, device: 40, inode: 6) == "xenfs")
        #expect(kind(0o100600, device: 41, inode: 5) == "file")
    }

    @Test func filesAreNamedAfterTheirFileSystem() {
        #expect(kind(0o100444, device: 20) == "proc")
        #expect(kind(0o100444, device: 21) == "sysfs")
        #expect(kind(0o040755, device: 21) == "sysfs")
        #expect(kind(0o040755) == "folder")
    }

    @Test func theRestOfTheKinds() {
        #expect(kind(0o010600) == "pipe")
        #expect(kind(0o140777) == "socket")
        #expect(kind(0o020666, node: 1 << 8 | 3) == "null")
        #expect(kind(0o020666, node: 229 << 8 | 1) == "terminal")
        #expect(kind(0o020666, node: 136 << 8 | 2) == "terminal")
        #expect(kind(0o020666, node: 1 << 8 | 1) == "device 1:1")
        #expect(kind(0, link: "anon_inode:[eventfd]") == "eventfd")
        #expect(kind(0, link: "something") == "unknown")
    }

    @Test func aNodeThatIsNotThereIsNamedByItsPath() {
        #expect(KnownFiles.kind(ofAbsent: "/dev/xen/xenbus") == "xenbus")
        #expect(KnownFiles.kind(ofAbsent: "/proc/xen/privcmd") == "privcmd")
        #expect(KnownFiles.kind(ofAbsent: "/sys/hypervisor/version/minor") == "sysfs")
        #expect(KnownFiles.kind(ofAbsent: "/lib/libc.so.6") == nil)
    }
}
