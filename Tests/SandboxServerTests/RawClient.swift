// A client without manners: packets as bytes, for tests of what a sandbox makes of them.

import SandboxWire
import SystemCalls
import XenABI

final class RawClient {
    let socket: PacketSocket
    private var sequence: UInt32 = 0
    private(set) var descriptors = ReceivedDescriptors()

    init(_ path: String) throws { socket = try PacketSocket.connected(path: path) }

    struct Answer {
        var kind: WireKind
        var result: WireResult
        var body: WireReader
    }

    /// A packet, whole and right.
    func packet(_ kind: WireKind, _ body: some WireBody) -> [UInt8] {
        var writer = WireWriter()
        sequence += 1
        WireHeader(kind, sequence: sequence).begin(&writer)
        body.encode(into: &writer)
        WireHeader.seal(&writer)
        return writer.bytes
    }

    func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws {
        try socket.send(bytes.span, descriptors: descriptors.span, waits: true)
    }

    /// The next packet; nil: the end.
    func receive(waits: Bool = true) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: WireLimits.packetByteCount)
        var span = bytes.mutableSpan
        let count = try socket.receive(into: &span, &descriptors, waits: waits)
        return count == 0 ? nil : Array(bytes.prefix(count))
    }

    func ask(_ kind: WireKind, _ body: some WireBody) throws -> Answer {
        try send(packet(kind, body))
        guard let bytes = try receive() else { throw SystemError(32, "receive") }
        var reader = WireReader(bytes, 0..<bytes.count)
        let header = try WireHeader(from: &reader)
        return Answer(kind: header.kind, result: try WireResult(from: &reader), body: reader)
    }

    /// What the sandbox says as it closes the connection; nil: it says something else, or nothing.
    func farewell() throws -> String? {
        while let bytes = try receive() {
            var reader = WireReader(bytes, 0..<bytes.count)
            if try WireHeader(from: &reader).kind == .closing { return try reader.text() }
        }
        return nil
    }

    func take(_ index: Int) -> OwnedDescriptor? { descriptors.take(index) }
}
