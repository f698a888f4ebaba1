// A process that is connected: its packets in, answers out.
// Not for: what is asked (ServedConnection+Calls, +Control).

internal import EventLoop
internal import HypervisorModel
internal import SandboxWire
internal import ServerCalls
internal import SystemCalls
internal import XenABI

/// One connection: one process that has opened the nodes of one domain's kernel, or controls the sandbox.
final class ServedConnection: DescriptorHandler {
    /// Why a connection ends, for the process and for the log.
    struct Fault: Error {
        var reason: String

        init(_ reason: String) { self.reason = reason }
    }

    /// What the nodes are open for.
    struct Nodes {
        let kernel: LinuxKernel
        let privcmd: PrivcmdFile
        let rings: ServedRings
    }

    /// An ioreq server that this process has made, while it is there.
    struct OwnServer {
        var domain: DomainID
        var record: IOREQServerRecord
    }

    unowned let service: SandboxService
    let socket: PacketSocket
    let peer: PeerCredentials
    /// For the log: it is never used again.
    let number: Int
    var socketWatch: Watch?
    var ringWatch: Watch?
    /// Whether it has said who it is.
    var isGreeted = false
    var nodes: Nodes?
    /// Mappings, by number.
    var mappings: [UInt32: MappingToken?] = [:]
    private var nextMapping: UInt32 = 1
    /// Servers that it has made, and some that have gone. Not weak: references to what is referred to weakly cost
    /// more, and each request takes some.
    var ownServers: [OwnServer] = []
    /// A call that goes on in the next turn: while there is one, no packets are taken.
    var callUnderWay: CallUnderWay?
    /// What the loop tells of.
    var interest = Readiness.readable
    private(set) var isClosed = false
    private var queue = AnswerQueue()
    /// Bytes of all answers so far.
    private var answeredBytes = 0
    private var writer = WireWriter()

    init(_ service: SandboxService, _ socket: consuming PacketSocket, _ peer: PeerCredentials, number: Int) {
        self.service = service
        self.socket = socket
        self.peer = peer
        self.number = number
    }

    /// For the log.
    var name: String {
        let domain = nodes.map { " (domain \($0.kernel.caller.domain.rawValue))" } ?? ""
        return "connection \(number) of process \(peer.processID)\(domain)"
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        if watch == ringWatch { return service.serveRings(of: self) }
        do throws(Fault) {
            if readiness.contains(.writable), !queue.isEmpty { try flush() }
            guard readiness.contains(.readable) else { return }
            // Its packets are not waited for then, so this is its end; and with it the end of its call.
            if callUnderWay != nil { throw Fault("it has gone during a call") }
            try receive()
        } catch {
            service.close(self, because: error.reason)
        }
    }

    private func receive() throws(Fault) {
        var descriptors = ReceivedDescriptors()
        var bytesLeft = service.options.limits.packetBytesPerTurn
        for _ in 0..<service.options.limits.packetsPerTurn {
            guard let reader = try service.receive(from: socket, &descriptors) else { return }
            if descriptors.count > 0 { throw Fault("descriptors where none belong") }
            bytesLeft -= reader.remaining
            let answered = answeredBytes
            try take(reader)
            bytesLeft -= answeredBytes &- answered
            if isClosed || callUnderWay != nil || bytesLeft <= 0 { return }
        }
    }

    private func take(_ packet: WireReader) throws(Fault) {
        var reader = packet
        do throws(WireError) {
            let header = try WireHeader(from: &reader)
            if header.flags != 0 { throw WireError("unknown flags", at: 6) }
            // What it has told by its ring came before.
            if let nodes, nodes.rings.hasCommands { service.serveRings(of: self, max: Int(EventLayout.capacity)) }
            if isClosed { return }
            try act(on: header, reader)
        } catch {
            throw Fault("a malformed packet: \(error.description)")
        }
        if let nodes { nodes.rings.pump() }
    }

