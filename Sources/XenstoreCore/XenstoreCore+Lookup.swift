// From what a request names to a node that its connection may use (xenstored.md 1.4, 3, 6.3), and quotas that refuse.
// Not for: operations.

internal import XenstoreWire

extension XenstoreCore {
    /// Argument style *one*.
    func one(_ request: Request) throws(Refusal) -> Range<Int> {
        guard let text = XenstoreText.one(request.payload.span) else { throw Refusal(.invalid) }
        return text
    }

    /// The strings of a payload; refused unless there are as many as the operation takes.
    func strings(_ request: Request, _ counts: ClosedRange<Int>) throws(Refusal) -> [Range<Int>] {
        var found: [Range<Int>] = []
        XenstoreText.forEachString(in: request.payload.span) { found.append($0) }
        guard counts.contains(found.count) else { throw Refusal(.invalid) }
        return found
    }

    func number(_ request: Request, _ range: Range<Int>, max: UInt64) throws(Refusal) -> UInt64 {
        guard let number = XenstoreText.number(request.payload.span, range, max: max) else { throw Refusal(.invalid) }
        return number
    }

    func domain(_ request: Request, _ range: Range<Int>) throws(Refusal) -> UInt16 {
        UInt16(truncatingIfNeeded: try number(request, range, max: 65535))
    }

    /// The canonical form of the path that a request names. In a transaction it is one of those looked at.
    func path(_ request: Request, _ range: Range<Int>, allowsSpecial: Bool = false) throws(Refusal) -> [UInt8] {
        var path: [UInt8] = []
        let connection = request.connection
        do throws(XenstorePathError) {
            try XenstorePath.canonicalize(
                request.payload.span.extracting(range), home: connection.domain.domain,
                guestByteCountMax: connection.guest?.quotas[.pathMax], allowsSpecial: allowsSpecial, into: &path)
        } catch {
            if case .tooLong(let max) = error, let guest = connection.guest, max == guest.quotas[.pathMax],
                request.transaction?.isReplay != true
            {
                note(.pathMax, range.count, guest, request.header.operation, now: request.now)
            }
            throw Refusal(.invalid)
        }
        note(path: path, connection.guest)
        return path
    }

    /// Notes paths that a transaction looks at or changes (quota `transaction-nodes`).
    func touch(_ paths: [[UInt8]], _ request: Request) throws(Refusal) {
        guard let transaction = request.transaction else { return }
        let fresh = paths.filter { !transaction.pathSet.contains($0) }
        if fresh.isEmpty { return }
        try check(.transactionNodes, transaction.pathSet.count + fresh.count, request)
        for path in fresh {
            transaction.pathSet.insert(path)
            transaction.paths.append(path)
            charge(32 + path.count, transaction, request.connection.domain)
        }
        note(highest: .transactionNodes, transaction.pathSet.count, request.connection.guest)
    }

    /// A node that the connection may use as it needs; `ENOENT` or `EACCES` after the hiding rule.
    func lookup(_ path: [UInt8], _ need: Need, _ request: Request) throws(Refusal) -> NodeID {
        try lookup(find(path, request.transaction), need, request)
    }

    /// The same of where a path leads.
    func lookup(_ found: Found, _ need: Need, _ request: Request) throws(Refusal) -> NodeID {
        var code = XenstoreErrorCode.notFound
        if let node = found.node, let list = permissions(node, request.transaction) {
            if need.isMet(by: rights(of: request.connection, on: list)) { return node }
            code = .access
        }
        throw Refusal(hidden(code, found, need, request))
    }

    /// The hiding rule (xenstored.md 6.3).
    private func hidden(
        _ code: XenstoreErrorCode, _ found: Found, _ need: Need, _ request: Request
    ) -> XenstoreErrorCode {
        if request.connection.isPrivileged || code == .access { return code }
        guard let above = found.nearest, let list = permissions(above, request.transaction) else { return .access }
        let rights = rights(of: request.connection, on: list)
        return need.isToldTruth(by: rights) ? code : .access
    }

    /// Refuses a guest a count above a quota of its own.
    func check(_ quota: Quota, _ counted: @autoclosure () -> Int, _ request: Request) throws(Refusal) {
        if ignoresQuotas { return }
        guard let guest = request.connection.guest, !guest.quotas.allows(quota, counted()) else { return }
        // Whoever comes this far with something left to count is rare (XenstoreCore+Patience); quotas are exact.
        if quota == .nodes || quota == .memory { reclaim() }
        let count = counted()
        if guest.quotas.allows(quota, count) { return }
        note(quota, count, guest, request.header.operation, now: request.now)
        throw Refusal(.noSpace)
    }

    /// The log hears of the first hit, then of the number of hits once a minute (xenstored.md 7.3).
    /// `operation`: nil when it is reading that stops.
    func note(_ quota: Quota, _ count: Int, _ guest: DomainRecord, _ operation: XenstoreOperation?, now: UInt64) {
        self.count(hit: quota, guest)
        if var hits = guest.hits[quota], now < hits.logTime + 60_000 {
            hits.count += 1
            guest.hits[quota] = hits
            return
        }
        let more = (guest.hits[quota]?.count ?? 0) + 1
        guest.hits[quota] = QuotaHits(logTime: now, count: 0)
        let text =
            "domain \(guest.domain): quota \(quota.name) of \(guest.quotas[quota]) hit by "
            + "\(operation?.name ?? "reading"): \(count) (\(more) times)"
        effects.append(.log(.warning, text, domain: guest.domain))
    }

    /// The quota `soft-memory` refuses nothing: the log hears of it.
    func checkSoftMemory(_ connection: Connection, _ operation: XenstoreOperation, now: UInt64) {
        guard let guest = connection.guest, !guest.quotas.allows(.softMemory, guest.memoryByteCount) else { return }
        note(.softMemory, guest.memoryByteCount, guest, operation, now: now)
    }
}
