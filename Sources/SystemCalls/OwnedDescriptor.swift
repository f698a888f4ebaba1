// A file descriptor with one owner: opening, reading, writing, closing.
// Not for: ioctl (see OwnedDescriptor+Control), waiting (see Poll and EventPoll).

internal import CSystem

/// How a file is opened.
public enum FileAccess: Equatable, Sendable {
    /// Reading only.
    case read
    /// Writing only.
    case write
    /// Reading and writing.
    case readWrite

    var flags: Int32 {
        switch self {
        case .read: O_RDONLY
        case .write: O_WRONLY
        case .readWrite: O_RDWR
        }
    }
}

/// What else `open` is asked for.
public struct OpenOptions: OptionSet, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Make the file if it is not there.
    public static let create = OpenOptions(rawValue: 1)
    /// Fail with EEXIST if the file is there. With `create`.
    public static let exclusive = OpenOptions(rawValue: 2)
    /// Empty the file.
    public static let truncate = OpenOptions(rawValue: 4)
    /// Write at the end only.
    public static let append = OpenOptions(rawValue: 8)
    /// Reads and writes answer EAGAIN instead of waiting.
    public static let nonBlocking = OpenOptions(rawValue: 16)
    /// Fail with ELOOP if the last part of the path is a symbolic link.
    public static let noFollow = OpenOptions(rawValue: 32)
    /// Fail with ENOTDIR unless it is a directory.
    public static let directory = OpenOptions(rawValue: 64)

    var flags: Int32 {
        (contains(.create) ? O_CREAT : 0) | (contains(.exclusive) ? O_EXCL : 0)
            | (contains(.truncate) ? O_TRUNC : 0) | (contains(.append) ? O_APPEND : 0)
            | (contains(.nonBlocking) ? O_NONBLOCK : 0) | (contains(.noFollow) ? O_NOFOLLOW : 0)
            | (contains(.directory) ? O_DIRECTORY : 0)
    }
}

/// A file descriptor that is closed when this value is closed or goes away. Never inherited by a program that we start.
public struct OwnedDescriptor: ~Copyable {
    /// The number, for polling and for calls of this module. Good for as long as this value lives.
    public let rawValue: Int32

    /// Takes over an open descriptor.
    public init(owning rawValue: Int32) {
        precondition(rawValue >= 0, "no descriptor")
        self.rawValue = rawValue
    }

    deinit {
        // No retry: after EINTR Linux has closed the descriptor, and another thread may own the number by now.
        if CSystem.close(rawValue) != 0 {
            precondition(corbel_errno() != EBADF, "a descriptor was closed behind its owner's back")
        }
    }

    /// Closes now.
    public consuming func close() {}

    /// Opens a file. `permissions` are for a file that this call makes. Throws what `open` answers.
    public static func open(
        path: String, _ access: FileAccess, _ options: OpenOptions = [], permissions: UInt32 = 0o600
    ) throws(SystemError) -> OwnedDescriptor {
        let flags = access.flags | options.flags | O_CLOEXEC | O_NOCTTY
        // SAFETY: withCString gives a terminated string that lives throughout the call.
        let number = try retrying("open") { unsafe path.withCString { unsafe corbel_open($0, flags, permissions) } }
        return OwnedDescriptor(owning: number)
    }

    /// Whether reads and writes answer EAGAIN instead of waiting.
    public func setNonBlocking(_ on: Bool) throws(SystemError) {
        let flags = try plain("fcntl") { corbel_fcntl_get(rawValue, F_GETFL) }
        let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        _ = try plain("fcntl") { corbel_fcntl_set(rawValue, F_SETFL, wanted) }
    }

    /// A second descriptor of a standard stream, 0 to 2, which stays open when this one is closed. Throws EBADF when
    /// the program was started without the stream.
    public static func duplicate(ofStandardStream number: Int32) throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(owning: try once("fcntl") { corbel_fcntl_set(number, F_DUPFD_CLOEXEC, 3) })
    }

    /// A second descriptor of the same open file.
    public func duplicate() throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(owning: try plain("fcntl") { corbel_fcntl_set(rawValue, F_DUPFD_CLOEXEC, 0) })
    }

    /// Sets the length of the file, in bytes.
    public func truncate(to byteCount: Int) throws(SystemError) {
        _ = try plain("ftruncate") { ftruncate(rawValue, byteCount) }
    }

    /// Reads what is there, up to the size of `bytes`; 0 at the end. Throws EAGAIN when there is nothing yet.
    public func read(into bytes: inout MutableSpan<UInt8>) throws(SystemError) -> Int {
        // SAFETY: the kernel writes within the span, which is ours alone.
        try unsafe bytes.withUnsafeMutableBufferPointer { target throws(SystemError) in
            try plain("read") { unsafe CSystem.read(rawValue, target.baseAddress, target.count) }
        }
    }

    /// As `read`, and nil when there is nothing yet.
    public func readIfReady(into bytes: inout MutableSpan<UInt8>) throws(SystemError) -> Int? {
        do throws(SystemError) {
            return try read(into: &bytes)
        } catch {
            if error.code == EAGAIN { return nil }
            throw error
        }
    }

    /// Writes as much as is taken at once, and says how much that was, in bytes.
    public func write(_ bytes: Span<UInt8>) throws(SystemError) -> Int {
        // SAFETY: the kernel reads within the span.
        try unsafe bytes.withUnsafeBufferPointer { source throws(SystemError) in
            try plain("write") { unsafe CSystem.write(rawValue, source.baseAddress, source.count) }
        }
    }

    /// Sends what a socket takes without waiting, whatever its mode; throws EAGAIN when that is nothing.
    public func send(_ bytes: Span<UInt8>) throws(SystemError) -> Int {
        // SAFETY: the kernel reads within the span.
        try unsafe bytes.withUnsafeBufferPointer { source throws(SystemError) in
            try plain("send") { unsafe corbel_send_at_once(rawValue, source.baseAddress, source.count) }
        }
    }

    /// As `send`, and nil when nothing is taken now.
    public func sendIfReady(_ bytes: Span<UInt8>) throws(SystemError) -> Int? {
        do throws(SystemError) {
            return try send(bytes)
        } catch {
            if error.code == EAGAIN { return nil }
            throw error
        }
    }

    /// Writes all of it, in as many calls as it takes. For blocking descriptors.
    public func writeAll(_ bytes: Span<UInt8>) throws(SystemError) {
        try writeWhole(rawValue, bytes)
    }
}

/// Writes all of it to a descriptor, whoever owns it. EBADF is an answer here: who starts a program may have closed its
/// standard streams.
func writeWhole(_ descriptor: Int32, _ bytes: Span<UInt8>) throws(SystemError) {
    // SAFETY: each call is given the part of the span that is left.
    try unsafe bytes.withUnsafeBufferPointer { source throws(SystemError) in
        var done = 0
        while done < source.count {
            let rest = unsafe UnsafeBufferPointer(rebasing: source[done...])
            done += try retrying("write") { unsafe CSystem.write(descriptor, rest.baseAddress, rest.count) }
        }
    }
}
