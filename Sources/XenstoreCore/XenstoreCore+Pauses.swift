// When a connection is not read, and when it is again (xenstored.md 8.6): its bytes wait in its ring meanwhile, and
// nobody else is slowed.
// Not for: claims (XenstoreCore+Ageing).

extension XenstoreCore {
    /// Whether requests of a connection may be read now: it isn't held back, and is below its quotas. When it may not,
    /// `.resumeReading` follows; but where replies are too many, and `messageSent` has to come first: then ask again.
    public func mayRead(_ id: ConnectionID, now: UInt64) -> Bool {
        guard let connection = connection(id), connection.wait == nil else { return false }
        guard let guest = connection.guest else { return true }
        let outstanding = guest.quotas[.outstanding]
        let isFull = outstanding != 0 && connection.output.replyCount >= outstanding
        countOutstanding(isFull, connection, now: now)
        if isFull { return false }
        if !hasMemory(guest) {
            if !starved.contains(where: { $0 === connection }) {
                starved.append(connection)
                count(pause: .memory, connection)
                note(.memory, guest.memoryByteCount, guest, nil, now: now)
            }
            return false
        }
        let credit = guest.creditNow(now)
        if credit >= 0 { return true }
        if !resting.contains(where: { $0.connection === connection }) {
            count(pause: .credit, connection)
            resting.append((connection, now + UInt64((19 - credit) / 20)))
        }
        return false
    }

    /// What has gone and still counts is counted off in slices: it is read again then.
    private func hasMemory(_ guest: DomainRecord) -> Bool { guest.quotas.allows(.memory, guest.memoryByteCount) }

    /// Connections that were over their memory, and are no more, go on. What is left over is not all done for that,
    /// with each request of anybody: it comes in slices, each of which asks here again.
    func feedStarved() {
        starved.removeAll { connection in
            guard self.connection(connection.id) === connection else { return true }
            let domain = connection.domain
            if !domain.quotas.allows(.memory, domain.memoryByteCount) { return false }
            effects.append(.resumeReading(connection.id))
            return true
        }
    }

    /// Connections whose credit has grown to 0 again go on.
    func wakeResting(now: UInt64) {
        resting.removeAll { connection, time in
            guard self.connection(connection.id) === connection else { return true }
            if time > now { return false }
            effects.append(.resumeReading(connection.id))
            return true
        }
    }

    /// When `tick` has something to do, in milliseconds; 0: at once, when no request waits; nil: not before the next
    /// request or event.
    public func nextDeadline() -> UInt64? {
        if hasLeftovers { return 0 }
        var deadline = claims.first?.deadline
        for (_, time) in resting { deadline = min(deadline ?? time, time) }
        return deadline
    }

    /// Does what time brings: claims end, pauses end; and a part of what is left over.
    public func tick(now: UInt64, into effects: inout [Effect]) {
        reclaim(Self.sliceCount)
        endClaims(now: now)
        wakeResting(now: now)
        hand(over: &effects, now: now)
    }
}
