// When blobs go to the backend: one at a time, not too often, and nobody waits for ever. Source: varstored.md 13.4.
// Not for: what is in them (VariableServices), how they are kept (VariableBackend).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls

/// Whose blobs a queue writes.
protocol BlobSource: AnyObject {
    /// The newest blob: what is published, and the change that waits.
    func newestBlob() -> [UInt8]
    /// Nothing is under way, and nothing waits.
    func persistenceIsIdle()
}

/// Writes the newest blob whenever it is due. At most one vCPU waits for it, since changes come one after the other.
final class PersistenceQueue: TimerHandler {
    weak var source: (any BlobSource)?
    private let backend: any VariableBackend
    private let loop: EventLoop
    private let log: DaemonLog
    private let limits: ServiceLimits
    private var bucket: TokenBucket
    private var flight: BackendFlight?
    private var waiter: BackendWaiter?
    private var lastID: UInt64 = 0
    /// What the backend holds, when that is known.
    private var confirmed: [UInt8]?
    /// Whether a write has failed since the last one that did not: the backend may hold what was undone.
    private var isUnknown = false
    /// Whether the next write is made even if the backend has confirmed the same.
    private var isForced = false
    /// Whether keys have changed, or may have, that neither a confirmed write nor the one under way tells of.
    /// Source: varstored.md 13.6.
    private var keysChanged = false
    /// When a write is made that nobody waits for.
    private var due: MonotonicTime?
    /// Failures in a row.
    private var failures = 0
    private var isStopping = false
    private var isOver = false
    private var isStepping = false
    private var timer: LoopTimer?
    private var timerMoment: MonotonicTime?

    init(_ backend: any VariableBackend, confirmed: [UInt8]?, loop: EventLoop, log: DaemonLog, limits: ServiceLimits) {
        self.backend = backend
        self.confirmed = confirmed
        self.loop = loop
        self.log = log
        self.limits = limits
        bucket = TokenBucket(capacity: limits.writeBurst, interval: limits.writeInterval)
    }

    /// Whether nothing is under way and nothing waits.
    var isIdle: Bool { flight == nil && waiter == nil && due == nil }

    // MARK: What comes in

    /// Writes the newest blob, which holds a change that waits: `then` is told whether it is kept. Once, perhaps
    /// before this returns. One at a time.
    func persist(keysChanged: Bool, then: @escaping (Bool) -> Void) {
        self.keysChanged = self.keysChanged || keysChanged
        wait(BackendWaiter(isNotification: false, then: then))
    }

    /// Tells the backend that an image was refused; as `persist`. Source: varstored.md 13.5.
    func notify(then: @escaping (Bool) -> Void) { wait(BackendWaiter(isNotification: true, then: then)) }

    private func wait(_ newcomer: BackendWaiter) {
        guard waiter == nil, !isOver else { return newcomer.then(false) }
        waiter = newcomer
        waiter?.run(.now)
        step()
    }

    /// What is published has changed, and nobody waits for it to be kept.
    func schedule() {
        if due != nil || isOver { return }
        let delay = failures > 0 ? backoff : limits.coalescing
        due = isStopping ? .now : MonotonicTime.now.advanced(byMilliseconds: delay)
        step()
    }

    /// Writes what is due now, and tries nothing again: the end is near.
    func hurry() {
        isStopping = true
        if due != nil || isUnknown { due = .now }
        step()
    }

    /// The end: gives up what is under way and fails who waits.
    func giveUp() {
        isOver = true
        let isLost = due != nil || flight?.blob != nil
        due = nil
        if flight != nil { backend.abandon() }
        flight = nil
        if isLost { log.write(.warning, "variables", "stopped before the last changes were kept") }
        cancelTimer()
        release(false)
    }

