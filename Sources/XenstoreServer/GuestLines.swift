// How many lines of the log each guest may bring about: ten in a minute (xenstored.md 14.4).
// Not for: the lines.

internal import SystemCalls

/// Counts lines by domain.
struct GuestLines {
    static let linesPerMinute = 10
    private static var minute: UInt64 { 60_000_000_000 }

    private struct Count {
        var minuteStart: MonotonicTime
        var written = 0
        var omitted = 0
    }

    private var counts: [UInt16: Count] = [:]

    /// Nil when a domain has had its lines for this minute; else how many were left out since the last one.
    mutating func admit(_ domain: UInt16, _ now: MonotonicTime) -> Int? {
        var count = counts[domain] ?? Count(minuteStart: now)
        defer { counts[domain] = count }
        if now.nanoseconds &- count.minuteStart.nanoseconds >= Self.minute {
            count.minuteStart = now
            count.written = 0
        }
        if count.written >= Self.linesPerMinute {
            count.omitted += 1
            return nil
        }
        count.written += 1
        defer { count.omitted = 0 }
        return count.omitted
    }

    /// A domain is gone.
    mutating func forget(_ domain: UInt16) { counts[domain] = nil }
}
