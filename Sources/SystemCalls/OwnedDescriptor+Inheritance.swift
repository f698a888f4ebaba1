// Descriptors that a program hands to the one it becomes by exec.
// Not for: the exec.

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
