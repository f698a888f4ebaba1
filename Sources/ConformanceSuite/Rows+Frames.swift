// Rows F: mapping of a guest's frames by number. dmop.md 18.3, section 9.4. Not for: a server's pages (Rows+Pages).

internal import HypervisorModel

extension ConformanceSuite {
    static var frameBlocks: [ConformanceBlock] {
        [ConformanceBlock("18.3 Frames of the guest", on: .pausedPVH, rows: frameRows)]
    }

    private static var frameRows: [ConformanceRow] {
        [
            ConformanceRow(
                "F1", "a hole does not fail the call: err has it", "9.4",
                .mapFrames([0x10, 0x500]).gives([0, 22])),
            ConformanceRow(
                "F2", "a page that is mapped is not mapped over", "9.4",
                .mmapBatch([0x10], addr: "frames").gives(.einval)),
            ConformanceRow(
                "F3", "no frames, a part of a fresh mapping, memory that is no mapping", "9.4",
                .mmap(2, as: "two"),
                .mmapBatch([0x10], num: 0, addr: "two").gives(.einval),
                .mmapBatch([0x10], addr: "two").gives(.einval),
                .mmapBatch([0x10], addr: "memory").gives(.einval)),
            ConformanceRow(
                "F4", "both arrays have to be there", "9.4",
                .mmapBatch([0x10, 0x11], addr: "two", arr: "null").gives(.efault),
                .mmapBatch([0x10, 0x11], addr: "two", err: "kernel").gives(.efault),
                .mmapBatch([0x10, 0x11], addr: "two", err: "unmapped").gives(.efault)),
            ConformanceRow(
                "F5", "a domain that is not there does not fail the call either", "9.4",
                .mapFrames([0x10], as: "none", on: 77).gives([3])),
            ConformanceRow(
                "F6", "no frames come before arrays, arrays before the mapping", "9.4",
                .mmapBatch([0x10], num: 0, addr: "memory", arr: "null").gives(.einval),
                .mmapBatch([0x10], addr: "memory", arr: "null").gives(.efault),
                .mmapBatch([0x10], addr: "memory", err: "unmapped").gives(.efault)),
            ConformanceRow(
                "F7", "frames in any order, and one of them twice", "9.4",
                .mapFrames([0x20, 0x10, 0x20], as: "three").gives([0, 0, 0]),
                .write(4, at: "three+8", 0x1234), .read(4, at: "three+8200").gives(0x1234),
                .write(4, at: "three+4104", 0x5678), .read(4, at: "three+8200").gives(0x1234)),
            ConformanceRow(
                "F8", "what was written is in the guest's memory, and stays there", "9.4",
                .munmap("three"), .mapFrames([0x10, 0x20], as: "again").gives([0, 0]),
                .read(4, at: "again+8").gives(0x5678), .read(4, at: "again+4104").gives(0x1234)),
            ConformanceRow(
                "F9", "the highest frame, the one after it, and one that no guest has", "9.4",
                .mapFrames([0x3ff, 0x400, 0xf_ffff], as: "edge").gives([0, 22, 22])),
            ConformanceRow(
                "F10", "after a refusal the same mapping can be filled", "9.4",
                .mmapBatch([0x30, 0x31], addr: "two").gives([0, 0]),
                .mmapBatch([0x30, 0x31], addr: "two").gives(.einval)),
            ConformanceRow(
                "F11", "a frame that has gone to device models is none to map; one that is read-only is", "9.4",
                .setType(0x40, 1, 2), .setType(0x41, 1, 1),
                .mapFrames([0x40, 0x41], as: "types").gives([22, 0])),
        ]
    }
}
