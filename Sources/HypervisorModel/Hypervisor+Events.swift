// Event channels between domains: binding, sending, closing. dmop.md section 10, the hypercall's part.

public import XenABI

extension Hypervisor {
    /// A port of `domain` that `remote` may bind to. `remote` need not exist.
    public func allocateUnbound(in domain: Domain, remote: DomainID) throws(Refusal) -> EventPort {
        try checkAlive(domain)
        return try allocate(in: domain, remote: remote, .kernel)
    }

    func allocate(in domain: Domain, remote: DomainID, _ consumer: PortConsumer) throws(Refusal) -> EventPort {
        try domain.ports.take(.unbound(remote: remote), consumer)
    }

    /// Files of a domain that was destroyed may still be open in the model: they bind nothing any more.
    private func checkAlive(_ domain: Domain) throws(Refusal) {
        try check(!domain.life.isDying, .esrch, "10 the domain itself is gone")
    }

    /// Binds a fresh port of `local` to an unbound port of another domain. It fires at once, without cause.
    public func bindInterdomain(
        _ local: Domain, remote id: DomainID, remotePort: EventPort
    ) throws(Refusal) -> EventPort {
        try checkAlive(local)
        guard let remote = domain(id) else { throw Refusal(.esrch, "10 no such domain") }
        try check(
            remote.ports[remotePort].state == .unbound(remote: local.id), .einval,
            "10 port not unbound for us or already bound")
        let port = try local.ports.take(.interdomain(remote: id, port: remotePort), .kernel)
        remote.ports.set(remotePort, .interdomain(remote: local.id, port: port))
        local.eventSink?.portFired(port)
        return port
    }

    /// Binds a port of `domain` to a virtual interrupt of Xen's.
    public func bindVIRQ(_ domain: Domain, _ virq: VIRQ) throws(Refusal) -> EventPort {
        try checkAlive(domain)
        try check(virq.rawValue < 24, .einval, "10 bad virq")
        try check(holder(of: virq) == nil, .eexist, "10 virq in use")
        let port = try domain.ports.take(.virq(virq), .kernel)
        if virq == .domainException { flagAllDomains() }
        return port
    }

    /// Who has bound a virtual interrupt.
    func holder(of virq: VIRQ) -> (domain: Domain, port: EventPort)? {
        for domain in domains.values {
            for port in domain.ports.used where domain.ports[port].state == .virq(virq) { return (domain, port) }
        }
        return nil
    }

    /// Raises a virtual interrupt, where somebody has bound it.
    func raise(_ virq: VIRQ) {
        guard let (domain, port) = holder(of: virq) else { return }
        domain.eventSink?.portFired(port)
    }

    /// `domain` notifies the other end of its port: another domain's kernel, or Xen.
    public func send(_ domain: Domain, _ port: EventPort) {
        guard case .interdomain(let remoteID, let remotePort) = domain.ports[port].state,
            let remote = self.domain(remoteID)
        else { return }
        switch remote.ports[remotePort].consumer {
        case .kernel: remote.eventSink?.portFired(remotePort)
        case .vcpu(let vcpu): answered(remote, vcpu)
        case .ring: break
        }
    }

    /// Xen notifies by a port of the target's own: the device model that has bound it.
    func notifyDeviceModel(_ target: Domain, _ port: EventPort) {
        guard case .interdomain(let remoteID, let remotePort) = target.ports[port].state else { return }
        domain(remoteID)?.eventSink?.portFired(remotePort)
    }

    /// Closes a port. The other end becomes unbound, and free for a new bind.
    public func close(_ domain: Domain, _ port: EventPort) {
        if case .interdomain(let remoteID, let remotePort) = domain.ports[port].state,
            let remote = self.domain(remoteID)
        {
            remote.ports.set(remotePort, .unbound(remote: domain.id))
        }
        if domain.ports[port].state == .virq(.domainException) { changedDomains = nil }
        domain.ports.free(port)
    }
}
