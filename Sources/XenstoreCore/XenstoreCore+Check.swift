// The walk of a check (xenstored.md 12): nodes, lists of children, then domains. Between two slices requests are
// served; `noteForCheck` follows what they change.
// Not for: the daemon's 2 ms (ControlCommands+Check), what is counted (StoreCheck).

extension XenstoreCore {
    /// Begins a check, from the start if one is under way. With `repairs` wrong counts are set to those counted.
    public func beginCheck(repairs: Bool) { check = StoreCheck(repairs: repairs) }

    /// Whether a check is under way.
    public var isChecking: Bool { check != nil }

    /// Looks at so many nodes or domains, and says what was found when that was the last slice; nil: call again. Nil
    /// also when no check is under way.
    public func continueCheck(_ count: Int) -> CheckReport? {
        if check == nil { return nil }
        // What was removed, and isn't counted off yet, hangs below nothing: that is not wrong.
        if hasLeftovers {
            reclaim(max(count, 64))
            if hasLeftovers { return nil }
        }
        for _ in 0..<count {
            switch check?.phase {
            case .nodes: checkNode()
            case .lists: checkList()
            case .domains: if let report = checkDomain() { return report }
            case nil: return nil
            }
        }
        return nil
    }

    /// A node's version is about to be replaced by another one.
    func noteForCheck(_ node: NodeID, _ new: NodeContent?) {
        guard check != nil, check?.hasCounted(node) == true else { return }
        let old = tree.current(node)
        if let old { countForCheck(node, old, -1) }
        if let new { countForCheck(node, new, 1) }
        if (old == nil) != (new == nil) { countChild(node, comes: new != nil) }
    }

    /// The value of a node is about to become so much longer.
    func noteForCheck(_ node: NodeID, growth: Int) {
        guard check?.hasCounted(node) == true, let list = permissions(node, nil) else { return }
        check?.grow(list.owner.domain, byteCount: growth)
    }

    private func countForCheck(_ node: NodeID, _ content: NodeContent, _ sign: Int) {
        let byteCount = content.sizeByteCount + tree.pathByteCount(node)
        check?.count(content.permissions.owner.domain, byteCount: byteCount, sign)
    }

    private func countChild(_ node: NodeID, comes: Bool) {
        let parent = tree.parent(node)
        if parent == node { return }
        check?.count(childOf: parent, nameByteCount: tree.nameByteCount(node), comes: comes)
    }

    private func text(_ node: NodeID) -> String { String(decoding: tree.path(node), as: UTF8.self) }

    private func checkNode() {
        guard let cursor = check?.cursor else { return }
        if cursor >= tree.placeCount {
            check?.cursor = 0
            check?.phase = .lists
            return
        }
        check?.cursor += 1
        let node = NodeID(index: UInt32(cursor))
        guard tree.hasPlace(node), let content = tree.current(node) else { return }
        countForCheck(node, content, 1)
        countChild(node, comes: true)
        let parent = tree.parent(node)
        if parent != node {
            let name = tree.name(node)
            let found = tree.child(of: parent, name.span, 0..<name.count)
            if found != node { check?.differs("\(text(node)): the list of children above it has it not") }
        }
        checkOwner(node, content)
        for entry in content.permissions.entries.dropFirst() where isGone(entry) { check?.goneEntryCount += 1 }
    }

    private func checkOwner(_ node: NodeID, _ content: NodeContent) {
        let owner = content.permissions.owner
        guard let record = domains[owner.domain], record.epoch == owner.epoch else {
            check?.differs("\(text(node)): its owner, domain \(owner.domain), has gone")
            return
        }
        if tree.isLinked(node, record.nodes) { return }
        check?.differs("\(text(node)): domain \(owner.domain) doesn't count it")
        if check?.repairs == true { tree.own(node, &record.nodes) }
    }

    private func checkList() {
        guard let cursor = check?.cursor else { return }
        if cursor >= tree.placeCount {
            check?.cursor = 0
            check?.domains = knownDomains
            check?.phase = .domains
            return
        }
        check?.cursor += 1
        let node = NodeID(index: UInt32(cursor))
        guard tree.hasPlace(node), let content = tree.current(node), let found = check?.found(below: node) else {
            return
        }
        let listed = (content.children.count, content.children.byteCount)
        if listed == found { return }
        check?.differs(
            "\(text(node)): lists \(listed.0) children of \(listed.1) bytes, has \(found.count) of \(found.byteCount)")
    }

    private func checkDomain() -> CheckReport? {
        guard let check else { return nil }
        if check.cursor < check.domains.count {
            self.check?.cursor += 1
            if let record = domains[check.domains[check.cursor]] { compare(record) }
            return nil
        }
        compareTotals()
        defer { self.check = nil }
        return CheckReport(
            nodeCount: tree.count, domainCount: check.domains.count, goneEntryCount: check.goneEntryCount,
            differences: self.check?.differences ?? [], differenceCount: self.check?.differenceCount ?? 0)
    }

    private func compareTotals() {
        guard let check else { return }
        for (domain, owned) in check.owned where owned.nodeCount != 0 && domains[domain] == nil {
            self.check?.differs("domain \(domain): isn't known, and owns \(owned.nodeCount) nodes")
        }
        let watchCount = domains.values.reduce(0) { $0 + $1.watchCount }
        if watchCount != trie.count {
            self.check?.differs("watches: \(trie.count) in the tree of paths, \(watchCount) of all domains")
        }
    }

    /// Compares one domain's counts with what it has.
    private func compare(_ record: DomainRecord) {
        let owned = check?.owned[record.domain] ?? StoreCheck.Owned()
        compare(record, "nodes", record.nodes.count, owned.nodeCount) {
            record.nodes.count = owned.nodeCount
        }
        guard let held = held(by: record) else { return }
        compare(record, "watches", record.watchCount, held.watches) { record.watchCount = held.watches }
        compare(record, "transactions", record.transactionCount, held.transactions) {
            record.transactionCount = held.transactions
        }
        let byteCount = owned.byteCount + held.byteCount
        compare(record, "bytes", record.memoryByteCount, byteCount) { record.memoryByteCount = byteCount }
    }

    private func compare(_ record: DomainRecord, _ what: String, _ counted: Int, _ found: Int, _ repair: () -> Void) {
        if counted == found { return }
        let repairs = check?.repairs == true
        check?.differs(
            "domain \(record.domain): \(what) counted \(counted), found \(found)" + (repairs ? ", set to that" : ""))
        if repairs { repair() }
    }

    /// Watches, transactions and bytes of a domain's connections. A guest has one connection, and few of each; the
    /// sockets' domain may have more than can be looked at in one go: nil then.
    private func held(by record: DomainRecord) -> (watches: Int, transactions: Int, byteCount: Int)? {
        let isGuest = record.domain != storeDomain && record.domain != controlDomain
        if !isGuest, record.watchCount + connections.count > 16_384 { return nil }
        let own = record.connection.flatMap { connection($0) }
        let list = isGuest ? [own] : connections.filter { $0?.domain === record }
        var held = (watches: 0, transactions: 0, byteCount: 0)
        for case let connection? in list {
            held.watches += connection.watches.count
            held.transactions += connection.transactions.count
            held.byteCount += connection.output.replyByteCount
            for watch in connection.watches.values { held.byteCount += watch.memoryByteCount }
            for transaction in connection.transactions.values { held.byteCount += transaction.memoryByteCount }
            for byteCount in connection.sending { held.byteCount += byteCount }
        }
        return held
    }
}
