// A toolstack for tests: it speaks XAPI's bytes over a unix socket, from an event loop, and misbehaves when it is told.
// Source: varstored.md 13.3 to 13.6. Not for: anything but varstored's calls.

public import EventLoop
internal import ServerCalls
public import SystemCalls

/// One machine's XAPI. In a test it may be on the loop that the backend is on.
public final class FakeXAPI: DescriptorHandler {
    /// `EFI-variables`, base64 text; nil: there is none.
    public var stored: [UInt8]?
    /// What get_secureboot_certificates_state answers; nil: a toolstack that doesn't know it, nor the _v2 call.
    public var certificateState: String?
    /// The first one that fits a call says how it is answered.
    public var behaviours: [Behaviour] = []
    /// The references that are given out.
    public var session = "DUMMYSESSION"
    public var machine = "DUMMYVM"
    /// What has come, in order.
    public private(set) var calls: [FakeCall] = []
    /// Asked before a call is answered.
    public var onCall: (FakeCall) -> Void = { _ in }
    /// Told when a blob was set.
    public var onSet: ([UInt8]) -> Void = { _ in }

    let loop: EventLoop
    private let path: String
    private var listener: Listener?
    private var watch: Watch?
    private var connections: [FakeConnection] = []

    private final class Listener {
        let socket: StreamSocket
        init(_ socket: consuming StreamSocket) { self.socket = socket }
    }

    /// Listens at a path, which must be free.
    public init(path: String, loop: EventLoop) throws(SystemError) {
        self.path = path
        self.loop = loop
        try listen()
    }

    /// Listens again, after `stopListening`.
    public func listen() throws(SystemError) {
        let made = Listener(try StreamSocket.listening(path: path))
        watch = try loop.watch(made.socket.descriptor.rawValue, self)
        listener = made
    }

    /// Nobody listens any more. Connecting is refused; without the file, there is nothing to connect to.
    public func stopListening(removingFile: Bool) throws(SystemError) {
        if let watch { try loop.remove(watch) }
        watch = nil
        listener = nil
        if removingFile { try removeFile(path: path) }
    }

    /// Ends: connections are closed, the socket's file is removed.
    public func close() throws(SystemError) {
        for connection in connections { connection.close() }
        connections = []
        try stopListening(removingFile: true)
    }

    /// How many connections are open.
    public var connectionCount: Int { connections.count }

    /// The calls' methods, in order.
    public var methods: [String] { calls.map(\.method) }

    /// Forgets the calls that have come.
    public func forgetCalls() { calls = [] }

    public func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        guard let listener else { return }
        while let socket = try? listener.socket.accept() {
            guard let connection = try? FakeConnection(socket, of: self) else { continue }
            connections.append(connection)
        }
    }

    func gone(_ connection: FakeConnection) { connections.removeAll { $0 === connection } }

    /// How a call, or one that is not known yet, is answered. `consume`: it counts.
    func behaviour(for method: String?, consume: Bool) -> Behaviour {
        let place = behaviours.firstIndex { ($0.method == nil || $0.method == method) && $0.count != 0 }
        guard let place else { return Behaviour(.none) }
        let found = behaviours[place]
        if consume, let count = found.count { behaviours[place].count = count - 1 }
        return found
    }

    /// Takes a call; nil: nothing is done, and nothing answered.
    func take(_ call: FakeCall) -> (answer: FakeAnswer?, behaviour: Behaviour) {
        calls.append(call)
        onCall(call)
        let behaviour = behaviour(for: call.method, consume: true)
        switch behaviour.misbehaviour {
        case .silent: return (nil, behaviour)
        // Nothing is done.
        case .failure, .fault, .status, .garbage, .doctype, .deep: return (.text(""), behaviour)
        default: return (answer(call), behaviour)
        }
    }

    private func answer(_ call: FakeCall) -> FakeAnswer {
        let parameters = call.parameters
        if call.method == "session.login_with_password" { return .text(session) }
        guard parameters.first == session else { return .failure("SESSION_INVALID") }
        switch (call.method, parameters.count) {
        case ("session.logout", 1): return .text("")
        case ("VM.get_by_uuid", 2): return .text(machine)
        case ("message.create", 6): return .text("DUMMYMESSAGE")
        default: break
        }
        guard parameters.count > 1, parameters[1] == machine else { return .failure("HANDLE_INVALID") }
        switch (call.method, parameters.count) {
        case ("VM.get_NVRAM", 2): return .map(stored)
        case ("VM.get_secureboot_certificates_state", 2):
            return certificateState.map { .text($0) } ?? .failure("MESSAGE_METHOD_UNKNOWN")
        case ("VM.set_NVRAM_EFI_variables", 3): return set(parameters[2])
        case ("VM.set_NVRAM_EFI_variables_v2", 4) where certificateState != nil:
            if parameters[3] == "yes" { certificateState = "ok" }
            return set(parameters[2])
        default: return .failure("MESSAGE_METHOD_UNKNOWN")
        }
    }

    private func set(_ text: String) -> FakeAnswer {
        let blob = Array(text.utf8)
        stored = blob
        onSet(blob)
        return .text("")
    }
}
