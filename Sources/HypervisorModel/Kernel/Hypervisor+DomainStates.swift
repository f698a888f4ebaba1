// Domain states: which domains have changed, and what domctl 90 says of one. dmop.md section 12.
// Not for: the structure and its checks before that (PrivcmdFile+Hypercall).

public import XenABI

extension Hypervisor {
    /// The domain has come, shut down, begun to die, or gone: whoever has bound VIRQ_DOM_EXC is told.
    func stateChanged(_ id: DomainID) {
        // Nobody has bound it: nobody to be looked for among all ports of all domains.
        guard changedDomains != nil else { return }
        changedDomains?.insert(id)
        raise(.domainException)
    }

    /// Binding VIRQ_DOM_EXC flags every domain that exists.
    func flagAllDomains() { changedDomains = Set(domains.keys) }

    /// The last mapping of a dead domain's pages has gone: nothing holds its id any more.
    func lastMappingGone(_ domain: Domain) {
        guard domain.life.isDying, self.domain(domain.id) === domain else { return }
        forget(domain.id)
        stateChanged(domain.id)
    }

    /// What domctl 90 says of a domain.
    public func state(of id: DomainID, by caller: Caller) throws(Refusal) -> DomainState {
        let mayAsk = caller.privilege == .control
        guard let domain = domain(id) else {
            throw mayAsk ? Refusal(.esrch, "12 no such domain") : Refusal(.eperm, "12 not a control domain")
        }
        try check(mayAsk, .eperm, "12 neither control nor Xenstore domain")
        return state(of: domain)
    }

    /// The next domain whose state has changed. ENOENT when there is none.
    public func pollChanged(by caller: Caller) throws(Refusal) -> DomainState {
        try check(caller.privilege == .control, .eperm, "12 neither control nor Xenstore domain")
        // Without a holder it is dom0 that would receive it.
        let receiver = holder(of: .domainException)?.domain.id ?? DomainID(0)
        try check(receiver == caller.domain, .eacces, "12 another domain receives VIRQ_DOM_EXC")
        guard let id = changedDomains?.min() else { throw Refusal(.enoent, "12 nothing has changed") }
        changedDomains?.remove(id)
        guard let domain = domain(id) else {
            return DomainState(domain: id, state: 0, capabilities: 0, uniqueID: 0)
        }
        return state(of: domain)
    }

    private func state(of domain: Domain) -> DomainState {
        var state: UInt16 = 1
        if domain.life.shutdownReason != nil { state |= 2 }
        if domain.life.isDead { state |= 8 } else if domain.life.isDying { state |= 4 }
        return DomainState(
            domain: domain.id, state: state, capabilities: domain.id.rawValue == 0 ? 3 : 0, uniqueID: domain.uniqueID)
    }
}

extension Release {
    /// Whether it has domctl 90. dmop.md section 14.
    public var hasDomainStates: Bool { version >= .v4_21 }

    /// The version that its domctls but the stable ones want (XEN_DOMCTL_INTERFACE_VERSION).
    public var domctlVersion: UInt32 {
        switch version {
        case .v4_9_0: 0x0D
        case .v4_11: 0x10
        case .v4_14: 0x12
        case .v4_15: 0x13
        case .v4_17: 0x15
        case .v4_18: 0x16
        case .v4_20, .v4_21, .v4_22: 0x17
        }
    }
}
