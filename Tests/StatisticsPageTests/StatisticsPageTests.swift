// The page's layout: what is written byte by byte, what comes back, and what a reader makes of bytes that are not
// what they should be.

import Testing

@testable import StatisticsPage

private let process = StatisticsProcess(
    program: "SerialConsole", processID: 0x1234, started: 0x1122_3344_5566_7788, platform: .xen)

/// A page with a domain, a server and two ranges.
private func sample(requests: UInt64 = 7) -> StatisticsEncoder {
    var page = StatisticsEncoder(process)
    page.addDomain(5, operationCount: 2) { index in
        OperationRecord(operation: UInt32(index) + 1, count: UInt64(index) * 3, refused: 1, nanoseconds: 0x999)
    }
    var server = ServerRecord(domain: 5, id: 1, state: .serving, isBuffered: true, rangeCount: 2)
    server.counters.requests = requests
    server.counters.reads = 3
    server.counters.broadcasts = 8
    server.latencyCount = 7
    server.latencyTotal = 700
    server.latencyMaximum = 130
    var buckets = [UInt64](repeating: 0, count: 256)
    buckets[26] = 6
    buckets[28] = 1
    page.addServer(server, buckets: buckets)
    page.addRange(RangeRecord(domain: 5, server: 1, type: 0, start: 0x3F8, end: 0x3FF, device: "UART16550"))
    page.addRange(RangeRecord(domain: 5, server: 1, type: 1, start: 0, end: .max, device: ""))
    page.seal(published: 0x0102_0304)
    return page
}

private func word(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
}

/// The reason why bytes are refused; nil when they are not.
private func refusal(_ bytes: [UInt8]) -> StatisticsPageError? {
    do throws(StatisticsPageError) {
        _ = try StatisticsSnapshot(bytes)
        return nil
    } catch {
        return error
    }
}

/// The sample with bytes changed and a checksum that is right again: what a hostile writer can do.
private func forged(_ offset: Int, _ value: UInt64, _ count: Int) -> [UInt8] {
    var bytes = sample().bytes
    for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    resum(&bytes)
    return bytes
}

private func resum(_ bytes: inout [UInt8]) {
    let used = Int(clamping: word(bytes, 40, 8))
    guard (256...65536).contains(used), used & 7 == 0 else { return }
    let sum = pageChecksum(bytes.span, usedByteCount: used)
    for index in 0..<8 { bytes[32 + index] = UInt8(truncatingIfNeeded: sum >> UInt64(8 * index)) }
}

// Of the sample: domain record at 256 (48 bytes), server at 304 (136), ranges at 440 (48) and 488 (40).
private let domainAt = 256
private let serverAt = 304
private let rangeAt = 440

@Suite struct LayoutTests {
    @Test func `The header has its fields at the documented bytes`() {
        let bytes = sample().bytes
        #expect(bytes.count == 65536)
        #expect(Array(bytes[0..<8]) == Array("CORBELST".utf8))
        #expect(word(bytes, 8, 4) == 1)
        #expect(word(bytes, 12, 4) == 256)
        #expect(word(bytes, 16, 4) == 65536)
        #expect(word(bytes, 20, 4) == 0x1234)
        #expect(word(bytes, 24, 8) == 2)
        #expect(word(bytes, 40, 8) == 528)
        #expect(word(bytes, 48, 8) == 0x1122_3344_5566_7788)
        #expect(word(bytes, 56, 8) == 0x0102_0304)
        #expect(word(bytes, 64, 4) == 1)
        #expect(word(bytes, 68, 4) == 0)
        #expect(word(bytes, 72, 2) == 13)
        #expect(Array(bytes[80..<93]) == Array("SerialConsole".utf8))
        #expect(bytes[93..<256].allSatisfy { $0 == 0 })
    }

    @Test func `Records have their fields at the documented bytes`() {
        let bytes = sample().bytes
        // Domain 5; operation 1 was never called and is left out.
        #expect(Array(bytes[256..<272]) == [1, 0, 0, 0, 48, 0, 0, 0, 5, 0, 1, 0, 0, 0, 0, 0])
        #expect(word(bytes, 272, 4) == 2)
        #expect(word(bytes, 280, 8) == 3)
        #expect(word(bytes, 288, 8) == 1)
        #expect(word(bytes, 296, 8) == 0x999)
        // Server 1 of domain 5, serving, buffered, 2 ranges; buckets 26 to 28.
        #expect(Array(bytes[304..<320]) == [2, 0, 0, 0, 136, 0, 0, 0, 5, 0, 1, 0, 1, 1, 0, 0])
        #expect(Array(bytes[320..<328]) == [2, 0, 0, 0, 26, 0, 3, 0])
        #expect(stride(from: 328, to: 392, by: 8).map { word(bytes, $0, 8) } == [7, 3, 0, 0, 0, 0, 0, 8])
        #expect(stride(from: 392, to: 440, by: 8).map { word(bytes, $0, 8) } == [7, 700, 130, 6, 0, 1])
        // Ports 0x3f8 to 0x3ff of UART16550.
        #expect(Array(bytes[440..<456]) == [3, 0, 0, 0, 48, 0, 0, 0, 5, 0, 1, 0, 0, 0, 0, 0])
        #expect(word(bytes, 456, 8) == 0x3F8)
        #expect(word(bytes, 464, 8) == 0x3FF)
        #expect(word(bytes, 472, 2) == 9)
        #expect(Array(bytes[474..<483]) == Array("UART16550".utf8))
        #expect(Array(bytes[488..<496]) == [3, 0, 0, 0, 40, 0, 0, 0])
    }

