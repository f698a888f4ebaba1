// Sockets of datagrams on the side of who gets them.
// Not for: sending (SystemCalls).

internal import CSystem
public import SystemCalls

extension DatagramSocket {
    /// A socket that gets datagrams at a path, which must be free (EADDRINUSE), or at a name that no file system has:
    /// it begins with `@`. Reading gives one datagram, cut to the room there is, and does not wait.
    public static func listening(at name: String) throws(SystemError) -> DatagramSocket {
        let socket = OwnedDescriptor(owning: try once("socket") { corbel_datagram_socket() })
        // SAFETY: withCString gives a terminated string that lives throughout the call.
        _ = try once("bind") { unsafe name.withCString { unsafe corbel_bind_name(socket.rawValue, $0) } }
        try socket.setNonBlocking(true)
        return DatagramSocket(owning: socket)
    }
}
