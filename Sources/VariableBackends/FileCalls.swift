// The calls of the system by which files with state are kept: a protocol, so that a test can make each of them fail.
// Not for: the order of the calls (StateFile).

internal import SystemCalls

/// Calls on names in one folder.
protocol FileCalls: AnyObject {
    /// Opens for reading, never through a symbolic link, never waiting.
    func openForReading(_ name: String) throws(SystemError) -> OwnedDescriptor
    /// Opens a file to lock, and makes it if it is not there; never through a symbolic link, never waiting.
    func openLock(_ name: String) throws(SystemError) -> OwnedDescriptor
    /// Makes a file that must not be there, with mode 0600, for writing.
    func make(_ name: String) throws(SystemError) -> OwnedDescriptor
    /// Opens a file that is there, for writing; never through a symbolic link, never waiting.
    func openForWriting(_ name: String) throws(SystemError) -> OwnedDescriptor
    /// Writes as much as is taken at once, and says how much that was.
    func write(_ file: borrowing OwnedDescriptor, _ bytes: Span<UInt8>) throws(SystemError) -> Int
    /// Returns when the file's bytes are on the disk.
    func synchronize(_ file: borrowing OwnedDescriptor) throws(SystemError)
    /// Gives a file another name in one step.
    func rename(_ old: String, to new: String) throws(SystemError)
    /// Removes a name.
    func remove(_ name: String) throws(SystemError)
    /// Returns when the folder's names are on the disk.
    func synchronizeFolder() throws(SystemError)
}

/// The system's own.
final class FolderCalls: FileCalls {
    private let folder: OwnedDescriptor

    /// Opens the folder; whatever happens to its path or to the root afterwards, it stays this one.
    init(path: String) throws(SystemError) {
        folder = try OwnedDescriptor.open(path: path, .read, [.directory])
    }

    func openLock(_ name: String) throws(SystemError) -> OwnedDescriptor {
        try folder.openFile(named: name, .readWrite, [.create, .noFollow, .nonBlocking], permissions: 0o600)
    }

    func openForReading(_ name: String) throws(SystemError) -> OwnedDescriptor {
        try folder.openFile(named: name, .read, [.noFollow, .nonBlocking])
    }

    func openForWriting(_ name: String) throws(SystemError) -> OwnedDescriptor {
        try folder.openFile(named: name, .write, [.noFollow, .nonBlocking])
    }

    func make(_ name: String) throws(SystemError) -> OwnedDescriptor {
        try folder.openFile(named: name, .write, [.create, .exclusive, .noFollow], permissions: 0o600)
    }

    func write(_ file: borrowing OwnedDescriptor, _ bytes: Span<UInt8>) throws(SystemError) -> Int {
        try file.write(bytes)
    }

    func synchronize(_ file: borrowing OwnedDescriptor) throws(SystemError) { try file.synchronize() }

    func rename(_ old: String, to new: String) throws(SystemError) { try folder.renameFile(named: old, to: new) }

    func remove(_ name: String) throws(SystemError) { try folder.removeFile(named: name) }

    func synchronizeFolder() throws(SystemError) { try folder.synchronize() }
}
