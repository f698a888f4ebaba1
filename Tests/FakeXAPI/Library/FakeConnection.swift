// A connection to the fake toolstack: one call, one answer, as well or as badly as it is told.
// Not for: what is answered (FakeXAPI).

internal import EventLoop
internal import SystemCalls

/// A call that is being read, or its answer that is being written.
final class FakeConnection: DescriptorHandler, TimerHandler {
    private let socket: StreamSocket
    private weak var server: FakeXAPI?
    private var watch: Watch?
    private var timer: LoopTimer?
    private var request: [UInt8] = []
    private var answer: [UInt8] = []
    private var sentCount = 0
    private var behaviour: Behaviour
    private var isAnswering = false
    private var asksNothing = false

    init(_ socket: consuming StreamSocket, of server: FakeXAPI) throws(SystemError) {
        self.socket = socket
        self.server = server
        behaviour = server.behaviour(for: nil, consume: false)
        watch = try server.loop.watch(self.socket.descriptor.rawValue, self)
        // Whoever is deaf is so before it knows what is asked.
        if behaviour.misbehaviour == .deaf { try ask(for: [], server.loop) }
    }

    func close() {
        if let watch { try? server?.loop.remove(watch) }
        if let timer { server?.loop.cancel(timer) }
        watch = nil
        timer = nil
    }

    private func ask(for interest: Readiness, _ loop: EventLoop) throws(SystemError) {
        asksNothing = interest == []
        if let watch { try loop.change(watch, to: interest) }
    }

    private func end() {
        close()
        server?.gone(self)
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        // Told without having asked: the other side has hung up.
        if asksNothing { return end() }
        if behaviour.misbehaviour == .hangUp { return end() }
        if isAnswering { send(loop) } else { receive(loop) }
    }

    private func receive(_ loop: EventLoop) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        var span = buffer.mutableSpan
        guard let count = try? socket.descriptor.readIfReady(into: &span) else { return end() }
        // Gone, or hung up in silence.
        if count == 0 { return end() }
        request += buffer[..<count]
        guard let whole = FakeCall.byteCount(request), request.count >= whole, let server else { return }
        let (answer, behaviour) = server.take(FakeCall(request))
        self.behaviour = behaviour
        if behaviour.misbehaviour == .empty { return end() }
        guard let answer else { return }
        isAnswering = true
        self.answer = limited(answer.bytes(behaviour.misbehaviour))
        try? ask(for: [], loop)
        timer = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: behaviour.delayMilliseconds), self)
    }

    private func limited(_ bytes: [UInt8]) -> [UInt8] {
        switch behaviour.misbehaviour {
        case .cut(let count), .stall(let count): Array(bytes.prefix(count))
        default: bytes
        }
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        self.timer = nil
        try? ask(for: .writable, loop)
        send(loop)
    }

    private func send(_ loop: EventLoop) {
        if sentCount == answer.count, behaviour.misbehaviour == .endless { (answer, sentCount) = (Self.filling, 0) }
        let count = behaviour.misbehaviour == .slow ? 1 : answer.count - sentCount
        if count > 0 {
            let part = Array(answer[sentCount..<min(sentCount + count, answer.count)])
            // EAGAIN can't be: the loop has said that there is room. Anything else: who has asked is gone.
            guard let sent = try? socket.descriptor.send(part.span) else { return end() }
            sentCount += sent
        }
        guard sentCount == answer.count, behaviour.misbehaviour != .endless else { return }
        switch behaviour.misbehaviour {
        case .stall, .keepsOpen: try? ask(for: [], loop)
        default: end()
        }
    }

    private static let filling = [UInt8](repeating: UInt8(ascii: "x"), count: 65536)
}
