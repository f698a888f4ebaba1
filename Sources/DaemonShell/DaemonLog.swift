// A daemon's log: one line for each event, its words escaped, what guests bring about limited. Source: varstored.md
// 12.6.
// Not for: where the lines go (LogSink, StandardLogSink), how words are escaped (LogText).

public import SystemCalls

/// How much a line matters.
public enum LogLevel: Int, Comparable, Sendable {
    /// Something can't be done: a start, a save.
    case error
    /// It goes on, and somebody should look.
    case warning
    /// What it is doing.
    case information
    /// For who looks into it.
    case debug

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// What lines of this level begin with.
    public var word: StaticString {
        switch self {
        case .error: "ERROR"
        case .warning: "WARN"
        case .information: "INFO"
        case .debug: "DEBUG"
        }
    }
}

/// Takes finished lines, without their line feed.
public protocol LogSink: AnyObject {
    /// One line.
    func write(_ level: LogLevel, _ line: String)
}

/// A daemon's log.
public final class DaemonLog {
    /// Lines of one kind that guests bring about in a minute, whichever minute one looks at.
    public static let guestLinesPerMinute = 20

    private let level: LogLevel
    private let sink: any LogSink
    private var kinds: [GuestLines] = []

    /// A log of lines up to this level.
    public init(_ level: LogLevel, sink: any LogSink) {
        self.level = level
        self.sink = sink
    }

    /// `LEVEL area: text key=value ...`. What is not printable is escaped, values with blanks are quoted (LogText), and
    /// what is too long is cut.
    public func write(_ level: LogLevel, _ area: String, _ text: String, _ fields: [(String, String)] = []) {
        if level > self.level { return }
        var line = LogText()
        line.add(plain: level.word.description)
        line.add(plain: " ")
        line.add(escaping: area)
        line.add(plain: ": ")
        line.add(escaping: text)
        for (key, value) in fields {
            line.add(plain: " ")
            line.add(escaping: key)
            line.add(plain: "=")
            line.add(value: value)
        }
        sink.write(level, line.finished())
    }

    /// As `write`, for what a guest brings about: 20 lines a minute of each kind. The others are counted, and the next
    /// line of their kind tells how many these were, as `suppressed`.
    public func write(
        fromGuest level: LogLevel, kind: StaticString, _ area: String, _ text: String,
        _ fields: [(String, String)] = [], now: MonotonicTime = .now
    ) {
        if level > self.level { return }
        let index = index(of: kind)
        guard let suppressed = kinds[index].admit(now) else { return }
        write(level, area, text, suppressed == 0 ? fields : fields + [("suppressed", "\(suppressed)")])
    }

    /// There are as many kinds as the program's text names, so the list has an end.
    private func index(of kind: StaticString) -> Int {
        let name = kind.description.utf8
        if let index = kinds.firstIndex(where: { $0.kind.description.utf8.elementsEqual(name) }) { return index }
        kinds.append(GuestLines(kind))
        return kinds.count - 1
    }
}

/// When the last lines of one kind were written.
private struct GuestLines {
    let kind: StaticString
    /// The last ones, the oldest at `next` when there are as many as may be.
    private var moments: [MonotonicTime] = []
    private var next = 0
    private var suppressed: UInt64 = 0

    private static var minute: UInt64 { 60_000_000_000 }

    init(_ kind: StaticString) { self.kind = kind }

    /// Nil when there were too many in the last minute; else how many were suppressed since the last one.
    mutating func admit(_ now: MonotonicTime) -> UInt64? {
        if moments.count < DaemonLog.guestLinesPerMinute {
            moments.append(now)
        } else if now.nanoseconds >= moments[next].nanoseconds &+ Self.minute {
            moments[next] = now
            next = (next + 1) % moments.count
        } else {
            suppressed &+= 1
            return nil
        }
        defer { suppressed = 0 }
        return suppressed
    }
}
