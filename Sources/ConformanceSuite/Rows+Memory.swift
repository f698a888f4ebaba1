// Rows V and Y: which frames were written to, by op 7 and op 11. dmop.md 18.5, sections 3.7 and 3.11.
// Not for: what frames are (Rows+MemoryTypes), where they are (Rows+MovedMemory).

internal import HypervisorModel

extension ConformanceSuite {
    static var memoryBlocks: [ConformanceBlock] {
        [
            ConformanceBlock("18.5 Dirty frames of a window", on: .pausedPVH, rows: windowRows + moreWindowRows),
            ConformanceBlock(
                "18.5 Dirty frames of a window: a guest that writes", on: .runningPVH, since: .v4_11,
                setup: [.frame(of: "buffer").named("f")], rows: writtenRows),
            ConformanceBlock(
                "18.5 Modified memory", on: .pausedPVH, rows: modifiedRows + moreModifiedRows),
        ] + memoryTypeBlocks + movedMemoryBlocks
    }

    private static var windowRows: [ConformanceRow] {
        [
            ConformanceRow(
                "V1", "dirty: the pad, the second buffer, the limit of frames", "3.7",
                .op(7, ["nr": 16, "pad": 1], data: .bytes(2)).gives(.einval),
                .op(7, ["nr": 16]).gives(.einval),
                .dirty(0, 262145, data: 4096).gives(.einval)),
            ConformanceRow(
                "V2", "dirty: a bit for each frame has to have room", "3.7",
                .dirty(0, 32769, data: 4096).gives(.einval),
                .dirty(0, 9, data: 1).gives(.einval)),
            ConformanceRow("V3", "dirty: no frames stop what is not on", "3.7", .dirty(0, 0, data: 1)),
            ConformanceRow(
                "V4", "dirty: all at first, and then none", "3.7",
                .dirty(0x100, 16, data: 2).leavesData([0xff, 0xff]),
                .dirty(0x100, 16, data: 2).leavesData([0, 0])),
            ConformanceRow(
                "V5", "dirty: of a new window the unused bits too", "3.7",
                .dirty(0x100, 9, data: 2).leavesData([0xff, 0xff])),
            ConformanceRow(
                "V6", "dirty: as many frames as Linux lets through", "3.7", .dirty(0, 32768, data: 4096)),
        ]
    }

    private static var moreWindowRows: [ConformanceRow] {
        [
            ConformanceRow(
                "V8", "dirty: a domain has one window, and another one ends it", "3.7",
                .dirty(0x100, 16, data: 2).leavesData([0xff, 0xff]),
                .dirty(0x110, 16, data: 2).leavesData([0xff, 0xff]),
                .dirty(0x100, 16, data: 2).leavesData([0xff, 0xff]),
                .dirty(0x100, 16, data: 2).leavesData([0, 0])),
            ConformanceRow(
                "V9", "dirty: a window of another length is another window", "3.7",
                .dirty(0x100, 15, data: 2).leavesData([0xff, 0xff]),
                .dirty(0x100, 16, data: 2).leavesData([0xff, 0xff])),
            ConformanceRow(
                "V10", "dirty: as many bytes are written as have bits, and no more", "3.7",
                .op(7, ["nr": 9, "first_pfn": 0x100], data: .bytes(4096, of: 0x5a))
                    .leavesData([0xff, 0xff, 0x5a, 0x5a]),
                .op(7, ["nr": 9, "first_pfn": 0x100], data: .bytes(4, of: 0x5a)).leavesData([0, 0, 0x5a, 0x5a])),
            ConformanceRow(
                "V11", "dirty: the room for a byte less, enough, and more", "3.7",
                .dirty(0, 32761, data: 4095).gives(.einval), .dirty(0, 32760, data: 4095),
                .dirty(0, 1, data: 1), .dirty(0, 8, data: 1), .dirty(0, 8, data: 2)),
            ConformanceRow(
                "V12", "dirty: a refusal leaves the buffer and the window", "3.7",
                .dirty(0x100, 16, data: 2), .dirty(0x100, 16, data: 2),
                .op(7, ["nr": 17, "first_pfn": 0x100], data: .these([1, 2])).gives(.einval).leavesData([1, 2]),
                .dirty(0x100, 16, data: 2).leavesData([0, 0])),
            ConformanceRow(
                "V13", "dirty: to stop, too, the pad is 0 and the second buffer is there; nothing is written", "3.7",
                .op(7, ["nr": 0, "pad": 1], data: .bytes(1)).gives(.einval),
                .op(7, ["nr": 0]).gives(.einval),
                .op(7, ["nr": 0], data: .these([0x5a])).leavesData([0x5a]),
                .dirty(0x100, 16, data: 2).leavesData([0xff, 0xff])),
            ConformanceRow(
                "V14", "dirty: a window that leaves the memory, and one beyond it: all at first, then none", "3.7",
                .dirty(0x3f8, 16, data: 2).leavesData([0xff, 0xff]), .dirty(0x3f8, 16, data: 2).leavesData([0, 0]),
                .dirty(0x1000, 16, data: 2).leavesData([0xff, 0xff]), .dirty(0x1000, 16, data: 2).leavesData([0, 0])),
            ConformanceRow(
                "V15", "dirty: of its payload nothing is written back", "1.4",
                .op(7, ["nr": 16, "pad": 0, "first_pfn": 0x100], bytes: 4096, filler: 0x5a, data: .bytes(2))
                    .leavesAll()),
            ConformanceRow(
                "V20", "dirty: by HYPERCALL, a bitmap that can't be written; its length comes first", "3.7",
                .write(8, at: "memory", "memory+256"), .write(8, at: "memory+8", 32),
                .write(8, at: "memory+16", "readonly"), .write(8, at: "memory+24", 2),
                .write(32, at: "memory+256", 7), .write(8, at: "memory+272", 0x200),
                .write(4, at: "memory+264", 17), .hypercall(41, ["G", 2, "memory"]).gives(.einval),
                .write(4, at: "memory+264", 16), .hypercall(41, ["G", 2, "memory"]).gives(.efault)),
        ]
    }

