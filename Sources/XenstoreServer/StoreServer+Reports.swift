// What the server tells control commands and metrics of its rings.
// Not for: how rings are served (StoreServer+Rings).

internal import XenABI

extension StoreServer: RingReports {
    /// The ring of an introduced domain, the store domain's own too; nil: it has none here.
    public func ringReport(of domain: UInt16) -> RingReport? {
        guard let ring = rings[domain] else { return nil }
        var error: UInt32 = 0
        switch ring.ring?.state {
        case .ignored(let reason): error = reason.rawValue
        // Its page is not there (13.4).
        case nil: error = RingError.channel.rawValue
        case .served, .closed: break
        }
        return RingReport(port: ring.channel.port.map { UInt32($0.rawValue) } ?? 0, error: error)
    }

    /// Whether Xen tells domains' states (xenstored.md 9.6). Without Xen nothing is told.
    public var domainStateIsDirect: Bool { platform != nil && !domains.isIndirect }
}
