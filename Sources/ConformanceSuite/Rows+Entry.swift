// Rows E: the checks that come before any operation's own. dmop.md 18.1, sections 1.2 to 1.4.

internal import HypervisorModel

extension ConformanceSuite {
    static var entryBlocks: [ConformanceBlock] {
        [
            ConformanceBlock(
                "18.1 Entry: what is checked before any operation", on: .pausedPVH,
                rows: domainRows + bufferRows + hypercallRows + everyRows),
            ConformanceBlock(
                "18.1 Entry: a paravirtualised domain", on: .pausedPV, vcpus: [1],
                rows: [
                    ConformanceRow(
                        "E4", "a PV domain has no device model", "1.2",
                        .op(1).gives(.einval).before(.v4_14, 0),
                        .op(21).gives(.einval).before(.v4_14, 0))
                ]),
        ]
    }

    private static var domainRows: [ConformanceRow] {
        [
            ConformanceRow(
                "E1", "reserved ids are no domains", "1.2",
                .op(1, on: 0x7FF0).gives(.esrch),
                .op(1, on: 0x7FF1).gives(.esrch),
                .op(1, on: 0x7FF2).gives(.esrch),
                .op(1, on: 0x7FF4).gives(.esrch)),
            ConformanceRow("E2", "a domain that is not there", "1.2", .op(1, on: 77).gives(.esrch)),
            ConformanceRow("E3", "nobody serves its own domain", "1.2", .op(1, on: 0).gives(.eperm)),
        ]
    }

    private static var bufferRows: [ConformanceRow] {
        [
            ConformanceRow("E5", "a buffer has 8 bytes at least", "1.2", .op(1, bytes: 7).gives(.efault)),
            ConformanceRow(
                "E6", "an unknown operation wins over a bad pad", "1.2",
                .op(21, bytes: 8, headerPad: 1).gives(.eopnotsupp).before(.v4_11, .efault),
                .op(0xffff_ffff, bytes: 8, headerPad: 1).gives(.eopnotsupp).before(.v4_11, .efault)),
            ConformanceRow(
                "E7", "operation 0 exists nowhere, and a bad pad wins over that", "1.2",
                .op(0, bytes: 8).gives(.eopnotsupp).before(.v4_11, .efault),
                .op(0, bytes: 8, headerPad: 1).gives(.einval).before(.v4_11, .efault)),
            ConformanceRow(
                "E8", "operation 19 is Arm's, and its payload counts as 0 on x86", "1.2",
                .op(19, bytes: 8).gives(.eopnotsupp).before(.v4_11, .efault),
                .op(19, bytes: 16).gives(.eopnotsupp).before(.v4_11, .efault),
                .op(19, bytes: 16, headerPad: 1).gives(.einval).before(.v4_15, .eopnotsupp)
                    .before(.v4_11, .efault)),
            ConformanceRow("E9", "a payload cut short by a byte", "1.2", steps: cutShort),
            ConformanceRow(
                "E10", "a short buffer wins over a bad pad", "1.2",
                .op(1, bytes: 13, headerPad: 1).gives(.efault),
                .op(1, bytes: 14, headerPad: 1).gives(.einval).before(.v4_11, .efault)),
            ConformanceRow(
                "E11", "only the payload is written back, and bytes beyond it are neither read nor written", "1.4",
                .op(20, bytes: 4096, filler: 0x5a).leaves(["vcpus": "N"]).leavesAllBut("vcpus")
            )
            .since(.v4_15),
            ConformanceRow(
                "E12", "a second buffer is ignored by operations that have none", "1.3",
                .op(20, data: .bytes(16)).before(.v4_15, .eopnotsupp)),
        ]
    }

    /// Each operation of x86 with a buffer that lacks one byte of its payload.
    private static var cutShort: [Step] {
        (Array(1...18) + [20]).map { (number: UInt32) in
            let step = Step.op(number, bytes: 8 + OperationFields.payloadByteCount(of: number) - 1).gives(.efault)
            return number == 20 ? step.before(.v4_11, .efault).before(.v4_15, .eopnotsupp) : step
        }
    }

    private static var hypercallRows: [ConformanceRow] {
        [
            ConformanceRow(
                "E13", "by HYPERCALL: the number of buffers, then the descriptors, then the domain", "1.2",
                .hypercall(41, [77, 3, "memory"]).gives(.e2big),
                .hypercall(41, [77, 1, "unmapped"]).gives(.efault)),
            ConformanceRow(
                "E14", "by HYPERCALL: no buffers are no operation", "1.2",
                .hypercall(41, ["G", 0, "null"]).gives(.enodata)
            ).withXSA506(),
        ]
    }

    /// Each of the 20 operations, on what is wrong for all of them.
    private static var everyRows: [ConformanceRow] {
        let all = Array(1...20) as [UInt32]
        return [
            ConformanceRow(
                "E15", "no operation finds a domain that is not there", "1.2",
                steps: all.map { .op($0, on: 77).gives(.esrch) }),
            ConformanceRow(
                "E16", "no operation is for the caller's own domain", "1.2",
                steps: all.map { .op($0, on: 0).gives(.eperm) }),
            ConformanceRow(
                "E17", "the header's pad is 0 for every operation that there is", "1.2",
                steps: all.map { number in
                    let step = Step.op(number, headerPad: 1).gives(.einval)
                    return number < 19
                        ? step : step.before(.v4_15, .eopnotsupp).before(.v4_11, .einval)
                }),
            ConformanceRow(
                "E18", "all reserved ids are no domains", "1.2",
                steps: (0x7FF0...0x7FFF).map { .op(1, on: .number($0)).gives(.esrch) }),
            ConformanceRow(
                "E19", "by HYPERCALL: the domain comes before the first buffer", "1.2",
                .write(8, at: "memory", "unmapped"),
                .write(8, at: "memory+8", 32),
                .hypercall(41, [77, 1, "memory"]).gives(.esrch),
                .hypercall(41, [0, 1, "memory"]).gives(.eperm),
                .hypercall(41, ["G", 1, "memory"]).gives(.efault)),
            ConformanceRow(
                "E20", "by HYPERCALL: an operation answers into the caller's buffer", "1.4",
                .write(8, at: "memory", "memory+256"),
                .write(8, at: "memory+8", 32),
                .write(32, at: "memory+256", 20),
                .hypercall(41, ["G", 1, "memory"]),
                .read(4, at: "memory+264").gives("N")
            ).since(.v4_15),
        ]
    }
}
