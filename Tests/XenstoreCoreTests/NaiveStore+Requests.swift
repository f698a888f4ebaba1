// The naive store's requests: words in, reply and events out.
// Not for: the rules that they share (NaiveStore).

extension NaiveStore {
    /// A request of the form `WRITE path value`; replies as transcripts have them; events by client, before the reply.
    mutating func handle(_ client: Int, _ transaction: Int, _ words: [String]) -> (String, [Int: [String]]) {
        do {
            switch words[0] {
            case "WATCH", "UNWATCH": return (try watching(client, words), [:])
            case "RESET_WATCHES":
                if transaction != 0, transactions[client]?[transaction] == nil { return ("ENOENT", [:]) }
                watches.removeAll { $0.client == client }
                transactions[client] = nil
                return ("OK|", [:])
            case "TRANSACTION_START": return (try start(client, transaction), [:])
            case "TRANSACTION_END": return try end(client, transaction, words[1])
            default: break
            }
            if transaction != 0 { return (try inside(client, transaction, words), [:]) }
            let before = nodes
            var effects = NaiveEffects()
            var none: Set<String>?
            let reply = try perform(client, words, &nodes, owned(client, nodes), &none, &effects)
            return (reply, events(effects.changes, before, nodes))
        } catch NaiveError.code(let code) {
            return (code, [:])
        } catch {
            return ("?", [:])
        }
    }

    private mutating func watching(_ client: Int, _ words: [String]) throws -> String {
        let path = try canonical(words[1], client)
        let place = watches.firstIndex { $0.client == client && $0.path == path && $0.token == words[2] }
        if words[0] == "UNWATCH" {
            guard let place else { throw NaiveError.code("ENOENT") }
            watches.remove(at: place)
            return "OK|"
        }
        if place != nil { throw NaiveError.code("EEXIST") }
        if client != 0, watches.count(where: { $0.client == client }) >= quotas.watches {
            throw NaiveError.code("ENOSPC")
        }
        watches.append(
            NaiveWatch(
                client: client, path: path, named: words[1], token: words[2],
                depth: words.count > 3 ? Int(words[3]) : nil))
        return "OK|"
    }

    private mutating func start(_ client: Int, _ transaction: Int) throws -> String {
        if transaction != 0 {
            throw NaiveError.code(transactions[client]?[transaction] == nil ? "ENOENT" : "EBUSY")
        }
        if client != 0, transactions[client]?.count ?? 0 >= quotas.transactions { throw NaiveError.code("ENOSPC") }
        let id = (lastTransaction[client] ?? 0) + 1
        lastTransaction[client] = id
        transactions[client, default: [:]][id] = NaiveTransaction(nodes: nodes, ownedAtStart: owned(client, nodes))
        return "\(id)|"
    }

    private mutating func inside(_ client: Int, _ id: Int, _ words: [String]) throws -> String {
        guard var transaction = transactions[client]?[id] else { throw NaiveError.code("ENOENT") }
        let base = owned(client, nodes) - transaction.ownedAtStart
        let (reply, effects) = attempt(client, words, &transaction, base)
        transaction.records.append(NaiveRecord(words: words, reply: reply, existed: effects.existed))
        transactions[client]?[id] = transaction
        return reply
    }

    private func attempt(
        _ client: Int, _ words: [String], _ transaction: inout NaiveTransaction, _ base: Int
    ) -> (String, NaiveEffects) {
        var effects = NaiveEffects()
        var copy = transaction.nodes
        var paths: Set<String>? = transaction.paths
        let counted = base + owned(client, copy)
        do {
            let reply = try perform(client, words, &copy, counted, &paths, &effects)
            transaction.nodes = copy
            transaction.paths = paths ?? []
            if effects.hasCreated && client != 0 { transaction.hasCreated = true }
            if !effects.changes.isEmpty { transaction.hasChanged = true }
            return (reply, effects)
        } catch NaiveError.code(let code) {
            transaction.paths = paths ?? []
            if code == "ENOSPC" { transaction.hasFailed = true }
            return (code, effects)
        } catch {
            return ("?", effects)
        }
    }

