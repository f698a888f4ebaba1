// How domains and connections come and go in a run: built, shut down, dying, dead, used again, released, reset.
// Not for: requests.

internal import XenstoreCore
internal import XenstoreWire

extension Soak {
    private func count(_ what: String) { life[what, default: 0] += 1 }

    /// A new domain as a toolstack makes one.
    func build(_ domain: UInt16) {
        if machine.domains[domain] == nil { machine.start(domain) }
        machine.isReliable = true
        defer { machine.isReliable = false }
        let home = "/local/domain/\(domain)"
        _ = send(toolstack, .introduce, "\(domain)\u{0}1\u{0}1\u{0}")
        for (operation, text) in [
            (XenstoreOperation.write, "\(home)\0"), (.setPermissions, "\(home)\0n0\0r\(domain)\0"),
            (.write, "\(home)/data\0"), (.setPermissions, "\(home)/data\0n\(domain)\0"),
        ] { _ = send(toolstack, operation, text) }
        takeRing(of: domain)
        count("built")
    }

    /// Finds the ring of a domain that was introduced.
    private func takeRing(of domain: UInt16) {
        guard let id = core.ring(of: domain), byIndex[id.index] == nil else { return }
        add(SoakClient(id, domain: domain))
    }

    /// The core says that the ring is gone.
    func forgetRing(of domain: UInt16) {
        clients.removeAll { client in
            guard client.domain == domain else { return false }
            byIndex[client.id.index] = nil
            return true
        }
    }

    /// Something happens to a domain or to a connection.
    func live() {
        let domain = UInt16(1 + chance.below(Int(Self.guestCount)))
        takeRing(of: domain)
        guard let uniqueID = machine.domains[domain] else { return build(domain) }
        switch chance.below(12) {
        case 0: change(domain, .shutDown(uniqueID: uniqueID), "shut down")
        case 1: change(domain, .dying(uniqueID: uniqueID), "dying")
        case 2, 3:
            machine.domains[domain] = nil
            change(domain, chance.oneIn(2) ? .dead(uniqueID: uniqueID) : .absent, "dead")
        case 4:
            // Used again between two interrupts.
            machine.start(domain)
            change(domain, .exists(uniqueID: machine.lastUniqueID), "used again")
        case 5:
            machine.domains[domain] = nil
            count("gone unseen")
        case 6:
            count("released")
            _ = send(toolstack, .release, "\(domain)\0")
        case 7:
            count("introduced again")
            build(domain)
        case 8: reset(domain)
        default: reconnect()
        }
    }

    private func change(_ domain: UInt16, _ state: DomainState, _ what: String) {
        count(what)
        tell(.domainChanged(domain: domain, state: state))
        if chance.oneIn(3) {
            let other = UInt16(1 + chance.below(Int(Self.guestCount)))
            if let uniqueID = machine.domains[other] {
                tell(.domainChanged(domain: other, state: .exists(uniqueID: uniqueID)))
            }
        }
        tell(.batchEnd)
    }

    /// A guest connects its ring anew, whatever is under way.
    private func reset(_ domain: UInt16) {
        guard let client = clients.first(where: { $0.domain == domain }) else { return }
        count("ring reset")
        client.forget()
        tell(.connectionReset(client.id))
    }

    /// A socket closes, whatever is under way, and another client comes. The toolstack's stays.
    private func reconnect() {
        let client = clients[1 + chance.below(5)]
        guard client.domain == nil else { return }
        count("socket closed")
        close(client)
        client.id = core.openSocket()
        byIndex[client.id.index] = client
    }

    private func close(_ client: SoakClient) {
        client.forget()
        byIndex[client.id.index] = nil
        tell(.connectionClosed(client.id))
    }

    /// Ends everybody and removes everything; what is then not as it was at the start, as sentences. Begins anew.
    func settle() -> [String] {
        machine.domains = [:]
        machine.isReliable = true
        for event in delayed { tell(event) }
        delayed = []
        for domain in 0...(Self.guestCount + 8) where domain != 0 {
            tell(.domainChanged(domain: domain, state: .absent))
        }
        tell(.batchEnd)
        for client in clients { close(client) }
        clients = []
        now += 10_000
        removeAll()
        while let deadline = core.nextDeadline(), deadline <= now { tick() }
        let counts = core.counts
        let memory = core.memoryByteCount(of: 0)
        var differences: [String] = []
        if counts != first { differences.append("\(counts), at the start \(first)") }
        if memory != firstMemory { differences.append("\(memory) bytes of domain 0, at the start \(firstMemory)") }
        let rest = core.counts(of: 0)
        if rest != (0, 0) { differences.append("domain 0 has \(rest)") }
        if let deadline = core.nextDeadline() { differences.append("a deadline \(deadline) stands at \(now)") }
        machine.isReliable = false
        begin()
        return differences
    }

    private func removeAll() {
        let client = SoakClient(core.openSocket(), domain: nil, isSlow: true)
        for path in ["", "/tool", "/tool/xenstored"] {
            for name in send(client, .directory, (path.isEmpty ? "/" : path) + "\0").split(separator: 0) {
                let child = path + "/" + String(decoding: name, as: UTF8.self)
                if child != "/tool" && child != "/tool/xenstored" { _ = send(client, .remove, child + "\0") }
            }
        }
        for path in ["/", "/tool", "/tool/xenstored"] {
            _ = send(client, .write, path + "\0")
            _ = send(client, .setPermissions, path + "\0n0\0")
        }
        _ = send(client, .setPermissions, "@introduceDomain\0n0\0")
        _ = send(client, .setPermissions, "@releaseDomain\0n0\0r32757\0")
        tell(.connectionClosed(client.id))
    }

    /// What a run has to have met, or it shows little.
    var missingKinds: [String] {
        let names = ["OK", "EAGAIN", "ENOENT", "EACCES", "EINVAL", "ENOSPC", "ENOMEM", "EEXIST", "EBUSY", "EPERM"]
        let ends = ["built", "shut down", "dying", "dead", "used again", "gone unseen", "released", "ring reset"]
        return names.filter { answers[$0] == nil } + ends.filter { life[$0] == nil }
    }
}
