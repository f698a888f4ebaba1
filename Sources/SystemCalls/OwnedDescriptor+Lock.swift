// Locks on files, and permissions of what is open.
// Not for: locks between threads.

internal import CSystem

extension OwnedDescriptor {
    /// Locks the whole file, open for writing, for as long as this open file lives; the kernel gives the lock back when
    /// its process ends, however that comes. False when somebody else holds it.
    public func lockForWriting() throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try plain("fcntl") { corbel_lock_for_writing(rawValue) }
            return true
        } catch {
            if error.code == EAGAIN || error.code == EACCES { return false }
            throw error
        }
    }

    /// Whether somebody else holds the lock for writing. Takes none.
    public func isLockedElsewhere() throws(SystemError) -> Bool {
        try plain("fcntl") { corbel_is_locked(rawValue) } != 0
    }

    /// Sets the permissions, whatever the process' mask is.
    public func setPermissions(_ permissions: UInt32) throws(SystemError) {
        _ = try plain("fchmod") { fchmod(rawValue, mode_t(permissions)) }
    }
}
