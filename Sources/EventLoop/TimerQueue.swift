// Deadlines in order.
// Not for: waiting for them (see EventLoop).

internal import SystemCalls

/// A moment that a loop waits for, by number. Never used twice within a loop.
public struct LoopTimer: Hashable, Sendable {
    let number: UInt64
}

/// The timers of a loop, sorted, the next one last. Insertion is linear: a loop has a handful of timers.
struct TimerQueue {
    struct Entry {
        var moment: MonotonicTime
        var timer: LoopTimer
        var handler: any TimerHandler
    }

    private var entries: [Entry] = []
    private var nextNumber: UInt64 = 0

    /// The earliest moment.
    var next: MonotonicTime? { entries.last?.moment }

    mutating func insert(_ moment: MonotonicTime, _ handler: any TimerHandler) -> LoopTimer {
        let timer = LoopTimer(number: nextNumber)
        nextNumber += 1
        // Before all that are due at the same moment or earlier, so that those come first.
        let place = entries.firstIndex { $0.moment <= moment } ?? entries.count
        entries.insert(Entry(moment: moment, timer: timer, handler: handler), at: place)
        return timer
    }

    mutating func remove(_ timer: LoopTimer) {
        if let place = entries.firstIndex(where: { $0.timer == timer }) { entries.remove(at: place) }
    }

    /// A limit that all present timers are before, and all later ones are not.
    func mark() -> UInt64 { nextNumber }

    /// Takes out the earliest timer that is due and was made before the mark.
    mutating func popDue(_ now: MonotonicTime, before mark: UInt64) -> Entry? {
        var place = entries.count - 1
        while place >= 0, entries[place].moment <= now {
            if entries[place].timer.number < mark { return entries.remove(at: place) }
            place -= 1
        }
        return nil
    }
}
