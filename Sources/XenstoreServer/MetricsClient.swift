// A client of the metrics endpoint, from its request, of which nothing is believed, to the last byte of its answer.
// What it reads slowly waits in a slice of text and a note of each domain; after ten seconds it is let go.
// Not for: the text (MetricsPage).

internal import EventLoop
internal import SystemCalls
internal import XenstoreWire

/// What a client has asked for.
enum MetricsRequest: Equatable {
    /// The end of it hasn't come.
    case incomplete
    /// `GET ` and an empty line: the text behind a head.
    case http
    /// An empty line, or nothing: the text.
    case plain
    /// Anything else.
    case invalid

    /// Bytes of a request, at most.
    static var byteCountMax: Int { 4096 }

    /// What bytes are; `isEnd`: no more will come.
    init(_ bytes: [UInt8], isEnd: Bool) {
        let get = Array("GET ".utf8)
        if bytes.isEmpty {
            self = isEnd ? .plain : .incomplete
        } else if bytes[0] == UInt8(ascii: "\n") || bytes.starts(with: [13, 10]) {
            self = .plain
        } else if bytes == [13] || bytes.count < get.count && get.starts(with: bytes) {
            self = isEnd ? .invalid : .incomplete
        } else if !bytes.starts(with: get) || bytes.count > Self.byteCountMax {
            self = .invalid
        } else if Self.hasEmptyLine(bytes) {
            self = .http
        } else {
            self = isEnd ? .invalid : .incomplete
        }
    }

    private static func hasEmptyLine(_ bytes: [UInt8]) -> Bool {
        var lineIsEmpty = false
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if lineIsEmpty { return true }
                lineIsEmpty = true
            } else if byte != 13 {
                lineIsEmpty = false
            }
        }
        return false
    }
}

/// One client.
final class MetricsClient: DescriptorHandler, TimerHandler {
    /// Milliseconds without a byte until the text is sent all the same, and until a client is let go.
    private static var silence: Int32 { 500 }
    private static var timeMax: Int32 { 10_000 }
    private static let head = """
        HTTP/1.0 200 OK\r
        Content-Type: text/plain; version=0.0.4; charset=utf-8\r
        Connection: close\r
        \r

        """

    private let socket: StreamSocket
    private unowned let endpoint: MetricsEndpoint
    private var watch: Watch?
    private var silenceTimer: LoopTimer?
    private var endTimer: LoopTimer?
    private var request: [UInt8] = []
    private var page: MetricsPage?
    private var text: [UInt8] = []
    private var sentCount = 0

    private var loop: EventLoop { endpoint.server.loop }

    init(_ socket: consuming StreamSocket, endpoint: MetricsEndpoint) throws(SystemError) {
        self.socket = socket
        self.endpoint = endpoint
        watch = nil
        watch = try loop.watch(self.socket.descriptor.rawValue, for: .readable, self)
        silenceTimer = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: Self.silence), self)
        endTimer = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: Self.timeMax), self)
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        do throws(SystemError) {
            if page == nil { try read() } else { try write() }
        } catch {
            end()
        }
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        if timer == silenceTimer {
            silenceTimer = nil
            if request.isEmpty && page == nil { answer(.plain) }
        } else {
            endTimer = nil
            end()
        }
    }

    private func read() throws(SystemError) {
        var bytes = [UInt8](repeating: 0, count: MetricsRequest.byteCountMax)
        var span = bytes.mutableSpan
        guard let count = try socket.descriptor.readIfReady(into: &span) else { return }
        request.append(contentsOf: bytes[..<count])
        answer(MetricsRequest(request, isEnd: count == 0))
    }

    private func answer(_ asked: MetricsRequest) {
        switch asked {
        case .incomplete: return
        case .invalid: return end()
        case .http: text = Array(Self.head.utf8)
        case .plain: break
        }
        request = []
        page = MetricsPage()
        endpoint.scrapeCount += 1
        do throws(SystemError) {
            if let watch { try loop.change(watch, to: .writable) }
        } catch {
            end()
        }
    }

    /// One slice: the loop calls again, after others, for as long as there is room.
    private func write() throws(SystemError) {
        if sentCount == text.count {
            let uptime = endpoint.begin.nanoseconds
            let now = MonotonicTime.now.nanoseconds
            guard
                let more = page?.next(
                    endpoint.server.core, rings: endpoint.rings, now: now / 1_000_000,
                    uptimeMilliseconds: (now - uptime) / 1_000_000, scrapes: endpoint.scrapeCount)
            else { return try finish() }
            text = more
            sentCount = 0
        }
        if text.isEmpty { return }
        do throws(SystemError) {
            let text = self.text
            let span = text.span
            sentCount += try socket.descriptor.send(span.extracting(sentCount..<span.count))
        } catch {
            if error.code != XenstoreErrorCode.tryAgain.errno { throw error }
        }
    }

    /// What was not read of a request is, so that the kernel doesn't take the answer back.
    private func finish() throws(SystemError) {
        var bytes = [UInt8](repeating: 0, count: MetricsRequest.byteCountMax)
        var span = bytes.mutableSpan
        _ = try socket.descriptor.readIfReady(into: &span)
        end()
    }

    private func end() {
        close()
        endpoint.closed(self)
    }

    /// Lets the loop forget it; the socket is closed with the client.
    func close() {
        if let watch { try? loop.remove(watch) }
        watch = nil
        for case let timer? in [silenceTimer, endTimer] { loop.cancel(timer) }
        silenceTimer = nil
        endTimer = nil
    }
}
