// A daemon's pid file: locked while it lives. Source: varstored.md 12.1.
// Not for: finding daemons by theirs.

public import SystemCalls

/// A file with the process' number, locked as `lockf` does for as long as the process has it open. It stays when the
/// process ends: whoever looks asks for the lock.
public struct PIDFile: ~Copyable {
    /// The file, to be kept open, and to be opened by nobody else in this process: closing that would free the lock.
    public let descriptor: OwnedDescriptor

    private init(owning descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// Makes the file with mode 0600, or takes over what somebody has left; locks it, and writes pid and newline. One
    /// that another process has locked is left as it is.
    public static func made(path: String) throws(PIDFileError) -> PIDFile {
        let file = try locked(path: path)
        do throws(SystemError) {
            try file.write()
        } catch {
            throw .system(path: path, error)
        }
        return file
    }

    /// As `made`, but empty: for a daemon whose readiness its content tells, by `write()`.
    public static func locked(path: String) throws(PIDFileError) -> PIDFile {
        var owner: Int32 = 0
        do throws(SystemError) {
            // What is no file never makes us wait.
            let file = try OwnedDescriptor.open(path: path, .readWrite, [.create, .noFollow, .nonBlocking])
            guard try file.isRegularFile() else { throw SystemError(invalid, "open") }
            if try file.lockForProcess() {
                try file.setPermissions(0o600)
                try file.truncate(to: 0)
                return PIDFile(owning: file)
            }
            owner = try file.lockingProcess()
        } catch {
            throw .system(path: path, error)
        }
        throw .inUse(path: path, processID: owner)
    }

    /// Writes pid and newline; once.
    public func write() throws(SystemError) {
        try descriptor.writeAll(Array("\(processID)\n".utf8).span)
    }

    /// EINVAL.
    private static var invalid: Int32 { 22 }
}

/// Why there is no pid file.
public enum PIDFileError: Error, Sendable, CustomStringConvertible {
    /// A process that lives has locked it; 0 and less when its number is not known.
    case inUse(path: String, processID: Int32)
    /// What the system has answered.
    case system(path: String, SystemError)

    public var description: String {
        switch self {
        case .inUse(let path, let processID):
            processID > 0 ? "\(path): process \(processID) has locked it" : "\(path): somebody has locked it"
        case .system(let path, let error): "\(path): \(error.description)"
        }
    }
}
