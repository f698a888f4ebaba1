// Waiting for one or two descriptors.
// Not for: many descriptors (see EventPoll).

internal import CSystem

/// Which of the descriptors waited for have something to read, an error, or a peer that is gone.
public struct ReadableDescriptors: OptionSet, Sendable {
    public var rawValue: UInt8

    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The first of the two.
    @inlinable public static var first: ReadableDescriptors { ReadableDescriptors(rawValue: 1) }
    /// The second of the two.
    @inlinable public static var second: ReadableDescriptors { ReadableDescriptors(rawValue: 2) }
}

/// Sleeps until a descriptor is readable or `milliseconds` have passed (nil: for ever). Signals don't shorten it; the
/// first one that comes lets the time begin anew, because nobody looks at the clock before.
/// Empty: the time is over. A number that is no descriptor is a bug of the caller's, and traps.
public func waitUntilReadable(
    _ first: Int32, or second: Int32? = nil, milliseconds: Int32?
) throws(SystemError) -> ReadableDescriptors {
    // A negative descriptor is skipped by poll.
    var descriptors: [2 of pollfd] = [
        pollfd(fd: first, events: Int16(POLLIN), revents: 0),
        pollfd(fd: second ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    var timeout: Int32 = -1
    if let milliseconds { timeout = max(0, milliseconds) }
    var deadline: MonotonicTime?
    while true {
        // SAFETY: poll is given the two entries, and writes to them only.
        let count = unsafe withUnsafeMutablePointer(to: &descriptors) { start in
            unsafe start.withMemoryRebound(to: pollfd.self, capacity: 2) { unsafe poll($0, 2, timeout) }
        }
        if count > 0 { break }
        if count == 0 { return [] }
        let code = corbel_errno()
        if code != EINTR { throw SystemError(code, "poll") }
        if let deadline {
            timeout = MonotonicTime.now.milliseconds(until: deadline)
        } else if timeout > 0 {
            deadline = MonotonicTime.now.advanced(byMilliseconds: timeout)
        }
    }
    let (one, two) = (descriptors[0].revents, descriptors[1].revents)
    precondition((one | two) & Int16(POLLNVAL) == 0, "waiting for what is no descriptor")
    return ReadableDescriptors(rawValue: (one != 0 ? 1 : 0) | (two != 0 ? 2 : 0))
}
