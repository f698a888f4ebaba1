// Connections of bytes to who listens at a path (AF_UNIX, SOCK_STREAM), which never wait.
// Not for: listening (ListeningSocket), packets (PacketSocket).

internal import CSystem

/// A socket that carries bytes. Reading answers what is there, EAGAIN when nothing is; `OwnedDescriptor.send` writes
/// without waiting.
public struct StreamSocket: ~Copyable {
    /// The descriptor, non-blocking.
    public let descriptor: OwnedDescriptor

    /// Takes over a socket.
    public init(owning descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// The descriptor alone.
    public consuming func intoDescriptor() -> OwnedDescriptor { descriptor }

    /// A connection to who listens at a path. Throws ENOENT when there is no socket, ECONNREFUSED when nobody listens,
    /// EAGAIN when too many wait to be let in, ENAMETOOLONG for a path of more than 107 bytes.
    public static func connected(path: String) throws(SystemError) -> StreamSocket {
        let socket = OwnedDescriptor(owning: try once("socket") { corbel_stream_socket() })
        // SAFETY: withCString gives a terminated string that lives throughout the call.
        _ = try retrying("connect") { unsafe path.withCString { unsafe corbel_connect_path(socket.rawValue, $0) } }
        return StreamSocket(owning: socket)
    }
}
