// Putting the process under a filter.
// Not for: what it lets through (SystemCalls).

internal import CSystem
public import SystemCalls

extension SystemCallFilter {
    /// Puts all threads of the process under the filter, for ever. `forbidNewPrivileges` comes before. Throws EINVAL
    /// when the kernel has no filters, ESRCH when a thread has a filter of its own.
    public func install() throws(SystemError) {
        let words = program.map { $0.encoded }
        // SAFETY: the kernel reads as many instructions as it is told that there are.
        let answer = try unsafe words.withUnsafeBufferPointer { start throws(SystemError) in
            try once("seccomp") { unsafe corbel_install_filter(start.baseAddress, UInt16(start.count)) }
        }
        // A thread that could not be taken along is answered by its number.
        if answer != 0 { throw SystemError(ESRCH, "seccomp") }
    }
}
