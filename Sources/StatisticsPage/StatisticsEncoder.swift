// From a process's numbers to the bytes of its page, in one buffer that is used again and again.
// Not for: letting others see them (see StatisticsSink).

/// The bytes of a page. Begin, add records, seal; then `bytes` up to `usedByteCount` is a page. Adding allocates
/// nothing. A record for which there is no room is left out and counted.
public struct StatisticsEncoder {
    /// The whole page.
    public private(set) var bytes: [UInt8]
    /// Bytes of it in use, a multiple of 8.
    public private(set) var usedByteCount: Int
    /// Records that found no room.
    public private(set) var omittedCount: UInt32 = 0
    private var generation: UInt64 = 0

    /// A page without records, not sealed yet.
    public init(_ process: StatisticsProcess) {
        bytes = [UInt8](repeating: 0, count: PageLayout.pageByteCount)
        usedByteCount = PageLayout.headerByteCount
        put(PageLayout.magic, 8, at: PageLayout.Header.magic)
        put(UInt64(PageLayout.version), 4, at: PageLayout.Header.version)
        put(UInt64(PageLayout.headerByteCount), 4, at: PageLayout.Header.headerByteCount)
        put(UInt64(PageLayout.pageByteCount), 4, at: PageLayout.Header.pageByteCount)
        put(UInt64(UInt32(bitPattern: process.processID)), 4, at: PageLayout.Header.processID)
        put(process.started, 8, at: PageLayout.Header.started)
        put(UInt64(process.platform.rawValue), 4, at: PageLayout.Header.platform)
        let count = put(
            process.program, at: PageLayout.Header.program, byteCountMax: PageLayout.programByteCountMax)
        put(UInt64(count), 2, at: PageLayout.Header.programByteCount)
    }

    /// Forgets all records.
    public mutating func begin() {
        usedByteCount = PageLayout.headerByteCount
        omittedCount = 0
    }

    /// Whether a domain has a record already.
    public func hasDomain(_ domain: UInt16) -> Bool {
        var offset = PageLayout.headerByteCount
        while offset < usedByteCount {
            let kind = UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
            let id = UInt16(bytes[offset + 8]) | UInt16(bytes[offset + 9]) << 8
            if kind == PageLayout.Kind.domain, id == domain { return true }
            let size = UInt32(bytes[offset + 4]) | UInt32(bytes[offset + 5]) << 8 | UInt32(bytes[offset + 6]) << 16
            offset += Int(size)
        }
        return false
    }

    /// Adds a domain, and up to `operationCountMax` counters of operations: `counter(index)` answers each of
    /// `operationCount`; those without a call are left out.
    public mutating func addDomain(
        _ domain: UInt16, operationCount: Int, counter: (Int) -> OperationRecord
    ) {
        var called = 0
        for index in 0..<operationCount where counter(index).count > 0 { called += 1 }
        called = min(called, PageLayout.operationCountMax)
        let size = PageLayout.Domain.fixedByteCount + called * PageLayout.Domain.operationByteCount
        guard let start = add(PageLayout.Kind.domain, byteCount: size) else { return }
        put(UInt64(domain), 2, at: start + 8)
        put(UInt64(called), 2, at: start + 10)
        var offset = start + PageLayout.Domain.fixedByteCount
        for index in 0..<operationCount where offset < start + size {
            let record = counter(index)
            guard record.count > 0 else { continue }
            put(UInt64(record.operation), 4, at: offset)
            put(record.count, 8, at: offset + 8)
            put(record.refused, 8, at: offset + 16)
            put(record.nanoseconds, 8, at: offset + 24)
            offset += PageLayout.Domain.operationByteCount
        }
    }

    /// Adds a server with its histogram of `PageLayout.bucketCount` counts.
    public mutating func addServer(_ server: ServerRecord, buckets: [UInt64]) {
        precondition(buckets.count == PageLayout.bucketCount, "a histogram has 256 buckets")
        addServer(server) { buckets[$0] }
    }

    /// Adds a server; `bucket` answers the counts of its histogram, 0 to `PageLayout.bucketCount` - 1.
    public mutating func addServer(_ server: ServerRecord, bucket: (Int) -> UInt64) {
        var first = 0
        while first < PageLayout.bucketCount, bucket(first) == 0 { first += 1 }
        var end = PageLayout.bucketCount
        while end > first, bucket(end - 1) == 0 { end -= 1 }
        if first == end { (first, end) = (0, 0) }
        let size = PageLayout.Server.buckets + (end - first) * 8
        guard let start = add(PageLayout.Kind.server, byteCount: size) else { return }
        put(UInt64(server.domain), 2, at: start + PageLayout.Server.domain)
        put(UInt64(server.id), 2, at: start + PageLayout.Server.id)
        put(UInt64(server.state.rawValue), 1, at: start + PageLayout.Server.state)
        put(server.isBuffered ? 1 : 0, 1, at: start + PageLayout.Server.isBuffered)
        put(UInt64(server.rangeCount), 4, at: start + PageLayout.Server.rangeCount)
        put(UInt64(first), 2, at: start + PageLayout.Server.firstBucket)
        put(UInt64(end - first), 2, at: start + PageLayout.Server.bucketCount)
        put(server.counters, at: start + PageLayout.Server.counters)
        put(server.latencyCount, 8, at: start + PageLayout.Server.latencyCount)
        put(server.latencyTotal, 8, at: start + PageLayout.Server.latencyTotal)
        put(server.latencyMaximum, 8, at: start + PageLayout.Server.latencyMaximum)
        for index in first..<end { put(bucket(index), 8, at: start + PageLayout.Server.buckets + (index - first) * 8) }
    }

