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

    /// Locks the whole file, open for writing, for this process, as `lockf` and F_SETLK do. Closing any descriptor of
    /// the file gives the lock back. False when another process holds it.
    public func lockForProcess() throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try plain("fcntl") { corbel_lock_for_process(rawValue) }
            return true
        } catch {
            if error.code == EAGAIN || error.code == EACCES { return false }
            throw error
        }
    }

    /// The process that keeps others from `lockForProcess`; 0 when none does, -1 when the lock is no process' own.
    public func lockingProcess() throws(SystemError) -> Int32 {
        var owner: Int32 = 0
        // SAFETY: the call fills in our number.
        _ = try plain("fcntl") { unsafe corbel_locking_process(rawValue, &owner) }
        return owner
    }

    /// Sets the permissions, whatever the process' mask is.
    public func setPermissions(_ permissions: UInt32) throws(SystemError) {
        _ = try plain("fchmod") { fchmod(rawValue, mode_t(permissions)) }
    }
}
