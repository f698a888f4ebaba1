// What waits to be sent on one connection: replies and events in their order; equal events once, and those of a watch
// folded into one when there are too many (xenstored.md 4.5 and 4.6).
// Not for: who may see an event.

internal import XenstoreWire

/// How many events may wait (xenstored.md 4.6).
struct EventLimit {
    var count: Int
    var byteCount: Int

    static let privileged = EventLimit(count: 65536, byteCount: 16 << 20)
    static func guest(_ count: Int) -> EventLimit {
        EventLimit(count: count == 0 ? .max : count, byteCount: 256 << 10)
    }
}

/// The output of a connection.
struct OutputQueue {
    private enum Entry {
        case withdrawn
        case reply([UInt8])
        case event(Watch, path: [UInt8])
    }

    private struct EventKey: Hashable {
        var watch: ObjectIdentifier
        var path: [UInt8]
    }

    private var entries: [Entry] = []
    /// Index of the first entry that wasn't taken.
    private var head = 0
    /// The number of `entries[0]`.
    private var base = 0
    private var numbers: [EventKey: Int] = [:]

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

    mutating func add(reply: [UInt8]) {
        entries.append(.reply(reply))
        replyCount += 1
        replyByteCount += reply.count
    }

    /// Adds an event for a path at or below the watch's.
    mutating func add(_ watch: Watch, path: [UInt8], limit: EventLimit) {
        var path = path
        while watch.eventByteCount(path) > XenstoreLimits.payloadByteCount, path.count > watch.path.count,
            let parent = StorePath.parent(path)
        { path = parent }
        if watch.isFolded, let number = watch.queued.all.first {
            shorten(number, to: path)
            return
        }
        let key = EventKey(watch: ObjectIdentifier(watch), path: path)
        if numbers[key] != nil {
            coalescedCount += 1
            return
        }
        let byteCount = watch.eventByteCount(path)
        if eventCount >= limit.count || eventByteCount + byteCount > limit.byteCount {
            path = watch.isSpecial ? watch.path : foldedPath(watch, path)
            foldedCount += UInt64(watch.queued.count)
            withdraw(watch)
            watch.isFolded = true
            append(watch, path)
            return
        }
        numbers[key] = base + entries.count
        append(watch, path)
    }

    private mutating func append(_ watch: Watch, _ path: [UInt8]) {
        watch.queued.append(base + entries.count)
        entries.append(.event(watch, path: path))
        eventCount += 1
        eventByteCount += watch.eventByteCount(path)
    }

    /// The folded event of a watch stands for one path more.
    private mutating func shorten(_ number: Int, to path: [UInt8]) {
        guard case .event(let watch, let old) = entries[number - base] else { return }
        foldedCount += 1
        let count = max(StorePath.commonByteCount(old, path), watch.path.count)
        if count == old.count { return }
        eventByteCount -= old.count - count
        entries[number - base] = .event(watch, path: Array(old[..<count]))
    }

    private func foldedPath(_ watch: Watch, _ path: [UInt8]) -> [UInt8] {
        var count = path.count
        for number in watch.queued.all {
            guard case .event(_, let other) = entries[number - base] else { continue }
            count = min(count, StorePath.commonByteCount(Array(path[..<count]), other))
        }
        return Array(path[..<max(count, watch.path.count)])
    }

    /// Takes back all events of a watch that are wholly unsent.
    mutating func withdraw(_ watch: Watch) {
        for number in watch.queued.all {
            guard case .event(_, let path) = entries[number - base] else { continue }
            numbers[EventKey(watch: ObjectIdentifier(watch), path: path)] = nil
            entries[number - base] = .withdrawn
            eventCount -= 1
            eventByteCount -= watch.eventByteCount(path)
        }
        watch.queued.removeAll()
        watch.isFolded = false
        skipWithdrawn()
    }

    /// The next message, which is no longer wholly unsent; nil when none waits.
    mutating func take() -> (message: [UInt8], isReply: Bool)? {
        skipWithdrawn()
        guard head < entries.count else { return nil }
        let entry = entries[head]
        entries[head] = .withdrawn
        head += 1
        defer { skipWithdrawn() }
        switch entry {
        case .withdrawn: return nil
        case .reply(let message):
            replyByteCount -= message.count
            return (message, true)
        case .event(let watch, let path):
            numbers[EventKey(watch: ObjectIdentifier(watch), path: path)] = nil
            watch.queued.removeFirst()
            watch.isFolded = false
            eventCount -= 1
            eventByteCount -= watch.eventByteCount(path)
            return (message(of: watch, path), false)
        }
    }

    /// All messages that wait, in their order; nothing changes (xenstored.md 13.1).
    func forEachMessage(_ body: ([UInt8]) -> Void) {
        for entry in entries[head...] {
            switch entry {
            case .withdrawn: break
            case .reply(let message): body(message)
            case .event(let watch, let path): body(message(of: watch, path))
            }
        }
    }

    private func message(of watch: Watch, _ path: [UInt8]) -> [UInt8] {
        var writer = XenstoreWriter()
        let named = Array(path[watch.skippedByteCount...])
        let token = watch.token
        _ = writer.event(path: named.span, token: token.span)
        return writer.bytes
    }

    /// A reply was wholly sent.
    mutating func replySent() { replyCount -= 1 }

    private mutating func skipWithdrawn() {
        while head < entries.count, case .withdrawn = entries[head] { head += 1 }
        if head == entries.count || head > 64 && head * 2 > entries.count {
            base += head
            entries.removeFirst(head)
            head = 0
        }
    }
}
