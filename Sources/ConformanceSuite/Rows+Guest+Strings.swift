// Rows B: string instructions, and accesses over pages: how they are cut into requests. dmop.md 18.7, section 4.2.

internal import HypervisorModel

extension ConformanceSuite {
    static var stringBlocks: [ConformanceBlock] {
        let at = GuestServers.at
        return [
            ConformanceBlock(
                "18.7 Strings", on: .runningPVH, since: .v4_11, setup: GuestServers.all,
                rows: wholeStringRows + pageRows + cutRows(at) + descendingRows(at) + largeRows + unclaimedRows
                    + pointerRows)
        ]
    }

    private static var wholeStringRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B8", "rep outs: one request with its elements in memory", "4.2",
                .access(
                    .stringOutput(0x200, .four, count: 4, offset: 0), asks: "A",
                    .write(.pio, 0x200, .four).elements(4, at: "buffer"))),
            ConformanceRow(
                "B9", "rep movs: one COPY for all elements, either way", "4.2",
                .access(
                    .moveIn(0xf000_0000, .four, count: 4, offset: 0), asks: "A",
                    .read(.copy, 0xf000_0000, .four).elements(4, at: "buffer")),
                .access(
                    .moveOut(0xf000_0000, .four, count: 4, offset: 0), asks: "A",
                    .write(.copy, 0xf000_0000, .four).elements(4, at: "buffer"))),
            ConformanceRow(
                "B54", "strings of one element have their value in the request", "4.2",
                .access(
                    .stringInput(0x200, .four, count: 1, offset: 0), asks: "A", .read(.pio, 0x200, .four),
                    answered: 0x1122_3344),
                .does(.peek(0)).gives(0x1122_3344),
                .access(
                    .stringOutput(0x200, .four, count: 1, offset: 0), asks: "A",
                    .write(.pio, 0x200, .four, 0x1122_3344)),
                .access(
                    .moveOut(0xf000_0020, .four, count: 1, offset: 0), asks: "A",
                    .write(.copy, 0xf000_0020, .four, 0x1122_3344))),
            ConformanceRow(
                "B55", "rep movs of 8 bytes", "4.2",
                .access(
                    .moveIn(0xf000_0000, .eight, count: 2, offset: 8), asks: "A",
                    .read(.copy, 0xf000_0000, .eight).elements(2, at: "buffer+8"))),
        ]
    }

    /// Plain accesses over MMIO pages.
    private static var pageRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B26", "memory over a page: parts are powers of two within a page", "4.2",
                .begins(.load(0xf000_0fff, .four)),
                .sees("A", .read(.copy, 0xf000_0fff, .one)), .answers("A", 0x11),
                .sees("B", .read(.copy, 0xf000_1000, .two)), .answers("B", 0x3322),
                .sees("B", .read(.copy, 0xf000_1002, .one)), .answers("B", 0x44),
                .finishes().gives(0x4433_2211),
                .begins(.store(0xf000_0fff, .eight, 0x8877_6655_4433_2211)),
                .sees("A", .write(.copy, 0xf000_0fff, .one, 0x11)), .answers("A"),
                .sees("B", .write(.copy, 0xf000_1000, .four, 0x5544_3322)), .answers("B"),
                .sees("B", .write(.copy, 0xf000_1004, .two, 0x7766)), .answers("B"),
                .sees("B", .write(.copy, 0xf000_1006, .one, 0x88)), .answers("B"),
                .finishes(),
                .begins(.load(0xf000_0ffb, .eight)),
                .sees("A", .read(.copy, 0xf000_0ffb, .four)), .answers("A", 0x4433_2211),
                .sees("A", .read(.copy, 0xf000_0fff, .one)), .answers("A", 0x55),
                .sees("B", .read(.copy, 0xf000_1000, .two)), .answers("B", 0x7766),
                .sees("B", .read(.copy, 0xf000_1002, .one)), .answers("B", 0x88),
                .finishes().gives(0x8877_6655_4433_2211)),
            ConformanceRow(
                "B56", "memory over a page of one range is cut too", "4.2",
                .begins(.store(0xf000_6ffe, .four, 0x4433_2211)),
                .sees("A", .write(.copy, 0xf000_6ffe, .two, 0x2211)), .answers("A"),
                .sees("A", .write(.copy, 0xf000_7000, .two, 0x4433)), .answers("A"),
                .finishes()),
            ConformanceRow(
                "B57", "memory over a page: the part that nobody has claimed reads ones", "4.2",
                .begins(.load(0xf000_1ffe, .four)),
                .sees("B", .read(.copy, 0xf000_1ffe, .two)), .answers("B", 0x2211),
                .finishes().gives(0xffff_2211),
                .begins(.load(0xf000_5ffc, .eight)),
                .sees("A", .read(.copy, 0xf000_6000, .four)), .answers("A", 0x4433_2211),
                .finishes().gives(0x4433_2211_ffff_ffff)),
        ]
    }

    private static func cutRows(_ at: (UInt64) -> Value) -> [ConformanceRow] {
        [
            ConformanceRow(
                "B27", "rep outs: cut at a page of the buffer", "4.2",
                .begins(.stringOutput(0x200, .four, count: 4, offset: 0xff8)),
                .sees("A", .write(.pio, 0x200, .four).elements(2, at: at(0xff8))), .answers("A"),
                .sees("A", .write(.pio, 0x200, .four).elements(2, at: at(0x1000))), .answers("A"),
                .finishes()),
            ConformanceRow(
                "B28", "rep outs: an element over a page of the buffer comes alone, the last one without a pointer",
                "4.2",
                .begins(.stringOutput(0x200, .four, count: 4, offset: 0xff6)),
                .sees("A", .write(.pio, 0x200, .four).elements(2, at: at(0xff6))), .answers("A"),
                .sees("A", .write(.pio, 0x200, .four).elements(1, at: at(0xffe))), .answers("A"),
                .sees("A", .write(.pio, 0x200, .four)), .answers("A"),
                .finishes()),
            ConformanceRow(
                "B58", "rep ins: the first element over a page of the buffer comes alone with a pointer", "4.2",
                .begins(.stringInput(0x200, .four, count: 2, offset: 0xffe)),
                .sees("A", .read(.pio, 0x200, .four).elements(1, at: at(0xffe))), .answers("A"),
                .sees("A", .read(.pio, 0x200, .four)), .answers("A", 0x99),
                .finishes(),
                .does(.peek(0x1002)).gives(0x99)),
            ConformanceRow(
                "B29", "rep movs: an element over an MMIO page comes alone, whole, to who claims all of it", "4.2",
                .begins(.moveIn(0xf000_6ffe, .four, count: 2, offset: 0)),
                .sees("A", .read(.copy, 0xf000_6ffe, .four).elements(1, at: "buffer")), .answers("A"),
                .sees("A", .read(.copy, 0xf000_7002, .four)), .answers("A", 3),
                .finishes(),
                .does(.poke(0, 0)),
                .begins(.moveIn(0xf000_0ffe, .four, count: 2, offset: 0)),
                .sees("B", .read(.copy, 0xf000_1002, .four)), .answers("B", 4),
                .finishes(),
                .does(.peek(0)).gives(0xffff_ffff),
                .does(.peek(4)).gives(4)),
            ConformanceRow(
                "B30", "rep movs of one element over an MMIO page is cut as a load", "4.2",
                .begins(.moveIn(0xf000_6ffe, .four, count: 1, offset: 0)),
                .sees("A", .read(.copy, 0xf000_6ffe, .two)), .answers("A", 0x2211),
                .sees("A", .read(.copy, 0xf000_7000, .two)), .answers("A", 0x4433),
                .finishes(),
                .does(.peek(0)).gives(0x4433_2211)),
            ConformanceRow(
                "B59", "rep movs: cut at pages of either side, whichever comes first", "4.2",
                .begins(.moveOut(0xf000_6ff8, .four, count: 6, offset: 0xff0)),
                .sees("A", .write(.copy, 0xf000_6ff8, .four).elements(2, at: at(0xff0))), .answers("A"),
                .sees("A", .write(.copy, 0xf000_7000, .four).elements(2, at: at(0xff8))), .answers("A"),
                .sees("A", .write(.copy, 0xf000_7008, .four).elements(2, at: at(0x1000))), .answers("A"),
                .finishes()),
        ]
    }

    private static func descendingRows(_ at: (UInt64) -> Value) -> [ConformanceRow] {
        [
            ConformanceRow(
                "B60", "rep ins and outs downwards: df, and the highest element's address", "4.2",
                .access(
                    .stringInput(0x200, .four, count: 4, offset: 0x10c, down: true), asks: "A",
                    .read(.pio, 0x200, .four).elements(4, at: at(0x10c), down: true)),
                .access(
                    .stringOutput(0x200, .two, count: 3, offset: 0x10c, down: true), asks: "A",
                    .write(.pio, 0x200, .two).elements(3, at: at(0x10c), down: true))),
            ConformanceRow(
                "B61", "rep movs downwards: df, and both highest elements", "4.2",
                .access(
                    .moveIn(0xf000_010c, .four, count: 4, offset: 0x20c, down: true), asks: "A",
                    .read(.copy, 0xf000_010c, .four).elements(4, at: at(0x20c), down: true)),
                .access(
                    .moveOut(0xf000_010c, .four, count: 4, offset: 0x20c, down: true), asks: "A",
                    .write(.copy, 0xf000_010c, .four).elements(4, at: at(0x20c), down: true))),
            ConformanceRow(
                "B62", "rep outs downwards over a page: an element at a page's first byte comes alone", "4.2",
                .begins(.stringOutput(0x200, .four, count: 5, offset: 0x1008, down: true)),
                .sees("A", .write(.pio, 0x200, .four).elements(2, at: at(0x1008), down: true)), .answers("A"),
                .sees("A", .write(.pio, 0x200, .four).elements(1, at: at(0x1000), down: true)), .answers("A"),
                .sees("A", .write(.pio, 0x200, .four).elements(2, at: at(0xffc), down: true)), .answers("A"),
                .finishes()),
            ConformanceRow(
                "B63", "rep ins downwards: an element over a page comes alone", "4.2",
                .begins(.stringInput(0x200, .four, count: 5, offset: 0x1006, down: true)),
                .sees("A", .read(.pio, 0x200, .four).elements(2, at: at(0x1006), down: true)), .answers("A"),
                .sees("A", .read(.pio, 0x200, .four).elements(1, at: at(0xffe), down: true)), .answers("A"),
                .sees("A", .read(.pio, 0x200, .four).elements(2, at: at(0xffa), down: true)), .answers("A"),
                .finishes()),
            ConformanceRow(
                "B64", "rep movs downwards over an MMIO page: the upper page first", "4.2",
                .begins(.moveOut(0xf000_7004, .four, count: 4, offset: 0x10c, down: true)),
                .sees("A", .write(.copy, 0xf000_7004, .four).elements(2, at: at(0x10c), down: true)), .answers("A"),
                .sees("A", .write(.copy, 0xf000_6ffc, .four).elements(2, at: at(0x104), down: true)), .answers("A"),
                .finishes()),
        ]
    }

    private static var largeRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B65", "a page of elements is one request", "4.2",
                .access(
                    .moveIn(0xf000_0000, .four, count: 1024, offset: 0), asks: "A",
                    .read(.copy, 0xf000_0000, .four).elements(1024, at: "buffer")),
                .access(
                    .stringOutput(0x200, .one, count: 4096, offset: 0x1000), asks: "A",
                    .write(.pio, 0x200, .one).elements(4096, at: "buffer+4096"))),
            ConformanceRow(
                "B66", "two pages of elements are two requests", "4.2",
                .begins(.stringOutput(0x200, .four, count: 2048, offset: 0)),
                .sees("A", .write(.pio, 0x200, .four).elements(1024, at: "buffer")), .answers("A"),
                .sees("A", .write(.pio, 0x200, .four).elements(1024, at: "buffer+4096")), .answers("A"),
                .finishes()),
        ]
    }

    private static var unclaimedRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B67", "rep ins that nobody has claimed brings ones, rep outs goes on", "6",
                .does(.poke(0, 0)), .does(.poke(12, 0)), .does(.poke(16, 0x55)),
                .does(.stringInput(0x400, .four, count: 4, offset: 0)),
                .does(.peek(0)).gives(0xffff_ffff),
                .does(.peek(12)).gives(0xffff_ffff),
                .does(.peek(16)).gives(0x55),
                .does(.stringOutput(0x400, .four, count: 4, offset: 0))),
            ConformanceRow(
                "B68", "rep movs that nobody has claimed brings ones, the other way it goes on", "6",
                .does(.poke(0, 0)), .does(.poke(4, 0)),
                .does(.moveIn(0xf000_3000, .four, count: 2, offset: 0)),
                .does(.peek(0)).gives(0xffff_ffff),
                .does(.peek(4)).gives(0xffff_ffff),
                .does(.moveOut(0xf000_3000, .four, count: 2, offset: 0))),
        ]
    }

    /// The device model reads and writes the elements by its own mapping.
    private static var pointerRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B69", "rep ins: what the device model writes to the elements is what the guest has", "4.2",
                .mapFrames(["buffer.frame"], as: "window").gives([0]),
                .begins(.stringInput(0x200, .four, count: 2, offset: 0x40)),
                .sees("A", .read(.pio, 0x200, .four).elements(2, at: "buffer+64")),
                .write(8, at: "window+64", 0x0807_0605_0403_0201),
                // With elements in memory, data is no result.
                .setSlot("A", at: 8, width: 8, 0x7777),
                .answers("A"), .finishes(),
                .does(.peek(0x40)).gives(0x0403_0201),
                .does(.peek(0x44)).gives(0x0807_0605)),
            ConformanceRow(
                "B70", "rep outs: the device model finds the elements in the guest's memory", "4.2",
                .does(.poke(0x80, 0x1111_2222)), .does(.poke(0x84, 0x3333_4444)),
                .begins(.stringOutput(0x200, .four, count: 2, offset: 0x80)),
                .sees("A", .write(.pio, 0x200, .four).elements(2, at: "buffer+128")),
                .read(8, at: "window+128").gives(0x3333_4444_1111_2222),
                .answers("A"), .finishes()),
        ]
    }
}
