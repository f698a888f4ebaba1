// Waiting for one or two descriptors.
// Not for: many descriptors (see EventPoll).

internal import CSystem

/// Which of the descriptors waited for have something to read, an error, or a peer that is gone.
public struct ReadableDescriptors: OptionSet, Sendable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The first of the two.
    public static let first = ReadableDescriptors(rawValue: 1)
    /// The second of the two.
    public static let second = ReadableDescriptors(rawValue: 2)
}

/// Sleeps until a descriptor is readable or `milliseconds` have passed (nil: for ever). Signals don't shorten it.
/// Empty: the time is over. A number that is no descriptor is a bug of the caller's, and traps.
public func waitUntilReadable(
    _ first: Int32, or second: Int32? = nil, milliseconds: Int32?
) throws(SystemError) -> ReadableDescriptors {
    // A negative descriptor is skipped by poll.
    var descriptors: [2 of pollfd] = [
        pollfd(fd: first, events: Int16(POLLIN), revents: 0),
        pollfd(fd: second ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    let deadline = milliseconds.map { MonotonicTime.now.advanced(byMilliseconds: max(0, $0)) }
    var timeout = milliseconds.map { max(0, $0) } ?? -1
    while true {
        // SAFETY: poll is given the two entries, and writes to them only.
        let count = unsafe withUnsafeMutablePointer(to: &descriptors) { start in
            unsafe start.withMemoryRebound(to: pollfd.self, capacity: 2) { unsafe poll($0, 2, timeout) }
        }
        if count > 0 { break }
        if count == 0 { return [] }
        let code = corbel_errno()
        if code != EINTR { throw SystemError(code, "poll") }
        if let deadline { timeout = MonotonicTime.now.milliseconds(until: deadline) }
    }
    var ready: ReadableDescriptors = []
    for index in 0..<2 where descriptors[index].revents != 0 {
        precondition(descriptors[index].revents & Int16(POLLNVAL) == 0, "waiting for what is no descriptor")
        ready.insert(index == 0 ? .first : .second)
    }
    return ready
}
