// A server of a real store on a loop that the test turns, with sockets of its own.
// Not for: rules; the suites have those. Xen is in FakeXen.

import DaemonShell
import EventLoop
import ServerCalls
import Synchronization
import SystemCalls
import XenstoreCore
import XenstoreServer
import XenstoreWire

/// Keeps the lines of the log.
final class KeptLines: LogSink {
    var lines: [String] = []
    func write(_ level: DaemonShell.LogLevel, _ line: String) { lines.append(line) }
}

/// A path for a socket that no other test has.
func freePath() -> String {
    "/tmp/corbel-store-\(processID)-\(freeNumbers.wrappingAdd(1, ordering: .relaxed).newValue)"
}
private let freeNumbers = Atomic<Int>(0)

/// One end of a connection, in the test's thread: nothing of it waits.
final class TestSocket {
    private var descriptor: OwnedDescriptor?
    private var received: [UInt8] = []
    /// Whether the server has closed it.
    private(set) var isAtEnd = false

    init(path: String) throws { descriptor = try StreamSocket.connected(path: path).intoDescriptor() }

    /// Bytes that were taken; 0 when there is no room.
    @discardableResult
    func send(_ bytes: [UInt8]) throws -> Int { try descriptor?.sendIfReady(bytes.span) ?? 0 }

    func send(_ messages: Message...) throws { try send(messages.flatMap(\.bytes)) }

    /// Takes what is there, so many bytes at most.
    func take(_ countMax: Int = .max) throws {
        var buffer = [UInt8](repeating: 0, count: min(countMax, 65536))
        var left = countMax
        while left > 0 {
            var span = buffer.mutableSpan
            var part = span._mutatingExtracting(0..<min(left, span.count))
            guard let count = try readInto(&part) else { return }
            if count == 0 {
                isAtEnd = true
                return
            }
            received += buffer[..<count]
            left -= count
        }
    }

    private func readInto(_ span: inout MutableSpan<UInt8>) throws -> Int? {
        do throws(SystemError) {
            return try descriptor?.readIfReady(into: &span)
        } catch {
            // ECONNRESET: the server closed it with bytes unread.
            return 0
        }
    }

    /// Whole messages that have come since the last time.
    func messages() throws -> [Message] {
        try take()
        let found = XenstoreServerTests.messages(received)
        received.removeFirst(found.reduce(0) { $0 + $1.bytes.count })
        return found
    }

    func close() { descriptor = nil }
}

/// A server, and who turns its loop.
final class StoreBench {
    let loop: EventLoop
    let core: XenstoreCore
    let server: StoreServer
    let lines = KeptLines()
    let path = freePath()

    init(keepsOrphans: Bool = false) throws {
        loop = try EventLoop()
        core = XenstoreCore(keepsOrphans: keepsOrphans) { $0 < 0x7FF0 ? UInt64($0) + 1 : nil }
        server = StoreServer(core, loop: loop, log: DaemonLog(.information, sink: lines), platform: nil)
        try server.listen(try StreamSocket.listening(path: path, backlog: 128))
    }

    deinit { try? removeFile(path: path) }

    func connect() throws -> TestSocket { try TestSocket(path: path) }

    /// Turns the loop until a turn that finds nothing to do.
    func settle(turns: Int = 2000) throws {
        for _ in 0..<turns {
            if try loop.turn(milliseconds: 0) == 0, !loop.isAwake { return }
        }
    }

    /// What a socket is answered.
    func ask(_ socket: TestSocket, _ messages: Message...) throws -> [Message] {
        try socket.send(messages.flatMap(\.bytes))
        try settle()
        return try socket.messages()
    }
}
