// Rows I and M: what a server is, and its pages by acquire_resource. dmop.md 18.2, 18.3, sections 3.2, 8.1 and 9.5.
// Not for: legacy frames (Rows+Legacy), other frames of a guest (Rows+Frames).

internal import HypervisorModel

extension ConformanceSuite {
    static var pageBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.2 Info of a server", on: .pausedPVH, setup: [.create(0, as: "A"), .create(2, as: "B")],
                rows: infoRows),
            ConformanceBlock(
                "18.3 Pages by acquire_resource", on: .pausedPVH, since: .v4_11,
                setup: [.create(0, as: "A"), .create(2, as: "B")], rows: refusedPageRows + pageRows),
        ] + legacyBlocks + frameBlocks
    }

    private static var infoRows: [ConformanceRow] {
        [
            ConformanceRow(
                "I1", "info: flags that are none come before the id", "3.2",
                .op(2, ["id": "A", "flags": 2]).gives(.einval),
                .op(2, ["id": "A", "flags": 0x8001]).gives(.einval),
                .op(2, ["id": 99, "flags": 2]).gives(.einval)),
            ConformanceRow(
                "I2", "info: an id that is no server's", "3.2",
                .op(2, ["id": 99, "flags": 1]).gives(.enoent).before(.v4_11, .einval)),
            ConformanceRow(
                "I3", "info: outputs that a server does not have keep what was in them", "3.2",
                .op(2, ["id": "A", "flags": 1, "bufioreq_port": 0xaaaa, "ioreq_gfn": 0xbbbb, "bufioreq_gfn": 0xcccc])
                    .leaves(["flags": 1, "bufioreq_port": 0xaaaa, "ioreq_gfn": 0xbbbb, "bufioreq_gfn": 0xcccc])
            ).since(.v4_11),
            ConformanceRow(
                "I4", "info: with no_gfns a server with a ring has its port to tell, which can be bound", "3.2",
                .op(2, ["id": "B", "flags": 1, "bufioreq_port": 0xaaaa, "ioreq_gfn": 0xbbbb, "bufioreq_gfn": 0xcccc])
                    .answering("bufioreq_port").leaves(["ioreq_gfn": 0xbbbb, "bufioreq_gfn": 0xcccc]).named("ring"),
                .bind("ring")
            ).since(.v4_11),
            ConformanceRow(
                "I5", "info: pages that were given out by resource are not given out as frames", "3.2",
                .mapResource("A", 1, 1),
                .op(2, ["id": "A"]).gives(.eperm)
            ).since(.v4_11),
            ConformanceRow(
                "I7", "info: asked again it is the same, and a refusal changes no output", "3.2",
                .op(2, ["id": "B", "flags": 1]).answering("bufioreq_port").gives("ring"),
                .op(2, ["id": 99, "flags": 1, "bufioreq_port": 0xaaaa]).gives(.enoent)
                    .leaves(["bufioreq_port": 0xaaaa])
            ).since(.v4_11),
            ConformanceRow(
                "I8", "info: in 4096 bytes, the payload alone is written", "1.4",
                .op(2, ["id": "B", "flags": 1], bytes: 4096, filler: 0x5a).leavesAllBut("bufioreq_port")
            ).since(.v4_11),
        ]
    }

    private static var refusedPageRows: [ConformanceRow] {
        [
            ConformanceRow(
                "M1", "size: two frames, whatever the id", "8.1",
                .resourceSize("A").gives(2).before(.v4_15, 32),
                .resourceSize(77).gives(2).before(.v4_15, 32)),
            ConformanceRow(
                "M2", "res: without buffering there is no frame 0", "8.1",
                .mapResource("A", 0, 1).gives(.enoent),
                .mapResource("A", 0, 2).gives(.enoent)),
            ConformanceRow(
                "M3", "res: a fresh page is all 0", "8.1",
                .mapResource("A", 1, 1), .zeros(4096, at: "A.page")),
            ConformanceRow(
                "M4", "res: frames beyond the second", "8.1",
                .mapResource("A", 2, 1).gives(.einval),
                .mapResource("A", 1, 2).gives(.einval),
                .mapResource("A", 0xffff_ffff, 1).gives(.einval)),
            ConformanceRow(
                "M5", "res: ids that are no server's", "8.1",
                .mapResource(5, 1, 1).gives(.enoent),
                .mapResource(8, 1, 1).gives(.enoent),
                .mapResource(0x10000, 1, 1).gives(.einval)),
            ConformanceRow(
                "M6", "res: a type that is none", "8.1",
                .mapResource("A", 1, 1, type: 99).gives(.eopnotsupp).from(.v4_18, .einval)),
            ConformanceRow(
                "M7", "res: domains that are not there, and our own", "8.1",
                .mapResource("A", 1, 1, on: 77).gives(.esrch),
                .mapResource("A", 1, 1, on: 0).gives(.eperm),
                .mapResource("A", 1, 1, on: 0x7FF0).gives(.esrch)),
            ConformanceRow(
                "M8", "MMAP_RESOURCE: address and number go together, and the address is the node's", "9.5",
                .mmapResource(id: "A", first: 1, num: 1, addr: 0).gives(.einval),
                .mmapResource(id: "A", first: 1, num: 0, addr: "memory").gives(.einval),
                .mmapResource(id: "A", first: 1, num: 1, addr: "memory").gives(.einval),
                .ioctl(0x205007, "null").gives(.efault)),
            ConformanceRow(
                "M12", "res: frames are looked at in order", "8.1",
                .mapResource("A", 0, 3).gives(.enoent),
                .mapResource("B", 0, 3).gives(.einval)),
            ConformanceRow(
                "M13", "res: the domain comes before the type, the type before the id, the id before the frame", "8.1",
                .mapResource(0x10000, 1, 1, on: 77, type: 99).gives(.esrch),
                .mapResource(0x10000, 1, 1, type: 99).gives(.eopnotsupp).from(.v4_18, .einval),
                .mapResource(5, 2, 1).gives(.enoent)),
            ConformanceRow(
                "M14", "size: a type that is none, domains that are not there, and our own", "8.1",
                .resourceSize("A", type: 99).gives(.einval).before(.v4_18, .success),
                .resourceSize("A", on: 77).gives(.esrch).before(.v4_15, 32),
                .resourceSize("A", on: 0).gives(.eperm).before(.v4_15, 32)),
        ]
    }

    private static var pageRows: [ConformanceRow] {
        [
            ConformanceRow(
                "M9", "a slot has its port from the first enabling on", "3.5",
                .portCount("A").gives(0),
                .enable("A"),
                .portCount("A").gives("N"), .port("A", vcpu: 0).named("p"),
                .disable("A"),
                .portCount("A").gives("N"), .port("A", vcpu: 0).gives("p")),
            ConformanceRow(
                "M10", "a page that is mapped outlives its server, as it was", "3.6",
                .destroy("A"), .portCount("A").gives("N"), .port("A", vcpu: 0).gives("p")),
            ConformanceRow(
                "M11", "res: the ring's page and the slots' in one call; both pointers are 0", "8.1",
                .mapResource("B", 0, 2), .zeros(4096, at: "B.ring")),
            ConformanceRow(
                "M15", "res: mapped a second time it is the same page", "8.1",
                .mapResource("B", 1, 1, as: "first"), .mapResource("B", 1, 1, as: "second"),
                .write(4, at: "first+4092", 0x1234_5678),
                .read(4, at: "second+4092").gives(0x1234_5678)),
            ConformanceRow(
                "M16", "a page that nobody maps keeps what was in it", "8.1",
                .munmap("first"), .munmap("second"),
                .mapResource("B", 1, 1, as: "third"), .read(4, at: "third+4092").gives(0x1234_5678)),
            ConformanceRow(
                "M17", "a server of the same id has fresh pages", "3.6",
                .destroy("B"), .create(0, as: "C"), .destroy("C"), .create(2, as: "C"),
                .mapResource("C", 1, 1), .zeros(4096, at: "C.page"),
                .read(4, at: "third+4092").gives(0x1234_5678)),
        ]
    }
}
