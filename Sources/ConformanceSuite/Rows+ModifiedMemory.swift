// Rows Y: device models that tell what they have written. dmop.md 18.5, section 3.11. Not for: op 7 (Rows+Memory).

internal import HypervisorModel

extension ConformanceSuite {
    static var modifiedRows: [ConformanceRow] {
        [
            ConformanceRow(
                "Y1", "modified: without log-dirty mode nothing is looked at", "3.11",
                .op(11, ["nr_extents": 1, "opaque": 5], data: .extents([.init(0, 0, pad: 7)])),
                .op(11, ["nr_extents": 3], data: .bytes(16))),
            ConformanceRow(
                "Y2", "modified: two buffers, whatever the mode", "3.11",
                .op(11, ["nr_extents": 1]).gives(.einval).withoutXSA506(0)),
            ConformanceRow(
                "Y3", "modified: an extent of one frame", "3.11",
                .logDirty(true),
                .op(11, ["nr_extents": 1], data: .extents([.init(0x100, 1)])).leaves(["nr_extents": 1])
            ).needing(.logDirty),
            ConformanceRow(
                "Y4", "modified: extents that do not fit the buffer, with a pad, empty, wrapping; progress beyond one",
                "3.11",
                .op(11, ["nr_extents": 2], data: .bytes(16)).gives(.einval).leaves(["nr_extents": 2]),
                .extent(.init(0x100, 1, pad: 1)).gives(.einval).leaves(["nr_extents": 1]),
                .extent(.init(0x100, 0)).gives(.einval).leaves(["nr_extents": 1]),
                .extent(.init(.allOnes, 2)).gives(.einval).leaves(["nr_extents": 1]),
                .op(11, ["nr_extents": 1, "opaque": 1], data: .extents([.init(0x100, 1)])).gives(.einval)
                    .leaves(["nr_extents": 1, "opaque": 1])
            ).needing(.logDirty),
            ConformanceRow(
                "Y5", "modified: the highest frame itself can't be told of", "3.11",
                .extent(.init(0x3ff, 1)).gives(.einval), .extent(.init(0x3fe, 1))
            ).needing(.logDirty),
            ConformanceRow(
                "Y6", "modified: extents longer than a round", "3.11",
                .op(11, ["nr_extents": 2], data: .extents([.init(0, 0x300), .init(5, 1)]))
            ).needing(.logDirty),
            ConformanceRow(
                "Y7", "modified: a bad extent behind a good one, and the number is as before", "3.11",
                .op(11, ["nr_extents": 2], data: .extents([.init(0xf_ffff, 1), .init(5, 1)])).gives(.einval)
                    .leaves(["nr_extents": 2])
            ).needing(.logDirty),
        ]
    }

    /// Log-dirty mode is on.
    static var moreModifiedRows: [ConformanceRow] {
        [
            ConformanceRow(
                "Y8", "modified: no extents, in a buffer of any size", "3.11",
                .op(11, ["nr_extents": 0], data: .bytes(16)), .op(11, ["nr_extents": 0], data: .bytes(1)),
                .op(11, ["nr_extents": 0, "opaque": 5], data: .bytes(1))
            ).needing(.logDirty),
            ConformanceRow(
                "Y9", "modified: as many extents as Linux lets through, and a byte too few for them", "3.11",
                .op(11, ["nr_extents": 256], data: .extents(.init(repeating: .init(0x100, 1), count: 256))),
                .op(11, ["nr_extents": 256], data: .bytes(4095)).gives(.einval).leaves(["nr_extents": 256]),
                .op(11, ["nr_extents": 257], data: .bytes(4096)).gives(.einval).leaves(["nr_extents": 257])
            ).needing(.logDirty),
            ConformanceRow(
                "Y10", "modified: the end is compared, whatever the length", "3.11",
                .extent(.init(0x3f0, 0x10)).gives(.einval), .extent(.init(0x3f0, 0xf)),
                .extent(.init(0, 0x3ff)), .extent(.init(0, 0x400)).gives(.einval),
                .extent(.init(0xffff_ffff_ffff_fff0, 0x11)).gives(.einval),
                .extent(.init(0x100, 0xffff_ffff)).gives(.einval)
            ).needing(.logDirty),
            ConformanceRow(
                "Y11", "modified: a bad extent behind one longer than two rounds, and the number is as before", "3.11",
                .op(11, ["nr_extents": 2], data: .extents([.init(0x100, 0), .init(0, 0x2ff)])).gives(.einval)
                    .leaves(["nr_extents": 2])
            ).needing(.logDirty),
            ConformanceRow(
                "Y12", "modified: what the buffer has beyond the extents is not looked at", "3.11",
                .op(11, ["nr_extents": 1], data: .extents([.init(0x100, 1), .init(0, 0, pad: 7)])),
                .op(11, ["nr_extents": 2], data: .extents([.init(0x100, 1), .init(0, 0, pad: 7)])).gives(.einval)
            ).needing(.logDirty),
            ConformanceRow(
                "Y13", "modified: frames without memory are passed over", "3.11",
                .setType(0x200, 2, 2), .extent(.init(0x1ff, 4)), .extent(.init(0x200, 2))
            ).needing(.logDirty),
            ConformanceRow(
                "Y15", "modified: by HYPERCALL, extents that can't be read; their room comes first", "3.11",
                .write(8, at: "memory", "memory+256"), .write(8, at: "memory+8", 32),
                .write(8, at: "memory+16", "unmapped"), .write(8, at: "memory+24", 15),
                .write(32, at: "memory+256", 11), .write(4, at: "memory+264", 1),
                .hypercall(41, ["G", 2, "memory"]).gives(.einval),
                .write(8, at: "memory+24", 16), .hypercall(41, ["G", 2, "memory"]).gives(.efault),
                .write(4, at: "memory+264", 0), .hypercall(41, ["G", 2, "memory"])
            ).needing(.logDirty),
            ConformanceRow(
                "Y14", "modified: with the mode off again nothing is looked at", "3.11",
                .logDirty(false), .extent(.init(0xf_ffff, 0, pad: 1))
            ).needing(.logDirty),
        ]
    }
}

extension Step {
    /// Op 11 with one extent.
    fileprivate static func extent(_ extent: DataBuffer.Extent) -> Step {
        op(11, ["nr_extents": 1], data: .extents([extent]))
    }
}
