// Tells the service manager that the daemon serves (sd_notify's protocol). Source: xenstored.md 14.3 (9).
// Not for: libsystemd, which no program of ours links.

public import SystemCalls

/// The notice of a daemon that is ready. It is made before rights are given up, which making a socket may need, and
/// sent when all is done.
public struct ReadinessNotice: ~Copyable {
    /// A service manager that takes nothing for so long, in milliseconds, is not waited for.
    private static let timeoutMilliseconds: Int32 = 2000

    private let socket: DatagramSocket

    /// A notice to the socket of $NOTIFY_SOCKET; nil when nobody has asked. Throws when nobody listens there.
    public static func prepared() throws(SystemError) -> ReadinessNotice? {
        guard let name = environmentVariable("NOTIFY_SOCKET"), !name.isEmpty else { return nil }
        return try ReadinessNotice(to: name)
    }

    /// As `prepared()`, to a path, or with `@` before it to an abstract name.
    init(to name: String) throws(SystemError) {
        socket = try DatagramSocket.connected(to: name, waitingMilliseconds: Self.timeoutMilliseconds)
    }

    /// Says that the process serves, and which one it is.
    public func send() throws(SystemError) {
        try socket.send(Array("READY=1\nMAINPID=\(processID)\n".utf8).span)
    }
}
