// Where requests, events and pauses are counted, each for its domain and for the store. Each is called from one place.
// Not for: quotas' own counts (XenstoreCore+Nodes), showing (XenstoreCore+Statistics).

internal import XenstoreWire

extension XenstoreCore {
    /// A request has come.
    func count(request header: XenstoreHeader, _ payloadByteCount: Int, _ connection: Connection) {
        let byteCount = XenstoreLimits.headerByteCount + payloadByteCount
        connection.domain.statistics.add(request: header.operation, byteCount: byteCount)
        totals.add(request: header.operation, byteCount: byteCount)
    }

    /// A request is refused.
    func count(refusal code: XenstoreErrorCode, _ connection: Connection) {
        connection.domain.statistics.add(refusal: code)
        totals.add(refusal: code)
    }

    /// A transaction has ended with `T`: committed, or in conflict.
    func count(commit isCommitted: Bool, _ connection: Connection) {
        if isCommitted {
            connection.domain.statistics.commitCount &+= 1
            totals.commitCount &+= 1
        } else {
            connection.domain.statistics.conflictCount &+= 1
            totals.conflictCount &+= 1
        }
    }

    /// A message is handed to the daemon.
    func count(sent byteCount: Int, isReply: Bool, _ connection: Connection) {
        let events: UInt64 = isReply ? 0 : 1
        connection.domain.statistics.sentByteCount &+= UInt64(byteCount)
        connection.domain.statistics.eventsSent &+= events
        totals.sentByteCount &+= UInt64(byteCount)
        totals.eventsSent &+= events
    }

    /// An event was put into a queue that had so many coalesced and folded before. Folding is a hit of `watch-events`.
    func count(eventAfter coalesced: UInt64, _ folded: UInt64, _ connection: Connection) {
        let moreCoalesced = connection.output.coalescedCount &- coalesced
        let moreFolded = connection.output.foldedCount &- folded
        if moreCoalesced != 0 {
            connection.domain.statistics.eventsCoalesced &+= moreCoalesced
            totals.eventsCoalesced &+= moreCoalesced
        }
        if moreFolded != 0 {
            connection.domain.statistics.eventsFolded &+= moreFolded
            totals.eventsFolded &+= moreFolded
        }
        guard let guest = connection.guest else { return }
        if moreFolded != 0 { note(.watchEvents, connection.output.eventCount, guest, .watchEvent, now: clock) }
        note(highest: .watchEvents, connection.output.eventCount, guest)
    }

    /// A connection is not read from now on. Called again for the same pause it counts once.
    func count(pause reason: PauseReason, _ connection: Connection) {
        connection.domain.statistics.add(pause: reason)
        totals.add(pause: reason)
    }

    /// Too many replies wait: counted, and told to the log, when that begins.
    func countOutstanding(_ isPaused: Bool, _ connection: Connection, now: UInt64) {
        if connection.isPausedByReplies == isPaused { return }
        connection.isPausedByReplies = isPaused
        guard isPaused, let guest = connection.guest else { return }
        count(pause: .outstanding, connection)
        note(.outstanding, connection.output.replyCount, guest, nil, now: now)
    }

    /// A quota was hit.
    func count(hit quota: Quota, _ guest: DomainRecord) {
        guest.statistics.add(hit: quota)
        totals.add(hit: quota)
    }

    /// A request begins: what it makes of its own domain's counts is looked at when it is done.
    func beginCounting(_ connection: Connection, now: UInt64) {
        clock = now
        asker = connection.domain.epoch
    }

    /// A request is done.
    func endCounting(_ connection: Connection) {
        asker = 0
        guard let guest = connection.guest else { return }
        noteHighest(guest)
        note(highest: .outstanding, connection.output.replyCount, guest)
    }

    /// A domain has a node more. While a request of its own is under way that waits until it is done: a commit counts
    /// bytes twice for a while.
    func noteGrowth(of owner: DomainRecord) {
        if owner.epoch != asker { noteHighest(owner) }
    }

    /// Notes the counts of a domain if they are the highest so far (xenstored.md 7.3).
    private func noteHighest(_ domain: DomainRecord) {
        note(highest: .nodes, domain.nodes.count, domain)
        note(highest: .watches, domain.watchCount, domain)
        note(highest: .memory, domain.memoryByteCount, domain)
        note(highest: .transactions, domain.transactionCount, domain)
    }

    /// Notes a count if it is the highest so far: of the domain, and of all guests.
    func note(highest quota: Quota, _ count: Int, _ domain: DomainRecord?) {
        guard let domain, domain.domain != controlDomain, domain.domain != storeDomain else { return }
        domain.maxima.note(quota, count)
        maxima.note(quota, count)
    }

    /// Notes the length of a guest's path, without the home of a domain that it begins with (xenstored.md 1.2).
    func note(path: [UInt8], _ guest: DomainRecord?) {
        guard let guest, path.count > guest.maxima[.pathMax] || path.count > maxima[.pathMax] else { return }
        note(highest: .pathMax, path.count - XenstorePath.homePrefixByteCount(path.span), guest)
    }

    /// Forgets the highest counts of all guests, but for those that stand now. Those of each domain stay.
    public func resetMaxima() {
        maxima = QuotaMaxima()
        for record in domains.values {
            noteHighest(record)
            guard let id = record.connection, let connection = connection(id) else { continue }
            note(highest: .outstanding, connection.output.replyCount, record)
            note(highest: .watchEvents, connection.output.eventCount, record)
        }
    }
}
