// The time of day, for what people read.
// Not for: measuring, deadlines (MonotonicTime).

internal import CSystem

/// A moment as a clock on the wall and a calendar show it, in the host's time zone.
public struct LocalTime: Equatable, Sendable {
    /// Such as 2026.
    public var year: Int
    /// 1 to 12.
    public var month: Int
    /// 1 to 31.
    public var day: Int
    /// 0 to 23.
    public var hour: Int
    /// 0 to 59.
    public var minute: Int
    /// 0 to 60.
    public var second: Int
    /// 0 to 999 999.
    public var microsecond: Int

    /// A moment of these.
    public init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, microsecond: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.microsecond = microsecond
    }

    /// The present moment. The first call reads the host's time zone; later ones make no system call.
    public static var now: LocalTime {
        var time = timespec()
        var parts = unsafe tm()
        // SAFETY: the calls fill in our structures.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        _ = unsafe localtime_r(&time.tv_sec, &parts)
        return unsafe LocalTime(
            year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
            hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec),
            microsecond: Int(time.tv_nsec) / 1000)
    }
}