    // MARK: Answers

    /// Answers a question.
    func answer(
        _ header: WireHeader, _ result: WireResult, _ body: some WireBody, files: [MemoryFile] = [],
        descriptors: [Int32] = [], hasMore: Bool = false
    ) {
        var flags = WireHeader.answer
        if hasMore { flags |= WireHeader.more }
        WireHeader(header.kind, flags: flags, sequence: header.sequence).begin(&writer)
        result.encode(into: &writer)
        body.encode(into: &writer)
        WireHeader.seal(&writer)
        send(QueuedAnswer(bytes: writer.bytes, files: files, descriptors: descriptors))
    }

    /// Says what nobody has asked for: that the connection is closed.
    func say(closing reason: String) {
        Self.encode(closing: reason, &writer)
        // Who does not read it does not want to know.
        let bytes = writer.bytes
        if queue.isEmpty { try? socket.send(bytes.span, waits: false) }
    }

    static func encode(closing reason: String, _ writer: inout WireWriter) {
        WireHeader(.closing, sequence: 0).begin(&writer)
        writer.put(reason)
        WireHeader.seal(&writer)
    }

    private func send(_ answer: QueuedAnswer) {
        if isClosed { return }
        queue.append(answer)
        answeredBytes &+= answer.bytes.count
        do throws(Fault) {
            try flush()
        } catch {
            service.close(self, because: error.reason)
        }
    }

    /// Sends what can be sent, and has the loop tell when there is room for the rest.
    private func flush() throws(Fault) {
        do throws(SystemError) {
            try queue.send(to: socket)
            listen()
        } catch {
            throw Fault("it has gone")
        }
        if isClosed { return }
        if queue.byteCount > service.options.limits.queuedBytes { throw Fault("it does not read its answers") }
    }

    /// Whether answers wait for a reader.
    var isQueueWaiting: Bool { queue.isWaiting }

    // MARK: Mappings

    /// Remembers a mapping: its number.
    func keep(_ token: MappingToken?) -> UInt32? {
        guard mappings.count < service.options.limits.mappingsPerConnection else { return nil }
        while mappings[nextMapping] != nil { nextMapping &+= 1 }
        mappings.updateValue(token, forKey: nextMapping)
        defer { nextMapping &+= 1 }
        return nextMapping
    }

    /// The end. The service has taken it out of the loop.
    func end() {
        isClosed = true
        nodes?.rings.file.close()
        callUnderWay = nil
        mappings = [:]
        queue = AnswerQueue()
    }
}

/// An answer that waits for a reader.
struct QueuedAnswer {
    var bytes: [UInt8]
    /// Files whose descriptors go with it.
    var files: [MemoryFile]
    /// Other descriptors that go with it, which stay open for as long as the connection is.
    var descriptors: [Int32] = []
}

/// Answers that wait for a reader, in order.
struct AnswerQueue {
    private var answers: [QueuedAnswer] = []
    private var first = 0
    /// Bytes of those that wait.
    private(set) var byteCount = 0
    /// Whether some could not be sent.
    var isWaiting: Bool { !isEmpty }
    var isEmpty: Bool { first == answers.count }

    mutating func append(_ answer: QueuedAnswer) {
        answers.append(answer)
        byteCount += answer.bytes.count
    }

    /// Sends until there is no room. Throws when the process has gone.
    mutating func send(to socket: borrowing PacketSocket) throws(SystemError) {
        while first < answers.count {
            let answer = answers[first]
            let numbers = answer.files.map { $0.descriptor.rawValue } + answer.descriptors
            do throws(SystemError) {
                try socket.send(answer.bytes.span, descriptors: numbers.span, waits: false)
            } catch {
                if error.code == SystemErrorCode.tryAgain { return }
                throw error
            }
            byteCount -= answer.bytes.count
            first += 1
        }
        answers.removeAll(keepingCapacity: true)
        first = 0
    }
}
