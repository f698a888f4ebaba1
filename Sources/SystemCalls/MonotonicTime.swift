// A moment on the clock that never goes back.
// Not for: the time of day.

internal import CSystem

/// A moment of CLOCK_MONOTONIC, in nanoseconds since some moment before the program started.
public struct MonotonicTime: Comparable, Hashable, Sendable {
    /// Nanoseconds since the clock's zero.
    public var nanoseconds: UInt64

    /// The moment that many nanoseconds after the clock's zero.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The present moment.
    public static var now: MonotonicTime {
        var time = timespec()
        // SAFETY: the call fills in our structure.
        let answer = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        precondition(answer == 0, "every Linux has this clock")
        return MonotonicTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// A later moment.
    public func advanced(byMilliseconds count: Int32) -> MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds &+ UInt64(max(0, count)) &* 1_000_000)
    }

    /// Milliseconds until a later moment, rounded up; 0 when it is past.
    public func milliseconds(until later: MonotonicTime) -> Int32 {
        if later <= self { return 0 }
        return Int32(clamping: (later.nanoseconds - nanoseconds + 999_999) / 1_000_000)
    }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension MonotonicTime {
    /// Sleeps until this moment, whatever signals come.
    public func sleep() {
        var time = timespec()
        time.tv_sec = Int(clamping: nanoseconds / 1_000_000_000)
        time.tv_nsec = Int(nanoseconds % 1_000_000_000)
        // SAFETY: the call reads our structure. It answers the errno itself.
        while unsafe clock_nanosleep(CLOCK_MONOTONIC, corbel_timer_absolute, &time, nil) == EINTR {}
    }
}
