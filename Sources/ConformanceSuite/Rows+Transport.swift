// Rows K: what Linux' privcmd answers before Xen is asked. dmop.md 18.1, sections 9.1 to 9.3.

internal import HypervisorModel

extension ConformanceSuite {
    static var transportBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.1 Transport: /dev/xen/privcmd", on: .pausedPVH,
                rows: countRows + placeRows + restrictionRows + fileRows)
        ]
    }

    private static var countRows: [ConformanceRow] {
        [
            ConformanceRow(
                "K1", "without buffers nothing is called, whatever the domain", "9.1",
                .dmOp(on: 0x7FF4, num: 0, ubufs: "null")),
            ConformanceRow(
                "K2", "without buffers the descriptors are not read", "9.1",
                .dmOp(on: 77, num: 0, ubufs: "unmapped")),
            ConformanceRow(
                "K3", "17 buffers are more than Linux takes, wherever they are", "9.1",
                .dmOp(on: "G", num: 17, ubufs: "null").gives(.e2big)),
            ConformanceRow(
                "K4", "3 and 16 buffers pass Linux, and are more than Xen takes", "9.1",
                .dmOp(on: "G", [RawBuffer](repeating: .good, count: 3)).gives(.e2big),
                .dmOp(on: "G", [RawBuffer](repeating: .good, count: 16)).gives(.e2big)),
            ConformanceRow(
                "K5", "descriptors have to be readable", "9.1",
                .dmOp(on: "G", num: 1, ubufs: "null").gives(.efault)),
            ConformanceRow(
                "K6", "a buffer above 4096 bytes is refused before the domain is looked up", "9.1",
                .dmOp(on: 77, [.bytes(4097)]).gives(.e2big)),
            ConformanceRow(
                "K7", "the second buffer has the same limit", "9.1",
                .dmOp(on: "G", [.good, .bytes(4097)]).gives(.e2big)),
            ConformanceRow(
                "K8", "a buffer lies in the caller's own, mapped memory", "9.1",
                .dmOp(on: "G", [.at("kernel")]).gives(.efault),
                .dmOp(on: "G", [.at("unmapped")]).gives(.efault)),
            ConformanceRow(
                "K9", "a buffer is pinned for writing, so it must be writable", "9.1",
                .dmOp(on: "G", [.at("readonly")]).gives(.efault)),
            ConformanceRow(
                "K10", "a second buffer that Xen would not look at is pinned too", "9.1",
                .op(20, data: .at("unmapped", bytes: 4)).gives(.efault)),
            ConformanceRow("K11", "an unknown ioctl is ENOTTY", "9", .ioctl(0x50ff).gives(.enotty)),
        ]
    }

    private static var restrictionRows: [ConformanceRow] {
        [
            ConformanceRow(
                "K12", "RESTRICT reads its argument", "9.3",
                .open(.privcmd, as: "restricted"),
                .ioctl(0x25006, "null", by: "restricted").gives(.efault)),
            ConformanceRow(
                "K13", "RESTRICT to a domain, and to the same again", "9.3",
                .restrict(to: "G", by: "restricted"),
                .restrict(to: "G", by: "restricted")),
            ConformanceRow(
                "K14", "nothing lifts a restriction", "9.3",
                .restrict(to: "G+1", by: "restricted").gives(.einval),
                .restrict(to: 0x7FF4, by: "restricted").gives(.einval)),
            ConformanceRow(
                "K15", "a restricted file does DM_OP on its own domain alone", "9.3",
                .dmOp(on: "G+1", num: 0, ubufs: "null", by: "restricted").gives(.eperm),
                .op(20, by: "restricted").before(.v4_15, .eopnotsupp)),
            ConformanceRow(
                "K16", "a restricted file makes no hypercalls, and reads no argument to know it", "9.3",
                .hypercall(17, by: "restricted").gives(.eperm),
                .ioctl(0x305000, "null", by: "restricted").gives(.eperm)),
            ConformanceRow(
                "K17", "a restricted file maps resources of its own domain alone", "9.3",
                .mmapResource(on: "G+1", num: 1, addr: "memory", by: "restricted").gives(.eperm),
                .resourceSize(0, by: "restricted").before(.v4_11, .enosys)),
            ConformanceRow(
                "K18", "a restricted file maps frames of its own domain alone", "9.3",
                .mapFrames([0], on: "G+1", by: "restricted").gives(.eperm)),
            ConformanceRow(
                "K19", "RESTRICT to the invalid id leaves a file unrestricted", "9.3",
                .open(.privcmd, as: "fresh"),
                .restrict(to: 0x7FF4, by: "fresh"),
                .restrict(to: "G", by: "fresh")),
        ]
    }

    /// What Linux looks at first, where several things are wrong.
    private static var placeRows: [ConformanceRow] {
        [
            ConformanceRow(
                "K20", "the argument has to be readable", "9.1",
                .ioctl(0x105005, "unmapped").gives(.efault),
                .ioctl(0x105005, "kernel").gives(.efault),
                .ioctl(0x305000, "unmapped").gives(.efault)),
            ConformanceRow(
                "K21", "a buffer does not wrap round the address space, nor end in the kernel", "9.1",
                .dmOp(on: "G", [.at(.number(~0 - 15))]).gives(.efault),
                .dmOp(on: "G", [.at(0x7FFF_FFFF_EFF0)]).gives(.efault)),
            ConformanceRow(
                "K22", "buffers are looked at in order, each its size first", "9.1",
                .dmOp(on: "G", [.at("kernel"), .bytes(4097)]).gives(.efault),
                .dmOp(on: "G", [.at("kernel", 4097), .good]).gives(.e2big)),
            ConformanceRow(
                "K23", "sizes of all buffers come before what is mapped at the first", "9.1",
                .dmOp(on: "G", [.at("unmapped"), .bytes(4097)]).gives(.e2big)),
            ConformanceRow(
                "K24", "a size of more than 32 bits is not cut", "9.1",
                .dmOp(on: "G", [.bytes(0x1_0000_0020)]).gives(.e2big)),
        ]
    }

    /// A restriction is one open file's.
    private static var fileRows: [ConformanceRow] {
        [
            ConformanceRow(
                "K25", "a restriction comes before the number of buffers", "9.1",
                .dmOp(on: "G+1", num: 17, ubufs: "null", by: "restricted").gives(.eperm)),
            ConformanceRow(
                "K26", "a restriction binds its file alone", "9.3",
                .open(.privcmd, as: "other"),
                .dmOp(on: "G+1", num: 0, ubufs: "null", by: "other"),
                .restrict(to: 77, by: "other")),
            ConformanceRow(
                "K27", "a file may be restricted to a domain that is not there", "9.3",
                .op(20, by: "other").gives(.eperm),
                .op(20, on: 77, by: "other").gives(.esrch)),
        ]
    }
}
