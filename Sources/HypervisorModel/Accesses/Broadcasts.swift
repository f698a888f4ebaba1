// What Xen tells every server. dmop.md section 5.2.

internal import XenABI

extension VirtualCPU {
    /// Tells every enabled server to drop its mappings of guest memory; the vCPU waits for all of them.
    public func invalidateMappings() -> AccessOutcome {
        guard !isBusy else { return .waiting }
        guard domain.life.isRunning else { return .stopped }
        let request = IOREQ(address: 0, data: ~0, count: 0, size: 4, isRead: false, type: .invalidate)
        cursor = .nothing
        isBusy = true
        wait.piece = nil
        for server in domain.servers.reversed() {
            // One whose slot is taken misses it: nothing else comes of that.
            if let server, server.isEnabled, server.hasPublishedPorts { _ = publish(request, to: server, in: domain) }
        }
        // No server, or all of them gone while they were told: nothing to wait for.
        return isWaitingForAnswer || wait.isWoken ? .waiting : resume()
    }
}

extension Domain {
    /// The guest has set its clock: every enabled server with a ring is told by how many seconds. Where the ring is
    /// full, the news is lost.
    public func setClock(by seconds: Int64) {
        let request = IOREQ(
            address: 0, data: UInt64(bitPattern: seconds), size: 8, isRead: false, type: .timeOffset)
        for server in servers.reversed() {
            guard let server, server.isEnabled, server.handling != .off, server.hasPublishedPorts else { continue }
            if server.post(request, in: self) { notifyRing(server) }
        }
    }
}
