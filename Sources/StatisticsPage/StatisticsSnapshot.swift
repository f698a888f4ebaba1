// What one look at a page has found. The bytes come from a file that anybody may have written: every field is checked
// before it is used. Not for: whether its process lives (see DaemonShell).

/// A page's contents.
public struct StatisticsSnapshot: Sendable {
    /// A server with its latencies' buckets.
    public struct Server: Equatable, Sendable {
        /// The server.
        public var record: ServerRecord
        /// How many requests took how long: `PageLayout.bucketCount` counts.
        public var buckets: [UInt64]

        /// A server and the counts of its histogram.
        public init(record: ServerRecord, buckets: [UInt64]) {
            self.record = record
            self.buckets = buckets
        }
    }

    /// Whose page it is.
    public var process: StatisticsProcess
    /// How often it was written, times two.
    public var generation: UInt64
    /// When it was written last, in nanoseconds of CLOCK_MONOTONIC.
    public var published: UInt64
    /// Records that the page had no room for.
    public var omittedCount: UInt32
    /// Domains that are served.
    public var domains: [DomainRecord] = []
    /// Servers.
    public var servers: [Server] = []
    /// Ranges, of all servers.
    public var ranges: [RangeRecord] = []

    /// Reads a page, from a copy of its bytes: what has been checked must not change.
    public init(_ bytes: [UInt8]) throws(StatisticsPageError) {
        guard bytes.count == PageLayout.pageByteCount else { throw StatisticsPageError(.size, at: bytes.count) }
        let page = PageBytes(bytes)
        guard page.word(8, at: PageLayout.Header.magic) == PageLayout.magic else {
            throw StatisticsPageError(.magic, at: PageLayout.Header.magic)
        }
        guard page.word(4, at: PageLayout.Header.version) == UInt64(PageLayout.version) else {
            throw StatisticsPageError(.version, at: PageLayout.Header.version)
        }
        try page.expect(UInt64(PageLayout.headerByteCount), 4, at: PageLayout.Header.headerByteCount)
        try page.expect(UInt64(PageLayout.pageByteCount), 4, at: PageLayout.Header.pageByteCount)
        generation = page.word(8, at: PageLayout.Header.generation)
        guard generation & 1 == 0 else { throw StatisticsPageError(.beingWritten, at: PageLayout.Header.generation) }
        let used = try page.count(
            8, at: PageLayout.Header.usedByteCount, in: PageLayout.headerByteCount...PageLayout.pageByteCount)
        guard used & 7 == 0 else { throw StatisticsPageError(.field, at: PageLayout.Header.usedByteCount) }
        guard pageChecksum(bytes.span, usedByteCount: used) == page.word(8, at: PageLayout.Header.checksum) else {
            throw StatisticsPageError(.checksum, at: PageLayout.Header.checksum)
        }
        process = try page.process()
        published = page.word(8, at: PageLayout.Header.published)
        omittedCount = UInt32(page.word(4, at: PageLayout.Header.omittedCount))
        try readRecords(page, used)
    }

    private mutating func readRecords(_ page: PageBytes, _ used: Int) throws(StatisticsPageError) {
        var offset = PageLayout.headerByteCount
        while offset < used {
            // `used` and all sizes are multiples of 8, so a record's head is always there.
            let size = try page.count(4, at: offset + 4, in: 8...used - offset)
            guard size & 7 == 0 else { throw StatisticsPageError(.field, at: offset + 4) }
            switch UInt16(page.word(2, at: offset)) {
            case PageLayout.Kind.domain: domains.append(try page.domain(at: offset, size))
            case PageLayout.Kind.server: servers.append(try page.server(at: offset, size))
            case PageLayout.Kind.range: ranges.append(try page.range(at: offset, size))
            default: break
            }
            offset += size
        }
    }

    /// The ranges of one server.
    public func ranges(of server: ServerRecord) -> [RangeRecord] {
        ranges.filter { $0.domain == server.domain && $0.server == server.id }
    }
}
