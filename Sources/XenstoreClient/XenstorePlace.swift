// Where a host's Xenstore is: a socket, or the kernel's device (xenstored.md 10).
// Not for: speaking to it.

internal import SystemCalls
internal import XenstoreWire

/// Where to look for a Xenstore.
public enum XenstorePlace {
    /// The server's socket when nothing else is said.
    public static let socketPath = "/run/xenstored/socket"
    /// The kernel's devices: messages go by the domain's own ring.
    public static let devicePaths = ["/dev/xen/xenbus", "/proc/xen/xenbus"]

    /// Paths to try in this order: that of XENSTORED_PATH alone; else the socket in XENSTORED_RUNDIR, or those that
    /// servers use by themselves, and then the kernel's devices. `variable` answers the environment's variables.
    public static func candidates(variable: (String) -> String?) -> [String] {
        if let path = variable("XENSTORED_PATH"), !path.isEmpty { return [path] }
        if let folder = variable("XENSTORED_RUNDIR"), !folder.isEmpty { return [folder + "/socket"] + devicePaths }
        return [socketPath, "/var/run/xenstored/socket"] + devicePaths
    }

    /// Opens one path. A socket is connected to; while too many wait to be let in this tries again, until `deadline`.
    static func open(_ path: String, deadline: MonotonicTime) throws(XenstoreError) -> XenstoreConnection {
        while true {
            do throws(SystemError) {
                return try XenstoreConnection(socket: StreamSocket.connected(path: path))
            } catch {
                switch error.code {
                case SystemErrorCode.connectionRefused: return try device(path, otherwise: error)
                case SystemErrorCode.tryAgain: break
                default: throw .transport(error)
                }
            }
            // No call tells when there is room.
            let now = MonotonicTime.now
            if now >= deadline { throw .timeout }
            min(deadline, now.advanced(byMilliseconds: 10)).sleep()
        }
    }

    /// Connecting is refused by sockets that nobody listens to, and by what is no socket.
    private static func device(_ path: String, otherwise refusal: SystemError) throws(XenstoreError)
        -> XenstoreConnection
    {
        do throws(SystemError) {
            let descriptor = try OwnedDescriptor.open(path: path, .readWrite, .nonBlocking)
            return try XenstoreConnection(device: descriptor)
        } catch {
            throw .transport(error.code == SystemErrorCode.noDevice ? refusal : error)
        }
    }
}
