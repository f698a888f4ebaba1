// Rows N, O and P: interrupt lines. Lines change on HVM guests only: a PVH guest has nothing that they lead to.
// dmop.md 18.5, sections 3.8 to 3.10. Not for: messages (Rows+Interrupts).

internal import HypervisorModel

extension ConformanceSuite {
    static var lineBlocks: [ConformanceBlock] {
        [
            ConformanceBlock("18.5 Lines: what is refused", on: .pausedPVH, rows: refusedLineRows),
            ConformanceBlock("18.5 Lines", on: .pausedHVM, rows: lineRows + moreLineRows),
        ]
    }

    private static var refusedLineRows: [ConformanceRow] {
        [
            ConformanceRow(
                "N1", "INTx: one segment, one bus, 32 devices, 4 pins, 2 levels", "3.8",
                .op(8, ["domain": 1]).gives(.einval), .op(8, ["bus": 1]).gives(.einval),
                .op(8, ["device": 32]).gives(.einval), .op(8, ["intx": 4]).gives(.einval),
                .op(8, ["level": 2]).gives(.einval)),
            ConformanceRow(
                "N3", "INTx: the highest numbers of all", "3.8",
                .op(8, ["domain": 0xffff]).gives(.einval), .op(8, ["domain": 0x100]).gives(.einval),
                .op(8, ["bus": 0xff]).gives(.einval), .op(8, ["device": 0xff]).gives(.einval),
                .op(8, ["intx": 0xff]).gives(.einval), .op(8, ["level": 0xff]).gives(.einval)),
            ConformanceRow(
                "O2", "ISA: 16 lines, 2 levels; the highest numbers of all", "3.9",
                .op(9, ["isa_irq": 16]).gives(.einval), .op(9, ["level": 2]).gives(.einval),
                .op(9, ["isa_irq": 0xff, "level": 1]).gives(.einval), .op(9, ["level": 0xff]).gives(.einval)),
            ConformanceRow(
                "P2", "link: 4 links, 16 lines; the highest numbers of all", "3.10",
                .op(10, ["link": 4]).gives(.einval), .op(10, ["isa_irq": 16]).gives(.einval),
                .op(10, ["link": 0xff]).gives(.einval), .op(10, ["link": 3, "isa_irq": 0xff]).gives(.einval)),
            ConformanceRow(
                "N4", "lines: the header's pad comes first", "1.2",
                .op(8, ["level": 2], headerPad: 1).gives(.einval), .op(9, headerPad: 1).gives(.einval),
                .op(10, headerPad: 1).gives(.einval)),
        ]
    }

    private static var lineRows: [ConformanceRow] {
        [
            ConformanceRow(
                "N2", "INTx: lowered where it is low; raised, raised, lowered", "3.8",
                .op(8, ["device": 3]),
                .op(8, ["device": 3, "level": 1]), .op(8, ["device": 3, "level": 1]), .op(8, ["device": 3])),
            ConformanceRow(
                "O1", "ISA: lines and levels that are none; lowered where it is low; raised, lowered", "3.9",
                .op(9, ["isa_irq": 16]).gives(.einval), .op(9, ["level": 2]).gives(.einval),
                .op(9, ["isa_irq": 4]), .op(9, ["isa_irq": 4, "level": 1]), .op(9, ["isa_irq": 4])),
            ConformanceRow(
                "P1", "link: links and lines that are none; led to a line, twice, and to none", "3.10",
                .op(10, ["link": 4]).gives(.einval), .op(10, ["isa_irq": 16]).gives(.einval),
                .op(10, ["isa_irq": 5]), .op(10, ["isa_irq": 5]), .op(10)),
        ]
    }

    private static var moreLineRows: [ConformanceRow] {
        [
            ConformanceRow(
                "N5", "INTx: the first and the last device and pin", "3.8",
                .op(8, ["device": 0, "intx": 0, "level": 1]), .op(8, ["device": 0, "intx": 0, "level": 0]),
                .op(8, ["device": 31, "intx": 3, "level": 1]), .op(8, ["device": 31, "intx": 3, "level": 0])),
            ConformanceRow(
                "N6", "INTx: what shares a GSI and a link is raised and lowered in any order", "3.8",
                .op(8, ["device": 1, "intx": 1, "level": 1]), .op(8, ["device": 9, "intx": 0, "level": 1]),
                .op(8, ["device": 1, "intx": 1, "level": 0]), .op(8, ["device": 9, "intx": 0, "level": 0])),
            ConformanceRow(
                "O3", "ISA: the first and the last line", "3.9",
                .op(9, ["isa_irq": 0, "level": 1]), .op(9, ["isa_irq": 0]),
                .op(9, ["isa_irq": 15, "level": 1]), .op(9, ["isa_irq": 15])),
            ConformanceRow(
                "P3", "link: each link, to the first and the last line and back to none", "3.10",
                steps: (0..<4).flatMap { (link: UInt64) in
                    [1, 15, 0].map { (irq: UInt64) in .op(10, ["link": .number(link), "isa_irq": .number(irq)]) }
                }),
            ConformanceRow(
                "P4", "link: led elsewhere while it is raised", "3.10",
                .op(10, ["link": 3, "isa_irq": 5]), .op(8, ["device": 3, "level": 1]),
                .op(10, ["link": 3, "isa_irq": 7]), .op(10, ["link": 3]), .op(10, ["link": 3, "isa_irq": 5]),
                .op(8, ["device": 3]), .op(10, ["link": 3])),
            ConformanceRow(
                "P5", "lines: in 4096 bytes, nothing is written back", "1.4",
                .op(8, ["domain": 0, "bus": 0, "device": 4, "intx": 0, "level": 0], bytes: 4096, filler: 0x5a)
                    .leavesAll(),
                .op(9, ["isa_irq": 5, "level": 0], bytes: 4096, filler: 0x5a).leavesAll(),
                .op(10, ["link": 0, "isa_irq": 0], bytes: 4096, filler: 0x5a).leavesAll()),
        ]
    }
}
