// The system calls that a device model makes for each request, beside one ioctl: waiting for a driver, fetching the
// numbers that it has, giving it one. In one file, because a file's code lies together: after each system call every
// page of code is looked up anew. Not for: many descriptors (see EventPoll), or bytes (see OwnedDescriptor).

internal import CSystem

/// Which of the descriptors waited for have something to read, an error, or a peer that is gone.
public struct ReadableDescriptors: OptionSet, Sendable {
    public var rawValue: UInt8

    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The first of the two.
    @inlinable public static var first: ReadableDescriptors { ReadableDescriptors(rawValue: 1) }
    /// The second of the two.
    @inlinable public static var second: ReadableDescriptors { ReadableDescriptors(rawValue: 2) }
    /// The third, where there are three.
    @inlinable public static var third: ReadableDescriptors { ReadableDescriptors(rawValue: 4) }
}

/// Sleeps until a descriptor is readable or `milliseconds` have passed (nil: for ever). Signals don't shorten it; the
/// first one that comes lets the time begin anew, because nobody looks at the clock before.
/// Empty: the time is over. A number that is no descriptor is a bug of the caller's, and traps.
public func waitUntilReadable(
    _ first: Int32, or second: Int32? = nil, or third: Int32? = nil, milliseconds: Int32?
) throws(SystemError) -> ReadableDescriptors {
    // A negative descriptor is skipped by poll.
    var descriptors: [3 of pollfd] = [
        pollfd(fd: first, events: Int16(POLLIN), revents: 0),
        pollfd(fd: second ?? -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: third ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    let used: nfds_t = third == nil ? 2 : 3
    var timeout: Int32 = -1
    if let milliseconds { timeout = max(0, milliseconds) }
    var deadline: MonotonicTime?
    while true {
        // SAFETY: poll is given the entries, and writes to them only.
        let count = unsafe withUnsafeMutablePointer(to: &descriptors) { start in
            unsafe start.withMemoryRebound(to: pollfd.self, capacity: 3) { unsafe poll($0, used, timeout) }
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
    let (one, two, three) = (descriptors[0].revents, descriptors[1].revents, descriptors[2].revents)
    precondition((one | two | three) & Int16(POLLNVAL) == 0, "waiting for what is no descriptor")
    return ReadableDescriptors(rawValue: (one != 0 ? 1 : 0) | (two != 0 ? 2 : 0) | (three != 0 ? 4 : 0))
}

/// Memory for `capacity` little-endian numbers, filled by reading a descriptor.
@safe
package struct WordBuffer: ~Copyable {
    private let base: UnsafeMutablePointer<UInt32>
    /// Numbers that there is room for.
    package let capacity: Int

    package init(capacity: Int) {
        precondition(capacity > 0, "a buffer without room")
        unsafe base = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
        unsafe base.initialize(repeating: 0, count: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    /// Reads what is there, as many whole numbers as have room: how many that were; 0 when there is nothing (yet).
    package func fill(from descriptor: borrowing OwnedDescriptor) throws(SystemError) -> Int {
        while true {
            // SAFETY: the kernel writes within the memory that `base` owns.
            let answer = unsafe CSystem.read(descriptor.rawValue, base, capacity * 4)
            if answer >= 0 { return answer / 4 }
            let code = corbel_errno()
            if code == EAGAIN { return 0 }
            precondition(code != EBADF && code != EFAULT, "a descriptor or a buffer of ours is bad")
            if code != EINTR { throw SystemError(code, "read") }
        }
    }

    /// A number. Out of bounds traps.
    package subscript(index: Int) -> UInt32 {
        get {
            precondition(index >= 0 && index < capacity, "outside of the buffer")
            // SAFETY: in bounds, checked above.
            return unsafe UInt32(littleEndian: base[index])
        }
        nonmutating set {
            precondition(index >= 0 && index < capacity, "outside of the buffer")
            // SAFETY: as above.
            unsafe base[index] = newValue.littleEndian
        }
    }
}

extension OwnedDescriptor {
    /// ioctl with a structure that is one little-endian number of 32 bits, which the driver only reads.
    package func control(_ request: UInt32, word: UInt32) throws(SystemError) -> Int32 {
        precondition(request >> 16 & 0x3FFF <= 4, "an argument shorter than its request says")
        var word = word.littleEndian
        // SAFETY: the number is ours alone during the call, and has the size that the request's number names.
        let answer = unsafe corbel_ioctl(rawValue, request, &word)
        if answer < 0 { throw SystemError(corbel_errno(), "ioctl") }
        return answer
    }

    /// Writes one little-endian number of 32 bits; answers the bytes that were taken.
    package func write(word: UInt32) throws(SystemError) -> Int {
        var word = word.littleEndian
        // SAFETY: the kernel reads the 4 bytes of the number.
        return try plain("write") { unsafe CSystem.write(rawValue, &word, 4) }
    }
}
