// modules: StatisticsPage
// Statistics pages from arbitrary bytes, as they are and with a head and a checksum that are right: whatever is read
// holds together. Not for: files.

import StatisticsPage

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    check(bytes)
    var page = bytes + [UInt8](repeating: 0, count: max(0, PageLayout.pageByteCount - bytes.count))
    check(page)
    // The input as records behind a good head.
    var encoder = StatisticsEncoder(
        StatisticsProcess(program: "fuzz", processID: 1, started: 1, platform: .xen))
    encoder.seal(published: 1)
    page = encoder.bytes
    let used = min(bytes.count & ~7, PageLayout.pageByteCount - PageLayout.headerByteCount)
    for index in 0..<used { page[PageLayout.headerByteCount + index] = bytes[index] }
    put(UInt64(PageLayout.headerByteCount + used), 40, &page)
    put(checksum(page, PageLayout.headerByteCount + used), 32, &page)
    check(page)
    return 0
}

private func check(_ bytes: [UInt8]) {
    do throws(StatisticsPageError) {
        let snapshot = try StatisticsSnapshot(bytes)
        for range in snapshot.ranges { precondition(range.start <= range.end && range.device.utf8.count <= 3 * 64) }
        for server in snapshot.servers {
            precondition(server.buckets.count == PageLayout.bucketCount)
            _ = snapshot.ranges(of: server.record)
        }
    } catch {
        precondition(error.offset >= 0 && (error.offset < PageLayout.pageByteCount || error.reason == .size))
    }
}

/// As Documentation/statistics-page.md says it.
private func checksum(_ page: [UInt8], _ used: Int) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for offset in [16, 24] + Array(stride(from: 40, to: used, by: 8)) {
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(page[offset + index]) << UInt64(8 * index) }
        hash = (hash ^ word) &* 0x100_0000_01B3
    }
    return hash
}

private func put(_ value: UInt64, _ offset: Int, _ page: inout [UInt8]) {
    for index in 0..<8 { page[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
}
