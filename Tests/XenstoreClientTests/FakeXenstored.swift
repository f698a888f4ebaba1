// A small server on a socket that does what a test's script says: right, wrong, or not at all.
// Not for: being a Xenstore; it keeps no nodes.

import ServerCalls
import SystemCalls
import XenstoreWire

/// What a client has sent.
struct Request: Equatable {
    var header: XenstoreHeader
    var payload: [UInt8]
    /// The payload as the specification writes it: `|` is a NUL.
    var text: String { String(decoding: payload.map { $0 == 0 ? UInt8(ascii: "|") : $0 }, as: UTF8.self) }
}

/// One connection to the fake, in the thread of its script. What goes wrong ends the script.
final class FakeConnection {
    private let socket: StreamSocket
    private let poll: EventPoll
    private var parser = XenstoreFrameParser()
    private var pending: [Request] = []
    /// No test takes so long, but one that has failed.
    private let end = MonotonicTime.now.advanced(byMilliseconds: 20_000)

    init(_ socket: consuming StreamSocket) throws {
        poll = try EventPoll()
        try poll.add(socket.descriptor.rawValue, .readable, token: 0)
        self.socket = socket
    }

    /// The next request; nil when the client has closed.
    func request() -> Request? {
        while pending.isEmpty {
            guard let bytes = read(), !bytes.isEmpty else { return nil }
            var offset = 0
            while let request = try? parser.next(
                in: bytes.span, at: &offset,
                deliver: { Request(header: $0, payload: XenstoreText.copy($1, 0..<$1.count)) })
            { pending.append(request) }
        }
        return pending.removeFirst()
    }

    /// Returns when the client has closed.
    func waitForClose() { while let bytes = read(), !bytes.isEmpty {} }

    func send(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count, MonotonicTime.now < end {
            if let count = try? socket.descriptor.send(bytes.span.extracting(done..<bytes.count)) {
                done += count
            } else {
                guard (try? poll.modify(socket.descriptor.rawValue, .writable, token: 0)) != nil,
                    (try? poll.wait(milliseconds: 100)) != nil, isListening
                else { break }
            }
        }
        try? poll.modify(socket.descriptor.rawValue, .readable, token: 0)
    }

    /// A reply with a payload; `|` is a NUL.
    func reply(_ request: Request, _ text: String) {
        send(bytes { $0.reply(to: request.header) { $0.put(nuls(text)) } })
    }
    func refuse(_ request: Request, _ code: XenstoreErrorCode) { send(bytes { $0.refuse(request.header, code) }) }
    func event(_ path: String, _ token: String) { send(eventBytes(path, token)) }

    /// Whether the client has not closed yet. Writing tells.
    var isListening: Bool {
        do throws(SystemError) {
            _ = try socket.descriptor.send([UInt8]().span)
            return true
        } catch {
            return error.code != 32
        }
    }

    /// What is there, or comes; nothing at the end, nil when none comes.
    private func read() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65536)
        while MonotonicTime.now < end {
            var room = bytes.mutableSpan
            do {
                if let count = try socket.descriptor.readIfReady(into: &room) { return Array(bytes[..<count]) }
                _ = try poll.wait(milliseconds: MonotonicTime.now.milliseconds(until: end))
            } catch {
                return nil
            }
        }
        return nil
    }
}

func nuls(_ text: String) -> [UInt8] { text.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 } }

func bytes(_ body: (inout XenstoreWriter) -> Void) -> [UInt8] {
    var writer = XenstoreWriter()
    body(&writer)
    return writer.bytes
}

func eventBytes(_ path: String, _ token: String) -> [UInt8] {
    bytes { _ = $0.event(path: Array(path.utf8).span, token: Array(token.utf8).span) }
}

func replyBytes(_ request: Request, _ text: String) -> [UInt8] {
    bytes { $0.reply(to: request.header) { $0.put(nuls(text)) } }
}

/// A server at a path of its own; its script gets the connections one after the other.
final class FakeXenstored {
    let path: String
    private let thread: PlainThread
    private static let numbers = Counter()

    /// Starts it. The script runs once for each of so many connections.
    init(connections: Int = 1, _ script: @escaping @Sendable (FakeConnection) -> Void) throws {
        let folder = "/tmp/corbel-xenstore-\(processID)-\(Self.numbers.next())"
        try makeDirectory(path: folder)
        path = folder + "/socket"
        let door = Door(try StreamSocket.listening(path: path))
        thread = try PlainThread { [path] in
            for number in 1...connections {
                let connection = door.next()
                if number == connections {
                    try? removeFile(path: path)
                    try? removeDirectory(path: folder)
                }
                if let connection { script(connection) }
            }
        }
    }

    /// Waits until the script has ended; only behind the client's end, which it may be waiting for.
    func finish() { thread.join() }

    private final class Door: @unchecked Sendable {
        private let socket: StreamSocket
        init(_ socket: consuming StreamSocket) { self.socket = socket }

        /// The next connection; nil when none comes.
        func next() -> FakeConnection? {
            guard let poll = try? EventPoll() else { return nil }
            try? poll.add(socket.descriptor.rawValue, .readable, token: 0)
            let end = MonotonicTime.now.advanced(byMilliseconds: 10_000)
            while MonotonicTime.now < end {
                if let taken = try? socket.accept() { return try? FakeConnection(taken) }
                _ = try? poll.wait(milliseconds: 1000)
            }
            return nil
        }
    }
}

/// Counts, over threads.
final class Counter: @unchecked Sendable {
    private let monitor = Monitor()
    private var count = 0
    func next() -> Int {
        monitor.locked {
            count += 1
            return count
        }
    }
    var value: Int { monitor.locked { count } }
}

/// What a script has seen, for the test to look at.
final class Seen: @unchecked Sendable {
    private let monitor = Monitor()
    private var requests: [Request] = []
    func add(_ request: Request) { monitor.locked { requests.append(request) } }
    var all: [Request] { monitor.locked { requests } }
    var texts: [String] { all.map { "\($0.header.operation.name) \($0.header.transactionID) \($0.text)" } }
}
