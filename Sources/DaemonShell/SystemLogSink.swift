// The log in the host's system log, which never makes the daemon wait (RFC 3164, as syslog(3) has it). Source:
// xenstored.md 14.4.
// Not for: what a line looks like (DaemonLog), standard streams (StandardLogSink).

public import SystemCalls

/// Sends each line to the system log as a datagram. A line that is not taken now is dropped and counted, and the next
/// one that is taken says how many these were. Connects anew when the log was started anew.
public final class SystemLogSink: LogSink {
    /// Where the system log listens.
    public static let standardPath = "/dev/log"
    /// The facility `daemon`.
    private static let facility = 3

    private let path: String
    private let name: String
    private let now: () -> LocalTime
    private var socket: DatagramSocket?
    /// Lines dropped since the last one that was taken.
    private var dropped: UInt64 = 0
    /// Lines that nobody got.
    public private(set) var droppedLineCount: UInt64 = 0

    /// A log of this program. The time is for tests.
    public init(path: String = standardPath, name: String, now: @escaping () -> LocalTime = { .now }) {
        self.path = path
        self.name = name
        self.now = now
        // The time zone is read here, where files may still be opened.
        _ = now()
        socket = try? DatagramSocket.connected(to: path)
    }

    /// One line.
    public func write(_ level: LogLevel, _ line: String) {
        if dropped > 0, send(.warning, "\(LogLevel.warning.word) log: lines were dropped count=\(dropped)") {
            dropped = 0
        }
        if !send(level, line) {
            dropped &+= 1
            droppedLineCount &+= 1
        }
    }

    /// False: it was not taken.
    private func send(_ level: LogLevel, _ line: String) -> Bool {
        let message = Array(Self.message(level, line, name: name, process: processID, at: now()).utf8)
        if isTaken(message.span) { return true }
        // Who listened before is gone, perhaps, and another one is there.
        socket = try? DatagramSocket.connected(to: path)
        return isTaken(message.span)
    }

    private func isTaken(_ message: Span<UInt8>) -> Bool {
        do throws(SystemError) {
            return try socket?.descriptor.send(message) != nil
        } catch {
            return false
        }
    }

    /// `<PRIORITY>Mmm dd hh:mm:ss name[pid]: line`.
    static func message(_ level: LogLevel, _ line: String, name: String, process: Int32, at time: LocalTime) -> String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let month = months.indices.contains(time.month - 1) ? months[time.month - 1] : months[0]
        let clock = [time.hour, time.minute, time.second].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        let day = time.day < 10 ? " \(time.day)" : "\(time.day)"
        return "<\(facility << 3 | severity(level))>\(month) \(day) \(clock) \(name)[\(process)]: \(line)"
    }

    private static func severity(_ level: LogLevel) -> Int {
        switch level {
        case .error: 3
        case .warning: 4
        case .information: 6
        case .debug: 7
        }
    }
}

/// Several sinks as one: each line goes to all.
public final class LogSinks: LogSink {
    private let sinks: [any LogSink]

    /// A sink of these.
    public init(_ sinks: [any LogSink]) { self.sinks = sinks }

    /// One line.
    public func write(_ level: LogLevel, _ line: String) {
        for sink in sinks { sink.write(level, line) }
    }
}
