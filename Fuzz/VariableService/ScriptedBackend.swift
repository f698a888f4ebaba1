// A backend that answers when it is told to. Not for: where blobs are kept.

import DaemonShell
import UEFIVariables
import VariableService

/// Sees to it that it is asked one thing at a time.
final class ScriptedBackend: VariableBackend {
    /// 0: confirms within the call; 1: fails within it; else waits.
    var behaviour: UInt8 = 0
    /// What it holds, if it has confirmed anything.
    private(set) var kept: [UInt8]?
    private(set) var calls = 0
    private var open: (then: (BackendOutcome) -> Void, blob: [UInt8]?)?
    private var ended: ((BackendOutcome) -> Void)?

    func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void) {
        begin(blob, then)
    }

    func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void) { begin(nil, then) }

    func abandon() {
        hold(open != nil, "what is given up is under way")
        ended = open?.then
        open = nil
    }

    private func begin(_ blob: [UInt8]?, _ then: @escaping (BackendOutcome) -> Void) {
        hold(open == nil, "one call at a time")
        calls += 1
        open = (then, blob)
        if behaviour == 0 { finish(isKept: true) } else if behaviour == 1 { finish(isKept: false) }
    }

    func finish(isKept: Bool) {
        guard let (then, blob) = open else { return }
        open = nil
        ended = then
        if isKept, let blob { kept = blob }
        then(isKept ? .confirmed : .failed("the input says so"))
    }

    /// Calls back once more, as it must not.
    func repeatLast() { ended?(.confirmed) }
}

/// Every signature is right, and costs two verifications.
final class AnySignature: VariableAuthenticator {
    private(set) var verificationCount = 0

    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict {
        verificationCount += 2
        return .accepted
    }

    func certificateByteCount(_ entry: [UInt8]) -> Int? { nil }
}

/// Keeps nothing.
final class NoLines: LogSink {
    func write(_ level: LogLevel, _ line: String) {}
}
