// What steps of a program need of a domain and its vCPUs.

internal import XenABI

extension Domain {
    /// `rep movs`: a device on the source's side makes it a read of that device; otherwise it is a write.
    func moving(
        _ source: UInt64, _ target: UInt64, _ size: AccessSize, _ count: UInt32, _ descending: Bool
    ) -> GuestAccess {
        if case .ram = memory.use(of: GuestFrame(containing: source)) {
            return .repeatedStore(target, size, count: count, from: source, descending: descending)
        }
        return .repeatedLoad(source, size, count: count, to: target, descending: descending)
    }

    /// Gives frames back to Xen.
    func giveBack(_ first: UInt64, _ count: UInt64) {
        guard count > 0 else { return }
        let (last, wraps) = first.addingReportingOverflow(count - 1)
        guard !wraps else { return }
        memory.replace(MemoryExtent(first: first, last: last, use: .hole))
    }
}

extension VirtualCPU {
    /// Whether `resume` would come further: an answer may be there, or a write would go through now.
    var canResume: Bool {
        if wait.isWoken || !domain.life.isRunning && wait.servers == 0 { return true }
        guard wait.servers == 0, let piece = cursor.next() else { return false }
        var request = IOREQ(piece, isRead: cursor.access.isRead, type: .copy)
        if case .noHolder = domain.select(&request) { return false }
        return true
    }

    /// Takes the event that op 13 has left. An AMD processor refuses to enter the guest with some: the domain is
    /// crashed. dmop.md section 3.13.
    func takeEvent() -> InjectedEvent? {
        guard let event = pendingEvent else { return nil }
        pendingEvent = nil
        let isRefused =
            event.type == .externalInterrupt || event.type == .nmi
            || event.type == .hardwareException && event.vector >= 32
        if domain.refusesBadEvents, isRefused { domain.hypervisor.shutDown(domain, .crash) }
        return event
    }
}
