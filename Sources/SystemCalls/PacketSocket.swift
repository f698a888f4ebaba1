// Sockets of packets (AF_UNIX, SOCK_SEQPACKET): each packet comes whole or not at all, and may carry descriptors.
// Not for: what the packets say.

internal import CSystem

/// A socket that carries packets.
public struct PacketSocket: ~Copyable {
    /// The descriptor.
    public let descriptor: OwnedDescriptor

    /// Takes over a socket.
    public init(owning descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// A connection to who listens at a path. Throws ENOENT when there is no socket, ECONNREFUSED when nobody listens.
    /// With a time, connecting, and afterwards sending and receiving, wait no longer: EAGAIN.
    public static func connected(
        path: String, waitingMilliseconds: Int32? = nil
    ) throws(SystemError) -> PacketSocket {
        let socket = OwnedDescriptor(owning: try once("socket") { corbel_packet_socket() })
        if let time = waitingMilliseconds {
            _ = try once("setsockopt") { corbel_limit_waiting(socket.rawValue, time) }
        }
        // SAFETY: withCString gives a terminated string that lives throughout the call.
        _ = try retrying("connect") { unsafe path.withCString { unsafe corbel_connect_path(socket.rawValue, $0) } }
        return PacketSocket(owning: socket)
    }

    /// Sends one packet, and copies of descriptors (16 at most) with it. When there is no room: waits, or throws
    /// EAGAIN. Throws EPIPE when the other end is gone.
    public func send(_ packet: Span<UInt8>, descriptors: Span<Int32> = Span(), waits: Bool) throws(SystemError) {
        // SAFETY: the kernel reads within the two spans.
        let count = try unsafe packet.withUnsafeBufferPointer { bytes throws(SystemError) in
            try unsafe descriptors.withUnsafeBufferPointer { numbers throws(SystemError) in
                try plain("sendmsg") {
                    unsafe corbel_send_packet(
                        descriptor.rawValue, bytes.baseAddress, bytes.count, numbers.baseAddress, numbers.count,
                        waits ? 1 : 0)
                }
            }
        }
        precondition(count == packet.count, "a packet is sent whole")
    }

    /// Receives one packet into `bytes`: its size, which is 0 when the other end is gone. When there is none: waits, or
    /// throws EAGAIN. EMSGSIZE: it was too large, or had too many descriptors; it is lost, and they are closed.
    public func receive(
        into bytes: inout MutableSpan<UInt8>, _ descriptors: inout ReceivedDescriptors, waits: Bool
    ) throws(SystemError) -> Int {
        descriptors.closeAll()
        // SAFETY: the kernel writes within the span, which is ours alone, and the numbers have the room that the shim
        // asks for.
        return try unsafe bytes.withUnsafeMutableBufferPointer { target throws(SystemError) in
            try plain("recvmsg") {
                unsafe withUnsafeMutablePointer(to: &descriptors.numbers) { start in
                    unsafe start.withMemoryRebound(to: Int32.self, capacity: ReceivedDescriptors.countMax) {
                        unsafe corbel_receive_packet(
                            descriptor.rawValue, target.baseAddress, target.count, $0, &descriptors.carried,
                            waits ? 1 : 0)
                    }
                }
            }
        }
    }
}

/// Two packet sockets that are connected to each other.
public struct PacketSocketPair: ~Copyable {
    /// One end.
    public let first: PacketSocket
    /// The other end.
    public let second: PacketSocket

    /// A pair.
    public init() throws(SystemError) {
        var ends: [2 of Int32] = [-1, -1]
        // SAFETY: the call writes two numbers, and there is room for two.
        _ = try once("socketpair") {
            unsafe withUnsafeMutablePointer(to: &ends) { start in
                unsafe start.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe corbel_packet_pair($0) }
            }
        }
        first = PacketSocket(owning: OwnedDescriptor(owning: ends[0]))
        second = PacketSocket(owning: OwnedDescriptor(owning: ends[1]))
    }
}

/// Descriptors that came with a packet. Those that nobody takes are closed.
public struct ReceivedDescriptors: ~Copyable {
    /// Descriptors that a packet carries at most.
    public static var countMax: Int { 16 }

    fileprivate var numbers: [16 of Int32] = .init(repeating: -1)
    fileprivate var carried = 0

    /// None.
    public init() {}

    deinit {
        for index in 0..<carried where numbers[index] >= 0 { OwnedDescriptor(owning: numbers[index]).close() }
    }

    /// Descriptors that came, taken or not.
    public var count: Int { carried }

    /// Takes a descriptor; nil when there is none of that index, or it was taken.
    public mutating func take(_ index: Int) -> OwnedDescriptor? {
        guard index >= 0, index < carried, numbers[index] >= 0 else { return nil }
        let number = numbers[index]
        numbers[index] = -1
        return OwnedDescriptor(owning: number)
    }

    /// Closes those that were not taken.
    public mutating func closeAll() {
        for index in 0..<carried { take(index)?.close() }
        carried = 0
    }
}
