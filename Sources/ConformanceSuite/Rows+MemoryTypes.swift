// Rows W and X: what frames are, and who gets the writes to those of type 4. dmop.md 18.5, sections 3.12 and 3.15.
// Not for: where frames are (Rows+MovedMemory).

internal import HypervisorModel

extension ConformanceSuite {
    static var memoryTypeBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.5 Memory types", on: .pausedPVH, setup: [.create(0, as: "A")], rows: typeRows + moreTypeRows),
            ConformanceBlock(
                "18.5 The holder of memory type 4", on: .pausedPVH,
                setup: [.create(0, as: "A"), .create(0, as: "B")], rows: holderRows + moreHolderRows),
            ConformanceBlock(
                "18.5 The holder of type 4: a guest that writes", on: .runningPVH,
                guestPerRow: true, since: .v4_11,
                setup: [.frame(of: "buffer").named("f"), .create(0, as: "A"), .serve("A")],
                rows: trackedRows),
        ]
    }

    private static var typeRows: [ConformanceRow] {
        [
            ConformanceRow(
                "W1", "type: the pad, no frames, frames beyond the highest", "3.12",
                .op(12, ["nr": 1, "pad": 1, "first_pfn": 5]).gives(.einval),
                .setType(5, 0, 0).gives(.einval), .setType(0, 0, 0).gives(.einval),
                .setType(0xf_ffff, 1, 0).gives(.einval), .setType(~0, 2, 0).gives(.einval)),
            ConformanceRow(
                "W2", "type: those that are none, and type 4 that nobody holds", "3.12",
                .setType(0x200, 1, 3).gives(.einval), .setType(0x200, 1, 5).gives(.einval),
                .setType(0x200, 1, 4).gives(.einval)),
            ConformanceRow(
                "W3", "type: read-only and back, and again", "3.12",
                .setType(0x200, 2, 1), .setType(0x200, 2, 0), .setType(0x200, 2, 0)),
            ConformanceRow(
                "W4", "type: what has gone to device models does not come back", "3.12",
                .setType(0x202, 1, 2), .setType(0x202, 1, 0).gives(.einval), .setType(0x202, 1, 2)),
            ConformanceRow(
                "W5", "type: it stops at a frame that may not, and frames before it have changed", "3.12",
                .setType(0x180, 600, 1).gives(.einval),
                .holdType("A", 2),
                .setType(0x180, 1, 4).gives(.einval), .setType(0x201, 1, 4).gives(.einval), .setType(0x203, 1, 4),
                .setType(0x203, 1, 0), .holdType("A", 0)),
            ConformanceRow(
                "W6", "type: as many frames as one round", "3.12",
                .setType(0x280, 0x100, 1), .setType(0x280, 0x100, 0)),
        ]
    }

    /// Frame 0x202 has gone to device models; 0x180 to 0x201 are read-only.
    private static var moreTypeRows: [ConformanceRow] {
        [
            ConformanceRow(
                "W7", "type: the last frame is the highest one at most", "3.12",
                .setType(0x3ff, 1, 1), .setType(0x3f0, 0x10, 0),
                .setType(0x400, 1, 1).gives(.einval), .setType(0x3ff, 2, 1).gives(.einval),
                .setType(0x100, 0xffff_ffff, 1).gives(.einval)),
            ConformanceRow(
                "W8", "type: 16 bits count", "3.12",
                .setType(0x210, 1, 0x100).gives(.einval), .setType(0x210, 1, 0x101).gives(.einval),
                .setType(0x210, 1, 0xffff).gives(.einval)),
            ConformanceRow(
                "W9", "type: one frame more than a round, and a bad one in a later round", "3.12",
                .setType(0x280, 0x101, 1), .setType(0x280, 0x101, 0),
                .setType(0x100, 0x200, 1).gives(.einval),
                .holdType("A", 2),
                .setType(0x100, 1, 4).gives(.einval), .setType(0x203, 1, 4), .setType(0x203, 1, 0),
                .holdType("A", 0)),
            ConformanceRow(
                "W10", "type: read-only memory goes to device models, and is not to be mapped any more", "3.12",
                .mapFrames([0x201], as: "before").gives([0]), .setType(0x201, 1, 2),
                .mapFrames([0x201], as: "after").gives([22]), .setType(0x201, 1, 1).gives(.einval)),
            ConformanceRow(
                "W11", "type: in 4096 bytes; only the progress may have changed", "1.5",
                .op(12, ["nr": 0x101, "mem_type": 0, "pad": 0, "first_pfn": 0x280], bytes: 4096, filler: 0x5a)
                    .leavesAllBut("nr", "first_pfn")),
            ConformanceRow(
                "W12", "type: a hole may go to device models, and be nothing else", "3.12",
                .move(1, 0x210, to: 0x500),
                .setType(0x210, 1, 0).gives(.einval), .setType(0x210, 1, 1).gives(.einval), .setType(0x210, 1, 2),
                .setType(0x480, 1, 0).gives(.einval), .setType(0x480, 1, 2), .setType(0x501, 1, 2).gives(.einval)
            ).since(.v4_11),
        ]
    }

    private static var holderRows: [ConformanceRow] {
        [
            ConformanceRow(
                "X1", "hold: the type, the flags, the id, and who has it", "3.15",
                .op(15, ["id": "A", "type": 0, "flags": 2]).gives(.einval),
                .holdType("A", 1).gives(.einval), .holdType("A", 4).gives(.einval),
                .holdType(99, 2).gives(.enoent), .holdType("A", 0).gives(.einval)),
            ConformanceRow(
                "X2", "hold: one server has it, once", "3.15",
                .holdType("A", 2), .holdType("A", 2).gives(.ebusy), .holdType("B", 2).gives(.ebusy),
                .holdType("B", 0).gives(.einval)),
            ConformanceRow(
                "X3", "type 4: from ordinary memory, and back to it", "3.12",
                .setType(0x210, 2, 4), .setType(0x210, 1, 1).gives(.einval), .setType(0x210, 1, 0),
                .setType(0x220, 1, 1), .setType(0x220, 1, 4).gives(.einval)),
            ConformanceRow(
                "X4", "hold: given back with a frame left, it is free", "3.15",
                .holdType("A", 0), .holdType("B", 2)),
            ConformanceRow(
                "X5", "hold: the holder's end gives it back", "3.15", .destroy("B"), .holdType("A", 2)),
            ConformanceRow(
                "X6", "hold: progress that nobody has handed out", "15.3",
                .holdType("A", 0),
                .op(15, ["id": "A", "type": 4, "flags": 2, "opaque": 1]).gives(.einval),
                .holdType("A", 2)
            ).onSandboxOnly(),
        ]
    }

    /// Of the servers A is there, and holds the type.
    private static var moreHolderRows: [ConformanceRow] {
        [
            ConformanceRow(
                "X8", "hold: type and flags come before the id, the id before who has it", "3.15",
                .op(15, ["id": 99, "type": 3, "flags": 2]).gives(.einval), .holdType(99, 3).gives(.einval),
                .holdType(99, 0x8000_0000).gives(.einval), .holdType(99, 2).gives(.enoent),
                .holdType(99, 0).gives(.enoent)),
            ConformanceRow(
                "X9", "hold: flags that are none, beside the one that is", "3.15",
                .holdType("A", 3).gives(.einval), .holdType("A", 6).gives(.einval)),
            ConformanceRow(
                "X10", "hold: a server of the holder's id is not the holder", "3.15",
                .destroy("A"), .create(0).gives("A"), .holdType("A", 0).gives(.einval), .holdType("A", 2)),
            ConformanceRow(
                "X11", "hold: frames that a holder's end has left keep the type from others", "3.15",
                .setType(0x211, 2, 4), .destroy("A"), .create(0).gives("A"),
                .holdType("A", 2).gives(.ebusy),
                .setType(0x213, 1, 4).gives(.einval),
                .setType(0x211, 1, 0), .holdType("A", 2).gives(.ebusy),
                .setType(0x212, 1, 0), .holdType("A", 2)),
            ConformanceRow(
                "X12", "hold: given back with more frames than a round goes through", "3.15",
                .setType(0x240, 0x180, 4), .holdType("A", 0),
                .setType(0x240, 0x180, 1), .setType(0x240, 0x180, 0),
                .holdType("A", 2)),
            ConformanceRow(
                "X13", "type 4: not read-only memory, not what has gone to device models; and it does not go there",
                "3.12",
                .setType(0x230, 1, 2), .setType(0x230, 1, 4).gives(.einval),
                .setType(0x231, 1, 4), .setType(0x231, 1, 2).gives(.einval), .setType(0x231, 1, 4).gives(.einval),
                .setType(0x231, 1, 0), .setType(0x231, 1, 2)),
        ]
    }

    /// "f" is the first frame of the exerciser's buffer.
    private static var trackedRows: [ConformanceRow] {
        [
            ConformanceRow(
                "X7", "type 4: without its holder a write is tried for ever, and the domain can be shut down", "3.15",
                .holdType("A", 2), .op(12, ["nr": 1, "mem_type": 4, "first_pfn": "f"]), .destroy("A"),
                .begins(.poke(8, 1)), .waits(),
                .op(16, ["reason": 1]), .shutdownReason.gives(1)),
            ConformanceRow(
                "X14", "type 4: its holder gets writes, which it does not claim; reads are memory's", "6",
                .holdType("A", 2), .op(12, ["nr": 1, "mem_type": 4, "first_pfn": "f"]),
                .access(.poke(8, 0x1234), asks: "A", .write(.copy, "buffer+8", .four, 0x1234)),
                .does(.peek(8)).gives(0)),
            ConformanceRow(
                "X15", "type 4: a disabled holder gets writes all the same; given back, they are memory's", "6",
                .holdType("A", 2), .op(12, ["nr": 1, "mem_type": 4, "first_pfn": "f"]), .disable("A"),
                .access(.poke(8, 0x1234), asks: "A", .write(.copy, "buffer+8", .four, 0x1234)),
                .holdType("A", 0), .does(.poke(8, 0x5678)), .does(.peek(8)).gives(0x5678)),
            ConformanceRow(
                "X16", "type 4: a write over the end of a frame comes in parts, of which the holder gets its own",
                "4.2",
                .holdType("A", 2), .op(12, ["nr": 1, "mem_type": 4, "first_pfn": "f+1"]),
                .access(.poke(0xffe, 0x1234_5678), asks: "A", .write(.copy, "buffer+4096", .two, 0x1234)),
                .does(.peek(0xffc)).gives(0x5678_0000)),
        ]
    }
}
