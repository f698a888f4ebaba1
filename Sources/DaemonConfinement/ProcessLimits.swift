// Limits of this process: how much of a resource it may have.
// Not for: which limits are right (Confinement).

internal import CSystem
public import SystemCalls

/// A resource that has a limit.
public enum LimitedResource: Int32, Sendable {
    /// Bytes that a file may have to be written to (RLIMIT_FSIZE). Beyond is EFBIG where SIGXFSZ is ignored.
    case fileByteCount = 1
    /// Bytes of a core file (RLIMIT_CORE).
    case coreByteCount = 4
    /// Processes and threads of the user (RLIMIT_NPROC); root's are not counted.
    case processCount = 6
    /// What numbers of descriptors are below (RLIMIT_NOFILE).
    case descriptorCount = 7
    /// Bytes of address space (RLIMIT_AS).
    case addressSpaceByteCount = 9

    /// Sets the limit, for ever: what may be had now is what may be asked for at most. Throws EPERM to raise it.
    public func limit(to value: UInt64) throws(SystemError) {
        _ = try once("setrlimit") { corbel_set_limit(rawValue, value) }
    }

    /// What may be had now, and what may be asked for. No limit is the largest number.
    public func limits() throws(SystemError) -> (now: UInt64, atMost: UInt64) {
        var now: UInt64 = 0
        var atMost: UInt64 = 0
        // SAFETY: the call fills in our two numbers.
        _ = try once("getrlimit") { unsafe corbel_get_limit(rawValue, &now, &atMost) }
        return (now, atMost)
    }
}

/// Makes writing beyond the limit of a file's size an error (EFBIG) instead of the end of the program.
public func ignoreFileSizeSignal() {
    let answer = corbel_ignore_signal(SIGXFSZ)
    precondition(answer == 0, "every Linux has this signal")
}
