// Rows B: messages and lines that a running guest takes. dmop.md 18.7, sections 3.8 to 3.10 and 3.14.
// Not for: the operations' refusals (Rows+Interrupts).

internal import HypervisorModel

extension ConformanceSuite {
    static var interruptGuestBlocks: [ConformanceBlock] {
        let lines: [Step] = [.create(0, as: "A"), .claim("A", .port, 0x3a0, 0x3a0), .serve("A")]
        return [
            ConformanceBlock("18.7 Messages", on: .runningPVH, since: .v4_11, rows: messageRows),
            ConformanceBlock(
                "18.7 Messages for two vCPUs", on: .runningPVH, vcpus: [2], since: .v4_11, rows: twoVCPUMessageRows),
            ConformanceBlock("18.7 Messages, HVM", on: .runningHVM, since: .v4_11, rows: [hvmMessageRow]),
            ConformanceBlock(
                "18.7 Interrupt lines", on: .runningHVM, since: .v4_11, setup: lines,
                rows: isaRows + pinRows + linkRows),
        ]
    }

    /// Op 14: a message of a vector to a local APIC, which is 2 for vCPU 1.
    private static func message(_ vector: UInt64, apic: UInt64 = 0, more: UInt64 = 0) -> Step {
        .op(14, ["data": .number(vector | more), "addr": .number(0xfee0_0000 | apic << 12)])
    }

    /// So many have come, and no more.
    private static func counted(_ vector: UInt8, _ count: UInt64, vcpu: Int = 0) -> [Step] {
        [
            .does(.awaitVector(vector, count: UInt32(count) + 1), vcpu: vcpu).gives(.value(.number(count)))
        ]
    }

