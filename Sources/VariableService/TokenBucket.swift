// What may happen so many times at once, and then so many times a second. Source: varstored.md 7, 13.4.
// Not for: waiting for it (PersistenceQueue, VariableCommands).

internal import SystemCalls

/// A bucket of tokens that fills up again with time. It may be overdrawn: what it is short of comes first.
struct TokenBucket {
    private let capacity: Int
    private let interval: UInt64
    private var level: Int
    /// When the last whole token came in.
    private var counted: MonotonicTime

    /// A full bucket, which gets a token every `interval` nanoseconds.
    init(capacity: Int, interval: UInt64, now: MonotonicTime = .now) {
        self.capacity = max(1, capacity)
        self.interval = max(1, interval)
        level = self.capacity
        counted = now
    }

    /// Whether there is a token.
    mutating func isReady(_ now: MonotonicTime) -> Bool {
        fill(now)
        return level > 0
    }

    /// Takes so many, whether they are there or not.
    mutating func take(_ count: Int, _ now: MonotonicTime) {
        fill(now)
        level &-= max(0, count)
    }

    /// When there is a token if nobody takes one before.
    mutating func next(_ now: MonotonicTime) -> MonotonicTime {
        fill(now)
        if level > 0 { return now }
        return MonotonicTime(nanoseconds: counted.nanoseconds &+ UInt64(1 &- level) &* interval)
    }

    private mutating func fill(_ now: MonotonicTime) {
        if level >= capacity || now < counted {
            counted = max(now, counted)
            return
        }
        let come = (now.nanoseconds &- counted.nanoseconds) / interval
        if come >= UInt64(capacity &- level) {
            level = capacity
            counted = now
        } else {
            level &+= Int(come)
            counted.nanoseconds &+= come &* interval
        }
    }
}
