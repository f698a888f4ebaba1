// What the daemon asks of the core beside requests and events: what waits, what a domain was offered, rings that are
// there when it starts.
// Not for: statistics (XenstoreCore+Counts).

extension XenstoreCore {
    /// Bytes of replies of a connection that were not taken yet (xenstored.md 10).
    public func waitingReplyByteCount(_ id: ConnectionID) -> Int { connection(id)?.output.replyByteCount ?? 0 }

    /// The domain that a connection acts for; the store domain when there is none.
    public func domain(of id: ConnectionID) -> UInt16 { connection(id)?.domain.domain ?? storeDomain }

    /// The features that a domain is offered, bits of xenstored.md 8.2: 15 unless SET_FEATURE has said otherwise.
    public func features(of domain: UInt16) -> UInt32 { domains[domain]?.features ?? 15 }

    /// Introduces a domain whose ring was found at start (xenstored.md 14.3, step 8), as INTRODUCE does when the ring
    /// is mapped. Its connection; nil when it is introduced already.
    public func introduceFound(_ domain: UInt16, now: UInt64, into effects: inout [Effect]) -> ConnectionID? {
        if domain == storeDomain || domains[domain]?.connection != nil { return nil }
        begin(domain, now: now)
        hand(over: &effects, now: now)
        return ring(of: domain)
    }

    /// Xen says that domains have changed, and not which (xenstored.md 9.6): whoever watches the end of any introduced
    /// one is told. Ended by `.batchEnd`.
    public func someDomainChanged(now: UInt64, into effects: inout [Effect]) {
        batchHasReleases = true
        for (domain, record) in domains.sorted(by: { $0.key < $1.key }) where record.isIntroduced {
            if domain != storeDomain && domain != controlDomain { tellSpecial(.releaseDomain, domain, isBatch: true) }
        }
        hand(over: &effects, now: now)
    }
}
