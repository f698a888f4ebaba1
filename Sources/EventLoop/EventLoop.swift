// One thread, many descriptors and deadlines: an epoll loop, level-triggered.
// Not for: daemons' policy; it knows neither signals nor Xen.

public import SystemCalls

/// Told when a descriptor is ready.
public protocol DescriptorHandler: AnyObject {
    /// The descriptor of `watch` is ready. Called again for as long as it stays so.
    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop)
}

/// Told when a moment has come.
public protocol TimerHandler: AnyObject {
    /// The moment of `timer` has come. Called once; the timer is gone by now.
    func fired(_ timer: LoopTimer, on loop: EventLoop)
}

/// Told before and after the loop sleeps: it gives a lock back meanwhile, where other threads use what handlers use.
public protocol SleepGate: AnyObject {
    /// The loop is about to wait.
    func willSleep()
    /// The loop has waited; handlers are next.
    func didSleep()
}

/// Told at the end of each round of the loop, for work that is done once for all that a round has found.
public protocol RoundHandler: AnyObject {
    /// All handlers of the round were told. True: there is more to do, and the next round doesn't sleep.
    func roundEnded(on loop: EventLoop) -> Bool
}

/// A descriptor that a loop watches, by number. Never used twice within a loop.
public struct Watch: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32

    /// What epoll carries.
    var token: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    init(token: UInt64) {
        slot = UInt32(truncatingIfNeeded: token)
        generation = UInt32(token >> 32)
    }
}

/// An event loop. Handlers may add and remove watches and timers, their own too, at any time: who was removed is not
/// called any more, even when its event was already fetched.
public final class EventLoop {
    private struct Slot {
        var generation: UInt32 = 1
        var descriptor: Int32 = -1
        var handler: (any DescriptorHandler)?
    }

    /// The slot of the loop's own timer descriptor.
    private static var timerToken: UInt64 { UInt64.max }

    private let poll: EventPoll
    // Changed in place, one element at a time: ten thousand watches cost no more than ten, each.
    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private let timer: TimerDescriptor
    private var timers = TimerQueue()
    /// What the timer descriptor is set to, so that it is set anew only when that changes.
    private var armedFor: MonotonicTime?
    private var stopping = false
    /// Whether the next round doesn't sleep.
    public private(set) var isAwake = false
    /// Told at the end of each round.
    public var roundHandler: (any RoundHandler)? {
        get { roundHandlerNow }
        set { roundHandlerNow = newValue }
    }
    private var roundHandlerNow: (any RoundHandler)?
    /// Told before and after each sleep, where threads share what the handlers use.
    public var gate: (any SleepGate)? {
        get { gateNow }
        set { gateNow = newValue }
    }
    private var gateNow: (any SleepGate)?

    /// Throws what the kernel answers, EMFILE say.
    public init() throws(SystemError) {
        poll = try EventPoll()
        timer = try TimerDescriptor()
        try poll.add(timer.descriptor.rawValue, .readable, token: Self.timerToken)
    }

    /// Watches a descriptor, which its owner keeps open until the watch is removed. The loop keeps the handler.
    /// Throws EEXIST when it is watched already, EPERM when it is a regular file.
    public func watch(
        _ descriptor: Int32, for interest: Readiness = .readable, _ handler: any DescriptorHandler
    ) throws(SystemError) -> Watch {
        let index = freeSlots.last ?? UInt32(slots.count)
        let watch = Watch(slot: index, generation: index < slots.count ? slots[Int(index)].generation : 1)
        try poll.add(descriptor, interest, token: watch.token)
        if freeSlots.popLast() == nil { slots.append(Slot()) }
        slots[Int(index)].descriptor = descriptor
        slots[Int(index)].handler = handler
        return watch
    }

    /// Changes what a watched descriptor is waited for; nothing: only its hang-up. A watch that was removed is left
    /// alone.
    public func change(_ watch: Watch, to interest: Readiness) throws(SystemError) {
        guard isWatched(watch) else { return }
        try poll.modify(slots[Int(watch.slot)].descriptor, interest, token: watch.token)
    }

