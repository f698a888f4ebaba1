// What the server tells control commands and metrics of its rings.
// Not for: how rings are served (StoreServer+Rings).

internal import XenABI

extension StoreServer: RingReports {
    /// The ring of an introduced domain, the store domain's own too; nil: it has none here.
    public func ringReport(of domain: UInt16) -> RingReport? {
        guard let ring = rings[domain] else { return nil }
        var error: UInt32 = 0
        if case .ignored(let reason)? = ring.ring?.state { error = reason.rawValue }
        return RingReport(port: ring.channel.port.map { UInt32($0.rawValue) } ?? 0, error: error)
    }

    /// Whether Xen tells domains' states (xenstored.md 9.6). Without Xen nothing is told.
    public var domainStateIsDirect: Bool { platform != nil && !domains.isIndirect }
}
