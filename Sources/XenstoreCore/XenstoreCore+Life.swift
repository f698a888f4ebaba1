// How domains come and go, as the core sees it (xenstored.md 9.1, 9.2, 9.4, 9.5).
// Not for: mapping, ports, hypercalls.

internal import XenstoreWire

extension XenstoreCore {
    /// Takes in what the daemon has done or seen.
    public func event(_ event: CoreEvent, now: UInt64, into effects: inout [Effect]) {
        switch event {
        case .introduced(let domain, let succeeded): introduced(domain, succeeded, now: now)
        case .domainChanged(let domain, let state): changed(domain, state, now: now)
        case .batchEnd:
            if batchHasReleases { tellSpecial(.releaseDomain, nil) }
            batchHasReleases = false
        case .controlled(let id, let answer): controlled(id, answer, now: now)
        case .connectionClosed(let id): connection(id).map { close($0, now: now) }
        case .connectionReset(let id): connection(id).map { drop($0, now: now) }
        }
        hand(over: &effects, now: now)
    }

    /// Whether a domain exists, by what the core knows and what the hypervisor says. A domain of which nothing but its
    /// record was left goes by that.
    func exists(_ domain: UInt16, now: UInt64) -> Bool {
        if domain == storeDomain || domain == controlDomain { return true }
        let record = domains[domain]
        if let record, record.isIntroduced { return true }
        let uniqueID = lookUp(domain)
        if let record, uniqueID == nil || isOther(uniqueID ?? 0, record) { removeDomain(record, now: now) }
        return uniqueID != nil
    }

    /// The same for a request that names the domain. Dry runs (13) remove nothing.
    func exists(_ domain: UInt16, for request: Request) -> Bool {
        if request.connection.isPrivileged && !ignoresQuotas { releasePredecessor(of: domain, now: request.now) }
        return exists(domain, now: request.now)
    }

    func isOther(_ uniqueID: UInt64, _ record: DomainRecord) -> Bool {
        uniqueID != 0 && record.uniqueID != 0 && uniqueID != record.uniqueID
    }

    /// A ring was mapped, or could not be (xenstored.md 9.2).
    private func introduced(_ domain: UInt16, _ succeeded: Bool, now: UInt64) {
        guard let place = introductions.firstIndex(where: { $0.domain == domain }) else { return }
        let asker = introductions.remove(at: place).connection
        if succeeded {
            if let record = domains[domain], let id = record.connection, let connection = connection(id) {
                drop(connection, now: now)
            } else {
                begin(domain, now: now)
            }
        }
        guard case .introduction(_, let header) = asker.wait else { return }
        if succeeded { reply(header, Array("OK\0".utf8), asker) } else { refuse(header, .invalid, asker) }
        ready.append(asker)
    }

    func begin(_ domain: UInt16, now: UInt64) {
        _ = exists(domain, now: now)
        let record = record(domain)
        if record.uniqueID == 0 { record.uniqueID = lookUp(domain) ?? 0 }
        record.isIntroduced = true
        record.connection = makeConnection(record, isPrivileged: domain == controlDomain).id
        tellSpecial(.introduceDomain, domain)
    }

    /// The table of xenstored.md 9.5.
    private func changed(_ domain: UInt16, _ state: DomainState, now: UInt64) {
        guard let record = domains[domain], domain != storeDomain, domain != controlDomain else { return }
        guard let uniqueID = state.uniqueID, !isOther(uniqueID, record) else {
            return remove(record, now: now)
        }
        if record.uniqueID == 0 { record.uniqueID = uniqueID }
        switch state {
        case .exists, .dying, .absent: break
        case .dead: remove(record, now: now)
        case .shutDown:
            if record.hasReportedShutdown || !record.isIntroduced { return }
            record.hasReportedShutdown = true
            tellSpecial(.releaseDomain, domain, isBatch: true)
        }
    }

    private func remove(_ record: DomainRecord, now: UInt64) {
        let wasIntroduced = record.isIntroduced
        removeDomain(record, now: now)
        if wasIntroduced { tellSpecial(.releaseDomain, record.domain, isBatch: true) }
    }

