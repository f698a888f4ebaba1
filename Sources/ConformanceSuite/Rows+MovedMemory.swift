// Rows Q and U: how frames are cached, and moving them. dmop.md 18.5, sections 3.18 and 3.17.
// Not for: what frames are (Rows+MemoryTypes).

internal import HypervisorModel

extension ConformanceSuite {
    static var movedMemoryBlocks: [ConformanceBlock] {
        [
            ConformanceBlock("18.5 Pinned caches", on: .pausedPVH, since: .v4_11, rows: cacheRows + moreCacheRows),
            ConformanceBlock("18.5 Pinned caches: their number", on: .pausedPVH, since: .v4_11, rows: cacheLimitRows),
            ConformanceBlock("18.5 Relocation", on: .pausedPVH, since: .v4_11, rows: moveRows + moreMoveRows),
        ]
    }

    private static let delete: UInt64 = 0xffff_ffff

    private static var cacheRows: [ConformanceRow] {
        [
            ConformanceRow(
                "Q1", "pin: the pad, the ends, a type that is none", "3.18",
                .op(18, ["start": 0x10, "end": 0x1f, "type": 6, "pad": 1]).gives(.einval),
                .pin(0x1f, 0x10, 6).gives(.einval), .pin(0, 1 << 60, 6).gives(.einval),
                .pin(0x10, 0x1f, 2).gives(.einval)),
            ConformanceRow(
                "Q2", "pin: what is not pinned can't be deleted", "3.18", .pin(0x10, 0x1f, delete).gives(.enoent)),
            ConformanceRow(
                "Q3", "pin: the same ends replace, others that overlap are refused, exactly the same are deleted",
                "3.18",
                .pin(0x10, 0x1f, 6), .pin(0x10, 0x1f, 4), .pin(0x1f, 0x20, 6).gives(.ebusy),
                .pin(0x10, 0x1e, delete).gives(.enoent), .pin(0x10, 0x1f, delete)),
            ConformanceRow(
                "Q4", "pin: uncached types", "3.18",
                .pin(0x30, 0x30, 0).from(.v4_21, .eperm), .pin(0x31, 0x31, 1).from(.v4_21, .eperm),
                .pin(0x32, 0x32, 7).from(.v4_21, .eperm)),
        ]
    }

    private static var moreCacheRows: [ConformanceRow] {
        [
            ConformanceRow(
                "Q6", "pin: to delete, too, the pad is 0 and the ends are in order", "3.18",
                .op(18, ["start": 0x10, "end": 0x1f, "type": .number(delete), "pad": 1]).gives(.einval),
                .pin(0x1f, 0x10, delete).gives(.einval), .pin(1 << 60, 1 << 60, delete).gives(.einval)),
            ConformanceRow(
                "Q7", "pin: neighbours, and a range of one frame", "3.18",
                .pin(0x10, 0x1f, 6), .pin(0x20, 0x2f, 5), .pin(0xf, 0xf, 4),
                .pin(0xf, 0x10, 6).gives(.ebusy), .pin(0x18, 0x18, 6).gives(.ebusy), .pin(0, 0x100, 6).gives(.ebusy)),
            ConformanceRow(
                "Q8", "pin: the type comes before an overlap", "3.18",
                .pin(0x18, 0x18, 2).gives(.einval), .pin(0x18, 0x18, 3).gives(.einval),
                .pin(0x18, 0x18, 8).gives(.einval), .pin(0x18, 0x18, 0xffff_fffe).gives(.einval),
                .pin(0x18, 0x18, 0).gives(.ebusy).from(.v4_21, .eperm)),
            ConformanceRow(
                "Q9", "pin: each kind of caching that is, over the same ends", "3.18",
                .pin(0x10, 0x1f, 4), .pin(0x10, 0x1f, 5), .pin(0x10, 0x1f, 6),
                .pin(0x10, 0x1f, delete), .pin(0x10, 0x1f, delete).gives(.enoent)),
            ConformanceRow(
                "Q10", "pin: in 4096 bytes, nothing is written back; frames need not be there", "1.4",
                .op(18, ["start": 0x1000, "end": 0x1fff, "type": 6, "pad": 0], bytes: 4096, filler: 0x5a).leavesAll(),
                .pin(0x1000, 0x1fff, delete)),
        ]
    }

    private static var cacheLimitRows: [ConformanceRow] {
        [
            ConformanceRow(
                "Q5", "pin: 64 ranges, and no more", "3.18",
                .pins(6, count: 64, from: 0x100, every: 2), .pin(0x300, 0x300, 6).gives(.enospc)),
            ConformanceRow(
                "Q11", "pin: at the limit, what replaces needs no room, and an overlap comes first", "3.18",
                .pin(0x100, 0x100, 4), .pin(0x100, 0x101, 6).gives(.ebusy), .pin(0x17e, 0x300, 6).gives(.ebusy),
                .pin(0x300, 0x300, 2).gives(.einval)),
            ConformanceRow(
                "Q12", "pin: one deleted leaves room for one", "3.18",
                .pin(0x13e, 0x13e, delete), .pin(0x300, 0x300, 6), .pin(0x13e, 0x13e, 6).gives(.enospc)),
        ]
    }

