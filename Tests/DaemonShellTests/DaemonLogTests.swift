// The log's lines, what guests may cause of them, and streams that take none.

import Foundation
import SystemCalls
import Testing

@testable import DaemonShell

private final class Lines: LogSink {
    var lines: [(level: LogLevel, text: String)] = []
    func write(_ level: LogLevel, _ line: String) { lines.append((level, line)) }
    var last: String { lines.last?.text ?? "" }
}

@Suite struct DaemonLogTests {
    private let sink = Lines()

    private func log(_ level: LogLevel = .debug) -> DaemonLog { DaemonLog(level, sink: sink) }

    @Test("A line is its level, area, text and fields, in order")
    func form() {
        log().write(.warning, "backend", "a write failed", [("call", "set"), ("code", "5")])
        #expect(sink.last == "WARN backend: a write failed call=set code=5")
        for (level, word) in [(LogLevel.error, "ERROR"), (.information, "INFO"), (.debug, "DEBUG")] {
            log().write(level, "a", "b")
            #expect(sink.last == "\(word) a: b")
        }
    }

    @Test("Lines beyond the level are not written")
    func levels() {
        let log = log(.warning)
        for level in [LogLevel.error, .warning, .information, .debug] { log.write(level, "a", "b") }
        log.write(fromGuest: .information, kind: "k", "a", "b")
        #expect(sink.lines.map(\.level) == [.error, .warning])
    }

