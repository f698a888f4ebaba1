// One connection of the load generator: requests out, replies in, never waiting.
// Not for: what is asked (Workload), one request at a time (XenstoreClient).

internal import EventLoop
internal import SystemCalls
internal import XenstoreWire

/// Is told what a connection gets.
protocol LoadOwner: AnyObject {
    /// A reply or an event.
    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>)
    /// The server has ended the connection, or it failed.
    func ended(_ client: LoadClient)
}

/// Room to read into, one for all: what is read is handled before anything else is.
final class LoadBuffer {
    var bytes = [UInt8](repeating: 0, count: 65536)
}

/// A connection.
final class LoadClient: DescriptorHandler {
    /// Its place among the clients of a run.
    let number: Int
    private let socket: OwnedDescriptor
    private var watch: Watch?
    private let loop: EventLoop
    private weak var owner: (any LoadOwner)?
    private var parser = XenstoreFrameParser()
    private var writer = XenstoreWriter()
    private var waitsForRoom = false
    /// Whether replies are read at all.
    private(set) var isReading = true
    private(set) var isOpen = true

    /// When the requests under way were made, the oldest at `oldest`.
    private var times: [UInt64] = []
    private var oldest = 0
    private var lastRequest: UInt32 = 0

    /// What a workload remembers of it.
    var stage = 0
    var transaction: UInt32 = 0
    var began: UInt64 = 0
    var turn = 0

    private let buffer: LoadBuffer

    init(
        _ path: String, number: Int = 0, on loop: EventLoop, _ buffer: LoadBuffer, _ owner: any LoadOwner
    ) throws(SystemError) {
        self.buffer = buffer
        self.number = number
        self.loop = loop
        self.owner = owner
        socket = try StreamSocket.connected(path: path).intoDescriptor()
        watch = try loop.watch(socket.rawValue, for: .readable, self)
    }

    /// Requests without a reply yet.
    var underWay: Int { times.count - oldest }
    /// Bytes that the kernel has not taken yet.
    var unsentByteCount: Int { writer.bytes.count }

    /// Puts a request into the queue; `flush` sends it.
    func request(_ operation: XenstoreOperation, in transaction: UInt32 = 0, _ payload: [UInt8]) {
        lastRequest &+= 1
        writer.begin(operation, requestID: lastRequest, transactionID: transaction)
        writer.put(payload)
        _ = writer.end()
        times.append(MonotonicTime.now.nanoseconds)
    }

    /// Bytes as they are, a request or not.
    func raw(_ bytes: [UInt8]) { writer.put(bytes) }

    /// Sends what the kernel takes.
    func flush() {
        guard isOpen else { return }
        do throws(SystemError) {
            while unsentByteCount > 0 {
                let bytes = writer.bytes
                let count = try socket.send(bytes.span)
                writer.removeFirst(count)
            }
        } catch {
            if error.code != SystemCode.wouldBlock { return end() }
        }
        if waitsForRoom != (unsentByteCount > 0) {
            waitsForRoom = unsentByteCount > 0
            rewatch()
        }
    }

    /// Goes on reading, or leaves what comes in the socket.
    func read(_ isReading: Bool) {
        self.isReading = isReading
        rewatch()
    }

    private func rewatch() {
        guard let watch else { return }
        var interest: Readiness = []
        if isReading { interest.insert(.readable) }
        if waitsForRoom { interest.insert(.writable) }
        try? loop.change(watch, to: interest)
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        if isReading, readiness.contains(.readable) { receive() }
        flush()
    }

    private func receive() {
        var bytes = buffer.bytes
        buffer.bytes = []
        defer { buffer.bytes = bytes }
        do throws(SystemError) {
            var span = bytes.mutableSpan
            guard let count = try socket.readIfReady(into: &span) else { return }
            if count == 0 { return end() }
            try parse(bytes.span.extracting(0..<count))
        } catch {
            end()
        }
    }

    private func parse(_ input: Span<UInt8>) throws(SystemError) {
        var offset = 0
        do throws(XenstoreFrameError) {
            while isOpen, offset < input.count {
                let whole: Bool? = try parser.next(in: input, at: &offset) { header, payload in
                    if header.operation != .watchEvent { answered() }
                    owner?.received(self, header, payload)
                    return true
                }
                if whole == nil { return }
            }
        } catch {
            throw SystemError(SystemCode.protocolFault, "XenstoreFrameParser")
        }
    }

    /// Nanoseconds that the reply took that came last.
    private(set) var lastLatency: UInt64 = 0

    private func answered() {
        guard oldest < times.count else { return }
        lastLatency = MonotonicTime.now.nanoseconds - times[oldest]
        oldest += 1
        if oldest > 256 && oldest * 2 > times.count {
            times.removeFirst(oldest)
            oldest = 0
        }
    }

    private func end() {
        guard isOpen else { return }
        close()
        owner?.ended(self)
    }

    /// Ends the connection; the descriptor goes when the client does.
    func close() {
        isOpen = false
        if let watch { try? loop.remove(watch) }
        watch = nil
    }
}

/// Codes of Linux that this program tells apart.
enum SystemCode {
    static let wouldBlock: Int32 = 11
    static let protocolFault: Int32 = 71
    static let reset: Int32 = 104
}
