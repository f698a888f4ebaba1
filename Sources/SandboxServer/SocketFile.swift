// The socket's name in the file system: one sandbox for each, none left behind, none taken from a living one.
// Not for: connections.

internal import ServerCalls
internal import SystemCalls

/// A listening socket with its name and the lock that guards it.
struct SocketFile: ~Copyable {
    private let path: String
    private let lock: OwnedDescriptor
    /// The socket.
    let socket: PacketSocket

    /// Listens at a path. A socket that nobody listens at any more is replaced.
    static func listening(at path: String) throws(SandboxStartError) -> SocketFile {
        let lock = try lock(path)
        try removeStale(path)
        let socket: PacketSocket
        do throws(SystemError) {
            socket = try PacketSocket.listening(path: path)
        } catch {
            throw .system(path: path, error.description)
        }
        return SocketFile(path, lock, socket)
    }

    private init(_ path: String, _ lock: consuming OwnedDescriptor, _ socket: consuming PacketSocket) {
        self.path = path
        self.lock = lock
        self.socket = socket
    }

    deinit {
        // Whoever removed them before has done it.
        try? removeFile(path: path)
        try? removeFile(path: Self.lockPath(path))
    }

    private static func lockPath(_ path: String) -> String { path + ".lock" }

    /// The lock goes with its process, however that ends.
    private static func lock(_ path: String) throws(SandboxStartError) -> OwnedDescriptor {
        let isLocked: Bool
        do throws(SystemError) {
            let file = try OwnedDescriptor.open(path: lockPath(path), .readWrite, [.create, .noFollow])
            isLocked = try file.lockForWriting()
            if isLocked { return file }
        } catch {
            throw .system(path: lockPath(path), error.description)
        }
        throw .isRunning(path: path)
    }

    /// Removes a socket that nobody listens at. Nothing else is removed.
    private static func removeStale(_ path: String) throws(SandboxStartError) {
        do throws(SystemError) {
            _ = try PacketSocket.connected(path: path).descriptor.rawValue
        } catch {
            switch error.code {
            case SystemErrorCode.noEntry: return
            case SystemErrorCode.refused: break
            default: throw .isNoSocket(path: path)
            }
            return try removeSocket(path)
        }
        throw .isRunning(path: path)
    }

    /// Connecting to a file that is no socket is refused as well; but a socket can't be opened, and a file can.
    private static func removeSocket(_ path: String) throws(SandboxStartError) {
        do throws(SystemError) {
            _ = try OwnedDescriptor.open(path: path, .read, [.nonBlocking, .noFollow]).rawValue
        } catch {
            guard error.code == SystemErrorCode.noDevice else { throw .isNoSocket(path: path) }
            do throws(SystemError) {
                return try removeFile(path: path)
            } catch {
                throw .system(path: path, error.description)
            }
        }
        throw .isNoSocket(path: path)
    }
}

/// Errnos of Linux that say something to a server.
enum SystemErrorCode {
    static let noEntry: Int32 = 2
    static let noDevice: Int32 = 6
    static let tryAgain: Int32 = 11
    static let messageSize: Int32 = 90
    static let refused: Int32 = 111

    /// EMFILE, ENFILE, and ENOBUFS and ENOMEM of accept: there is no room for one more.
    static func isOutOfDescriptors(_ code: Int32) -> Bool { [23, 24, 105, 12].contains(code) }
}