    @Test func `The checksum is FNV-1a over process id, generation and used words`() {
        var page = StatisticsEncoder(
            StatisticsProcess(program: "a", processID: 1, started: 0, platform: .xen))
        page.seal(published: 0)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        let words: [UInt64] = [1 << 32 | 65536, 2, 256, 0, 0, 1, 1, 0x61] + [UInt64](repeating: 0, count: 21)
        for word in words { hash = (hash ^ word) &* 0x100_0000_01B3 }
        #expect(word(page.bytes, 32, 8) == hash)
    }

    @Test func `What was written comes back`() throws {
        let snapshot = try StatisticsSnapshot(sample().bytes)
        #expect(snapshot.process.program == process.program && snapshot.process.processID == process.processID)
        #expect(snapshot.process.started == process.started && snapshot.process.platform == .xen)
        #expect(snapshot.published == 0x0102_0304)
        #expect(snapshot.generation == 2)
        #expect(snapshot.domains.count == 1)
        #expect(
            snapshot.domains.first?.operations
                == [OperationRecord(operation: 2, count: 3, refused: 1, nanoseconds: 0x999)])
        let server = try #require(snapshot.servers.first)
        #expect(server.record.counters.requests == 7)
        #expect(server.record.isBuffered)
        #expect(server.buckets[26] == 6 && server.buckets[28] == 1 && server.buckets.count == 256)
        #expect(snapshot.ranges(of: server.record).map(\.device) == ["UART16550", ""])
        #expect(snapshot.ranges.last?.end == .max)
    }

    @Test func `A page without records is a page`() throws {
        var page = StatisticsEncoder(process)
        page.seal(published: 9)
        #expect(try StatisticsSnapshot(page.bytes).servers.isEmpty)
    }

    @Test func `Beginning anew forgets the records and keeps the process`() throws {
        var page = sample()
        page.begin()
        page.seal(published: 10)
        let snapshot = try StatisticsSnapshot(page.bytes)
        #expect(snapshot.process.program == "SerialConsole" && snapshot.servers.isEmpty && snapshot.generation == 4)
    }

    @Test func `What finds no room is left out and counted, and the page stays good`() throws {
        var page = StatisticsEncoder(process)
        let name = String(repeating: "x", count: 64)
        for index in 0..<1000 {
            page.addRange(
                RangeRecord(
                    domain: 1, server: 0, type: 0, start: UInt64(index), end: UInt64(index), device: name))
        }
        page.seal(published: 1)
        let snapshot = try StatisticsSnapshot(page.bytes)
        #expect(snapshot.ranges.count == (65536 - 256) / 104)
        #expect(snapshot.omittedCount == UInt32(1000 - snapshot.ranges.count))
    }

    @Test func `A long name is cut where a character ends`() throws {
        // 42 times three bytes, and two more would not hold a whole one.
        let name = String(repeating: "\u{20AC}", count: 60)
        var page = StatisticsEncoder(
            StatisticsProcess(program: name, processID: 1, started: 0, platform: .sandbox))
        page.addRange(RangeRecord(domain: 1, server: 0, type: 0, start: 0, end: 0, device: name))
        page.seal(published: 1)
        let snapshot = try StatisticsSnapshot(page.bytes)
        #expect(snapshot.process.program == String(repeating: "\u{20AC}", count: 42))
        #expect(snapshot.ranges.first?.device == String(repeating: "\u{20AC}", count: 21))
    }

    @Test func `A domain is found among other records`() {
        let page = sample()
        #expect(page.hasDomain(5))
        #expect(!page.hasDomain(1))
    }

    @Test func `A histogram with counts at both ends keeps them`() throws {
        var buckets = [UInt64](repeating: 0, count: 256)
        buckets[0] = 1
        buckets[255] = .max
        var page = StatisticsEncoder(process)
        page.addServer(
            ServerRecord(domain: 1, id: 0, state: .created, isBuffered: false, rangeCount: 0), buckets: buckets)
        page.seal(published: 1)
        #expect(try StatisticsSnapshot(page.bytes).servers.first?.buckets == buckets)
    }
}