    @Test(
        "A value is as it is, or escaped, and in quotes where it would be read otherwise",
        arguments: [
            ("plain/1.5:x", "plain/1.5:x"), ("", "\"\""), ("a b", "\"a b\""), ("a=b", "\"a=b\""),
            ("say \"x\"", "\"say \\\"x\\\"\""), ("\"", "\"\\\"\""), ("back\\slash", "back\\\\slash"),
            ("\n\r\t", "\\n\\r\\t"), ("\u{1B}[31m", "\\u{1B}[31m"), ("\0", "\\u{0}"), ("\u{7F}", "\\u{7F}"),
            ("\u{9B}", "\\u{9B}"), ("é", "\\u{E9}"), ("\u{202E}", "\\u{202E}"), ("😀", "\\u{1F600}"), ("~!", "~!"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ])
    func values(_ value: String, _ written: String) {
        log().write(.error, "a", "b", [("k", value), ("end", "1")])
        #expect(sink.last == "ERROR a: b k=\(written) end=1")
    }

    @Test("Area, text and keys are escaped too: no line has a second one in it")
    func texts() {
        log().write(.error, "a\nb", "c\nERROR d: \"e\" \u{7}", [("k\n", "v\n")])
        #expect(sink.last == "ERROR a\\nb: c\\nERROR d: \"e\" \\u{7} k\\n=v\\n")
        for value in UInt32(0)...0x400 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            log().write(.error, "a\(scalar)", "b\(scalar)", [("k\(scalar)", "v\(scalar)")])
            #expect(sink.last.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        }
    }

    @Test("A line with its line feed is never longer than a pipe takes at once, and a long value hides no other field")
    func lengths() {
        let long = String(repeating: "\u{FFFF}", count: 2048)
        log().write(.error, "a", "b", [("name", long), ("status", "7")])
        #expect(sink.last.hasSuffix("\\u{FFFF}... status=7"))
        #expect(sink.last.utf8.count < LogText.valueByteCountMax + 50)
        for count in 3900...4200 {
            log().write(.error, "a", String(repeating: "x", count: count))
            #expect(sink.last.utf8.count <= LogText.byteCountMax - 1)
            let isCut = count > LogText.byteCountMax - 4 - 9
            #expect(sink.last.utf8.count == (isCut ? LogText.byteCountMax - 1 : count + 9))
            #expect(sink.last.hasSuffix("...") == isCut)
        }
        log().write(.error, "a", "b", (0..<100).map { ("key\($0)", long) })
        #expect(sink.last.utf8.count <= LogText.byteCountMax - 1 && sink.last.hasSuffix("..."))
    }

    @Test("A guest brings about 20 lines of a kind in any minute, and the next one tells of the others")
    func guests() {
        let log = log()
        let second: UInt64 = 1_000_000_000
        func line(_ time: UInt64, _ kind: StaticString = "bad") {
            log.write(
                fromGuest: .warning, kind: kind, "port", "refused", [("t", "\(time)")],
                now: MonotonicTime(nanoseconds: time * second))
        }
        for time in UInt64(100)..<130 { line(time) }
        #expect(sink.lines.count == 20 && sink.last == "WARN port: refused t=119")
        line(140, "other")
        #expect(sink.lines.count == 21, "another kind is not limited by the first")
        line(159)
        #expect(sink.lines.count == 21, "a minute is not over since the first")
        line(160)
        #expect(sink.last == "WARN port: refused t=160 suppressed=11")
        line(160)
        #expect(sink.lines.count == 22, "nor since the second")
        line(161)
        #expect(sink.last == "WARN port: refused t=161 suppressed=1")
        line(500)
        #expect(sink.last == "WARN port: refused t=500")
        for _ in 0..<100 { line(501) }
        #expect(sink.lines.count == 24 + 19)
        // No window of a minute has more, wherever it begins.
        let times = sink.lines.filter { !$0.text.contains("t=140") }.compactMap { line in
            line.text.split(separator: "=").dropFirst().first?.split(separator: " ").first.flatMap { Int($0) }
        }
        #expect(times.count == sink.lines.count - 1)
        for start in times { #expect(times.filter { start..<(start + 60) ~= $0 }.count <= 20) }
    }
}

@Suite struct StandardLogSinkTests {
    /// What a pipe has, without waiting.
    private static func drain(_ descriptor: borrowing OwnedDescriptor) throws -> String {
        try descriptor.setNonBlocking(true)
        var text: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65536)
        while true {
            var span = bytes.mutableSpan
            guard let count = try descriptor.readIfReady(into: &span), count > 0 else { break }
            text += bytes[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }

    @Test("Errors and warnings go to one stream, the rest to the other, line by line")
    func streams() throws {
        let output = try SystemCalls.Pipe()
        let error = try SystemCalls.Pipe()
        let sink = StandardLogSink(
            output: .standard(output.writing.rawValue), error: .standard(error.writing.rawValue))
        for (level, line) in [(LogLevel.error, "e"), (.warning, "w"), (.information, "i"), (.debug, "d")] {
            sink.write(level, line)
        }
        #expect(try Self.drain(output.reading) == "i\nd\n")
        #expect(try Self.drain(error.reading) == "e\nw\n")
        #expect(sink.droppedLineCount == 0)
    }

    @Test("A full pipe drops lines and never waits; the next one that is taken comes after their count")
    func fullPipe() throws {
        let pipe = try SystemCalls.Pipe()
        let stream = LogStream.standard(pipe.writing.rawValue)
        let line = String(repeating: "x", count: 1000)
        for _ in 0..<200 { stream.write(line) }
        let dropped = stream.droppedTotal
        #expect(dropped > 100)
        let taken = try Self.drain(pipe.reading)
        #expect(taken == String(repeating: line + "\n", count: 200 - Int(dropped)), "only whole lines")
        stream.write("after")
        #expect(try Self.drain(pipe.reading) == "WARN log: lines were dropped count=\(dropped)\nafter\n")
        stream.write("again")
        #expect(try Self.drain(pipe.reading) == "again\n")
        // Our not waiting is no matter of others that have the pipe.
        #expect(fcntl(pipe.writing.rawValue, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test("A full socket drops lines too")
    func fullSocket() throws {
        let pair = try SocketPair()
        let stream = LogStream.standard(pair.second.rawValue)
        for _ in 0..<100_000 where stream.droppedTotal == 0 { stream.write(String(repeating: "y", count: 1000)) }
        #expect(stream.droppedTotal == 1)
        _ = try Self.drain(pair.first)
        stream.write("after")
        #expect(try Self.drain(pair.first).hasSuffix("WARN log: lines were dropped count=1\nafter\n"))
    }

    @Test("A reader that has gone, a closed stream and a full disk end nothing")
    func broken() throws {
        let sink = StandardLogSink(output: try Self.streamWithoutReader(), error: .standard(99_999))
        sink.write(.information, "nobody reads")
        sink.write(.error, "nowhere to go")
        #expect(sink.droppedLineCount == 2)
        let full = try OwnedDescriptor.open(path: "/dev/full", .write)
        let disk = LogStream.standard(full.rawValue)
        disk.write("no room")
        #expect(disk.droppedTotal == 1)
    }

    /// Both ends that are known here are closed afterwards; the stream's own is not.
    private static func streamWithoutReader() throws -> LogStream {
        let pipe = try SystemCalls.Pipe()
        return .standard(pipe.writing.rawValue)
    }

    @Test("A file is written where the others that have it left off")
    func sharedFile() throws {
        let path = "/tmp/corbel-log-\(processID)-\(UInt64.random(in: 0...UInt64.max))"
        let file = try OwnedDescriptor.open(path: path, .readWrite, [.create])
        defer { try? removeFile(path: path) }
        let stream = LogStream.standard(file.rawValue)
        try file.writeAll(Array("shell\n".utf8).span)
        stream.write("daemon")
        try file.writeAll(Array("shell\n".utf8).span)
        #expect(String(decoding: try file.read(at: 0, byteCount: 100), as: UTF8.self) == "shell\ndaemon\nshell\n")
    }
}
