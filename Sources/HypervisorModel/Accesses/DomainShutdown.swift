// A domain shuts down: its vCPUs stop, those that wait for a device model when they have the answer (row B32).
// Not for: tearing it down.

public import XenABI

extension DomainLife {
    /// Whether vCPUs begin anything.
    public var isRunning: Bool { shutdownReason == nil && shutdownBegun == nil && !isDying }
}

extension Domain {
    /// Begins to shut down; the first reason stays. It is done when no vCPU waits for a device model.
    public func shutDown(_ reason: ShutdownReason) {
        guard life.shutdownReason == nil else { return }
        if life.shutdownBegun == nil { life.shutdownBegun = reason }
        finishShutdown()
    }

    /// Xen gives up on it.
    func crash() { shutDown(.crash) }

    /// Ends a shutdown that has begun, once nobody waits.
    @inline(__always)
    func finishShutdown() {
        if life.shutdownBegun == nil { return }
        endShutdown()
    }

    private func endShutdown() {
        guard let reason = life.shutdownBegun, !vcpus.contains(where: \.isWaitingForAnswer) else { return }
        life.shutdownBegun = nil
        life.shutdownReason = reason
        hypervisor.raise(.domainException)
    }
}
