// Descriptors that a program hands to the one it becomes by exec.
// Not for: the exec (DaemonCalls).

internal import CSystem

extension OwnedDescriptor {
    /// Takes over a descriptor whose number somebody else has told, and that no value of ours owns; it is not inherited
    /// any further. Throws EBADF when nothing is open under that number.
    public static func inherited(_ number: Int32) throws(SystemError) -> OwnedDescriptor {
        guard number >= 0 else { throw SystemError(EBADF, "fcntl") }
        let flags = try once("fcntl") { corbel_fcntl_get(number, F_GETFD) }
        let descriptor = OwnedDescriptor(owning: number)
        _ = try plain("fcntl") { corbel_fcntl_set(number, F_SETFD, flags | FD_CLOEXEC) }
        return descriptor
    }

    /// Whether a program that this process becomes by exec has it too.
    public func setInherited(_ on: Bool) throws(SystemError) {
        let flags = try plain("fcntl") { corbel_fcntl_get(rawValue, F_GETFD) }
        let wanted = on ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC
        _ = try plain("fcntl") { corbel_fcntl_set(rawValue, F_SETFD, wanted) }
    }
}

/// Whether a file is there, and whether it may be executed.
public func fileAccess(path: String) -> (exists: Bool, isExecutable: Bool) {
    // SAFETY: withCString gives a terminated string that lives throughout the calls.
    unsafe path.withCString { unsafe (access($0, F_OK) == 0, access($0, X_OK) == 0) }
}

/// Whether a program that this process becomes by exec has the descriptor of that number too. Throws EBADF when there
/// is none.
public func setInherited(descriptor number: Int32, _ on: Bool) throws(SystemError) {
    let flags = try once("fcntl") { corbel_fcntl_get(number, F_GETFD) }
    _ = try once("fcntl") { corbel_fcntl_set(number, F_SETFD, on ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC) }
}
