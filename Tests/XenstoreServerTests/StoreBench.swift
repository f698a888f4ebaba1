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
        let found = wholeMessages(received)
        received.removeFirst(found.reduce(0) { $0 + $1.bytes.count })
        return found
    }

    /// Bytes that have come and were not looked at.
    var taken: [UInt8] { received }

    func forget() { received = [] }

    func close() { descriptor = nil }
}

/// A server, and who turns its loop.
final class StoreBench {
    let loop: EventLoop
    let core: XenstoreCore
    let server: StoreServer
    let lines = KeptLines()
    let path = freePath()

    let xen: FakeXen?
    let domains: DomainLookup

    /// With a Xen the server has begun; without one every domain exists. `time`: where the core's clock stands still.
    init(_ xen: FakeXen? = nil, keepsOrphans: Bool = false, time: UInt64? = nil) throws {
        self.xen = xen
        loop = try EventLoop()
        let platform = xen?.platform
        let domains = DomainLookup(platform)
        self.domains = domains
        try domains.begin()
        core = XenstoreCore(keepsOrphans: keepsOrphans, lookUp: domains.uniqueID)
        let log = DaemonLog(.information, sink: lines)
        server = StoreServer(core, loop: loop, log: log, platform: platform, domains: domains) {
            time ?? MonotonicTime.now.nanoseconds / 1_000_000
        }
        try server.listen(try StreamSocket.listening(path: path, backlog: 128))
        try server.begin()
    }

    deinit {
        // The loop and the server keep each other.
        loop.roundHandler = nil
        try? removeFile(path: path)
    }

    func connect() throws -> TestSocket { try TestSocket(path: path) }

    /// Turns the loop until two turns find nothing to do: at the end of the first a channel may be unmasked.
    func settle(turns: Int = 2000) throws {
        var idleCount = 0
        for _ in 0..<turns where idleCount < 2 {
            idleCount = try loop.turn(milliseconds: 0) == 0 && !loop.isAwake ? idleCount + 1 : 0
        }
    }

    /// The state that section 18 begins with: domains 1, 2, 3 introduced, 4 there, 9 not.
    func makeStandardState(_ socket: TestSocket) throws {
        for domain in 1...4 as ClosedRange<UInt16> where xen?.domains[domain] == nil { xen?.start(domain) }
        for domain in 1...3 {
            _ = try ask(
                socket, Message(.introduce, "\(domain)|0|5|"), Message(.write, "/local/domain/\(domain)|"),
                Message(.setPermissions, "/local/domain/\(domain)|n0|r\(domain)|"),
                Message(.write, "/local/domain/\(domain)/data|"),
                Message(.setPermissions, "/local/domain/\(domain)/data|n\(domain)|"))
        }
        _ = try ask(
            socket, Message(.write, "/pub|pub"), Message(.setPermissions, "/pub|r0|"), Message(.write, "/sec|sec"),
            Message(.setPermissions, "/sec|n0|"), Message(.write, "/drop|"), Message(.setPermissions, "/drop|b0|"))
    }

    /// VIRQ_DOM_EXC comes.
    func raise() throws {
        try xen?.raise()
        try settle()
    }

    /// What a socket is answered.
    func ask(_ socket: TestSocket, _ messages: Message...) throws -> [Message] {
        try socket.send(messages.flatMap(\.bytes))
        try settle()
        return try socket.messages()
    }
}

/// A guest's frontend: it writes requests and takes what comes, waking the server as it should.
final class Guest {
    private let bench: StoreBench
    let domain: UInt16
    private var received: [UInt8] = []

    init(_ domain: UInt16, _ bench: StoreBench) {
        self.domain = domain
        self.bench = bench
    }

    var page: SharedPage { bench.xen?.domains[domain]?.page ?? SharedPage() }

    func notify() throws {
        try bench.xen?.notify(from: domain)
        try bench.settle()
    }

    /// Writes all of it, as far as the server takes it.
    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        var stalledCount = 0
        while !rest.isEmpty && stalledCount < 3 {
            let count = page.send(rest)
            rest = rest.dropFirst(count)
            stalledCount = count == 0 ? stalledCount + 1 : 0
            try notify()
        }
    }

    func send(_ messages: Message...) throws { try send(messages.flatMap(\.bytes)) }

    /// Whole messages that have come since the last time.
    func messages() throws -> [Message] {
        while case let bytes = page.receive(), !bytes.isEmpty {
            received += bytes
            try notify()
        }
        let found = wholeMessages(received)
        received.removeFirst(found.reduce(0) { $0 + $1.bytes.count })
        return found
    }

    func ask(_ messages: Message...) throws -> [Message] {
        try send(messages.flatMap(\.bytes))
        return try self.messages()
    }
}

/// Messages as text, events as `path token`: `|` stands for a NUL.
func texts(_ messages: [Message]) -> [String] {
    messages.map { message in
        let text = String(decoding: message.payload.map { $0 == 0 ? UInt8(ascii: "|") : $0 }, as: UTF8.self)
        return message.header.operation == .watchEvent ? "event " + text : text
    }
}
