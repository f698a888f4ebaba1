// Rows J and L: events and messages. dmop.md 18.5, sections 3.13 and 3.14. Not for: lines (Rows+Lines).

internal import HypervisorModel

extension ConformanceSuite {
    static var interruptBlocks: [ConformanceBlock] {
        [
            ConformanceBlock("18.5 Events", on: .pausedPVH, guestPerRow: true, rows: eventRows),
            ConformanceBlock(
                "18.5 Events: each vCPU has its own", on: .pausedPVH, vcpus: [2], rows: [eventOfEachRow]),
            ConformanceBlock(
                "18.5 Events: a guest that takes them", on: .runningPVH, vcpus: [1], guestPerRow: true, since: .v4_11,
                rows: takenEventRows),
            ConformanceBlock("18.5 Messages", on: .pausedPVH, rows: messageRows + moreMessageRows),
            ConformanceBlock(
                "18.5 Messages: a guest that takes them", on: .runningPVH, vcpus: [1], since: .v4_11,
                rows: takenMessageRows),
        ] + lineBlocks
    }

    private static var eventRows: [ConformanceRow] {
        [
            ConformanceRow(
                "J1", "event: pads, and a vCPU that is not there", "3.13",
                .op(13, ["vector": 14, "type": 3, "pad0": 1]).gives(.einval),
                .op(13, ["vector": 14, "type": 3, "pad1": 1]).gives(.einval),
                .op(13, ["vcpuid": "N", "vector": 14, "type": 3]).gives(.einval),
                .op(13, ["vcpuid": 0xffff_ffff, "vector": 14, "type": 3]).gives(.einval)),
            ConformanceRow(
                "J2", "event: one waits for a vCPU, and no more", "3.13",
                .op(13, ["vector": 14, "type": 3]), .op(13, ["vector": 14, "type": 3]).gives(.ebusy)),
            ConformanceRow(
                "J3", "event: type and vector are not looked at", "3.13",
                .op(13, ["vector": 0xff, "type": 7, "error_code": 0xffff_ffff])),
            ConformanceRow(
                "J5", "event: pads and the vCPU come before one that waits, whatever the new one is", "3.13",
                .op(13, ["vector": 14, "type": 3]),
                .op(13, ["vector": 14, "type": 3, "pad0": 1]).gives(.einval),
                .op(13, ["vector": 14, "type": 3, "pad1": 0x8000_0000]).gives(.einval),
                .op(13, ["vcpuid": "N", "vector": 14, "type": 3]).gives(.einval),
                .op(13, ["vector": 0xff, "type": 0xff, "insn_len": 0xff]).gives(.ebusy)),
            ConformanceRow(
                "J6", "event: in 4096 bytes, nothing is written back", "1.4",
                .op(
                    13,
                    [
                        "vcpuid": 0, "vector": 14, "type": 3, "insn_len": 0, "pad0": 0, "error_code": 2, "pad1": 0,
                        "cr2": .allOnes,
                    ], bytes: 4096, filler: 0x5a
                ).leavesAll()),
        ]
    }

    private static var eventOfEachRow: ConformanceRow {
        ConformanceRow(
            "J7", "event: one waits for each vCPU", "3.13",
            .op(13, ["vcpuid": 1, "vector": 14, "type": 3]), .op(13, ["vcpuid": 0, "vector": 14, "type": 3]),
            .op(13, ["vcpuid": 1, "vector": 14, "type": 3]).gives(.ebusy),
            .op(13, ["vcpuid": 0, "vector": 14, "type": 3]).gives(.ebusy),
            .op(13, ["vcpuid": 2, "vector": 14, "type": 3]).gives(.einval))
    }

    private static var takenEventRows: [ConformanceRow] {
        [
            ConformanceRow(
                "J4", "event: exceptions and software interrupts are taken, once", "3.13",
                steps: taken(type: 3, vector: 6) + taken(type: 3, vector: 13, error: 0)
                    + taken(type: 3, vector: 14, error: 2) + taken(type: 4, vector: 0x46)
                    + taken(type: 6, vector: 3)),
            ConformanceRow(
                "J8", "event: one that was taken makes room for the next", "3.13",
                .does(.arm(6)), .op(13, ["type": 3, "vector": 6, "error_code": 0xffff_ffff]),
                .does(.count(6)).gives(1),
                .op(13, ["type": 3, "vector": 6, "error_code": 0xffff_ffff]), .does(.count(6)).gives(2)),
            ConformanceRow(
                "J9", "event: an AMD processor refuses an external interrupt; the domain crashes", "3.13",
                steps: refused(type: 0, vector: 0x41)),
            ConformanceRow(
                "J10", "event: an AMD processor refuses type 2; the domain crashes", "3.13",
                steps: refused(type: 2, vector: 2)),
            ConformanceRow(
                "J11", "event: an AMD processor refuses an exception that is none; the domain crashes", "3.13",
                steps: refused(type: 3, vector: 0x44)),
        ]
    }