    /// Stops watching; the handler is let go. Before its owner closes the descriptor. Removing twice does nothing.
    public func remove(_ watch: Watch) throws(SystemError) {
        guard isWatched(watch) else { return }
        let index = Int(watch.slot)
        let descriptor = slots[index].descriptor
        // A handler that goes is released after the change: what its deinit does may need the slots.
        let handler = slots[index].handler
        defer { withExtendedLifetime(handler) {} }
        // The slot is good for another watch, unless its generations are used up.
        slots[index].descriptor = -1
        slots[index].handler = nil
        slots[index].generation &+= 1
        if slots[index].generation < UInt32.max { freeSlots.append(watch.slot) }
        try poll.remove(descriptor)
    }

    /// Whether the watch is still there.
    public func isWatched(_ watch: Watch) -> Bool {
        Int(watch.slot) < slots.count && slots[Int(watch.slot)].generation == watch.generation
            && slots[Int(watch.slot)].handler != nil
    }

    /// Calls the handler once, at a moment or as soon after it as the loop gets there. Equal moments fire in order of
    /// asking.
    public func schedule(at moment: MonotonicTime, _ handler: any TimerHandler) -> LoopTimer {
        var queue = timers
        defer { timers = queue }
        return queue.insert(moment, handler)
    }

    /// Forgets a timer. One that has fired or was cancelled is left alone.
    public func cancel(_ timer: LoopTimer) {
        var queue = timers
        queue.remove(timer)
        timers = queue
    }

    /// Serves until `stop()`. Without watches and timers it sleeps for ever.
    public func run() throws(SystemError) {
        defer { stopping = false }
        while !stopping { _ = try round(milliseconds: nil) { stopping } }
    }

    /// Makes `run()` return after the handler that is at work; the next `run()`, when none is going on.
    public func stop() { stopping = true }

    /// The next round doesn't sleep: there is something to do for the round handler that no descriptor tells of.
    public func stayAwake() { isAwake = true }

    /// Whether a descriptor or the timer is ready by now, for handlers that could rest: one system call. False when the
    /// kernel doesn't answer.
    public var hasEvents: Bool {
        do throws(SystemError) {
            return try !waitUntilReadable(poll.number, milliseconds: 0).isEmpty
        } catch {
            return false
        }
    }

    /// One round, not from within a handler: sleeps until something is ready or `milliseconds` have passed (nil: for
    /// ever), and tells all its handlers, also after `stop()`. Answers how many descriptors were ready.
    @discardableResult
    public func turn(milliseconds: Int32?) throws(SystemError) -> Int {
        try round(milliseconds: milliseconds) { false }
    }

    private func round(milliseconds: Int32?, until isOver: () -> Bool) throws(SystemError) -> Int {
        try arm()
        let count = try sleep(isAwake ? 0 : milliseconds)
        var timerIsDue = false
        for index in 0..<count {
            let event = poll.event(at: index)
            if event.token == Self.timerToken {
                timerIsDue = true
                continue
            }
            let watch = Watch(token: event.token)
            // Removed by a handler of this round, and perhaps used again: the generation tells.
            guard isWatched(watch), let handler = slots[Int(watch.slot)].handler else { continue }
            handler.ready(watch, event.readiness, on: self)
            if isOver() { return count }
        }
        if timerIsDue { try fireTimers(until: isOver) }
        if let handler = roundHandlerNow { isAwake = handler.roundEnded(on: self) }
        return count
    }

    private func sleep(_ milliseconds: Int32?) throws(SystemError) -> Int {
        guard let gate else { return try poll.wait(milliseconds: milliseconds) }
        gate.willSleep()
        defer { gate.didSleep() }
        return try poll.wait(milliseconds: milliseconds)
    }

    private func arm() throws(SystemError) {
        let next = timers.next
        if next == armedFor { return }
        try timer.arm(at: next)
        armedFor = next
    }

    private func fireTimers(until isOver: () -> Bool) throws(SystemError) {
        _ = try timer.acknowledge()
        armedFor = nil
        // Timers made by these handlers wait for the next round, so that descriptors get their turn.
        let limit = timers.mark()
        let now = MonotonicTime.now
        while !isOver(), let due = popDue(now, before: limit) { due.handler.fired(due.timer, on: self) }
    }

    private func popDue(_ now: MonotonicTime, before mark: UInt64) -> TimerQueue.Entry? {
        var queue = timers
        defer { timers = queue }
        return queue.popDue(now, before: mark)
    }
}
