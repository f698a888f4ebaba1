// The trace log: its lines, its batches, its switches, and a disk that is full.

import DaemonShell
import EventLoop
import Foundation
import SystemCalls
import Testing
import XenstoreCore
import XenstoreWire

@testable import XenstoreServer

/// Keeps lines.
private final class Lines: LogSink {
    var all: [String] = []
    func write(_ level: DaemonShell.LogLevel, _ line: String) { all.append(line) }
}

@Suite struct TraceTests {
    private let lines = Lines()
    private let log: DaemonLog
    private let server: StoreServer
    private let folder = "/tmp/corbel-trace-\(processID)-\(UInt64.random(in: 0...UInt64.max))"
    private let moment = LocalTime(
        year: 2026, month: 3, day: 7, hour: 4, minute: 5, second: 6, microsecond: 78)

    init() throws {
        log = DaemonLog(.information, sink: lines)
        server = StoreServer(XenstoreCore(lookUp: { _ in 0 }), loop: try EventLoop(), log: log, platform: nil)
        try makeDirectory(path: folder)
    }

    private func clean() { try? FileManager.default.removeItem(atPath: folder) }

    private func trace(_ file: String? = "trace") throws -> TraceLog {
        let moment = moment
        let trace = TraceLog(server, directory: folder) { moment }
        if let file { try trace.open(file) }
        return trace
    }

    private func text(_ name: String = "trace") -> String? {
        try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    private func request(_ trace: TraceLog, _ payload: [UInt8], transaction: UInt32 = 0) {
        let header = XenstoreHeader(
            .write, requestID: 1, transactionID: transaction, payloadByteCount: UInt32(payload.count))
        trace.request(header, payload.span, from: ConnectionID(index: 4), domain: 5)
    }

    private func message(_ operation: XenstoreOperation, _ payload: [UInt8]) -> [UInt8] {
        [UInt8(operation.rawValue), 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, UInt8(payload.count), 0, 0, 0] + payload
    }

    @Test func `A line has time, direction, connection, domain, operation, transaction and payload`() throws {
        defer { clean() }
        let trace = try trace()
        request(trace, Array("/a\0b".utf8), transaction: 77)
        trace.message(message(.write, Array("OK\0".utf8)).span, to: ConnectionID(index: 4), domain: 5)
        trace.message(message(.error, Array("EINVAL\0".utf8)).span, to: ConnectionID(index: 0), domain: 0)
        trace.message(message(.watchEvent, Array("/a\0t\0".utf8)).span, to: ConnectionID(index: 2), domain: 3)
        trace.message(message(.directory, []).span, to: ConnectionID(index: 2), domain: 3)
        trace.note("a connection has ended")
        trace.flush()
        let time = "2026-03-07 04:05:06.000078"
        let wanted = [
            "IN c4 d5 WRITE t77 /a.b", "OUT c4 d5 WRITE t7 OK.", "OUT c0 d0 ERROR t7 EINVAL.",
            "EV c2 d3 WATCH_EVENT t7 /a.t.", "OUT c2 d3 DIRECTORY t7", "OBJ a connection has ended",
        ]
        #expect(text() == wanted.map { "\(time) \($0)\n" }.joined())
    }

    @Test func `What is not printable ASCII is a dot, so that a payload is one line and moves no cursor`() throws {
        defer { clean() }
        let trace = try trace()
        request(trace, [0, 7, 10, 13, 27, 0x1F, 0x20, 0x7E, 0x7F, 0x80, 0x9B, 0xFF, 0x41])
        trace.note("two\nlines\u{9B}")
        trace.flush()
        let found = text()?.split(separator: "\n").map { $0.dropFirst(27) }
        #expect(found == ["IN c4 d5 WRITE t0 ...... ~....A", "OBJ two.lines.."])
    }

    @Test func `A message that is no message has no line, and any operation has a name`() throws {
        defer { clean() }
        let trace = try trace()
        trace.message([UInt8](repeating: 0, count: 15).span, to: ConnectionID(index: 0), domain: 0)
        var strange = message(.write, [])
        strange[3] = 0xFF
        trace.message(strange.span, to: ConnectionID(index: 0), domain: 0)
        trace.flush()
        #expect(text()?.split(separator: "\n").map { $0.dropFirst(27) } == ["OUT c0 d0 UNKNOWN t7"])
    }

    @Test func `Lines wait for others, until the batch is full or its time has come`() throws {
        defer { clean() }
        let trace = try trace()
        request(trace, [0x41])
        #expect(text()?.isEmpty == true)
        while text()?.isEmpty == true { try server.loop.turn(milliseconds: 1000) }
        let one = try #require(text()?.utf8.count)
        let payload = [UInt8](repeating: 0x42, count: 4000)
        for _ in 0..<16 { request(trace, payload) }
        #expect(text()?.utf8.count == one)
        request(trace, payload)
        #expect(try #require(text()?.utf8.count) > one + 65536)
    }

    @Test func `The server is told of a trace log only while that writes something`() throws {
        defer { clean() }
        let trace = try trace(nil)
        #expect(server.trace == nil && !trace.hasFile && !trace.isOn)
        #expect(trace.openFile("trace") && trace.hasFile && trace.isOn && server.trace === trace)
        trace.isOn = false
        #expect(server.trace == nil && trace.hasFile)
        trace.isOn = true
        trace.set(.io, on: false)
        #expect(server.trace === trace && !trace.isOn(.io) && trace.isOn(.obj))
        request(trace, [0x41])
        trace.note("x")
        trace.set(.obj, on: false)
        #expect(server.trace == nil)
        trace.set(.acc, on: true)
        #expect(server.trace == nil && trace.isOn(.acc))
        trace.set(.io, on: true)
        trace.note("y")
        trace.flush()
        #expect(text()?.split(separator: "\n").map { $0.dropFirst(27) } == ["OBJ x"])
    }

    @Test func `A file that was moved is left, and its name is written anew`() throws {
        defer { clean() }
        let trace = try trace()
        request(trace, [0x41])
        try renameFile(from: "\(folder)/trace", to: "\(folder)/moved")
        trace.reopen()
        request(trace, [0x42])
        trace.flush()
        #expect(text("moved")?.hasSuffix(" A\n") == true)
        #expect(text()?.hasSuffix(" B\n") == true && text()?.contains(" A\n") == false)
    }

    @Test func `A file that can't be opened changes nothing`() throws {
        defer { clean() }
        let trace = try trace()
        #expect(!trace.openFile("/nowhere/trace") && trace.hasFile)
        #expect(lines.all.count == 1 && lines.all[0].contains("No such file"))
        request(trace, [0x41])
        trace.flush()
        #expect(text()?.hasSuffix(" A\n") == true)
    }

    @Test func `A full disk is one line of the log, and the lost lines are counted when there is room again`() throws {
        defer { clean() }
        let trace = try trace("/dev/full")
        for _ in 0..<5 {
            request(trace, [0x41])
            request(trace, [0x42])
            trace.flush()
        }
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.contains("can't be written, its lines are lost: write: No space left") == true)
        try trace.open("trace")
        request(trace, [0x43])
        trace.flush()
        #expect(text()?.hasPrefix("-- 10 lines were lost\n2026-") == true && text()?.hasSuffix(" C\n") == true)
        #expect(lines.all.count == 2 && lines.all[1].hasSuffix("the trace log is written again lost=10"))
    }

