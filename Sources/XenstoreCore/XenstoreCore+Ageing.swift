// Progress of transactions that come into conflict, and what guests pay for breaking others' (xenstored.md 5.6, 5.7).
// Not for: the commit rule.

internal import XenstoreWire

extension XenstoreCore {
    /// A commit was refused: the chain goes on, or begins.
    func noteConflict(_ transaction: Transaction, _ connection: Connection, now: UInt64) {
        let paths = Array(transaction.paths.prefix(Claim.pathCountMax))
        if connection.chain == nil { lastChain += 1 }
        let age = connection.chain?.age ?? ChainAge(startTime: transaction.startTime, number: lastChain)
        connection.chain = Chain(age: age, paths: paths, idleTime: nil)
    }

    /// Without a transaction a chain lasts for a second; a guest's from when its debts let it be read again.
    func noteEnd(of connection: Connection, now: UInt64) {
        if !connection.transactions.isEmpty { return }
        let debt = connection.guest.map { max(0, -$0.creditNow(now)) } ?? 0
        connection.chain?.idleTime = now + UInt64(debt / 20)
    }

    private func chain(of connection: Connection, now: UInt64) -> Chain? {
        guard let chain = connection.chain else { return nil }
        if let idle = chain.idleTime, now >= idle + 1000 {
            connection.chain = nil
            return nil
        }
        return chain
    }

    /// A connection with a chain starts its next attempt.
    func startClaim(of connection: Connection, _ transaction: Transaction, now: UInt64) {
        guard let chain = chain(of: connection, now: now) else { return }
        connection.chain?.idleTime = nil
        if connection.claim != nil { return }
        if let guest = connection.guest, let pause = claimPauses[guest.domain] {
            if now < pause { return }
            claimPauses[guest.domain] = nil
        }
        let claim = Claim(
            connection: connection, transaction: transaction, age: chain.age, startTime: now,
            paths: chain.paths)
        for path in claim.paths { claimedPaths[path, default: ClaimedPath()].insert(claim) }
        connection.claim = claim
        claims.append(claim)
    }

    func endClaim(of connection: Connection, now: UInt64) {
        if let claim = connection.claim { end(claim, now: now) }
    }

    private func end(_ claim: Claim, now: UInt64) {
        claim.connection.claim = nil
        claims.removeAll { $0 === claim }
        if let guest = claim.connection.guest {
            claimPauses[guest.domain] = now + 10 * max(1, now - min(now, claim.startTime))
        }
        for path in claim.paths { handOver(path, from: claim, now: now) }
    }

    /// A path whose claim has ended goes to the oldest that stands: who has to wait for that one too goes on waiting.
    private func handOver(_ path: [UInt8], from claim: Claim, now: UInt64) {
        guard var claimed = claimedPaths[path] else { return }
        let had = claimed.remove(claim)
        guard had else {
            claimedPaths[path] = claimed
            return
        }
        let waiters = claimed.waiters
        claimed.waiters = []
        let next = claimed.claims.first
        for waiter in waiters {
            guard case .claim(let awaited) = waiter.wait, awaited == path else { continue }
            if let next, yields(waiter, to: next, now: now) {
                claimed.waiters.append(waiter)
            } else {
                ready.append(waiter)
            }
        }
        claimedPaths[path] = next == nil ? nil : claimed
        guard let next, next.takeOver(now: now) else { return }
        // Claims stand in the order of their ends.
        claims.removeAll { $0 === next }
        claims.append(next)
    }

    /// Whether a connection has to wait for a claim: another's, of an older chain.
    private func yields(_ connection: Connection, to claim: Claim, now: UInt64) -> Bool {
        if claim.connection === connection || connection.isPrivileged && !claim.connection.isPrivileged { return false }
        if let chain = chain(of: connection, now: now), chain.age < claim.age { return false }
        return true
    }

    /// Goes on with the requests of a connection that waited.
    func resume(_ connection: Connection, now: UInt64) {
        // It may have been closed meanwhile.
        guard self.connection(connection.id) === connection else { return }
        connection.wait = nil
        var frames = connection.held
        connection.held = []
        if let first = frames.first, let transaction = connection.transactions[first.header.transactionID] {
            renew(transaction)
        }
        while !frames.isEmpty, connection.wait == nil { run(frames.removeFirst(), connection, now: now) }
        connection.held = frames + connection.held
        if connection.wait == nil { effects.append(.resumeReading(connection.id)) }
    }

    /// A transaction that waited, or has a claim, before it saw anything sees the store as it is when it goes on: with
    /// the view of its start it would break at what has come since. Nobody can tell.
    func renew(_ transaction: Transaction) {
        guard transaction.records.isEmpty, transaction.pathSet.isEmpty, transaction.changes.isEmpty,
            !transaction.hasFailed, !transaction.isDoomed
        else { return }
        tree.endSnapshot(transaction.moment)
        transaction.moment = tree.takeSnapshot()
        transaction.lifeCount = lifeCount
    }

    /// Holds a request back that touches a claimed path for the first time; says whether.
    func holdBack(_ request: Request, _ frame: Frame) -> Bool {
        if claims.isEmpty || !request.header.operation.worksOnView { return false }
        guard let transaction = request.transaction else { return false }
        let connection = request.connection
        guard let text = XenstoreText.string(in: request.payload.span, from: 0),
            let path = try? path(request, text, allowsSpecial: true), !transaction.pathSet.contains(path),
            let claim = claimedPaths[path]?.claims.first, request.now < claim.deadline,
            yields(connection, to: claim, now: request.now)
        else { return false }
        connection.wait = .claim(on: path)
        count(pause: .claim, connection)
        connection.held.insert(frame, at: 0)
        claimedPaths[path]?.waiters.append(connection)
        return true
    }

    func endClaims(now: UInt64) {
        while let claim = claims.first, claim.deadline <= now { end(claim, now: now) }
    }

    /// Guests that changed what a transaction looked at, after its start, pay for it (xenstored.md 5.7).
    func payForConflict(_ transaction: Transaction, _ request: Request) {
        var payers: Set<UInt16> = []
        for path in transaction.paths {
            if let domain = changer(of: path, since: transaction.moment) { payers.insert(domain) }
        }
        for domain in payers { domains[domain]?.pay(thousandths: 1000, request.now) }
    }

    /// Which guest changed a path last, if it is not as it was at a moment; of an absent path, who changed what is
    /// above it now.
    private func changer(of path: [UInt8], since moment: UInt64) -> UInt16? {
        guard let node = find(path, nil).nearest, let now = tree.current(node) else { return nil }
        if let before = tree.content(node, at: moment), before.says(as: now) { return nil }
        return now.changedBy
    }
}
