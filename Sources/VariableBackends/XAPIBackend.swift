// The backend that keeps the blob in XAPI's database, as base64 text in a VM's NVRAM map. Source: varstored.md 13.3 to
// 13.6. Not for: loading (XAPIBackend+Load), when a write is due (VariableService).

public import DaemonShell
public import EventLoop
internal import VariableFormats
public import VariableService

/// Speaks to XAPI, or to the guard in front of it, by a unix socket.
public final class XAPIBackend: LoadableBackend {
    /// The socket unless another one is given. Source: varstored.md 13.1.
    public static var standardSocketPath: String { "/var/lib/xcp/xapi" }

    let link: XAPILink
    let uuid: String
    /// What is under way.
    var current: XAPIOperation?
    /// The toolstack's reference of the machine; nil until it was asked for, and when it has become invalid.
    var machine: [UInt8]?
    /// The set call that the toolstack knows; nil until that is known.
    var call: SetCall?

    /// The call that takes a blob. Source: varstored.md 13.6.
    enum SetCall {
        /// With what becomes of the certificates' state.
        case withUpdate
        /// That of toolstacks before 2026.
        case plain
    }

    /// A backend for the VM of this UUID. Nothing is asked before `load`, or the first write where a resume file stands
    /// for it.
    public init(
        uuid: String, socketPath: String = XAPIBackend.standardSocketPath, loop: EventLoop, log: DaemonLog,
        limits: XAPILimits = XAPILimits()
    ) {
        self.uuid = uuid
        link = XAPILink(path: socketPath, loop: loop, limits: limits, log: log)
    }

    /// Login, the machine's reference unless it is known, the blob, logout; `then` is called from the loop.
    public func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void) {
        let text = Base64.encode(blob)
        begin(then) { [weak self] operation, session in
            self?.withMachine(operation, session) { backend, machine, isFresh in
                let write = SessionWrite(
                    operation: operation, session: session, text: text, update: reason.update, isFresh: isFresh)
                backend.set(write, machine, backend.call ?? .withUpdate)
            }
        }
    }

    /// A message for the operator. Source: varstored.md 13.5.
    public func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void) {
        begin(then) { [weak self] operation, session in
            guard let self else { return operation.finish("no backend") }
            // Not repeated: the operator would find two messages.
            operation.make(.secureBootFailed(session, uuid: uuid), repeats: false) { $0.finish($1.words) }
        }
    }

    /// Gives up what is under way. A session that is open is closed in the background.
    public func abandon() {
        current?.cancel()
        current = nil
    }

    private func begin(
        _ then: @escaping (BackendOutcome) -> Void, _ body: @escaping (XAPIOperation, [UInt8]) -> Void
    ) {
        guard current == nil else { return then(.failed("another call is under way")) }
        current = XAPIOperation(
            link, milliseconds: link.limits.writeMilliseconds,
            then: { [weak self] failure in
                self?.current = nil
                then(failure.map { .failed($0) } ?? .confirmed)
            }, body: body)
    }

    /// Goes on with the machine's reference, which is asked for when it is not known; fresh: it was asked for now.
    func withMachine(
        _ operation: XAPIOperation, _ session: [UInt8],
        then: @escaping (XAPIBackend, _ machine: [UInt8], _ isFresh: Bool) -> Void
    ) {
        if let machine { return then(self, machine, false) }
        operation.make(.machine(session, uuid: uuid), repeats: true) { [weak self] operation, answer in
            guard let self else { return operation.finish("no backend") }
            switch XAPIOperation.reference(answer) {
            case .success(let machine):
                self.machine = machine
                then(self, machine, true)
            case .failure(let failure): operation.finish(failure.words)
            }
        }
    }
}

/// A write within its session.
private struct SessionWrite {
    var operation: XAPIOperation
    var session: [UInt8]
    /// The blob as base64 text.
    var text: [UInt8]
    var update: String
    /// Whether the machine's reference was asked for in this session.
    var isFresh: Bool
}

extension WriteReason {
    /// What the toolstack makes of the certificates' state. Source: varstored.md 13.6.
    fileprivate var update: String {
        switch self {
        case .ordinary: "no"
        case .keysChanged: "unspecified"
        case .certificatesUpdated: "yes"
        }
    }
}

extension XAPIBackend {
    /// Sends the blob.
    private func set(_ write: SessionWrite, _ machine: [UInt8], _ setCall: SetCall) {
        let update = setCall == .plain ? nil : write.update
        let request = XAPIRequest.setVariables(write.session, machine, blob: write.text, update: update)
        write.operation.make(request, repeats: true) { [weak self] operation, answer in
            guard let self else { return operation.finish("no backend") }
            switch answer {
            case .success:
                call = setCall
                operation.finish(nil)
            case .refused(_, let code) where code == "HANDLE_INVALID" && !write.isFresh: setAnew(write, setCall)
            case .refused(_, let code) where mayBeUnknown(setCall, code) && write.update != "yes":
                set(write, machine, .plain)
            case .refused(let words, _), .failed(let words): operation.finish(words)
            }
        }
    }

    /// Whether a refusal may say that the toolstack doesn't know the call: by that code, as it may know the state but
    /// not the call; by any other but that of a bad reference when, after a resume, nobody has asked for the state.
    private func mayBeUnknown(_ setCall: SetCall, _ code: String) -> Bool {
        guard setCall == .withUpdate else { return false }
        return code == "MESSAGE_METHOD_UNKNOWN"
            || call == nil && code != "HANDLE_INVALID" && code != "SESSION_INVALID"
    }

    /// The reference that was kept is none any more, because the toolstack was started anew, say: asks for it once.
    private func setAnew(_ write: SessionWrite, _ setCall: SetCall) {
        machine = nil
        withMachine(write.operation, write.session) { backend, machine, isFresh in
            var write = write
            write.isFresh = isFresh
            backend.set(write, machine, setCall)
        }
    }
}
