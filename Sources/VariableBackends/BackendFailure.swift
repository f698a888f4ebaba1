// Why a backend can't do what it was asked for.
// Not for: why a write failed, which is words for the log (BackendOutcome).

public import SystemCalls

/// A backend, or a file with state, that does not do what it was asked for.
public enum BackendFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process holds the lock of this file.
    case locked(path: String)
    /// A path that names no file.
    case badPath(String)
    /// A name that is a symbolic link, a folder, a device or the like where a file is expected.
    case notAFile(String)
    /// More bytes than there may be at most.
    case tooLong(byteCount: Int, byteCountMax: Int)
    /// The system has refused.
    case system(SystemError)
    /// Whoever asked has been told to stop.
    case stopped
    /// The toolstack has refused, gave no answer, or one that makes no sense.
    case toolstack(String)

    /// A few words for the log, without data of the guest.
    public var description: String {
        switch self {
        case .locked(let path): "\(path) is locked by another process"
        case .badPath(let path): "no name of a file: \(path)"
        case .notAFile(let name): "not a regular file: \(name)"
        case .tooLong(let count, let most): "\(count) bytes, \(most) at most"
        case .system(let error): "\(error)"
        case .stopped: "stopped"
        case .toolstack(let words): words
        }
    }
}
