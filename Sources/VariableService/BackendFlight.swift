// A call of the backend that is under way, and who waits for one. Source: varstored.md 13.4.
// Not for: when calls are made (PersistenceQueue).

internal import SystemCalls

/// A call of the backend that is under way.
struct BackendFlight {
    let id: UInt64
    /// What is written; nil for a notification.
    let blob: [UInt8]?
    /// Whether keys have changed since the write before it. Source: varstored.md 13.6.
    let changesKeys: Bool
    /// Whether the vCPU that waits, waits for this.
    let carriesWaiter: Bool
    /// When it is given up, where nobody waits for it.
    let deadline: MonotonicTime
}

/// The change, or the notification, that a vCPU waits for; and its clock, which stands while it waits for a token.
struct BackendWaiter {
    let isNotification: Bool
    /// Told once whether it is kept.
    let then: (Bool) -> Void
    /// Nanoseconds that it has waited until `since`.
    private var spent: UInt64 = 0
    /// Since when its clock runs; nil while it stands.
    private var since: MonotonicTime?

    init(isNotification: Bool, then: @escaping (Bool) -> Void) {
        self.isNotification = isNotification
        self.then = then
    }

    /// Lets the clock run, if it does not.
    mutating func run(_ now: MonotonicTime) { since = since ?? now }

    /// Lets the clock stand, if it runs.
    mutating func hold(_ now: MonotonicTime) {
        guard let since else { return }
        if now > since { spent &+= now.nanoseconds &- since.nanoseconds }
        self.since = nil
    }

    /// When it has waited that many milliseconds; nil while the clock stands.
    func deadline(_ milliseconds: Int32) -> MonotonicTime? {
        guard let since else { return nil }
        let limit = UInt64(max(0, milliseconds)) &* 1_000_000
        return MonotonicTime(nanoseconds: since.nanoseconds &+ (limit &- min(limit, spent)))
    }
}
