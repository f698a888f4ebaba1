// What a process of the sandbox sleeps on: one epoll instance, so that a sleep and what ended it cost one system call.
// Not for: what has fired (SandboxEvents).

internal import SandboxWire
internal import SystemCalls

/// The epoll instance that tells of the sandbox' bell, and what this process has added to it: the connection, whose
/// end it tells of; a reminder; an alarm; and one other descriptor. Each ring of the bell is told once.
final class SandboxBell {
    /// What a look has found.
    struct Found: OptionSet {
        let rawValue: UInt8
        /// The bell has rung, once or more often.
        static let rang = Found(rawValue: 1)
        /// The sandbox has closed the connection.
        static let ended = Found(rawValue: 2)
        /// See `remind`.
        static let reminder = Found(rawValue: 4)
        /// The other descriptor is readable.
        static let other = Found(rawValue: 8)
        /// A signal came, or word of a descriptor that is not watched any more.
        static let interruption = Found(rawValue: 16)
    }

    private static var endToken: UInt64 { 1 }
    private static var reminderToken: UInt64 { 2 }
    private static var alarmToken: UInt64 { 3 }
    /// EPERM and ENOENT.
    private static var notPermitted: Int32 { 1 }
    private static var noEntry: Int32 { 2 }
    /// Milliseconds of a sleep from which on the alarm ends it, not a timer of the kernel's for this sleep alone. That
    /// one would have to be set and taken back again, which is a tenth of a round trip.
    private static var alarmMillisecondsMin: Int32 { 100 }

    private let poll: EventPoll
    private let reminder: EventCounter
    private let alarm: TimerDescriptor
    /// What the alarm is set to: the end of this sleep or of an earlier one. nil: it is not set, or was heard.
    private var alarmMoment: MonotonicTime?
    private(set) var isReminded = false
    private var other: Int32 = -1
    /// A new one whenever the other descriptor is another one: who was watched before is not heard any more.
    private var otherToken: UInt64 = 3
    /// Whether `other` is watched for certain. Its number may have been closed, and opened anew.
    private var isOtherCertain = false

    /// `socket`: the connection's.
    init(owning instance: consuming OwnedDescriptor, socket: Int32) throws(SystemError) {
        let reminder = try EventCounter()
        let alarm = try TimerDescriptor()
        let poll = EventPoll(owning: instance)
        try poll.add(socket, [], token: Self.endToken)
        try poll.add(reminder.descriptor.rawValue, .readable, token: Self.reminderToken)
        try poll.add(alarm.descriptor.rawValue, [.readable, .edge], token: Self.alarmToken)
        self.reminder = reminder
        self.alarm = alarm
        self.poll = poll
    }

    /// Readable when one of these is there to be found.
    var number: Int32 { poll.number }

    /// Looks, after sleeping until something is there or so many milliseconds have passed (nil: for ever).
    func look(milliseconds: Int32?) throws(SystemError) -> Found {
        guard let milliseconds, milliseconds >= Self.alarmMillisecondsMin else {
            return try sleep(milliseconds: milliseconds)
        }
        let end = MonotonicTime.now.advanced(byMilliseconds: milliseconds)
        while true {
            if alarmMoment.map({ $0 > end }) ?? true { try setAlarm(end) }
            let found = try sleep(milliseconds: nil)
            // Anything but the alarm alone. That may have been set for an earlier sleep.
            if found != .interruption || alarmMoment != nil { return found }
            if MonotonicTime.now >= end {
                isOtherCertain = false
                return []
            }
        }
    }

    private func sleep(milliseconds: Int32?) throws(SystemError) -> Found {
        guard let count = try poll.waitOnce(milliseconds: milliseconds) else { return .interruption }
        var found: Found = []
        for index in 0..<count {
            switch poll.event(at: index).token {
            case Welcome.bellToken: found.insert(.rang)
            case Self.endToken: found.insert(.ended)
            case Self.reminderToken: found.insert(.reminder)
            case Self.alarmToken: alarmMoment = nil
            case otherToken: found.insert(.other)
            default: break
            }
        }
        // The other one is told of as often as it is asked for: who does not read it is told again.
        if count == 0 || found.contains(.other) { isOtherCertain = false }
        return count > 0 && found.isEmpty ? .interruption : found
    }

    /// Watches the other descriptor, too; by edges, which `look` makes up for. False: it is of a kind that epoll does
    /// not take, a regular file say. That a number stands for another file now is seen after the next sleep that runs
    /// out, so before one without an end it is looked at.
    func watch(_ descriptor: Int32, forEver: Bool) throws(SystemError) -> Bool {
        if descriptor == other, isOtherCertain, !forEver { return true }
        if descriptor != other { otherToken += 1 }
        other = descriptor
        do throws(SystemError) {
            try poll.modify(descriptor, [.readable, .edge], token: otherToken)
            isOtherCertain = true
            return true
        } catch {
            if error.code == Self.notPermitted { return false }
            // Else it is not watched yet.
            if error.code != Self.noEntry { throw error }
        }
        do throws(SystemError) {
            try poll.add(descriptor, [.readable, .edge], token: otherToken)
            isOtherCertain = true
            return true
        } catch {
            if error.code == Self.notPermitted { return false }
            throw error
        }
    }

    /// Hears of no other descriptor any more, though epoll may still tell of its edges.
    func watchNoOther() {
        if other < 0 { return }
        other = -1
        otherToken += 1
    }

    /// Makes `number` readable for what is here already, until `forget`.
    func remind() throws(SystemError) {
        try reminder.signal()
        isReminded = true
    }

    /// Ends a reminder.
    func forgetReminder() throws(SystemError) {
        if isReminded { _ = try reminder.drain() }
        isReminded = false
    }

    /// Makes sure that `number` is not readable for the alarm of an earlier sleep, for others who wait for it.
    func stopAlarm() throws(SystemError) {
        if alarmMoment != nil { try setAlarm(nil) }
    }

    private func setAlarm(_ moment: MonotonicTime?) throws(SystemError) {
        try alarm.arm(at: moment)
        alarmMoment = moment
    }
}
