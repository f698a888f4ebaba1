// The log on the standard streams, which never makes the daemon wait and never ends it. Source: varstored.md 12.6.
// Not for: what a line looks like (DaemonLog).

internal import SystemCalls

/// Writes ERROR and WARN to standard error, INFO and DEBUG to standard output, each line at once and in one call. A
/// line that can't be written now, because the stream is closed, a pipe or a disk is full, is dropped and counted; the
/// next one that can be is preceded by one that says how many these were.
public final class StandardLogSink: LogSink {
    private let output: LogStream
    private let error: LogStream

    /// The streams that the program was started with, or as they are now. To be made before rights are given up: it
    /// opens the streams anew by /proc, where it can, so that not waiting is no matter of others that have them.
    /// Writing to a closed pipe is an error from here on (SIGPIPE is ignored).
    public convenience init() { self.init(output: .standard(1), error: .standard(2)) }

    /// All lines to standard error, for a daemon whose standard output is for something else.
    public static func errorOnly() -> StandardLogSink {
        let error = LogStream.standard(2)
        return StandardLogSink(output: error, error: error)
    }

    init(output: LogStream, error: LogStream) {
        ignoreBrokenPipes()
        self.output = output
        self.error = error
    }

    /// Lines that nobody got.
    public var droppedLineCount: UInt64 { output.droppedTotal &+ (output === error ? 0 : error.droppedTotal) }

    /// One line, to its level's stream.
    public func write(_ level: LogLevel, _ line: String) {
        (level <= .warning ? error : output).write(line)
    }
}

/// A stream of lines.
final class LogStream {
    /// How a stream takes bytes without making us wait.
    private enum Manner {
        /// Its descriptor is non-blocking, or of a file, which always takes them.
        case plain
        /// A socket is asked not to wait in each call.
        case socket
        /// It is others' too, and blocks: asked whether it takes something before each call. Only when several write to
        /// the same full pipe at once may that be wrong.
        case asked
    }

    private let descriptor: OwnedDescriptor?
    private let manner: Manner
    private let readiness: EventPoll?
    /// Lines dropped since the last one that was written.
    private var dropped: UInt64 = 0
    private(set) var droppedTotal: UInt64 = 0
    /// Whether the last line was written in part: a disk was full.
    private var isTorn = false

    private init(_ descriptor: consuming OwnedDescriptor?, _ manner: Manner, _ readiness: consuming EventPoll? = nil) {
        self.descriptor = descriptor
        self.manner = manner
        self.readiness = readiness
    }

    /// A stream of the process.
    static func standard(_ number: Int32) -> LogStream {
        guard let own = try? OwnedDescriptor.duplicate(ofStandardStream: number) else { return LogStream(nil, .plain) }
        if (try? own.isSocket()) == true { return LogStream(own, .socket) }
        // A file's place to write at is shared with others that write to it, and is lost when it is opened anew.
        if (try? own.isRegularFile()) == true { return LogStream(own, .plain) }
        let path = "/proc/self/fd/\(number)"
        if let anew = try? OwnedDescriptor.open(path: path, .write, [.nonBlocking]) { return LogStream(anew, .plain) }
        return asked(own)
    }

    private static func asked(_ descriptor: consuming OwnedDescriptor) -> LogStream {
        do throws(SystemError) {
            let poll = try EventPoll()
            try poll.add(descriptor.rawValue, .writable, token: 0)
            return LogStream(descriptor, .asked, poll)
        } catch {
            // What can't be waited for does not wait (EPERM of epoll_ctl).
            return LogStream(descriptor, .plain)
        }
    }

    func write(_ line: String) {
        // In one call with the line: alone it might have room where the line has none, again and again.
        let notice = dropped > 0 ? "\(LogLevel.warning.word) log: lines were dropped count=\(dropped)\n" : ""
        if writeLine(notice + line) { dropped = 0 } else { drop() }
    }

    private func drop() {
        dropped &+= 1
        droppedTotal &+= 1
    }

    /// False when it was not taken whole.
    private func writeLine(_ line: String) -> Bool {
        let bytes = Array("\(isTorn ? "\n" : "")\(line)\n".utf8)
        guard let count = take(bytes.span) else { return false }
        isTorn = count > 0 && count < bytes.count || isTorn && count == 0
        return count == bytes.count
    }

    /// Bytes that were taken; nil when none were.
    private func take(_ bytes: Span<UInt8>) -> Int? {
        if manner == .asked {
            guard let ready = try? readiness?.wait(milliseconds: 0), ready > 0 else { return nil }
        }
        do throws(SystemError) {
            return manner == .socket ? try descriptor?.send(bytes) : try descriptor?.write(bytes)
        } catch {
            return nil
        }
    }
}
