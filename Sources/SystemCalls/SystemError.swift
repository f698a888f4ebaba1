// The error of everything in this module: an errno and the call that gave it.
// Not for: what Xen answers (see XenError).

internal import CSystem

/// A system call that failed. Two errors are equal when their codes are.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The errno, as Linux numbers it.
    public var code: Int32
    /// The call, by its name in section 2 of the manual: `open`, `ioctl`.
    public var call: StaticString

    /// The failure of a call, with its errno.
    public init(_ code: Int32, _ call: StaticString) {
        self.code = code
        self.call = call
    }

    public static func == (left: SystemError, right: SystemError) -> Bool { left.code == right.code }

    /// Such as `open: No such file or directory (2)`.
    public var description: String { "\(call): \(Self.text(of: code)) (\(code))" }

    /// What an errno means, in the C library's words: `No such file or directory`.
    public static func text(of code: Int32) -> String {
        // SAFETY: strerror answers a string that is good until the next call of it, and the copy is made at once.
        unsafe String(cString: strerror(code))
    }
}

/// The answer of a call that says -1 and sets errno; made again for as long as a signal interrupts it.
@inline(__always)
package func retrying<Answer: SignedInteger>(_ name: StaticString, _ call: () -> Answer) throws(SystemError) -> Answer {
    while true {
        let answer = call()
        if answer >= 0 { return answer }
        let code = corbel_errno()
        if code != EINTR { throw SystemError(code, name) }
    }
}

/// The answer of a call that must not be made twice, or that no signal interrupts.
@inline(__always)
package func once<Answer: SignedInteger>(_ name: StaticString, _ call: () -> Answer) throws(SystemError) -> Answer {
    let answer = call()
    if answer < 0 { throw SystemError(corbel_errno(), name) }
    return answer
}

/// As `retrying`, for plain calls on a descriptor and memory that we own: EBADF and EFAULT are bugs of ours, and trap.
@inline(__always)
package func plain<Answer: SignedInteger>(_ name: StaticString, _ call: () -> Answer) throws(SystemError) -> Answer {
    do throws(SystemError) {
        return try retrying(name, call)
    } catch {
        precondition(error.code != EBADF && error.code != EFAULT, "a descriptor or a buffer of ours is bad")
        throw error
    }
}
