// Sockets (xenstored.md 10): requests in pieces, the end of a connection, backpressure.
// Not for: rules of the store (XenstoreCoreTests), rings.

import SystemCalls
import Testing
import XenstoreCore
import XenstoreServer
import XenstoreWire

@Suite("Sockets of the server")
struct SocketTests {
    private let bench: StoreBench
    private let socket: TestSocket

    init() throws {
        bench = try StoreBench()
        socket = try bench.connect()
    }

    private func text(_ messages: [Message]) -> [String] {
        messages.map { "\($0.header.operation) " + String(decoding: $0.payload, as: UTF8.self) }
    }

    @Test("requests are answered in their order, whether they come in one piece or in single bytes")
    func pieces() throws {
        let requests = [
            Message(.write, "/a|1", id: 7), Message(.read, "/a|", id: 0xffff_ffff), Message(.read, "/none|"),
        ]
        let whole = try bench.ask(socket, requests[0], requests[1], requests[2])
        for byte in requests.flatMap(\.bytes) {
            try socket.send([byte])
            try bench.settle()
        }
        let single = try socket.messages()
        #expect(whole == single)
        #expect(whole.map(\.header.requestID) == [7, 0xffff_ffff, 0])
        #expect(whole.map(\.header.operation) == [.write, .read, .error])
        #expect(whole[1].payload == Array("1".utf8))
    }
}