    /// Adds a range of a server.
    public mutating func addRange(_ range: RangeRecord) {
        let nameByteCount = Self.cut(range.device, PageLayout.deviceByteCountMax)
        let size = PageLayout.padded(PageLayout.Range.device + nameByteCount)
        guard let start = add(PageLayout.Kind.range, byteCount: size) else { return }
        put(UInt64(range.domain), 2, at: start + PageLayout.Range.domain)
        put(UInt64(range.server), 2, at: start + PageLayout.Range.server)
        put(UInt64(range.type), 4, at: start + PageLayout.Range.type)
        put(range.start, 8, at: start + PageLayout.Range.start)
        put(range.end, 8, at: start + PageLayout.Range.end)
        put(UInt64(nameByteCount), 2, at: start + PageLayout.Range.deviceByteCount)
        put(range.device, at: start + PageLayout.Range.device, byteCountMax: nameByteCount)
    }

    /// Completes the page: a new generation, when it is from (nanoseconds of CLOCK_MONOTONIC), its checksum.
    public mutating func seal(published: UInt64) {
        generation &+= 2
        put(UInt64(usedByteCount), 8, at: PageLayout.Header.usedByteCount)
        put(published, 8, at: PageLayout.Header.published)
        put(UInt64(omittedCount), 4, at: PageLayout.Header.omittedCount)
        put(generation, 8, at: PageLayout.Header.generation)
        put(pageChecksum(bytes.span, usedByteCount: usedByteCount), 8, at: PageLayout.Header.checksum)
    }

    // MARK: Bytes

    /// Room for a record, all zero but for its head; nil when there is none.
    private mutating func add(_ kind: UInt16, byteCount: Int) -> Int? {
        guard usedByteCount + byteCount <= bytes.count else {
            omittedCount &+= 1
            return nil
        }
        let start = usedByteCount
        for index in start..<start + byteCount { bytes[index] = 0 }
        put(UInt64(kind), 2, at: start)
        put(UInt64(byteCount), 4, at: start + 4)
        usedByteCount += byteCount
        return start
    }

    private mutating func put(_ value: UInt64, _ byteCount: Int, at offset: Int) {
        for index in 0..<byteCount { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    private mutating func put(_ counters: StatisticsCounters, at offset: Int) {
        put(counters.requests, 8, at: offset)
        put(counters.reads, 8, at: offset + 8)
        put(counters.strings, 8, at: offset + 16)
        put(counters.posted, 8, at: offset + 24)
        put(counters.unclaimed, 8, at: offset + 32)
        put(counters.malformed, 8, at: offset + 40)
        put(counters.failures, 8, at: offset + 48)
        put(counters.broadcasts, 8, at: offset + 56)
    }

    /// Puts a text, cut where a character ends, and says how many bytes that were.
    @discardableResult
    private mutating func put(_ text: String, at offset: Int, byteCountMax: Int) -> Int {
        let count = Self.cut(text, byteCountMax)
        var index = 0
        for byte in text.utf8 {
            if index == count { break }
            bytes[offset + index] = byte
            index += 1
        }
        return count
    }

    /// How many bytes of a text fit, without a part of a character.
    private static func cut(_ text: String, _ byteCountMax: Int) -> Int {
        var whole = 0
        var index = 0
        for byte in text.utf8 {
            // Every byte but a continuation begins a character, so what is before it is whole.
            if byte & 0xC0 != 0x80 { whole = index }
            if index == byteCountMax { return whole }
            index += 1
        }
        return index
    }
}

/// FNV-1a over 64-bit words: that with the process id, the generation, then all from `Header.checksummed` to the end
/// of what is used.
func pageChecksum(_ bytes: Span<UInt8>, usedByteCount: Int) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ offset: Int) {
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        hash = (hash ^ word) &* 0x100_0000_01B3
    }
    add(PageLayout.Header.pageByteCount)
    add(PageLayout.Header.generation)
    for offset in stride(from: PageLayout.Header.checksummed, to: usedByteCount, by: 8) { add(offset) }
    return hash
}
