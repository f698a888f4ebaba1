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

    let path: String
    private let socket: PacketSocket
    private var sequence: UInt32 = 0
    private var writer = WireWriter()
    private var incoming = [UInt8](repeating: 0, count: WireLimits.packetByteCount)
    /// Descriptors that came with the last answer.
    private var descriptors = ReceivedDescriptors()
    /// Whether it has ended.
    private(set) var isGone = false
    /// What the sandbox said when it closed the connection.
    private(set) var reason = ""

    private init(_ socket: consuming PacketSocket, path: String) {
        self.socket = socket
        self.path = path
    }

    static func open(path: String) throws(SandboxError) -> SandboxConnection {
        do throws(SystemError) {
            return SandboxConnection(try PacketSocket.connected(path: path), path: path)
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

    /// Asks for what has an answer of its own, and throws what was refused, as `call` about `domain` and `value`.
    func ask<Body: WireBody>(
        _ kind: WireKind, _ body: some WireBody, _: Body.Type, _ call: StaticString, domain: DomainID? = nil,
        value: UInt64? = nil
    ) throws(XenError) -> Body {
        let answer = try ask(kind, body)
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
            // What the sandbox has said before it closed may still be there.
            if !isGone { hear() }
            throw end()
        }
    }

    /// Waits for the answer to the last question, or the next part of it.
    func nextAnswer(_ kind: WireKind) throws(XenError) -> Answer {
        guard var reader = receive(waits: true) else { throw end() }
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
        if var reader = receive(waits: false), let header = try? WireHeader(from: &reader), header.kind == .closing {
            reason = (try? reader.text()) ?? ""
        }
        end()
    }

    @discardableResult
    func end() -> XenError {
        isGone = true
        return Self.gone
    }

    private func receive(waits: Bool) -> WireReader? {
        // Taken out, because a span of a variable of ours can't outlive one access to it.
        var bytes = incoming
        incoming = []
        var count = 0
        do throws(SystemError) {
            var span = bytes.mutableSpan
            count = try socket.receive(into: &span, &descriptors, waits: waits)
        } catch {
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
            throw .gone(path: path, reason: reason)
        }
    }

    /// What a refusal says.
    func refusal(_ answer: Answer) throws(SandboxError) -> SandboxError {
        let why: TextAnswer = try talk { () throws(XenError) in try read(answer.body) }
        let text = why.text
        return .refused(path: path, reason: text.utf8.isEmpty ? answer.result.code.description : text)
    }
}