    private mutating func end(_ client: Int, _ id: Int, _ how: String) throws -> (String, [Int: [String]]) {
        guard let transaction = transactions[client]?[id] else { throw NaiveError.code("ENOENT") }
        transactions[client]?[id] = nil
        if how == "F" { return ("OK|", [:]) }
        if transaction.hasFailed { throw NaiveError.code("ENOMEM") }
        let now = owned(client, nodes)
        let net = owned(client, transaction.nodes) - transaction.ownedAtStart
        if transaction.hasCreated, now + net > quotas.nodes { throw NaiveError.code("ENOSPC") }
        if !transaction.hasChanged { return ("OK|", [:]) }
        var again = NaiveTransaction(nodes: nodes, ownedAtStart: now)
        var changes: [NaiveChange] = []
        for record in transaction.records {
            let (reply, effects) = attempt(client, record.words, &again, 0)
            if reply != record.reply || effects.existed != record.existed { throw NaiveError.code("EAGAIN") }
            for change in effects.changes {
                if let place = changes.firstIndex(where: { $0.path == change.path }) {
                    if change.isSubtree { changes[place].isSubtree = true }
                } else {
                    changes.append(change)
                }
            }
        }
        let before = nodes
        nodes = again.nodes
        return ("OK|", events(changes, before, nodes))
    }

    /// One request on some nodes, of which `counted` are the client's; `paths` are those of a transaction.
    private func perform(
        _ client: Int, _ words: [String], _ nodes: inout [String: NaiveNode], _ counted: Int,
        _ paths: inout Set<String>?, _ effects: inout NaiveEffects
    ) throws -> String {
        if words[0] == "SET_PERMS", client != 0, words.count - 2 > quotas.nodePermissions {
            throw NaiveError.code("ENOSPC")
        }
        if words[0] == "SET_PERMS", epochs[Int(words[2].dropFirst()) ?? -1] == nil { throw NaiveError.code("ENOENT") }
        let path = try canonical(words[1], client)
        try touch([path], &paths, client)
        switch words[0] {
        case "READ": return try lookup(path, "read", client, nodes).value
        case "DIRECTORY":
            _ = try lookup(path, "read", client, nodes)
            return children(path, nodes).map { $0.split(separator: "/").last.map { $0 + "|" } ?? "" }.joined()
        case "GET_PERMS":
            let entries = try lookup(path, "read", client, nodes).entries
            return entries.enumerated().filter { $0.0 == 0 || !isGone($0.1) }
                .map { "\($0.1.letter)\($0.1.domain)|" }.joined()
        case "SET_PERMS": try setPermissions(client, path, Array(words[2...]), &nodes)
        case "RM": return try remove(client, path, &nodes, &effects)
        default:
            let isChanged = try write(client, path, words, &nodes, counted, &paths, &effects)
            if !isChanged { return "OK|" }
        }
        effects.changes.append(NaiveChange(path: path, isSubtree: true))
        return "OK|"
    }

    private func touch(_ more: [String], _ paths: inout Set<String>?, _ client: Int) throws {
        guard let now = paths else { return }
        let all = now.union(more)
        if client != 0, all.count > quotas.transactionNodes, all.count > now.count { throw NaiveError.code("ENOSPC") }
        paths = all
    }

    private func remove(
        _ client: Int, _ path: String, _ nodes: inout [String: NaiveNode], _ effects: inout NaiveEffects
    ) throws -> String {
        do {
            _ = try lookup(path, "write", client, nodes)
        } catch NaiveError.code("ENOENT") {
            effects.existed = false
            if nodes[parent(path)] == nil { throw NaiveError.code("ENOENT") }
            return "OK|"
        }
        effects.existed = true
        if path == "/" { throw NaiveError.code("EINVAL") }
        for other in postOrder(path, nodes) {
            effects.changes.append(NaiveChange(path: other, isSubtree: false))
            nodes[other] = nil
        }
        effects.changes.append(NaiveChange(path: path, isSubtree: true))
        nodes[path] = nil
        return "OK|"
    }

