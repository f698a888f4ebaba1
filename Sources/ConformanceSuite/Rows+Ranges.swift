// Rows R: claiming ranges and giving them up. dmop.md 18.4, sections 3.3 and 3.4.

internal import HypervisorModel

extension ConformanceSuite {
    static var rangeBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.4 Ranges", on: .pausedPVH, setup: [.create(0, as: "A"), .create(0, as: "B"), .create(0, as: "C")],
                rows: rangeRows + mergingRows),
            ConformanceBlock(
                "18.4 Ranges: their number", on: .pausedPVH, setup: [.create(0, as: "A"), .create(0, as: "B")],
                rows: rangeLimitRows),
        ]
    }

    private static var rangeRows: [ConformanceRow] {
        [
            ConformanceRow(
                "R1", "claim and give up: the pad comes before the order of the ends", "3.3",
                .op(3, ["id": "A", "pad": 1, "start": 5, "end": 4]).gives(.einval),
                .op(4, ["id": "A", "pad": 1]).gives(.einval)),
            ConformanceRow(
                "R2", "claim: the order of the ends comes before the id", "3.3",
                .claim(99, .port, 5, 4).gives(.einval)),
            ConformanceRow(
                "R3", "claim: the id comes before the type", "3.3",
                .claim(99, .port, 4, 5).gives(.enoent),
                .claim(99, .unknown, 4, 5).gives(.enoent)),
            ConformanceRow(
                "R4", "claim: there are three types", "3.3",
                .claim("A", .unknown, 4, 5).gives(.einval)),
            ConformanceRow(
                "R5", "claim: a server has no port twice", "3.3",
                .claim("A", .port, 0x100, 0x10f),
                .claim("A", .port, 0x100, 0x10f).gives(.eexist),
                .claim("A", .port, 0x10f, 0x120).gives(.eexist)),
            ConformanceRow(
                "R6", "claim: a range may touch another", "3.3",
                .claim("A", .port, 0x110, 0x11f)),
            ConformanceRow(
                "R7", "claim: types do not see each other, and all numbers overlap any", "3.3",
                .claim("A", .memory, 0x100, 0x10f),
                .claim("A", .memory, 0, .allOnes).gives(.eexist)),
            ConformanceRow(
                "R8", "claim: ports have no upper bound", "3.3", .claim("A", .port, 0xf_fff0, 0x1f_fff0)),
            ConformanceRow(
                "R9", "give up: a part of two ranges that have merged", "3.4", .giveUp("A", .port, 0x108, 0x117)),
            ConformanceRow(
                "R10", "give up: what is not wholly claimed", "3.4",
                .giveUp("A", .port, 0x100, 0x108).gives(.enoent),
                .giveUp("A", .port, 0x110, 0x110).gives(.enoent)),
            ConformanceRow(
                "R11", "give up: the order of the ends, the type, the id", "3.4",
                .giveUp("A", .port, 9, 8).gives(.einval),
                .giveUp("A", .seven, 8, 8).gives(.einval),
                .giveUp(99, .port, 8, 8).gives(.enoent)),
            ConformanceRow(
                "R12", "claim: a PCI function, several, and a number beyond any", "3.3",
                .claim("A", .pci, 0x10, 0x10),
                .claim("A", .pci, 0x18, 0x1f),
                .claim("A", .pci, 0x100_0000_0000, 0x100_0000_0000)),
            ConformanceRow("R13", "claim: the last number of all", "3.3", .claim("A", .memory, .allOnes, .allOnes)),
            ConformanceRow(
                "R16", "claim: what another server has", "3.3",
                .claim("B", .port, 0x100, 0x107), .claim("B", .memory, 0, .allOnes)),
        ]
    }
}
