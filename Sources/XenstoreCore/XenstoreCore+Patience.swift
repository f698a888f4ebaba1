// A guest near its quotas waits until what was removed is counted off, in slices, so that nobody else does
// (xenstored.md 7.3, 17.1).
// Not for: the quotas themselves (XenstoreCore+Lookup), the slices (XenstoreCore+Leftovers).

internal import XenstoreWire

extension XenstoreCore {
    /// Whether nodes or bytes of any domain may be counted that have gone.
    private var hasUncounted: Bool { !detached.isEmpty || !falling.isEmpty || uncleanList != nil && check == nil }

    /// Holds a guest's request back that its quotas may refuse only as what has gone still counts; says whether.
    func awaitCounts(_ request: Request, _ frame: Frame) -> Bool {
        guard hasUncounted, let guest = request.connection.guest else { return false }
        if isWithinQuotas(frame, request.transaction, guest) { return false }
        request.connection.wait = .counts
        request.connection.held.insert(frame, at: 0)
        patient.append(request.connection)
        return true
    }

    /// Those who can go on do.
    func wakePatient() {
        let isCounted = !hasUncounted
        patient.removeAll { connection in
            guard case .counts = connection.wait, let guest = connection.guest, let frame = connection.held.first
            else { return true }
            let transaction = connection.transactions[frame.header.transactionID]
            guard isCounted || isWithinQuotas(frame, transaction, guest) else { return false }
            ready.append(connection)
            return true
        }
    }

    /// Whether a request is certainly not refused for `nodes` or `memory`: by more than it can need.
    private func isWithinQuotas(_ frame: Frame, _ transaction: Transaction?, _ guest: DomainRecord) -> Bool {
        var nodes = 0
        var bytes = 0
        switch frame.header.operation {
        case .write, .makeDirectory:
            // Each name of the path may be a node, with the permissions and the path of its parent and more.
            let path = frame.payload.prefix { $0 != 0 }
            nodes = 4 + path.count { $0 == StorePath.slash } + (transaction?.created.count ?? 0)
            let entries = max(16, guest.quotas[.nodePermissions])
            bytes = frame.payload.count + nodes * (64 + 8 * entries + path.count)
        case .watch: bytes = frame.payload.count + 32
        case .transactionStart: break
        case .transactionEnd:
            // Its requests run again.
            nodes = transaction?.created.count ?? 0
            bytes = transaction?.memoryByteCount ?? 0
        default: return true
        }
        return guest.quotas.allows(.nodes, guest.nodes.count + nodes)
            && guest.quotas.allows(.memory, guest.memoryByteCount + bytes)
    }
}
