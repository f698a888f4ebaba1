// Sockets of bytes on the side of who is connected to: listening and taking connections.
// Not for: connecting (SystemCalls); packets (ListeningSocket).

internal import CSystem
public import SystemCalls

extension StreamSocket {
    /// A socket that takes connections at a path, which must be free (EADDRINUSE). Accepting does not wait. With a
    /// backlog of 0 one connection waits to be taken, and connecting is EAGAIN for others. With permissions the path
    /// never has others, whatever the process' mask lets through.
    public static func listening(
        path: String, backlog: Int32 = 64, permissions: UInt32? = nil
    ) throws(SystemError) -> StreamSocket {
        let socket = OwnedDescriptor(owning: try once("socket") { corbel_stream_socket() })
        // The path gets what the socket has, less the mask.
        if let permissions { try socket.setPermissions(permissions) }
        // SAFETY: withCString gives a terminated string that lives throughout the call.
        _ = try once("bind") { unsafe path.withCString { unsafe corbel_bind_path(socket.rawValue, $0) } }
        _ = try once("listen") { listen(socket.rawValue, backlog) }
        return StreamSocket(owning: socket)
    }

    /// The next connection that waits to be taken, non-blocking; nil when there is none.
    public func accept() throws(SystemError) -> StreamSocket? {
        while true {
            let answer = corbel_accept(descriptor.rawValue)
            if answer >= 0 {
                let taken = OwnedDescriptor(owning: answer)
                try taken.setNonBlocking(true)
                return StreamSocket(owning: taken)
            }
            let code = corbel_errno()
            if code == EAGAIN { return nil }
            // ECONNABORTED: who wanted to connect has gone; the next one may be there.
            if code != EINTR && code != ECONNABORTED { throw SystemError(code, "accept") }
        }
    }
}
