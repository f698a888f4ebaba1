// A connection to a sandbox: questions and answers, one at a time.
// Not for: what is asked.

internal import SandboxWire
internal import SystemCalls
internal import XenABI
internal import XenPlatform

/// A connection. Once it has ended, every call says so.
final class SandboxConnection {
    /// What a call throws when the sandbox has gone. dmop.md knows no such answer, and nothing takes it for one.
    static let gone = XenError(.enotconn, "the sandbox has gone")
    /// What a call throws when no answer has come in time: the sandbox is stopped, say. The connection has ended then.
    static let silent = XenError(.etimedout, "the sandbox does not answer")

    let path: String
    private let socket: PacketSocket
    private var sequence: UInt32 = 0
    private var writer = WireWriter()
    private var incoming = [UInt8](repeating: 0, count: WireLimits.packetByteCount)
    /// Whether nothing has come in the time that is waited.
    private var isLate = false
    /// Descriptors that came with the last answer.
    private var descriptors = ReceivedDescriptors()
    /// Whether it has ended.
    private(set) var isGone = false
    /// What the sandbox said when it closed the connection.
    private(set) var reason = ""
    /// Whether it has ended because no answer came in time.
    private(set) var isSilent = false

    /// Has a hang-up when the sandbox has closed the connection.
    var socketNumber: Int32 { socket.descriptor.rawValue }

    private init(_ socket: consuming PacketSocket, path: String) {
        self.socket = socket
        self.path = path
    }

    static func open(
        path: String, answerMilliseconds: Int32 = WireLimits.answerMilliseconds
    ) throws(SandboxError) -> SandboxConnection {
        do throws(SystemError) {
            let socket = try PacketSocket.connected(path: path, waitingMilliseconds: answerMilliseconds)
            return SandboxConnection(socket, path: path)
        } catch {
            throw SandboxError(error, path: path)
        }
    }

    /// An answer: its result and, to be read, the rest.
    struct Answer {
        var result: WireResult
        var hasMore: Bool
        var body: WireReader
    }

    /// Asks, and waits for the answer.
    func ask(_ kind: WireKind, _ body: some WireBody) throws(XenError) -> Answer {
        try tell(kind, body)
        return try nextAnswer(kind)
    }

    /// Asks for what may take long: while it does, the sandbox says that it goes on.
    func askPatiently(_ kind: WireKind, _ body: some WireBody) throws(XenError) -> Answer {
        var answer = try ask(kind, body)
        while answer.hasMore { answer = try nextAnswer(kind) }
        return answer
    }

    /// Asks for what has an answer of its own, and throws what was refused, as `call` about `domain` and `value`.
    func ask<Body: WireBody>(
        _ kind: WireKind, _ body: some WireBody, _: Body.Type, _ call: StaticString, domain: DomainID? = nil,
        value: UInt64? = nil
    ) throws(XenError) -> Body {
        let answer = try askPatiently(kind, body)
        if !answer.result.isSuccess { throw XenError(answer.result.code, call, domain: domain, value: value) }
        return try read(answer.body)
    }

    /// Sends what has no answer.
    func tell(_ kind: WireKind, _ body: some WireBody) throws(XenError) {
        if isGone { throw Self.gone }
        sequence &+= 1
        WireHeader(kind, sequence: sequence).begin(&writer)
        body.encode(into: &writer)
        WireHeader.seal(&writer)
        do throws(SystemError) {
            let packet = writer.bytes
            try socket.send(packet.span, waits: true)
        } catch {
            if error.code == Self.tryAgain { throw endSilent() }
            // What the sandbox has said before it closed may still be there.
            if !isGone { hear() }
            throw end()
        }
    }

