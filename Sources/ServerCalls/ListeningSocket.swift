// Sockets of packets on the side of who is connected to: listening, taking connections, who they are from.
// Not for: device models, which only connect (SystemCalls).

internal import CSystem
public import SystemCalls

/// Who is at the other end of a socket, as the kernel noted when the connection was made.
public struct PeerCredentials: Equatable, Sendable {
    /// Its process.
    public var processID: Int32
    /// Its effective user.
    public var userID: UInt32
    /// Its effective group.
    public var groupID: UInt32

    /// Somebody.
    public init(processID: Int32, userID: UInt32, groupID: UInt32) {
        self.processID = processID
        self.userID = userID
        self.groupID = groupID
    }
}

extension PacketSocket {
    /// A socket that takes connections at a path, which must be free (EADDRINUSE). Accepting does not wait.
    public static func listening(path: String, backlog: Int32 = 64) throws(SystemError) -> PacketSocket {
        let socket = OwnedDescriptor(owning: try once("socket") { corbel_packet_socket() })
        // SAFETY: withCString gives a terminated string that lives throughout the call; so in all of this file.
        _ = try once("bind") { unsafe path.withCString { unsafe corbel_bind_path(socket.rawValue, $0) } }
        _ = try once("listen") { listen(socket.rawValue, backlog) }
        try socket.setNonBlocking(true)
        return PacketSocket(owning: socket)
    }

    /// The next connection that waits to be taken; nil when there is none.
    public func accept() throws(SystemError) -> PacketSocket? {
        while true {
            let answer = corbel_accept(descriptor.rawValue)
            if answer >= 0 { return PacketSocket(owning: OwnedDescriptor(owning: answer)) }
            let code = corbel_errno()
            if code == EAGAIN { return nil }
            // ECONNABORTED: who wanted to connect has gone; the next one may be there.
            if code != EINTR && code != ECONNABORTED { throw SystemError(code, "accept") }
        }
    }

    /// Who is at the other end.
    public func peer() throws(SystemError) -> PeerCredentials {
        var peer = corbel_peer()
        // SAFETY: the call fills in our structure.
        _ = try plain("getsockopt") { unsafe corbel_peer(descriptor.rawValue, &peer) }
        return PeerCredentials(processID: peer.process, userID: peer.user, groupID: peer.group)
    }
}

/// Lets this process have as many descriptors as it may have at most. Nothing when that is not allowed.
public func raiseDescriptorLimit() { corbel_raise_descriptor_limit() }

/// As many descriptors as this process may have now.
public func descriptorLimit() -> Int { Int(corbel_descriptor_limit()) }