    private static var messageRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B24", "a message to an enabled local APIC", "3.14",
                .does(.arm(0x40)), message(0x40), .does(.awaitVector(0x40, count: 1)).gives(1)),
            ConformanceRow(
                "B110", "messages of one vector while interrupts are closed count as one", "3.14",
                steps: [.does(.arm(0x42)), message(0x42), message(0x42), message(0x42)] + counted(0x42, 1)),
            ConformanceRow(
                "B111", "messages of different vectors all come", "3.14",
                steps: [
                    .does(.arm(0x43)), .does(.arm(0x44)), .does(.arm(0xe0)), message(0x43), message(0xe0),
                    message(0x44), .does(.awaitVector(0x43, count: 1)).gives(1),
                ] + counted(0x44, 1) + counted(0xe0, 1)),
            ConformanceRow(
                "B112", "a message after each other one was taken", "3.14",
                .does(.arm(0x45)), message(0x45), .does(.awaitVector(0x45, count: 1)).gives(1),
                message(0x45), .does(.awaitVector(0x45, count: 2)).gives(2),
                message(0x45), .does(.awaitVector(0x45, count: 3)).gives(3)),
            ConformanceRow(
                "B113", "a message to an APIC that is not there comes nowhere", "3.14",
                steps: [.does(.arm(0x46)), message(0x46, apic: 9)] + counted(0x46, 0)),
            ConformanceRow(
                "B114", "the upper bits of the address are not compared, destination 0xff is all", "3.14",
                steps: [
                    .does(.arm(0x47)), .op(14, ["data": 0x47, "addr": 0]), .does(.awaitVector(0x47, count: 1)).gives(1),
                    message(0x47, apic: 0xff), .does(.awaitVector(0x47, count: 2)).gives(2),
                ]),
            ConformanceRow(
                "B115", "delivery mode 1 finds an enabled APIC", "3.14",
                .does(.arm(0x48)), message(0x48, more: 0x100), .does(.awaitVector(0x48, count: 1)).gives(1),
                message(0x48, apic: 9, more: 0x100).gives(.esrch)),
        ]
    }

    private static var twoVCPUMessageRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B116", "a message to vCPU 1 is taken there alone", "3.14",
                steps: [
                    .does(.arm(0x50)), .does(.arm(0x50), vcpu: 1), message(0x50, apic: 2),
                    .does(.awaitVector(0x50, count: 1), vcpu: 1).gives(1),
                ] + counted(0x50, 0)),
            ConformanceRow(
                "B117", "a message to vCPU 0 is taken there alone", "3.14",
                steps: [
                    .does(.arm(0x51)), .does(.arm(0x51), vcpu: 1), message(0x51),
                    .does(.awaitVector(0x51, count: 1)).gives(1),
                ] + counted(0x51, 0, vcpu: 1)),
            ConformanceRow(
                "B118", "destination 0xff is every vCPU", "3.14",
                .does(.arm(0x52)), .does(.arm(0x52), vcpu: 1), message(0x52, apic: 0xff),
                .does(.awaitVector(0x52, count: 1)).gives(1),
                .does(.awaitVector(0x52, count: 1), vcpu: 1).gives(1)),
        ]
    }

    private static var hvmMessageRow: ConformanceRow {
        ConformanceRow(
            "B119", "a message to an HVM guest", "3.14",
            .does(.arm(0x40)), message(0x40), .does(.awaitVector(0x40, count: 1)).gives(1))
    }

    // MARK: Lines

    private enum Trigger: UInt64 {
        case edge = 0
        case level = 0x8000
        case masked = 0x1_0000
    }

    /// The guest programs a pin of its I/O APIC: to vCPU 0, fixed delivery, active high.
    private static func route(_ pin: UInt64, to vector: UInt8, _ trigger: Trigger) -> [Step] {
        [
            .does(.arm(vector)),
            .does(.store(0xfec0_0000, .four, 0x11 + 2 * pin)), .does(.store(0xfec0_0010, .four, 0)),
            .does(.store(0xfec0_0000, .four, 0x10 + 2 * pin)),
            .does(.store(0xfec0_0010, .four, UInt64(vector) | trigger.rawValue)),
        ]
    }

    private static func isa(_ irq: Value, _ level: Value) -> Step { .op(9, ["isa_irq": irq, "level": level]) }

    private static func pin(_ device: Value, _ intx: Value, _ level: Value) -> Step {
        .op(8, ["device": device, "intx": intx, "level": level])
    }

    private static func link(_ link: Value, _ irq: Value) -> Step { .op(10, ["link": link, "isa_irq": irq]) }

    /// The guest takes a level interrupt; its handler tells A by port 0x3a0, which does something and then answers.
    private static func takes(_ vector: UInt8, count: UInt64, doing: [Step]) -> [Step] {
        [
            .begins(.awaitVector(vector, count: UInt32(count))),
            .sees("A", .write(.pio, 0x3a0, .one, .number(UInt64(vector)))),
        ] + doing + [.answers("A"), .finishes().gives(.value(.number(count)))]
    }

    private static var isaRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B120", "an ISA line raised twice interrupts once, lowered never, raised anew again (edge)", "3.9",
                steps: route(4, to: 0x50, .edge) + [isa(4, 1), isa(4, 1)] + counted(0x50, 1)
                    + [isa(4, 0), isa(4, 0)] + counted(0x50, 1) + [isa(4, 1)] + counted(0x50, 2) + [isa(4, 0)]),
            ConformanceRow(
                "B121", "a masked line does not interrupt", "3.9",
                steps: route(4, to: 0x50, .masked) + [isa(4, 1), isa(4, 0)] + counted(0x50, 2)),
            ConformanceRow(
                "B122", "ISA interrupt 0 is pin 2", "3.9",
                steps: route(2, to: 0x53, .edge) + [isa(0, 1)] + counted(0x53, 1) + [isa(0, 0)]),
        ]
    }

    private static var pinRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B123", "INTA of device 3 is pin 28: not again when its handler made the device lower it (level)",
                "3.8",
                steps: route(28, to: 0x51, .level) + [
                    .does(.acknowledge(0x51, port: 0x3a0)), pin(3, 0, 1), pin(3, 0, 1),
                ]
                    + takes(0x51, count: 1, doing: [pin(3, 0, 0)]) + counted(0x51, 1)),
            ConformanceRow(
                "B124", "a line that stays up interrupts again after the end of interrupt", "3.8",
                steps: [pin(3, 0, 1), .begins(.awaitVector(0x51, count: 3))]
                    + [
                        .sees("A", .write(.pio, 0x3a0, .one, 0x51)), .answers("A"),
                        .sees("A", .write(.pio, 0x3a0, .one, 0x51)), pin(3, 0, 0), .answers("A"),
                        .finishes().gives(3),
                    ] + counted(0x51, 3)),
            ConformanceRow(
                "B125", "lines that share a pin are ORed: INTD of device 10 is pin 28 too", "3.8",
                steps: [pin(3, 0, 1), pin(10, 3, 1), pin(3, 0, 0)]
                    + takes(0x51, count: 4, doing: [pin(10, 3, 0)]) + counted(0x51, 4)),
        ]
    }

    private static var linkRows: [ConformanceRow] {
        [
            ConformanceRow(
                "B126", "a link leads to an ISA interrupt", "3.10",
                steps: route(28, to: 0x51, .masked) + route(5, to: 0x52, .level)
                    + [.does(.acknowledge(0x52, port: 0x3a0)), link(3, 5), link(3, 5), pin(3, 0, 1)]
                    + takes(0x52, count: 1, doing: [pin(3, 0, 0)]) + counted(0x52, 1)),
            ConformanceRow(
                "B127", "a raised link takes its level along to another interrupt", "3.10",
                steps: route(6, to: 0x54, .level)
                    + [.does(.acknowledge(0x54, port: 0x3a0)), link(3, 0), pin(3, 0, 1)] + counted(0x52, 1)
                    + [link(3, 6)] + takes(0x54, count: 1, doing: [pin(3, 0, 0)]) + counted(0x54, 1)),
            ConformanceRow(
                "B128", "pins that share a link are ORed", "3.10",
                steps: [pin(3, 0, 1), pin(7, 0, 1), pin(3, 0, 0)]
                    + takes(0x54, count: 2, doing: [pin(7, 0, 0)]) + counted(0x54, 2)),
            ConformanceRow(
                "B129", "a link that was disabled is silent", "3.10",
                steps: [link(3, 0), pin(3, 0, 1), pin(3, 0, 0)] + counted(0x54, 2) + counted(0x52, 1)),
        ]
    }
}