    private static func taken(type: UInt64, vector: UInt8, error: UInt64 = 0xffff_ffff) -> [Step] {
        [
            .does(.arm(vector)),
            .op(13, ["type": .number(type), "vector": .number(UInt64(vector)), "error_code": .number(error)]),
            .does(.count(vector)).gives(1), .does(.count(vector)).gives(1),
        ]
    }

    private static func refused(type: UInt64, vector: UInt8) -> [Step] {
        [
            .does(.arm(vector)),
            .op(13, ["type": .number(type), "vector": .number(UInt64(vector)), "error_code": 0xffff_ffff]),
            .begins(.count(vector)), .endsWithoutResult(), .shutdownReason.gives(3),
        ]
    }

    // MARK: Messages

    private static var messageRows: [ConformanceRow] {
        [
            ConformanceRow(
                "L1", "message: the pad, no vector and no pirq, delivery modes", "3.14",
                .op(14, ["data": 0x40, "addr": 0xfee0_0000, "pad": 1]).gives(.einval),
                .message(0, 0).gives(.erange),
                .message(0xfee0_0000, 0x240).gives(.einval), .message(0xfee0_0000, 0x440).gives(.einval)),
            ConformanceRow(
                "L2", "message: fixed, to an APIC that is not there, or is disabled", "3.14",
                .message(0xfee0_9000, 0x40), .message(0xfee0_0000, 0x40), .message(0, 0x40)),
            ConformanceRow(
                "L3", "message: lowest priority needs an APIC that takes it", "3.14",
                .message(0xfee0_9000, 0x140).gives(.esrch), .message(0xfee0_0000, 0x140).gives(.esrch)),
            ConformanceRow(
                "L4", "message: without a vector, a pirq that there is, and one that there is not", "3.14",
                .message(0xfee0_1000, 0), .message(0x100_fee0_0000, 0).gives(.einval)),
        ]
    }

    private static var moreMessageRows: [ConformanceRow] {
        [
            ConformanceRow(
                "L5", "message: the pad comes first, and without a vector the mode is not looked at", "3.14",
                .op(14, ["pad": 1]).gives(.einval), .op(14, ["data": 0x140, "pad": 1]).gives(.einval),
                .message(0xfee0_0000, 0x200).gives(.erange), .message(0xfee0_0000, 0xffff_ff00).gives(.erange)),
            ConformanceRow(
                "L6", "message: every delivery mode but two is none", "3.14",
                steps: ([2, 3, 4, 5, 6, 7] as [UInt64]).map { .message(0xfee0_9000, $0 << 8 | 0x40).gives(.einval) }),
            ConformanceRow(
                "L7", "message: all APICs, and logical ones, while none takes anything", "3.14",
                .message(0xfeef_f000, 0x40), .message(0xfeef_f000, 0x140).gives(.esrch),
                .message(0xfee0_1004, 0x40), .message(0xfee0_1004, 0x140).gives(.esrch)),
            ConformanceRow(
                "L8", "message: trigger, and other bits of the data and the address, do not matter", "3.14",
                .message(0xfee0_9000, 0xffff_8040), .message(0xffff_0000_fee0_9ff8, 0x40),
                .message(0xfee0_9000, 0x8140).gives(.esrch)),
            ConformanceRow(
                "L9", "message: without a vector, a pirq with its highest bit set is none", "3.14",
                .message(0x8000_0000_fee0_1000, 0).gives(.erange).from(.v4_20, .einval),
                .message(0x7fff_ff00_fee0_1000, 0).gives(.einval)),
            ConformanceRow(
                "L10", "message: a pirq again, and in 4096 bytes nothing is written back", "1.4",
                .op(14, ["data": 0, "pad": 0, "addr": 0xfee0_1000], bytes: 4096, filler: 0x5a).leavesAll()),
        ]
    }

    private static var takenMessageRows: [ConformanceRow] {
        [
            ConformanceRow(
                "L11", "message: fixed and lowest priority, to the APIC by its id, and to all", "3.14",
                .does(.arm(0x40)),
                .message(0xfee0_0000, 0x40), .does(.awaitVector(0x40, count: 1)).gives(1),
                .message(0xfee0_0000, 0x140), .does(.awaitVector(0x40, count: 2)).gives(2),
                .message(0xfeef_f000, 0x40), .does(.awaitVector(0x40, count: 3)).gives(3)),
            ConformanceRow(
                "L12", "message: one that waits already is not counted twice", "3.14",
                .message(0xfee0_0000, 0x40), .message(0xfee0_0000, 0x40),
                .does(.awaitVector(0x40, count: 4)).gives(4), .does(.awaitVector(0x40, count: 5)).gives(4)),
            ConformanceRow(
                "L13", "message: upper address bits are not compared", "3.14",
                .message(0, 0x40), .does(.awaitVector(0x40, count: 5)).gives(5)),
        ]
    }
}
