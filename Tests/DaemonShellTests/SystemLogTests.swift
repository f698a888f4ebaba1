// Lines of the system log, and the notice to the service manager, as who listens gets them.

import ServerCalls
import SystemCalls
import Testing

@testable import DaemonShell

/// A socket that gets datagrams.
private final class Listener {
    let path: String
    private var socket: DatagramSocket?

    init(_ path: String) throws {
        self.path = path
        socket = try DatagramSocket.listening(at: path)
    }

    deinit { stop() }

    func stop() {
        if socket.take() != nil { try? removeFile(path: path) }
    }

    /// The next datagram that waits; nil when there is none.
    func next() -> String? {
        var bytes = [UInt8](repeating: 0, count: 8192)
        var span = bytes.mutableSpan
        guard let count = try? socket?.descriptor.readIfReady(into: &span) else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

private func newPath() -> String { "/tmp/corbel-log-\(processID)-\(UInt64.random(in: 0...UInt64.max))" }

@Suite struct SystemLogTests {
    private let time = LocalTime(year: 2026, month: 3, day: 7, hour: 4, minute: 5, second: 6)

    @Test func `A line is a datagram with facility daemon, its level, the time, the name and the pid`() throws {
        let listener = try Listener(newPath())
        let log = DaemonLog(.debug, sink: SystemLogSink(path: listener.path, name: "xenstored") { time })
        for level in [LogLevel.error, .warning, .information, .debug] { log.write(level, "area", "text", [("k", "v")]) }
        let rest = "Mar  7 04:05:06 xenstored[\(processID)]:"
        #expect(listener.next() == "<27>\(rest) ERROR area: text k=v")
        #expect(listener.next() == "<28>\(rest) WARN area: text k=v")
        #expect(listener.next() == "<30>\(rest) INFO area: text k=v")
        #expect(listener.next() == "<31>\(rest) DEBUG area: text k=v")
        #expect(listener.next() == nil)
    }

    @Test func `Days have two places, and any month has its name`() {
        var moment = time
        moment.month = 12
        moment.day = 31
        let line = SystemLogSink.message(.error, "x", name: "n", process: 5, at: moment)
        #expect(line == "<27>Dec 31 04:05:06 n[5]: x")
        moment.month = 0
        #expect(SystemLogSink.message(.error, "x", name: "n", process: 5, at: moment).hasPrefix("<27>Jan 31"))
    }

    @Test func `A system log that was started anew gets the next line, and is told of those that nobody got`() throws {
        let path = newPath()
        var listener: Listener? = try Listener(path)
        let sink = SystemLogSink(path: path, name: "n") { time }
        sink.write(.error, "one")
        #expect(listener?.next()?.hasSuffix(": one") == true)
        listener = nil
        sink.write(.error, "two")
        sink.write(.error, "three")
        #expect(sink.droppedLineCount == 2)
        let again = try Listener(path)
        sink.write(.error, "four")
        #expect(again.next()?.hasSuffix(": WARN log: lines were dropped count=2") == true)
        #expect(again.next()?.hasSuffix(": four") == true)
        #expect(sink.droppedLineCount == 2)
        // At once, without a line in between: the socket's name has changed hands.
        again.stop()
        let third = try Listener(path)
        sink.write(.error, "five")
        #expect(third.next()?.hasSuffix(": five") == true)
    }

    @Test func `A system log that takes nothing makes nobody wait, and what was lost is counted`() throws {
        let listener = try Listener(newPath())
        let sink = SystemLogSink(path: listener.path, name: "n") { time }
        var count: UInt64 = 0
        while sink.droppedLineCount == 0, count < 100_000 {
            sink.write(.error, "\(count)")
            count += 1
        }
        #expect(sink.droppedLineCount == 1 && count > 1)
        for index in 0..<(count - 1) { #expect(listener.next()?.hasSuffix(": \(index)") == true) }
        sink.write(.error, "after")
        #expect(listener.next()?.hasSuffix("lines were dropped count=1") == true)
        #expect(listener.next()?.hasSuffix(": after") == true)
    }

    @Test func `The notice goes to a path and to an abstract name`() throws {
        let wanted = "READY=1\nMAINPID=\(processID)\n"
        for path in [newPath(), "@corbel-\(processID)-\(UInt64.random(in: 0...UInt64.max))"] {
            let listener = try Listener(path)
            let notice = try ReadinessNotice(to: path)
            #expect(listener.next() == nil)
            try notice.send()
            #expect(listener.next() == wanted)
        }
        #expect(throws: SystemError(111, "connect")) {
            _ = try ReadinessNotice(to: "@corbel-nobody-\(processID)")
        }
    }
}