    /// "f" is the first of the four frames of the exerciser's buffer.
    private static var writtenRows: [ConformanceRow] {
        [
            ConformanceRow(
                "V7", "dirty: what the guest has written, once; not what a device model has", "3.7",
                .dirty("f", 4, data: 1).leavesData([0xff]), .dirty("f", 4, data: 1).leavesData([0]),
                .does(.poke(0, 1)), .does(.poke(0x2ffc, 1)),
                .dirty("f", 4, data: 1).leavesData([0b0101]), .dirty("f", 4, data: 1).leavesData([0]),
                .mapFrames(["f+3"], as: "ours").gives([0]), .write(4, at: "ours", 1),
                .op(11, ["nr_extents": 1], data: .extents([.init("f+3", 1)])),
                .dirty("f", 4, data: 1).leavesData([0]),
                .dirty("f", 0, data: 1), .dirty("f", 4, data: 1).leavesData([0xff])),
            ConformanceRow(
                "V16", "dirty: a window's first and last frame are in it, and their neighbours are not", "3.7",
                .dirty("f+1", 2, data: 1).leavesData([0xff]),
                .does(.poke(0, 1)), .does(.poke(0x3000, 1)), .dirty("f+1", 2, data: 1).leavesData([0]),
                .does(.poke(0x1000, 1)), .does(.poke(0x2ffc, 1)), .dirty("f+1", 2, data: 1).leavesData([0b11])),
            ConformanceRow(
                "V17", "dirty: a write over the end of a frame is of both", "3.7",
                .does(.poke(0x1ffe, 0x1234_5678)), .dirty("f+1", 2, data: 1).leavesData([0b11]),
                .does(.poke(0xffe, 0x1234_5678)), .dirty("f+1", 2, data: 1).leavesData([0b01])),
            ConformanceRow(
                "V18", "dirty: what the guest reads is not written; what it writes as it was, is", "3.7",
                .does(.peek(0x1ffe)).gives(0x1234_5678), .dirty("f+1", 2, data: 1).leavesData([0]),
                .does(.poke(0x1ffe, 0x1234_5678)), .dirty("f+1", 2, data: 1).leavesData([0b11])),
            ConformanceRow(
                "V19", "dirty: what was written before a window began is not told apart", "3.7",
                .does(.poke(0x1000, 1)), .dirty("f", 4, data: 1).leavesData([0xff]),
                .dirty("f", 4, data: 1).leavesData([0])),
        ]
    }
}
