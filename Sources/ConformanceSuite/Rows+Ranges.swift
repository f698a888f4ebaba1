// Rows R: claiming ranges and giving them up. dmop.md 18.4, sections 3.3 and 3.4.

internal import HypervisorModel

extension ConformanceSuite {
    static var rangeBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.4 Ranges", on: .pausedPVH, setup: [.create(0, as: "A")], rows: rangeRows)
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
        ]
    }
}
