// Rows R of our own: ranges that touch, overlap, merge and are cut, and how many there may be. dmop.md 18.4, sections
// 3.3 and 3.4. Not for: the checks before a range is looked at (Rows+Ranges).

internal import HypervisorModel

extension ConformanceSuite {
    static var mergingRows: [ConformanceRow] {
        [
            ConformanceRow(
                "R17", "give up: the pad, then the ends, then the id, then the type", "3.4",
                .op(4, ["id": 99, "pad": 1, "type": 7, "start": 5, "end": 4]).gives(.einval),
                .giveUp(99, .seven, 5, 4).gives(.einval),
                .giveUp(99, .seven, 4, 5).gives(.enoent),
                .giveUp("C", .unknown, 4, 5).gives(.einval)),
            ConformanceRow(
                "R18", "claim: overlaps at either end, around, inside and of the same", "3.3",
                .claim("C", .port, 0x200, 0x20f),
                .claim("C", .port, 0x1f0, 0x200).gives(.eexist),
                .claim("C", .port, 0x20f, 0x21f).gives(.eexist),
                .claim("C", .port, 0x1ff, 0x210).gives(.eexist),
                .claim("C", .port, 0x204, 0x204).gives(.eexist),
                .claim("C", .port, 0x200, 0x20f).gives(.eexist)),
            ConformanceRow(
                "R19", "claim: neighbours on both sides are no overlap, and are one range with it", "3.3",
                .claim("C", .port, 0x1ff, 0x1ff), .claim("C", .port, 0x210, 0x210),
                .giveUp("C", .port, 0x1ff, 0x210),
                .giveUp("C", .port, 0x200, 0x200).gives(.enoent)),
            ConformanceRow(
                "R20", "claim: what fills a gap makes one range of three", "3.3",
                .claim("C", .memory, 0x1000, 0x1fff), .claim("C", .memory, 0x3000, 0x3fff),
                .giveUp("C", .memory, 0x1000, 0x3fff).gives(.enoent),
                .claim("C", .memory, 0x2000, 0x2fff),
                .giveUp("C", .memory, 0x1000, 0x3fff)),
            ConformanceRow(
                "R21", "give up: head, tail and middle leave the rest", "3.4",
                .claim("C", .memory, 0x1000, 0x1fff),
                .giveUp("C", .memory, 0x1000, 0x10ff), .giveUp("C", .memory, 0x1f00, 0x1fff),
                .giveUp("C", .memory, 0x1800, 0x1800),
                .giveUp("C", .memory, 0x10ff, 0x1100).gives(.enoent),
                .giveUp("C", .memory, 0x17ff, 0x1801).gives(.enoent),
                .giveUp("C", .memory, 0x1100, 0x17ff), .giveUp("C", .memory, 0x1801, 0x1eff)),
            ConformanceRow(
                "R22", "all numbers, and then all but the first, the last and one between", "3.3",
                .claim("C", .pci, 0, .allOnes),
                .claim("C", .pci, 0, 0).gives(.eexist),
                .giveUp("C", .pci, 0, 0), .giveUp("C", .pci, .allOnes, .allOnes), .giveUp("C", .pci, 5, 5),
                .giveUp("C", .pci, 0, 4).gives(.enoent),
                .giveUp("C", .pci, 1, 4),
                .claim("C", .pci, 0, 5), .claim("C", .pci, .allOnes, .allOnes),
                .giveUp("C", .pci, 0, .allOnes)),
            ConformanceRow(
                "R23", "the same numbers of all three types", "3.3",
                .claim("C", .port, 7, 7), .claim("C", .memory, 7, 7), .claim("C", .pci, 7, 7),
                .giveUp("C", .memory, 7, 7), .giveUp("C", .memory, 7, 7).gives(.enoent),
                .giveUp("C", .port, 7, 7), .giveUp("C", .pci, 7, 7)),
            ConformanceRow(
                "R24", "what another server has can't be given up", "3.4",
                .giveUp("C", .memory, 0x100, 0x10f).gives(.enoent)),
            ConformanceRow(
                "R25", "claim and give up in 4096 bytes: nothing is written back", "1.4",
                .op(3, ["id": "C", "pad": 0, "type": 0, "start": 1, "end": 2], bytes: 4096, filler: 0x5a)
                    .leavesAll(),
                .op(4, ["id": "C", "pad": 0, "type": 0, "start": 1, "end": 2], bytes: 4096, filler: 0x5a)
                    .leavesAll()),
            ConformanceRow(
                "R26", "a server of the same id has none of the old one's ranges", "3.6",
                .claim("C", .port, 0x300, 0x300), .destroy("C"), .create(0).gives("C"),
                .giveUp("C", .port, 0x300, 0x300).gives(.enoent), .claim("C", .port, 0x300, 0x300)),
        ]
    }

    static var rangeLimitRows: [ConformanceRow] {
        [
            ConformanceRow(
                "R14", "claim: 256 ranges of a type, and no more", "3.3",
                .claims("A", .memory, count: 256, from: 0x1000, every: 0x20),
                .claim("A", .memory, 0x8000, 0x8000).gives(.enomem)),
            ConformanceRow(
                "R15", "give up: a cut in the middle needs room", "3.4",
                .giveUp("A", .memory, 0x1000, 0x1000),
                .claim("A", .memory, 0x8000, 0x8010),
                .giveUp("A", .memory, 0x8008, 0x8008).gives(.enomem)),
            ConformanceRow(
                "R27", "claim: at the limit, an overlap comes before the room", "3.3",
                .claim("A", .memory, 0x8010, 0x8020).gives(.eexist)),
            ConformanceRow(
                "R28", "claim: at the limit, what goes on after a range needs no room, what ends before one does",
                "3.3",
                .claim("A", .memory, 0x8011, 0x8011),
                .claim("A", .memory, 0x7fff, 0x7fff).gives(.enomem)),
            ConformanceRow(
                "R29", "give up: at the limit, ends need no room, and what is not claimed is not found", "3.4",
                .giveUp("A", .memory, 0x8000, 0x8000), .giveUp("A", .memory, 0x8011, 0x8011),
                .giveUp("A", .memory, 0x9000, 0x9000).gives(.enoent)),
            ConformanceRow(
                "R30", "claim: two ranges that have merged leave room for one", "3.3",
                .claim("A", .memory, 0x1021, 0x103f),
                .claim("A", .memory, 0x9000, 0x9000), .claim("A", .memory, 0xa000, 0xa000).gives(.enomem)),
            ConformanceRow(
                "R31", "the limit is each type's, and each server's", "1.6",
                .claim("A", .port, 0x100, 0x100), .claim("A", .pci, 0x100, 0x100),
                .claim("B", .memory, 0xa000, 0xa000)),
        ]
    }
}
