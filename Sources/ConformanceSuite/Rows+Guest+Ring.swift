// Rows B: the buffered ring of an HVM guest's VGA window. dmop.md 18.7, sections 4.3, 4.4 and 7.

internal import HypervisorModel

extension ConformanceSuite {
    static var ringBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.7 The ring, ATOMIC", on: .runningHVM, since: .v4_11, setup: ringServer(2),
                rows: entryRows + throughRows + [fullRow, nearlyFullRow, reducedRow]),
            ConformanceBlock(
                "18.7 The ring, LEGACY", on: .runningHVM, vcpus: [1], since: .v4_11, setup: ringServer(1),
                rows: [legacyRow]),
            ConformanceBlock(
                "18.7 The VGA window without a ring", on: .runningHVM, vcpus: [1], since: .v4_11,
                setup: [.create(0, as: "A"), .claim("A", .memory, 0xa0000, 0xbffff), .serve("A")],
                rows: [noRingRow]),
            ConformanceBlock(
                "18.7 The VGA window's addresses on PVH", on: .runningPVH, vcpus: [1], since: .v4_11,
                setup: ringServer(2, window: 0xf000_0000), rows: [noSourceRow]),
        ]
    }

    private static func ringServer(_ handling: UInt8, window: UInt64 = 0xa0000) -> [Step] {
        [
            .create(handling, as: "A"), .claim("A", .memory, .number(window), .number(window + 0x1ffff)),
            .mapResource("A", 0, 2), .enable("A"), .bindPorts(of: "A"),
            .op(2, ["id": "A", "flags": 1]).answering("bufioreq_port").named("bufioreq"),
            .open(.evtchn, as: "ring events"),
            .bind("bufioreq", by: "ring events").named("ring"),
            .eventsCome(1, by: "ring events").gives(4),
        ]
    }

    /// Pointers: read and write.
    private static func pointers(_ read: Wanted, _ write: Wanted) -> [Step] {
        [.read(4, at: "A.ring").gives(read), .read(4, at: "A.ring+4").gives(write)]
    }

    private static func slot(_ index: UInt64) -> Value { .named("A.ring", plus: 8 + 8 * index) }

    private static var entryRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B25", "a byte to the VGA window: an entry of the ring, and its port fires", "7",
                steps: [
                    .writeNode(["ring"], by: "ring events").gives(4),
                    .does(.store(0xa0010, .one, 0x5a)),
                ] + pointers(0, 1) + [
                    .read(8, at: slot(0)).gives(0x5a_a001_0001),
                    .eventsCome(1, by: "ring events").gives(4), .read(4, at: "memory").gives("ring"),
                ]),
            ConformanceRow(
                "B99", "2 and 4 bytes: the size code", "4.3",
                steps: [
                    .does(.store(0xa0010, .two, 0x5a5b)), .does(.store(0xbfffc, .four, 0x1234_5678)),
                ] + pointers(0, 3) + [
                    .read(8, at: slot(1)).gives(0x5a5b_a001_0401),
                    .read(8, at: slot(2)).gives(0x1234_5678_bfff_c801),
                ]),
            ConformanceRow(
                "B100", "8 bytes: two entries, the upper half in the second", "4.3",
                steps: [.does(.store(0xa0020, .eight, 0x1122_3344_5566_7788))] + pointers(0, 5) + [
                    .read(8, at: slot(3)).gives(0x5566_7788_a002_0c01),
                    .read(8, at: slot(4)).gives(0x1122_3344_a002_0c01),
                ]),
        ]
    }

    /// What does not go into the ring.
    private static var throughRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B101", "reads of the window are requests", "7",
                steps: [
                    .access(.load(0xa0010, .one), asks: "A", .read(.copy, 0xa0010, .one), answered: 0x31).gives(0x31),
                    .access(.load(0xb8000, .four), asks: "A", .read(.copy, 0xb8000, .four), answered: 7).gives(7),
                ] + pointers(0, 5)),
            ConformanceRow(
                "B102", "strings of several elements are requests", "7",
                steps: [
                    .access(
                        .moveOut(0xa0000, .four, count: 4, offset: 0), asks: "A",
                        .write(.copy, 0xa0000, .four).elements(4, at: "buffer"))
                ] + pointers(0, 5)),
            ConformanceRow(
                "B103", "writes beside the window are requests", "7",
                steps: [
                    .claim("A", .memory, 0xf000_0000, 0xf000_0fff),
                    .access(.store(0xf000_0000, .one, 1), asks: "A", .write(.copy, 0xf000_0000, .one, 1)),
                ] + pointers(0, 5)),
        ]
    }

    private static var fullRow: ConformanceRow {
        ConformanceRow(
            "B104", "511 entries are in a full ring: the next write is a request", "7",
            steps: [.does(.repeatStore(0xa0000, .one, 3, rounds: 506))] + pointers(0, 511) + [
                .access(.store(0xa0001, .one, 4), asks: "A", .write(.copy, 0xa0001, .one, 4))
            ] + pointers(0, 511))
    }

    private static var nearlyFullRow: ConformanceRow {
        ConformanceRow(
            "B105", "a write of 8 bytes where one entry is free is a request, one of a byte an entry", "7",
            steps: [
                .write(4, at: "A.ring", 1),
                .access(.store(0xa0008, .eight, 5), asks: "A", .write(.copy, 0xa0008, .eight, 5)),
                .does(.store(0xa0002, .one, 6)),
            ] + pointers(1, 512) + [.read(8, at: slot(0)).gives(0x6_a000_2001)])
    }

    private static var reducedRow: ConformanceRow {
        ConformanceRow(
            "B106", "ATOMIC: Xen takes 511 from both pointers when the read pointer has it", "7",
            steps: [.write(4, at: "A.ring", 512), .does(.store(0xa0003, .one, 7))] + pointers(1, 2) + [
                .read(8, at: slot(1)).gives(0x7_a000_3001)
            ])
    }

    private static var legacyRow: ConformanceRow {
        ConformanceRow(
            "B107", "LEGACY: pointers are never reduced", "7",
            steps: [.does(.repeatStore(0xa0000, .one, 3, rounds: 511))] + pointers(0, 511) + [
                .write(4, at: "A.ring", 511), .does(.store(0xa0003, .one, 7)),
            ] + pointers(511, 512) + [.read(8, at: slot(0)).gives(0x7_a000_3001)])
    }

    private static var noRingRow: ConformanceRow {
        ConformanceRow(
            "B108", "OFF: writes to the window are requests", "7",
            .access(.store(0xa0010, .one, 0x5a), asks: "A", .write(.copy, 0xa0010, .one, 0x5a)),
            .access(.store(0xa0010, .eight, 9), asks: "A", .write(.copy, 0xa0010, .eight, 9)))
    }

    private static var noSourceRow: ConformanceRow {
        ConformanceRow(
            "B109", "PVH: a server's ring stays empty, its writes are requests", "7",
            steps: [.access(.store(0xf000_0010, .one, 1), asks: "A", .write(.copy, 0xf000_0010, .one, 1))]
                + pointers(0, 0))
    }
}