    /// The removal of xenstored.md 9.4, without its last event.
    func removeDomain(_ record: DomainRecord, now: UInt64) {
        removalCount += 1
        if let id = record.connection, let connection = connection(id) {
            close(connection, now: now)
            record.connection = nil
        }
        removeNodes(of: record)
        domains[record.domain] = nil
        uncleanList = 0
        claimPauses[record.domain] = nil
        for node in [NodeID.introduceDomain, .releaseDomain] {
            guard var content = tree.current(node) else { continue }
            let permissions = content.permissions.without(isGone)
            if permissions == content.permissions { continue }
            content.permissions = permissions
            write(node, content, nil, by: nil)
        }
        if record.isIntroduced { effects.append(.unbind(domain: record.domain)) }
        record.isIntroduced = false
    }

    /// Nodes of a domain that goes: removed with what is below, topmost first; what can't be removed, or shall stay, is
    /// the control domain's from now on.
    private func removeNodes(of record: DomainRecord) {
        let noted = pathChanges
        pathChanges = []
        defer { pathChanges = noted }
        let heir = self.record(controlDomain)
        for (node, path) in topNodes(of: record) {
            // What is above may have gone just now.
            if isDetached(node) { continue }
            if keepsOrphans || node == .root || StorePath.isSpecial(path) {
                guard var content = tree.current(node) else { continue }
                content.permissions = content.permissions.owned(by: heir.domain, epoch: heir.epoch)
                write(node, content, nil, by: nil)
                continue
            }
            removes(node, path, nil)
            remove(node, nil, by: nil)
            tellWatches()
        }
    }

    /// Nodes of a domain in tree order, but for those that go with a parent which is its own too.
    private func topNodes(of record: DomainRecord) -> [(node: NodeID, path: [UInt8])] {
        var nodes: [(node: NodeID, path: [UInt8])] = []
        var next = record.nodes.first
        while next != noSlot {
            let node = NodeID(index: next)
            next = tree.slots[next].nextOwned
            let parent = tree.parent(node)
            if !keepsOrphans, parent != node, parent != .root,
                let above = tree.packed(parent, at: nil), owner(above) === record
            {
                continue
            }
            if !isDetached(node) { nodes.append((node, tree.path(node))) }
        }
        return nodes.sorted { StorePath.precedes($0.path, $1.path) }
    }

    /// Ends a connection: a socket's, or that of a domain that goes.
    private func close(_ connection: Connection, now: UInt64) {
        drop(connection, now: now)
        connections[connection.id.index] = nil
        freeConnections.append(connection.id.index)
    }

    /// Drops all that is under way on a connection (xenstored.md 8.4).
    private func drop(_ connection: Connection, now: UInt64) {
        reset(connection, now: now)
        connection.domain.memoryByteCount -= connection.output.replyByteCount
        for byteCount in connection.sending { connection.domain.memoryByteCount -= byteCount }
        connection.output = OutputQueue()
        connection.sending = []
        connection.held = []
        if case .claim(let path) = connection.wait {
            claimedPaths[path]?.waiters.removeAll { $0 === connection }
        }
        connection.wait = nil
    }

    /// Tells those who watch a special node of a domain (xenstored.md 4.4): in a batch those who watch a domain, and
    /// without a domain those who watch them all.
    func tellSpecial(_ node: NodeID, _ domain: UInt16?, isBatch: Bool = false) {
        if isBatch { batchHasReleases = true }
        let name = tree.name(node)
        var told: [(watch: Watch, path: [UInt8])] = []
        let single = domain.map { StorePath.child(name, Array("\($0)".utf8)) }
        if let place = trie.node(name) {
            for watch in trie.nodes[place].watches {
                switch watch.depth {
                case nil: if !isBatch { told.append((watch, name)) }
                case .some(0): break
                case .some: if let single { told.append((watch, single)) }
                }
            }
        }
        if let single, let place = trie.node(single) {
            told += trie.nodes[place].watches.map { ($0, single) }
        }
        guard let permissions = permissions(node, nil) else { return }
        for (watch, path) in told.sorted(by: { $0.watch.sequence < $1.watch.sequence }) {
            guard let connection = connection(watch.connection),
                rights(of: connection, on: permissions).read
            else { continue }
            send(watch, path)
        }
    }

    private func controlled(_ id: ConnectionID, _ answer: ControlAnswer, now: UInt64) {
        guard let connection = connection(id), case .control(let header) = connection.wait else { return }
        switch answer {
        case .reply(let payload): reply(header, payload, connection)
        case .refused(let code): refuse(header, code, connection)
        }
        ready.append(connection)
    }
}
