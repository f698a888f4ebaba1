// What waits to be sent on one connection: replies and events in their order; equal events once, and those of a watch
// folded into one when there are too many (xenstored.md 4.5 and 4.6). All bytes lie in one array, one behind the other.
// Not for: who may see an event.

internal import XenstoreWire

/// How many events may wait (xenstored.md 4.6).
struct EventLimit {
    var count: Int
    var byteCount: Int

    static var privileged: EventLimit { EventLimit(count: 65536, byteCount: 16 << 20) }
    static func guest(_ count: Int) -> EventLimit {
        EventLimit(count: count == 0 ? .max : count, byteCount: 256 << 10)
    }
}

/// The output of a connection.
struct OutputQueue: ~Copyable {
    struct Entry {
        enum Kind: UInt8 { case withdrawn, reply, event }

        var kind: Kind
        /// Whether an equal event finds it.
        var isListed = false
        /// Of a reply the message, of an event the path: where it begins, and how long it is.
        var start: Int
        var byteCount: Int
        /// Of an event.
        var watch: Watch?
        var hash: UInt64 = 0
        /// The number of the next entry of its bucket.
        var next = -1
    }

    var entries: ContiguousArray<Entry> = []
    /// Index of the first entry that wasn't taken.
    private var head = 0
    /// The number of `entries[0]`.
    private var base = 0
    private var bytes: [UInt8] = []
    /// Where `bytes` begin, of all bytes that there ever were.
    private var bytesBase = 0
    /// Numbers of listed events by their hashes: the first of each bucket.
    private var buckets: ContiguousArray<Int> = []

    /// Events that wait wholly unsent.
    private(set) var eventCount = 0
    private(set) var eventByteCount = 0
    /// Replies that wait or are on their way.
    private(set) var replyCount = 0
    /// Bytes of replies that wait.
    private(set) var replyByteCount = 0
    /// Events that were not added as an equal one waited, and those that were folded into another.
    private(set) var coalescedCount: UInt64 = 0
    private(set) var foldedCount: UInt64 = 0
    /// Whether the daemon knows that something waits.
    var isAnnounced = false

    var isEmpty: Bool { eventCount == 0 && head == entries.count }

    /// Adds a message as it is.
    mutating func add(reply: [UInt8]) {
        let start = bytesBase + bytes.count
        bytes.append(contentsOf: reply)
        appendReply(start)
    }

    /// Adds the reply to a request, whose payload `body` puts behind what is there. One of more than 4096 bytes becomes
    /// a refusal (xenstored.md 1.2). Answers the bytes of the message.
    mutating func add(replyTo header: XenstoreHeader, _ body: (inout [UInt8]) -> Void) -> Int {
        let start = bytes.count
        bytes.append(header.operation, requestID: header.requestID, transactionID: header.transactionID)
        body(&bytes)
        let payload = bytes.count - start - XenstoreLimits.headerByteCount
        if payload > XenstoreLimits.payloadByteCount {
            bytes.removeLast(bytes.count - start)
            var writer = XenstoreWriter()
            writer.refuse(header, .tooBig)
            bytes.append(contentsOf: writer.bytes)
        } else {
            bytes.setPayloadByteCount(payload, at: start)
        }
        appendReply(bytesBase + start)
        return bytes.count - start
    }

    private mutating func appendReply(_ start: Int) {
        let byteCount = bytesBase + bytes.count - start
        entries.append(Entry(kind: .reply, start: start, byteCount: byteCount))
        replyCount += 1
        replyByteCount += byteCount
    }

