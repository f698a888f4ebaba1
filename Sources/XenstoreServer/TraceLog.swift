// The trace log: a line for each request, reply and event, and for what comes and goes (xenstored.md 14.4).
// Not for: the file (TraceFile), the log of the daemon (DaemonLog), the commands that switch it (TraceLog+Control).

internal import DaemonShell
public import EventLoop
public import SystemCalls
public import XenstoreCore
public import XenstoreWire

/// Writes down what goes in and out, in batches. Lines look like this, with the host's time, the connection's number
/// and the domain's; what is not printable ASCII is a dot.
///
///     2026-11-30 02:05:17.204511 IN c4 d0 READ t0 /tool/xenstored.
///     2026-11-30 02:05:17.204530 OUT c4 d0 READ t0
///     2026-11-30 02:05:17.204533 EV c2 d5 WATCH_EVENT t0 @introduceDomain.token.
///     2026-11-30 02:05:17.204535 OBJ a connection has ended
public final class TraceLog: StoreTrace, TimerHandler {
    /// Lines wait for others so long at most, in milliseconds.
    private static let batchMilliseconds: Int32 = 100

    private unowned let server: StoreServer
    let directory: String
    private let now: () -> LocalTime
    var file: TraceFile
    /// Whether anything is written, when there is a file.
    var wantsLines = true { didSet { attach() } }
    /// What is written: as the C daemon's, these two unless told otherwise.
    var switches: Set<TraceSwitch> = [.obj, .io] { didSet { attach() } }
    private var timer: LoopTimer?

    /// A log without a file. Relative names lie in the directory. The time is for tests.
    public init(_ server: StoreServer, directory: String, now: @escaping () -> LocalTime = { .now }) {
        self.server = server
        self.directory = directory
        self.now = now
        file = TraceFile(log: server.log)
    }

    func server(tell name: String, _ error: SystemError) {
        server.log.write(
            .warning, "trace", "a file can't be opened or written", [("name", name), ("error", "\(error)")])
    }

    /// The server asks only when there is something to write.
    func attach() {
        let isUsed = wantsLines && file.isOpen && (switches.contains(.io) || switches.contains(.obj))
        server.trace = isUsed ? self : nil
    }

    // MARK: Lines

    /// A line of a request (xenstored.md 14.4).
    public func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from connection: ConnectionID, domain: UInt16)
    {
        guard switches.contains(.io) else { return }
        write(Self.line("IN", header, payload, 0, connection, domain, now()))
    }

    /// A line of a reply or an event.
    public func message(_ message: Span<UInt8>, to connection: ConnectionID, domain: UInt16) {
        guard switches.contains(.io), let header = XenstoreHeader(from: message) else { return }
        let word = header.operation == .watchEvent ? "EV" : "OUT"
        write(Self.line(word, header, message, XenstoreLimits.headerByteCount, connection, domain, now()))
    }

    /// A line of what has become of a connection or a domain.
    public func note(_ words: String) {
        guard switches.contains(.obj) else { return }
        var line: [UInt8] = []
        Self.add(now(), to: &line)
        line += Array(" OBJ ".utf8)
        let bytes = Array(words.utf8)
        Self.add(bytes.span, 0, to: &line)
        write(line)
    }

    private func write(_ line: [UInt8]) {
        file.add(line)
        if timer == nil, file.hasLines {
            timer = server.loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: Self.batchMilliseconds), self)
        }
    }

    /// Writes the lines of a batch.
    public func fired(_ timer: LoopTimer, on loop: EventLoop) {
        self.timer = nil
        file.flush()
    }

    /// Writes what waits: before the process ends, or becomes another.
    public func flush() { file.flush() }

    // MARK: Text

    /// A line without its end. The payload begins at an offset of `bytes`.
    static func line(
        _ word: String, _ header: XenstoreHeader, _ bytes: Span<UInt8>, _ offset: Int, _ connection: ConnectionID,
        _ domain: UInt16, _ time: LocalTime
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(96 + bytes.count)
        add(time, to: &line)
        let fields = " \(word) c\(connection.index) d\(domain) \(header.operation.name) t\(header.transactionID) "
        line += Array(fields.utf8)
        add(bytes, offset, to: &line)
        while line.last == UInt8(ascii: " ") { line.removeLast() }
        return line
    }

    private static func add(_ bytes: Span<UInt8>, _ offset: Int, to line: inout [UInt8]) {
        var index = offset
        while index < bytes.count {
            let byte = bytes[index]
            line.append((0x20...0x7E).contains(byte) ? byte : UInt8(ascii: "."))
            index += 1
        }
    }

    private static func add(_ time: LocalTime, to line: inout [UInt8]) {
        func add(_ number: Int, _ digits: Int, _ end: String = "") {
            let text = Array(String(number).utf8)
            line += [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digits - text.count)) + text + Array(end.utf8)
        }
        add(time.year, 4, "-")
        add(time.month, 2, "-")
        add(time.day, 2, " ")
        add(time.hour, 2, ":")
        add(time.minute, 2, ":")
        add(time.second, 2, ".")
        add(time.microsecond, 6)
    }
}