    // MARK: What happens next

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        if timer != self.timer { return }
        self.timer = nil
        timerMoment = nil
        step()
    }

    /// Does all that can be done now, and sets the timer for the rest. What happens meanwhile, in calls that answer at
    /// once, is seen by the loop: it is not entered twice.
    private func step() {
        if isStepping || isOver { return }
        isStepping = true
        while !isOver, advance(.now) {}
        isStepping = false
        if isOver { return }
        arm()
        if isIdle { source?.persistenceIsIdle() }
    }

    /// One thing; whether there may be another.
    private func advance(_ now: MonotonicTime) -> Bool {
        if expire(now) { return true }
        if flight != nil { return false }
        if let waiter { return serve(waiter, now) }
        guard let due, due <= now else { return false }
        return write(carriesWaiter: false, now)
    }

    /// Gives up who has waited too long, and what nobody waits for.
    private func expire(_ now: MonotonicTime) -> Bool {
        if let deadline = waiter?.deadline(limits.writeDeadline), deadline <= now {
            if let flight, flight.carriesWaiter {
                abandon(flight)
            } else {
                log.write(fromGuest: .warning, kind: "backend", "variables", "a change could not be kept in time")
                release(false)
            }
            return true
        }
        guard let flight, !flight.carriesWaiter, flight.deadline <= now else { return false }
        abandon(flight)
        return true
    }

    private func abandon(_ flight: BackendFlight) {
        backend.abandon()
        ended(flight.id, .failed("no answer within \(limits.writeDeadline) ms"))
    }

    private func serve(_ waiter: BackendWaiter, _ now: MonotonicTime) -> Bool {
        guard waiter.isNotification else { return write(carriesWaiter: true, now) }
        let id = takeOff(nil, carriesWaiter: true, now)
        backend.notifySecureBootFailure { [weak self] outcome in self?.ended(id, outcome, outOfTurn: true) }
        return true
    }

    private func write(carriesWaiter: Bool, _ now: MonotonicTime) -> Bool {
        guard bucket.isReady(now) else {
            waiter?.hold(now)
            return false
        }
        waiter?.run(now)
        guard let blob = source?.newestBlob() else { return false }
        if blob == confirmed, !isForced {
            due = nil
            keysChanged = false
            if carriesWaiter { release(true) }
            return true
        }
        bucket.take(1, now)
        due = nil
        isForced = false
        let reason: WriteReason = keysChanged ? .keysChanged : .ordinary
        let id = takeOff(blob, carriesWaiter: carriesWaiter, now)
        backend.write(blob, for: reason) { [weak self] outcome in
            self?.ended(id, outcome, outOfTurn: true)
        }
        return true
    }

    private func takeOff(_ blob: [UInt8]?, carriesWaiter: Bool, _ now: MonotonicTime) -> UInt64 {
        lastID &+= 1
        flight = BackendFlight(
            id: lastID, blob: blob, changesKeys: blob != nil && keysChanged, carriesWaiter: carriesWaiter,
            deadline: now.advanced(byMilliseconds: limits.writeDeadline))
        // A change of keys that comes from here on is none that this write tells of.
        if blob != nil { keysChanged = false }
        return lastID
    }

    // MARK: What came of it

    /// A call has ended. One that was abandoned, or has ended before, is not asked any more.
    private func ended(_ id: UInt64, _ outcome: BackendOutcome, outOfTurn: Bool = false) {
        guard let flight, flight.id == id, !isOver else { return }
        self.flight = nil
        switch outcome {
        case .confirmed: confirm(flight)
        case .failed(let why): fail(flight, why)
        }
        if flight.carriesWaiter { release(outcome == .confirmed) }
        if outOfTurn { step() }
    }

    private func confirm(_ flight: BackendFlight) {
        guard let blob = flight.blob else { return }
        if failures > 0 { log.write(.information, "variables", "changes are kept again") }
        confirmed = blob
        failures = 0
        // A write that was given up may have come after all, even now: what is current goes there once more. One that
        // nobody waited for was that already. Source: varstored.md 13.4.
        if isUnknown, flight.carriesWaiter {
            due = .now
            isForced = true
        }
        isUnknown = false
    }

    /// A write has failed, or nobody knows. What the backend holds may be the change that is undone now, so what is
    /// current is written by and by, whether or not the guest changes something: seldom, and not for ever.
    private func fail(_ flight: BackendFlight, _ why: String) {
        let what = flight.blob == nil ? "the backend was not told of a refused image" : "changes could not be kept"
        log.write(fromGuest: .warning, kind: "backend", "variables", what, [("reason", why)])
        guard flight.blob != nil else { return }
        keysChanged = keysChanged || flight.changesKeys
        isUnknown = true
        confirmed = nil
        failures &+= 1
        due = nil
        if isStopping { return }
        if failures > limits.retries {
            log.write(
                fromGuest: .error, kind: "backend-given-up", "variables", "not tried again until the next change")
        } else {
            due = MonotonicTime.now.advanced(byMilliseconds: backoff)
        }
    }

    /// Milliseconds until a write is tried again.
    private var backoff: Int32 {
        let doubled = limits.retryFirst.multipliedReportingOverflow(by: 1 &<< Int32(min(max(failures &- 1, 0), 16)))
        return doubled.overflow ? limits.retryMax : min(doubled.partialValue, limits.retryMax)
    }

    /// Lets who waits go on.
    private func release(_ isKept: Bool) {
        guard let waiter else { return }
        self.waiter = nil
        waiter.then(isKept)
    }

    // MARK: The timer

    /// Sets the timer for what comes next.
    private func arm() {
        let now = MonotonicTime.now
        var moments: [MonotonicTime] = []
        if let deadline = waiter?.deadline(limits.writeDeadline) { moments.append(deadline) }
        if let flight {
            if !flight.carriesWaiter { moments.append(flight.deadline) }
        } else if waiter != nil {
            moments.append(bucket.next(now))
        } else if let due {
            moments.append(max(due, bucket.next(now)))
        }
        guard let next = moments.min() else { return cancelTimer() }
        if next == timerMoment { return }
        cancelTimer()
        timerMoment = next
        timer = loop.schedule(at: next, self)
    }

    private func cancelTimer() {
        if let timer { loop.cancel(timer) }
        timer = nil
        timerMoment = nil
    }
}