    /// Before 4.15 op 17 takes all ends as they are (dmop.md 3.17): a wrong one costs the guest a frame, and later rows
    /// their ground.
    private static var moveRows: [ConformanceRow] {
        [
            ConformanceRow(
                "U1", "move: the pad, the last destination, and numbers that wrap", "3.17",
                .op(17, ["size": 1, "pad": 1, "src_gfn": 0x220, "dst_gfn": 0x500]).gives(.einval),
                .move(1, 0x220, to: ~0).gives(.einval),
                .move(3, 0x220, to: ~0 - 1).gives(.eoverflow), .move(3, ~0 - 1, to: 0x500).gives(.eoverflow)
            ).since(.v4_15),
            ConformanceRow(
                "U2", "move: nothing at all, and what is not there", "3.17",
                .move(0, 0x220, to: 0x500), .move(1, 0x700, to: 0x500).givesNoFrame()),
            ConformanceRow(
                "U3", "move: a frame away, which is gone, and back", "3.17",
                .move(1, 0x220, to: 0x500), .move(1, 0x220, to: 0x500).givesNoFrame(), .move(1, 0x500, to: 0x220)),
            ConformanceRow(
                "U4", "move: several, and one over another", "3.17",
                .move(16, 0x230, to: 0x600), .move(1, 0x221, to: 0x222)),
            ConformanceRow(
                "U13", "move: in one round, its payload stays as it was", "1.4",
                .op(17, ["size": 16, "src_gfn": 0x600, "dst_gfn": 0x610])
                    .leaves(["size": 16, "src_gfn": 0x600, "dst_gfn": 0x610]),
                .move(16, 0x610, to: 0x600)
            ).onSandboxOnly(),
        ]
    }

    /// Holes: 0x221, 0x230 to 0x23f, 0x400 to 0x5ff. The highest frame is 0x60f.
    private static var moreMoveRows: [ConformanceRow] {
        [
            ConformanceRow(
                "U5", "move: the pad and the last destination come before what wraps, which comes before the frames",
                "3.17",
                .op(17, ["size": 5, "pad": 1, "src_gfn": .allOnes, "dst_gfn": 0]).gives(.einval),
                .op(17, ["size": 0, "pad": 1]).gives(.einval),
                .move(0, 0x220, to: ~0).gives(.einval), .move(5, ~0, to: ~0).gives(.einval),
                .move(5, ~0 - 1, to: 0x500).gives(.eoverflow)
            ).since(.v4_15),
            ConformanceRow(
                "U6", "move: an end of exactly 2^64 wraps, one less is no wrap", "3.17",
                .move(1, ~0, to: 0x500).gives(.eoverflow), .move(2, 0x700, to: ~0 - 1).gives(.eoverflow),
                .move(1, 0x700, to: ~0 - 1).givesNoFrame(), .move(0, ~0, to: 0x500),
                .move(0xffff_ffff, 0x700, to: 0x800).givesNoFrame()
            ).since(.v4_15),
            ConformanceRow(
                "U7", "move: it stops at a frame that is not there, and frames before it have moved", "3.17",
                .move(4, 0x60e, to: 0x400).givesNoFrame(),
                .move(1, 0x60e, to: 0x710).givesNoFrame(), .move(2, 0x400, to: 0x60e)),
            ConformanceRow(
                "U8", "move: more frames than a round, and back", "3.17",
                .move(0x120, 0x100, to: 0x800), .move(1, 0x100, to: 0x710).givesNoFrame(),
                .move(1, 0x21f, to: 0x710).givesNoFrame(), .move(0x120, 0x800, to: 0x100)),
            ConformanceRow(
                "U9", "the highest frame is the highest that ever was", "3.12",
                .setType(0x91f, 1, 2), .setType(0x920, 1, 2).gives(.einval)),
            ConformanceRow(
                "U10", "move: what has gone to device models can be moved over, and not be moved", "3.17",
                .setType(0x260, 1, 2), .move(1, 0x260, to: 0x500).givesNoFrame(),
                .move(1, 0x261, to: 0x260), .move(1, 0x260, to: 0x261)),
            ConformanceRow(
                "U11", "move: in 4096 bytes, bytes beyond the payload stay", "1.4",
                .op(17, ["size": 1, "pad": 0, "src_gfn": 0x270, "dst_gfn": 0x510], bytes: 4096, filler: 0x5a)
                    .leavesAllBut("size", "src_gfn", "dst_gfn"),
                .move(1, 0x510, to: 0x270)),
            ConformanceRow(
                "U12", "move: what is in a frame goes with it", "3.17",
                .mapFrames([0x280], as: "before").gives([0]), .write(4, at: "before", 0x1234_5678),
                .munmap("before"),
                .move(1, 0x280, to: 0x520), .mapFrames([0x520, 0x280], as: "after").gives([0, 22]),
                .read(4, at: "after").gives(0x1234_5678)),
        ]
    }
}

extension Step {
    /// The source has no page: real Xen 4.20 has another word for it.
    fileprivate func givesNoFrame() -> Step { gives(.einval).from(.v4_20, .eacces) }
}
