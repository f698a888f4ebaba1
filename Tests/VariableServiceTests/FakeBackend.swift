// A backend that answers as the test says: at once, later, with a failure, or never.
// Not for: where variables are kept (VariableBackends).

import SystemCalls
import VariableService

/// Keeps what it was asked, and sees to it that it is asked one thing at a time.
final class FakeBackend: VariableBackend {
    enum Behaviour {
        /// Confirms within the call.
        case confirms
        /// Fails within the call.
        case fails
        /// Says nothing until `finish`.
        case waits
    }

    struct Write {
        var blob: [UInt8]
        var reason: WriteReason
        var moment: MonotonicTime
    }

    var behaviour = Behaviour.confirms
    private(set) var writes: [Write] = []
    private(set) var notifications = 0
    private(set) var abandoned = 0
    /// Calls that came before the last one was over.
    private(set) var overlaps = 0
    private var open: ((BackendOutcome) -> Void)?
    /// What was given up; its `then` may be called all the same, by a backend with a bug.
    private(set) var late: ((BackendOutcome) -> Void)?

    var isBusy: Bool { open != nil }

    func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void) {
        writes.append(Write(blob: blob, reason: reason, moment: .now))
        begin(then)
    }

    func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void) {
        notifications += 1
        begin(then)
    }

    func abandon() {
        abandoned += 1
        late = open
        open = nil
    }

    private func begin(_ then: @escaping (BackendOutcome) -> Void) {
        if open != nil { overlaps += 1 }
        switch behaviour {
        case .confirms: then(.confirmed)
        case .fails: then(.failed("as the test says"))
        case .waits: open = then
        }
    }

    /// Ends the call that is under way.
    func finish(_ outcome: BackendOutcome = .confirmed) {
        let then = open
        open = nil
        then?(outcome)
    }
}