    /// Adds an event for a path at or below the watch's.
    mutating func add(_ watch: Watch, path: [UInt8], limit: EventLimit) {
        var count = path.count
        while watch.eventByteCount(count) > XenstoreLimits.payloadByteCount, count > watch.path.count,
            let parent = StorePath.parentByteCount(path.span, count)
        { count = parent }
        if watch.isFolded, let number = watch.queued.all.first {
            shorten(number, to: path.span, count)
            return
        }
        let hash = ByteHash.hash(path.span, 0..<count, watch.sequence)
        if isListed(watch, path.span, count, hash) {
            coalescedCount += 1
            return
        }
        let byteCount = watch.eventByteCount(count)
        if eventCount >= limit.count || eventByteCount + byteCount > limit.byteCount {
            count = watch.isSpecial ? watch.path.count : foldedByteCount(watch, path.span, count)
            foldedCount += UInt64(watch.queued.count)
            withdraw(watch)
            watch.isFolded = true
            append(watch, path.span, count)
            return
        }
        let number = append(watch, path.span, count)
        list(number, hash)
    }

    @discardableResult
    private mutating func append(_ watch: Watch, _ path: Span<UInt8>, _ count: Int) -> Int {
        let number = base + entries.count
        watch.queued.append(number)
        entries.append(Entry(kind: .event, start: bytesBase + bytes.count, byteCount: count, watch: watch))
        for index in 0..<count { bytes.append(path[index]) }
        eventCount += 1
        eventByteCount += watch.eventByteCount(count)
        return number
    }

    /// The folded event of a watch stands for one path more.
    private mutating func shorten(_ number: Int, to path: Span<UInt8>, _ pathByteCount: Int) {
        let index = number - base
        guard let watch = entries[index].watch else { return }
        foldedCount += 1
        let old = entries[index].byteCount
        let count = max(common(index, path.extracting(0..<pathByteCount)), watch.path.count)
        if count >= old { return }
        eventByteCount -= old - count
        entries[index].byteCount = count
    }

    /// Bytes of the longest path at or above that of an event and another one.
    private func common(_ index: Int, _ path: Span<UInt8>) -> Int {
        let start = entries[index].start - bytesBase
        return StorePath.commonByteCount(
            bytes.span.extracting(start..<start + entries[index].byteCount), path)
    }

    private func foldedByteCount(_ watch: Watch, _ path: Span<UInt8>, _ pathByteCount: Int) -> Int {
        var count = pathByteCount
        for number in watch.queued.all { count = min(count, common(number - base, path.extracting(0..<count))) }
        return max(count, watch.path.count)
    }

    /// Takes back all events of a watch that are wholly unsent.
    mutating func withdraw(_ watch: Watch) {
        for number in watch.queued.all { finish(number - base) }
        watch.queued.removeAll()
        watch.isFolded = false
        skipWithdrawn()
    }

    /// An event waits no more; its bytes stay where they are for now.
    private mutating func finish(_ index: Int) {
        guard let watch = entries[index].watch else { return }
        if entries[index].isListed { unlist(index) }
        eventCount -= 1
        eventByteCount -= watch.eventByteCount(entries[index].byteCount)
        entries[index].kind = .withdrawn
        entries[index].watch = nil
    }

    /// Puts the next message behind what is in a buffer; it is no longer wholly unsent. Nil when none waits.
    mutating func take(into output: inout [UInt8]) -> (byteCount: Int, isReply: Bool)? {
        guard head < entries.count else { return nil }
        let before = output.count
        putMessage(head, &output)
        let isReply = entries[head].kind == .reply
        if isReply {
            replyByteCount -= entries[head].byteCount
        } else if let watch = entries[head].watch {
            watch.queued.removeFirst()
            watch.isFolded = false
            finish(head)
        }
        head += 1
        skipWithdrawn()
        return (output.count - before, isReply)
    }

    private func putMessage(_ index: Int, _ output: inout [UInt8]) {
        let start = entries[index].start - bytesBase
        let end = start + entries[index].byteCount
        guard let watch = entries[index].watch else {
            if entries[index].kind == .reply { output.append(contentsOf: bytes[start..<end]) }
            return
        }
        let before = output.count
        output.append(.watchEvent, requestID: 0, transactionID: 0)
        output.append(contentsOf: bytes[(start + watch.skippedByteCount)..<end])
        output.append(0)
        output.append(contentsOf: watch.token)
        output.append(0)
        output.setPayloadByteCount(output.count - before - XenstoreLimits.headerByteCount, at: before)
    }

