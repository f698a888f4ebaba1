// Xenstore's rules in their simplest form: a dictionary of paths, copied whole for each transaction. Slow, and written
// from xenstored.md 3 to 7 without a look at the core.
// Not for: coalescing, ageing, special nodes, memory.

struct NaiveEntry: Equatable {
    var letter: Character
    var domain: Int
    /// 0: the domain wasn't there when it was written.
    var epoch: Int
}

struct NaiveNode: Equatable {
    var value: String
    var entries: [NaiveEntry]
}

struct NaiveChange {
    var path: String
    var isSubtree: Bool
}

struct NaiveWatch {
    var client: Int
    var path: String
    var named: String
    var token: String
    var depth: Int?
}

struct NaiveRecord {
    var words: [String]
    var reply: String
    var existed: Bool?
}

struct NaiveTransaction {
    var nodes: [String: NaiveNode]
    var ownedAtStart: Int
    var records: [NaiveRecord] = []
    var paths: Set<String> = []
    var hasCreated = false
    var hasFailed = false
    var hasChanged = false
}

struct NaiveQuotas {
    var nodes = 1000
    var watches = 128
    var transactions = 10
    var transactionNodes = 1024
    var nodePermissions = 5
    var nodeSize = 2048
}

/// What a request has done besides its reply.
struct NaiveEffects {
    var changes: [NaiveChange] = []
    var existed: Bool?
    var hasCreated = false
}

enum NaiveError: Error { case code(String) }

/// The rules. Client 0 is privileged; others are guests with that domain's number.
struct NaiveStore {
    var nodes: [String: NaiveNode] = [:]
    var epochs: [Int: Int] = [0: 1]
    var lastEpoch = 1
    var targets: [Int: (domain: Int, epoch: Int)] = [:]
    var watches: [NaiveWatch] = []
    var transactions: [Int: [Int: NaiveTransaction]] = [:]
    var lastTransaction: [Int: Int] = [:]
    var quotas = NaiveQuotas()

    func parent(_ path: String) -> String {
        let cut = path.lastIndex(of: "/") ?? path.startIndex
        return cut == path.startIndex ? "/" : String(path[..<cut])
    }

    func isBelow(_ path: String, _ top: String) -> Bool { path != top && (top == "/" || path.hasPrefix(top + "/")) }

    func level(_ path: String) -> Int { path == "/" ? 0 : path.split(separator: "/").count }

    func canonical(_ path: String, _ client: Int) throws -> String {
        if path.isEmpty { throw NaiveError.code("EINVAL") }
        let whole = path.hasPrefix("/") ? path : "/local/domain/\(client)/" + path
        if whole.contains("//") || whole.count > 1 && whole.hasSuffix("/") { throw NaiveError.code("EINVAL") }
        return whole
    }

    func children(_ path: String, _ nodes: [String: NaiveNode]) -> [String] {
        nodes.keys.filter { $0 != "/" && parent($0) == path }.sorted()
    }

    // MARK: permissions

    func rights(_ client: Int, _ node: NaiveNode) -> (read: Bool, write: Bool, own: Bool) {
        if client == 0 { return (true, true, true) }
        var names = [(client, epochs[client] ?? -1)]
        if let target = targets[client], epochs[target.domain] == target.epoch {
            names.append((target.domain, target.epoch))
        }
        func letter(_ letter: Character) -> (Bool, Bool, Bool) {
            (letter == "r" || letter == "b", letter == "w" || letter == "b", false)
        }
        for (number, entry) in node.entries.enumerated() {
            let isNamed = names.contains { $0.0 == entry.domain && $0.1 == entry.epoch }
            if number == 0 && isNamed { return (true, true, true) }
            let isAll = entry.domain == 32757 && entry.epoch != 0
            if number > 0 && (isNamed || isAll) { return letter(entry.letter) }
        }
        return letter(node.entries[0].letter)
    }

    func isGone(_ entry: NaiveEntry) -> Bool {
        entry.epoch != 0 && entry.domain != 32757 && epochs[entry.domain] != entry.epoch
    }

    /// How many entries of a node count: those of dead domains do not.
    func entryCount(_ node: NaiveNode) -> Int { 1 + node.entries.dropFirst().count { !isGone($0) } }

    func lookup(_ path: String, _ need: String, _ client: Int, _ nodes: [String: NaiveNode]) throws -> NaiveNode {
        func may(_ node: NaiveNode, _ need: String) -> Bool {
            let rights = rights(client, node)
            switch need {
            case "read": return rights.read
            case "write": return rights.write
            case "both": return rights.write && rights.own
            default: return rights.write || rights.own
            }
        }
        if let node = nodes[path] {
            if may(node, need) { return node }
            throw NaiveError.code("EACCES")
        }
        var above = parent(path)
        while nodes[above] == nil { above = parent(above) }
        let isShown = nodes[above].map { may($0, need == "both" ? "either" : need) } ?? false
        throw NaiveError.code(isShown ? "ENOENT" : "EACCES")
    }

    // MARK: events

    func sees(_ client: Int, _ path: String, _ before: [String: NaiveNode], _ after: [String: NaiveNode]) -> Bool {
        if before[path] == nil && after[path] == nil { return false }
        let above = path == "/" ? nil : after[parent(path)] ?? before[parent(path)]
        return [before[path], after[path], above].contains { $0.map { rights(client, $0).read } ?? false }
    }

    /// Events of changes, by client.
    func events(
        _ changes: [NaiveChange], _ before: [String: NaiveNode], _ after: [String: NaiveNode]
    ) -> [Int: [String]] {
        var told: [Int: [String]] = [:]
        for change in changes {
            for watch in watches where sees(watch.client, change.path, before, after) {
                let levels = level(change.path) - level(watch.path)
                let isBelow = change.isSubtree && isBelow(change.path, watch.path) && levels <= watch.depth ?? .max
                if change.path != watch.path && !isBelow { continue }
                told[watch.client, default: []].append("! \(shown(change.path, watch))|\(watch.token)|")
            }
        }
        return told
    }

    private func shown(_ path: String, _ watch: NaiveWatch) -> String {
        watch.named.hasPrefix("/") ? path : String(path.dropFirst(watch.path.count - watch.named.count))
    }

    func postOrder(_ path: String, _ nodes: [String: NaiveNode]) -> [String] {
        children(path, nodes).flatMap { postOrder($0, nodes) + [$0] }
    }

    func owned(_ domain: Int, _ nodes: [String: NaiveNode]) -> Int {
        nodes.values.count { $0.entries[0].domain == domain }
    }
}
