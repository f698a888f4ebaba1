// A backend that takes no write before a copy of the blob that it holds is kept. Source: varstored.md 11.4.
// Not for: starts where the copy could be made at once, which is nearly all (Loading.swift).

internal import DaemonShell
internal import VariableBackends
internal import VariableService

/// Stands before a backend whose blob could not be read whole, where no copy of it could be kept: the guest runs, and
/// its changes are refused until a copy can be.
final class OriginalFirst: VariableBackend {
    private let backend: any VariableBackend
    private let place: StateFile?
    private let log: DaemonLog
    /// What is to be kept; nil once it is.
    private var original: [UInt8]?

    init(_ backend: any VariableBackend, original: [UInt8], place: StateFile?, _ log: DaemonLog) {
        self.backend = backend
        self.original = original
        self.place = place
        self.log = log
    }

    func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void) {
        if let original {
            if let refusal = Self.keep(original, beside: place, log) { return then(.failed(refusal)) }
            self.original = nil
        }
        backend.write(blob, for: reason, then: then)
    }

    func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void) {
        backend.notifySecureBootFailure(then: then)
    }

    func abandon() { backend.abandon() }

    /// Keeps a copy. Answers why it can't be.
    static func keep(_ original: [UInt8], beside place: StateFile?, _ log: DaemonLog) -> String? {
        guard let place else {
            return "there is no place for a copy of variables that can't be read whole: no --arg save:PATH"
        }
        do throws(BackendFailure) {
            if let name = try place.quarantine(original) {
                // Its name begins as the place's.
                let number = name.split(separator: ".").last.map { ".\($0)" } ?? ""
                log.write(.warning, "variables", "a copy is kept", [("copy", place.path + number)])
            } else {
                // The oldest are what a person wants to see.
                log.write(.warning, "variables", "there are four copies already: no further one is kept")
            }
            return nil
        } catch {
            return "no copy of variables that can't be read whole can be kept beside \(place.path): \(error)"
        }
    }
}