    @Test func `A line that was written in part is ended, and each line is there or counted`() throws {
        defer { clean() }
        let path = "\(folder)/pipe"
        // SAFETY: the string lives throughout the call.
        let made = unsafe mkfifo(path, 0o600)
        #expect(made == 0)
        let reader = try OwnedDescriptor.open(path: path, .read, .nonBlocking)
        let trace = try trace(path)
        let payload = [UInt8](repeating: 0x44, count: 3000)
        for _ in 0..<100 { request(trace, payload) }
        trace.flush()
        var found: [UInt8] = []
        func drain() throws {
            var bytes = [UInt8](repeating: 0, count: 100_000)
            var span = bytes.mutableSpan
            while let count = try reader.readIfReady(into: &span), count > 0 {
                for index in 0..<count { found.append(span[index]) }
            }
        }
        try drain()
        request(trace, payload)
        trace.flush()
        try drain()
        let all = String(decoding: found, as: UTF8.self).split(separator: "\n")
        let whole = all.count { $0.hasSuffix("WRITE t0 " + String(repeating: "D", count: 3000)) }
        let lost = try #require(all.first { $0.hasPrefix("-- ") }.flatMap { Int($0.split(separator: " ")[1]) })
        #expect(lost > 0 && whole + lost == 101)
    }

    @Test func `A report goes to a file of its own, made anew, or to the log`() throws {
        defer { clean() }
        let none = try trace(nil)
        #expect(!none.write(["a"], to: nil))
        #expect(none.write(["a", "b"], to: "report") && text("report") == "a\nb\n")
        #expect(none.write(["c"], to: "report") && text("report") == "c\n")
        #expect(!none.write(["c"], to: "/nowhere/report"))
        let trace = try trace()
        #expect(trace.write(["d"], to: nil) && text() == "d\n")
    }
}
