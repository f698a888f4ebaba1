// Event channels over shared memory: what has fired, notifying and unmasking cost no packet, and at most one eventfd.
// Not for: the rings (SandboxWire), binding (SandboxEvents+Binding).
//
// The sandbox rings this process' bell when it writes to the ring and finds that the process sleeps; it takes that word
// before it rings. A ring of the bell may come late, for what was taken already: then there is nothing, and the word is
// set still or again.
//
// Rings and lists are changed as a whole (taken out, changed, put back): then Swift knows that no two changes overlap,
// and checks nothing when they are used.

internal import SandboxWire
internal import SystemCalls
internal import XenABI
internal import XenPlatform

/// Event channels.
final class SandboxEvents: EventChannels {
    /// While spinning, whoever else is waited for is looked at once in so many rounds that found an event.
    private static let roundsPerLook = 64

    let connection: SandboxConnection
    private let memory: MappedPages
    private let bell: SandboxBell
    private let wakesSandbox: EventCounter
    private var fired = RingReader(EventLayout.fired)
    private var commands = RingWriter(EventLayout.commands)
    /// Ports that have fired and were taken from the ring already.
    private var taken: [EventPort] = []
    var bound = PortSet()
    var restrictedTo: DomainID?
    /// Whether the word was set, and not found taken.
    private var isArmed = false
    /// Whether the bell has rung, or soon will, and was not looked at.
    private var isRinging = false
    /// Whether a port was handed out since `next()` last answered nil.
    private var isInRound = false
    /// Whether commands were written that the sandbox may not have carried out yet.
    private var hasWritten = false
    /// Whether the sandbox is to be woken for commands that can wait until the end of the round.
    private var owesWaking = false
    private let spinNanoseconds: UInt64
    private var roundsUntilLook = 0
    /// Whether somebody has asked for the descriptor: then waiting does not spin.
    private var isWatched = false

    init(
        _ connection: SandboxConnection, memory: consuming MappedPages, bell: SandboxBell,
        wakesSandbox: consuming EventCounter, spinMicroseconds: UInt32
    ) throws(SystemError) {
        self.connection = connection
        self.memory = memory
        self.bell = bell
        self.wakesSandbox = wakesSandbox
        spinNanoseconds = UInt64(spinMicroseconds) * 1000
        arm()
    }

    /// Readable when an event is there, and when the sandbox has gone, which `next()` says then. Who has asked for it
    /// may look at it at any time, by a means of its own: from then on nothing is left in the ring that it does not
    /// tell of, as spinning would.
    var descriptor: Int32 {
        if !isWatched {
            isWatched = true
            if isRinging { try? drain() }
            // Something is here, perhaps, for which the bell has rung already, or will not: spinning has found it. A
            // failure is told by the next call.
            let isTold = isArmed && fired.isEmpty(memory) && taken.isEmpty
            if !isTold, !bell.isReminded { try? remind() }
            try? bell.stopAlarm()
        }
        return bell.number
    }

    // MARK: To the sandbox

    func notify(_ port: EventPort) throws(XenError) {
        let call: StaticString = "IOCTL_EVTCHN_NOTIFY"
        guard bound.contains(port) else { throw XenError(.enotconn, call, value: UInt64(port.rawValue)) }
        if connection.isGone { throw SandboxConnection.gone }
        if push(.notify(port: port.rawValue)) {
            hasWritten = true
            return try wake()
        }
        let argument = NumberArgument(port.rawValue)
        _ = try connection.ask(.notify, argument, NoBody.self, call, value: UInt64(port.rawValue))
    }

    /// Lets a port fire again. A port that is not bound here is ignored, as by the driver.
    func unmask(_ port: EventPort) throws(XenError) {
        guard bound.contains(port) else { return }
        if connection.isGone { throw SandboxConnection.gone }
        guard push(.unmask(port: port.rawValue)) else {
            let call: StaticString = "write /dev/xen/evtchn"
            _ = try connection.ask(
                .unmask, NumberArgument(port.rawValue), NoBody.self, call, value: UInt64(port.rawValue))
            return
        }
        hasWritten = true
        // Within a round it can wait: what fires is seen by the end of the round at the earliest, and mostly a
        // notification comes before. Who looks at the descriptor may do so before the end.
        if isInRound, !isWatched { owesWaking = true } else { try wake() }
    }

