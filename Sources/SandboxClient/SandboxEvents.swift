// Event channels over shared memory: what has fired, notifying and unmasking cost no packet, and at most one eventfd.
// Not for: the rings (SandboxWire), binding (SandboxEvents+Binding).
//
// When the descriptor is readable: the sandbox signals it when it writes to the ring and finds that this process
// sleeps; it takes that word before it signals. So each taken word is owed one signal, and `next()` reads it before it
// says that there is nothing more and sets the word again. In between more may come without a signal; the descriptor is
// readable still, because only then it is read.

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
    private let wakesUs: OwnedDescriptor
    private let wakesSandbox: EventCounter
    /// Our own, for `descriptor`: see `remind`.
    private let reminder: EventCounter
    private var isReminded = false
    private var poll: EventPoll
    private var fired = RingReader(EventLayout.fired)
    private var commands = RingWriter(EventLayout.commands)
    /// Ports that have fired and were taken from the ring already.
    private var taken: [EventPort] = []
    var bound = PortSet()
    var restrictedTo: DomainID?
    /// Whether the word was set, and not found taken.
    private var isArmed = false
    /// Signals that were sent, or soon will be, and not read.
    private var owed: UInt64 = 0
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
        _ connection: SandboxConnection, memory: consuming MappedPages, wakesUs: consuming OwnedDescriptor,
        wakesSandbox: consuming EventCounter, spinMicroseconds: UInt32
    ) throws(SystemError) {
        self.connection = connection
        self.memory = memory
        poll = try EventPoll()
        reminder = try EventCounter()
        try poll.add(reminder.descriptor.rawValue, .readable, token: 2)
        try wakesUs.setNonBlocking(true)
        try poll.add(wakesUs.rawValue, .readable, token: 0)
        self.wakesUs = wakesUs
        self.wakesSandbox = wakesSandbox
        spinNanoseconds = UInt64(spinMicroseconds) * 1000
        arm()
    }

    /// Readable when an event is there, and when the sandbox has gone: then the pipe has ended, and `next()` says so.
    /// Who has asked for it may look at it at any time, by a means of its own: from then on nothing is left in the ring
    /// that it does not tell of, as spinning would.
    var descriptor: Int32 {
        if !isWatched {
            isWatched = true
            // Spinning has found something, perhaps, that no signal tells of. A failure is told by the next call.
            if !isArmed, !isReminded { try? remind() }
        }
        return poll.number
    }

    // MARK: To the sandbox

    func notify(_ port: EventPort) throws(XenError) {
        let call: StaticString = "IOCTL_EVTCHN_NOTIFY"
        guard bound.contains(port) else { throw XenError(.enotconn, call, value: UInt64(port.rawValue)) }
        if connection.isGone { throw SandboxConnection.gone }
        if commands.push(EventCommand.notify(port: port.rawValue).word, to: memory) {
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
        guard commands.push(EventCommand.unmask(port: port.rawValue).word, to: memory) else {
            let call: StaticString = "write /dev/xen/evtchn"
            _ = try connection.ask(
                .unmask, NumberArgument(port.rawValue), NoBody.self, call, value: UInt64(port.rawValue))
            return
        }
        hasWritten = true
        // Within a round it can wait: what fires is seen by the end of the round at the earliest, and mostly a
        // notification comes before.
        if isInRound { owesWaking = true } else { try wake() }
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
            return taken.removeFirst()
        }
        let foundNothing = !isInRound
        while true {
            switch fired.pop(from: memory) {
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

    /// At the end of a round: reads the signals that are owed, and sets the word. False: something came meanwhile.
    private func settle(foundNothing: Bool) throws(XenError) -> Bool {
        isInRound = false
        if owesWaking { try wake() }
        if isArmed, !EventLayout.processSleeps.isSet(memory) {
            isArmed = false
            owed += 1
        }
        if owed > 0 || isReminded || foundNothing { try drain() }
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

    private func drain() throws(XenError) {
        var storage: [64 of UInt8] = .init(repeating: 0)
        var bytes = storage.mutableSpan
        do throws(SystemError) {
            if isReminded { _ = try reminder.drain() }
            isReminded = false
            guard let count = try wakesUs.readIfReady(into: &bytes) else { return }
            // The end of the pipe: the sandbox has closed the connection, and perhaps says why.
            if count == 0 { return connection.hear() }
            owed -= min(owed, UInt64(count))
        } catch {
            throw connection.end()
        }
    }

    /// Keeps the descriptor readable for what is here already, whether or not `next()` is asked for it at once.
    private func remind() throws(XenError) {
        do throws(SystemError) {
            try reminder.signal()
            isReminded = true
        } catch {
            throw connection.end()
        }
    }

    /// Takes everything from the ring but a port that is unbound: its number may soon be that of another channel.
    func forget(_ port: EventPort) {
        bound.remove(port)
        taken.removeAll { $0 == port }
        while case .word(let word) = fired.pop(from: memory) {
            if word != port.rawValue { taken.append(EventPort(word)) }
        }
        // A failure is told by the next call.
        if !taken.isEmpty { try? remind() }
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
        while true {
            if !isArmed, !hasEvent {
                arm()
                hasEvent = !fired.isEmpty(memory)
            }
            let ready: ReadableDescriptors
            do throws(SystemError) {
                ready = try waitUntilReadable(
                    wakesUs.rawValue, or: other, milliseconds: hasEvent ? 0 : milliseconds)
            } catch {
                throw XenError(XenErrorCode(error.code), "poll")
            }
            if ready.contains(.second) { return .other }
            if hasEvent || !fired.isEmpty(memory) { return .event }
            if ready.isEmpty { return .timeout }
            // A signal for what was taken before it came. There are as many of these as are owed.
            try readSignals()
            if connection.isGone { return .event }
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

    /// Reads signals that are owed.
    private func readSignals() throws(XenError) {
        if isArmed, !EventLayout.processSleeps.isSet(memory) {
            isArmed = false
            owed += 1
        }
        try drain()
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
