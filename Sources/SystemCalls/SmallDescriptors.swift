// The kernel's small objects behind a descriptor: counter, timer, pipe, memory file.
// Not for: signals (see SignalDescriptor).

internal import CSystem

/// An eventfd: readable from the first `signal` until it is drained. Any thread or process that has it may signal.
public struct EventCounter: ~Copyable {
    /// The descriptor, non-blocking.
    public let descriptor: OwnedDescriptor

    /// A counter at zero.
    public init() throws(SystemError) {
        descriptor = OwnedDescriptor(owning: try once("eventfd") { eventfd(0, corbel_eventfd_flags) })
    }

    /// Takes over an eventfd that came from elsewhere, and makes it non-blocking.
    public init(owning descriptor: consuming OwnedDescriptor) throws(SystemError) {
        try descriptor.setNonBlocking(true)
        self.descriptor = descriptor
    }

    /// Makes it readable.
    public func signal() throws(SystemError) {
        var one: UInt64 = 1
        do throws(SystemError) {
            // SAFETY: an eventfd takes exactly the 8 bytes of our number.
            _ = try plain("write") { unsafe CSystem.write(descriptor.rawValue, &one, 8) }
        } catch {
            // EAGAIN: the counter is full, so it is readable, which is all that is wanted.
            if error.code != EAGAIN { throw error }
        }
    }

    /// How often it was signalled since it was last drained.
    public func drain() throws(SystemError) -> UInt64 { try readNumber(descriptor) ?? 0 }
}

/// A timerfd on the clock of `MonotonicTime`: readable when its moment has come.
public struct TimerDescriptor: ~Copyable {
    /// The descriptor, non-blocking.
    public let descriptor: OwnedDescriptor

    /// A timer that is not set.
    public init() throws(SystemError) {
        let number = try once("timerfd_create") { timerfd_create(CLOCK_MONOTONIC, corbel_timerfd_flags) }
        descriptor = OwnedDescriptor(owning: number)
    }

    /// Sets the moment, which may be past; nil: never. An earlier setting is forgotten.
    public func arm(at moment: MonotonicTime?) throws(SystemError) {
        var setting = itimerspec()
        if let moment {
            // All zero would mean never.
            let nanoseconds = max(1, moment.nanoseconds)
            setting.it_value.tv_sec = Int(clamping: nanoseconds / 1_000_000_000)
            setting.it_value.tv_nsec = Int(nanoseconds % 1_000_000_000)
        }
        // SAFETY: the call reads our structure.
        _ = try plain("timerfd_settime") {
            unsafe timerfd_settime(descriptor.rawValue, corbel_timer_absolute, &setting, nil)
        }
    }

    /// Makes it unreadable until the next setting. Says whether the moment had come.
    public func acknowledge() throws(SystemError) -> Bool { try readNumber(descriptor) != nil }
}

/// A pipe's two ends.
public struct Pipe: ~Copyable {
    /// What was written comes out here.
    public let reading: OwnedDescriptor
    /// What is written goes in here.
    public let writing: OwnedDescriptor

    /// A new pipe; both ends are closed on exec.
    public init() throws(SystemError) {
        var ends: [2 of Int32] = [-1, -1]
        // SAFETY: the call writes two numbers, and there is room for two.
        _ = try once("pipe2") {
            unsafe withUnsafeMutablePointer(to: &ends) { start in
                unsafe start.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe corbel_pipe2($0) }
            }
        }
        reading = OwnedDescriptor(owning: ends[0])
        writing = OwnedDescriptor(owning: ends[1])
    }

    /// The reading end alone; the other one is closed.
    public consuming func intoReading() -> OwnedDescriptor { reading }

    /// The writing end alone; the other one is closed.
    public consuming func intoWriting() -> OwnedDescriptor { writing }
}

/// Two sockets that are connected to each other.
public struct SocketPair: ~Copyable {
    /// One end.
    public let first: OwnedDescriptor
    /// The other end.
    public let second: OwnedDescriptor

    /// Two connected stream sockets.
    public init() throws(SystemError) {
        var ends: [2 of Int32] = [-1, -1]
        // SAFETY: the call writes two numbers, and there is room for two.
        _ = try once("socketpair") {
            unsafe withUnsafeMutablePointer(to: &ends) { start in
                unsafe start.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe corbel_socket_pair($0) }
            }
        }
        first = OwnedDescriptor(owning: ends[0])
        second = OwnedDescriptor(owning: ends[1])
    }
}

extension OwnedDescriptor {
    /// A file of `byteCount` zero bytes that lives in memory only (memfd), for sharing.
    public static func memoryFile(name: String, byteCount: Int) throws(SystemError) -> OwnedDescriptor {
        // SAFETY: withCString gives a terminated string that lives throughout the call.
        let number = try once("memfd_create") { unsafe name.withCString { unsafe corbel_memfd_create($0) } }
        let file = OwnedDescriptor(owning: number)
        try file.truncate(to: byteCount)
        return file
    }

    /// As `memoryFile`, and its length is sealed: nobody who gets the file can make it shorter under who has mapped it.
    public static func sealedMemoryFile(name: String, byteCount: Int) throws(SystemError) -> OwnedDescriptor {
        // SAFETY: as above.
        let number = try once("memfd_create") {
            unsafe name.withCString { unsafe corbel_sealable_memfd_create($0) }
        }
        let file = OwnedDescriptor(owning: number)
        try file.truncate(to: byteCount)
        _ = try plain("fcntl") { corbel_seal_length(file.rawValue) }
        return file
    }
}

/// The 8-byte number that eventfds and timerfds answer; nil when there is none yet.
private func readNumber(_ descriptor: borrowing OwnedDescriptor) throws(SystemError) -> UInt64? {
    let number = descriptor.rawValue
    var count: UInt64 = 0
    do throws(SystemError) {
        // SAFETY: the kernel writes the 8 bytes of our number.
        _ = try plain("read") { unsafe CSystem.read(number, &count, 8) }
        return count
    } catch {
        if error.code == EAGAIN { return nil }
        throw error
    }
}
