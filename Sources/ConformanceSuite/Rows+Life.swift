// Rows T and Z: a server's state, a domain's end. dmop.md 18.4 and 18.5, sections 3.5, 3.6 and 3.16.
// Not for: what a running guest sees of them (Rows+Guest).

internal import HypervisorModel

extension ConformanceSuite {
    static var lifeBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.4 State", on: .pausedPVH, since: .v4_11, setup: [.create(0, as: "A"), .create(2, as: "B")],
                rows: stateRows + moreStateRows),
            ConformanceBlock(
                "18.4 Callers of different domains", on: .pausedPVH, vcpus: [1], needs: [.bareNodes, .otherCallers],
                since: .v4_11, setup: [.create(0, as: "A")], rows: [otherCallerRow]),
            ConformanceBlock(
                "18.5 The end of a domain", on: .pausedPVH, guestPerRow: true, since: .v4_11,
                setup: [.create(0, as: "A"), .mapResource("A", 1, 1)], rows: endRows),
        ]
    }

    private static var stateRows: [ConformanceRow] {
        [
            ConformanceRow(
                "T1", "state: the pad comes before the id", "3.5",
                .op(5, ["id": "A", "pad": 1]).gives(.einval),
                .op(5, ["id": 99, "pad": 1]).gives(.einval),
                .enable(99).gives(.enoent)),
            ConformanceRow(
                "T2", "state: enabled again, and by any number that is not 0", "3.5",
                .mapResource("A", 1, 1),
                .enable("A"), .enable("A"), .op(5, ["id": "A", "enabled": 255])),
            ConformanceRow(
                "T3", "an enabled server claims and gives up", "3.3",
                .claim("A", .port, 0x100, 0x10f), .giveUp("A", .port, 0x100, 0x107)),
            ConformanceRow("T4", "state: disabled again", "3.5", .disable("A"), .disable("A")),
            ConformanceRow("T5", "destroy: an enabled server", "3.6", .enable("A"), .destroy("A")),
        ]
    }

    private static var moreStateRows: [ConformanceRow] {
        [
            ConformanceRow(
                "T7", "state: ports are written upon a change to enabled, and not when it is that already", "3.5",
                .mapResource("B", 1, 1), .enable("B"), .port("B", vcpu: 0).named("p"),
                .write(4, at: "B.page+24", 0x7777),
                .enable("B"), .port("B", vcpu: 0).gives(0x7777),
                .disable("B"), .port("B", vcpu: 0).gives(0x7777),
                .enable("B"), .port("B", vcpu: 0).gives("p")),
            ConformanceRow(
                "T8", "state: enabled without pages, the ports are not there until it is enabled anew", "15.1",
                .create(0, as: "C"), .enable("C"), .mapResource("C", 1, 1), .portCount("C").gives(0),
                .enable("C"), .portCount("C").gives(0),
                .disable("C"), .enable("C"), .portCount("C").gives("N")),
            ConformanceRow(
                "T9", "state: in 4096 bytes, nothing is written back", "1.4",
                .op(5, ["id": "B", "enabled": 0, "pad": 0], bytes: 4096, filler: 0x5a).leavesAll()),
            ConformanceRow(
                "T10", "what a disabled server claims it keeps", "3.5",
                .claim("B", .memory, 0x1000, 0x1fff), .enable("B"), .disable("B"),
                .claim("B", .memory, 0x1fff, 0x2000).gives(.eexist), .giveUp("B", .memory, 0x1000, 0x1fff)),
            ConformanceRow(
                "T11", "a destroyed server's id is nobody's for any operation", "3.6",
                .destroy("B"),
                .op(2, ["id": "B", "flags": 1]).gives(.enoent),
                .claim("B", .port, 1, 1).gives(.enoent), .giveUp("B", .port, 1, 1).gives(.enoent),
                .enable("B").gives(.enoent), .disable("B").gives(.enoent), .destroy("B").gives(.enoent),
                .holdType("B", 2).gives(.enoent), .mapResource("B", 1, 1).gives(.enoent)),
        ]
    }

    private static var otherCallerRow: ConformanceRow {
        ConformanceRow(
            "T6", "a server is its creator's, and no other domain's that may control the target", "3",
            .open(.privcmd, as: "other", by: .stubDomain),
            .op(2, ["id": "A", "flags": 1], by: "other").gives(.eperm),
            .op(3, ["id": "A", "start": 1, "end": 2], by: "other").gives(.eperm),
            .op(3, ["id": "A", "type": 3, "start": 1, "end": 2], by: "other").gives(.eperm),
            .op(4, ["id": "A", "start": 1, "end": 2], by: "other").gives(.eperm),
            .op(5, ["id": "A", "enabled": 1], by: "other").gives(.eperm),
            .op(6, ["id": "A"], by: "other").gives(.eperm),
            .op(15, ["id": "A", "type": 4, "flags": 2], by: "other").gives(.eperm),
            .mapResource("A", 1, 1, by: "other").gives(.eperm)
        ).onSandboxOnly()
    }

    private static var endRows: [ConformanceRow] {
        [
            ConformanceRow(
                "Z1", "shutdown: the low 8 bits of the first reason", "3.16",
                .op(16, ["reason": 0x103]), .op(16, ["reason": 1]), .shutdownReason.gives(3)),
            ConformanceRow(
                "Z2", "a domain that was destroyed answers as long as a page of it is mapped", "1.2",
                .destroyGuest,
                .op(20).answering("vcpus").gives("N").before(.v4_15, .eopnotsupp),
                .create(0).gives(.einval),
                .dirty(0x100, 16, data: 2).gives(.esrch),
                .op(2, ["id": "A", "flags": 1]).gives(.enoent)),
            ConformanceRow("Z3", "a domain that is gone", "1.2", steps: goneSteps),
            ConformanceRow(
                "Z4", "a mapped page keeps the id of a domain that was destroyed from being given again", "16",
                .destroyGuest, .createSameID.gives(.eexist),
                .munmap("A.page"), .domainIsGone, .createSameID),
            ConformanceRow(
                "Z5", "dying: what comes before it, and what comes after", "3.7",
                .destroyGuest,
                .op(7, ["nr": 16, "pad": 1, "first_pfn": 0x100], data: .bytes(2)).gives(.einval),
                .op(7, ["nr": 16, "first_pfn": 0x100]).gives(.einval),
                .dirty(0x100, 262145, data: 2).gives(.einval),
                .dirty(0x100, 0, data: 1).gives(.esrch),
                .dirty(0x100, 17, data: 2).gives(.esrch),
                .op(1, ["pad0": 1]).gives(.einval), .create(3).gives(.einval)),
            ConformanceRow(
                "Z6", "dying: its servers are gone, and pads and ends come first as ever", "3.6",
                .destroyGuest,
                .op(3, ["id": "A", "pad": 1]).gives(.einval), .claim("A", .port, 5, 4).gives(.einval),
                .claim("A", .port, 4, 5).gives(.enoent), .giveUp("A", .port, 4, 5).gives(.enoent),
                .enable("A").gives(.enoent), .destroy("A").gives(.enoent)),
            ConformanceRow(
                "Z7", "a domain that has shut down is served as before", "3.16",
                .op(16, ["reason": 3]), .shutdownReason.gives(3),
                .create(0, as: "B"), .claim("B", .port, 1, 2), .enable("A"), .portCount("A").gives("N"),
                .dirty(0x100, 16, data: 2).leavesData([0xff, 0xff]), .destroy("B")),
            ConformanceRow(
                "Z8", "shutdown: of other bits nothing counts, and nothing is written back", "3.16",
                .op(16, ["reason": 0xffff_ff02], bytes: 4096, filler: 0x5a).leavesAll(),
                .op(16, ["reason": 5]), .shutdownReason.gives(2)),
        ]
    }

    /// Every operation, once the last mapping has gone.
    private static var goneSteps: [Step] {
        [.destroyGuest, .munmap("A.page"), .domainIsGone]
            + (Array(1...20)).map { (number: UInt32) in .op(number).gives(.esrch) }
    }
}
