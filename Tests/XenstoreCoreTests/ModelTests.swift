// Random requests against the core and a naive store: the same replies, the same events in the same order, the same
// nodes and counts.

import Testing
import XenstoreCore
import XenstoreWire

/// Numbers that are the same in each run.
struct Chance {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    mutating func pick<T>(_ all: [T]) -> T { all[below(all.count)] }
}

/// The two side by side.
private struct Pair {
    let transcript = Transcript()
    var naive = NaiveStore()
    var chance: Chance
    var history: [String] = []

    init(seed: UInt64) throws {
        chance = Chance(state: seed)
        transcript.machine.domains = [:]
        for path in ["/", "/tool", "/tool/xenstored"] {
            naive.nodes[path] = NaiveNode(value: "", entries: [NaiveEntry(letter: "n", domain: 0, epoch: 1)])
        }
        naive.quotas = NaiveQuotas(
            nodes: 12, watches: 3, transactions: 2, transactionNodes: 6, nodePermissions: 3, nodeSize: 60)
        for line in [
            "nodes|12", "watches|3", "transactions|2", "transaction-nodes|6", "node-permissions|3",
            "node-size|60",
        ] { transcript.send("setup", 0, "SET_QUOTA \(line)|") }
        for domain in 1...3 { live(domain) }
        try step(0, 0, ["SET_PERMS", "/", "b0"])
        target()
    }

    mutating func live(_ domain: Int) {
        transcript.machine.domains[UInt16(domain)] = UInt64(naive.lastEpoch + 100)
        transcript.send("setup", 0, "INTRODUCE \(domain)|1|1|")
        naive.live(domain)
    }

    mutating func target() {
        transcript.send("setup", 0, "SET_TARGET 3|1|")
        naive.targets[3] = naive.epochs[1].map { (1, $0) }
    }

    /// A request of both; the reply of both.
    @discardableResult
    mutating func step(_ client: Int, _ transaction: Int, _ words: [String]) throws -> String {
        let name = client == 0 ? "S" : "D\(client)"
        let payload: String
        switch words[0] {
        case "WRITE": payload = words[1] + "|" + words[2]
        default: payload = words.dropFirst().map { $0 + "|" }.joined()
        }
        history.append("\(name):\(transaction)> \(words.joined(separator: " "))")
        transcript.send(name, UInt32(transaction), "\(words[0]) \(payload)")
        let (reply, told) = naive.handle(client, transaction, words)
        try compare(told, reply: (client, reply), watched: words[0] == "WATCH" && reply == "OK|" ? words : nil)
        return reply
    }

    private func compare(_ told: [Int: [String]], reply: (client: Int, text: String)?, watched: [String]?) throws {
        for other in 0...3 where naive.epochs[other] != nil {
            var expected = told[other] ?? []
            if let reply, reply.client == other { expected.append("< " + reply.text) }
            if let watched, reply?.client == other { expected.append("! \(watched[1])|\(watched[2])|") }
            let found = transcript.drain(other == 0 ? "S" : "D\(other)")
            if found != expected {
                throw TranscriptError(
                    description: "client \(other): \(found), should be \(expected), after\n"
                        + history.suffix(40).joined(separator: "\n"))
            }
        }
    }

    mutating func die(_ domain: Int) throws {
        history.append("Xen dead \(domain)")
        try transcript.run(line: "Xen dead \(domain)")
        let told = naive.die(domain)
        try compare(told, reply: nil, watched: nil)
    }

    mutating func path(_ client: Int) -> String {
        let names = ["a", "b", "c"]
        var path = ""
        for _ in 0...chance.below(3) { path += "/" + chance.pick(names) }
        switch chance.below(20) {
        case 0: return "/"
        case 1: return "x//y"
        case 2 where client != 0: return "data" + path
        default: return path
        }
    }