@Suite struct HostilePageTests {
    @Test func `Every truncation is refused`() {
        let bytes = sample().bytes
        for count in 0..<1024 { #expect(refusal(Array(bytes[..<count]))?.reason == .size) }
        for count in stride(from: 1024, to: 65536, by: 509) {
            #expect(refusal(Array(bytes[..<count]))?.reason == .size)
        }
        #expect(refusal(Array(bytes[..<65535]))?.reason == .size)
        #expect(refusal(bytes + [0])?.reason == .size)
        #expect(refusal([])?.reason == .size)
    }

    @Test func `Any changed byte of what is used is noticed`() {
        let bytes = sample().bytes
        for offset in 0..<528 {
            var changed = bytes
            changed[offset] ^= 0x10
            #expect(refusal(changed) != nil, "byte \(offset)")
        }
    }

    @Test func `Bytes behind what is used don't matter`() {
        var bytes = sample().bytes
        bytes[528] = 0xFF
        bytes[65535] = 0xFF
        #expect(refusal(bytes) == nil)
    }

    @Test func `A mixture of two pages is noticed wherever it was torn`() {
        var page = sample()
        let old = page.bytes
        page.begin()
        page.addServer(
            ServerRecord(domain: 9, id: 2, state: .quiet, isBuffered: false, rangeCount: 1),
            buckets: [UInt64](repeating: 3, count: 256))
        page.seal(published: 99)
        let new = page.bytes
        // From the generation on: what is before it is the same in both.
        for cut in 25..<page.usedByteCount - 8 {
            let torn = Array(new[..<cut] + old[cut...])
            if torn != new, torn != old { #expect(refusal(torn) != nil, "cut at \(cut)") }
        }
    }

    @Test func `An odd generation is a page that is being written`() {
        let error = refusal(forged(24, 3, 8))
        #expect(error?.reason == .beingWritten)
        #expect(error?.isTransient == true)
    }

    @Test(
        arguments: [
            (0, 0x1234, 8, StatisticsPageError.Reason.magic), (8, 2, 4, .version), (8, 0, 4, .version),
            (12, 255, 4, .field), (16, 4096, 4, .field), (20, 0, 4, .field), (20, 0x8000_0000, 4, .field),
            (40, 248, 8, .field), (40, 65544, 8, .field), (40, UInt64.max, 8, .field), (40, 257, 8, .field),
            (72, 129, 2, .field), (72, 0xFFFF, 2, .field),
        ] as [(Int, UInt64, Int, StatisticsPageError.Reason)])
    func `A header that can't be is refused`(
        _ offset: Int, _ value: UInt64, _ count: Int, _ reason: StatisticsPageError.Reason
    ) {
        let error = refusal(forged(offset, value, count))
        #expect(error?.reason == reason)
        #expect(error?.offset == offset)
    }

    @Test(
        arguments: [
            // The record's size: none, not a multiple of 8, out of what is used, too small or large for its kind.
            (domainAt + 4, 0, 4), (domainAt + 4, 7, 4), (domainAt + 4, 12, 4), (domainAt + 4, 280, 4),
            (domainAt + 4, 0xFFFF_FFFF, 4), (domainAt + 4, 8, 4), (domainAt + 4, 56, 4),
            // More counters than the record holds, or than there can be.
            (domainAt + 10, 2, 2), (domainAt + 10, 0, 2), (domainAt + 10, 65, 2), (domainAt + 10, 0xFFFF, 2),
            (serverAt + 4, 104, 4), (serverAt + 4, 144, 4), (serverAt + 13, 2, 1),
            // Buckets beyond the last one, or not as many as the record holds.
            (serverAt + 20, 254, 2), (serverAt + 20, 257, 2), (serverAt + 20, 0xFFFF, 2), (serverAt + 22, 4, 2),
            (serverAt + 22, 0xFFFF, 2),
            (rangeAt + 4, 32, 4), (rangeAt + 32, 65, 2), (rangeAt + 32, 15, 2), (rangeAt + 32, 0xFFFF, 2),
            // A range that ends before it begins.
            (rangeAt + 16, 0x400, 8), (rangeAt + 24, 0, 8),
        ] as [(Int, UInt64, Int)])
    func `A record that can't be is refused`(_ offset: Int, _ value: UInt64, _ count: Int) {
        #expect(refusal(forged(offset, value, count))?.reason == .field)
    }

    @Test func `Kinds of records, states and platforms that are not known are passed over`() throws {
        #expect(try StatisticsSnapshot(forged(domainAt, 4711, 2)).domains.isEmpty)
        #expect(try StatisticsSnapshot(forged(domainAt, 4711, 2)).servers.count == 1)
        #expect(try StatisticsSnapshot(forged(serverAt + 12, 77, 1)).servers.first?.record.state.rawValue == 77)
        #expect(try StatisticsSnapshot(forged(64, 9, 4)).process.platform.rawValue == 9)
    }

    @Test func `Rubbish with a good head and checksum never crashes the reader`() {
        var generator = SystemRandomNumberGenerator()
        var refused = 0
        for _ in 0..<2000 {
            var bytes = sample().bytes
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 20..<528, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            bytes[24] &= 0xFE
            resum(&bytes)
            if refusal(bytes) != nil { refused += 1 }
        }
        #expect(refused > 0)
    }
}