    private func push(_ command: EventCommand) -> Bool {
        var ring = commands
        defer { commands = ring }
        return ring.push(command.word, to: memory)
    }

    private func wake() throws(XenError) {
        owesWaking = false
        guard EventLayout.sandboxSleeps.take(memory) else { return }
        do throws(SystemError) {
            try wakesSandbox.signal()
        } catch {
            throw connection.end()
        }
    }

    // MARK: From the sandbox

    func next() throws(XenError) -> EventPort? {
        if !taken.isEmpty {
            isInRound = true
            var ports = taken
            taken = []
            let port = ports.removeFirst()
            taken = ports
            return port
        }
        let foundNothing = !isInRound
        while true {
            switch pop() {
            case .word(let word):
                // A port that was unbound meanwhile.
                guard bound.contains(EventPort(word)) else { continue }
                isInRound = true
                return EventPort(word)
            case .broken: throw connection.end()
            case .empty: break
            }
            if try settle(foundNothing: foundNothing) { return nil }
        }
    }

    private func pop() -> RingReader.Outcome {
        var ring = fired
        defer { fired = ring }
        return ring.pop(from: memory)
    }

    /// At the end of a round: sets the word. False: something came meanwhile.
    private func settle(foundNothing: Bool) throws(XenError) -> Bool {
        isInRound = false
        if owesWaking { try wake() }
        if isArmed, !EventLayout.processSleeps.isSet(memory) {
            isArmed = false
            isRinging = true
        }
        // Who waits by `wait` takes a ring too many for nothing, and saves a look.
        if bell.isReminded || foundNothing || (isRinging && isWatched) { try drain() }
        if connection.isGone { throw SandboxConnection.gone }
        if isArmed { return true }
        arm()
        if fired.isEmpty(memory) { return true }
        // Something came meanwhile, perhaps too early to be signalled.
        if EventLayout.processSleeps.clear(memory) {
            isArmed = false
            try remind()
        }
        return false
    }

    private func arm() {
        isArmed = true
        EventLayout.processSleeps.set(memory)
    }

    /// Takes what the bell has told so far, so that its descriptor is not readable for nothing.
    private func drain() throws(XenError) {
        do throws(SystemError) {
            try bell.forgetReminder()
            if try bell.look(milliseconds: 0).contains(.ended) { connection.hear() }
            isRinging = false
        } catch {
            throw connection.end()
        }
    }

    /// Keeps the descriptor readable for what is here already, whether or not `next()` is asked for it at once.
    private func remind() throws(XenError) {
        do throws(SystemError) {
            try bell.remind()
        } catch {
            throw connection.end()
        }
    }

    /// Takes everything from the ring but a port that is unbound: its number may soon be that of another channel.
    func forget(_ port: EventPort) {
        var others = bound
        others.remove(port)
        bound = others
        var ports = taken.filter { $0 != port }
        while case .word(let word) = pop() {
            if word != port.rawValue { ports.append(EventPort(word)) }
        }
        taken = ports
        // A failure is told by the next call.
        if !ports.isEmpty { try? remind() }
    }

    // MARK: Waiting

    /// See `EventChannels.wait`. When the sandbox has gone, that is an event: `next()` says so.
    func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome {
        if owesWaking { try wake() }
        if connection.isGone { return .event }
        var hasEvent = !taken.isEmpty || !fired.isEmpty(memory)
        if !hasEvent, milliseconds == 0 {
            try settleCommands()
            hasEvent = !fired.isEmpty(memory)
        }
        if hasEvent && other == nil { return .event }
        if spinNanoseconds > 0, milliseconds != 0, !isWatched {
            if !hasEvent { hasEvent = spin() }
            if hasEvent, roundsUntilLook > 0 {
                roundsUntilLook -= 1
                return .event
            }
            roundsUntilLook = Self.roundsPerLook
        }
        return try sleep(orReadable: other, hasEvent: hasEvent, milliseconds: milliseconds)
    }

