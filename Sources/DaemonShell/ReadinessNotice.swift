// Tells the service manager that the daemon serves (sd_notify's protocol). Source: xenstored.md 14.3 (9).
// Not for: libsystemd, which no program of ours links.

public import SystemCalls

/// The notice of a daemon that is ready.
public enum ReadinessNotice {
    /// A service manager that takes nothing for so long, in milliseconds, is not waited for.
    private static let timeoutMilliseconds: Int32 = 2000

    /// Says that the process serves, and which one it is, to the socket of $NOTIFY_SOCKET; false when nobody has asked.
    public static func send() throws(SystemError) -> Bool {
        guard let name = environmentVariable("NOTIFY_SOCKET"), !name.isEmpty else { return false }
        try send(to: name)
        return true
    }

    /// As `send()`, to a path, or with `@` before it to an abstract name.
    static func send(to name: String) throws(SystemError) {
        let socket = try DatagramSocket.connected(to: name, waitingMilliseconds: timeoutMilliseconds)
        try socket.send(Array("READY=1\nMAINPID=\(processID)\n".utf8).span)
    }
}
