// Asking XAPI for the blob at the start. Source: varstored.md 13.3, 13.6.
// Not for: writing it (XAPIBackend).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import VariableFormats

extension XAPIBackend {
    /// How long the loop sleeps at most before somebody is asked whether to stop.
    private static var turnMilliseconds: Int32 { 100 }

    /// Login, the machine's reference, its NVRAM map, the state of its certificates, logout; any of them that fails
    /// makes this fail. Turns the loop until it is done.
    public func load(shouldStop: () -> Bool) throws(BackendFailure) -> StoredVariables {
        var outcome: LoadOutcome?
        let found = Found()
        current = XAPIOperation(
            link, milliseconds: link.limits.loadMilliseconds,
            then: { [weak self] failure in
                self?.current = nil
                outcome = LoadOutcome(failure: failure)
            },
            body: { [weak self] operation, session in
                self?.withMachine(operation, session) { backend, machine, _ in
                    backend.loadVariables(operation, session, machine, into: found)
                }
            })
        while outcome == nil {
            if shouldStop() {
                abandon()
                throw .stopped
            }
            do throws(SystemError) {
                try link.loop.turn(milliseconds: Self.turnMilliseconds)
            } catch {
                abandon()
                throw .system(error)
            }
        }
        if let failure = outcome?.failure { throw .toolstack(failure) }
        return found.variables
    }

    private func loadVariables(
        _ operation: XAPIOperation, _ session: [UInt8], _ machine: [UInt8], into found: Found
    ) {
        operation.make(.variables(session, machine), repeats: true) { [weak self] operation, answer in
            guard let self else { return operation.finish("no backend") }
            guard case .success(let map) = answer else { return operation.finish(answer.words) }
            guard let values = map.members(named: "EFI-variables"), values.count <= 1 else {
                return operation.finish("VM.get_NVRAM: no map")
            }
            if let value = values.first {
                guard let text = value.text, let blob = try? Base64.decode(text) else {
                    return operation.finish("VM.get_NVRAM: EFI-variables is not base64 text")
                }
                // XAPI takes a VM with an empty text for one that has not booted yet.
                found.variables.blob = blob.isEmpty ? nil : blob
            }
            loadState(operation, session, machine, into: found)
        }
    }

    private func loadState(
        _ operation: XAPIOperation, _ session: [UInt8], _ machine: [UInt8], into found: Found
    ) {
        operation.make(.certificateState(session, machine), repeats: true) { [weak self] operation, answer in
            guard let self else { return operation.finish("no backend") }
            switch answer {
            case .success(let value):
                guard let text = value.text else {
                    return operation.finish("VM.get_secureboot_certificates_state: no text")
                }
                found.variables.certificates = state(text)
                call = .withUpdate
            case .refused(let words, _):
                // A toolstack that doesn't know the call.
                link.log.write(.information, "backend", "no state of certificates", [("reason", words)])
                call = .plain
            case .failed(let words): return operation.finish(words)
            }
            operation.finish(nil)
        }
    }

    private func state(_ text: [UInt8]) -> CertificateState {
        switch String(decoding: text.prefix(64), as: UTF8.self) {
        case "ok": return .ok
        case "update_available": return .updateAvailable
        case "update_on_boot": return .updateOnBoot
        case let other:
            // A later toolstack's: it knows the calls, and asks for nothing that we know.
            link.log.write(.warning, "backend", "a state of certificates that is not known", [("state", other)])
            return .ok
        }
    }
}

/// How loading has ended.
private struct LoadOutcome {
    /// The words of a failure.
    var failure: String?
}

/// What was found so far.
private final class Found {
    var variables = StoredVariables(blob: nil, certificates: .absent)
}
