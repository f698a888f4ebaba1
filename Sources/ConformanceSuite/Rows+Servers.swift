// Rows S: making servers and removing them. dmop.md 18.2, sections 3.1 and 3.6.

internal import HypervisorModel

extension ConformanceSuite {
    static var serverBlocks: [ConformanceBlock] {
        [
            ConformanceBlock("18.2 Servers", on: .pausedPVH, rows: serverRows + moreServerRows),
            ConformanceBlock(
                "18.2 Servers: the order of event channels", on: .pausedPVH, vcpus: [2], since: .v4_11,
                rows: [portRow]),
            ConformanceBlock(
                "18.2 Servers: ports are used again", on: .pausedPVH, since: .v4_11, rows: [samePortRow]),
        ]
    }

    private static var serverRows: [ConformanceRow] {
        [
            ConformanceRow(
                "S1", "create: pads are 0, and come before the handling", "3.1",
                .op(1, ["pad0": 1]).gives(.einval),
                .op(1, ["handle_bufioreq": 9, "pad2": 1]).gives(.einval)),
            ConformanceRow(
                "S2", "create: there are three ways of buffering", "3.1",
                .create(3).gives(.einval),
                .create(255).gives(.einval)),
            ConformanceRow("S3", "create: eight servers, lowest free id first", "3.1", steps: eightServers),
            ConformanceRow(
                "S4", "create: a ninth finds no room, and its answer is not touched", "3.1",
                .op(1, ["id": 0xbeef]).gives(.enospc).leaves(["id": 0xbeef])),
            ConformanceRow(
                "S5", "create: a freed id is the next one", "3.1", .destroy(3), .create(2).gives(3)),
            ConformanceRow(
                "S6", "destroy: ids that are no server's", "3.6",
                .destroy(8).gives(.enoent),
                .destroy(0xffff).gives(.enoent),
                .destroy(7),
                .destroy(7).gives(.enoent)),
            ConformanceRow(
                "S7", "destroy: the pad comes before the id", "3.6",
                .op(6, ["id": 0, "pad": 1]).gives(.einval),
                .op(6, ["id": 99, "pad": 1]).gives(.einval)),
            ConformanceRow(
                "S9", "create: of several free ids the lowest", "3.1",
                .destroy(5), .destroy(1),
                .create(0).gives(1), .create(0).gives(5), .create(0).gives(7)),
            ConformanceRow(
                "S10", "destroy: a destroyed server is none for any operation", "3.6",
                .destroy(6),
                .op(2, ["id": 6, "flags": 1]).gives(.enoent).before(.v4_11, .einval),
                .claim(6, .port, 1, 2).gives(.enoent),
                .giveUp(6, .port, 1, 2).gives(.enoent),
                .enable(6).gives(.enoent),
                .op(15, ["id": 6, "type": 4]).gives(.enoent)),
            ConformanceRow(
                "S11", "destroy: what a server had claimed is not the next one's", "3.6",
                .create(0).gives(6),
                .claim(6, .port, 0x700, 0x70f),
                .destroy(6),
                .create(0).gives(6),
                .giveUp(6, .port, 0x700, 0x70f).gives(.enoent)),
        ]
    }

    /// Eight servers are there.
    private static var moreServerRows: [ConformanceRow] {
        [
            ConformanceRow(
                "S12", "create: without room, the pad and the handling come first all the same", "3.1",
                .op(1, ["pad1": 1]).gives(.einval),
                .create(3).gives(.einval),
                .create(0).gives(.enospc)),
            ConformanceRow(
                "S13", "create and destroy: the header's pad comes first", "1.2",
                .op(1, headerPad: 1).gives(.einval),
                .op(6, ["id": 99], headerPad: 1).gives(.einval),
                .op(6, ["id": 7], headerPad: 0x8000_0000).gives(.einval)),
            ConformanceRow(
                "S14", "create: in 4096 bytes, the id alone is written", "1.4",
                .destroy(7),
                .op(1, ["handle_bufioreq": 2, "pad0": 0, "pad1": 0, "pad2": 0], bytes: 4096, filler: 0x5a)
                    .leaves(["id": 7]).leavesAllBut("id")),
            ConformanceRow(
                "S15", "destroy: in 4096 bytes, nothing is written", "1.4",
                .op(6, ["id": 7, "pad": 0], bytes: 4096, filler: 0x5a).leavesAll(),
                .destroy(7).gives(.enoent)),
        ]
    }

    private static var samePortRow: ConformanceRow {
        ConformanceRow(
            "S16", "destroy: its ports are free for the next server", "3.6",
            .create(0, as: "A"), .mapResource("A", 1, 1), .enable("A"), .port("A", vcpu: 0).named("p"),
            .destroy("A"),
            .create(0, as: "B"), .mapResource("B", 1, 1), .enable("B"), .port("B", vcpu: 0).gives("p"))
    }

    private static var eightServers: [Step] {
        (0..<8).map { (index: UInt8) in Step.create(index % 3).gives(.value(.number(UInt64(index)))) }
    }

    /// Ports are taken in the order vCPU 0, buffered ring, vCPU 1.
    private static var portRow: ConformanceRow {
        ConformanceRow(
            "S8", "create: a port for each vCPU, the ring's after vCPU 0's, each the lowest free one", "3.1",
            .create(0, as: "A"), .create(0, as: "B"), .create(2, as: "C"),
            .mapResource("A", 1, 1), .mapResource("B", 1, 1), .mapResource("C", 0, 2),
            .enable("A"), .enable("B"), .enable("C"),
            .port("A", vcpu: 0).named("p"),
            .port("A", vcpu: 1).gives("p+1"),
            .port("B", vcpu: 0).gives("p+2"),
            .port("B", vcpu: 1).gives("p+3"),
            .port("C", vcpu: 0).gives("p+4"),
            .op(2, ["id": "C", "flags": 1]).answering("bufioreq_port").gives("p+5"),
            .port("C", vcpu: 1).gives("p+6"))
    }
}
