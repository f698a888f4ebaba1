// Rows G, and those of I about the same: a server's pages as frames of the guest. dmop.md 18.3, sections 3.2 and 8.2.
// Not for: pages by acquire_resource (Rows+Pages).

internal import HypervisorModel

extension ConformanceSuite {
    static var legacyBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.3 Legacy frames", on: .pausedPVH, needs: [.bareNodes, .parameters], rows: legacyRows),
            ConformanceBlock(
                "18.3 Legacy frames: pools that do not suffice", on: .pausedPVH, vcpus: [1],
                needs: [.bareNodes, .parameters], guestPerRow: true, rows: poolRows),
        ]
    }

    /// G7, G8 and I9 ask a pool that has no frame left. Before 4.20 Xen then takes a frame that was never given to
    /// it, and what it does when that comes back could take down the host. dmop.md section 8.2.
    private static var legacyRows: [ConformanceRow] {
        [
            ConformanceRow(
                "G1", "pool: it has 1 to 64 frames", "8.2",
                .setParameter(33, 0).gives(.einval),
                .setParameter(33, 65).gives(.einval)),
            ConformanceRow(
                "G2", "pool: what is set stays", "8.2",
                .setParameter(32, 0x3f0), .setParameter(33, 2),
                .setParameter(33, 2),
                .setParameter(33, 3).gives(.eexist),
                .setParameter(33, 0).gives(.eexist)),
            ConformanceRow(
                "G3", "info: the pool's lowest frames, and the same when asked again", "3.2",
                .create(2, as: "A"),
                .op(2, ["id": "A"]).leaves(["ioreq_gfn": 0x3f0, "bufioreq_gfn": 0x3f1]),
                .op(2, ["id": "A"]).leaves(["ioreq_gfn": 0x3f0, "bufioreq_gfn": 0x3f1])),
            ConformanceRow(
                "G4", "an enabled server's frames can't be mapped anew; mappings from before stay good", "8.2",
                .mapFrames([0x3f0], as: "before").gives([0]),
                .enable("A"),
                .mapFrames([0x3f0], as: "anew").gives([22]),
                .read(4, at: "before+24").named("p"), .bind("p")),
            ConformanceRow(
                "G5", "parameters that are dead", "8.2",
                .setParameter(13, 0).gives(.einval),
                .parameter(26).gives(.einval)),
            ConformanceRow(
                "G6", "a disabled server's frames come back, cleared", "3.5",
                .disable("A"),
                .mapFrames([0x3f0, 0x3f1], as: "back").gives([0, 0]), .zeros(8192, at: "back")),
            ConformanceRow(
                "G7", "pool: a frame that is not enough for both pages is given back", "3.2",
                .create(2, as: "B"), .op(2, ["id": "B"]).gives(.enomem),
                .destroy("A"), .create(0, as: "A"), .op(2, ["id": "A"]).leaves(["ioreq_gfn": 0x3f0]),
                .op(2, ["id": "B"]).gives(.enomem),
                .create(0, as: "C"), .op(2, ["id": "C"]).leaves(["ioreq_gfn": 0x3f1])
            ).since(.v4_20),
            ConformanceRow(
                "G8", "pool: parameters 5 and 6 add a frame each", "8.2",
                .setParameter(5, 0x3e0), .setParameter(6, 0x3e1),
                .op(2, ["id": "B"]).leaves(["ioreq_gfn": 0x3e0, "bufioreq_gfn": 0x3e1])
            ).since(.v4_20),
        ]
    }

    private static var poolRows: [ConformanceRow] {
        [
            ConformanceRow(
                "I6", "res: a server with legacy frames has no pages to give out", "8.1",
                .setParameter(32, 0x3f0), .setParameter(33, 1), .create(0, as: "A"),
                .op(2, ["id": "A"]).leaves(["ioreq_gfn": 0x3f0]),
                .mapResource("A", 1, 1).gives(.eperm),
                .op(2, ["id": "A"]).leaves(["ioreq_gfn": 0x3f0])
            ).since(.v4_11).onSandboxOnly(),
            ConformanceRow(
                "I9", "info: without a pool there is no frame, and no output changes", "3.2",
                .create(2, as: "A"),
                .op(2, ["id": "A", "bufioreq_port": 0xaaaa, "ioreq_gfn": 0xbbbb]).gives(.enomem)
                    .leaves(["bufioreq_port": 0xaaaa, "ioreq_gfn": 0xbbbb])
            ).since(.v4_20),
            ConformanceRow(
                "I10", "info: the id comes before the pool", "3.2",
                .op(2, ["id": 0]).gives(.enoent)),
            ConformanceRow(
                "I11", "info: the pool's frame is no memory", "3.2",
                .setParameter(32, 0x500), .setParameter(33, 1), .create(0, as: "A"),
                .op(2, ["id": "A"]).gives(.einval),
                .op(2, ["id": "A"]).gives(.einval)),
            ConformanceRow(
                "I12", "info: where the ring's frame is no memory, the slots' frame is given back", "3.2",
                .setParameter(32, 0x3ff), .setParameter(33, 2), .create(2, as: "A"),
                .op(2, ["id": "A"]).gives(.einval),
                .create(0, as: "B"), .op(2, ["id": "B"]).leaves(["ioreq_gfn": 0x3ff])),
        ]
    }
}
