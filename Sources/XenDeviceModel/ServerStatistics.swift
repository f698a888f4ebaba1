// What a server has done, in numbers.
// Not for: showing them.

import StatisticsPage

/// Counters of one ioreq server since it was made.
public struct ServerStatistics: Sendable {
    /// Accesses taken, synchronous and posted.
    public var requests: UInt64 = 0
    /// Of these, the ones in which the guest reads.
    public var reads: UInt64 = 0
    /// Of these, string accesses.
    public var strings: UInt64 = 0
    /// Of these, writes that came by the buffered ring.
    public var posted: UInt64 = 0
    /// Accesses that no claim of ours covers whole; answered with all ones.
    public var unclaimed: UInt64 = 0
    /// Requests with impossible fields or unmappable buffers; answered with all ones.
    public var malformed: UInt64 = 0
    /// Requests whose device threw an error.
    public var failures: UInt64 = 0
    /// Xen's broadcasts.
    public var broadcasts: UInt64 = 0
    /// Answers given, to accesses and broadcasts. Posted writes have none.
    public var answers: UInt64 = 0
    /// From the event's arrival to the answer, in nanoseconds. Empty when the platform has no clock. After the first 16
    /// answers one of 16 is timed and counts for all, because two looks at the clock cost several per cent of one.
    public var serviceTime = LatencyHistogram()

    /// All zero.
    public init() {}
}

/// Latencies in buckets that are at most a quarter wide of their value. No allocation after creation.
public struct LatencyHistogram: Sendable {
    private(set) var buckets = InlineArray<256, UInt64>(repeating: 0)
    /// How many were recorded.
    public private(set) var count: UInt64 = 0
    /// The longest, in nanoseconds.
    public private(set) var maximum: UInt64 = 0
    /// All of them together, in nanoseconds.
    public private(set) var total: UInt64 = 0

    /// Empty.
    public init() {}

    /// Records a latency in nanoseconds, once or for several that were not measured.
    public mutating func record(_ nanoseconds: UInt64, times: UInt64 = 1) {
        buckets[Self.bucket(of: nanoseconds)] += times
        count += times
        total &+= nanoseconds &* times
        if nanoseconds > maximum { maximum = nanoseconds }
    }

    /// The latency that a share of all (0 to 1; others count as the nearer of these) did not exceed: the upper end of
    /// its bucket, in nanoseconds; 0 when empty.
    public func percentile(_ share: Double) -> UInt64 {
        let exact = share > 0 ? Double(count) * min(share, 1) : 0
        // Rounded up by hand: Embedded Swift has no ceil without a C library.
        let wanted = UInt64(exact) + (Double(UInt64(exact)) < exact ? 1 : 0)
        var seen: UInt64 = 0
        for index in buckets.indices {
            seen += buckets[index]
            if seen > 0, seen >= max(wanted, 1) { return min(PageLayout.upperEnd(ofBucket: index), maximum) }
        }
        return maximum
    }

    /// Four buckets to each power of two.
    static func bucket(of value: UInt64) -> Int {
        guard value >= 4 else { return Int(value) }
        let power = 63 - value.leadingZeroBitCount
        return power * 4 + Int((value >> UInt64(power - 2)) & 3)
    }
}

/// When a request arrived, and how many requests its time stands for; 0: it is not timed.
struct TimedRequest {
    var weight: UInt64 = 0
    /// Nanoseconds of the platform's clock.
    var arrived: UInt64 = 0
}

/// What one DM_OP has cost so far.
public struct CallCounter: Sendable {
    /// Calls made.
    public var count: UInt64 = 0
    /// Of these, the ones that Xen or the kernel refused.
    public var refused: UInt64 = 0
    /// Time in all of them, in nanoseconds; 0 when the platform has no clock. After the first 16 calls one of 16 is
    /// timed and counts for all, because two looks at the clock cost several per cent of a call.
    public var nanoseconds: UInt64 = 0

    /// All zero.
    public init() {}

    /// Counts a call, and answers how many calls its time stands for; 0: it need not be timed.
    mutating func begin() -> UInt64 {
        defer { count += 1 }
        return Self.weight(ofCall: count)
    }

    /// How many calls the time of a call stands for, by how many were made before; 0: it need not be timed.
    static func weight(ofCall count: UInt64) -> UInt64 { count < 16 ? 1 : count % 16 == 0 ? 16 : 0 }
}
