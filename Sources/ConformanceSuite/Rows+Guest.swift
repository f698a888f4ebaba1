// Rows B: a running guest's accesses and the servers that are asked. dmop.md 18.7, sections 4 to 6.
// Here: who is asked, widths, selection. Not for: strings, slots, PCI, the ring, interrupts (Rows+Guest+*.swift).

internal import HypervisorModel

extension ConformanceSuite {
    static var guestBlocks: [ConformanceBlock] {
        let basic = [
            ConformanceBlock(
                "18.7 Accesses", on: .runningPVH, since: .v4_11, setup: GuestServers.all,
                rows: accessRows + widthRows + [lastAccessRow]),
            ConformanceBlock(
                "18.7 Selection", on: .runningPVH, since: .v4_11, setup: GuestServers.all,
                rows: selectionRows + memorySelectionRows + changingRows),
        ]
        return basic + stringBlocks + configurationBlocks + slotBlocks + ringBlocks + interruptGuestBlocks
            + trackedBlocks + restrictedBlocks
    }

    private static var accessRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B1", "a port: the request, and an answer that is too wide", "4.1",
                .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 0x1234_5678)
                    .gives(0x1234_5678),
                .access(.input(0x203, .one), asks: "A", .read(.pio, 0x203, .one), answered: 0x1234_5678).gives(0x78)),
            ConformanceRow(
                "B2", "partly claimed, not claimed, over two servers: nobody is asked", "6",
                .does(.input(0x202, .four)).gives(0xffff_ffff),
                .does(.input(0x400, .four)).gives(0xffff_ffff),
                .does(.input(0x207, .two)).gives(0xffff)),
            ConformanceRow(
                "B3", "claimed twice: the higher id", "6",
                .access(.input(0x300, .one), asks: "B", .read(.pio, 0x300, .one), answered: 0x5b).gives(0x5b),
                .access(.output(0x300, .one, 0x42), asks: "B", .write(.pio, 0x300, .one, 0x42))),
            ConformanceRow(
                "B4", "a disabled server is passed over, and has its port again afterwards", "3.5",
                .port("B", vcpu: 0).named("old"),
                .disable("B"),
                .access(.input(0x300, .one), asks: "A", .read(.pio, 0x300, .one), answered: 0x5a).gives(0x5a),
                .does(.input(0x204, .four)).gives(0xffff_ffff),
                .enable("B"),
                .access(.input(0x204, .four), asks: "B", .read(.pio, 0x204, .four), answered: 4).gives(4),
                .port("B", vcpu: 0).gives("old")),
            ConformanceRow(
                "B5", "memory: one COPY of the access' size", "4.2",
                .access(.load(0xf000_0010, .four), asks: "A", .read(.copy, 0xf000_0010, .four), answered: 0xcafe)
                    .gives(0xcafe),
                .access(.store(0xf000_0010, .four, 0x1234), asks: "A", .write(.copy, 0xf000_0010, .four, 0x1234))),
            ConformanceRow(
                "B6", "memory over a page: a request for each page, each looked up by itself", "4.2",
                .begins(.load(0xf000_0ffe, .four)),
                .sees("A", .read(.copy, 0xf000_0ffe, .two)), .answers("A", 0x1111),
                .sees("B", .read(.copy, 0xf000_1000, .two)), .answers("B", 0x2222),
                .finishes().gives(0x2222_1111)),
            ConformanceRow(
                "B7", "ranges that touch are one; memory that nobody has claimed", "6",
                .access(.load(0xf000_4002, .four), asks: "A", .read(.copy, 0xf000_4002, .four), answered: 7).gives(7),
                .does(.load(0xf000_3000, .four)).gives(0xffff_ffff)),
        ]
    }

    private static var widthRows: [ConformanceRow] {
        [
            ConformanceRow("B36", "ports: each width, in and out", "4.1", steps: portWidths),
            ConformanceRow("B37", "memory: each width, loads and stores, aligned or not", "4.2", steps: memoryWidths),
            ConformanceRow(
                "B38", "a write's value is cut to the access", "4.1",
                .access(.output(0x200, .one, 0xabcd), asks: "A", .write(.pio, 0x200, .one, 0xcd)),
                .access(.output(0x200, .two, 0x1234_abcd), asks: "A", .write(.pio, 0x200, .two, 0xabcd))),
            ConformanceRow(
                "B39", "an answer to a write gives nothing", "5",
                .begins(.output(0x200, .four, 1)), .sees("A", .write(.pio, 0x200, .four, 1)),
                .setSlot("A", at: 8, width: 8, 99), .answers("A"), .finishes(),
                .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 2).gives(2)),
        ]
    }

    private static var portWidths: [Step] {
        [AccessSize.one, .two, .four].flatMap { size -> [Step] in
            let value = 0x8765_4321 & size.allOnes
            return [
                .access(.input(0x200, size), asks: "A", .read(.pio, 0x200, size), answered: 0xffff_ffff_8765_4321)
                    .gives(.value(.number(value))),
                .access(
                    .output(0x200, size, value), asks: "A", .write(.pio, 0x200, size, .number(value))),
            ]
        }
    }

    private static var memoryWidths: [Step] {
        AccessSize.allCases.flatMap { size -> [Step] in
            let value = 0x8877_6655_4433_2211 & size.allOnes
            let address: UInt64 = 0xf000_0101
            return [
                .access(
                    .load(address, size), asks: "A", .read(.copy, .number(address), size),
                    answered: 0x8877_6655_4433_2211
                ).gives(.value(.number(value))),
                .access(
                    .store(address, size, value), asks: "A",
                    .write(.copy, .number(address), size, .number(value))),
            ]
        }
    }

    /// Changes what is claimed.
    private static var lastAccessRow: ConformanceRow {
        ConformanceRow(
            "B19", "a range that was given up", "3.4",
            .giveUp("A", .port, 0x200, 0x203),
            .does(.input(0x200, .four)).gives(0xffff_ffff))
    }

    // MARK: Selection

    private static var selectionRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B40", "of two servers' ranges that overlap in a part, the one that has all of the access", "6",
                .claim("A", .port, 0x340, 0x343), .claim("B", .port, 0x342, 0x345),
                .access(.input(0x340, .four), asks: "A", .read(.pio, 0x340, .four), answered: 1).gives(1),
                .access(.input(0x342, .two), asks: "B", .read(.pio, 0x342, .two), answered: 2).gives(2),
                .access(.input(0x342, .four), asks: "B", .read(.pio, 0x342, .four), answered: 3).gives(3),
                .does(.input(0x341, .four)).gives(0xffff_ffff)),
            ConformanceRow(
                "B41", "ports: ranges that touch are one, and a hole is a hole", "3.4",
                .claim("A", .port, 0x330, 0x331), .claim("A", .port, 0x332, 0x333),
                .access(.input(0x330, .four), asks: "A", .read(.pio, 0x330, .four), answered: 1).gives(1),
                .giveUp("A", .port, 0x331, 0x331),
                .does(.input(0x330, .four)).gives(0xffff_ffff),
                .access(.input(0x330, .one), asks: "A", .read(.pio, 0x330, .one), answered: 2).gives(2),
                .does(.input(0x331, .one)).gives(0xff),
                .access(.input(0x332, .two), asks: "A", .read(.pio, 0x332, .two), answered: 3).gives(3)),
            ConformanceRow(
                "B42", "the last ports", "6",
                .claim("A", .port, 0xfffc, 0xffff),
                .access(.input(0xffff, .one), asks: "A", .read(.pio, 0xffff, .one), answered: 1).gives(1),
                .access(.output(0xfffc, .four, 5), asks: "A", .write(.pio, 0xfffc, .four, 5))),
            ConformanceRow(
                "B43", "ports: the number of elements plays no part", "6",
                .access(
                    .stringOutput(0x200, .two, count: 8, offset: 0), asks: "A",
                    .write(.pio, 0x200, .two).elements(8, at: "buffer"))),
            ConformanceRow(
                "B44", "a range of memory does not catch ports, a range of ports not memory", "6",
                .claim("A", .memory, 0x3f0, 0x3f3), .claim("A", .port, 0xf000_3000, 0xf000_3fff),
                .does(.input(0x3f0, .four)).gives(0xffff_ffff),
                .does(.load(0xf000_3000, .four)).gives(0xffff_ffff)),
        ]
    }

    private static var memorySelectionRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B45", "memory: an access that is partly claimed, within a page", "6",
                .claim("A", .memory, 0xf000_8000, 0xf000_8007),
                .access(.load(0xf000_8000, .eight), asks: "A", .read(.copy, 0xf000_8000, .eight), answered: .max)
                    .gives(.value(.allOnes)),
                .does(.load(0xf000_8006, .four)).gives(0xffff_ffff),
                .does(.store(0xf000_8006, .four, 1)),
                .access(.load(0xf000_8006, .two), asks: "A", .read(.copy, 0xf000_8006, .two), answered: 2).gives(2)),
            ConformanceRow(
                "B46", "memory: all elements have to be in the range", "6",
                .does(.poke(8, 0)),
                .does(.moveIn(0xf000_8000, .four, count: 3, offset: 0)),
                .does(.peek(8)).gives(0xffff_ffff),
                .access(
                    .moveOut(0xf000_8000, .four, count: 2, offset: 0), asks: "A",
                    .write(.copy, 0xf000_8000, .four).elements(2, at: "buffer"))),
            ConformanceRow(
                "B47", "memory: a higher id's window in a lower one's range", "6",
                .claim("A", .memory, 0xf000_9000, 0xf000_9fff), .claim("B", .memory, 0xf000_9800, 0xf000_98ff),
                .access(.load(0xf000_9800, .four), asks: "B", .read(.copy, 0xf000_9800, .four), answered: 1).gives(1),
                .access(.load(0xf000_97fe, .four), asks: "A", .read(.copy, 0xf000_97fe, .four), answered: 2).gives(2),
                .access(.load(0xf000_98fe, .four), asks: "A", .read(.copy, 0xf000_98fe, .four), answered: 3).gives(3)),
            ConformanceRow(
                "B48", "RAM that a server claims stays RAM", "6",
                .claim("A", .memory, 0x30_0000, 0x30_0fff),
                .does(.store(0x30_0010, .four, 0x1122_3344)),
                .does(.load(0x30_0010, .four)).gives(0x1122_3344)),
            ConformanceRow(
                "B49", "the local APIC is Xen's, whoever claims it", "6",
                .claim("A", .memory, 0xfee0_0000, 0xfee0_0fff),
                .does(.load(0xfee0_0020, .four)).gives(0)),
        ]
    }

    /// Servers that come, go, and are switched.
    private static var changingRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B50", "a server is asked from enabling to disabling, and no longer", "6",
                .create(0, as: "C"), .claim("C", .port, 0x200, 0x203),
                .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 1).gives(1),
                .serve("C"),
                .access(.input(0x200, .four), asks: "C", .read(.pio, 0x200, .four), answered: 2).gives(2),
                .disable("C"),
                .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 3).gives(3)),
            ConformanceRow(
                "B51", "claims and their end are valid at once", "3.3",
                .does(.input(0x360, .one)).gives(0xff),
                .claim("A", .port, 0x360, 0x360),
                .access(.input(0x360, .one), asks: "A", .read(.pio, 0x360, .one), answered: 1).gives(1),
                .giveUp("A", .port, 0x360, 0x360),
                .does(.input(0x360, .one)).gives(0xff)),
            ConformanceRow(
                "B52", "a server that was destroyed is asked no more, and what it writes to its page has no effect",
                "3.6",
                .destroy("C"),
                .write(4, at: "C.page+28", 0x0007_0000),
                .access(.input(0x200, .four), asks: "A", .read(.pio, 0x200, .four), answered: 1).gives(1)),
            ConformanceRow(
                "B53", "the newest server may have the lowest id, and then it is not asked", "6",
                .destroy("A"),
                .create(0, as: "D"), .claim("D", .port, 0x300, 0x30f), .claim("D", .port, 0x200, 0x203), .serve("D"),
                .access(.input(0x300, .one), asks: "B", .read(.pio, 0x300, .one), answered: 1).gives(1),
                .access(.input(0x200, .one), asks: "D", .read(.pio, 0x200, .one), answered: 2).gives(2)),
        ]
    }
}

/// The servers of dmop.md 18.7.
enum GuestServers {
    static var all: [Step] { a + b + p }

    static var a: [Step] {
        [
            .create(0, as: "A"), .claim("A", .port, 0x200, 0x203), .claim("A", .port, 0x300, 0x30f),
            .claim("A", .port, 0xcf8, 0xcff), .claim("A", .memory, 0xf000_0000, 0xf000_0fff),
            .claim("A", .memory, 0xf000_4000, 0xf000_4003), .claim("A", .memory, 0xf000_4004, 0xf000_4007),
            // Both sides of a page boundary. dmop.md B29.
            .claim("A", .memory, 0xf000_6000, 0xf000_7fff), .serve("A"),
        ]
    }

    static var b: [Step] {
        [
            .create(0, as: "B"), .claim("B", .port, 0x204, 0x207), .claim("B", .port, 0x300, 0x30f),
            .claim("B", .memory, 0xf000_1000, 0xf000_1fff), .serve("B"),
        ]
    }

    static var p: [Step] { [.create(0, as: "P"), .claim("P", .pci, 0x10, 0x10), .serve("P")] }

    /// A place in the exerciser's buffer.
    static func at(_ offset: UInt64) -> Value { .named("buffer", plus: offset) }
}
