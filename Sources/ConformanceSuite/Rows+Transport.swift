// Rows K: what Linux' privcmd answers before Xen is asked. dmop.md 18.1, sections 9.1 to 9.3.

internal import HypervisorModel

extension ConformanceSuite {
    static var transportBlocks: [ConformanceBlock] {
        [ConformanceBlock("18.1 Transport: /dev/xen/privcmd", on: .pausedPVH, rows: countRows + restrictionRows)]
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
}
