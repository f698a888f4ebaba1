// One call over one connection: connect, send, read the reply; nothing of it waits. Source: varstored.md 13.3, 13.4.
// Not for: what is called and in what order (XAPIOperation).

internal import EventLoop
internal import SystemCalls

/// Why a call gave no reply.
enum XAPICallFailure: Error, Equatable {
    /// The time for the call is over.
    case timeout
    /// The system has refused: a path without a socket, no right to connect, no more descriptors.
    case system(SystemError)
    /// What came is no HTTP reply with status 200, or not all of one.
    case reply(HTTPFailure)
}

/// A call that is under way. The loop keeps it until its outcome, or until it is cancelled.
final class XAPICall: DescriptorHandler, TimerHandler {
    private let loop: EventLoop
    private let path: String
    private let request: [UInt8]
    private let limits: XAPILimits
    /// When it is over, connected or not; nil: when somebody cancels it, or when its own time is over.
    private let deadline: MonotonicTime?
    private let whenRefused: () -> Void
    private var then: ((Result<[UInt8], XAPICallFailure>) -> Void)?
    private var socket: SocketBox?
    private var watch: Watch?
    private var timer: LoopTimer?
    private var sentCount = 0
    private var reply = HTTPReply()
    /// What is read before others get their turn.
    private static let readsPerTurn = 16
    /// EAGAIN, ENOENT, ECONNREFUSED.
    private static let again: Int32 = 11
    private static let comesAgain: [Int32] = [11, 2, 111]

    private final class SocketBox {
        let socket: StreamSocket
        init(_ socket: consuming StreamSocket) { self.socket = socket }
    }

    /// Begins. `then` is called once, never before this returns, unless `cancel` comes first; `whenRefused` each time
    /// that nobody listens, after which it goes on trying.
    init(
        _ request: XAPIRequest, to path: String, on loop: EventLoop, limits: XAPILimits, until deadline: MonotonicTime?,
        whenRefused: @escaping () -> Void, then: @escaping (Result<[UInt8], XAPICallFailure>) -> Void
    ) {
        self.loop = loop
        self.path = path
        self.limits = limits
        self.deadline = deadline
        self.whenRefused = whenRefused
        self.then = then
        self.request = request.bytes
        // From the loop, so that whoever begins it is done with what it does.
        timer = loop.schedule(at: .now, self)
    }

    /// Ends it without an outcome.
    func cancel() {
        then = nil
        close()
    }

    private func close() {
        if let timer { loop.cancel(timer) }
        timer = nil
        // What is watched is an open socket of ours: that it can't be removed would be a bug, and is nothing to act on.
        if let watch { try? loop.remove(watch) }
        watch = nil
        socket = nil
    }

    private func finish(_ outcome: Result<[UInt8], XAPICallFailure>) {
        let then = self.then
        cancel()
        then?(outcome)
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        self.timer = nil
        if socket == nil { connect() } else { finish(.failure(.timeout)) }
    }

    private func connect() {
        do throws(SystemError) {
            let box = SocketBox(try StreamSocket.connected(path: path))
            watch = try loop.watch(box.socket.descriptor.rawValue, for: [.readable, .writable], self)
            socket = box
            let over = MonotonicTime.now.advanced(byMilliseconds: limits.callMilliseconds)
            timer = loop.schedule(at: min(over, deadline ?? over), self)
        } catch {
            guard error.call.description == "connect", Self.comesAgain.contains(error.code) else {
                return finish(.failure(.system(error)))
            }
            // Nobody listens: a toolstack that is started anew removes its socket and makes another.
            let next = MonotonicTime.now.advanced(byMilliseconds: limits.retryMilliseconds)
            if let deadline, deadline < next { return finish(.failure(.timeout)) }
            timer = loop.schedule(at: next, self)
            whenRefused()
        }
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        guard let socket else { return }
        do throws(SystemError) {
            if sentCount < request.count { try send(socket) }
        } catch {
            // Whoever doesn't want to read it all may have answered all the same.
            sentCount = request.count
        }
        do throws(SystemError) {
            if sentCount == request.count { try loop.change(watch, to: .readable) }
            if readiness.contains(.readable) { try receive(socket) }
        } catch {
            finish(.failure(.system(error)))
        }
    }

    private func send(_ box: SocketBox) throws(SystemError) {
        let request = self.request
        let bytes = request.span
        while sentCount < bytes.count {
            do throws(SystemError) {
                sentCount += try box.socket.descriptor.send(bytes.extracting(droppingFirst: sentCount))
            } catch {
                if error.code == Self.again { return }
                throw error
            }
        }
    }

    private func receive(_ box: SocketBox) throws(SystemError) {
        var buffer = [UInt8](repeating: 0, count: 16384)
        for _ in 0..<Self.readsPerTurn {
            var span = buffer.mutableSpan
            guard let count = try box.socket.descriptor.readIfReady(into: &span) else { return }
            do throws(HTTPFailure) {
                if count == 0 { try reply.end() } else { try reply.take(buffer[..<count]) }
            } catch {
                return finish(.failure(.reply(error)))
            }
            if reply.isComplete { return finish(.success(reply.body)) }
        }
    }
}
