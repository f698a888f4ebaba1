// XEN_DOMCTL_get_domain_state (domctl 90) as values.

/// What domctl 90 says of a domain. Source: `domctl.h` of 4.21; dmop.md section 12.
public struct DomainState: Equatable, Sendable {
    public var domain: DomainID
    /// `XEN_DOMCTL_GETDOMSTATE_STATE_*`: 1 exists, 2 shut down, 4 dying, 8 dead. None: the domain is gone.
    public var state: UInt16
    /// `XEN_DOMCTL_GETDOMSTATE_CAP_*`: 1 control, 2 hardware, 4 xenstore domain.
    public var capabilities: UInt16
    /// Differs for each domain ever created, so that a re-used id is noticed.
    public var uniqueID: UInt64

    public init(domain: DomainID, state: UInt16, capabilities: UInt16, uniqueID: UInt64) {
        self.domain = domain
        self.state = state
        self.capabilities = capabilities
        self.uniqueID = uniqueID
    }
}
