// The store counted from outside, by what its own answers say; and rounds of one thing.
// Not for: what only the store knows (its `check`).

internal import XenstoreCore
internal import XenstoreWire

extension Soak {
    /// Walks the store by requests; where its counts say something else, as sentences.
    func recount() -> [String] {
        let client = SoakClient(core.openSocket(), domain: nil, isSlow: true)
        defer { tell(.connectionClosed(client.id)) }
        var owned: [UInt16: Int] = [:]
        var nodes = 0
        var paths = ["/", "@introduceDomain", "@releaseDomain"]
        while let path = paths.popLast() {
            nodes += 1
            owned[owner(path, client), default: 0] += 1
            if path.hasPrefix("@") { continue }
            for name in names(path, client) { paths.append((path == "/" ? "" : path) + "/" + name) }
        }
        var differences: [String] = []
        if core.counts.nodes != nodes { differences.append("\(core.counts.nodes) nodes, found \(nodes)") }
        for domain in 0...(Self.guestCount + 8) where core.nodeCount(of: domain) != owned[domain, default: 0] {
            differences.append(
                "domain \(domain) has \(core.nodeCount(of: domain)) nodes, found \(owned[domain, default: 0])")
        }
        let watches = (0...(Self.guestCount + 8)).reduce(0) { $0 + core.counts(of: $1).watches }
        if core.counts.watches != watches {
            differences.append("\(core.counts.watches) watches, domains have \(watches)")
        }
        return differences
    }

    private func owner(_ path: String, _ client: SoakClient) -> UInt16 {
        let entry = send(client, .getPermissions, path + "\0").prefix { $0 != 0 }
        return UInt16(String(decoding: entry.dropFirst(), as: UTF8.self)) ?? .max
    }

    private func names(_ path: String, _ client: SoakClient) -> [String] {
        var names: [String] = []
        var offset = 0
        while true {
            let payload = send(client, .directoryPart, "\(path)\0\(offset)\0")
            guard let part = XenstoreDirectoryPart(payload.span) else { return names }
            names += payload[part.names].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            offset += part.names.count
            if part.isLast { return names }
        }
    }

    /// Rounds of WATCH and RESET_WATCHES by a guest.
    func watchRounds(_ rounds: Int) {
        guard let client = clients.first(where: { $0.domain == 1 }) else { return }
        let payload = Array("/shared/x\0t\0".utf8)
        for _ in 0..<rounds {
            send(client, .watch, payload)
            send(client, .resetWatches, [0])
            drain(client)
        }
    }

    /// Domains of one number one after the other; the first that begins with something, as a sentence.
    func reuseRounds(_ rounds: Int) -> String? {
        machine.isReliable = true
        let domain: UInt16 = 1
        for round in 0..<rounds {
            machine.start(domain)
            tell(.domainChanged(domain: domain, state: .exists(uniqueID: machine.lastUniqueID)))
            tell(.batchEnd)
            _ = send(toolstack, .introduce, "\(domain)\u{0}1\u{0}1\u{0}")
            guard let id = core.ring(of: domain) else { return "round \(round): not introduced" }
            let guest = SoakClient(id, domain: domain)
            let before = (core.nodeCount(of: domain), core.memoryByteCount(of: domain))
            send(guest, .write, Array("/shared/n\0v".utf8))
            send(guest, .watch, Array("/shared\0t\0".utf8))
            send(guest, .transactionStart, [0])
            send(guest, .write, Array("/shared/m\0v".utf8), in: 1)
            let counts = core.counts(of: domain)
            if before != (0, 0) || core.nodeCount(of: domain) != 1 || counts != (1, 1) {
                return "round \(round): began with \(before), then \(counts)"
            }
            drain(toolstack)
        }
        return nil
    }
}
