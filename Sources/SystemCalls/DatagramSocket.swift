// Sockets that send datagrams to who listens at a name (AF_UNIX, SOCK_DGRAM): system log, service manager.
// Not for: receiving, packets of a connection (PacketSocket).

internal import CSystem

/// A socket that sends datagrams, each whole or not at all. `OwnedDescriptor.send` does not wait.
public struct DatagramSocket: ~Copyable {
    /// The descriptor.
    public let descriptor: OwnedDescriptor

    /// Takes over a socket.
    public init(owning descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// A socket whose datagrams go to a path, or to a name that no file system has: it begins with `@`. Throws ENOENT,
    /// ECONNREFUSED when nobody listens, EPROTOTYPE when it is a socket of another kind. With a time, `send(_:)` of
    /// this type waits no longer.
    public static func connected(
        to name: String, waitingMilliseconds: Int32 = 0
    ) throws(SystemError) -> DatagramSocket {
        let socket = OwnedDescriptor(owning: try once("socket") { corbel_datagram_socket() })
        if waitingMilliseconds > 0 {
            _ = try once("setsockopt") { corbel_limit_waiting(socket.rawValue, waitingMilliseconds) }
        }
        // SAFETY: withCString gives a terminated string that lives throughout the call.
        _ = try retrying("connect") { unsafe name.withCString { unsafe corbel_connect_name(socket.rawValue, $0) } }
        return DatagramSocket(owning: socket)
    }

    /// Sends one datagram, waiting for room. Throws EAGAIN after the time, ECONNREFUSED when nobody listens any more.
    public func send(_ bytes: Span<UInt8>) throws(SystemError) { try descriptor.writeAll(bytes) }
}
