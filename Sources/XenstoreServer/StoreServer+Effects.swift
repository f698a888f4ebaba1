// What the core asks for, done in its order (xenstored.md 11).
// Not for: how rings are mapped (StoreServer+Rings).

internal import DaemonShell
internal import SystemCalls
internal import XenstoreCore
internal import XenstoreWire

extension StoreServer {
    /// Does all that the core has asked for, also what is asked for meanwhile.
    func drain() {
        if isDraining || effects.isEmpty { return }
        isDraining = true
        defer { isDraining = false }
        var index = 0
        while index < effects.count {
            let effect = effects[index]
            index += 1
            perform(effect)
        }
        effects.removeAll(keepingCapacity: true)
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .output(let id):
            switch client(id) {
            case .socket(let client): touch(client)
            case .ring(let client): touch(client)
            case nil: break
            }
        case .resumeReading(let id):
            switch client(id) {
            case .socket(let client): enqueue(client)
            case .ring(let client): enqueue(client)
            case nil: break
            }
        case .introduce(let domain, let port): introduce(domain, port)
        case .unbind(let domain): detach(domain)
        case .control(let id, let payload): answerControl(id, payload)
        case .log(let level, let text, let domain): note(level == .error ? .error : .warning, text, domain)
        }
    }

    private func answerControl(_ id: ConnectionID, _ payload: [UInt8]) {
        var answer: ControlAnswer? = .refused(.invalid)
        if let control { answer = control.control(payload, from: id, on: self) }
        guard let answer else { return }
        core.event(.controlled(id, answer), now: now, into: &effects)
    }

    /// A line of the log that a domain has brought about: ten in a minute of each guest (14.4).
    func note(_ level: DaemonShell.LogLevel, _ text: String, _ domain: UInt16) {
        let isGuest = domain != core.storeDomain && domain != core.controlDomain
        guard let omitted = isGuest ? guestLines.admit(domain, .now) : 0 else { return }
        var fields = [("domain", "\(domain)")]
        if omitted > 0 { fields.append(("suppressed", "\(omitted)")) }
        log.write(level, "store", text, fields)
    }
}