    /// Sleeps until something is there that counts. With an event it only looks at the other descriptor.
    private func sleep(orReadable other: Int32?, hasEvent: Bool, milliseconds: Int32?) throws(XenError) -> WaitOutcome {
        var hasEvent = hasEvent
        var left = milliseconds
        var end: MonotonicTime?
        while true {
            if !hasEvent, !isArmed || !EventLayout.processSleeps.isSet(memory) {
                arm()
                hasEvent = !fired.isEmpty(memory)
                // The bell has rung for it, perhaps, and that was taken below.
                if hasEvent, isWatched, !bell.isReminded { try remind() }
            }
            let found = try look(orReadable: other, milliseconds: hasEvent ? 0 : left)
            if found.contains(.other) { return .other }
            if hasEvent || !fired.isEmpty(memory) { return .event }
            if found.isEmpty { return .timeout }
            // A ring of the bell for what was taken before it came, a reminder of that, the end, or a signal.
            if found.contains(.reminder) { try drain() }
            if found.contains(.ended) { connection.hear() }
            if connection.isGone { return .event }
            guard let milliseconds else { continue }
            let now = MonotonicTime.now
            if end == nil { end = now.advanced(byMilliseconds: milliseconds) }
            if let end { left = now.milliseconds(until: end) }
        }
    }

    /// One sleep. Where others look at the descriptor, nothing is taken from it that it still has to tell of.
    private func look(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> SandboxBell.Found {
        do throws(SystemError) {
            var isAll = !isWatched
            if let other, isAll {
                isAll = try bell.watch(other, forEver: milliseconds == nil)
            } else {
                bell.watchNoOther()
            }
            if isAll { return try bell.look(milliseconds: milliseconds) }
            try bell.stopAlarm()
            let ready = try waitUntilReadable(bell.number, or: other, milliseconds: milliseconds)
            return ready.contains(.second) ? .other : ready.isEmpty ? [] : .reminder
        } catch {
            throw XenError(XenErrorCode(error.code), "poll")
        }
    }

    /// Who asks what is there without waiting wants to know of what it has caused itself: on real Xen a notification
    /// has arrived when the call returns. A packet is served after the ring.
    private func settleCommands() throws(XenError) {
        guard hasWritten else { return }
        hasWritten = false
        _ = try connection.ask(
            .unmask, NumberArgument(0), NoBody.self, "write /dev/xen/evtchn", value: 0)
    }

    /// Looks at the ring for a while, awake: the sandbox need not signal.
    private func spin() -> Bool {
        if isArmed, EventLayout.processSleeps.clear(memory) { isArmed = false }
        let end = MonotonicTime.now.nanoseconds &+ spinNanoseconds
        repeat {
            for _ in 0..<32 where !fired.isEmpty(memory) { return true }
        } while MonotonicTime.now.nanoseconds < end
        return false
    }
}

/// A set of port numbers.
struct PortSet {
    private var words: [UInt64] = []

    func contains(_ port: EventPort) -> Bool {
        let index = Int(port.rawValue >> 6)
        return index < words.count && words[index] >> UInt64(port.rawValue & 63) & 1 != 0
    }

    /// Adds a port, whose number the sandbox has given and `SandboxEvents` has checked.
    mutating func insert(_ port: EventPort) {
        let index = Int(port.rawValue >> 6)
        while words.count <= index { words.append(0) }
        words[index] |= 1 << UInt64(port.rawValue & 63)
    }

    mutating func remove(_ port: EventPort) {
        let index = Int(port.rawValue >> 6)
        if index < words.count { words[index] &= ~(1 << UInt64(port.rawValue & 63)) }
    }
}
