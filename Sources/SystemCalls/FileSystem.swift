// Names in the file system: folders, renaming, removing; and what makes a change last.
// Not for: reading and writing files (see OwnedDescriptor).
//
// By the calls that have folders' handles, also where no handle is given: those are what a confined program has left.

internal import CSystem

/// Makes a folder. Throws EEXIST when the name is taken.
public func makeDirectory(path: String, permissions: UInt32 = 0o700) throws(SystemError) {
    // SAFETY: withCString gives a terminated string that lives throughout the call; so in all of this file.
    _ = try retrying("mkdir") { unsafe path.withCString { unsafe mkdir($0, mode_t(permissions)) } }
}

/// Removes an empty folder.
public func removeDirectory(path: String) throws(SystemError) {
    // SAFETY: as above.
    _ = try retrying("rmdir") { unsafe path.withCString { unsafe rmdir($0) } }
}

/// Removes a name that is no folder.
public func removeFile(path: String) throws(SystemError) {
    // SAFETY: as above.
    _ = try retrying("unlinkat") { unsafe path.withCString { unsafe unlinkat(AT_FDCWD, $0, 0) } }
}

/// Gives a file another name, in one step; a file that had that name is gone.
public func renameFile(from old: String, to new: String) throws(SystemError) {
    // SAFETY: as above.
    _ = try retrying("renameat") {
        unsafe old.withCString { source in
            unsafe new.withCString { target in unsafe renameat(AT_FDCWD, source, AT_FDCWD, target) }
        }
    }
}

/// Which file it is, whatever its names are.
public struct FileIdentity: Equatable, Sendable {
    /// The file system.
    public let device: UInt64
    /// The file's number in it.
    public let node: UInt64

    /// The file that a path leads to. Throws what `stat` answers.
    public init(path: String) throws(SystemError) {
        var information = stat()
        // SAFETY: as above, and the call fills in our structure.
        _ = try retrying("fstatat") { unsafe path.withCString { unsafe fstatat(AT_FDCWD, $0, &information, 0) } }
        device = UInt64(information.st_dev)
        node = UInt64(information.st_ino)
    }
}

extension OwnedDescriptor {
    /// Returns when the file's bytes (of a folder: its names) are on the disk.
    public func synchronize() throws(SystemError) { _ = try plain("fsync") { fsync(rawValue) } }

    /// Whether it is an ordinary file, which never makes who reads or writes it wait.
    public func isRegularFile() throws(SystemError) -> Bool { try kind() == mode_t(S_IFREG) }

    /// Whether it is a socket, which can't be opened anew by name.
    public func isSocket() throws(SystemError) -> Bool { try kind() == mode_t(S_IFSOCK) }

    private func kind() throws(SystemError) -> mode_t {
        var information = stat()
        // SAFETY: the call fills in our structure.
        _ = try plain("fstat") { unsafe fstat(rawValue, &information) }
        return information.st_mode & mode_t(S_IFMT)
    }

    /// Bytes of the file.
    public func byteCount() throws(SystemError) -> Int {
        var information = stat()
        // SAFETY: the call fills in our structure.
        _ = try plain("fstat") { unsafe fstat(rawValue, &information) }
        return Int(information.st_size)
    }
}
