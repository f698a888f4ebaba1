// Deaths of domains on a Xen that doesn't tell of them: by the other ends of their channels (xenstored.md 9.6).
// Not for: Xen 4.21 and newer (StoreServer+Domains).

internal import DaemonShell
internal import XenABI
internal import XenPlatform
internal import XenstoreCore

extension StoreServer {
    /// Asks for the port of each introduced guest, and looks at those whose other end is closed.
    func lookForDeaths() {
        for client in rings.values.sorted(by: { $0.domain < $1.domain }) {
            if client.isClosed || client.domain == core.storeDomain || client.domain == core.controlDomain { continue }
            examine(client)
        }
        // One that was named only has no port to ask for; what it had must not be its successor's.
        for domain in core.knownDomains where rings[domain] == nil && domain != core.storeDomain {
            if platform?.ports.exists(DomainID(domain)) != false { continue }
            core.event(.domainChanged(domain: domain, state: .absent), now: now, into: &effects)
            drain()
        }
    }

    private func examine(_ client: StoreRing) {
        switch life(of: client) {
        case .alive: return
        case .unknown:
            // Nothing says that its end is closed: it lives unless Xen knows of no such domain.
            if platform?.ports.exists(DomainID(client.domain)) == false { dead(client) }
        case .suspect:
            client.ring?.close()
            client.ring = nil
            guard let memory = mapRing(of: client.domain, isQuiet: true) else { return dead(client) }
            ignore(client, memory)
        }
    }

    private enum Life {
        case alive
        case suspect
        /// Xen doesn't answer.
        case unknown
    }

    private func life(of client: StoreRing) -> Life {
        guard let platform, let port = client.channel.port else { return .suspect }
        do throws(XenError) {
            return try platform.ports.state(of: port) == .interdomain(DomainID(client.domain)) ? .alive : .suspect
        } catch {
            log.write(fromGuest: .error, kind: "ports", "xen", "\(error)")
            return .unknown
        }
    }

    private func dead(_ client: StoreRing) {
        core.event(.domainChanged(domain: client.domain, state: .absent), now: now, into: &effects)
        drain()
    }
}
