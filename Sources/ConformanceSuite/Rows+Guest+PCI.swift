// Rows B: PCI configuration by ports 0xcf8 to 0xcff. dmop.md 18.7, section 6, rules 4 and 5.

internal import HypervisorModel

extension ConformanceSuite {
    static var configurationBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.7 PCI configuration", on: .runningPVH, since: .v4_11, setup: GuestServers.all,
                rows: cycleRows + registerRows + functionRows),
            ConformanceBlock(
                "18.7 PCI configuration: nobody claims port 0xcf8", on: .runningPVH, since: .v4_11,
                setup: GuestServers.p, rows: [unclaimedLatchRow]),
            ConformanceBlock(
                "18.7 PCI configuration: two vCPUs", on: .runningPVH, vcpus: [2], since: .v4_11,
                setup: GuestServers.all, rows: [sharedLatchRow]),
        ]
    }

    /// The guest writes 4 bytes to 0xcf8, and A is asked.
    private static func latch(_ value: UInt64, vcpu: Int = 0) -> Step {
        .access(
            .output(0xcf8, .four, value), asks: "A", .write(.pio, 0xcf8, .four, .number(value)), vcpu: vcpu)
    }

    private static var cycleRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B10", "a PCI cycle: the write to 0xcf8 is a port's, the access to 0xcfc the function's", "6",
                latch(0x8000_1040),
                .access(.input(0xcfc, .four), asks: "P", .read(.pciConfig, 0x10_0000_0040, .four), answered: 0x8086)
                    .gives(0x8086),
                .access(.input(0xcfe, .one), asks: "P", .read(.pciConfig, 0x10_0000_0042, .one), answered: 0x12)
                    .gives(0x12)),
            ConformanceRow(
                "B11", "a function that nobody has; no cycle; a byte to 0xcf8", "6",
                latch(0x8000_1800),
                .does(.input(0xcfc, .four)).gives(0xffff_ffff),
                latch(0),
                .access(.input(0xcfc, .four), asks: "A", .read(.pio, 0xcfc, .four), answered: 1).gives(1),
                .access(.output(0xcf8, .one, 0x80), asks: "A", .write(.pio, 0xcf8, .one, 0x80)),
                .access(.input(0xcfc, .four), asks: "A", .read(.pio, 0xcfc, .four), answered: 2).gives(2)),
            ConformanceRow(
                "B31", "rep ins at 0xcfc is one request with its elements; an access beyond the register's end", "4.2",
                latch(0x8000_1040),
                .access(
                    .stringInput(0xcfc, .four, count: 3, offset: 0), asks: "P",
                    .read(.pciConfig, 0x10_0000_0040, .four).elements(3, at: "buffer")),
                .access(.input(0xcff, .two), asks: "P", .read(.pciConfig, 0x10_0000_0043, .two), answered: 7).gives(7)),
            ConformanceRow(
                "B71", "narrow writes beside 0xcf8 are ports' and latch nothing; reading it is a port's too", "6",
                latch(0x8000_1040),
                .access(.output(0xcf8, .two, 0), asks: "A", .write(.pio, 0xcf8, .two, 0)),
                .access(.output(0xcfb, .one, 0), asks: "A", .write(.pio, 0xcfb, .one, 0)),
                .access(.input(0xcf8, .four), asks: "A", .read(.pio, 0xcf8, .four), answered: 0x55).gives(0x55),
                .access(.input(0xcfc, .four), asks: "P", .read(.pciConfig, 0x10_0000_0040, .four), answered: 3)
                    .gives(3)),
        ]
    }

    private static var registerRows: [ConformanceRow] {
        let bytes = (0..<4).map { (index: UInt16) -> Step in
            .access(
                .input(0xcfc + index, .one), asks: "P",
                .read(.pciConfig, .number(0x10_0000_0040 + UInt64(index)), .one), answered: 0x10 + UInt64(index)
            ).gives(.value(.number(0x10 + UInt64(index))))
        }
        return [
            ConformanceRow("B72", "reads of a byte at each distance", "6", steps: [latch(0x8000_1040)] + bytes),
            ConformanceRow(
                "B73", "reads and writes of each width", "6",
                latch(0x8000_1044),
                .access(.input(0xcfc, .two), asks: "P", .read(.pciConfig, 0x10_0000_0044, .two), answered: 1).gives(1),
                .access(.input(0xcfe, .two), asks: "P", .read(.pciConfig, 0x10_0000_0046, .two), answered: 2).gives(2),
                .access(.output(0xcfd, .one, 9), asks: "P", .write(.pciConfig, 0x10_0000_0045, .one, 9)),
                .access(.output(0xcfe, .two, 8), asks: "P", .write(.pciConfig, 0x10_0000_0046, .two, 8)),
                .access(.output(0xcfc, .four, 7), asks: "P", .write(.pciConfig, 0x10_0000_0044, .four, 7))),
            ConformanceRow(
                "B74", "the low two bits of 0xcf8 are no part of the register, bits 24 to 27 neither", "6",
                latch(0x8000_104b),
                .access(.input(0xcfd, .one), asks: "P", .read(.pciConfig, 0x10_0000_0049, .one), answered: 1).gives(1),
                latch(0x8f00_1048),
                .access(.input(0xcfc, .four), asks: "P", .read(.pciConfig, 0x10_0000_0048, .four), answered: 2)
                    .gives(2)),
            ConformanceRow(
                "B75", "rep outs at 0xcfc is one request with its elements", "4.2",
                latch(0x8000_1040),
                .access(
                    .stringOutput(0xcfc, .two, count: 2, offset: 8), asks: "P",
                    .write(.pciConfig, 0x10_0000_0040, .two).elements(2, at: "buffer+8"))),
        ]
    }

    private static var functionRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B76", "bus, device and function come from 0xcf8", "6",
                .claim("P", .pci, 0x1ffe, 0x1ffe),
                latch(0x801f_fe10),
                .access(.input(0xcfc, .four), asks: "P", .read(.pciConfig, 0x1ffe_0000_0010, .four), answered: 1)
                    .gives(1)),
            ConformanceRow(
                "B77", "a range of functions", "3.3",
                .claim("P", .pci, 0x18, 0x1f),
                latch(0x8000_1d00),
                .access(.input(0xcfc, .four), asks: "P", .read(.pciConfig, 0x1d_0000_0000, .four), answered: 1)
                    .gives(1),
                .giveUp("P", .pci, 0x1d, 0x1d),
                .does(.input(0xcfc, .four)).gives(0xffff_ffff)),
            ConformanceRow(
                "B78", "a function that two servers claim: the higher id, while it is enabled", "6",
                .claim("A", .pci, 0x10, 0x10),
                latch(0x8000_1040),
                .access(.input(0xcfc, .four), asks: "P", .read(.pciConfig, 0x10_0000_0040, .four), answered: 1)
                    .gives(1),
                .disable("P"),
                .access(.input(0xcfc, .four), asks: "A", .read(.pciConfig, 0x10_0000_0040, .four), answered: 2)
                    .gives(2),
                .enable("P")),
        ]
    }

    private static var unclaimedLatchRow: ConformanceRow {
        ConformanceRow(
            "B79", "0xcf8 is latched though nobody is asked", "6",
            .does(.output(0xcf8, .four, 0x8000_1040)),
            .access(.input(0xcfc, .four), asks: "P", .read(.pciConfig, 0x10_0000_0040, .four), answered: 1).gives(1),
            .does(.output(0xcf8, .four, 0)),
            .does(.input(0xcfc, .four)).gives(0xffff_ffff))
    }

    private static var sharedLatchRow: ConformanceRow {
        ConformanceRow(
            "B80", "what one vCPU has latched the other one uses", "6",
            latch(0x8000_1040, vcpu: 1),
            .access(.input(0xcfc, .four), asks: "P", .read(.pciConfig, 0x10_0000_0040, .four), answered: 1).gives(1))
    }
}