    /// Waits for the answer to the last question, or the next part of it. `hasNoEnd`: a guest's program takes as long
    /// as it takes.
    func nextAnswer(_ kind: WireKind, hasNoEnd: Bool = false) throws(XenError) -> Answer {
        var received = receive(waits: true)
        while received == nil, hasNoEnd, isLate { received = receive(waits: true) }
        guard var reader = received else {
            if isLate { throw endSilent() }
            // A reset: the sandbox has closed with this question unread. What it said before is behind the error.
            hear()
            throw end()
        }
        do throws(WireError) {
            let header = try WireHeader(from: &reader)
            if header.kind == .closing { reason = try reader.text() }
            guard header.kind == kind, header.flags & WireHeader.answer != 0, header.sequence == sequence else {
                throw WireError("not the answer to this question", at: 0)
            }
            let result = try WireResult(from: &reader)
            return Answer(result: result, hasMore: header.flags & WireHeader.more != 0, body: reader)
        } catch {
            throw end()
        }
    }

    /// Reads the body of an answer. A sandbox that answers something else is none to go on with.
    func read<Body: WireBody>(_ reader: WireReader) throws(XenError) -> Body {
        do throws(WireError) {
            return try Body(whole: reader)
        } catch {
            throw end()
        }
    }

    /// A descriptor that came with the last answer.
    func takeDescriptor(_ index: Int) throws(XenError) -> OwnedDescriptor {
        guard let descriptor = descriptors.take(index) else { throw end() }
        return descriptor
    }

    /// Closes descriptors that came with the last answer and were not taken.
    func dropDescriptors() { descriptors.closeAll() }

    /// Between calls the sandbox says one thing only: that it closes the connection.
    func hear() {
        if let packet = receive(waits: false) { note(packet) }
        end()
    }

    /// Keeps the reason that the sandbox gives with its last packet.
    private func note(_ packet: WireReader) {
        var reader = packet
        guard let header = try? WireHeader(from: &reader), header.kind == .closing else { return }
        reason = (try? reader.text()) ?? ""
    }

    /// Waits until the sandbox has closed the connection, which is what it does last.
    func waitForEnd() {
        while let packet = receive(waits: true) { note(packet) }
        if isLate { _ = endSilent() } else { end() }
    }

    @discardableResult
    func end() -> XenError {
        isGone = true
        return Self.gone
    }

    private func endSilent() -> XenError {
        isSilent = true
        end()
        return Self.silent
    }

    /// EAGAIN: the time is over.
    private static let tryAgain: Int32 = 11

    private func receive(waits: Bool) -> WireReader? {
        // Taken out, because a span of a variable of ours can't outlive one access to it.
        var bytes = incoming
        incoming = []
        var count = 0
        isLate = false
        do throws(SystemError) {
            var span = bytes.mutableSpan
            count = try socket.receive(into: &span, &descriptors, waits: waits)
        } catch {
            isLate = waits && error.code == Self.tryAgain
            count = 0
        }
        incoming = bytes
        return count == 0 ? nil : WireReader(bytes, 0..<count)
    }
}

extension SandboxConnection {
    /// Says who calls.
    func greet(_ hello: Hello) throws(SandboxError) -> Welcome {
        let answer = try talk { () throws(XenError) in try ask(.hello, hello) }
        if answer.result.isSuccess { return try talk { () throws(XenError) in try read(answer.body) } }
        throw try refusal(answer)
    }

    /// What `body` answers. When the sandbox goes, that is said for people.
    func talk<Answer: ~Copyable>(_ body: () throws(XenError) -> Answer) throws(SandboxError) -> Answer {
        do throws(XenError) {
            return try body()
        } catch {
            throw isSilent ? .silent(path: path) : .gone(path: path, reason: reason)
        }
    }

    /// What a refusal says.
    func refusal(_ answer: Answer) throws(SandboxError) -> SandboxError {
        let why: TextAnswer = try talk { () throws(XenError) in try read(answer.body) }
        let text = why.text
        return .refused(path: path, reason: text.utf8.isEmpty ? answer.result.code.description : text)
    }
}
