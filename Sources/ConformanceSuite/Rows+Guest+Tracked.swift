// Rows B: frames of memory type 4, whose writes are a server's, and servers by restricted handles. dmop.md 18.7,
// sections 3.12, 3.15, 9.3 and 10.

internal import HypervisorModel

extension ConformanceSuite {
    /// A frame that the exerciser does not use, and its address.
    private static let frame: UInt64 = 0x300
    private static let address: UInt64 = 0x30_0000

    static var trackedBlocks: [ConformanceBlock] {
        let holder: [Step] = [
            .create(0, as: "A"), .claim("A", .port, 0x200, 0x203), .serve("A"),
            .op(15, ["id": "A", "type": 4, "flags": 2]),
            .does(.store(address + 0x10, .four, 0x1111_1111)),
            .op(12, ["nr": 2, "mem_type": 4, "first_pfn": .number(frame)]),
        ]
        return [
            ConformanceBlock(
                "18.7 Write-tracked pages", on: .runningPVH, since: .v4_11, setup: holder,
                rows: trackedRows + [givenBackRow]),
            ConformanceBlock(
                "18.7 Write-tracked pages, a guest each", on: .runningPVH, guestPerRow: true, since: .v4_11,
                setup: holder, rows: [disabledHolderRow, shadowedHolderRow]),
        ]
    }

    private static var trackedRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B130", "a write to a frame of type 4 is its holder's, and memory keeps what it has", "3.15",
                .access(
                    .store(address + 0x10, .four, 0x2222_2222), asks: "A",
                    .write(.copy, .number(address + 0x10), .four, 0x2222_2222)),
                .does(.load(address + 0x10, .four)).gives(0x1111_1111)),
            ConformanceRow(
                "B131", "writes of each width come whole", "3.15", steps: trackedWidths),
            ConformanceRow(
                "B132", "rep movs to such a frame is a request for each element, its value in it", "4.2",
                .does(.poke(0, 0x0101_0101)), .does(.poke(4, 0x0202_0202)), .does(.poke(8, 0x0303_0303)),
                .begins(.moveOut(address + 0x20, .four, count: 3, offset: 0)),
                .sees("A", .write(.copy, .number(address + 0x20), .four, 0x0101_0101)), .answers("A"),
                .sees("A", .write(.copy, .number(address + 0x24), .four, 0x0202_0202)), .answers("A"),
                .sees("A", .write(.copy, .number(address + 0x28), .four, 0x0303_0303)), .answers("A"),
                .finishes()),
            ConformanceRow(
                "B133", "a write over two such frames is a request for each", "4.2",
                .begins(.store(address + 0xffe, .four, 0x4433_2211)),
                .sees("A", .write(.copy, .number(address + 0xffe), .two, 0x2211)), .answers("A"),
                .sees("A", .write(.copy, .number(address + 0x1000), .two, 0x4433)), .answers("A"),
                .finishes()),
            ConformanceRow(
                "B134", "rep movs out of such a frame is served from memory", "3.15",
                .does(.moveIn(address + 0x10, .four, count: 2, offset: 0x40)),
                .does(.peek(0x40)).gives(0x1111_1111)),
        ]
    }

    private static var trackedWidths: [Step] {
        AccessSize.allCases.map { size in
            let value = 0x8877_6655_4433_2211 & size.allOnes
            return .access(
                .store(address + 0x31, size, value), asks: "A",
                .write(.copy, .number(address + 0x31), size, .number(value)))
        }
    }

    private static var givenBackRow: ConformanceRow {
        ConformanceRow(
            "B135", "a holder that gives the type back makes its frames ordinary", "3.15",
            .op(15, ["id": "A", "type": 4, "flags": 0]),
            .does(.store(address + 0x10, .four, 0x3333_3333)),
            .does(.load(address + 0x10, .four)).gives(0x3333_3333))
    }

    private static var disabledHolderRow: ConformanceRow {
        ConformanceRow(
            "B136", "a holder that is disabled is asked all the same", "6",
            .disable("A"),
            .access(
                .store(address, .four, 5), asks: "A", .write(.copy, .number(address), .four, 5)),
            .does(.input(0x200, .four)).gives(0xffff_ffff))
    }

    private static var shadowedHolderRow: ConformanceRow {
        ConformanceRow(
            "B137", "ranges of other servers do not count", "6",
            .create(0, as: "B"), .claim("B", .memory, .number(address), .number(address + 0xfff)), .serve("B"),
            .access(
                .store(address, .four, 6), asks: "A", .write(.copy, .number(address), .four, 6)),
            .does(.load(address + 0x10, .four)).gives(0x1111_1111))
    }

    // MARK: Restricted handles

    static var restrictedBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.7 Restricted handles", on: .runningPVH, since: .v4_11,
                setup: [
                    .open(.privcmd, as: "privcmd"), .open(.evtchn, as: "evtchn"),
                    .restrict(to: "G", by: "privcmd"), .restrictEvents(to: "G"),
                    .create(0, as: "A"), .claim("A", .port, 0x200, 0x203),
                    .claim("A", .memory, 0xf000_0000, 0xf000_0fff), .serve("A"),
                ],
                rows: restrictedRows)
        ]
    }

    private static var restrictedRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B138", "a server by restricted handles is asked, and answers", "9.3",
                .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 1).gives(1),
                .access(.store(0xf000_0000, .four, 2), asks: "A", .write(.copy, 0xf000_0000, .four, 2))),
            ConformanceRow(
                "B139", "the guest's memory by a restricted handle", "9.4",
                .mapFrames(["buffer.frame"], as: "window").gives([0]),
                .write(4, at: "window+16", 0x1234_5678),
                .does(.peek(16)).gives(0x1234_5678),
                .does(.poke(20, 0x4321)),
                .read(4, at: "window+20").gives(0x4321)),
            ConformanceRow(
                "B140", "a message by a restricted handle", "3.14",
                .does(.arm(0x40)),
                .op(14, ["data": 0x40, "addr": 0xfee0_0000]),
                .does(.awaitVector(0x40, count: 1)).gives(1)),
            ConformanceRow(
                "B141", "claims, states and the end of a server by a restricted handle", "9.3",
                .claim("A", .port, 0x210, 0x213),
                .access(.input(0x210, .four), asks: "A", .read(.pio, 0x210, .four), answered: 3).gives(3),
                .disable("A"),
                .does(.input(0x210, .four)).gives(0xffff_ffff),
                .enable("A"),
                .destroy("A")),
            ConformanceRow(
                "B142", "other domains stay out of reach while the guest runs", "9.3",
                .op(20, on: 77).gives(.eperm),
                .mapFrames([5], on: 77).gives(.eperm),
                .bind(1, of: 77).gives(.eacces),
                .hypercall(999).gives(.eperm)),
        ]
    }
}