    private func setPermissions(
        _ client: Int, _ path: String, _ texts: [String], _ nodes: inout [String: NaiveNode]
    ) throws {
        let entries = texts.map { text -> NaiveEntry in
            let domain = Int(text.dropFirst()) ?? -1
            return NaiveEntry(
                letter: text.first ?? "n", domain: domain, epoch: domain == 32757 ? 1 : epochs[domain] ?? 0)
        }
        var node = try lookup(path, "both", client, nodes)
        if client != 0, entries[0].domain != node.entries[0].domain { throw NaiveError.code("EPERM") }
        if client != 0, 16 + 8 * entries.count + node.value.utf8.count > quotas.nodeSize {
            throw NaiveError.code("ENOSPC")
        }
        node.entries = entries
        nodes[path] = node
    }

    /// WRITE and MKDIR; says whether anything was changed.
    private func write(
        _ client: Int, _ path: String, _ words: [String], _ nodes: inout [String: NaiveNode], _ counted: Int,
        _ paths: inout Set<String>?, _ effects: inout NaiveEffects
    ) throws -> Bool {
        let value = words.count > 2 ? words[2] : ""
        do {
            var node = try lookup(path, "write", client, nodes)
            effects.existed = true
            if words[0] == "MKDIR" { return false }
            if client != 0, 16 + 8 * entryCount(node) + value.utf8.count > quotas.nodeSize {
                throw NaiveError.code("ENOSPC")
            }
            node.value = value
            nodes[path] = node
            return true
        } catch NaiveError.code("ENOENT") {
            effects.existed = false
        }
        var missing = [path]
        while nodes[parent(missing[0])] == nil { missing.insert(parent(missing[0]), at: 0) }
        var entries = (nodes[parent(missing[0])]?.entries ?? []).enumerated()
            .filter { $0.0 == 0 || !isGone($0.1) }.map(\.1)
        if client != 0 {
            entries[0].domain = client
            entries[0].epoch = epochs[client] ?? 0
            if 16 + 8 * entries.count + value.utf8.count > quotas.nodeSize { throw NaiveError.code("ENOSPC") }
            if counted + missing.count > quotas.nodes { throw NaiveError.code("ENOSPC") }
        }
        try touch(missing, &paths, client)
        for new in missing { nodes[new] = NaiveNode(value: new == path ? value : "", entries: entries) }
        effects.hasCreated = true
        return true
    }

    /// A domain dies: its nodes go, each with what is below.
    mutating func die(_ domain: Int) -> [Int: [String]] {
        watches.removeAll { $0.client == domain }
        transactions[domain] = nil
        lastTransaction[domain] = nil
        targets[domain] = nil
        var told: [Int: [String]] = [:]
        let all = nodes.filter { $0.value.entries[0].domain == domain }.keys
            .sorted { $0.split(separator: "/").lexicographicallyPrecedes($1.split(separator: "/")) { $0 < $1 } }
        for path in all where nodes[path] != nil {
            if path == "/" {
                let letter = nodes[path]?.entries[0].letter ?? "n"
                nodes[path]?.entries[0] = NaiveEntry(letter: letter, domain: 0, epoch: 1)
                continue
            }
            let before = nodes
            var effects = NaiveEffects()
            _ = try? remove(0, path, &nodes, &effects)
            told.merge(events(effects.changes, before, nodes)) { $0 + $1 }
        }
        epochs[domain] = nil
        return told
    }

    mutating func live(_ domain: Int) {
        lastEpoch += 1
        epochs[domain] = lastEpoch
    }
}