    mutating func request(_ client: Int) -> [String] {
        let path = path(client)
        switch chance.below(26) {
        case 0...4: return ["READ", path]
        case 5...10: return ["WRITE", path, chance.pick(["", "v", "w", String(repeating: "l", count: 40)])]
        case 11, 12: return ["MKDIR", path]
        case 13, 14: return ["RM", path]
        case 15, 16: return ["DIRECTORY", path]
        case 17: return ["GET_PERMS", path]
        case 18, 19:
            let owner = chance.below(3) > 0 ? client : chance.below(5)
            var entries = [chance.pick(["n", "r", "w", "b"]) + "\(owner)"]
            for _ in 0..<chance.below(4) {
                entries.append(chance.pick(["n", "r", "w", "b"]) + "\(chance.pick([0, 1, 2, 3, 9, 32757]))")
            }
            return ["SET_PERMS", path] + entries
        case 20:
            let watch = ["WATCH", path, chance.pick(["s", "t"])]
            return chance.below(3) == 0 ? watch + ["\(chance.below(3))"] : watch
        case 21: return ["UNWATCH", path, chance.pick(["s", "t"])]
        case 22: return ["TRANSACTION_START"]
        case 23, 24: return ["TRANSACTION_END", chance.below(5) == 0 ? "F" : "T"]
        default: return chance.below(20) == 0 ? ["RESET_WATCHES"] : ["READ", path]
        }
    }
}

@Suite("Model")
struct ModelTests {
    /// So many random steps; how transactions ended, and what the daemon had to do.
    private func run(seed: UInt64, steps: Int) throws -> (ends: [String: Int], effects: [Effect]) {
        var pair = try Pair(seed: seed)
        var ends: [String: Int] = [:]
        for step in 0..<steps {
            let client = pair.chance.below(4)
            let open = pair.naive.transactions[client]?.keys.sorted() ?? []
            let inside = !open.isEmpty && pair.chance.below(4) > 0 ? pair.chance.pick(open) : 0
            let words = pair.request(client)
            let hasChanges = pair.naive.transactions[client]?[inside]?.hasChanged ?? false
            let reply = try pair.step(client, inside, words)
            if words == ["TRANSACTION_END", "T"] && hasChanges { ends[reply, default: 0] += 1 }
            pair.transcript.tick(25)
            if pair.chance.below(500) == 0 {
                let domain = 1 + pair.chance.below(3)
                try pair.die(domain)
                pair.live(domain)
                if domain != 2 { pair.target() }
            }
            if pair.history.count > 200 { pair.history.removeFirst(100) }
            if step % 50 == 0 { try agree(pair) }
        }
        return (ends, pair.transcript.effects)
    }

    private func agree(_ pair: Pair) throws {
        let core = pair.transcript.core
        for domain in 0...3 {
            let special = domain == 0 ? 2 : 0
            #expect(core.nodeCount(of: UInt16(domain)) == pair.naive.owned(domain, pair.naive.nodes) + special)
        }
        #expect(core.counts.nodes == pair.naive.nodes.count + 2)
        #expect(core.counts.watches == pair.naive.watches.count)
        var bytes = 0
        for (path, node) in pair.naive.nodes where node.entries[0].domain == 1 {
            bytes += 16 + 8 * pair.naive.entryCount(node) + node.value.utf8.count + path.utf8.count
        }
        for watch in pair.naive.watches where watch.client == 1 { bytes += watch.path.utf8.count + 1 }
        if pair.naive.transactions[1]?.isEmpty ?? true { #expect(core.memoryByteCount(of: 1) == bytes) }
        if pair.naive.transactions.values.allSatisfy(\.isEmpty) { #expect(core.counts.otherSlots == 0) }
    }

    @Test("the core and a naive store agree on every reply, event and count of random requests", arguments: 1...10)
    func random(seed: UInt64) throws {
        let ends = try run(seed: seed, steps: 10_000).ends
        // What a run of such a length has to meet, or it shows nothing.
        #expect(
            ends["OK|", default: 0] > 10 && ends["EAGAIN", default: 0] > 10 && ends["ENOMEM", default: 0] > 5, "\(ends)"
        )
    }

    @Test("the same requests have the same effects, and change generations in the same way")
    func deterministic() throws {
        let one = try run(seed: 11, steps: 2000).effects
        #expect(try run(seed: 11, steps: 2000).effects == one && one.count > 2000)
        func generations() throws -> [String] {
            let transcript = try verify("S> TRANSACTION_START |\nS< 1|")
            for number in 0..<20 { try verify("S:1> WRITE /drop/\(number)/x|\nS< OK|", transcript) }
            try verify("S:1> TRANSACTION_END T|\nS< OK|", transcript)
            for number in 0..<20 { transcript.send("S", 0, "DIRECTORY_PART /drop/\(number)|0|") }
            return transcript.drain("S")
        }
        let first = try generations()
        for _ in 0..<5 { #expect(try generations() == first) }
    }
}
