// What a program asks of its own process: environment, output, memory, end.
// Not for: starting others.

internal import CSystem

/// An environment variable; nil when it is not set, and always when the program runs with raised privileges.
public func environmentVariable(_ name: String) -> String? {
    // SAFETY: the name is terminated, and the answer is copied at once; no program of ours changes its environment.
    unsafe name.withCString { start in
        guard let value = unsafe corbel_secure_getenv(start) else { return nil }
        return unsafe String(cString: value)
    }
}

/// A standard stream to write text to.
public enum StandardStream: Sendable {
    /// Standard output, descriptor 1.
    case output
    /// Standard error, descriptor 2.
    case error

    /// Writes all of the text. Throws EPIPE, EBADF when the stream is closed, and the like; EAGAIN when the stream is
    /// non-blocking and full.
    public func write(_ text: String) throws(SystemError) {
        let bytes = Array(text.utf8)
        try write(bytes.span)
    }

    /// Writes all of the bytes. Throws as for text.
    public func write(_ bytes: Span<UInt8>) throws(SystemError) {
        try writeWhole(self == .output ? STDOUT_FILENO : STDERR_FILENO, bytes)
    }
}

/// Ends the program with a status of 0 to 255.
public func exitProgram(_ status: Int32) -> Never {
    exit(status)
}

/// The id of this process.
public var processID: Int32 { getpid() }

/// The user whose rights this process has.
public var effectiveUserID: UInt32 { geteuid() }

/// Bytes of memory that the process has in use (its resident set); nil where there is no /proc.
public func residentByteCount() -> Int? {
    guard let file = try? OwnedDescriptor.open(path: "/proc/self/statm", .read) else { return nil }
    var storage: [128 of UInt8] = .init(repeating: 0)
    var bytes = storage.mutableSpan
    guard let count = try? file.read(into: &bytes) else { return nil }
    // Fields, in pages, apart by a space: whole size, resident, and more.
    var field = 0
    var pages = 0
    for index in 0..<count {
        let byte = bytes[index]
        if byte == UInt8(ascii: " ") {
            field += 1
        } else if field == 1 {
            guard (48...57).contains(byte) else { return nil }
            pages = pages * 10 + Int(byte - 48)
        }
        if field > 1 { return pages * MappedMemory.pageByteCount }
    }
    return nil
}

/// The name that the program was called by, without folders.
public var programName: String {
    // SAFETY: the C library keeps the text, terminated and unchanged, for the life of the program.
    unsafe String(cString: corbel_program_name())
}
