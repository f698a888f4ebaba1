// How domains end. dmop.md sections 3.16 and 12, rows Z1 to Z4.

public import XenABI

extension Hypervisor {
    /// A domain shuts down. The first reason stays. Its vCPUs begin nothing more; it has shut down when none of them
    /// waits for a device model (row B32), or has crashed, at once (rows B98, B143).
    public func shutDown(_ domain: Domain, _ reason: ShutdownReason) {
        guard domain.life.shutdownReason == nil else { return }
        if domain.life.shutdownBegun == nil || reason == .crash { domain.life.shutdownBegun = reason }
        finishShutdown(of: domain)
    }

    /// Ends a shutdown that has begun, once no vCPU waits.
    @inline(__always)
    func finishShutdown(of domain: Domain) {
        guard let reason = domain.life.shutdownBegun else { return }
        guard reason == .crash || !domain.vcpus.contains(where: \.isWaitingForAnswer) else { return }
        domain.life.shutdownBegun = nil
        domain.life.shutdownReason = reason
        stateChanged(domain.id)
    }

    /// Tears a domain down: it is dying until its last page is given up, then gone. ESRCH when there is none, EINVAL
    /// for dom0, which nobody destroys.
    public func destroyDomain(_ id: DomainID) throws(Refusal) {
        guard let domain = domain(id) else { throw Refusal(.esrch, "no such domain") }
        try check(id.rawValue != 0, .einval, "dom0 stays")
        guard !domain.life.isDying else { return }
        domain.life.isDying = true
        for server in domain.servers { if let server { remove(server, from: domain) } }
        for port in domain.ports.used { close(domain, port) }
        domain.memory = MemoryMap(ramFrameCount: 0)
        domain.ram = nil
        domain.dirtyFrames = DirtyFrames()
        domain.life.isDead = true
        stateChanged(id)
        if domain.mappingCount == 0 { lastMappingGone(domain) }
    }
}
