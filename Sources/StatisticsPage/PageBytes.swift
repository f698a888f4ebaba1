// Checked reading of a page's bytes, field by field. Offsets handed in lie within the page, which has its full size.
// Not for: the order of the fields (see StatisticsSnapshot).

struct PageBytes {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// A number of 1 to 8 bytes.
    func word(_ byteCount: Int, at offset: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<byteCount { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        return value
    }

    /// A number that can have one value only.
    func expect(_ value: UInt64, _ byteCount: Int, at offset: Int) throws(StatisticsPageError) {
        guard word(byteCount, at: offset) == value else { throw StatisticsPageError(.field, at: offset) }
    }

    /// A number within bounds.
    func count(
        _ byteCount: Int, at offset: Int, in bounds: ClosedRange<Int>
    ) throws(StatisticsPageError) -> Int {
        guard let value = Int(exactly: word(byteCount, at: offset)), bounds.contains(value) else {
            throw StatisticsPageError(.field, at: offset)
        }
        return value
    }

    func text(at offset: Int, byteCount: Int) -> String {
        String(decoding: bytes[offset..<offset + byteCount], as: UTF8.self)
    }

    // MARK: Header

    func process() throws(StatisticsPageError) -> StatisticsProcess {
        let id = try count(4, at: PageLayout.Header.processID, in: 1...Int(Int32.max))
        let length = try count(
            2, at: PageLayout.Header.programByteCount, in: 0...PageLayout.programByteCountMax)
        return StatisticsProcess(
            program: text(at: PageLayout.Header.program, byteCount: length), processID: Int32(id),
            started: word(8, at: PageLayout.Header.started),
            platform: StatisticsPlatform(rawValue: UInt32(word(4, at: PageLayout.Header.platform))))
    }

    // MARK: Records, each of `size` bytes, which lie within the page

    func domain(at start: Int, _ size: Int) throws(StatisticsPageError) -> DomainRecord {
        guard size >= PageLayout.Domain.fixedByteCount else { throw StatisticsPageError(.field, at: start + 4) }
        let count = try count(2, at: start + 10, in: 0...PageLayout.operationCountMax)
        guard size == PageLayout.Domain.fixedByteCount + count * PageLayout.Domain.operationByteCount else {
            throw StatisticsPageError(.field, at: start + 10)
        }
        let operations = (0..<count).map { index in
            let offset = start + PageLayout.Domain.fixedByteCount + index * PageLayout.Domain.operationByteCount
            return OperationRecord(
                operation: UInt32(word(4, at: offset)), count: word(8, at: offset + 8),
                refused: word(8, at: offset + 16), nanoseconds: word(8, at: offset + 24))
        }
        return DomainRecord(domain: UInt16(word(2, at: start + 8)), operations: operations)
    }

    func server(at start: Int, _ size: Int) throws(StatisticsPageError) -> StatisticsSnapshot.Server {
        typealias Field = PageLayout.Server
        guard size >= Field.buckets else { throw StatisticsPageError(.field, at: start + 4) }
        let first = try count(2, at: start + Field.firstBucket, in: 0...PageLayout.bucketCount)
        let count = try count(2, at: start + Field.bucketCount, in: 0...PageLayout.bucketCount - first)
        guard size == Field.buckets + count * 8 else { throw StatisticsPageError(.field, at: start + 4) }
        let isBuffered = try self.count(1, at: start + Field.isBuffered, in: 0...1) == 1
        var record = ServerRecord(
            domain: UInt16(word(2, at: start + Field.domain)), id: UInt16(word(2, at: start + Field.id)),
            state: StatisticsServerState(rawValue: UInt8(word(1, at: start + Field.state))), isBuffered: isBuffered,
            rangeCount: UInt32(word(4, at: start + Field.rangeCount)))
        record.counters = counters(at: start + Field.counters)
        record.latencyCount = word(8, at: start + Field.latencyCount)
        record.latencyTotal = word(8, at: start + Field.latencyTotal)
        record.latencyMaximum = word(8, at: start + Field.latencyMaximum)
        var buckets = [UInt64](repeating: 0, count: PageLayout.bucketCount)
        for index in 0..<count { buckets[first + index] = word(8, at: start + Field.buckets + index * 8) }
        return StatisticsSnapshot.Server(record: record, buckets: buckets)
    }

    private func counters(at offset: Int) -> StatisticsCounters {
        var counters = StatisticsCounters()
        counters.requests = word(8, at: offset)
        counters.reads = word(8, at: offset + 8)
        counters.strings = word(8, at: offset + 16)
        counters.posted = word(8, at: offset + 24)
        counters.unclaimed = word(8, at: offset + 32)
        counters.malformed = word(8, at: offset + 40)
        counters.failures = word(8, at: offset + 48)
        counters.broadcasts = word(8, at: offset + 56)
        return counters
    }

    func range(at start: Int, _ size: Int) throws(StatisticsPageError) -> RangeRecord {
        typealias Field = PageLayout.Range
        guard size >= PageLayout.padded(Field.device) else { throw StatisticsPageError(.field, at: start + 4) }
        let length = try count(2, at: start + Field.deviceByteCount, in: 0...PageLayout.deviceByteCountMax)
        guard size == PageLayout.padded(Field.device + length) else {
            throw StatisticsPageError(.field, at: start + Field.deviceByteCount)
        }
        let first = word(8, at: start + Field.start)
        let last = word(8, at: start + Field.end)
        guard first <= last else { throw StatisticsPageError(.field, at: start + Field.end) }
        return RangeRecord(
            domain: UInt16(word(2, at: start + Field.domain)), server: UInt16(word(2, at: start + Field.server)),
            type: UInt32(word(4, at: start + Field.type)), start: first, end: last,
            device: text(at: start + Field.device, byteCount: length))
    }
}
