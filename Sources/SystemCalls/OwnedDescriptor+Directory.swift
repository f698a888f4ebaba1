// Names within an open folder: what a program keeps of the file system when it gives up its root and its rights.
// Not for: paths (FileSystem.swift).

internal import CSystem

extension OwnedDescriptor {
    /// Opens a file in this folder. `permissions` are for a file that this call makes. Throws what `openat` answers.
    public func openFile(
        named name: String, _ access: FileAccess, _ options: OpenOptions = [], permissions: UInt32 = 0o600
    ) throws(SystemError) -> OwnedDescriptor {
        let flags = access.flags | options.flags | O_CLOEXEC | O_NOCTTY
        // SAFETY: withCString gives a terminated string that lives throughout the call; so in all of this file.
        let number = try retrying("openat") {
            unsafe name.withCString { unsafe corbel_open_at(rawValue, $0, flags, permissions) }
        }
        return OwnedDescriptor(owning: number)
    }

    /// Gives a file in this folder another name in it, in one step; a file that had that name is gone.
    public func renameFile(named old: String, to new: String) throws(SystemError) {
        // SAFETY: as above.
        _ = try retrying("renameat") {
            unsafe old.withCString { source in
                unsafe new.withCString { target in unsafe renameat(rawValue, source, rawValue, target) }
            }
        }
    }

    /// Removes a name in this folder that is no folder.
    public func removeFile(named name: String) throws(SystemError) {
        // SAFETY: as above.
        _ = try retrying("unlinkat") { unsafe name.withCString { unsafe unlinkat(rawValue, $0, 0) } }
    }
}
