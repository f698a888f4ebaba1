// EFI_TIME as a descriptor and a blob hold it. Source: varstored.md, conventions, and 7.
// Not for: clocks; this library has none.

/// An EFI_TIME: 16 bytes, all zero for a variable without authentication. Source: varstored.md, conventions.
public struct EFITime: Hashable, Sendable, BitwiseCopyable {
    /// Year, month, day, hour, minute, second, pad1: bytes 0 to 7 as a little-endian number.
    public var low: UInt64
    /// Nanosecond, time zone, daylight, pad2: bytes 8 to 15 as a little-endian number.
    public var high: UInt64

    /// Bytes of a time.
    public static var byteCount: Int { 16 }
    /// No time: all bytes 0.
    @inlinable public static var zero: EFITime { EFITime(low: 0, high: 0) }

    /// The time of these two halves.
    @inlinable public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The time of 16 bytes; nil for any other number of bytes.
    public init?(bytes: [UInt8]) {
        if bytes.count != Self.byteCount { return nil }
        low = bytes.span.word(at: 0)
        high = bytes.span.word(at: 8)
    }

    /// A date and time of day, nothing in the other fields. Nothing is checked: descriptors aren't either.
    public init(year: UInt16, month: UInt8, day: UInt8, hour: UInt8 = 0, minute: UInt8 = 0, second: UInt8 = 0) {
        let date = UInt64(year) | UInt64(month) &<< 16 | UInt64(day) &<< 24
        low = date | UInt64(hour) &<< 32 | UInt64(minute) &<< 40 | UInt64(second) &<< 48
        high = 0
    }

    /// The year.
    public var year: UInt16 { UInt16(truncatingIfNeeded: low) }
    /// The month, 1 to 12 if whoever made it took care.
    public var month: UInt8 { UInt8(truncatingIfNeeded: low &>> 16) }
    /// The day of the month, from 1.
    public var day: UInt8 { UInt8(truncatingIfNeeded: low &>> 24) }
    /// The hour, from 0.
    public var hour: UInt8 { UInt8(truncatingIfNeeded: low &>> 32) }
    /// The minute, from 0.
    public var minute: UInt8 { UInt8(truncatingIfNeeded: low &>> 40) }
    /// The second, from 0.
    public var second: UInt8 { UInt8(truncatingIfNeeded: low &>> 48) }

    /// Whether every field that a descriptor must leave at 0 is 0: pad1, nanosecond, time zone, daylight, pad2.
    public var isPlain: Bool { high == 0 && low &>> 56 == 0 }

    /// Whether this time is strictly later: year, month, day, hour, minute and second compared. Source: varstored.md 7.
    public func isLater(than other: EFITime) -> Bool { order > other.order }

    /// The six compared fields, the year on top.
    private var order: UInt64 {
        let date = UInt64(year) &<< 40 | UInt64(month) &<< 32 | UInt64(day) &<< 24
        return date | UInt64(hour) &<< 16 | UInt64(minute) &<< 8 | UInt64(second)
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        bytes.put(low)
        bytes.put(high)
        return bytes
    }
}