    /// All messages that wait, in their order; nothing changes (xenstored.md 13.1).
    func forEachMessage(_ body: ([UInt8]) -> Void) {
        for index in head..<entries.count where entries[index].kind != .withdrawn {
            var message: [UInt8] = []
            putMessage(index, &message)
            body(message)
        }
    }

    /// A reply was wholly sent.
    mutating func replySent() { replyCount -= 1 }

    private mutating func skipWithdrawn() {
        while head < entries.count, entries[head].kind == .withdrawn { head += 1 }
        if head == entries.count {
            base += head
            bytesBase += bytes.count
            // Room for many is not kept for few.
            entries.removeAll(keepingCapacity: entries.capacity <= 1024)
            bytes.removeAll(keepingCapacity: bytes.capacity <= 32768)
            head = 0
        } else if head > 64 && head * 2 > entries.count {
            base += head
            entries.removeFirst(head)
            head = 0
            bytes.removeFirst(entries[0].start - bytesBase)
            bytesBase = entries[0].start
        }
    }
}

extension OutputQueue {
    /// Whether an equal event waits.
    private func isListed(_ watch: Watch, _ path: Span<UInt8>, _ count: Int, _ hash: UInt64) -> Bool {
        if buckets.isEmpty { return false }
        var number = buckets[Int(truncatingIfNeeded: hash) & (buckets.count - 1)]
        while number >= 0 {
            let index = number - base
            if entries[index].hash == hash, entries[index].byteCount == count, entries[index].watch === watch,
                isEqual(entries[index].start - bytesBase, path, count)
            {
                return true
            }
            number = entries[index].next
        }
        return false
    }

    private func isEqual(_ start: Int, _ path: Span<UInt8>, _ count: Int) -> Bool {
        for offset in 0..<count where bytes[start + offset] != path[offset] { return false }
        return true
    }

    /// Makes an event one that equal ones find.
    private mutating func list(_ number: Int, _ hash: UInt64) {
        if eventCount > buckets.count {
            buckets = ContiguousArray(repeating: -1, count: max(16, buckets.count * 4))
            for index in head..<entries.count where entries[index].isListed { link(index) }
        }
        entries[number - base].hash = hash
        entries[number - base].isListed = true
        link(number - base)
    }

    private mutating func link(_ index: Int) {
        let bucket = Int(truncatingIfNeeded: entries[index].hash) & (buckets.count - 1)
        entries[index].next = buckets[bucket]
        buckets[bucket] = base + index
    }

    private mutating func unlist(_ index: Int) {
        let bucket = Int(truncatingIfNeeded: entries[index].hash) & (buckets.count - 1)
        var at = buckets[bucket]
        if at == base + index {
            buckets[bucket] = entries[index].next
        } else {
            while at >= 0, entries[at - base].next != base + index { at = entries[at - base].next }
            if at >= 0 { entries[at - base].next = entries[index].next }
        }
        entries[index].isListed = false
    }
}

extension [UInt8] {
    /// The header of a message whose length is not known yet.
    fileprivate mutating func append(_ operation: XenstoreOperation, requestID: UInt32, transactionID: UInt32) {
        append32(operation.rawValue)
        append32(requestID)
        append32(transactionID)
        append32(0)
    }

    private mutating func append32(_ number: UInt32) {
        for index in 0..<4 { append(UInt8(truncatingIfNeeded: number >> UInt32(8 * index))) }
    }

    fileprivate mutating func setPayloadByteCount(_ count: Int, at start: Int) {
        for index in 0..<4 { self[start + 12 + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
    }
}
