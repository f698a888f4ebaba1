// A watch: what a connection wants to hear of (xenstored.md 4).
// Not for: which watches a change concerns (WatchTrie).

/// A registered watch, and its events that still wait.
final class Watch {
    let connection: ConnectionID
    /// Canonical.
    let path: [UInt8]
    let token: [UInt8]
    /// How many levels below `path`; nil: all.
    let depth: Int?
    /// Larger than that of every watch registered before.
    let sequence: UInt64
    /// Bytes at the beginning of a path that are left out when it is reported: those of a relative watch's home.
    let skippedByteCount: Int
    /// Numbers of its events in the connection's queue.
    var queued = QueuedNumbers()
    /// Whether its one queued event stands for many.
    var isFolded = false

    init(
        connection: ConnectionID, path: [UInt8], token: [UInt8], depth: Int?, sequence: UInt64, skippedByteCount: Int
    ) {
        self.connection = connection
        self.path = path
        self.token = token
        self.depth = depth
        self.sequence = sequence
        self.skippedByteCount = skippedByteCount
    }

    var isSpecial: Bool { StorePath.isSpecial(path) }
    /// What the quota `memory` counts.
    var memoryByteCount: Int { path.count + token.count }

    /// Bytes of an event's payload.
    func eventByteCount(_ pathByteCount: Int) -> Int { pathByteCount - skippedByteCount + token.count + 2 }
}

/// Numbers in ascending order, taken from the front.
struct QueuedNumbers {
    private var numbers: [Int] = []
    private var head = 0

    var count: Int { numbers.count - head }
    var all: ArraySlice<Int> { numbers[head...] }

    mutating func append(_ number: Int) { numbers.append(number) }

    mutating func removeFirst() {
        if head < numbers.count { head += 1 }
        if head * 2 > numbers.count {
            numbers.removeFirst(head)
            head = 0
        }
    }

    mutating func removeAll() {
        numbers.removeAll(keepingCapacity: true)
        head = 0
    }
}

/// What makes a watch of a connection the same as another: path and token.
struct WatchKey: Hashable {
    var path: [UInt8]
    var token: [UInt8]
}
