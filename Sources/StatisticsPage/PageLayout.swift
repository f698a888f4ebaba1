// Where things are in a statistics page; Documentation/statistics-page.md has it in prose.
// Not for: files, locks, clocks (see DaemonShell).

/// The layout of a statistics page: one file of fixed size with what a process of ours is doing. All numbers are
/// little-endian, all offsets and sizes in bytes.
public enum PageLayout {
    /// Bytes in a page, and in its file.
    public static var pageByteCount: Int { 65536 }
    /// Bytes in the header; records follow.
    public static var headerByteCount: Int { 256 }
    /// The layout that is described here. A reader refuses others.
    public static var version: UInt32 { 1 }
    /// The first 8 bytes: "CORBELST".
    public static var magic: UInt64 { 0x5453_4C45_4252_4F43 }
    /// Bytes that a program's name has at most; a longer one is cut.
    public static var programByteCountMax: Int { 128 }
    /// Bytes that a device's name has at most; a longer one is cut.
    public static var deviceByteCountMax: Int { 64 }
    /// Counters of operations in one domain record at most: Xen has 20 operations, and some room.
    public static var operationCountMax: Int { 64 }
    /// Buckets of a latency histogram.
    public static var bucketCount: Int { 256 }

    /// Offsets in the header.
    enum Header {
        static var magic: Int { 0 }
        static var version: Int { 8 }
        static var headerByteCount: Int { 12 }
        static var pageByteCount: Int { 16 }
        static var processID: Int { 20 }
        static var generation: Int { 24 }
        static var checksum: Int { 32 }
        /// From here on to the end of what is used the checksum counts.
        static var checksummed: Int { 40 }
        static var usedByteCount: Int { 40 }
        static var started: Int { 48 }
        static var published: Int { 56 }
        static var platform: Int { 64 }
        static var omittedCount: Int { 68 }
        static var programByteCount: Int { 72 }
        static var program: Int { 80 }
    }

    /// Where the generation is: odd while the page is being written. 8 bytes, aligned.
    public static var generationOffset: Int { Header.generation }

    /// What a record is; readers pass over kinds they don't know.
    enum Kind {
        static var domain: UInt16 { 1 }
        static var server: UInt16 { 2 }
        static var range: UInt16 { 3 }
    }

    /// Bytes before the counters of a domain record, and of each counter.
    enum Domain {
        static var fixedByteCount: Int { 16 }
        static var operationByteCount: Int { 32 }
    }

    /// Offsets in a server record, from its start.
    enum Server {
        static var domain: Int { 8 }
        static var id: Int { 10 }
        static var state: Int { 12 }
        static var isBuffered: Int { 13 }
        static var rangeCount: Int { 16 }
        static var firstBucket: Int { 20 }
        static var bucketCount: Int { 22 }
        static var counters: Int { 24 }
        static var latencyCount: Int { 88 }
        static var latencyTotal: Int { 96 }
        static var latencyMaximum: Int { 104 }
        static var buckets: Int { 112 }
    }

    /// Offsets in a range record, from its start.
    enum Range {
        static var domain: Int { 8 }
        static var server: Int { 10 }
        static var type: Int { 12 }
        static var start: Int { 16 }
        static var end: Int { 24 }
        static var deviceByteCount: Int { 32 }
        static var device: Int { 34 }
    }

    /// The next multiple of 8.
    static func padded(_ byteCount: Int) -> Int { (byteCount + 7) & ~7 }

    /// The longest latency that a bucket counts, in nanoseconds: up to 3 each has one of its own, above that each power
    /// of two has four; buckets 4 to 7 are not used.
    public static func upperEnd(ofBucket bucket: Int) -> UInt64 {
        guard bucket >= 8 else { return UInt64(clamping: bucket) }
        let power = UInt64(min(bucket, bucketCount - 1) / 4)
        let quarter = UInt64(min(bucket, bucketCount - 1) % 4)
        return ((4 + quarter) << (power - 2)) + ((1 << (power - 2)) - 1)
    }
}

/// Why bytes are no statistics page, and where that shows.
public struct StatisticsPageError: Error, Equatable, Sendable {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// Not the size of a page.
        case size
        /// It does not begin as a page does.
        case magic
        /// A layout that this reader does not know.
        case version
        /// Its process is in the middle of writing it, or has died there. Worth another look.
        case beingWritten
        /// What was read is not what was written: read while it changed, or damaged. Worth another look.
        case checksum
        /// A field says what can't be.
        case field
    }

    /// What is wrong.
    public var reason: Reason
    /// The byte where it shows.
    public var offset: Int

    /// An error at a byte.
    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// Whether the same page may be good a moment later.
    public var isTransient: Bool { reason == .beingWritten || reason == .checksum }
}
